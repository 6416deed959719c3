"""What lies beside the files of an exported set: enough for another program to put them in their places. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from daemon.core.capture import Cut

FORMAT = "sidechain-set/1"


class Track(Struct, frozen=True, kw_only=True):
    """clock: "frames": it begins with the first track, to the frame. "transport": another host's, at the same song position.
    "time": begun at about the same moment, to a block or so."""

    file: str
    name: str
    track_name: str
    host_name: str
    clock: str
    sample_rate_hz: float
    channels: int
    frames: int


class Manifest(Struct, frozen=True, kw_only=True):
    """bar_starts_frames: of the first track, its end included; empty without bars. Unknown is null."""

    format: str
    name: str
    kept_at_us: int  # Unix time
    bars: int | None
    tempo_bpm: float | None  # null: unknown, or it varies
    tempo_map: Sequence[tuple[int, float]]  # (frame, BPM from there on)
    meter: str | None
    bar_starts_frames: Sequence[int]
    tracks: Sequence[Track]


def manifest(name: str, kept_at_us: int, cut: Cut, tracks: Sequence[Track]) -> Manifest:
    """cut: of the first track. [any]"""
    return Manifest(
        format=FORMAT,
        name=name,
        kept_at_us=kept_at_us,
        bars=cut.bars,
        tempo_bpm=cut.bpm,
        tempo_map=cut.tempo_map,
        meter=f"{cut.meter[0]}/{cut.meter[1]}" if cut.meter else None,
        bar_starts_frames=cut.bar_frames,
        tracks=tracks,
    )
