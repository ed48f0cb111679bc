"""What an audit found: each leak with its guilty parts, the number that convicts them, and the way out."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LEAK_EXIT = 1
NAMES_SHOWN = 6


class Leak(StrEnum):
    """Kinds of leak."""

    TIME_TRAVEL = "time travel"
    LABEL_ECHO = "label echo"
    SAME_WINDOW = "same window"
    SAME_RECORD = "same record"
    SPLIT = "split"
    FITTED = "fitted before split"
    DUPLICATES = "duplicates across the split"
    TUNING = "tuned on the test window"
    POST_HOC = "post-hoc column"


@dataclass(frozen=True)
class Finding:
    """One leak.

    Args:
        kind: What kind of leak it is.
        where: The guilty columns, parts, pairs or blocks, the worst first.
        evidence: What was seen, with its numbers.
        why: Why that flatters the score.
        remedy: What to do about it.
        figures: The numbers of the evidence by name; what is undefined is NaN.
    """

    kind: Leak
    where: tuple[str, ...]
    evidence: str
    why: str
    remedy: str
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The finding in one line."""
        named = name_some(self.where, between="; ")
        return f"LEAK ({self.kind}) in {named}: {self.evidence} {self.why} {self.remedy}"

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON values; a number that is not finite becomes null."""
        numbers = {name: value if math.isfinite(value) else None for name, value in self.figures.items()}
        return {
            "kind": str(self.kind),
            "where": list(self.where),
            "evidence": self.evidence,
            "why": self.why,
            "remedy": self.remedy,
            "figures": numbers,
        }


@dataclass(frozen=True)
class Audit:
    """All that one audit looked at and found.

    Silence counts only as far as something was looked at, so what was checked is part of the result.

    Args:
        findings: The leaks.
        checks: What was checked, one sentence each.
        notes: What could not be checked, and why.
    """

    findings: tuple[Finding, ...] = ()
    checks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Audit") -> "Audit":
        return Audit(self.findings + other.findings, self.checks + other.checks, self.notes + other.notes)

    @property
    def exit_code(self) -> int:
        """1 where there is a leak, else 0."""
        return LEAK_EXIT if self.findings else 0

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if not self.findings:
            return f"no leak found in {count(len(self.checks), 'check')}"
        kinds = ", ".join(dict.fromkeys(str(finding.kind) for finding in self.findings))
        return f"{count(len(self.findings), 'leak')} found: {kinds}"

    def lines(self) -> tuple[str, ...]:
        """What was checked, what could not be, and every leak, for people."""
        return (
            *(f"checked: {check}" for check in self.checks),
            *(f"note: {note}" for note in self.notes),
            *(finding.text for finding in self.findings),
        )

    def to_json(self) -> dict[str, Any]:
        """The audit as JSON values."""
        return {
            "leaks": len(self.findings),
            "findings": [finding.to_json() for finding in self.findings],
            "checks": list(self.checks),
            "notes": list(self.notes),
        }


def name_some(names: Iterable[str], *, most: int = NAMES_SHOWN, between: str = ", ") -> str:
    """The first names, and how many there are beside them.

    Example:
        >>> name_some(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    given = list(names)
    rest = len(given) - most
    return between.join(given[:most]) + (f" and {rest} more" if rest > 0 else "")


def count(number: int, noun: str) -> str:
    """A number and its noun.

    Example:
        >>> count(2, "leak"), count(1, "check"), count(2_000, "training copy")
        ('2 leaks', '1 check', '2,000 training copies')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
