"""The sounds that scores are played with: what each is called, where it stands between the speakers, and what MIDI knows it as.

How they are made stands in audio.score.kit.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

_DRUMS = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """label: for people. note: MIDI number it has without one. is_pitched: whether another note changes it. is_held: whether it ends with
    its note; others ring as long as they do. repeats: a held one whose end goes on until then. pan: -1 left to 1 right. gain: linear. program: of General MIDI (0..127), None: `drum` of
    its percussion map (General MIDI 1, "Percussion Key Map").
    """

    label: str
    note: int = 60
    is_pitched: bool = False
    is_held: bool = False
    repeats: bool = False
    pan: float = 0.0
    gain: float = 1.0
    program: int | None = _DRUMS
    drum: int = 0


def _drum(label: str, drum: int, *, pan: float = 0.0, gain: float = 1.0) -> Sound:
    return Sound(label=label, drum=drum, pan=pan, gain=gain)


def _tone(
    label: str,
    program: int,
    *,
    note: int = 60,
    held: bool = True,
    repeats: bool = False,
    pan: float = 0.0,
    gain: float = 1.0,
) -> Sound:
    return Sound(
        label=label,
        note=note,
        is_pitched=True,
        is_held=held,
        repeats=repeats,
        pan=pan,
        gain=gain,
        program=program,
    )


STUDIO = MappingProxyType(
    {
        "drum-kick": _drum("Kick", 36),
        "drum-snare": _drum("Snare", 38, gain=0.8),
        "drum-clap": _drum("Clap", 39, pan=0.1, gain=0.7),
        "drum-rim": _drum("Rim", 37, pan=-0.15, gain=0.6),
        "hat-closed": _drum("Closed hat", 42, pan=0.25, gain=0.45),
        "hat-open": _drum("Open hat", 46, pan=0.25, gain=0.4),
        "tom-low": _drum("Low tom", 45, pan=-0.3, gain=0.8),
        "tom-high": _drum("High tom", 50, pan=0.3, gain=0.7),
        "cymbal": _drum("Cymbal", 49, pan=-0.25, gain=0.4),
        "shaker": _drum("Shaker", 70, pan=-0.35, gain=0.4),
        "cowbell": _drum("Cowbell", 56, pan=0.2, gain=0.4),
        "bass": _tone("Bass", 33, note=36, gain=0.8),
        "keys": _tone("Keys", 4, gain=0.4),
        "synth-lead": _tone("Lead", 80, note=72, repeats=True, pan=0.1, gain=0.35),
        "synth-pluck": _tone("Pluck", 45, held=False, pan=-0.1, gain=0.5),
        "pad": _tone("Pad", 89, repeats=True, gain=0.3),
    }
)
"""The sixteen of the studio's grid, in its order."""
LATIN = MappingProxyType(
    {
        "clave": _drum("Clave", 75, pan=-0.2, gain=0.6),
        "conga-heel": _drum("Conga, heel and toe", 62, pan=0.2, gain=0.35),
        "conga-slap": _drum("Conga, slap", 62, pan=0.2, gain=0.7),
        "conga-open": _drum("Conga, open", 63, pan=0.2, gain=0.8),
        "tumba-open": _drum("Tumba, open", 64, pan=0.3, gain=0.8),
        "bongo-high": _drum("Bongo, small", 60, pan=-0.3, gain=0.6),
        "bongo-low": _drum("Bongo, large", 61, pan=-0.35, gain=0.7),
        "timbal-shell": _drum("Timbal, shell", 37, pan=-0.1, gain=0.4),
        "timbal-high": _drum("Timbal, small", 65, pan=-0.1, gain=0.7),
        "timbal-low": _drum("Timbal, large", 66, pan=-0.15, gain=0.7),
        "bell-mouth": _drum("Bell, mouth", 56, pan=0.15, gain=0.5),
        "bell-neck": _drum("Bell, neck", 56, pan=0.15, gain=0.3),
        "maraca": _drum("Maracas", 70, pan=0.4, gain=0.35),
        "guiro-long": _drum("Güiro, long", 74, pan=-0.4, gain=0.4),
        "guiro-short": _drum("Güiro, short", 73, pan=-0.4, gain=0.35),
        "guira": _drum("Güira", 73, pan=0.35, gain=0.35),
        "tambora-open": _drum("Tambora, skin", 64, pan=-0.2, gain=0.8),
        "tambora-rim": _drum("Tambora, stick", 37, pan=-0.2, gain=0.5),
        "tambora-slap": _drum("Tambora, slap", 62, pan=-0.2, gain=0.6),
        "piano": _tone("Piano", 0, gain=0.5),
        "brass": _tone("Brass", 61, repeats=True, pan=0.1, gain=0.35),
    }
)
"""Those of the salsa and the merengue machine."""
SOUNDS = MappingProxyType({**STUDIO, **LATIN})
CUSTOM_PREFIX = "custom-"
CUSTOM = Sound(label="Custom instrument", is_pitched=True, gain=0.7, drum=37)
"""What is known of an instrument that a relay's admins made, wherever nobody can be asked for it: that a recording of one stroke or note
sounds as it is at its note (audio.score.custom). Its name says that it is one.
"""
_CUSTOM_NAME = re.compile(rf"{CUSTOM_PREFIX}[a-z0-9-]{{1,25}}\Z")


def is_custom(name: str) -> bool:
    """[any]"""
    return _CUSTOM_NAME.match(name) is not None


@lru_cache(256)
def sound_of(name: str) -> Sound:
    """name: of the kit, or of a custom instrument, which is labelled by the words in it. Raises KeyError. [any]"""
    if not is_custom(name):
        return SOUNDS[name]
    words = name.removeprefix(CUSTOM_PREFIX).rpartition("-")
    return replace(
        CUSTOM, label=(words[0] or words[2]).replace("-", " ").strip().capitalize() or CUSTOM.label
    )
