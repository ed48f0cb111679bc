"""Clean tables are left in peace, whatever they look like: at most one in twenty may be accused."""

import numpy as np
import polars as pl
import pytest

TABLES = 20


def accused(audit, tables, **roles):
    """How many tables are accused, and of what, for the message."""
    found = [audit(table, seed=k, **roles) for k, table in enumerate(tables)]
    return sum(one.exit_code for one in found), [finding.text for one in found for finding in one.findings]


@pytest.mark.parametrize("rows, rate", [(40, 0.5), (100, 0.2), (400, 0.05), (3000, 0.02), (3000, 0.5)])
def test_strong_features_ids_constants_and_rare_labels(audit, clean_table, rows, rate):
    count, texts = accused(
        audit, [clean_table(seed, rows, rate) for seed in range(TABLES)], time="when", split="block"
    )
    assert count <= TABLES / 20, texts


@pytest.mark.parametrize("rows, rate", [(60, 0.4), (1000, 0.1)])
def test_a_random_split_of_rows_without_a_time(audit, clean_table, rows, rate):
    tables = [
        clean_table(seed, rows, rate)
        .drop("when")
        .with_columns(pl.Series("block", np.random.default_rng(seed).choice(["train", "test"], rows)))
        for seed in range(TABLES)
    ]
    count, texts = accused(audit, tables, split="block")
    assert count <= TABLES / 20, texts


def quiet_cells(rng, rows):
    """Counts that are mostly zero, strongly related to each other, and equal in many rows."""
    rate = rng.gamma(0.3, 1, rows)
    return {
        "label": (rng.random(rows) < 1 - np.exp(-0.3 * rate)).astype(int),
        **{f"last {days} days": rng.poisson(rate * days * 0.3) for days in (1, 2, 4, 8, 16)},
        "cell": rng.integers(0, 200, rows),
        "weekday": rng.integers(0, 7, rows),
    }


def static_map(rng, rows):
    """A grid with cells where nothing ever happens, and a five-year count that ranks them well."""
    cells = 400
    rate = rng.gamma(0.3, 0.1, cells)
    rate[:100] = 0
    past = rng.poisson(rate * 300)
    day, cell = np.divmod(np.arange(rows), cells)
    return {
        "label": (rng.random(rows) < 1 - np.exp(-rate[cell])).astype(int),
        "five years": past[cell],
        "cell": cell,
        "weekday": day % 7,
        "residents": np.where(cell < 100, 0, 1000 + cell),
    }


def few_codes(rng, rows):
    """Codes that nearly follow from each other, so that rows agree by chance."""
    group = rng.integers(0, 30, rows)
    second = (group * 3 + rng.integers(0, 2, rows)) % 5
    return {
        "label": (rng.random(rows) < 0.2 + 0.02 * second).astype(int),
        "group": [f"g{k}" for k in group],
        "first": (group * 7 + rng.integers(0, 3, rows)) % 11,
        "second": second,
        "sex": rng.integers(0, 2, rows),
    }


def addresses(rng, rows):
    """Addresses that come back, with coordinates and areas that follow from them."""
    address = np.minimum((rng.pareto(0.8, rows) * 3).astype(int), 3000)
    return {
        "label": (rng.random(rows) < 0.2).astype(int),
        "address": [f"{k} MAIN ST" for k in address],
        "latitude": 39 + address * 1e-4,
        "longitude": -76 - ((address * 7919) % 3001) * 1e-4,
        "neighborhood": address // 40,
        "kind": rng.integers(0, 12, rows),
        "hour": rng.integers(0, 24, rows),
    }


@pytest.mark.parametrize("make", [quiet_cells, static_map, few_codes, addresses])
def test_rows_that_agree_by_chance(audit, make):
    tables = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        rows = (800, 2000, 6000)[seed % 3]
        blocks = rng.choice(["train", "test"], rows, p=[0.7, 0.3])
        tables.append(pl.DataFrame({**make(rng, rows), "block": blocks}))
    count, texts = accused(audit, tables, split="block")
    assert count <= TABLES / 20, texts


def test_windows_with_overlapping_history_split_forward(audit):
    tables = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        issue, event = np.arange(2000), rng.random(2000) < 0.13
        past = np.concatenate([[0], np.cumsum(event)])
        back = {f"last {k}": past[issue] - past[np.maximum(issue - k, 0)] for k in (3, 12, 84, 336)}
        blocks = np.where(issue < 1500, "train", "test")
        wave = {"season": np.sin(2 * np.pi * issue / 4380), "hour": issue % 12 * 2}
        tables.append(
            pl.DataFrame({"label": event.astype(int), "issue": issue, **back, **wave, "block": blocks})
        )
    count, texts = accused(audit, tables, time="issue", split="block")
    assert count <= TABLES / 20, texts


def test_a_label_without_any_other_column(audit):
    found = audit(
        pl.DataFrame({"label": [0, 1] * 50, "block": ["train"] * 60 + ["test"] * 40}), split="block"
    )
    assert found.findings == ()
    assert "duplicates across the split were not looked for: no column but ids." in found.notes
