"""One daemon that is harmed again and again, a real relay and a native host, and the judge of what came of it."""

import asyncio
import collections
import hashlib
import json
import os
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import msgspec
import numpy as np

import bridge.control as c
from bridge.client import AsyncControlClient
from bridge.errors import DaemonNotRunning, DaemonSilent, RequestFailed
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, end
from daemon.shell.store import TakeRow
from tests.acceptance.test_whole_path import PLAYED_BARS, get, play
from tests.support.whole import BAR_FRAMES, marked_groove, read_wav, short_folder

ROOT = Path(__file__).resolve().parents[2]
BARS = 3
STEP_S = 20.0
REMEMBERED_S = 25.0  # a Ring holds 43 s; after that the silence since is all it knows
ENDS = ("accepted", "quarantined", "needs_attention", "discarded")


class Died(Exception):
    """The daemon ended before it answered."""


class Disk(Protocol):
    """A disk that can be mounted, and whose power can go."""

    async def mount(self) -> None: ...

    async def cut(self) -> None: ...


class Scene:
    """`asked`: title -> take id when it was acknowledged, None when not (refused, or no answer: either is right)."""

    def __init__(self, stage: Stage, relay_url: str, server: asyncio.subprocess.Process) -> None:
        self.stage = stage
        self.relay_url = relay_url
        self._server = server
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self.home = stage.folder / "a"
        self.data, self.run = self.home / "data", self.home / "run"
        self.asked: dict[str, str | None] = {}
        self.refused: collections.Counter[str] = collections.Counter()
        self.ready_s: list[float] = []
        self.disk: Disk
        self._host: RunningHost | None = None
        self._played = -REMEMBERED_S
        self.pid = 0
        self.trouble: dict[str, object] = {}
        self.env: dict[str, str] = {}  # more, for the next daemon
        self.client: AsyncControlClient | None = None

    # the daemon -----------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Take in what the fork server says; until it ends."""
        assert self._server.stdout
        async for line in self._server.stdout:
            said = json.loads(line)
            if "started" in said:
                self._ends[said["started"]] = asyncio.get_running_loop().create_future()
                self._started.put_nowait(said["started"])
            elif "ended" in said:
                self._ends[said["ended"]].set_result(said["status"])

    async def start(self) -> None:
        """A daemon on what the last one left, ready to answer."""
        began = time.perf_counter()
        env = {
            "CONFIG": str(self.home / "config.toml"), "DATA_DIR": str(self.data), "RUN_DIR": str(self.run),
            "RELAY_URL": self.relay_url, "CREDENTIAL_STORE": "file", "PRESENCE": "false",
        }  # fmt: skip
        ask = {
            "env": {f"SIDECHAIN_{k}": v for k, v in env.items()} | self.env,
            "log": str(self.stage.folder / "daemon-a.log"),
        }
        assert self._server.stdin
        self._server.stdin.write(json.dumps(ask).encode() + b"\n")
        self.pid = await self._started.get()
        while True:
            self.client = AsyncControlClient(self.run)
            try:
                await self.client.request(c.GetStatus(), timeout_s=STEP_S)
                break
            except (DaemonNotRunning, DaemonSilent):
                await self.client.close()
                assert not self.ended.done(), f"it ended at its start, {self._log()}"
                assert time.perf_counter() - began < STEP_S
                await asyncio.sleep(0.005)
        self.ready_s.append(time.perf_counter() - began)

    @property
    def ended(self) -> "asyncio.Future[int]":
        return self._ends[self.pid]

    def _log(self) -> str:
        return (self.stage.folder / "daemon-a.log").read_text()[-2000:]

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        await self.after_death()

    async def after_death(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.ended), STEP_S)
        assert self.client
        await self.client.close()

    async def thread(self, name: str) -> int:
        """The daemon's thread of this name, or its worker process, as soon as it is there."""
        async with asyncio.timeout(STEP_S):
            while True:
                own = f"/proc/{self.pid}/task"
                found = [int(p.name) for p in Path(own).glob("[0-9]*") if _comm(p) == name]
                if name == "sdc-worker":
                    children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
                    found = [int(pid) for pid in children.split() if _comm(Path("/proc", pid)) == name]
                if found:
                    return max(found)
                await asyncio.sleep(0.01)

    # what a person does ---------------------------------------------------------------------------------------

    async def attached(self) -> None:
        """Until the Ring of a host is open that still remembers what it played."""
        assert self.client
        async with asyncio.timeout(STEP_S):
            if time.monotonic() - self._played > REMEMBERED_S:
                if self._host:
                    await end(self._host.process)
                self._host = await play(self.stage, RunningDaemon(self._server, self.home), bars=BARS)
                self._played = time.monotonic()
            while True:
                listed = await self.client.request(c.ListInstances())
                assert isinstance(listed, c.InstanceList)
                if any(i.heard_frames and i.state != "gone" for i in listed.instances):
                    return
                await asyncio.sleep(0.01)

    async def keep(self, title: str) -> str | None:
        """Keep a bar and post it: the take's id, or None when the daemon refused. Raises Died."""
        assert self.client
        self.asked[title] = None
        try:
            reply = await self._or_death(self.client.request(c.KeepTake(bars=1, title=title, post=True)))
        except RequestFailed as error:
            self.refused[re.sub(r"/\S+", "…", str(error))[:120]] += 1
            return None
        assert isinstance(reply, c.OneTake)
        self.asked[title] = reply.take.take_id
        return reply.take.take_id

    async def settle(self, take_id: str) -> None:
        """Until the take is rendered and its entry at an end. Raises Died."""
        assert self.client
        deadline = time.monotonic() + STEP_S
        while time.monotonic() < deadline:
            reply = await self._or_death(self.client.request(c.ShowTake(take_id=take_id)))
            assert isinstance(reply, c.OneTake)
            if reply.take.state in ("ready", "failed") and reply.take.entry_state in ENDS:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"take {take_id} did not come to an end: {reply}\n{self._log()}")

    async def answers(self) -> None:
        """It lives. Raises Died."""
        assert self.client
        await self._or_death(self.client.request(c.GetStatus()))

    async def _or_death(self, request: Coroutine[None, None, c.Reply]) -> c.Reply:
        """The reply. Raises RequestFailed (the daemon said no), Died."""
        asking = asyncio.ensure_future(request)
        await asyncio.wait({asking, self.ended}, return_when=asyncio.FIRST_COMPLETED, timeout=STEP_S)
        if not asking.done():
            asking.cancel()
            await asyncio.wait({asking})
        if asking.cancelled() or isinstance(asking.exception(), (DaemonNotRunning, DaemonSilent)):
            await asyncio.wait_for(asyncio.shield(self.ended), STEP_S)  # its socket may go first
            raise Died
        return asking.result()

    # the judge ------------------------------------------------------------------------------------------------

    async def judge(self) -> dict[str, int]:
        """All at an end, one more start and sweep, then everything counted against what was acknowledged."""
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
        deadline = time.monotonic() + STEP_S + 2 * len(self.asked)
        while True:
            with closing(sqlite3.connect(f"file:{self.data}/library.sqlite3?mode=ro", uri=True)) as db:
                rows = db.execute(
                    "SELECT take_id, take.state, entry.state, coalesce(reason, error)"
                    " FROM take LEFT JOIN entry USING (take_id)"
                ).fetchall()
            if all(state in ("ready", "failed") and entry in (None, *ENDS) for _, state, entry, _ in rows):
                return {take_id: (state, entry, why) for take_id, state, entry, why in rows}
            assert not self.ended.done(), self._log()
            assert time.monotonic() < deadline, self._log()
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


def _comm(task: Path) -> str:
    try:
        return (task / "comm").read_text().strip()
    except OSError:
        return ""


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
async def scene(disk: Callable[[Path], Disk] | None = None) -> AsyncIterator[Scene]:
    """Relay, claimed daemon, and a host that has played and holds. disk: what the daemon's data lie on."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            with (folder / "fork-server.log").open("ab") as log:
                server = await asyncio.create_subprocess_exec(
                    sys.executable, str(Path(__file__).with_name("fork_server.py")), str(folder / "workers.sock"),
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                    env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT,
                )  # fmt: skip
            here = Scene(stage, relay_url, server)
            here.home.mkdir()
            if disk:
                here.disk = disk(here.data)
                await here.disk.mount()
            listening = asyncio.create_task(here.listen())
            try:
                await here.start()
                assert here.client
                await here.client.request(c.ClaimDevice(username="night.owl"))
                await here.attached()
                yield here
            finally:
                if here.client:
                    await here.client.close()
                assert server.stdin
                server.stdin.close()
                await server.wait()
                await listening
                if disk:
                    await here.disk.cut()
