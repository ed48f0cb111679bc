"""How long a Chicago year takes from the gzipped CSV to the validated store, beside a bare read and write.

Run it as ``python benchmarks/ingest.py [FOLDER]``, where FOLDER holds the public city files (otherwise the
first folder of ``TOCSIN_DATA``). The two ways take turns, and the fastest turn of each counts: on a shared
machine that is the one that was disturbed least. Time to import libraries is left out.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas  # noqa: F401 - imported before the clock starts
import polars as pl
import pyarrow.parquet  # noqa: F401
import yaml
from pydantic import TypeAdapter

from incidents.ingest import ingest_files
from incidents.source import CitySource
from incidents.store import IncidentStore

TURNS = 7
ROOT = Path(__file__).parents[1]
LIMIT = 3.0


def city_source(name: str) -> CitySource:
    """What the city's config says about its data, without the settings of other rooms."""
    settings = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())
    return TypeAdapter(CitySource).validate_python(
        {key: value for key, value in settings.items() if key in CitySource.__dataclass_fields__}
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print both times and their ratio."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["TOCSIN_DATA"].split(os.pathsep)[0])
    year = data / "chicago" / "chicago_crimes_2015.csv.gz"
    source = city_source("chicago")
    bare, whole, again = [], [], []
    for turn in range(TURNS):
        with tempfile.TemporaryDirectory() as folder:
            store, table = IncidentStore(Path(folder) / f"store-{turn}"), Path(folder) / "table.parquet"

            def read_and_write(table: Path = table) -> None:
                pl.read_csv(year, infer_schema_length=10_000).write_parquet(table)

            def ingest(store: IncidentStore = store) -> None:
                ingest_files([year], source=source, store=store, search=[data])

            bare.append(timed(read_and_write))
            whole.append(timed(ingest))
            again.append(timed(ingest))
            rows = store.scan().select(pl.len()).collect().item()
    print(f"bare Polars read and Parquet write    {min(bare):7.3f} s")
    print(
        f"ingest of {rows:,} rows, new store  {min(whole):7.3f} s, ratio {min(whole) / min(bare):.2f} (limit {LIMIT:g})"
    )
    print(f"the same delivery once more           {min(again):7.3f} s, ratio {min(again) / min(bare):.2f}")


if __name__ == "__main__":
    main()
