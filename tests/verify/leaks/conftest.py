"""Tables without a leak, of many shapes, and the audit of them."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from verify.leaks import Audit, Leak, Roles, audit_table

# Distance of two unit normals with an AUC of 0.85 and of 0.90 between them.
AUC_85, AUC_90 = 1.0364 * 2**0.5, 1.2816 * 2**0.5


def make_clean_table(seed: int, rows: int = 3000, rate: float = 0.2) -> pl.DataFrame:
    """Strong but honest features, ids, codes, constants, counts, gaps and times; the label is drawn first."""
    rng = np.random.default_rng([seed, rows])
    label = rng.random(rows) < rate
    start = np.datetime64("2022-01-01", "us")
    when = np.sort(start + rng.integers(0, 700 * 86400, rows).astype("timedelta64[s]"))
    area = rng.integers(0, 40, rows)
    often = rng.poisson(np.exp(-2 + 0.8 * rng.normal(size=rows)))
    return pl.DataFrame(
        {
            "label": label.astype(np.int64),
            "when": when,
            "strong": rng.normal(size=rows) + AUC_90 * label,
            "as strong": rng.normal(size=rows) + AUC_85 * label,
            "grade": np.round(rng.normal(size=rows) + AUC_85 * label).astype(np.int64),
            "noise": rng.normal(size=rows),
            "constant": np.ones(rows),
            "one word": ["x"] * rows,
            "row id": np.arange(rows),
            "person": [f"p{k}" for k in rng.integers(0, rows // 2, rows)],
            "narrative": [f"text {k}" for k in rng.integers(1 << 40, size=rows)],
            "area": [f"area {k}" for k in area],
            "district": area // 7,
            "latitude": 39 + area * 0.01 + rng.integers(0, 30, rows) * 1e-4,
            "hour": rng.integers(0, 24, rows),
            "last 7 days": often,
            "last 28 days": often + rng.poisson(0.1, rows),
            "rare": rng.random(rows) < 0.01,
            "gaps": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "block": np.where(np.arange(rows) < 0.7 * rows, "train", "test"),
        }
    )


@pytest.fixture(scope="session")
def clean_table() -> Callable[..., pl.DataFrame]:
    return make_clean_table


@pytest.fixture(scope="session")
def audit() -> Callable[..., Audit]:
    def ask(table: pl.DataFrame, seed: int = 1, label: str = "label", **roles: object) -> Audit:
        return audit_table(table, Roles(label, **roles), rng=np.random.default_rng(seed))

    return ask


@pytest.fixture(scope="session")
def guilty(audit: Callable[..., Audit]) -> Callable[..., dict[tuple[str, ...], Leak]]:
    """What the audit names, with the kind of leak."""

    def ask(table: pl.DataFrame, **roles: object) -> dict[tuple[str, ...], Leak]:
        return {finding.where: finding.kind for finding in audit(table, **roles).findings}

    return ask
