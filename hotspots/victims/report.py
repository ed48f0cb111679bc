"""The report on clusters of victims: two parts side by side, in JSON and in words, and nothing about a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from hotspots.points import Floats, Ints
from hotspots.victims.analysis import Grouping, group_rows
from hotspots.victims.places import Places
from hotspots.victims.profiles import Difference, Profile, describe_clusters
from hotspots.victims.publication import Published, publish_clusters
from hotspots.victims.rows import levels_to_report
from hotspots.victims.settings import VictimSettings
from hotspots.victims.suppression import SafeTable
from hotspots.victims.variables import Variable
from hotspots.victims.words import FALLACY, PERSONS, PURPOSE, say_profile, say_structure
from rasterize.sheet import city_title

DECIMALS = 3


@dataclass(frozen=True)
class Part:
    """One way to group the rows.

    Args:
        name: For files and headings.
        about: What went in, one sentence.
        grouping: The clusters and their measures.
        published: Protected tables, or None where there is no structure to describe.
        profiles: One for each cluster.
    """

    name: str
    about: str
    grouping: Grouping
    published: Published | None
    profiles: tuple[Profile, ...]


@dataclass(frozen=True)
class Report:
    """All parts, and what a reader must know.

    Args:
        city: Its name, as its config writes it.
        what: What the rows are.
        period: When.
        parts: Side by side.
        notes: What was left out or repaired.
        has_persons: Whether the rows carry age, race or sex of victims.
    """

    city: str
    what: str
    period: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    has_persons: bool

    @property
    def title(self) -> str:
        """Heading."""
        return f"{city_title(self.city)}: groups of {self.what}, {self.period}"


def make_part(
    name: str,
    about: str,
    rows: pl.DataFrame,
    variables: Sequence[Variable],
    *,
    settings: VictimSettings,
    places: Sequence[Places],
    rng: np.random.Generator,
) -> Part:
    """Group rows by some variables, and describe the clusters if there are any.

    Args:
        name: For files and headings.
        about: What goes in, one sentence.
        rows: The frame of `hotspots.victims.rows`.
        variables: Of the same rows.
        settings: Section ``victims`` of the config.
        places: What clusters are described with, whether or not it went in.
        rng: All randomness.
    """
    grouping = group_rows(variables, settings, years=_years(rows), rng=rng)
    if not grouping.chance.structure:
        return Part(name, about, grouping, None, ())
    published = publish_clusters(
        grouping.labels, levels_to_report(rows), rows["area"], smallest_shown=settings.smallest_shown
    )
    return Part(name, about, grouping, published, tuple(describe_clusters(published, places)))


def _years(rows: pl.DataFrame) -> Ints:
    return rows["year"].cast(pl.Int64).to_numpy()


def measure(part: Part) -> dict[str, Any]:
    """The same measures for every part."""
    grouping = part.grouping
    axes, scan, density = grouping.axes, grouping.scan, grouping.density
    return {
        "rows": len(grouping.labels),
        "structure": grouping.chance.structure,
        "p_shuffled": grouping.chance.p_shuffled,
        "p_one_cloud": grouping.chance.p_one_cloud,
        "axes_kept": axes.kept,
        "explained_variance": _round(axes.explained[: axes.kept]),
        "clusters": grouping.clusters,
        "clusters_by_silhouette": scan.best,
        "clusters_by_elbow": scan.elbow,
        "silhouette": round(grouping.silhouette, DECIMALS),
        "hdbscan_clusters": density.clusters,
        "hdbscan_noise_share": round(density.noise_share, DECIMALS),
        "hdbscan_mean_membership": round(_mean_membership(grouping), DECIMALS),
        "mixture_components_by_bic": grouping.mixture.best,
        "agreement": {pair: round(index, DECIMALS) for pair, index in grouping.consensus.agreement.items()},
        "undecided_share": round(grouping.consensus.undecided_share, DECIMALS),
        "bootstrap_rand": round(grouping.stability.mean, DECIMALS),
        "bootstrap_rand_interval": [
            round(grouping.stability.low, DECIMALS),
            round(grouping.stability.high, DECIMALS),
        ],
        "last_year_rand": None if grouping.later_year is None else round(grouping.later_year, DECIMALS),
    }


def _mean_membership(grouping: Grouping) -> float:
    inside = grouping.density.labels >= 0
    return float(grouping.density.membership[inside].mean()) if inside.any() else 0.0


def to_json(report: Report) -> dict[str, Any]:
    """The report for programs; withheld cells are null."""
    return {
        "title": report.title,
        "parts": {part.name: _part_to_json(part) for part in report.parts},
        "statements": list(statements(report)),
        "notes": list(report.notes),
    }


def _part_to_json(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {"about": part.about, "verdict": _verdict(part), "measures": measure(part)}
    if part.published:
        told["sizes"] = dict(zip(part.published.clusters, part.published.sizes.tolist(), strict=True))
        told["tables"] = {
            name: _table_to_json(table, part.published) for name, table in part.published.tables.items()
        }
        if part.published.areas:
            told["areas"] = _table_to_json(part.published.areas, part.published)
        told["profiles"] = [_profile_to_json(profile) for profile in part.profiles]
    return told


def _verdict(part: Part) -> str:
    return say_structure(part.grouping.chance, silhouette=part.grouping.silhouette)


def _table_to_json(table: SafeTable, published: Published) -> dict[str, Any]:
    cells = {
        cluster: [None if np.isnan(cell) else int(cell) for cell in row]
        for cluster, row in zip(published.clusters, table.shown.tolist(), strict=True)
    }
    return {
        "levels": list(table.levels),
        "totals": table.of_level.tolist(),
        "together": list(table.pooled),
    } | cells


def _profile_to_json(profile: Profile) -> dict[str, Any]:
    return {
        "cluster": profile.cluster,
        "text": say_profile(profile),
        "differences": [_difference_to_json(each) for each in (*profile.levels, *profile.places)],
        "rows_in_areas_shown": round(profile.covered, DECIMALS),
    }


def _difference_to_json(each: Difference) -> dict[str, Any]:
    numbers = {"here": each.here, "elsewhere": each.elsewhere, "standardised": each.standardised}
    interval = {"low": each.low, "high": each.high}
    rounded = {name: round(value, DECIMALS) for name, value in (numbers | interval).items()}
    return {"variable": each.variable, "level": each.level or None} | rounded


def _round(values: Floats) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]


def statements(report: Report) -> tuple[str, ...]:
    """What must stand in every report."""
    return (PURPOSE, PERSONS, FALLACY) if report.has_persons else (PURPOSE, FALLACY)


def to_markdown(report: Report, *, pictures: Mapping[str, Sequence[str]]) -> str:
    """The report for people.

    Args:
        report: What was found.
        pictures: File names by part.
    """
    parts = [f"# {report.title}", *(f"> {text}" for text in statements(report))]
    parts.append("## Side by side\n\n" + _side_by_side(report))
    for part in report.parts:
        parts += [f"## {part.name.capitalize()}", part.about, f"**{_verdict(part)}**"]
        parts += [say_profile(profile) for profile in part.profiles]
        parts += [_differences_table(profile) for profile in part.profiles]
        parts += [f"![{file}]({file})" for file in pictures.get(part.name, ())]
    parts.append("## Notes\n\n" + "\n".join(f"- {note}" for note in report.notes))
    return "\n\n".join(parts) + "\n"


def _side_by_side(report: Report) -> str:
    """All measures, a column for each part."""
    measured = [measure(part) for part in report.parts]
    head = "| measure | " + " | ".join(part.name for part in report.parts) + " |"
    rule = "|---" * (len(report.parts) + 1) + "|"
    lines = [
        f"| {name.replace('_', ' ')} | " + " | ".join(_show(each[name]) for each in measured) + " |"
        for name in measured[0]
    ]
    return "\n".join([head, rule, *lines])


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_show(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_show(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else f"{value:,}"


def _name(each: Difference) -> str:
    return f"{each.variable} {each.level}".strip()


def _differences_table(profile: Profile, *, most: int = 10) -> str:
    """The largest differences of one cluster with their intervals."""
    found = sorted((*profile.levels, *profile.places), key=lambda each: -abs(each.standardised))[:most]
    head = f"| {profile.cluster} | here | elsewhere | standardised difference | 95% interval |\n|---|---|---|---|---|"
    lines = [
        f"| {_name(each)} | {each.here:.2f} | {each.elsewhere:.2f} | {each.standardised:+.2f} | "
        f"{each.low:+.2f} to {each.high:+.2f} |"
        for each in found
    ]
    return "\n".join([head, *lines])
