"""How long densities and hot spots take on a grid, beside esda and scikit-learn in the same run.

Run ``python benchmarks/hotspots_grid.py`` with the packages of the ``dev`` extra. Incidents are random: places of
one in three repeat those of others, as block centroids do. esda is timed the way that its documentation shows
(weights as ``W``), as ``Graph``, and with weights that need no more work; with numba where that is installed.
Weights are made beforehand on both sides; ours adds the false discovery control that esda leaves to others. Peers
that would take minutes are timed on a part of the cells and scaled up, which the table says.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import esda
import libpysal
import numpy as np
import numpy.typing as npt
from libpysal.graph import Graph
from sklearn.neighbors import KernelDensity

from hotspots.density.kernels import Kernel
from hotspots.density.surface import estimate_density
from hotspots.emerging.hot_spots import find_emerging
from hotspots.local.gi_star import gi_star
from hotspots.local.moran import local_moran
from hotspots.local.weights import cells_within, touching_cells
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]

SIDE, PERMUTATIONS = 200, 999
POINTS, KDE_SIDE, BANDWIDTH_M = 300_000, 256, 300.0
CUBE = (60, 128, 128)
PART_OF_CELLS = 512


@dataclass(frozen=True)
class Line:
    """A line of the table: ours, a peer's, and the factor that is wanted (or seconds, where nobody else does it)."""

    job: str
    ours_s: float
    peer: str
    peer_s: float
    wanted: str


def best_of(job: Callable[[], object], *, times: int) -> float:
    """Shortest of several runs, seconds, as the machine has other work."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        job()
        spent.append(time.perf_counter() - started)
    return min(spent)


def time_gi_star(rng: np.random.Generator) -> list[Line]:
    """Closed form and permutations on a square of cells with queen neighbors."""
    counts = rng.poisson(1.0, (SIDE, SIDE)).astype(float)
    queen = touching_cells(np.ones((SIDE, SIDE), dtype=bool))
    closed = best_of(lambda: gi_star(counts, queen), times=20)
    permuted = best_of(lambda: gi_star(counts, queen, permutations=PERMUTATIONS, rng=rng), times=5)
    flat, weights = counts.ravel(), libpysal.weights.lat2W(SIDE, SIDE, rook=False)
    graph = Graph.from_W(weights)
    ready = graph.assign_self_weight(1)

    def theirs(links: object, permutations: int) -> Callable[[], object]:
        return lambda: esda.G_Local(
            flat, links, transform="B", permutations=permutations, star=True, n_jobs=1, keep_simulations=False
        )

    theirs(ready, 1)()  # numba compiles on the first call
    job, draws = f"Gi* closed form, {SIDE} x {SIDE}", f"Gi* {PERMUTATIONS} permutations, {SIDE} x {SIDE}"
    return [
        Line(job, closed, "esda, W", best_of(theirs(weights, 0), times=2), "50"),
        Line(job, closed, "esda, Graph", best_of(theirs(graph, 0), times=5), "50"),
        Line(job, closed, "esda, Graph with own weights", best_of(theirs(ready, 0), times=5), ""),
        Line(
            draws,
            permuted,
            "esda, Graph with own weights",
            best_of(theirs(ready, PERMUTATIONS), times=1),
            "20",
        ),
    ]


def time_moran(rng: np.random.Generator) -> list[Line]:
    """Local Moran's I with permutations."""
    counts = rng.gamma(1.0, size=(SIDE, SIDE))
    queen = touching_cells(np.ones((SIDE, SIDE), dtype=bool))
    ours = best_of(lambda: local_moran(counts, queen, permutations=PERMUTATIONS, rng=rng), times=5)
    graph = Graph.from_W(libpysal.weights.lat2W(SIDE, SIDE, rook=False)).transform("R")
    theirs = best_of(
        lambda: esda.Moran_Local(
            counts.ravel(), graph, permutations=PERMUTATIONS, n_jobs=1, keep_simulations=False
        ),
        times=1,
    )
    return [
        Line(f"local Moran {PERMUTATIONS} permutations, {SIDE} x {SIDE}", ours, "esda, Graph", theirs, "20")
    ]


def time_density(rng: np.random.Generator) -> list[Line]:
    """Gaussian density of many points; scikit-learn exact, and with as large an error as ours may have."""
    side_m = KDE_SIDE * 100.0
    grid = Grid("EPSG:26985", west=0.0, north=side_m, cell_size_m=100.0, rows=KDE_SIDE, cols=KDE_SIDE)
    places = rng.normal(side_m / 2, side_m / 8, (2 * POINTS // 3, 2)).clip(1, side_m - 1)
    points = np.concatenate([places, rng.choice(places, POINTS - len(places))])
    ours = {
        kernel: best_of(
            lambda kernel=kernel: estimate_density(*points.T, grid, bandwidth_m=BANDWIDTH_M, kernel=kernel),
            times=5,
        )
        for kernel in Kernel
    }
    cells = np.stack(np.meshgrid(*grid.cell_centers()), axis=-1).reshape(-1, 2)
    some = rng.permutation(cells)[:PART_OF_CELLS]
    job = f"KDE of {POINTS:,} points, {KDE_SIDE} x {KDE_SIDE}"
    lines = []
    for name, tolerance, kernel in (
        ("scikit-learn*", 0.0, Kernel.GAUSSIAN),
        ("scikit-learn*, rtol 0.005", 0.005, Kernel.GAUSSIAN),
    ):
        fitted = KernelDensity(bandwidth=BANDWIDTH_M, rtol=tolerance).fit(points)
        part = best_of(lambda fitted=fitted: fitted.score_samples(some), times=1)
        lines.append(Line(job, ours[kernel], name, part * len(cells) / PART_OF_CELLS, "50"))
    return [*lines, Line(job + ", quartic", ours[Kernel.QUARTIC], "", 0.0, "")]


def time_emerging(rng: np.random.Generator) -> list[Line]:
    """Emerging hot spots of a cube, with small and wide neighborhoods."""
    cube = rng.poisson(1.0, CUBE).astype(float)
    inside = np.ones(CUBE[1:], dtype=bool)
    near = best_of(lambda: find_emerging(cube, touching_cells(inside)), times=3)
    band = cells_within(inside, cell_size_m=100.0, distance_m=500.0)
    wide = best_of(lambda: find_emerging(cube, band), times=3)
    name = f"emerging, {CUBE[1]} x {CUBE[2]} x {CUBE[0]}"
    return [Line(f"{name}, queen", near, "", 0.0, "< 1 s"), Line(f"{name}, 5 cells", wide, "", 0.0, "< 1 s")]


def main() -> None:
    """Print a table."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(20150704)
    print(f"esda {esda.__version__} {'with' if find_spec('numba') else 'without'} numba, one job")
    print(f"{'job':<40} {'ours, s':>9}  {'peer':<29} {'peer, s':>9} {'factor':>8} {'wanted':>7}")
    for time_one in (time_gi_star, time_moran, time_density, time_emerging):
        for line in time_one(rng):
            peer_s = f"{line.peer_s:.3f}" if line.peer else ""
            factor = f"{line.peer_s / line.ours_s:,.0f}" if line.peer else ""
            print(
                f"{line.job:<40} {line.ours_s:>9.4f}  {line.peer:<29} {peer_s:>9} {factor:>8} {line.wanted:>7}"
            )
    print(f"* timed on {PART_OF_CELLS} of the cells and scaled up")


if __name__ == "__main__":
    main()
