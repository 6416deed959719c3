"""`make bench`: every benchmark in one run, one table. `python -m benchmarks.run NAME …` runs only those.

`--long` adds what takes minutes (ten minutes of audio through the pipeline).
"""

import importlib
import inspect
import os
import platform
import sys
import time
import traceback
from pathlib import Path


def main() -> None:
    """Each bench_*.py offers `rows()`: (what, figure, limit, beside it) of what it measured now. One that fails is told, and
    the others go on."""
    long = "--long" in sys.argv
    named = [a for a in sys.argv[1:] if a != "--long"]
    modules = sorted(p.stem for p in Path(__file__).parent.glob("bench_*.py"))
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )
    begun, failed = time.perf_counter(), list[str]()
    for module in modules:
        name = module.removeprefix("bench_")
        if named and name not in named:
            continue
        started = time.perf_counter()
        print(f"\n{name}", flush=True)
        try:
            _show(module, long)
        except Exception:  # a benchmark starts programs and servers: whatever went wrong there is its own
            failed.append(name)
            traceback.print_exc()
        print(f"  ({time.perf_counter() - started:.0f} s, load {os.getloadavg()[0]:.0f})", flush=True)
    print(
        f"\n{time.perf_counter() - begun:.0f} s in all" + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    sys.exit(1 if failed else 0)


def _show(module: str, long: bool) -> None:
    rows = importlib.import_module(f"benchmarks.{module}").rows
    options = {"long": True} if long and "long" in inspect.signature(rows).parameters else {}
    for what, figure, limit, beside in rows(**options):
        shown = f"{figure:.3g}" if isinstance(figure, float) else str(figure)
        print(f"  {what:<58} {shown:>12}  {limit:>10}  {beside}", flush=True)


if __name__ == "__main__":
    main()
