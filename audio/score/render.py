"""A compiled score as sound, by the kit. The page's script places the same frames at the same times."""

import math
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnsupportedAudio
from audio.score.custom import Recorded, note_of
from audio.score.events import Compiled, Note, frame_of
from audio.score.kit import RATE_HZ, RELEASE_FRAMES, one_shot
from audio.score.sounds import is_custom, sound_of

MAX_RENDER_S = 600
MAX_CUSTOM = 16
"""Custom instruments in one render: each of their notes is held in memory."""
_NONE: Mapping[str, Recorded] = MappingProxyType({})


def render(score: Compiled, *, is_loop: bool, custom: Mapping[str, Recorded] = _NONE) -> NDArray[np.float32]:
    """(frames, 2) float32 at RATE_HZ. [worker]

    is_loop: exactly one turn, with what still rings of the turn before at its beginning. Otherwise what rings at the end is there, too.
    custom: the recordings of custom instruments, by their names; one that is not there is silent.
    Raises UnsupportedAudio: longer than MAX_RENDER_S, more than MAX_CUSTOM.
    """
    if score.seconds > MAX_RENDER_S:
        raise UnsupportedAudio(f"{score.seconds:.0f} s to render: at most {MAX_RENDER_S}. Make it shorter.")
    if len(custom) > MAX_CUSTOM:
        raise UnsupportedAudio(f"{len(custom)} custom instruments: at most {MAX_CUSTOM}. Leave some out.")
    played = _Played(custom)
    turn = frame_of(score.length, score.bpm, RATE_HZ)
    voices = [
        (frame_of(note.start, score.bpm, RATE_HZ), played.voice(note, score.bpm), _sides(note))
        for note in score.notes
        if not is_custom(note.sound) or note.sound in custom
    ]
    ends = max((start + len(voice) for start, voice, _ in voices), default=0)
    found = np.zeros((max(turn, ends), 2), dtype=np.float64)
    for start, voice, sides in voices:
        found[start : start + len(voice)] += voice[:, None] * sides
    if is_loop and turn:
        for at in range(turn, len(found), turn):
            rest = found[at : at + turn]
            found[: len(rest)] += rest
        found = found[:turn]
    return found.astype(np.float32)


class _Played:
    """Each note of a custom instrument is made once."""

    def __init__(self, custom: Mapping[str, Recorded]) -> None:
        self._custom = custom
        self._made: dict[tuple[str, int], NDArray[np.float32]] = {}

    def voice(self, note: Note, bpm: int | Fraction) -> NDArray[np.float32]:
        """(frames,): as long as it sounds, at its velocity 1."""
        if note.sound not in self._custom:
            return _voice(note, bpm)
        which = note.sound, note.number
        if which not in self._made:
            self._made[which] = note_of(self._custom[note.sound], note.number)
        return self._made[which]


def _voice(note: Note, bpm: int | Fraction) -> NDArray[np.float32]:
    """Of the kit."""
    shot = one_shot(note.sound, note.number)
    if not sound_of(note.sound).is_held:
        return shot.samples
    held = frame_of(note.start + note.length, bpm, RATE_HZ) - frame_of(note.start, bpm, RATE_HZ)
    whole = held + RELEASE_FRAMES
    samples = shot.samples[:whole]
    if shot.repeat is not None and whole > len(samples):
        again = -(-(whole - len(samples)) // (len(samples) - shot.repeat))
        samples = np.concatenate([samples, np.tile(samples[shot.repeat :], again)])[:whole]
    gate = np.clip((whole - np.arange(len(samples))) / RELEASE_FRAMES, 0.0, 1.0).astype(np.float32)
    return samples * gate


def _sides(note: Note) -> NDArray[np.float64]:
    """(2,): gain to the left and right speaker, at equal power, as a StereoPannerNode has it (Web Audio API 1.0, §1.34)."""
    sound = sound_of(note.sound)
    angle = (sound.pan + 1) / 2 * math.pi / 2
    return sound.gain * note.velocity * np.array([math.cos(angle), math.sin(angle)])
