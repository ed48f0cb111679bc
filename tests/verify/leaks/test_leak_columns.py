"""What a column is, whatever it was stored as."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from verify.leaks.columns import Roles, number_levels, parse_times, read_columns

FIRST = 1_609_502_405_000_000  # 2021-01-01T12:00:05 in microseconds


@pytest.mark.parametrize(
    "written, microseconds",
    [
        ("2021-01-01 12:00:05", FIRST),
        ("2021-01-01T12:00:05", FIRST),
        ("2021-01-01T12:00:05.000000", FIRST),
        ("2021-01-01T12:00:05Z", FIRST),
        ("2021-01-01T07:00:05-05:00", FIRST),
        (" 2021-01-01 12:00 ", FIRST - 5_000_000),
        ("01/01/2021 12:00:05", FIRST),
        ("01/01/2021 12:00:05 PM", FIRST),
        ("01/01/2021", FIRST - (12 * 3600 + 5) * 1_000_000),
        ("2021-01-01", FIRST - (12 * 3600 + 5) * 1_000_000),
    ],
)
def test_times_as_people_write_them(written, microseconds):
    parsed = parse_times(pl.Series("t", [written, None, written]))
    assert parsed.cast(pl.Int64).to_list() == [microseconds, None, microseconds]


@pytest.mark.parametrize(
    "words", [["a", "b"], ["12", "13"], ["2021-01-01", "soon"], ["12-34-56-78"], [None, ""], ["1/2/3 x"]]
)
def test_other_words_stay_words(words):
    column = pl.Series("t", words, dtype=pl.String)
    assert parse_times(column).to_list() == words


def test_levels_are_numbered_in_order_missing_ones_first():
    codes, values = number_levels(pl.Series("x", ["b", None, "a", "b"]))
    assert (codes.tolist(), values) == ([2, 0, 1, 2], ("missing", "a", "b"))
    codes, values = number_levels(pl.Series("x", [2.5, 1.0, 2.5]))
    assert (codes.tolist(), values) == ([1, 0, 1], ("1.0", "2.5"))


def read(**columns):
    table = pl.DataFrame({"label": [0, 1, 0, 1], **columns})
    return {column.name: column for column in read_columns(table, Roles("label")).features}


def test_kinds_of_columns():
    instant = datetime(2021, 1, 1, 12, 0, 5, tzinfo=UTC)
    found = read(
        number=[1.5, None, float("nan"), float("inf")],
        code=[7, 7, 9, 9],
        row=[4, 3, 2, 1],
        words=["a", "a", None, "b"],
        names=["q", "r", "s", "t"],
        truth=[True, False, None, True],
        instant=[instant, None, instant, instant],
        day=[date(2021, 1, 1)] * 4,
        clock=[time(12)] * 4,
        span=[timedelta(hours=1)] * 4,
    )
    np.testing.assert_array_equal(found["number"].numbers, [1.5, np.nan, np.nan, np.nan])
    assert found["code"].levels.tolist() == [0, 0, 1, 1]
    assert [name for name, column in found.items() if column.is_id] == ["row", "names"]
    assert found["words"].numbers is None
    assert found["words"].values == ("missing", "a", "b")
    assert found["truth"].numbers.tolist()[:2] == [1.0, 0.0]
    assert found["instant"].numbers[0] == FIRST
    assert [name for name, column in found.items() if column.is_time] == ["instant", "day", "clock", "span"]


def test_rows_without_label_time_or_block_are_left_out_and_the_others_keep_their_number():
    table = pl.DataFrame({"label": [0, None, 1, 0], "t": [1.5, 2.5, None, 4.5], "b": ["x", "x", "x", "y"]})
    columns = read_columns(table, Roles("label", time="t", split="b"))
    assert columns.rows.tolist() == [1, 4]
    assert columns.time.tolist() == [1.5, 4.5]
    assert columns.block.tolist() == ["x", "y"]
    assert not columns.time_is_clock
    assert len(columns) == 2
