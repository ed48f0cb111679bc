"""What a config file says: one YAML per city, checked key by key before anything runs.

Each room owns the dataclass of its section; this module only reads the file, hands each section to its
dataclass and turns what pydantic finds into one message.
"""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from alerts.settings import AlertSettings
from cnn.settings import Periods, Target, Training
from hotspots.victims.settings import VictimSettings
from incidents.errors import ConfigError
from incidents.schema import ENFORCEMENT_CREATED, Category
from incidents.simulate.settings import SimulationSettings
from incidents.source import CitySource
from rasterize.settings import RasterSettings

SOURCE_KEYS = tuple(field.name for field in fields(CitySource))
SECTIONS: Mapping[str, type] = {
    "raster": RasterSettings,
    "target": Target,
    "periods": Periods,
    "training": Training,
    "alert": AlertSettings,
    "simulation": SimulationSettings,
    "victims": VictimSettings,
}
OPTIONAL = {"periods", "training", "alert", "simulation", "victims"}


@dataclass(frozen=True)
class CityConfig:
    """A checked config.

    Args:
        source: The city and its files.
        raster: Cells, windows and channels.
        target: What is announced.
        periods: Blocks of time to learn and calibrate on.
        training: Model and how it is trained.
        alert: When to warn and when to abstain.
        simulation: The simulated city, where the config describes one.
        victims: How groups of victims are sought and what may be published of them.
        path: The file it came from.
        text: The file as it was read.
    """

    source: CitySource
    raster: RasterSettings
    target: Target
    periods: Periods
    training: Training
    alert: AlertSettings
    simulation: SimulationSettings | None
    victims: VictimSettings
    path: Path
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_config(path: Path) -> CityConfig:
    """Read and check a city's YAML.

    Args:
        path: The file.

    Returns:
        The config.

    Raises:
        ConfigError: No such file, no YAML mapping, an unknown or missing key, a wrong value, or a target
            that enforcement creates; names the key, what was expected, and the nearest known key.
    """
    text = _read(path)
    keys = _parse(text, path)
    _refuse_unknown(keys, path)
    source = _check(CitySource, {key: keys[key] for key in SOURCE_KEYS if key in keys}, path, "")
    sections = {
        name: _check(section, keys.get(name, {}), path, name)
        for name, section in SECTIONS.items()
        if name in keys or (name in OPTIONAL and name != "simulation")
    }
    missing = [name for name in SECTIONS if name not in sections and name not in OPTIONAL]
    if missing:
        raise ConfigError(
            f"Expected the sections {missing} in {path}. Received: none. See configs/baltimore.yaml."
        )
    _refuse_targets(sections["target"], path)
    sections.setdefault("simulation", None)
    return CityConfig(source=source, **sections, path=path, text=text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Expected a YAML config. Received: {path} ({error}). Give one from configs/ or write your own."
        ) from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        keys = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"Expected YAML in {path}. Received: {error}. Correct that line.") from error
    if not isinstance(keys, dict):
        raise ConfigError(
            f"Expected `key: value` lines in {path}. Received: {type(keys).__name__}. See configs/."
        )
    return keys


def _refuse_unknown(keys: Mapping[str, Any], path: Path) -> None:
    known = [*SOURCE_KEYS, *SECTIONS]
    for key in keys:
        if key not in known:
            raise ConfigError(f"Expected a known key in {path}. Received: {key}.{_nearest(str(key), known)}")


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    listed = ", ".join(sorted(known))
    return (f" Did you mean {close[0]}?" if close else "") + f" Known keys: {listed}."


@cache
def _adapter(section: type) -> TypeAdapter[Any]:
    return TypeAdapter(section)


def _check(section: type, values: Any, path: Path, name: str) -> Any:
    """Build a section's dataclass, or say in one message all that is wrong with it."""
    try:
        return _adapter(section).validate_python(values)
    except ValidationError as error:
        faults = "; ".join(_describe(fault, section, name) for fault in error.errors())
        raise ConfigError(
            f"Expected a valid config in {path}. Received: {faults.removesuffix('.')}. Correct it there."
        ) from error


def _describe(fault: Any, section: type, name: str) -> str:
    """One fault in words: where, what was wrong, what was there."""
    where = ".".join(str(part) for part in (*([name] if name else []), *fault["loc"]))
    if fault["type"] == "unexpected_keyword_argument":
        *parents, key = fault["loc"]
        return f"{where}: unknown key.{_nearest(str(key), _keys_under(section, parents))}"
    return (
        f"{where}: {fault['msg']} (it is {fault['input']!r})"
        if fault["type"] != "missing"
        else f"{where}: missing"
    )


def _keys_under(section: Any, parents: Sequence[str | int]) -> list[str]:
    """Keys that may stand at a place of a section, found by following its types."""
    kind = section
    for parent in parents:
        # Of a mapping or a tuple the values count, whatever their key or number.
        kind = get_type_hints(kind)[str(parent)] if is_dataclass(kind) else _members(kind)[-1]
        if isinstance(kind, UnionType):
            kind = _members(kind)[0]
    return [each.name for each in fields(kind)]


def _members(kind: Any) -> list[Any]:
    return [member for member in get_args(kind) if member not in (Ellipsis, NoneType)]


def _refuse_targets(target: Target, path: Path) -> None:
    """Refuse targets that are no category, or that follow where enforcement looks."""
    known = [category.value for category in Category]
    for name in target.categories:
        if name not in known:
            raise ConfigError(
                f"Expected target.categories among the harmonised ones in {path}. Received: {name}."
                f"{_nearest(name, known)}"
            )
        if Category(name) in ENFORCEMENT_CREATED:
            raise ConfigError(
                f"Expected a target that victims or callers report. Received: {name}, which enforcement "
                f"creates: forecasting it would forecast patrols. Remove it from target.categories in {path}."
            )
