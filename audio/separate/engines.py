"""By what a clip can be taken apart. Each row says what it is: a weaker engine is never passed off as a better one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audio.intake import Samples
from audio.separate import hpss
from audio.separate.parts import PARTS, SAYS

Progress = Callable[[float], None]
"""How far it is, 0..1. What it raises ends the work."""


@dataclass(frozen=True)
class Engine:
    """parts: what it makes, in this order. says: one line for the person who chooses.

    separate: (samples, sample_rate_hz, on_progress) to the parts by name, each as long as the clip; they sum up to it. Raises
    UnsupportedAudio, and what on_progress raises. [worker]
    """

    parts: tuple[str, ...]
    says: str
    separate: Callable[[Samples, int, Progress], Mapping[str, Samples]]


def _by_medians(samples: Samples, sample_rate_hz: int, on_progress: Progress) -> Mapping[str, Samples]:
    return vars(hpss.separate(samples, sample_rate_hz, on_progress))


ENGINES: Mapping[str, Engine] = {
    "hpss": Engine(
        parts=PARTS["hpss"],
        says=SAYS["hpss"],
        separate=_by_medians,
    ),
}
"""By name. The first is what is used where none is named."""
