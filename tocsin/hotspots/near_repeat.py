"""Whether a store's incidents follow each other closely in space and time."""

from typing import Any

import numpy as np

from hotspots.near_repeat.events import Events, gather_events
from hotspots.near_repeat.knox import Bands, KnoxTest, branching_ratio, knox_test
from hotspots.near_repeat.picture import draw_near_repeats, name_bands
from hotspots.points import Ints
from tocsin.hotspots.answer import SIGNIFICANT, Answer
from tocsin.hotspots.evidence import Evidence

PERMUTATIONS = 999
SAME_EVENT_HOURS = 1.0


def find_near_repeats(evidence: Evidence) -> Answer:
    """Pairs of events by distance and lag, beside what chance has; a table, and so no map data."""
    events = gather_events(evidence.x, evidence.y, evidence.occurred_at, same_event_hours=SAME_EVENT_HOURS)
    draws = evidence.options.permutations if evidence.options.permutations is not None else PERMUTATIONS
    years = _years(evidence, events)
    test = knox_test(events, Bands(), permutations=draws, strata=years, rng=evidence.rng)
    figures = {
        "used": len(events) + events.merged,
        "unlocated": events.unlocated,
        "outside": 0,
        "events": len(events),
        "merged": events.merged,
        "settings": {
            "permutations": draws,
            "same_event_hours": SAME_EVENT_HOURS,
            "permuted_within": "calendar years" if len(np.unique(years)) > 1 else "the period",
        },
        "profile": _profile(test),
        "branching_ratio": vars_of_branching(test),
        "notes": [
            "It says that events follow each other, not why, nor by whom.",
            "Pairs are counted for the whole city.",
        ],
    }
    figure = draw_near_repeats(test, words=evidence.words, same_event_hours=SAME_EVENT_HOURS)
    return Answer(_summarise(test), figures, {"": figure})


def vars_of_branching(test: KnoxTest) -> dict[str, float]:
    """The most that triggering can account for, with its 95% interval."""
    found = branching_ratio(test)
    return {"value": found.value, "lo": found.lo, "hi": found.hi}


def _years(evidence: Evidence, events: Events) -> Ints:
    """Local year of each event: parts of the city that rise over the years would look like near repeats."""
    year = evidence.local.dt.year().to_numpy().astype(np.int64)
    of_event = np.zeros(len(events), dtype=np.int64)
    held = events.of_row >= 0
    of_event[events.of_row[held]] = year[held]
    return of_event


def _profile(test: KnoxTest) -> list[dict[str, Any]]:
    """One entry for each band of distance and lag."""
    far, late = name_bands(test.bands)
    return [
        {
            "distance": far[row],
            "lag": late[col],
            "observed": int(pairs),
            "expected": float(test.expected[row, col]),
            "ratio": float(test.ratio[row, col]),
            "p": float(test.p[row, col]),
            "p_adjusted": float(test.p_adjusted[row, col]),
        }
        for (row, col), pairs in np.ndenumerate(test.observed)
    ]


def _summarise(test: KnoxTest) -> str:
    """The clearest band in words."""
    clear = int((test.p_adjusted <= SIGNIFICANT).sum())
    if not clear:
        return f"no band of distance and lag with more pairs than chance among {test.events:,} events"
    far, late = name_bands(test.bands)
    residual = np.where(test.p_adjusted <= SIGNIFICANT, np.nan_to_num(test.residual, nan=-np.inf), -np.inf)
    row, col = np.unravel_index(int(np.argmax(residual)), residual.shape)
    return (
        f"{clear} of {test.observed.size} bands beyond chance; {far[row]}, {late[col]}: "
        f"{test.ratio[row, col]:.2f} times as many pairs ({test.events:,} events)"
    )
