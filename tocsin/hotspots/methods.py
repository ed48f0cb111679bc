"""Which methods there are, what each reads, and how one answers a question from a store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.errors import ConfigError
from incidents.store import IncidentStore
from tocsin.config import CityConfig
from tocsin.hotspots.answer import Answer, write_answer
from tocsin.hotspots.clusters import find_dbscan, find_hdbscan
from tocsin.hotspots.density import find_density
from tocsin.hotspots.emerging import find_patterns
from tocsin.hotspots.evidence import Evidence, describe_evidence, gather_evidence, gather_later
from tocsin.hotspots.local import find_gi_star, find_local_moran
from tocsin.hotspots.near_repeat import find_near_repeats
from tocsin.hotspots.options import HotspotOptions, check_options, nearest_first
from tocsin.hotspots.patrol import plan_patrols
from tocsin.hotspots.places import find_around_places
from tocsin.hotspots.use import judge_answer

JUDGED = frozenset({"judge_until"})
ON_PLACES = frozenset({"cell_size_m", "areas", "neighbors_m"}) | JUDGED


@dataclass(frozen=True)
class Method:
    """A way to look for hotspots.

    Args:
        find: From evidence to an answer.
        takes: Options that it reads beside those of every method.
    """

    find: Callable[[Evidence], Answer]
    takes: frozenset[str]


METHODS: Mapping[str, Method] = {
    "kde": Method(find_density, frozenset({"cell_size_m", "bandwidth_m"}) | JUDGED),
    "dbscan": Method(find_dbscan, frozenset({"reach_m", "min_incidents", "replicates"}) | JUDGED),
    "hdbscan": Method(find_hdbscan, frozenset({"min_incidents", "replicates"}) | JUDGED),
    "gi-star": Method(find_gi_star, ON_PLACES | {"permutations"}),
    "local-moran": Method(find_local_moran, ON_PLACES | {"permutations"}),
    "emerging": Method(find_patterns, ON_PLACES | {"slice_days"}),
    "near-repeat": Method(find_near_repeats, frozenset({"permutations"})),
    "places": Method(find_around_places, frozenset({"places", "permutations", "cell_size_m", "bandwidth_m"})),
    "patrol": Method(
        plan_patrols, frozenset({"cell_size_m", "bandwidth_m", "patrol_areas", "patrol_km2", "harm"}) | JUDGED
    ),
}


@dataclass(frozen=True)
class Written:
    """What was found, in words and as the JSON says it."""

    summary: str
    told: dict[str, Any]


def find_hotspots(
    city: CityConfig, store: IncidentStore, method: str, options: HotspotOptions, *, folder: Path
) -> Written:
    """Answer a question from a store and write the answer.

    Raises:
        ConfigError: An unknown method, or options that it does not read.
        DataError: There is nothing to answer from.
        StoreError: The files could not be written.
    """
    chosen = choose_method(method)
    check_options(options, method=method, takes=chosen.takes)
    evidence = gather_evidence(city, store, options)
    answer = chosen.find(evidence)
    common = {**describe_evidence(evidence), **_judge(answer, evidence, store)}
    told = write_answer(answer, common, polygons=evidence.polygons, stem=method, folder=folder)
    words = evidence.words
    lost = told["unlocated"] + told["outside"]
    return Written(
        f"{method}: {answer.summary}; {told['incidents']:,} reported incidents, {words.what}, {words.period}, "
        f"{lost:,} of them without a place in the city",
        told,
    )


def _judge(answer: Answer, evidence: Evidence, store: IncidentStore) -> dict[str, Any]:
    """What the result would have been worth, where that is asked."""
    until = evidence.options.judge_until
    if until is None:
        return {}
    return judge_answer(answer, evidence, gather_later(store, evidence, until))


def choose_method(name: str) -> Method:
    """A method by its name.

    Raises:
        ConfigError: An unknown name; lists the known ones, the nearest first.
    """
    if name not in METHODS:
        raise ConfigError(
            f"Expected a method. Received: {name!r}. Use one of: {nearest_first(name, list(METHODS))}."
        )
    return METHODS[name]
