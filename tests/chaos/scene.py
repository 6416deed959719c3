"""One daemon that is harmed again and again, a real relay and a native host, and the judge of what came of it."""

import asyncio
import collections
import hashlib
import json
import random
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import quote

import msgspec
import numpy as np

import bridge.control as c
from bridge.errors import RequestFailed
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, end
from daemon.library.rows import TakeRow
from tests.acceptance.test_whole_path import PLAYED_BARS, get, play
from tests.chaos.daemons import ForkedDaemon, ForkServer, fork_server
from tests.chaos.disks import LosingDisk
from tests.support.deadlines import HANG_S
from tests.support.whole import BAR_FRAMES, marked_groove, read_wav, short_folder

BARS = 3
REMEMBERED_S = 25.0  # a Ring holds 43 s; after that the silence since is all it knows
ENDS = ("accepted", "quarantined", "needs_attention", "discarded")


class Moments:
    """When to break something after a question: sometimes before its answer, sometimes after, however slow the machine
    is and becomes. The span from which they are drawn grows with each question that was not answered in time."""

    LONGER, SHORTER = 1.5, 0.9  # so that about four of five questions have their answer

    def __init__(self, chance: random.Random, usual_s: float) -> None:
        self._chance = chance
        self._span_s = self._least_s = usual_s

    def next_s(self) -> float:
        return self._chance.random() * self._span_s

    def answered(self, was: bool) -> None:
        """Whether the last question had its answer."""
        self._span_s = max(self._least_s, self._span_s * (self.SHORTER if was else self.LONGER))


class Scene(ForkedDaemon):
    """`asked`: title -> take id when it was acknowledged, None when not (refused, or no answer: either is right)."""

    def __init__(self, stage: Stage, relay_url: str, server: ForkServer) -> None:
        super().__init__(server, stage.folder / "a", relay_url)
        self.stage = stage
        self.asked: dict[str, str | None] = {}
        self.refused: collections.Counter[str] = collections.Counter()
        self.disk: LosingDisk
        self._host: RunningHost | None = None
        self._played = -REMEMBERED_S
        self.trouble: dict[str, object] = {}

    # what a person does ---------------------------------------------------------------------------------------

    async def attached(self) -> None:
        """Until the Ring of a host is open that still remembers what it played."""
        async with asyncio.timeout(HANG_S):
            if time.monotonic() - self._played > REMEMBERED_S:
                if self._host:
                    await end(self._host.process)
                self._host = await play(self.stage, RunningDaemon(self._server.process, self.home), bars=BARS)
                self._played = time.monotonic()
            while True:
                listed = await self.ask(c.ListInstances())
                assert isinstance(listed, c.InstanceList)
                if any(i.heard_frames and i.state != "gone" for i in listed.instances):
                    return
                await asyncio.sleep(0.01)

    async def keep(self, title: str) -> str | None:
        """Keep a bar and post it: the take's id, or None when the daemon refused. Raises Died."""
        self.asked[title] = None
        try:
            reply = await self.ask(c.KeepTake(bars=1, title=title, post=True))
        except RequestFailed as error:
            self.refused[re.sub(r"/\S+", "…", str(error))[:120]] += 1
            return None
        assert isinstance(reply, c.OneTake)
        self.asked[title] = reply.take.take_id
        return reply.take.take_id

    async def settle(self, take_id: str) -> None:
        """Until the take is rendered and its entry at an end. Raises Died."""
        deadline = time.monotonic() + HANG_S
        while time.monotonic() < deadline:
            reply = await self.ask(c.ShowTake(take_id=take_id))
            assert isinstance(reply, c.OneTake)
            if reply.take.state in ("ready", "failed") and reply.take.entry_state in ENDS:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"take {take_id} did not come to an end: {reply}\n{self.last_words()}")

    # the judge ------------------------------------------------------------------------------------------------

    async def judge(self) -> dict[str, int]:
        """All at an end, one more start and sweep, then everything counted against what was acknowledged.

        On a slow machine a take may be killed in its pipeline twelve times, and is visibly halted then: what is halted
        is asked for once more, as a person would.
        """
        await self._all_ended()
        await self.ask(c.RetryEntries(entry_id="all"))
        await self._all_ended()
        await self.kill()
        await self.start()
        takes = await self._all_ended()
        posts = await asyncio.to_thread(all_titles, self.relay_url)
        acked = {title: take_id for title, take_id in self.asked.items() if take_id}
        folders = {p.name for p in (self.data / "takes").iterdir()}
        aside = {p.name for p in self.data.rglob(".tmp-*") if not p.name.startswith(f".tmp-{self.pid}-")}
        strays = aside | (folders ^ set(takes))  # but for what the living daemon is just writing
        self.trouble = {
            "workers": (self.stage.folder / "fork-server.log").read_text()[-2000:],
            "strays": strays,
            "refused": self.refused,
        } | {take_id: row for take_id, row in takes.items() if row[1] != "accepted"}
        return {
            "acked": len(acked),
            "unanswered": len(self.asked) - len(acked),
            "lost": sum(takes.get(t, ("", ""))[1] != "accepted" for t in acked.values())
            + sum(title not in posts for title in acked),
            "doubled": len(posts) - len(set(posts)),
            "unasked": len(set(posts) - set(self.asked)),
            "corrupt": sum(not whole(self.data / "takes" / t) for t in takes)
            + (not self._library_is_sound()),
            "strays": len(strays),
        }

    async def _all_ended(self) -> dict[str, tuple[str, str, str | None]]:
        """Once every take and entry is at an end: take id -> (state, entry's state, reason)."""
        deadline = time.monotonic() + HANG_S + 5 * len(self.asked)
        while True:
            with closing(sqlite3.connect(f"file:{self.data}/library.sqlite3?mode=ro", uri=True)) as db:
                rows = db.execute(
                    "SELECT take_id, take.state, entry.state, coalesce(reason, error)"
                    " FROM take LEFT JOIN entry USING (take_id)"
                ).fetchall()
            if all(state in ("ready", "failed") and entry in (None, *ENDS) for _, state, entry, _ in rows):
                return {take_id: (state, entry, why) for take_id, state, entry, why in rows}
            assert not self.ended.done(), self.last_words()
            assert time.monotonic() < deadline, self.last_words()
            await asyncio.sleep(0.1)

    def _library_is_sound(self) -> bool:
        with closing(sqlite3.connect(self.data / "library.sqlite3")) as db:
            sound = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return sound and not list(self.data.glob("library.damaged*"))


