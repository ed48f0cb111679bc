"""Glue between a store and the event tensor: the frame of a config or of a trained model."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cnn.settings import Learning
from incidents.errors import ConfigError, DataError
from incidents.schema import Category
from incidents.store import IncidentStore
from rasterize.build import Frame, build_tensor, require_every_channel
from rasterize.grid import cover_polygons
from rasterize.overlay import draw_overlay
from rasterize.tensors import EventTensor
from rasterize.windows import make_windows, zone
from tocsin.config import CityConfig


@dataclass(frozen=True)
class Days:
    """Local days ``[start, stop)``."""

    start: date
    stop: date


def open_store(root: Path, config: CityConfig) -> IncidentStore:
    """Open the store of the config's city.

    Raises:
        StoreError: There is no store.
        ConfigError: It is another city's.
    """
    store = IncidentStore(root)
    store.check_city(config.source)
    return store


def stored_days(store: IncidentStore) -> Days:
    """Local days from the first to the last incident of a store.

    Raises:
        DataError: The store is empty.
    """
    span = store.span()
    if span is None:
        raise DataError(
            f"Expected incidents in the store {store.root}. Received: none. Run `tocsin ingest` first."
        )
    city = zone(store.city.time_zone)
    first, last = (instant.astimezone(city).date() for instant in span)
    return Days(first, last + timedelta(days=1))


def tensor_of_config(config: CityConfig, store: IncidentStore, days: Days) -> EventTensor:
    """Rasterise a store by a config, every channel checked to hold something."""
    polygons = store.layer(config.source.area_layer)
    grid = cover_polygons(polygons, cell_size_m=config.raster.cell_size_m)
    frame = Frame(
        grid=grid,
        windows=make_windows(
            days.start, days.stop, time_zone=config.source.time_zone, hours=config.raster.window_hours
        ),
        overlay=draw_overlay(polygons, grid),
        channels=config.raster.channels,
        delay_hours=config.source.reporting_delay_hours,
    )
    incidents = store.scan()
    about = _about(config, days)
    tensor = build_tensor(incidents, frame, about=about)
    require_every_channel(tensor, config.raster.channels)
    return tensor


def tensor_of_model(
    model_frame: EventTensor, store: IncidentStore, days: Days, *, as_of: datetime | None = None
) -> EventTensor:
    """Rasterise a store in the frame that a model was trained in.

    Args:
        model_frame: The model's grid, overlay, channels and assumptions.
        store: The incidents, old and new.
        days: Local days to cover.
        as_of: Leave out what was not on record then; None takes everything.

    Returns:
        The tensor.
    """
    about = model_frame.about
    channels = {name: tuple(Category(c) for c in members) for name, members in about["channels"].items()}
    frame = Frame(
        grid=model_frame.grid,
        windows=make_windows(
            days.start, days.stop, time_zone=model_frame.windows.time_zone, hours=model_frame.windows.hours
        ),
        overlay=model_frame.overlay,
        channels=channels,
        delay_hours=about["reporting_delay_hours"],
    )
    incidents = store.scan(as_of=as_of, delay_hours=about["reporting_delay_hours"])
    return build_tensor(incidents, frame, about=about)


def history_start(model_frame: EventTensor, store: IncidentStore) -> date:
    """First day of the history that the model was trained with.

    Raises:
        ConfigError: The store begins later, so its history would be shorter than the model knows it.
    """
    start = date.fromisoformat(model_frame.about["start"])
    first = stored_days(store).start
    if first > start + timedelta(days=31):
        raise ConfigError(
            f"Expected a store that begins about {start}, as the one that the model was trained on. Received: "
            f"{store.root}, which begins {first}. Ingest the earlier files too."
        )
    return start


def _about(config: CityConfig, days: Days) -> dict[str, Any]:
    """What must stay beside a tensor so that a model can be used without the config."""
    return {
        "city": config.source.name,
        "start": days.start.isoformat(),
        "channels": {name: [c.value for c in members] for name, members in config.raster.channels.items()},
        "reporting_delay_hours": dict(config.source.reporting_delay_hours),
        "learning": Learning(config.target, config.periods, config.training).to_json(),
        "config_sha256": config.digest,
    }
