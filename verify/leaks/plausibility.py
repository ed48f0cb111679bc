"""Could an honest column rank so well by luck on so few rows?"""

from dataclasses import dataclass

import numpy as np

from verify.leaks.ranking_power import Power

DRAWS = 1000
# Above this many rows of the rarer answer the normal approximation is exact enough.
MANY_ROWS = 300


@dataclass(frozen=True)
class EchoLimits:
    """From where on a ranking is no longer plausible.

    Args:
        auc: Least AUC of a single column that is an echo.
        tree_auc: Least AUC of a small tree that is; higher, because several honest columns add up.
        honest: AUC of the strongest single column that is held to be honest; the static map of a grid comes
            near it. Also the purest level.
        chance: Largest probability with which a column of that strength may do as well by luck.
        rows: Most rows looked at.
    """

    auc: float = 0.98
    tree_auc: float = 0.995
    honest: float = 0.95
    chance: float = 0.02
    rows: int = 20_000

    def pure_rows(self, levels: int) -> int:
        """Rows that one of so many levels must have to be pure beyond luck.

        Example:
            >>> EchoLimits().pure_rows(1), EchoLimits().pure_rows(100)
            (77, 167)
        """
        return int(np.ceil(np.log(self.chance / levels) / np.log(self.honest)))


def chance_of(power: Power, *, honest: float, rng: np.random.Generator) -> float:
    """Probability that a column whose true AUC is ``honest`` reaches an AUC on so many rows.

    Two normals, apart by as much as ``honest`` demands; simulated where rows are few.

    Args:
        power: The AUC reached, and the rows it was reached on.
        honest: True AUC of the column to compare with.
        rng: Draws the normals.

    Reference:
        Hanley and McNeil (1982), doi:10.1148/radiology.143.1.7063747: the standard error for many rows.
    """
    from scipy.stats import norm

    few, many = sorted((power.yes, power.no))
    if few > MANY_ROWS:
        return float(norm.sf((power.auc - honest) / _standard_error(honest, power.yes, power.no)))
    apart = float(norm.ppf(honest) * np.sqrt(2))
    reached = [_draw_auc(apart, few, min(many, 5 * MANY_ROWS), rng) >= power.auc for _ in range(DRAWS)]
    return (1 + sum(reached)) / (1 + DRAWS)


def _draw_auc(apart: float, few: int, many: int, rng: np.random.Generator) -> float:
    others = np.sort(rng.normal(0.0, 1.0, many))
    return float(np.searchsorted(others, rng.normal(apart, 1.0, few)).mean() / many)


def _standard_error(auc: float, yes: int, no: int) -> float:
    both_yes, both_no = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    pairs = auc * (1 - auc) + (yes - 1) * (both_yes - auc**2) + (no - 1) * (both_no - auc**2)
    return float(np.sqrt(pairs / (yes * no)))
