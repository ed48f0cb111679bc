"""The near-repeat profile for a briefing: how many times more pairs than chance, by distance and lag."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.city_map import MapWords
from hotspots.near_repeat.knox import Bands, KnoxTest
from rasterize.sheet import FAINT_INK, INK, city_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS, MOST_RATIO = "YlOrBr", 3.0
SIZE_IN = (8.2, 5.4)
CALM = "#F4F4F1"
SAME_PLACE_M = 1.0
NOTE = (
    "Pairs of events over those expected if the same places kept their events but at each other's times "
    "({permutations:,} permutations). Coloured: more than chance at 5%, all bands together (bold) or the band alone. "
    "Below each ratio, the pairs observed. {events:,} events; rows at one place within {hours:g} h are one event. It "
    "says that events follow each other, not why, nor by whom."
)


def draw_near_repeats(test: KnoxTest, *, words: MapWords, same_event_hours: float) -> "Figure":
    """Draw the profile as a table of ratios.

    Args:
        test: The test.
        words: What the incidents are.
        same_event_hours: As given to :func:`hotspots.near_repeat.events.gather_events`, for the note.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_IN, facecolor="white")
    axes = figure.add_axes((0.13, 0.29, 0.84, 0.53))
    axes.imshow(_colors(test), aspect="auto")
    _write_cells(axes, test)
    _label(axes, test.bands)
    style: dict[str, Any] = {"color": INK, "va": "top"}
    figure.text(
        0.02, 0.97, f"{city_title(words.city)}: near repeats", fontsize=15, fontweight="bold", **style
    )
    figure.text(0.02, 0.905, f"Reported incidents, {words.what}; {words.period}", fontsize=10.5, **style)
    note = NOTE.format(permutations=test.permutations, events=test.events, hours=same_event_hours)
    figure.text(0.02, 0.14, _wrap(note), fontsize=8.5, color=FAINT_INK, va="top")
    return figure


def name_bands(bands: Bands) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say in words what the bands of distance and of lag are.

    Example:
        >>> name_bands(Bands(metres=(0, 1, 100, 250), days=(0, 1, 7)))
        (('same place', 'up to 100 m', '100 to 250 m'), ('under 1 day', '1 to 7 days'))
    """
    far = tuple(_name_distance(start, stop) for start, stop in pairwise(bands.metres))
    late = tuple(_name_lag(start, stop) for start, stop in pairwise(bands.days))
    return far, late


def _name_distance(start: float, stop: float) -> str:
    if stop <= SAME_PLACE_M:
        return "same place"
    return f"up to {stop:g} m" if start <= SAME_PLACE_M else f"{start:g} to {stop:g} m"


def _name_lag(start: float, stop: float) -> str:
    if start > 0:
        return f"{start:g} to {stop:g} days"
    return f"under {stop:g} day{'s' if stop > 1 else ''}"


def _colors(test: KnoxTest) -> Any:
    """Colours of the cells, ``(distance bands, lag bands, 4)``: pale where it may be chance."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba

    strength = np.clip((np.nan_to_num(test.ratio, nan=1.0) - 1.0) / (MOST_RATIO - 1.0), 0.0, 1.0)
    colors = colormaps[COLORS](0.08 + 0.62 * strength)
    colors[test.p > 0.05] = to_rgba(CALM)
    return colors


def _write_cells(axes: "Axes", test: KnoxTest) -> None:
    """Write ratio and pairs into each cell."""
    for (row, col), ratio in np.ndenumerate(test.ratio):
        weight = "bold" if test.p_adjusted[row, col] <= 0.05 else "normal"
        text = f"{ratio:.2f}" if np.isfinite(ratio) else "none"
        style: dict[str, Any] = {"ha": "center", "color": INK}
        axes.text(col, row - 0.02, text, va="bottom", fontsize=12, fontweight=weight, **style)
        axes.text(col, row + 0.08, f"{test.observed[row, col]:,}", va="top", fontsize=8, **style)


def _label(axes: "Axes", bands: Bands) -> None:
    """Name the bands, and draw white lines between the cells."""
    far, late = name_bands(bands)
    axes.set_xticks(range(len(late)), late)
    axes.set_yticks(range(len(far)), far)
    axes.set_xticks(np.arange(0.5, len(late) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(far) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0, labelsize=9, colors=INK)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Time between the two events", fontsize=9.5, color=INK, labelpad=8)


def _wrap(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 112))
