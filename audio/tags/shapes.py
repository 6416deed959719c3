"""What a model calls a clip, for whoever asks without listening."""

from collections.abc import Mapping

from msgspec import Struct

MODEL = "musicnn"
"""Of audio.models.table."""
TOLD = 0.5
"""From which confidence on something is told; what is below is unknown, not absent."""
INSTRUMENTS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("guitar", "strings", "drums", "piano", "violin", "synth", "harpsichord")},
    **{name: (name,) for name in ("flute", "sitar", "harp", "cello")},
    "choir": ("choir", "choral"),
    "voice": ("vocal", "singing", "vocals", "voice"),
}
"""The model's words for each. Those for whose voice it is are not taken: nobody is guessed at."""
STYLES: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("techno", "electronic", "rock", "ambient", "indian", "opera", "pop")},
    **{name: (name,) for name in ("new age", "dance", "country", "metal")},
    "classical": ("classical", "classic"),
    "beat": ("beat", "beats"),
}
"""Those that are measured otherwise (slow, fast, loud, quiet) are not taken."""


class Tag(Struct, frozen=True, kw_only=True):
    """confidence: 0..1, the model's own."""

    name: str
    confidence: float


class Tags(Struct, frozen=True, kw_only=True):
    """model: by which. Empty is unknown. The surest first."""

    model: str
    instruments: tuple[Tag, ...]
    styles: tuple[Tag, ...]


def tags_of(shares: Mapping[str, float]) -> Tags:
    """shares: by the model's words, 0..1. [any]"""
    return Tags(model=MODEL, instruments=_told(shares, INSTRUMENTS), styles=_told(shares, STYLES))


def _told(shares: Mapping[str, float], words: Mapping[str, tuple[str, ...]]) -> tuple[Tag, ...]:
    found = {name: max(shares[each] for each in known) for name, known in words.items()}
    surest = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Tag(name=name, confidence=round(share, 3)) for name, share in surest if share >= TOLD)
