"""The map of a forecast: the model's surface on the store's own polygons, with the caption it must carry."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exports.caption import RiskCaption
from exports.risk_map import draw_risk_map
from incidents.errors import ConfigError
from tocsin.risk import StoredRisk

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_look(source: StoredRisk, as_of: datetime) -> "Figure":
    """Draw where the risk of the next stretch of time lies.

    Raises:
        ConfigError: The model has no surface.
    """
    look, frame = source.look(as_of), source.bundle.model.frame
    if look.expected is None:
        raise ConfigError(
            f"Expected a model with a risk surface for a map. Received: {source.bundle.model.training.model}. "
            "Train warning_net."
        )
    risk = look.risk
    caption = RiskCaption(
        city=risk.area,
        target=risk.event,
        time_zone=frame.windows.time_zone,
        issued_at=risk.issued_at,
        data_until=source.feed_at(as_of).newest_record or datetime.fromtimestamp(0, UTC),
        valid_from=risk.valid_from,
        valid_to=risk.valid_until,
        expires_at=risk.valid_until,
        probability=risk.probability,
        probability_lo=risk.interval[0],
        probability_hi=risk.interval[1],
        base_rate=risk.base_rate,
        has_skill=source.skill.shown,
    )
    return draw_risk_map(
        source.store.layer(source.store.city.area_layer), frame.grid, look.expected, caption=caption
    )