def all_titles(relay_url: str) -> list[str]:
    """Of every post on the relay."""
    titles: list[str] = []
    cursor = ""
    while True:
        page = json.loads(get(f"{relay_url}/api/v1/feed/global?limit=100{cursor}"))
        titles += [str(post["title"]) for post in page["posts"]]
        if not page["next"]:
            return titles
        cursor = f"&cursor={quote(page['next'])}"


LAST_BAR = marked_groove(PLAYED_BARS)[(BARS - 1) * BAR_FRAMES : BARS * BAR_FRAMES].view(np.uint32)


def whole(folder: Path) -> bool:
    """The sound is what was played, to the bit, and the lossless copy what its hash says."""
    if not (folder / "take.wav").exists():
        return False
    take = msgspec.json.decode((folder / "take.json").read_bytes(), type=TakeRow)
    same = np.array_equal(read_wav(folder / "take.wav").view(np.uint32), LAST_BAR)
    copy = folder / "take.flac"
    if not copy.exists():
        return same and take.flac_sha256 is None
    return same and take.flac_sha256 in (None, hashlib.sha256(copy.read_bytes()).hexdigest())


def zero(figures: dict[str, int]) -> bool:
    return not any(figures[name] for name in ("lost", "doubled", "unasked", "corrupt", "strays"))


@asynccontextmanager
async def scene(disk: Callable[[Path], LosingDisk] | None = None) -> AsyncIterator[Scene]:
    """Relay, claimed daemon, and a host that has played and holds. disk: what the daemon's data lie on."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            async with fork_server(folder) as server:
                here = Scene(stage, relay_url, server)
                here.home.mkdir()
                if disk:
                    here.disk = disk(here.data)
                    await here.disk.mount()
                try:
                    await here.start()
                    await here.ask(c.ClaimDevice(username="night.owl"))
                    await here.attached()
                    yield here
                finally:
                    if here.client:
                        await here.client.close()
                    if disk:
                        await here.kill()
                        await here.disk.cut()
