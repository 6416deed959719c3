"""By what a clip can be taken apart. Each row says what it is: a weaker engine is never passed off as a better one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audio.intake import Samples
from audio.separate import hpss, htdemucs, spleeter
from audio.separate.parts import PARTS, SAYS

Progress = Callable[[float], None]
"""How far it is, 0..1. What it raises ends the work."""


@dataclass(frozen=True)
class Engine:
    """parts: what it makes, in this order. says: one line for the person who chooses.

    separate: (samples, sample_rate_hz, on_progress, files of its model, in the order of audio.models.table) to the parts by name, each as
    long as the clip; they sum up to it. Raises AudioError, and what on_progress raises. [worker]
    """

    parts: tuple[str, ...]
    says: str
    separate: Callable[[Samples, int, Progress, Sequence[bytes]], Mapping[str, Samples]]


def _by_medians(
    samples: Samples, sample_rate_hz: int, on_progress: Progress, _: Sequence[bytes]
) -> Mapping[str, Samples]:
    return vars(hpss.separate(samples, sample_rate_hz, on_progress))


_HOW = {"hpss": _by_medians, "spleeter:2stems": spleeter.separate, "htdemucs": htdemucs.separate}
ENGINES: Mapping[str, Engine] = {
    name: Engine(parts=PARTS[name], says=SAYS[name], separate=_HOW[name]) for name in PARTS
}
"""By name. The first is what is used where none is named."""
