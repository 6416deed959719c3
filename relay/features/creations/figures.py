"""What the pipeline found of a post: all of it in the body of its version, what a feed shows in its card."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from relay.wire.bounds import Sentence
from relay.wire.rest import MAX_LACKS

MAX_CARD_BARS = 64
"""Bar lines in a card; the picture of a longer clip is drawn without them, its own page has them all."""


class Card(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a feed shows of a post beside the columns of its row. outline: as in AudioPost.

    Sources and confidences are the device's word, as bpm and key are, or the relay's where it looked for them. lacks: what
    was missing in the upload; only who sent it is told. version: its number, from 1; each has addresses of its own.
    frames 0: there is no sound yet. color: of a loop; meter: of a song; style: of a machine.
    """

    frames: int
    sample_rate_hz: int
    duration_ms: int
    duration_bars: int | None = None
    lufs: float | None = None
    dbtp: float | None = None
    loudness_reason: str
    mp3_frames: int
    mp3_rate_hz: int
    outline: str
    bar_fractions: list[float] = []
    lra_lu: float | None = None
    seam_score: float | None = None
    bpm_source: str | None = None
    bpm_confidence: float | None = None
    key_source: str | None = None
    key_confidence: float | None = None
    lacks: Annotated[list[Sentence], Meta(max_length=MAX_LACKS)] = []
    version: int = 1
    color: str | None = None
    meter: str | None = None
    style: str | None = None
    description: str = ""


class Figures(Struct, frozen=True, kw_only=True):
    """The body of a post's version. Peaks are numbers, -127..127, pictures are drawn from them."""

    card: Card
    bar_fractions: list[float]
    peak_min: list[int]
    peak_max: list[int]


_card = msgspec.json.Decoder(Card)
_figures = msgspec.json.Decoder(Figures)


def read_card(text: str) -> Card:
    """[any]"""
    return _card.decode(text)


def read_figures(text: str) -> Figures:
    """[any]"""
    return _figures.decode(text)
