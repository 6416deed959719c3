"""By what notes can be heard. Each row says what it is: one that hears a note at a time is never passed off as one that hears chords."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audio.intake import Samples
from audio.notes import hearing, pyin
from audio.notes.shapes import SAYS, DetectedNote

Progress = Callable[[float], None]
"""How far it is, 0..1. What it raises ends the work."""
HearNotes = Callable[[Samples, int, Progress, Sequence[bytes]], list[DetectedNote]]


@dataclass(frozen=True)
class Engine:
    """says: one line for the person who chooses. hear_notes: (samples, sample_rate_hz, on_progress, files of its model, in the order of
    audio.models.table) to notes, by start, then pitch. Raises AudioError, and what on_progress raises. [worker]
    """

    says: str
    hear_notes: HearNotes


_HOW: Mapping[str, HearNotes] = {"pyin": pyin.hear_notes, "basic-pitch": hearing.hear_notes}
ENGINES: Mapping[str, Engine] = {name: Engine(says=SAYS[name], hear_notes=_HOW[name]) for name in SAYS}
"""By name. The first is what is used where none is named."""
