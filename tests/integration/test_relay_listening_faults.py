"""Jobs that listen when things die under them, on both engines: one result each, what is poisonous is set aside, and nobody waits for somebody else's."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.engine.jobs import table, workers
from relay.engine.jobs.workers import Work
from relay.engine.sandbox.children import Children
from relay.features.creations import api as creations
from relay.features.creations.reading import miscounts, wanted_objects
from relay.features.listening import service
from relay.features.listening.making import LISTEN_FROM
from tests.support.asgi_peer import InMemory, relay_in_memory, unlimited_relay_in_memory
from tests.support.deadlines import HANG_S
from tests.support.house import new_post
from tests.support.loops import short_flac

Told = Callable[[Work], None]
SOUND = short_flac()
KINDS = ("analyse", "compare", "convert", "notes", "separate")
OF_TRACKS = {"notes": "/api/analyze/notes", "separate": "/api/process/separate"}
FILES = {"analyse": 3, "compare": 0, "convert": 1, "notes": 2, "separate": 3}
"""That come of a job, in the end: of a separation they are the creation's."""


class Owner:
    """Somebody with a post of SOUND, and files of their own."""

    def __init__(self, peer: InMemory, name: str) -> None:
        self.peer, self.name = peer, name
        self.headers: dict[str, str] = {}
        self.id = self.track_id = ""

    async def begin(self) -> "Owner":
        pair = await self.peer.claimed(self.name)
        self.headers, self.id = {"authorization": f"Bearer {pair.access_token}"}, pair.user.id
        self.track_id = await self.new_track(SOUND)
        return self

    async def new_track(self, sound: bytes) -> str:
        sha256 = await self.peer.relay.engines.objects.put(sound)
        return await self.peer.relay.db.write(lambda tx: new_post(tx, self.id, sha256=sha256))

    async def ask(self, kind: str) -> httpx.Response:
        """As a client does: of a file, or of something that is here."""
        http, sent = self.peer.http, ("take.flac", SOUND, "audio/flac")
        if kind == "analyse":
            return await http.post("/api/audio/analyze", files=[("file", sent)], headers=self.headers)
        if kind == "compare":
            return await http.post(
                "/api/audio/compare", files=[("file1", sent), ("file2", sent)], headers=self.headers
            )
        if kind == "convert":
            path = "/api/audio/convert?target_format=wav"
            return await http.post(path, files=[("file", sent)], headers=self.headers)
        body = {"trackId": self.track_id}
        asked = await http.post(OF_TRACKS[kind], json=body, headers=self.headers)
        await self.peer.relay.posts.workers.ended(asked.json()["jobId"].replace("-", ""), HANG_S)
        return asked


