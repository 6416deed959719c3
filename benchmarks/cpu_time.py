"""Processor time of a call in this process: what other work on the machine does not change much."""

import time
from collections.abc import Callable


def median_cpu_ms(run: Callable[[], object], rounds: int = 5) -> float:
    """The middle one of several rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return 1000 * sorted(times)[rounds // 2]
