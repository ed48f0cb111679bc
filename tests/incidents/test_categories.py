"""The first rule that matches a row's words decides what it is."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.categories import classify
from incidents.errors import ConfigError
from incidents.schema import Category, Origin
from incidents.source import CategoryRule

RULES = (
    CategoryRule(Category.SHOOTING, "^BATTERY", detail="HANDGUN|FIREARM"),
    CategoryRule(Category.COMMON_ASSAULT, "^BATTERY"),
    CategoryRule(Category.NARCOTICS, "NARCOTIC", origin=Origin.DISCOVERED),
)


def words(*pairs: tuple[str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"offense": pl.String, "detail": pl.String}, orient="row")


def test_rules_are_tried_in_order_and_a_missing_detail_matches_no_detail() -> None:
    rows = words(("Battery", "Agg: Handgun"), ("BATTERY", "SIMPLE"), ("BATTERY", None), ("NARCOTICS", None))
    found = classify(rows, RULES)
    assert found.category.to_list() == ["shooting", "common_assault", "common_assault", "narcotics"]
    assert found.origin.to_list() == ["reported", "reported", "reported", "discovered"]
    assert not found.unmapped.any()


def test_what_no_rule_knows_is_other_of_unknown_origin_and_flagged() -> None:
    found = classify(words(("LITTERING", None), (None, None), ("A BATTERY", "GUN")), RULES)
    assert found.category.to_list() == ["other"] * 3
    assert found.origin.to_list() == ["unknown"] * 3
    assert found.unmapped.to_list() == [True] * 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["BATTERY", "battery ", "NARCOTICS", "THEFT", "", None]),
            st.sampled_from(["HANDGUN", "a Firearm", "SIMPLE", "", None]),
        ),
        min_size=1,
    )
)
def test_every_row_agrees_with_the_rules_read_one_by_one(pairs: list[tuple[str | None, str | None]]) -> None:
    def by_hand(offense: str | None, detail: str | None) -> str:
        for rule in RULES:
            hit = offense is not None and re.search(rule.offense, offense.upper())
            if hit and (
                rule.detail is None or (detail is not None and re.search(rule.detail, detail.upper()))
            ):
                return rule.category.value
        return "other"

    assert classify(words(*pairs), RULES).category.to_list() == [by_hand(*pair) for pair in pairs]


def test_a_rule_that_is_no_regular_expression_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        classify(words(("A", None)), (CategoryRule(Category.ARSON, "^(ARSON"),))
    assert str(caught.value).startswith("Expected a regular expression for arson. Received: '^(ARSON' (")
    assert str(caught.value).endswith("Correct the rule under categories.")
