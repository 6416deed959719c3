"""The daemon's side of the pipeline: one worker process, one Take at a time, three strikes.

A worker that dies, hangs or eats its memory costs the Take one attempt and nobody else anything; it is started
again for the next job. Attempts are counted in the store before the work, so that a Take which takes the machine
with it is set aside too; but a daemon that is killed costs a Take far less than its own failures, and a full disk
nothing: then it waits.
"""

import asyncio
import contextlib
import logging
import shutil
import sys
from pathlib import Path

import msgspec

from daemon.core import outbox
from daemon.core.analysis import CERTAIN_SCORE, Alike
from daemon.errors import NoSpace, SidechainError, why_of
from daemon.events import (
    Bus,
    EntryChanged,
    PluginsChanged,
    TakeAnalysed,
    TakeChanged,
    TakeKept,
    TakeProgressed,
    TakeRendered,
    TakeReset,
)
from daemon.features.rendering.render_worker import (
    MAX_FRAME_BYTES,
    Alikes,
    Analysed,
    Broken,
    Finished,
    FromWorker,
    Job,
    Level,
    NoRoom,
    Rendered,
    Search,
    Stage,
)
from daemon.library.rows import TakeRow
from daemon.library.sidecars import write_take
from daemon.library.store import Store
from daemon.system.children import Child, ChildDied, Conversation
from plugin_protocol.layout import SAMPLE_BYTES

log = logging.getLogger(__name__)

MAX_FAILURES = 3
MAX_ATTEMPTS = 12  # begun by daemons that did not live to see the end
JOB_BASE_S = 300.0  # tells a hang from a machine that has no time for it: the worker stands back for all else
JOB_PER_SECOND_OF_AUDIO_S = 1.0
ALWAYS_US = 1 << 62
ROOM_BASE_BYTES = 1 << 20  # for what is made of a Take, besides as much as its sound takes
NO_ROOM_PAUSE_S = 30.0  # the longest, where the disk is full though it says it is not: a quota
POST_FIRST_S = 0.5
UNDER_WAY = (outbox.State.QUEUED, outbox.State.UPLOADING)
SEARCH_LIMIT_S = 20.0  # less than the command line waits for an answer


_answers: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def worker_command() -> list[str]:
    return [sys.executable, "-m", "daemon.features.rendering.render_worker"]


