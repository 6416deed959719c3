"""A Take as tray, command line and plugins see it: out of its row, its Entry and what was found like it."""

from collections.abc import Iterable

import msgspec

from bridge.control import AlikeInfo, SoundInfo, TakeInfo
from daemon.core import outbox
from daemon.core.analysis import Alike, TakeAnalysis
from daemon.library.entries import held_s
from daemon.library.rows import TakeRow
from daemon.library.store import Store

FIGURES = ("lufs_in", "lufs_out", "dbtp_out", "gain_db", "loudness_reason", "seam_score")


async def told_take(store: Store, take: TakeRow, *, busy: bool = False) -> TakeInfo:
    """With its Entry, and the name of the Take it is like. busy: the pipeline is at it. [loop]"""
    entry = await store.run(Store.entry_of, take.take_id)
    told = take_info(take, entry, busy=busy)
    alike = await told_alikes(store, [take.alike] if take.alike else [])
    short_id = await store.run(Store.short_take_id, take.take_id)
    return msgspec.structs.replace(told, alike=alike[0] if alike else None, short_id=short_id)


async def told_alikes(store: Store, found: Iterable[Alike]) -> list[AlikeInfo]:
    """What was found, with names; a Take that is gone meanwhile is left out. [loop]"""
    named = []
    for each in found:
        for take in await store.run(Store.find_take, each.take_id):
            told = msgspec.to_builtins(each) | {
                "title": take.title,
                "name": take.name,
                "created_us": take.created_us,
            }
            named.append(msgspec.convert(told, AlikeInfo))
    return named


def take_info(take: TakeRow, entry: outbox.Entry | None, *, busy: bool) -> TakeInfo:
    figures, analysis = take.recording or {}, take.analysis or TakeAnalysis()
    meter = take.cut.meter
    known = {name: figures[name] for name in FIGURES if name in figures}
    bpm = take.cut.bpm or analysis.bpm
    return msgspec.convert(
        {
            "take_id": take.take_id,
            "title": take.title,
            "name": take.name,
            "tags": take.tags,
            "set_id": take.set_id,
            "discarded_us": take.discarded_us,
            "created_us": take.created_us,
            "frames": take.frames,
            "sample_rate_hz": take.sample_rate_hz,
            "channels": take.channels,
            "bars": take.cut.bars,
            "host_name": take.host_name,
            "track_name": take.track_name,
            "bpm": bpm,
            "bpm_source": take.cut.bpm_source if take.cut.bpm else analysis.bpm_source,
            "key": analysis.key,
            "meter": f"{meter[0]}/{meter[1]}" if meter else None,
            "note": take.cut.note[:512],
            "state": "processing" if busy else take.state,
            "entry_state": entry.state if entry else None,
            "post_url": entry.post_url if entry else None,
            "error": take.error or (entry.reason if entry else None),
            "repair": take.repair,
            "held_s": held_s(entry) if entry else None,
            "warnings": [each.kind for each in analysis.warnings],
        }
        | known,
        TakeInfo,
        strict=False,
    )


def sound_info(take: TakeRow) -> SoundInfo | None:
    """All that the pipeline found, None before it has."""
    if take.analysis is None:
        return None
    told = msgspec.to_builtins(take.analysis) | (take.recording or {})
    told |= {name: getattr(take.analysis, name) for name in ("bpm", "key")}
    told["says"] = [each.says for each in take.analysis.warnings]
    return msgspec.convert({n: told[n] for n in SoundInfo.__struct_fields__ if n in told}, SoundInfo)
