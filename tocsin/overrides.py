"""Options of the command line that take the place of a config's values."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from incidents.errors import ConfigError

Section = TypeVar("Section")


def override(section: Section, options: Mapping[str, Any]) -> Section:
    """Return a config section with the options that were given, checked like the config itself.

    Raises:
        ConfigError: An option has a value that the section does not take.
    """
    from pydantic import TypeAdapter, ValidationError

    given = {name: value for name, value in options.items() if value is not None}
    try:
        return TypeAdapter(type(section)).validate_python({**asdict(section), **given})  # type: ignore[call-overload]
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(
            f"Expected another value for --{fault['loc'][0]}. Received: {fault['input']!r}. {fault['msg']}."
        ) from error
