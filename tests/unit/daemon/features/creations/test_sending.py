"""Creations on their way to a relay that is away, forgets to answer, says no, or has been written to by others: each change once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from daemon.core.creations import Creation, state_of
from daemon.core.link_signals import LinkState
from daemon.core.scores import read_json, renamed, text_of
from daemon.errors import NotClaimed, Offline, RelayRefused, UsageError
from daemon.events import Bus, CreationChanged, LinkChanged
from daemon.features.creations.creating import Creating
from daemon.features.creations.sending import Sending
from daemon.features.creations.storage import Held, score_kind
from daemon.features.creations.syncing import Syncing
from daemon.library.creations import Creations
from daemon.library.store import Store
from daemon.library.takes import Takes
from relay.wire.scores import Score, ScoreKind, SongScore
from tests.support.deadlines import HANG_S
from tests.support.scores import LOOP_JSON

LOOP = read_json(LOOP_JSON).score
SONG = (
    b'{"kind": "song", "name": "s", "bpm": 100, "blocks": [{"id": "b", "loop": "%s", "start": 0, "bars": 2}]}'
)
ONLINE = LinkChanged(state=LinkState.ONLINE)


class Relay:
    """before, after: what it raises before it does something, and after it has done it, in place of an answer."""

    def __init__(self) -> None:
        self.holds: dict[str, Held] = {}
        self.keys: dict[str, tuple[str, Score]] = {}
        self.did: list[str] = []
        self.before: Callable[[str], Exception | None] = lambda _: None
        self.after: Callable[[str], Exception | None] = lambda _: None

    def _now(self, deed: str, ask: Callable[[str], Exception | None]) -> None:
        if error := ask(deed):
            raise error

    async def listed(self, kind: ScoreKind) -> list[Held]:
        self._now("list", self.before)
        return [replace(each, score=None) for each in self.holds.values() if each.kind == kind]

    async def read(self, id: str) -> Held:
        self._now("read", self.before)
        if id not in self.holds:
            raise RelayRefused("It is not there.", status=404, code="not_found")
        return self.holds[id]

    async def make(self, key: str, score: Score) -> Held:
        self._now("make", self.before)
        if key in self.keys:
            made, first = self.keys[key]
            assert first == score, "the same key means the same score"
            return await self.read(made)
        id = f"{len(self.keys):032x}"
        self.keys[key] = (id, score)
        self.holds[id] = Held(id=id, kind=score_kind(score), name=score.name, version=1, score=score)
        self.did.append(f"made {score.name}")
        self._now("make", self.after)
        return self.holds[id]

    async def save(self, id: str, score: Score, version: int) -> Held:
        self._now("save", self.before)
        was = await self.read(id)
        if was.version != version:
            raise RelayRefused("Saved meanwhile.", status=409, code="version_conflict")
        self.holds[id] = replace(was, name=score.name, version=version + 1, score=score)
        self.did.append(f"saved {score.name}")
        self._now("save", self.after)
        return self.holds[id]

    async def delete(self, id: str) -> None:
        self._now("delete", self.before)
        if self.holds.pop(id, None) is None:
            raise RelayRefused("It is gone.", status=410, code="gone")
        self.did.append("deleted")
        self._now("delete", self.after)


class Scene:
    """A daemon's life: made anew on the same folder, it is the next one's."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        self.relay = relay
        self.name: str | None = "owl"
        self.store = Store(folder / "library.sqlite3")
        self.bus = Bus()
        self.library = Creations(folder / "creations", self.store, self.bus)
        self.creating = Creating(self.library, cast(Takes, None))
        self.sending = Sending(lambda: self.name, self.library, relay, self.bus)
        self.syncing = Syncing(self.library, relay, self.sending)

    async def add(self, name: str = "Night drive") -> Creation:
        return await self.creating.add(renamed(LOOP, name))

    async def until(self, name: str, state: str) -> None:
        news = asyncio.Event()
        self.bus.on(CreationChanged, lambda _: news.set())
        while True:
            news.clear()
            every = [each for deleted in (False, True) for each in await self.library.every(deleted=deleted)]
            if [state_of(each) for each in every if each.name == name] == [state]:
                return
            await news.wait()

    def close(self) -> None:
        self.store.close()


@asynccontextmanager
async def living(folder: Path, relay: Relay) -> AsyncIterator[Scene]:
    scene = Scene(folder, relay)
    running = asyncio.create_task(scene.sending.run())
    try:
        async with asyncio.timeout(HANG_S):
            yield scene
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        scene.close()


def away(*deeds: str) -> Callable[[str], Exception | None]:
    return lambda deed: Offline("away", no_answer=True) if deed in deeds else None


