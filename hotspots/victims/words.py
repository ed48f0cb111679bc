"""Plain sentences made from the numbers of a profile and of a test, for readers who read no tables."""

from collections.abc import Sequence

from hotspots.victims.chance import ChanceTest
from hotspots.victims.profiles import Difference, Profile

NOTABLE = 0.2
"""A standardised difference below this is called small (Cohen 1988)."""

NAMED = 4
FALLACY = (
    "What is said here of neighborhoods is said of neighborhoods, not of persons (ecological fallacy). That incidents of "
    "a cluster fall in places with many vacant houses, or of one census composition, does not say that their victims "
    "lived there, nor who they were: shares of residents are not shares of victims. An association between places can "
    "be absent or reversed among persons (Robinson 1950, doi:10.2307/2087176)."
)
PERSONS = (
    "Age, race and sex are those that the police recorded of victims. They say who was harmed, not who harms, and not "
    "why: groups that live where risk is high are harmed more often whatever they do."
)
PURPOSE = (
    "Clusters describe reported incidents of a past period for planning help and prevention. They are no risk score of a "
    "person, nobody is assigned to a cluster, and no output has rows. Reported incidents are those that reached the police."
)


def say_structure(test: ChanceTest, *, silhouette: float) -> str:
    """One sentence: whether there are clusters beyond chance, and how clear they are."""
    p = max(test.p_shuffled, test.p_one_cloud)
    if not test.structure:
        return (
            f"No cluster structure: rows in which nothing hangs together cluster as tightly (p = {p:.3f} in "
            f"{test.draws} draws from each null). No cluster is described, since any would be made by the method."
        )
    return (
        f"Clusters are tighter than by chance (p <= {p:.3f} in {test.draws} draws from each null) and "
        f"{_clarity(silhouette)} (mean silhouette {silhouette:.2f})."
    )


def _clarity(silhouette: float) -> str:
    """Words for a silhouette, after Kaufman and Rousseeuw (1990)."""
    if silhouette > 0.7:
        return "clearly apart"
    if silhouette > 0.5:
        return "reasonably apart"
    return "weakly apart: they overlap" if silhouette > 0.25 else "hardly apart: they run into each other"


def say_profile(profile: Profile) -> str:
    """A paragraph on one cluster: size, what is more and less frequent than elsewhere, when, and where.

    Only differences whose interval leaves out zero and that are not small are mentioned.
    """
    notable = [each for each in profile.levels if each.is_clear and abs(each.standardised) >= NOTABLE]
    more = [each for each in notable if each.standardised > 0 and each.here > 0]
    less = [each for each in notable if each.standardised < 0]
    parts = [f"{profile.cluster.capitalize()} has {profile.rows:,} rows, {profile.share:.0%} of all."]
    if more:
        parts.append(f"More frequent than elsewhere: {_list_shares(more)}.")
    if less:
        parts.append(f"Less frequent: {_list_shares(less)}.")
    if not notable:
        parts.append("No level that may be shown differs much from all other rows.")
    return " ".join([*parts, *_say_places(profile)])


def _say_places(profile: Profile) -> list[str]:
    parts = []
    apart = [each for each in profile.places if each.is_clear and abs(each.standardised) >= NOTABLE][:NAMED]
    if apart:
        means = "; ".join(f"{each.variable} {each.here:.2f} against {each.elsewhere:.2f}" for each in apart)
        parts.append(f"The neighborhoods it falls in differ: {means}.")
    if profile.top_areas:
        named = ", ".join(f"{area} ({rows:,})" for area, rows in profile.top_areas)
        parts.append(f"Most of its rows that may be shown by area are in {named}.")
    return parts


def _list_shares(found: Sequence[Difference]) -> str:
    return "; ".join(
        f"{each.variable} {each.level} ({each.here:.0%} against {each.elsewhere:.0%})"
        for each in found[:NAMED]
    )
