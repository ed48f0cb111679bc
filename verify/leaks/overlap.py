"""Do the inputs show the very window, or the very records, that they are to announce?

As in ``verify.leaks.time_travel`` the pipeline is not opened: the records inside the announced windows are
changed, and nothing that it reads may move.
"""

from collections.abc import Mapping

import numpy as np

from verify.checks import Integers
from verify.leaks.findings import Audit, Finding, Leak, count
from verify.leaks.readings import Changes, Moves, Reader, World, add_moves, worst_first

RECORDS = {
    Leak.SAME_RECORD: "the very records that decide the label",
    Leak.SAME_WINDOW: "other records of the announced window",
}
WHY = {
    Leak.SAME_RECORD: "The answer is drawn into the question: who reads it needs no forecast.",
    Leak.SAME_WINDOW: "What else is on file for the announced window is written when that window is over.",
}
REMEDY = {
    Leak.SAME_RECORD: "Announce a window that begins after the input ends.",
    Leak.SAME_WINDOW: "End the input where the announced window begins; what is left otherwise is a nowcast.",
}


def audit_overlap(
    read: Reader[World],
    world: World,
    changes: Mapping[Leak, Changes[World]],
    *,
    issues: Integers,
    rng: np.random.Generator,
) -> Audit:
    """Change what lies in the windows announced at some issues, one issue at a time, and name what moves.

    Args:
        read: The pipeline's inputs.
        world: Everything that was ever recorded.
        changes: Under ``Leak.SAME_RECORD`` ways to change the records that decide the label of an issue,
            under ``Leak.SAME_WINDOW`` ways to change the other records of the windows that it announces.
        issues: Where to look, (n,); issues with an event are the sharpest.
        rng: For the changes.

    Returns:
        A finding for each kind, which names the parts that moved.
    """
    moves: dict[Leak, Moves] = {kind: {} for kind in changes}
    for issue in issues:
        one = np.array([issue])
        before = read(world, one)
        for kind, ways in changes.items():
            for name, change in ways.items():
                after = read(change(world, int(issue), rng), one)
                moves[kind] = add_moves(moves[kind], name, before, after)
    ways_said = "; ".join(f"{RECORDS[kind]} ({', '.join(ways)})" for kind, ways in changes.items())
    check = f"overlap of input and target: changed at {count(len(issues), 'issue')}: {ways_said}."
    return Audit(tuple(_accuse(kind, moved, len(issues)) for kind, moved in moves.items() if moved), (check,))


def _accuse(kind: Leak, moves: Moves, issues: int) -> Finding:
    worst = worst_first(moves)
    first = moves[worst[0]]
    evidence = (
        f"{count(len(worst), 'part')} moved with {RECORDS[kind]}; {worst[0]} at {first.most_rows} of "
        f"{count(issues, 'issue')}, by up to {first.largest:.4g}."
    )
    figures = {
        "parts": len(worst),
        "issues": first.most_rows,
        "of": issues,
        "largest_change": first.largest,
    }
    return Finding(kind, worst, evidence, WHY[kind], REMEDY[kind], figures)