class Renderer:
    """Feeds the worker from the store's kept Takes. All methods are [loop]."""

    def __init__(
        self,
        store: Store,
        takes_dir: Path,
        bus: Bus,
        cache_dir: Path | None = None,
        cache_bytes: int = 0,
    ) -> None:
        """cache_dir: where what was made before lies, at most cache_bytes of it; None: nothing is remembered."""
        self._store = store
        self._takes_dir = takes_dir
        self._bus = bus
        self._cache = str(cache_dir) if cache_dir and cache_bytes else ""
        self._cache_bytes = cache_bytes
        self._wake = asyncio.Event()
        self._entries_changed = asyncio.Event()
        self._warm = False
        self._worker = Child(worker_command, _answers, max_answer_bytes=MAX_FRAME_BYTES)
        self._pause_s = 0.0  # before the next try, while there is no room
        self.busy_with: str | None = None
        for kind in (TakeKept, TakeReset):
            bus.on(kind, lambda _: self.wake())
        bus.on(EntryChanged, lambda _: self._entries_changed.set())
        bus.on(PluginsChanged, lambda _: self.warm_up_soon())

    def wake(self) -> None:
        """There may be a new Take."""
        self._wake.set()

    def warm_up_soon(self) -> None:
        """A plugin came: start the worker before it is needed, as its imports take longer than a short Take."""
        self._warm = True
        self._wake.set()

    async def run(self) -> None:
        """Render kept Takes for ever, oldest first; cancelled at shutdown. Raises NoSpace."""
        try:
            while True:
                self._wake.clear()
                for take in await self._store.run(Store.unprocessed):
                    await self._attempt(take)
                if self._warm:
                    await self._worker.warm()
                await self._wake.wait()
        finally:
            await self._worker.stop()

    async def _attempt(self, take: TakeRow) -> None:
        await asyncio.to_thread(self._require_room, take)
        attempts = await self._store.run(Store.count_attempt, take.take_id)
        if take.failures >= MAX_FAILURES or attempts > MAX_ATTEMPTS:
            times = take.failures if take.failures >= MAX_FAILURES else MAX_ATTEMPTS
            await self._give_up(
                take.take_id, f"the pipeline failed on it {times} times; the sound itself is safe"
            )
            return
        self.busy_with = take.take_id
        try:
            seconds = take.frames / take.sample_rate_hz
            limit_s = JOB_BASE_S + JOB_PER_SECOND_OF_AUDIO_S * seconds
            async with self._worker.conversation(limit_s) as worker:
                finished = await self._render(take, worker)
            self._pause_s = 0.0
            if finished:
                await self._look_for_the_same(take.take_id)
                self.busy_with = None  # before it is told: who asks then, sees it ready
                self._bus.tell(TakeChanged(take_id=take.take_id))
        except (ChildDied, TimeoutError, OSError) as error:
            log.warning("attempt %d at take %s failed: %s", attempts, take.take_id, why_of(error))
            await self._store.run(Store.count_failure, take.take_id)
            self._wake.set()
        except NoSpace:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(NO_ROOM_PAUSE_S, 2 * self._pause_s + 1)
            await self._store.run(Store.uncount_attempt, take.take_id)
            raise
        finally:
            self.busy_with = None

    def _require_room(self, take: TakeRow) -> None:
        """Raises NoSpace. [worker]"""
        needed_bytes = ROOM_BASE_BYTES + take.frames * take.channels * SAMPLE_BYTES
        if shutil.disk_usage(self._takes_dir).free < needed_bytes:
            raise _no_space(take)

    async def _render(self, take: TakeRow, worker: Conversation[FromWorker]) -> bool:
        """Whether it could be rendered."""
        await worker.say(self._job(take))
        while True:
            match message := await worker.hear():
                case Stage():
                    self._bus.tell(
                        TakeProgressed(take_id=take.take_id, stage=message.stage, fraction=message.fraction)
                    )
                case Rendered():
                    await self._store.run(Store.set_rendered, take.take_id, message.flac_sha256)
                    self._bus.tell(TakeRendered(take_id=take.take_id))
                    await self._tell_entry(take.take_id)
                case Analysed():
                    await self._store.run(Store.set_analysis, take.take_id, message.analysis)
                    self._bus.tell(TakeAnalysed(take_id=take.take_id))
                    await self._let_its_post_go_first(take.take_id)
                    await worker.say(Level())
                case Finished():
                    await self._store.run(Store.set_ready, take.take_id, message.recording)
                    await self._note(take.take_id)
                    return True
                case Broken():
                    await self._give_up(take.take_id, message.message)
                    return False
                case NoRoom():
                    raise _no_space(take)
                case Alikes():
                    raise ChildDied("it answered what it was not asked")

    def _job(self, take: TakeRow) -> Job:
        cut = take.cut
        return Job(
            folder=str(self._takes_dir / take.take_id),
            title=take.title,
            bpm=cut.bpm,
            bpm_source=cut.bpm_source,
            tempo_varies=len(cut.tempo_map) > 1,
            meter=cut.meter,
            bars=cut.bars,
            bar_fractions=tuple(frame / take.frames for frame in cut.bar_frames),
            repair=take.repair,
            cache=self._cache,
            cache_bytes=self._cache_bytes,
        )

    async def _let_its_post_go_first(self, take_id: str) -> None:
        """Levelling takes all cores, which whoever uploads needs too, and a relay on this machine; for a moment it can wait."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POST_FIRST_S):
                while True:
                    self._entries_changed.clear()
                    entry = await self._store.run(Store.entry_of, take_id)
                    if entry is None or entry.state not in UNDER_WAY:
                        return
                    await self._entries_changed.wait()

    async def _tell_entry(self, take_id: str) -> None:
        """Its Entry may have gone on with it."""
        if entry := await self._store.run(Store.entry_of, take_id):
            self._bus.tell(EntryChanged(entry=entry))

    async def search(
        self, fingerprint: bytes, embedding: bytes, *, but: str, limit: int, before_us: int = ALWAYS_US
    ) -> list[Alike]:
        """The Takes of the library, except `but`, that are the same sound or like it, best first.

        Waits for the Take that is being rendered. Raises SidechainError.
        """
        known = await self._store.run(Store.known, but, before_us)
        if not known:
            return []
        asked = Search(fingerprint=fingerprint, embedding=embedding, known=known, limit=limit)
        try:
            # The limit holds also while a Take is being rendered.
            async with asyncio.timeout(SEARCH_LIMIT_S), self._worker.conversation(SEARCH_LIMIT_S) as worker:
                await worker.say(asked)
                answer = await worker.hear()
        except TimeoutError:
            raise SidechainError(
                "The pipeline is busy with a long take.", "Try again in a moment.", code="busy"
            ) from None
        except (ChildDied, OSError) as error:
            raise SidechainError(f"The search failed: {why_of(error)}.", "Try again.") from error
        if not isinstance(answer, Alikes):
            raise SidechainError("The search was answered by something else.", "Try again.")
        return answer.found

    async def _look_for_the_same(self, take_id: str) -> None:
        """Has this been made before? Noted with the Take."""
        for take in await self._store.run(Store.find_take, take_id):
            if take.state != "ready" or take.analysis is None:
                return
            try:
                found = await self.search(
                    take.analysis.fingerprint,
                    take.analysis.embedding,
                    but=take_id,
                    limit=1,
                    before_us=take.created_us,
                )
            except SidechainError as error:
                log.warning("take %s was not looked for among the others: %s", take_id, error)
                return
            same = found[0] if found and found[0].same and found[0].score >= CERTAIN_SCORE else None
            await self._store.run(Store.set_alike, take_id, same)

    async def _note(self, take_id: str) -> None:
        """Write what came out beside the sound, so that a rebuilt library need not render it again."""
        try:
            for take in await self._store.run(Store.find_take, take_id):
                await asyncio.to_thread(write_take, self._takes_dir, take)
        except (OSError, NoSpace) as error:
            log.warning("the figures of take %s are only in the library: %s", take_id, error)

    async def _give_up(self, take_id: str, reason: str) -> None:
        log.error("take %s cannot be rendered: %s", take_id, reason)
        await self._store.run(Store.set_failed, take_id, reason)
        self.busy_with = None
        self._bus.tell(TakeChanged(take_id=take_id))
        await self._tell_entry(take_id)


def _no_space(take: TakeRow) -> NoSpace:
    return NoSpace(
        f"The disk is full: take {take.take_id[:12]} is kept, and waits to be made ready.",
        "Free some space; it goes on by itself.",
    )
