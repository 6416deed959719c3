"""Figures of one process for Prometheus: counters, histograms, and gauges that are asked when somebody looks.

Text format 0.0.4 (prometheus.io, Exposition formats). No locks: all of it belongs to the loop.
"""

import inspect
import logging
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

log = logging.getLogger("relay")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the buckets of durations."""
Sample = tuple[Mapping[str, str], float]
Ask = Callable[[], Iterable[Sample] | Awaitable[Iterable[Sample]]]


class Counter:
    """A number that grows, for each combination of labels. [loop]"""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self.name, self.meaning, self.kind = name, meaning, "counter"
        self._labels = labels
        self._counts: dict[tuple[str, ...], float] = {}

    def add(self, *values: str, by: float = 1) -> None:
        self._counts[values] = self._counts.get(values, 0) + by

    def lines(self) -> list[str]:
        return [
            line(self.name, dict(zip(self._labels, values, strict=True)), count)
            for values, count in self._counts.items()
        ]


class Histogram:
    """How often something took how long, in seconds, for each combination of labels. [loop]"""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self.name, self.meaning, self.kind = name, meaning, "histogram"
        self._labels = labels
        self._found: dict[
            tuple[str, ...], list[float]
        ] = {}  # a count for each bucket, the last for the rest, the sum

    def observe(self, *values: str, seconds: float) -> None:
        found = self._found.get(values)
        if found is None:
            found = self._found[values] = [0.0] * (len(SECONDS) + 2)
        found[bisect_left(SECONDS, seconds)] += 1
        found[-1] += seconds

    def timing(self, *values: str) -> "Timing":
        """What happens within it, until its end, a fault's included."""
        return Timing(self, values)

    def lines(self) -> list[str]:
        lines: list[str] = []
        for values, found in self._found.items():
            labels = dict(zip(self._labels, values, strict=True))
            upto = 0.0
            for bound, count in zip((*map(str, SECONDS), "+Inf"), found[:-1], strict=True):
                upto += count
                lines.append(line(f"{self.name}_bucket", {**labels, "le": bound}, upto))
            lines.append(line(f"{self.name}_sum", labels, found[-1]))
            lines.append(line(f"{self.name}_count", labels, upto))
        return lines


class Timing:
    """A class and no generator: one stands around each read and write of the database. [loop]"""

    __slots__ = ("_began_s", "_histogram", "_values")

    def __init__(self, histogram: Histogram, values: tuple[str, ...]) -> None:
        self._histogram = histogram
        self._values = values
        self._began_s = 0.0

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._histogram.observe(*self._values, seconds=time.perf_counter() - self._began_s)


class Metrics:
    """All figures of a process, in the order in which they were added. [loop]"""

    def __init__(self) -> None:
        self._kept: list[Counter | Histogram] = []
        self._asked: list[tuple[str, str, str, Ask]] = []

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        self._kept.append(found := Counter(name, meaning, labels))
        return found

    def histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        self._kept.append(found := Histogram(name, meaning, labels))
        return found

    def ask(self, name: str, meaning: str, ask: Ask, kind: str = "gauge") -> None:
        """ask: the figure's samples now. What cannot be asked is left out, and said in the log."""
        self._asked.append((name, meaning, kind, ask))

    async def text(self) -> str:
        lines: list[str] = []
        for each in self._kept:
            lines += [*head(each.name, each.meaning, each.kind), *each.lines()]
        for name, meaning, kind, ask in self._asked:
            try:
                found = ask()
                samples = await found if inspect.isawaitable(found) else found
                lines += [
                    *head(name, meaning, kind),
                    *(line(name, labels, value) for labels, value in samples),
                ]
            except Exception as error:  # one part of the relay that is down must not hide the others
                log.warning("the figure %s cannot be asked: %s", name, error)
        return "\n".join(lines) + "\n"


def head(name: str, meaning: str, kind: str) -> list[str]:
    """[any]"""
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]


def line(name: str, labels: Mapping[str, str], value: float) -> str:
    """[any]"""
    said = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    number = repr(float(value)) if value != int(value) else str(int(value))
    return f"{name}{{{said}}} {number}" if said else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
