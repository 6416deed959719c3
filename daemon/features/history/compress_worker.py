"""The process that packs older files of the History: away from the daemon's loop, at the lowest priority.

Run as `python -m daemon.features.history.compress_worker`: one file after the other, each written aside and synced; the
daemon puts it in the place of the one it was made of. Ends when stdin does.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bridge.system import keep_freed_memory, step_process_back
from daemon.core.journal import MAX_CHUNK_RECORDS, MAX_PACKED_BYTES, Body, Damaged, renumbered
from daemon.core.packing import pack
from daemon.rings.journal_files import (
    Chunk,
    Segment,
    SegmentFile,
    read_segment,
    read_sound,
    read_timeline_bytes,
)
from daemon.system.child import Frames

MEMORY_LIMIT_BYTES = 1 << 30
NICENESS = 10
KEPT_BYTES = 16 * 1024 * 1024  # of freed memory: what one chunk needs on its way, several times over


class PackJob(Struct, frozen=True, kw_only=True, tag="pack"):
    """Write what `source` holds to `target`, which is not there yet."""

    source: str
    target: str


class Packed(Struct, frozen=True, kw_only=True, tag="packed"):
    """`target` is whole and durable, but for its name."""

    size_bytes: int


class NotPacked(Struct, frozen=True, kw_only=True, tag="not_packed"):
    """Nothing is left of `target`; the sentence says why."""

    message: str


FromCompressWorker = Packed | NotPacked

questions: msgspec.msgpack.Decoder[PackJob] = msgspec.msgpack.Decoder(PackJob)


def pack_file(source: Path, target: Path) -> int:
    """Pack what can be believed of a segment file; the size of what was made. Raises Damaged, OSError. [worker]"""
    segment = read_segment(source, verify=False)  # each chunk is checked when it is read
    file = SegmentFile(target.parent, replace(segment.origin, packed=True), target)
    try:
        for group in _groups(segment):
            file.append(_body(segment, group))
        file.sync()
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        file.close()
    return file.size_bytes


def _groups(segment: Segment) -> Iterator[list[Chunk]]:
    """Chunks that become one: they follow each other, sound or are silent alike, and stay within a chunk's limits."""
    group: list[Chunk] = []
    frames = records = 0
    for chunk in segment.chunks:
        head = chunk.head
        last = group[-1].head if group else None
        fits = (
            last is not None
            and last.end_frame == head.first_frame
            and last.silent == head.silent
            and not head.carried
            and records + head.records <= MAX_CHUNK_RECORDS
            and (head.silent or (frames + head.frames) * segment.origin.frame_bytes <= MAX_PACKED_BYTES)
        )
        if group and not fits:
            yield group
            group, frames, records = [], 0, 0
        group.append(chunk)
        frames += head.frames
        records += head.records
    if group:
        yield group


def _body(segment: Segment, group: list[Chunk]) -> Body:
    first, last = group[0].head, group[-1].head
    sound = b"" if first.silent else b"".join(read_sound(chunk, segment.origin) for chunk in group)
    return Body(
        first_frame=first.first_frame,
        frames=last.end_frame - first.first_frame,
        timeline=renumbered(read_timeline_bytes(chunk, segment.origin) for chunk in group),
        carried=first.carried,
        wall_us=last.wall_us,
        peak=max(chunk.head.peak for chunk in group),
        sound=pack(bytes(sound), segment.origin.channels) if sound else b"",
        is_packed=bool(sound),
    )


def main() -> None:
    """Serve jobs until stdin closes."""
    step_process_back(NICENESS)
    keep_freed_memory(KEPT_BYTES)
    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    while (job := frames.next()) is not None:
        answer = _carried_out(job)
        try:
            frames.say(answer)
        except BrokenPipeError:  # the daemon was killed: the file aside is swept by the next one
            return


def _carried_out(job: PackJob) -> FromCompressWorker:
    try:
        return Packed(size_bytes=pack_file(Path(job.source), Path(job.target)))
    except (Damaged, OSError) as error:
        return NotPacked(message=str(error)[:500])


if __name__ == "__main__":
    main()
