"""What each engine takes a clip apart into, in this order. Names alone, for whoever asks an engine without being one."""

from collections.abc import Mapping

PARTS: Mapping[str, tuple[str, ...]] = {
    "hpss": ("percussive", "harmonic", "bass"),
    "spleeter:2stems": ("vocals", "accompaniment"),
    "htdemucs": ("drums", "bass", "other", "vocals"),
}
"""By the name of the engine. The first is what is used where none is named."""
SAYS: Mapping[str, str] = {
    "hpss": "what hits, what holds, what lies below 150 Hz; signal processing, it knows no instruments",
    "spleeter:2stems": "voices and all else; a model of Deezer, below 11 kHz",
    "htdemucs": "drums, bass, voices and all else; a model of Meta, slow, for personal and research use only",
}
"""One line for the person who chooses."""
