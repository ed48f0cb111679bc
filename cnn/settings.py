"""What is forecast, on which blocks of time, by which model: the sections of a config that training reads."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from incidents.errors import ConfigError

STRICT = {"extra": "forbid"}

ModelName = Literal["warning_net", "seed_model_1", "seed_model_2"]


@dataclass(frozen=True)
class Target:
    """The event to announce, and when it counts as impending.

    Args:
        categories: Harmonised categories; any one of them is the event.
        lead_hours: Gap between the end of what is seen and the start of what is forecast.
        horizon_hours: Length of what is forecast.
        unit: Where it is forecast. The city, with a risk surface over the cells beside it.
        framing: ``impending`` looks ahead. ``nowcast`` classifies the very window that is seen, as the
            original map project did; it is no forecast and is labelled so everywhere.
        own_dots: In a nowcast, whether the map shows the incidents of the target themselves.
    """

    __pydantic_config__ = STRICT

    categories: tuple[str, ...]
    lead_hours: int = 0
    horizon_hours: int = 2
    unit: Literal["city"] = "city"
    framing: Literal["impending", "nowcast"] = "impending"
    own_dots: bool = True


@dataclass(frozen=True)
class Periods:
    """Forward-in-time blocks: dates, or shares of the tensor's span where dates are left out.

    Args:
        train: Local days ``[start, stop)`` to learn from.
        calibrate: Local days to calibrate and choose on; after ``train``.
        train_share: Share of the span for ``train`` where no dates are given.
        calibrate_share: Share of the span for ``calibrate`` where no dates are given; the rest is for tests.
    """

    __pydantic_config__ = STRICT

    train: tuple[date, date] | None = None
    calibrate: tuple[date, date] | None = None
    train_share: float = 0.6
    calibrate_share: float = 0.2


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Args:
        model: Which builder of ``cnn.models``.
        stack: Number of past windows shown, newest first; the seed models always see one.
        half_lives_days: Half-lives of the slow history channels, days.
        filters: Filters of each convolution of ``warning_net``.
        epochs: Most passes over the training block.
        batch_size: Windows in a step.
        learning_rate: Of Adam.
        patience: Epochs without a better held-out tail of the training block before it stops.
        negatives_kept: Share of event-free windows trained on; probabilities are corrected for it.
        surface_weight: Weight of the risk surface's loss beside the city's.
        seed: Of every random draw.
    """

    __pydantic_config__ = STRICT

    model: ModelName = "warning_net"
    stack: int = 1
    half_lives_days: tuple[float, ...] = (7.0, 28.0, 91.0, 364.0)
    filters: int = 16
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int = 3
    negatives_kept: float = 1.0
    surface_weight: float = 1.0
    seed: int = 20150704


def check_training(training: Training) -> None:
    """Refuse settings that nothing can be trained with.

    Raises:
        ConfigError: The first setting that is out of range, with its range.
    """
    for name, expected, holds in _requirements(training):
        if not holds:
            raise ConfigError(
                f"Expected training.{name} to be {expected}. Received: {getattr(training, name)}. "
                "Change it in the config."
            )


def _requirements(training: Training) -> Iterator[tuple[str, str, bool]]:
    for name in ("stack", "filters", "epochs", "batch_size"):
        yield name, "1 or more", getattr(training, name) >= 1
    half_lives = training.half_lives_days
    yield "half_lives_days", "one or more days above 0", bool(half_lives) and min(half_lives) > 0
    yield "learning_rate", "above 0", training.learning_rate > 0
    yield "negatives_kept", "a share in (0, 1]", 0 < training.negatives_kept <= 1
    for name in ("patience", "surface_weight", "seed"):
        yield name, "0 or more", getattr(training, name) >= 0


@dataclass(frozen=True)
class Learning:
    """All that training needs to be told beside the tensor; kept with it, so that a GPU box needs no config.

    Args:
        target: What is announced.
        periods: Blocks of time.
        training: Model and how it is trained.
    """

    target: Target
    periods: Periods
    training: Training

    def to_json(self) -> dict[str, Any]:
        """Return the sections as JSON-able values."""
        fields = asdict(self)
        for block in ("train", "calibrate"):
            days = fields["periods"][block]
            fields["periods"][block] = None if days is None else [day.isoformat() for day in days]
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Learning":
        """Rebuild from :meth:`to_json`."""
        periods = dict(fields["periods"])
        for block in ("train", "calibrate"):
            if periods[block] is not None:
                periods[block] = tuple(date.fromisoformat(day) for day in periods[block])
        return cls(
            Target(**with_tuples(fields["target"])),
            Periods(**periods),
            Training(**with_tuples(fields["training"])),
        )


def with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the lists that JSON knows back into the tuples of the dataclasses."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
