"""`make bench`: every benchmark in one run, one table. `python -m benchmarks.run NAME …` runs only those.

`--long` adds what takes minutes (ten minutes of audio through the pipeline).
"""

import importlib
import inspect
import os
import platform
import sys
import time
from pathlib import Path


def main() -> None:
    """Each bench_*.py offers `rows()`: (what, figure, limit, beside it) of what it measured now."""
    long = "--long" in sys.argv
    named = [a for a in sys.argv[1:] if a != "--long"]
    modules = sorted(p.stem for p in Path(__file__).parent.glob("bench_*.py"))
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )
    for module in modules:
        if named and module.removeprefix("bench_") not in named:
            continue
        started = time.perf_counter()
        print(f"\n{module.removeprefix('bench_')}")
        rows = importlib.import_module(f"benchmarks.{module}").rows
        options = {"long": True} if long and "long" in inspect.signature(rows).parameters else {}
        for what, figure, limit, beside in rows(**options):
            shown = f"{figure:.3g}" if isinstance(figure, float) else str(figure)
            print(f"  {what:<58} {shown:>12}  {limit:>10}  {beside}", flush=True)
        print(f"  ({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
