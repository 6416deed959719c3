"""The pipeline's own process: numpy-heavy work away from the daemon's loop, under a memory limit.

Run as `python -m daemon.features.rendering.render_worker`. Speaks length-prefixed msgpack:
one `Job` or `Search` at a time on stdin. On stdout, for a Job, `Stage` at each real stage end, then `Rendered`, `Analysed`, and after `Level`
`Finished`, `Broken` or `NoRoom`; for a Search, `Alikes`.
Files are durable before the message that names them. Not a queue: order and retries are the daemon's.
"""

import hashlib
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from daemon.core.analysis import Alike, Known, TakeAnalysis
from daemon.library.files import PEAKS_DAT, PEAKS_JSON, TAIL_WAV, TAKE_FLAC, TAKE_MP3, TAKE_WAV, WAVEFORM_SVG
from daemon.system.child import Frames

if TYPE_CHECKING:  # the daemon imports this file for its messages, not for the sound
    from audio.intake import Samples
    from audio.read.clip import Clip
    from daemon.features.rendering.pipeline import Cores, Levelled, Lossless

MEMORY_LIMIT_BYTES = 4 * 1024**3
MAX_FRAME_BYTES = 16 * 1024 * 1024


class Job(Struct, frozen=True, kw_only=True, tag="job"):
    """Render the Take in `folder`. bar_fractions: bar lines, 0..1 of the Take. Unknown is None.

    bpm: what bpm_source said; tempo_varies: it had several. repair: how the loop's seam is mended. cache: folder of what was made before, "" for none.
    """

    folder: str
    title: str
    bpm: float | None
    bpm_source: Literal["transport", "file", "given"]
    tempo_varies: bool
    meter: tuple[int, int] | None
    bars: int | None
    bar_fractions: tuple[float, ...]
    repair: str | None
    cache: str
    cache_bytes: int


class Search(Struct, frozen=True, kw_only=True, tag="search"):
    """Look for a sound among the known ones. Answered by Alikes: at most `limit`, the best first."""

    fingerprint: bytes
    embedding: bytes
    known: list[Known]
    limit: int


class Level(Struct, frozen=True, kw_only=True, tag="level"):
    """Go on with the Take of the Job, of which all has been said that a post waits for."""


class Stage(Struct, frozen=True, kw_only=True, tag="stage"):
    stage: str
    fraction: float


class Rendered(Struct, frozen=True, kw_only=True, tag="rendered"):
    """The lossless copy is on the disk: an upload may start while the rest is made."""

    flac_sha256: str


class Analysed(Struct, frozen=True, kw_only=True, tag="analysed"):
    """What was heard, which a post says of it. After Rendered; then `Level` is waited for."""

    analysis: TakeAnalysis


class Finished(Struct, frozen=True, kw_only=True, tag="finished"):
    """Everything is on the disk; `recording` holds the figures."""

    recording: dict[str, str | int | float | None]


class Broken(Struct, frozen=True, kw_only=True, tag="broken"):
    """This Take cannot be rendered, ever: the sentence says why."""

    message: str


class NoRoom(Struct, frozen=True, kw_only=True, tag="no_room"):
    """The disk is full: nothing is wrong with this Take."""


class Alikes(Struct, frozen=True, kw_only=True, tag="alikes"):
    found: list[Alike]


ToWorker = Job | Search | Level
FromWorker = Stage | Rendered | Analysed | Finished | Broken | NoRoom | Alikes


questions: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)


def render(job: Job, frames: Frames[ToWorker], cores: "Cores | None") -> None:
    """One Take from its WAV to all its files. Raises AudioError for what can never be rendered."""
    from audio.read.reader import read_audio
    from daemon.features.rendering.pipeline import Settings, make
    from daemon.features.rendering.render_cache import Cache

    folder = Path(job.folder)
    telling = _Telling(frames, folder)
    clip = read_audio((folder / TAKE_WAV).read_bytes())
    samples = repaired(clip, folder, job.repair)
    settings = Settings(
        title=job.title,
        bpm=job.bpm,
        bpm_source=job.bpm_source,
        tempo_varies=job.tempo_varies,
        meter=job.meter,
        bars=job.bars,
        bar_fractions=job.bar_fractions,
    )
    cache = Cache(Path(job.cache), job.cache_bytes) if job.cache else None
    made = make(
        samples,
        clip.sample_rate_hz,
        settings,
        cache=cache,
        cores=cores,
        copied=telling.copied,
        early=telling.early,
        progress=telling.progress,
    ).levelled
    _write(folder, made)
    frames.say(Finished(recording=made.figures))


