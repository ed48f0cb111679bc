"""How much a flagged share of the area catches: hit rate, PAI, PEI and PEI*, and the recapture rates.

Risk and events are ``(time, cell)`` or ``(time, row, col)``; in each time step the cells of highest risk per
area are flagged until the wanted share of the area is reached. ``area`` may be square metres, or metres of
street, one number per cell; cells of area 0 lie outside.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.checks import Bools, Floats

SHARES = (0.005, 0.01, 0.02, 0.05)


@dataclass(frozen=True)
class HotspotScores:
    """Scores by share of the area flagged; pass many shares for the curve.

    Args:
        share: Share of the area flagged in every time step, (k,).
        hit_rate: Share of all events that fell in flagged area, (k,).
        pai: Prediction accuracy index, hit rate over share, (k,): 1 is no better than flagging at random, and
            the maximum falls with the share, so compare at equal share only.
        pei_star: PEI*: events caught over the most that any choice of the same share could catch, (k,).
        pei: PEI: PAI over the best PAI of any choice within the allowed shares, (k,); equal to ``pei_star``
            where only the same share is allowed.
    """

    share: Floats
    hit_rate: Floats
    pai: Floats
    pei_star: Floats
    pei: Floats


def score_hotspots(
    risk: npt.ArrayLike,
    events: npt.ArrayLike,
    *,
    area: npt.ArrayLike | None = None,
    shares: npt.ArrayLike = SHARES,
    smallest_allowed: float | None = None,
) -> HotspotScores:
    """Score a risk surface as a choice of where to look.

    The last cell is taken in part, and among cells of equal risk each is taken in equal part: the expected
    catch of a random order, so that a surface with many ties is neither lucky nor unlucky. The oracle of
    both efficiency indices knows the events of each time step and is treated alike.

    Args:
        risk: Expected events or probability per cell, (time, cell) or (time, row, col); NaN only outside.
        events: Number of events in each cell, the same shape.
        area: Size of each cell, (cell,) or (row, col), >= 0; equal sizes if left out.
        shares: Shares of the area to flag, (k,), in (0, 1].
        smallest_allowed: Smallest share that an analyst may flag, for ``pei``: the best PAI lies there,
            since an oracle takes the densest cells first. Left out, ``pei`` equals ``pei_star``.

    Raises:
        NoPositivesError: There is no event.
        DataError: Shapes differ, a value is not finite, or an event lies outside the area.
        ConfigError: A share is not in (0, 1].

    Reference:
        PAI: Chainey, Tompson and Uhlig (2008), doi:10.1057/palgrave.sj.8350066. PEI: Hunt (2016), PhD thesis;
        PEI*: the NIJ Real-Time Crime Forecasting Challenge (2017), in the notation of White, Hunt and Green
        (2023), A discussion of current crime forecasting indices, Security Journal.
    """
    wanted = _check_shares(shares)
    surface = _check_surface(risk, events, area)
    caught = _catch(surface.risk, surface, wanted)
    best = _catch(surface.events, surface, wanted)
    hit_rate, pai = caught / surface.total, caught / surface.total / wanted
    best_pai = best / surface.total / wanted
    if smallest_allowed is not None:
        smallest = _check_shares(smallest_allowed)
        best_pai = np.broadcast_to(
            _catch(surface.events, surface, smallest) / surface.total / smallest, wanted.shape
        )
    return HotspotScores(share=wanted, hit_rate=hit_rate, pai=pai, pei_star=caught / best, pei=pai / best_pai)


def rri_levine(flagged: npt.ArrayLike, before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """Recapture rate index after Levine: growth of events in the flagged cells over growth everywhere.

    1 means that the hotspots held their part of the events, below 1 that they faded. It says nothing of how
    large that part is.

    Args:
        flagged: Cells flagged from the first period, (cell,) or (row, col) of bool.
        before: Events of the first period, the same shape.
        after: Events of the second period, the same shape.

    Returns:
        ``(n2 / n1) / (N2 / N1)``; NaN where a divisor is 0.

    Raises:
        DataError: Shapes differ.

    Reference:
        Levine (2008), The 'hottest' part of a hotspot, doi:10.1057/sj.2008.5.

    Example:
        >>> rri_levine([True, False], before=[10, 30], after=[20, 20])
        2.0
    """
    mask, first, second = _check_cells(flagged, before, after)
    return _ratio(
        _ratio(float(second[mask].sum()), float(first[mask].sum())), _ratio(second.sum(), first.sum())
    )


def rri_wheeler_steenbeek(flagged: npt.ArrayLike, predicted: npt.ArrayLike, observed: npt.ArrayLike) -> float:
    """Recovery rate index after Wheeler and Steenbeek: predicted over observed events in the flagged cells.

    1 means that the expected counts were right where it matters; above 1, too high (they regress to the mean
    where the hotspots were chosen by chance).

    Args:
        flagged: Flagged cells, (cell,) or (row, col) of bool.
        predicted: Expected events, the same shape.
        observed: Events, the same shape.

    Returns:
        The ratio; NaN where nothing was observed in the flagged cells.

    Raises:
        DataError: Shapes differ.

    Reference:
        Wheeler and Steenbeek (2021), doi:10.1007/s10940-020-09457-7.

    Example:
        >>> rri_wheeler_steenbeek([True, True, False], predicted=[4.0, 2.0, 1.0], observed=[3, 1, 2])
        1.5
    """
    mask, expected, found = _check_cells(flagged, predicted, observed)
    return _ratio(float(expected[mask].sum()), float(found[mask].sum()))


@dataclass(frozen=True)
class _Surface:
    """Time steps with events: risk and events (t, c), size of each cell, (c,), > 0, and number of events."""

    risk: Floats
    events: Floats
    area: Floats
    total: float


def _catch(value: Floats, surface: _Surface, shares: Floats) -> Floats:
    """Events caught over all time steps when the cells of highest value per area are flagged, (k,)."""
    density = value / surface.area
    order = np.argsort(-density, axis=1)
    density = np.take_along_axis(density, order, axis=1)
    caught = _cumulate(np.take_along_axis(surface.events, order, axis=1))
    covered = _cumulate((surface.area / surface.area.sum())[order])
    steps = np.arange(len(value))
    totals = np.empty(shares.size)
    for number, share in enumerate(shares):
        # The cell in which the share is reached; rounding may leave the last cell short of 1.
        cell = np.minimum((covered[:, 1:] < share).sum(axis=1), value.shape[1] - 1)
        level = density[steps, cell][:, None]
        first, after = (density > level).sum(axis=1), (density >= level).sum(axis=1)
        area, events = (sums[steps, after] - sums[steps, first] for sums in (covered, caught))
        part = np.minimum((share - covered[steps, first]) / area, 1.0)
        totals[number] = (caught[steps, first] + part * events).sum()
    return totals


def _cumulate(values: Floats) -> Floats:
    """Sums of the first 0, 1, ... columns, (t, c + 1)."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _check_shares(shares: npt.ArrayLike) -> Floats:
    given = np.atleast_1d(np.asarray(shares, dtype=np.float64))
    if given.size == 0 or not bool(((given > 0.0) & (given <= 1.0)).all()):
        raise ConfigError(
            f"Expected shares of the area in (0, 1]. Received: {given}. Use 0.01 for one percent."
        )
    return given