async def test_what_is_pushed_is_there_at_once_and_its_changes_follow_by_themselves(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.add()
        await scene.creating.rename("loop", "last", "Rain")
        assert relay.did == [], "what nobody pushed stays here"
        pushed = await scene.sending.push("loop", "last", force=False)
        assert (state_of(pushed), pushed.relay_version, relay.did) == ("relay", 1, ["made Rain"])
        await scene.creating.rename("loop", "last", "Snow")
        await scene.until("Snow", "relay")
        await scene.creating.delete("loop", "last")
        await scene.until("Snow", "here")
        assert relay.did == ["made Rain", "saved Snow", "deleted"] and relay.holds == {}
        scene.name = None
        with pytest.raises(NotClaimed):
            await scene.sending.push("loop", "last", force=False)


@pytest.mark.parametrize("answer_is_lost", [False, True])
async def test_it_waits_over_a_restart_and_is_made_once(tmp_path: Path, answer_is_lost: bool) -> None:
    relay = Relay()
    relay.before, relay.after = (
        (lambda _: None, away("make")) if answer_is_lost else (away("make"), lambda _: None)
    )
    async with living(tmp_path, relay) as scene:
        await scene.add()
        assert state_of(await scene.sending.push("loop", "last", force=False)) == "waiting"
        await scene.creating.rename("loop", "last", "Rain")
    relay.before = relay.after = lambda _: None
    async with living(tmp_path, relay) as scene:
        scene.bus.tell(ONLINE)
        await scene.until("Rain", "relay")
    assert relay.did == ["made Night drive", "saved Rain"] and len(relay.holds) == 1


async def test_a_saving_whose_answer_was_lost_is_no_conflict(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.add()
        await scene.sending.push("loop", "last", force=False)
        relay.after = away("save")
        await scene.creating.rename("loop", "last", "Rain")
        await scene.until("Rain", "waiting")
        relay.after = lambda _: None
        scene.bus.tell(ONLINE)
        await scene.until("Rain", "relay")
    assert relay.did == ["made Night drive", "saved Rain"]


async def test_of_two_states_none_is_lost(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        await scene.add()
        (relay_id,) = [(await scene.sending.push("loop", "last", force=False)).relay_id]
        assert relay_id
        await relay.save(relay_id, renamed(LOOP, "Theirs"), 1)
        await scene.creating.rename("loop", "last", "Mine")
        await scene.until("Mine", "trouble")
        creation = await scene.library.find("loop", "last")
        assert "saved meanwhile (version 2; this was made from 1)" in creation.trouble
        with pytest.raises(UsageError, match="changed here"):
            await scene.syncing.pull("loop", "mine", force=False)
        done = await scene.syncing.sync(everything=False)
        assert [each.name for each in done.kept] == ["Mine"] and relay.holds[relay_id].name == "Theirs"
        await scene.syncing.pull("loop", "mine", force=True)
        assert {each.name for each in await scene.library.every("loop")} == {"Theirs", "Mine (mine)"}
        await relay.save(relay_id, renamed(LOOP, "Theirs again"), 2)
        await scene.creating.rename("loop", "theirs", "Mine after all")
        await scene.until("Mine after all", "trouble")
        assert state_of(await scene.sending.push("loop", "last", force=True)) == "relay"
        assert relay.holds[relay_id].name == "Mine after all" and relay.holds[relay_id].version == 4


async def test_a_no_is_told_and_not_tried_again(tmp_path: Path) -> None:
    relay = Relay()
    full = RelayRefused("You have 1,000 loops.", "Delete one first.", status=403, code="quota_exceeded")
    relay.before = lambda deed: full if deed == "make" else None
    async with living(tmp_path, relay) as scene:
        await scene.add()
        refused = await scene.sending.push("loop", "last", force=False)
        assert state_of(refused) == "trouble" and "Delete one first" in refused.trouble
        song = await scene.creating.add(read_json(SONG % refused.creation_id.encode()).score)
        stopped = await scene.sending.push("song", song.creation_id, force=False)
        assert "Its loop “Night drive” is not at the relay" in stopped.trouble
        relay.before = lambda _: None
        assert state_of(await scene.sending.push("song", "last", force=False)) == "relay"
        made = [each.score for each in relay.holds.values() if isinstance(each.score, SongScore)]
        assert made[0].blocks[0].loop in relay.holds, "by the relay's id"


async def test_sync_does_what_is_to_be_done_and_then_nothing(tmp_path: Path) -> None:
    relay = Relay()
    async with living(tmp_path, relay) as scene:
        loop = await scene.add()
        await scene.creating.add(read_json(SONG % loop.creation_id.encode()).score)
        done = await scene.syncing.sync(everything=False)
        assert (done.sent, done.only_here) == ([], 2)
        done = await scene.syncing.sync(everything=True)
        assert [each.kind for each in done.sent] == ["loop", "song"] and done.only_here == 0
        assert all(each.relay_id in relay.holds for each in done.sent)
        elsewhere = await relay.make("other", renamed(LOOP, "Elsewhere"))
        await relay.make("their song", read_json(SONG % elsewhere.id.encode()).score)
        done = await scene.syncing.sync(everything=True)
        assert [each.name for each in done.fetched] == ["Elsewhere", "s"] and not done.sent
        fetched = await scene.library.find("loop", "Elsewhere")
        songs = [each.score for each in await scene.library.every("song")]
        assert any(fetched.creation_id in text for text in songs), "by the id of here"
        await relay.save(elsewhere.id, renamed(LOOP, "Changed there"), 1)
        await relay.delete(str((await scene.library.find("loop", "Night drive")).relay_id))
        done = await scene.syncing.sync(everything=False)
        assert [each.name for each in done.fetched] == ["Changed there"]
        assert [each.name for each in done.gone] == ["Night drive"]
        assert text_of(LOOP) == (await scene.library.find("loop", "Night drive")).score
        for everything in (False, False):
            done = await scene.syncing.sync(everything=everything)
            assert (done.sent, done.fetched, done.gone, done.kept) == ([], [], [], [])
