"""Does anything that was not on record yet change what a pipeline reads or says?

The audit does not open the pipeline. It hands it two worlds that are the same up to a cut and differ after
it, and requires what is read at the issues up to the cut to stay the same to the bit.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from incidents.errors import DataError
from verify.checks import Integers
from verify.leaks.findings import Audit, Finding, Leak, count
from verify.leaks.readings import Changes, Moves, Reader, Reading, World, add_moves, worst_first


def audit_time_travel(
    read: Reader[World],
    world: World,
    changes: Changes[World],
    *,
    cuts: Mapping[int, Integers],
    rng: np.random.Generator,
) -> Audit:
    """Change everything after some cuts and require what is read up to them to stay the same to the bit.

    Args:
        read: The pipeline.
        world: Everything that was ever recorded.
        changes: Ways to change what was not on record at a cut, such as to delete, shuffle or invent it.
        cuts: For each cut the issues to read, none later than the cut.
        rng: For the changes.

    Returns:
        One finding that names every part that moved, or none.

    Raises:
        DataError: The pipeline does not read even the same world the same way twice, or reads the same
            whatever the world holds, so that nothing could be found; or an issue lies after its cut.
    """
    moves: Moves = {}
    readings: dict[int, Reading] = {}
    for cut, issues in cuts.items():
        _require_before(cut, issues)
        readings[cut] = read(world, issues)
        for name, change in changes.items():
            moves = add_moves(moves, name, readings[cut], read(change(world, cut, rng), issues))
    last = max(cuts)
    _require_repeatable(readings[last], read(world, cuts[last]))
    _require_awake(readings[last], (read(change(world, 0, rng), cuts[last]) for change in changes.values()))
    issues_read = sum(len(issues) for issues in cuts.values())
    check = (
        f"time travel: {', '.join(changes)} after each of {count(len(cuts), 'cut')}; "
        f"{count(len(readings[last]), 'part')} at {count(issues_read, 'issue')} compared to the bit."
    )
    return Audit((_accuse(moves, issues_read),) if moves else (), (check,))


def _accuse(moves: Moves, issues: int) -> Finding:
    worst = worst_first(moves)
    first = moves[worst[0]]
    ways = ", ".join(f"{way} ({rows} of {issues} issues)" for way, rows in first.rows.items())
    evidence = (
        f"{count(len(worst), 'part')} changed when only later records did. {worst[0]} changed by up to "
        f"{first.largest:.4g}: {ways}."
    )
    return Finding(
        Leak.TIME_TRAVEL,
        worst,
        evidence,
        "A forecast that reads records of its own future cannot be repeated when it counts.",
        "Filter by when a record became known, at or before the issue, not by when it happened.",
        {"parts": len(worst), "issues": first.most_rows, "of": issues, "largest_change": first.largest},
    )


def _require_before(cut: int, issues: Integers) -> None:
    if not len(issues) or int(np.max(issues)) > cut:
        raise DataError(
            f"Expected issues up to the cut {cut}. Received: {np.asarray(issues).tolist()}. Later ones may see what "
            "changed."
        )


def _require_repeatable(first: Reading, second: Reading) -> None:
    differ = add_moves({}, "nothing", first, second)
    if differ:
        raise DataError(
            f"Expected the same reading of the same world twice. Received: {sorted(differ)} differ. "
            "Fix the pipeline's random draws; only then can a change be traced to the future."
        )


def _require_awake(before: Reading, changed: Iterable[Reading]) -> None:
    """A pipeline that never looks at the records would pass: see whether it moves when all of them change."""
    if any(add_moves({}, "everything", before, after) for after in changed):
        return
    raise DataError(
        f"Expected some part of {sorted(before)} to follow the records. Received: none does, even when all of them "
        "change. Check what the audit hands to the pipeline; as it is, it could find nothing."
    )
