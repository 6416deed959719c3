"""Rows of the library as values, and back: what a Take, and what is heard in it, look like in the database."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

import msgspec

from daemon.core import outbox
from daemon.core.analysis import Alike, TakeAnalysis
from daemon.core.capture import Cut
from daemon.core.names import set_name, take_name


class TakeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One Take as stored. `recording`: the pipeline's figures, None until ready. `analysis`: known with the lossless copy."""

    take_id: str
    title: str
    created_us: int
    host_name: str
    frames: int
    sample_rate_hz: float
    channels: int
    cut: Cut
    state: str = "kept"
    attempts: int = 0
    failures: int = 0
    flac_sha256: str | None = None
    recording: dict[str, object] | None = None
    error: str | None = None
    track_name: str = ""
    asked: str | None = None  # "INSTANCE:ID" of the plugin's Keep; None: asked for on the control socket
    analysis: TakeAnalysis | None = msgspec.field(default=None, name="heard")  # "heard" in take.json
    alike: Alike | None = None  # another Take that is the same sound
    repair: str | None = None  # "fade", "wrap": how the seam is mended in what is made of the sound
    tags: tuple[str, ...] = ()
    discarded_us: int | None = None  # since when it can only be restored, until its grace is over
    set_id: str | None = None  # of the takes that were kept together with it
    set_clock: str | None = (
        None  # "frames", "transport", "time": how its frames lie to those of the set's first
    )

    @property
    def name(self) -> str:
        """What it is called, wherever a person sees it."""
        return take_name(
            self.title,
            track_name=self.track_name,
            host_name=self.host_name,
            bpm=self.cut.bpm,
            at=self.local_time,
        )

    @property
    def local_time(self) -> str:
        """When it was kept, on this machine's clock: "08:59"."""
        return f"{datetime.fromtimestamp(self.created_us / 1e6):%H:%M}"

    @property
    def texts(self) -> tuple[str, ...]:
        """What a search looks in."""
        key = self.analysis.key if self.analysis and self.analysis.key else ""
        tempo = f"{self.bpm:.5g} BPM" if self.bpm else ""
        return (self.name, *self.tags, self.track_name, self.host_name, tempo, key)

    @property
    def bpm(self) -> float | None:
        """The host's, else what was found."""
        return self.cut.bpm or (self.analysis.bpm if self.analysis else None)


def name_of_set(takes: Sequence[TakeRow]) -> str:
    """What Takes that were kept together are called. takes: the first first, one at least. [any]"""
    first = takes[0]
    return set_name(
        [(take.title, take.track_name) for take in takes],
        host_name=first.host_name,
        bpm=first.cut.bpm,
        at=first.local_time,
    )


class Marks(msgspec.Struct, frozen=True):
    """The part of TakeAnalysis that a search reads."""

    fingerprint: bytes = b""
    embedding: bytes = b""


def as_json(value: TakeAnalysis | Alike | None) -> str | None:
    """Unknown stays NULL."""
    return None if value is None else msgspec.json.encode(value).decode()


def read_take(row: sqlite3.Row) -> TakeRow:
    """Raises ValueError, TypeError, msgspec.MsgspecError."""
    values = dict(row)
    values["cut"] = msgspec.json.decode(values["cut"], type=Cut)
    values["recording"] = json.loads(values["recording"]) if values["recording"] else None
    values["alike"] = msgspec.json.decode(values["alike"], type=Alike) if values["alike"] else None
    values["tags"] = tuple(json.loads(values["tags"]))
    heard = values.pop("heard")
    values["analysis"] = msgspec.json.decode(heard, type=TakeAnalysis) if heard else None
    return TakeRow(**values)


def read_entry(row: sqlite3.Row) -> outbox.Entry:
    """Raises msgspec.MsgspecError."""
    return msgspec.convert(dict(row), outbox.Entry)