def _check_surface(risk: npt.ArrayLike, events: npt.ArrayLike, area: npt.ArrayLike | None) -> _Surface:
    given, found = np.asarray(risk, dtype=np.float64), np.asarray(events, dtype=np.float64)
    if given.ndim < 2 or given.shape != found.shape:
        raise DataError(
            f"Expected risk and events of one shape (time, cell) or (time, row, col). Received: {given.shape} and "
            f"{found.shape}. Put a single period into an array of one time step."
        )
    size = np.ones(given.shape[1:]) if area is None else np.asarray(area, dtype=np.float64)
    if size.shape != given.shape[1:] or not bool((np.isfinite(size) & (size >= 0.0)).all()) or not size.any():
        raise DataError(
            f"Expected areas >= 0 of shape {given.shape[1:]}. Received: {size.shape}. Use 0 for outside."
        )
    inside = size.ravel() > 0.0
    given, found = given.reshape(len(given), -1), found.reshape(len(found), -1)
    if bool(found[:, ~inside].any()) or not bool(
        np.isfinite(given[:, inside]).all() and (found >= 0.0).all()
    ):
        raise DataError(
            "Expected finite risk inside the area, and events >= 0 only inside it. Received: others. Mask the city."
        )
    active = found.any(axis=1)
    if not active.any():
        raise NoPositivesError("Expected at least one event. Received: none. Score a longer period.")
    kept = np.ix_(active, inside)
    return _Surface(given[kept], found[kept], size.ravel()[inside], float(found.sum()))


def _check_cells(
    flagged: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike
) -> tuple[Bools, Floats, Floats]:
    mask = np.asarray(flagged)
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if mask.dtype != np.bool_ or not mask.shape == one.shape == two.shape:
        raise DataError(
            f"Expected flagged cells as bool and two arrays of their shape. Received: {mask.dtype} {mask.shape}, "
            f"{one.shape} and {two.shape}. Flag cells with risk >= a threshold."
        )
    return mask, one, two


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0.0 else float("nan")