class _Telling:
    """What the daemon is told while a Take is rendered. [any thread]"""

    def __init__(self, frames: Frames[ToWorker], folder: Path) -> None:
        self._frames = frames
        self._folder = folder
        self._one_at_a_time = Lock()
        self._furthest = 0.0

    def progress(self, name: str, fraction: float) -> None:
        self._stage(name, 0.1 + 0.9 * fraction)

    def copied(self, flac: bytes) -> None:
        """Called on another thread, while the sound is analysed."""
        from daemon.system.files import write_durably

        write_durably(self._folder / TAKE_FLAC, flac)
        self._stage("flac", 0.1)
        self._frames.say(Rendered(flac_sha256=hashlib.sha256(flac).hexdigest()))

    def early(self, lossless: "Lossless") -> None:
        self._frames.say(Analysed(analysis=lossless.analysis))
        if not isinstance(self._frames.next(), Level):
            raise SystemExit  # the daemon is gone

    def _stage(self, name: str, fraction: float) -> None:
        with self._one_at_a_time:
            self._furthest = max(self._furthest, fraction)
            self._frames.say(Stage(stage=name, fraction=self._furthest))


def _write(folder: Path, made: "Levelled") -> None:
    from daemon.system.files import write_durably

    write_durably(folder / TAKE_MP3, made.mp3)
    write_durably(folder / WAVEFORM_SVG, made.waveform_svg.encode())
    write_durably(folder / PEAKS_JSON, made.peaks)
    for frames_per_point, data in made.peaks_dat.items():
        write_durably(folder / PEAKS_DAT.format(frames_per_point), data)


def repaired(clip: "Clip", folder: Path, how: str | None) -> "Samples":
    """The sound to make files of. The take's own file is never written again, so leaving `how` out undoes it."""
    from audio.intake import sanitize
    from audio.loop import micro_fade, wrap_tail
    from audio.read.reader import read_audio

    if how == "fade":
        return micro_fade(clip.samples, clip.sample_rate_hz)
    if how == "wrap":
        tail = sanitize(read_audio((folder / TAIL_WAV).read_bytes()).samples).samples
        return wrap_tail(clip.samples, tail, clip.sample_rate_hz)
    return clip.samples


def look(asked: Search) -> Alikes:
    """Every known Take is looked at."""
    import numpy as np

    from audio.analyse.search import search

    found = search(
        np.frombuffer(asked.fingerprint, "<u4").astype(np.uint32),
        np.frombuffer(asked.embedding, "<f4"),
        [np.frombuffer(each.fingerprint, "<u4").astype(np.uint32) for each in asked.known],
        [np.frombuffer(each.embedding, "<f4") for each in asked.known],
    )
    return Alikes(
        found=[
            Alike(
                take_id=asked.known[each.number].take_id,
                same=each.match.same,
                score=round(each.match.score, 4),
                speed=each.match.speed,
                likeness=round(each.likeness, 4),
            )
            for each in found[: asked.limit]
        ]
    )


def main() -> None:
    """Serve jobs until stdin closes."""
    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    from audio.errors import (
        AudioError,
    )  # imported here, with numpy behind them: the first job finds them warm
    from daemon.errors import NoSpace
    from daemon.features.rendering.pipeline import all_cores

    cores = all_cores(step_back=True)
    while job := frames.next():
        if isinstance(job, Search):
            frames.say(look(job))
            continue
        assert isinstance(job, Job), "it was not told to level anything"
        try:
            render(job, frames, cores)
        except (AudioError, FileNotFoundError) as error:
            frames.say(Broken(message=str(error)[:500]))
        except NoSpace:
            frames.say(NoRoom())


if __name__ == "__main__":
    main()
