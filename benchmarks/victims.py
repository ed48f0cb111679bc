"""How long five years of one city's incidents take from the store to a report on their groups, and with how much memory.

Run ``python benchmarks/victims.py STORE CONFIG``. The target, 245,000 rows in 60 seconds and 4 GB on two cores, covers
both parts of the report with its pictures, and is measured in this one process from its start.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from tocsin.config import load_config
from tocsin.tensors import open_store
from tocsin.victims import group_victims, write_report

TARGET_S, TARGET_GB = 60.0, 4.0
KILOBYTES_OF_GB = 1e6


def main() -> None:
    """Print a table."""
    if len(sys.argv) != 3:
        raise SystemExit(
            "Expected STORE and CONFIG. Run python benchmarks/victims.py stores/baltimore configs/baltimore.yaml."
        )
    started, processor = time.perf_counter(), time.process_time()
    city = load_config(Path(sys.argv[2]))
    store = open_store(Path(sys.argv[1]), city)
    report = group_victims(city, store)
    grouped = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        write_report(report, store.layer(city.source.area_layer), folder=Path(folder))
    elapsed, processor = time.perf_counter() - started, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_OF_GB
    print(f"{city.source.name}: {len(report.parts[0].grouping.labels):,} rows, {len(report.parts)} parts")
    print(f"{'':<32} {'measured':>12} {'target':>12}")
    print(f"{'groups of both parts':<32} {grouped:>10.1f} s")
    print(f"{'with report and pictures':<32} {elapsed:>10.1f} s {f'< {TARGET_S:g} s':>12}")
    print(f"{'  of which processor time':<32} {processor:>10.1f} s")
    print(f"{'most memory':<32} {memory:>9.2f} GB {f'< {TARGET_GB:g} GB':>12}")


if __name__ == "__main__":
    main()
