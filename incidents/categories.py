"""Which harmonised category a source's own words mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from incidents.errors import ConfigError
from incidents.schema import INCIDENT_SCHEMA, Category, Origin
from incidents.source import CategoryRule

UNMATCHED = -1
NO_TEXT = 2**32 - 1
"""Code of a missing text; Polars gives none so high."""


@dataclass(frozen=True)
class Classified:
    """``category`` and ``origin`` row by row, and flags of the offenses that no rule knows."""

    category: pl.Series
    origin: pl.Series
    unmapped: pl.Series


def classify(rows: pl.DataFrame, rules: Sequence[CategoryRule]) -> Classified:
    """Apply the first rule that matches each row's words.

    Rules are tried on the distinct texts only; there are a few hundred of them in a million rows.

    Args:
        rows: Columns ``offense`` and ``detail`` (String, may be null).
        rules: In order; what none matches becomes ``other`` of ``unknown`` origin.

    Raises:
        ConfigError: A rule is no regular expression.
    """
    check_rules(rules)
    rule = _first_match_of_each(rows.select("offense", "detail"), rules)
    # The last entry of the table is what no rule matches; index -1 reaches it.
    table = _meanings(rules)
    return Classified(table["category"].gather(rule), table["origin"].gather(rule), rule == UNMATCHED)


def _first_match_of_each(words: pl.DataFrame, rules: Sequence[CategoryRule]) -> pl.Series:
    """Rule of each row, found on the distinct texts; codes of texts are quicker to compare than texts."""
    codes = words.select(pl.all().cast(pl.Categorical).to_physical().cast(pl.UInt64).fill_null(NO_TEXT))
    coded = words.with_columns(code=codes["offense"] * (NO_TEXT + 1) + codes["detail"])
    matched = coded.unique("code").select("code", rule=_first_match(rules))
    return coded.select("code").join(matched, on="code", how="left", maintain_order="left")["rule"]


def check_rules(rules: Sequence[CategoryRule]) -> None:
    """Refuse rules that are not valid regular expressions.

    Raises:
        ConfigError: Names the pattern and what is wrong with it.
    """
    empty = pl.Series([""])
    for rule in rules:
        for pattern in (rule.offense, rule.detail):
            try:
                empty.str.contains(pattern or "")
            except pl.exceptions.ComputeError as error:
                raise ConfigError(
                    f"Expected a regular expression for {rule.category.value}. Received: {pattern!r} "
                    f"({str(error).splitlines()[-1]}). Correct the rule under categories."
                ) from error


def _first_match(rules: Sequence[CategoryRule]) -> pl.Expr:
    """Index of the first matching rule, ``UNMATCHED`` where there is none."""
    offense, detail = pl.col("offense").str.to_uppercase(), pl.col("detail").str.to_uppercase()
    found = pl.lit(UNMATCHED)
    for place, rule in reversed(list(enumerate(rules))):
        hit = offense.str.contains(rule.offense)
        if rule.detail is not None:
            hit = hit & detail.str.contains(rule.detail)
        found = pl.when(hit).then(place).otherwise(found)
    return found.cast(pl.Int32)


def _meanings(rules: Sequence[CategoryRule]) -> pl.DataFrame:
    """Category and origin by rule index, then those of a row that no rule matches."""
    return pl.DataFrame(
        {
            "category": [*(rule.category.value for rule in rules), Category.OTHER.value],
            "origin": [*(rule.origin.value for rule in rules), Origin.UNKNOWN.value],
        },
        schema={name: INCIDENT_SCHEMA[name] for name in ("category", "origin")},
    )
