"""The section ``victims`` of a city's config: census shares, a table of victims, and how groups are sought."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hotspots.victims.variables import Representation
from incidents.source import TimeColumns

STRICT = {"extra": "forbid"}


@dataclass(frozen=True)
class CensusShare:
    """One share of a neighborhood's census counts.

    Args:
        of: Properties of the polygon file that are added.
        per: Property that they are divided by; where it is 0 the share is missing.
    """

    __pydantic_config__ = STRICT

    of: tuple[str, ...]
    per: str


@dataclass(frozen=True)
class VictimTable:
    """Which columns of a table of victims play which role; no other column is read.

    Names, ids, addresses and dates of birth are refused here, by name and by content.

    Args:
        occurred: When the incident happened; a format without an hour leaves the hour unknown.
        longitude: Degrees, WGS84; used to find the neighborhood and then dropped.
        latitude: Degrees, WGS84.
        levels: Columns of words, by the name that the report gives them (``category``, ``weapon``, ``race``,
            ``sex``, ...).
        age: Column of ages in years, if there is one; it becomes age bands.
        missing_words: Words that mean that nothing is known, in capitals.
        encoding: Of the file.
    """

    __pydantic_config__ = STRICT

    occurred: TimeColumns
    longitude: str
    latitude: str
    levels: Mapping[str, str]
    age: str | None = None
    missing_words: tuple[str, ...] = ("", "UNKNOWN", "NA", "N/A")
    encoding: str = "utf-8"


@dataclass(frozen=True)
class VictimSettings:
    """How groups of victims are sought and what may be published of them.

    Args:
        census: Shares of the neighborhoods' census, by the name that the report gives them.
        table: The columns of a table given with ``--table``, if the city has one.
        representation: How levels are weighed against each other; see `Representation`.
        clusters: Number of clusters, or None for the number with the best silhouette.
        smallest_cluster: Clusters with fewer rows join the undecided ones.
        smallest_shown: Counts from 1 to below this are withheld.
        sample: Rows on which silhouettes, HDBSCAN and mixtures are computed.
        resamples: Bootstrap samples for stability, and permutations of each null test.
    """

    __pydantic_config__ = STRICT

    census: Mapping[str, CensusShare] = field(default_factory=dict)
    table: VictimTable | None = None
    representation: Representation = Representation.BALANCED
    clusters: int | None = None
    smallest_cluster: int = 100
    smallest_shown: int = 10
    sample: int = 6000
    resamples: int = 39
