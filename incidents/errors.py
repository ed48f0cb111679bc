"""The exception tree of the whole project.

::

    TocsinError                    exit code 1
    ├── ConfigError (ValueError)   exit code 2   the config or an argument is wrong
    ├── DataError (ValueError)     exit code 3   the input data are wrong
    │   ├── LayoutError            columns, delimiter, format do not match the config
    │   ├── UnreadableFileError    empty, truncated, wrong encoding
    │   ├── PolygonError           polygons missing, invalid or overlapping
    │   ├── CrsError               degrees where metres are due
    │   ├── NoPositivesError       nothing to learn from
    │   └── BundleError            a trained model that is incomplete or was changed
    └── StoreError (OSError)       exit code 1   the store could not be read or written
        └── StoreBusyError         another process is writing

Every message says what was expected, what came, and the next step.
"""


class TocsinError(Exception):
    """Base of everything that this project raises on purpose."""

    exit_code = 1


class ConfigError(TocsinError, ValueError):
    """A config file or an argument is wrong."""

    exit_code = 2


class DataError(TocsinError, ValueError):
    """The input data cannot be used as they are."""

    exit_code = 3


class LayoutError(DataError):
    """A file does not have the columns, delimiter or format that the config names."""


class UnreadableFileError(DataError):
    """A file is empty, cut short or in another encoding."""


class PolygonError(DataError):
    """Polygons are missing, invalid or overlap."""


class CrsError(DataError):
    """Degrees came where projected metres are due, or no CRS at all."""


class NoPositivesError(DataError):
    """A period holds no event of the target, so nothing can be learned or scored."""


class BundleError(DataError):
    """A trained model is incomplete, was changed, or does not fit the data."""


class StoreError(TocsinError, OSError):
    """The incident store could not be read or written."""


class StoreBusyError(StoreError):
    """Another process holds the write lock of the store."""
