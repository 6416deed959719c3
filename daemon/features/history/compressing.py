"""Older files of the History are packed in the background, by a process of their own (compress_worker.py).

The order is the promise: the packed file is written aside and synced, then takes the name of the one it was made of,
in one step, and the folder is synced; so at any moment one of the two is whole under that name. The newest stay as they
are: they are what is kept most, and what is cheapest to read.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Iterable

import msgspec

from bridge.system import sync_folder
from daemon.core.retention import Held, in_order
from daemon.features.history.compress_worker import FromCompressWorker, Packed, PackJob
from daemon.features.history.holdings import NoRoom
from daemon.features.history.journal import Journal
from daemon.rings.journal_files import SUFFIX
from daemon.system.children import Child, ChildDied
from daemon.system.files import TMP_PREFIX

log = logging.getLogger(__name__)

ROUND_S = 30.0
RAW_S = (
    120.0  # of sound of each running Instance: longer than a memory, so that what is kept is rarely unpacked
)
BATCH = (
    16  # files of an Instance that wait before the worker is started: its start costs as much as four of them
)
JOB_LIMIT_S = 60.0
IDLE_S = 2.0
TRY_AGAIN_S = 600.0  # after a file could not be packed
MAX_ANSWER_BYTES = 64 * 1024

_answers: msgspec.msgpack.Decoder[FromCompressWorker] = msgspec.msgpack.Decoder(FromCompressWorker)


def to_pack(held: Iterable[Held], *, batch: int = BATCH) -> list[Held]:
    """Which files are to be packed now, oldest first: of who runs those that lie behind RAW_S, of who is gone all; none before a
    batch has come together of one of them: the worker is started once for all. [any]"""
    by_instance: dict[str, list[Held]] = {}
    for one in in_order(held):
        by_instance.setdefault(one.instance, []).append(one)
    olds: list[list[Held]] = []
    for files in by_instance.values():
        old: list[Held] = []
        newer_s = 0.0
        for one in reversed(files):
            if not one.packed and not one.open and (one.ended or newer_s >= RAW_S):
                old.append(one)
            newer_s += one.seconds
        olds.append(old)
    if not any(len(old) >= batch or any(one.ended for one in old) for old in olds):
        return []
    return in_order(one for old in olds for one in old)


class Compressing:
    """[loop]"""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._worker = Child(_command, _answers, max_answer_bytes=MAX_ANSWER_BYTES, idle_s=IDLE_S)
        self._not_before: dict[tuple[str, int], float] = {}

    async def run(self) -> None:
        """For ever: a round now and then."""
        while True:
            await asyncio.sleep(ROUND_S)
            await self.round()

    async def round(self, *, batch: int = BATCH) -> None:
        """Pack all that is to be packed now."""
        now_s = time.monotonic()
        self._not_before = {key: at_s for key, at_s in self._not_before.items() if at_s > now_s}
        for one in to_pack(self._journal.held(), batch=batch):
            if (one.ring, one.number) in self._not_before:
                continue
            if not await self._pack(one):
                self._not_before[one.ring, one.number] = now_s + TRY_AGAIN_S

    async def close(self) -> None:
        """End the worker."""
        await self._worker.stop()

    async def _pack(self, one: Held) -> bool:
        folder = self._journal.folder / one.ring
        source, target = (
            folder / f"{one.number:08d}{SUFFIX}",
            folder / f"{TMP_PREFIX}{one.number:08d}{SUFFIX}",
        )
        try:
            await self._journal.do(self._journal.holdings.reserve, one.size_bytes)
            target.unlink(missing_ok=True)
            async with self._worker.conversation(JOB_LIMIT_S) as worker:
                await worker.say(PackJob(source=str(source), target=str(target)))
                answer = await worker.hear()
            if isinstance(answer, Packed):
                return await self._journal.do(self._take_over, one, answer.size_bytes)
            log.info("%s is not packed: %s", source.name, answer.message)
        except (NoRoom, ChildDied, TimeoutError, OSError) as error:
            log.info("%s is not packed: %s", source.name, error)
        finally:
            await self._journal.do(self._journal.holdings.reserve, 0)
        await asyncio.to_thread(target.unlink, True)
        return False

    def _take_over(self, one: Held, size_bytes: int) -> bool:
        """The packed file takes its source's place, if that is still wanted. [the journal's thread]"""
        folder = self._journal.folder / one.ring
        target = folder / f"{TMP_PREFIX}{one.number:08d}{SUFFIX}"
        if size_bytes >= one.size_bytes or not self._journal.holdings.is_held(one):
            target.unlink(missing_ok=True)
            return False
        target.replace(folder / f"{one.number:08d}{SUFFIX}")
        sync_folder(folder)
        self._journal.holdings.packed(one, size_bytes)
        return True


def _command() -> list[str]:
    return [sys.executable, "-m", "daemon.features.history.compress_worker"]
