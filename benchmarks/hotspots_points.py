"""How long the methods on points take beside the libraries that one would use instead, in the same run.

Run ``python benchmarks/hotspots_points.py`` (some minutes, nearly all for the others); it prints seconds and factors.
Ours are best of three; the others run once. The double loop runs a few permutations, from which 999 are reckoned.
"""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.hierarchy import cluster_hdbscan
from hotspots.near_repeat.events import Events
from hotspots.near_repeat.knox import Bands, knox_test
from hotspots.patrol.plan import choose_areas
from hotspots.places.cross_k import cross_k
from hotspots.places.relocation import draw_from
from hotspots.sites import group_sites

Floats = npt.NDArray[np.float64]

INCIDENTS, BLOCKS, BLOCK_M = 300_000, 15_000, 110.0
REACH_M, LEAST = 120.0, 60
EVENTS, PERMUTATIONS, TRIED = 10_000, 999, 3
DAY_S = 86_400
BANDS = Bands()


def seconds(job: Callable[[], object], rounds: int = 1) -> float:
    """Seconds of the fastest round."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return min(taken)


def block_level_city(rng: np.random.Generator) -> Floats:
    """Incidents at the middles of blocks, some of which have very many, more of them towards five centres."""
    side = int(np.ceil(np.sqrt(BLOCKS)))
    corner = (
        np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:BLOCKS] * BLOCK_M
    )
    blocks = 400_000 + corner + rng.uniform(-25, 25, (BLOCKS, 2))
    centres = rng.uniform(blocks.min(axis=0), blocks.max(axis=0), (5, 2))
    near = np.exp(-np.square(blocks[:, None] - centres).sum(axis=2) / (2 * 1500.0**2)).sum(axis=1)
    weight = rng.gamma(0.4, 1.0, BLOCKS) * (0.1 + near)
    return blocks[rng.choice(BLOCKS, INCIDENTS, p=weight / weight.sum())]


def compare(name: str, ours: float, others: dict[str, float]) -> None:
    """Print a line for us and one for each other."""
    print(f"{name}\n  {'ours':44s} {ours:9.2f} s")
    for other, taken in others.items():
        print(f"  {other:44s} {taken:9.2f} s   {taken / ours:7.1f} times ours")


def time_clusters(rows: Floats) -> None:
    """DBSCAN and HDBSCAN of block-level points; ours start from the rows, too."""
    from hdbscan import HDBSCAN
    from sklearn.cluster import DBSCAN

    def grouped() -> None:
        cluster_dbscan(group_sites(*rows.T), reach_m=REACH_M, min_weight=LEAST)

    def hierarchical() -> None:
        cluster_hdbscan(group_sites(*rows.T), min_weight=LEAST)

    theirs = DBSCAN(eps=REACH_M, min_samples=LEAST)
    compare(
        f"DBSCAN of {INCIDENTS:,} incidents at {BLOCKS:,} blocks",
        seconds(grouped, 3),
        {
            "scikit-learn, all rows": seconds(lambda: theirs.fit(rows)),
            "scikit-learn, blocks with weights": seconds(lambda: _fit_weighted(theirs, rows)),
        },
    )
    package = HDBSCAN(min_cluster_size=LEAST, min_samples=10, core_dist_n_jobs=1)
    compare(
        f"HDBSCAN of {INCIDENTS:,} incidents at {BLOCKS:,} blocks",
        seconds(hierarchical, 3),
        {"hdbscan, all rows": seconds(lambda: package.fit(rows))},
    )


def _fit_weighted(model: object, rows: Floats) -> None:
    sites = group_sites(*rows.T)
    model.fit(sites.xy, sample_weight=sites.weight)  # type: ignore[attr-defined]


def time_knox(rows: Floats, rng: np.random.Generator) -> None:
    """Knox with 999 permutations; the double loop looks at all pairs of events each time."""
    points = rows[rng.choice(INCIDENTS, EVENTS)]
    second = rng.integers(0, 5 * 365 * DAY_S, EVENTS)
    events = Events(points[:, 0], points[:, 1], second, np.arange(EVENTS))
    permutations = {"permutations": PERMUTATIONS}
    ours = seconds(lambda: knox_test(events, BANDS, rng=np.random.default_rng(1), **permutations), 3)
    days = second / DAY_S
    loop = seconds(lambda: [_count_all_pairs(points, rng.permutation(days)) for _ in range(TRIED)])
    compare(
        f"Knox test, {EVENTS:,} events, {PERMUTATIONS} permutations",
        ours,
        {
            f"NumPy, all pairs (from {TRIED} permutations)": loop * PERMUTATIONS / TRIED,
            f"pointpats, one band (from {TRIED} permutations)": _test_with_pointpats(points, days),
        },
    )


def _count_all_pairs(points: Floats, days: Floats) -> Floats:
    """Pairs by distance and lag band, one event against all later ones at a time; only near pairs are sorted."""
    counts = np.zeros(BANDS.shape[0] * BANDS.shape[1])
    for index in range(len(points) - 1):
        gap = np.hypot(points[index + 1 :, 0] - points[index, 0], points[index + 1 :, 1] - points[index, 1])
        lag = np.abs(days[index + 1 :] - days[index])
        near = np.flatnonzero((gap < BANDS.metres[-1]) & (lag < BANDS.days[-1]))
        far = np.searchsorted(BANDS.metres, gap[near], side="right") - 1
        late = np.searchsorted(BANDS.days, lag[near], side="right") - 1
        counts += np.bincount(far * BANDS.shape[1] + late, minlength=counts.size)
    return counts


def _test_with_pointpats(points: Floats, days: Floats) -> float:
    """Seconds of one band of pointpats with 999 permutations, from two runs with few."""
    from pointpats import Knox

    def permute(count: int) -> float:
        bounds = {"delta": BANDS.metres[-1], "tau": BANDS.days[-1]}
        return seconds(lambda: Knox(points, days[:, None], permutations=count, **bounds))

    few = permute(1)
    return few + (permute(1 + TRIED) - few) / TRIED * (PERMUTATIONS - 1)


def time_places(rows: Floats, rng: np.random.Generator) -> None:
    """Cross-K of 500 places with 499 simulations."""
    sites = group_sites(*rows.T)
    places = sites.xy[rng.choice(len(sites), 500, replace=False)].T
    relocate = draw_from(sites.x, sites.y, 500)
    taken = seconds(lambda: cross_k(sites, *places, relocate, rng=np.random.default_rng(1)))
    print(
        f"Cross-K of 500 places and {INCIDENTS:,} incidents, 499 simulations\n  {'ours':44s} {taken:9.2f} s"
    )


def time_patrol(rows: Floats) -> None:
    """Five areas of 40 cells on 250 m cells."""
    cell = ((rows - rows.min(axis=0)) // 250).astype(np.int64)
    harm = np.zeros(cell.max(axis=0) + 1)
    np.add.at(harm, tuple(cell.T), 1.0)
    start = time.perf_counter()
    plan = choose_areas(harm, areas=5, cells=40)
    taken = time.perf_counter() - start
    print(f"Patrol areas: 5 of 40 cells among {harm.size:,}\n  {'ours':44s} {taken:9.2f} s")
    print(
        f"  {plan.total / plan.greedy_harm - 1:.2%} more harm than cell by cell, at most {plan.gap:.2%} below the best;"
    )
    print(
        f"  among its candidates at most {max(0.0, 1 - plan.total / plan.candidate_bound):.2%} below the best"
    )


def main() -> None:
    """Print the figures."""
    rng = np.random.default_rng(0)
    rows = block_level_city(rng)
    time_clusters(rows)
    time_knox(rows, rng)
    time_places(rows, rng)
    time_patrol(rows)


if __name__ == "__main__":
    main()