@pytest.fixture
async def peer(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[InMemory]:
    monkeypatch.setattr(service, "WAIT_S", HANG_S)
    monkeypatch.setattr(table, "RETRY_US", 1)
    monkeypatch.setattr(workers, "LOOK_S", 0.05)  # what is tried again at once is seen at once
    async with unlimited_relay_in_memory(tmp_path / "data", database_url) as peer:
        yield peer


def when(peer: InMemory, meets: Callable[[Work], bool], then: Callable[[Work], Any]) -> list[Work]:
    """Once, when a job says what meets. The work it was."""
    found: list[Work] = []
    say: Told = peer.relay.posts.workers._on_said

    def said(work: Work) -> None:
        say(work)
        if not found and meets(work):
            found.append(work)
            then(work)

    peer.relay.posts.workers._on_said = said
    return found


async def server_of(peer: InMemory) -> int:
    """The process that forks for each job."""
    children = peer.relay.posts.listening._children
    server = await asyncio.shield(children._started())
    return server._process.pid


def forks_of(server: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def under_way(work: Work) -> bool:
    """The child has said something: it is there, and has read the sound."""
    return work.stage == "listen" and work.fraction > LISTEN_FROM


async def results_of(peer: InMemory, owner: Owner, kind: str) -> tuple[list[tuple[str, int]], int, int]:
    """Of the newest job: states and attempts; how many rows have a result, and how many files came of it."""

    def work(db: Connection) -> tuple[list[tuple[str, int]], int, int]:
        jobs = db.execute(
            "SELECT state, attempts, id FROM job WHERE account_id = ? AND kind = ? ORDER BY created_us DESC LIMIT 1",
            (owner.id, kind),
        ).fetchall()
        rows = db.execute("SELECT id, result FROM listening WHERE job_id = ?", (jobs[0][2],)).fetchall()
        files = db.execute(
            "SELECT count(*) FROM listening_file WHERE listening_id = ?", (rows[0][0],)
        ).fetchone()[0]
        if kind == "separate":
            files += len(creations.stems_of(db, owner.track_id))
        return (
            [(state, attempts) for state, attempts, _ in jobs],
            sum(result is not None for _, result in rows),
            files,
        )

    return await peer.relay.db.read(work)


async def check_one(peer: InMemory, owner: Owner, kind: str, *, attempts: int = 1) -> None:
    """One result, nothing beside it, nothing half."""
    assert await results_of(peer, owner, kind) == ([("done", attempts)], 1, FILES[kind]), kind
    assert await peer.relay.db.read(miscounts) == []
    objects = peer.relay.engines.folder.path / "objects"
    stored = {path.name for path in objects.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 64}
    assert stored == await peer.relay.db.read(wanted_objects), kind
    async with asyncio.timeout(
        HANG_S
    ):  # no scratch is left, but while posts are listened to for what is like them
        while list(peer.relay.engines.folder.work.iterdir()):
            await asyncio.sleep(0.05)


async def forget(peer: InMemory) -> None:
    """What came of it: it would be known, and nothing made again."""

    def work(tx: Tx) -> None:
        tx.db.execute("UPDATE listening SET content = NULL")

    await peer.relay.db.write(work)


async def test_a_child_that_is_killed_while_it_listens_leaves_one_result(peer: InMemory) -> None:
    ana = await Owner(peer, "ana").begin()
    server = await server_of(peer)
    for kind in KINDS:
        killed: list[int] = []

        def kill(_: Work, killed: list[int] = killed) -> None:
            killed += forks_of(server)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

        when(peer, under_way, kill)
        answer = await ana.ask(kind)
        assert answer.status_code == 200, answer.text
        assert len(killed) == 1, kind
        await check_one(peer, ana, kind)


async def test_a_job_that_another_worker_took_leaves_one_result(peer: InMemory) -> None:
    """As when a process stopped for longer than its lease: it goes on, and what it did counts for nothing."""
    ana = await Owner(peer, "ana").begin()
    for kind in KINDS:
        tasks: list[asyncio.Task[None]] = []

        async def take_away(job_id: str) -> None:
            def work(tx: Tx) -> None:
                tx.db.execute(
                    "UPDATE job SET state = 'ready', holder = NULL, due_us = ? WHERE id = ?",
                    (now_us(), job_id),
                )
                tx.effects.append(table.JobReady(commit=tx.commit))

            await peer.relay.db.write(work)

        taken = when(
            peer,
            lambda work: work.stage == "listen",
            lambda work, tasks=tasks: tasks.append(asyncio.create_task(take_away(work.job.id))),
        )
        answer = await ana.ask(kind)
        assert answer.status_code == 200, answer.text
        await asyncio.gather(*tasks)
        assert len(taken) == 1
        await asyncio.gather(*peer.relay.posts.workers._running.values(), return_exceptions=True)
        await check_one(peer, ana, kind, attempts=2)


@pytest.mark.parametrize(
    ("kind", "stage"), [("compare", ""), ("convert", "fetch"), ("analyse", "listen"), ("separate", "store")]
)
async def test_when_the_server_of_the_children_is_killed_one_result_comes(
    tmp_path: Path, kind: str, stage: str
) -> None:
    """At each state of a job once; what a child dies of does not depend on what is asked of it."""
    async with relay_in_memory(tmp_path / "data") as peer:
        ana = await Owner(peer, "ana").begin()
        server = await server_of(peer)
        when(peer, lambda work: work.stage == stage, lambda _: os.kill(server, signal.SIGKILL))
        answer = await ana.ask(kind)
        assert answer.status_code == 200, answer.text
        assert await server_of(peer) != server or stage == "store"
        await check_one(peer, ana, kind)


async def test_what_is_poisonous_is_set_aside_after_three_and_the_rest_goes_on(peer: InMemory) -> None:
    ana, ben = [await Owner(peer, name).begin() for name in ("ana", "ben")]
    sound = peer.relay.posts.listening._children
    peer.relay.posts.listening._children = poisoned = Children("tests.support.poisoned_child")
    for kind in KINDS:
        answer = await ana.ask(kind)
        if kind not in OF_TRACKS:
            assert answer.status_code == 500 and "ZeroDivision" not in answer.text, answer.text
        assert await results_of(peer, ana, kind) == ([("quarantined", table.MAX_ATTEMPTS)], 0, 0)
    told = (await peer.http.get("/api/v1/jobs", headers=ana.headers)).json()["jobs"]
    assert {each["state"] for each in told} == {"quarantined"}
    assert {each["error"] for each in told} == {"The relay could not do this; it has been noted."}
    assert len(await peer.relay.db.read(wanted_objects)) == 1, "nothing of it is kept but the post"
    peer.relay.posts.listening._children = sound
    await poisoned.close()
    for owner in (ana, ben):
        assert (await owner.ask("convert")).status_code == 200
        await check_one(peer, owner, "convert")


async def test_one_account_never_starves_another(peer: InMemory) -> None:
    """With one worker, ten sounds of one account and one of another that comes last: it is the second that is listened to."""
    ana, ben = [await Owner(peer, name).begin() for name in ("ana", "ben")]
    order: list[str] = []
    all_workers, gate = peer.relay.posts.workers, asyncio.Event()
    say: Told = all_workers._on_said

    def said(work: Work) -> None:
        say(work)
        if work.stage == "":
            order.append(work.job.account_id)

    all_workers._on_said = said
    await all_workers._free.acquire()
    make = all_workers._handlers["analyse"]

    async def held(work: Work) -> None:
        await gate.wait()
        await make(work)

    all_workers._handlers = {**all_workers._handlers, "analyse": held}
    jobs = []
    for owner, count in ((ana, 10), (ben, 1)):
        for n in range(count):
            track_id = await owner.new_track(short_flac(24_000 + n))
            body = {"trackId": track_id}
            asked = await peer.http.post("/api/analyze/analyze", json=body, headers=owner.headers)
            jobs.append(asked.json()["jobId"].replace("-", ""))
    gate.set()
    async with asyncio.timeout(HANG_S):
        assert (found := await all_workers.ended(jobs[-1], HANG_S)) and found.state == "done"
    assert order[:2] == [ana.id, ben.id], "it does not wait behind ten of one account"
    all_workers._free.release()
