"""How much an old incident still counts for what comes next.

Times are UTC, ``datetime64``, ``(n,)``.
"""

import math
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats
from incidents.errors import ConfigError, DataError
from incidents.selection import check_aware

US_PER_DAY = 86_400_000_000


def weigh_recent(
    occurred_at: npt.ArrayLike,
    known_at: npt.ArrayLike,
    *,
    as_of: datetime,
    half_life_days: float,
) -> Floats:
    """Weigh incidents by their age: one half for each half-life, nothing for what was not on record yet.

    Used as weights of a density, it makes a prospective map: where incidents were dense lately. Short half-lives
    follow near repeats, long ones approach the static map; choose by the score on later data (``verify``), not
    by looks.

    Args:
        occurred_at: When incidents happened, ``(n,)``, UTC.
        known_at: When they became known, ``(n,)``, UTC; with an assumed delay where the source has none.
        as_of: Only what was known then counts; UTC-aware.
        half_life_days: Age at which an incident counts one half, days.

    Returns:
        Weights in [0, 1], ``(n,)``; 0 where not known by ``as_of``, or NaT.

    Raises:
        ConfigError: The half-life is not positive, or ``as_of`` has no zone.
        DataError: The arrays differ in length.

    Reference:
        Prospective hot-spotting: Bowers, Johnson and Pease (2004), doi:10.1093/bjc/azh036.

    Example:
        >>> times = np.array(["2015-07-01", "2015-07-08", "2015-07-15"], dtype="datetime64[us]")
        >>> weigh_recent(times, times, as_of=datetime(2015, 7, 8, tzinfo=UTC), half_life_days=7.0).tolist()
        [0.5, 1.0, 0.0]
    """
    if not half_life_days > 0:
        raise ConfigError(
            f"Expected a positive half-life in days. Received: {half_life_days}. Try 14 for near repeats."
        )
    check_aware(as_of=as_of)
    occurred, known = (np.asarray(times, dtype="datetime64[us]") for times in (occurred_at, known_at))
    if occurred.ndim != 1 or occurred.shape != known.shape:
        raise DataError(
            f"Expected two times for every incident. Received: {occurred.shape} and {known.shape}. Align them."
        )
    now = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    on_record = (known <= now) & (occurred <= now)
    age_us = np.where(on_record, now - occurred, np.timedelta64(0, "us")).astype(np.int64)
    return np.where(on_record, np.exp(-math.log(2.0) / half_life_days * (age_us / US_PER_DAY)), 0.0)
