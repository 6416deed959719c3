"""The WebSocket at `/` on both engines, as a stem service names its messages: one's own tracks alone, and all of their jobs; and the facts of a relay."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.core.access import Actor
from relay.core.dashed_ids import bare
from relay.engine.clock import now_us
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.listening import track_board
from relay.features.live.tickets import Tickets
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_EXPIRED, CLOSE_REVOKED, CLOSE_SHUTDOWN, JobProgress
from relay.wire.facts import RelayFacts
from relay.wire.tracks import MAX_SAID_BYTES, MAX_TRACKS, TrackAnswer, TrackJobTold, TrackRefused
from tests.support.asgi_peer import InMemory, relay_in_memory
from tests.support.asgi_socket import AsgiSocket
from tests.support.house import new_post
from tests.support.loops import short_flac

Json = Any  # any: JSON


class Talk(AsgiSocket):
    """One that asks for tracks."""

    @classmethod
    async def open(cls, peer: InMemory, token: str, query: str = "") -> "Talk":
        talk = cls(peer, "/", None if query else token, query)
        accepted = await talk.next()
        assert accepted["type"] == "websocket.accept", accepted
        return talk

    async def say(self, type_: str, track_id: str) -> TrackAnswer | TrackRefused:
        """The answer, whatever is told before it."""
        self.send(text=json.dumps({"type": type_, "trackId": track_id}))
        while "job" in (said := await self.told())["type"]:
            pass
        return msgspec.convert(said, TrackRefused if said["type"] == "error" else TrackAnswer)

    async def told(self) -> Json:
        return json.loads((await self.next())["text"])

    async def until(self, type_: str) -> list[TrackJobTold]:
        """All that is told up to this type."""
        told = [msgspec.convert(await self.told(), TrackJobTold)]
        while told[-1].type != type_:
            told.append(msgspec.convert(await self.told(), TrackJobTold))
        return told


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as peer:
        yield peer


async def new_track(peer: InMemory, owner_id: str) -> str:
    """The id of a post with a lossless sound."""
    sound = short_flac()
    sha256 = await peer.relay.engines.objects.put(sound)
    post_id = await peer.relay.db.write(lambda tx: new_post(tx, owner_id, sha256=sha256))
    found, _, _ = await peer.relay.db.read(
        lambda db: creations.sound(db, post_id, creations.LOSSLESS, owner_id)
    )
    assert found.sha256 == sha256
    return post_id


async def ask(peer: InMemory, token: str, path: str, body: Json) -> Json:
    answer = await peer.http.post(path, json=body, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_jobs_of_ones_own_tracks_are_told_and_nobody_elses(peer: InMemory) -> None:
    ana, ben = [await peer.claimed(name) for name in ("ana", "ben")]
    track_id, other_id = [await new_track(peer, ana.user.id) for _ in range(2)]
    talk, stranger = await Talk.open(peer, ana.access_token), await Talk.open(peer, ben.access_token)
    dashed = (await talk.say("subscribe:track", track_id)).track_id
    assert dashed.replace("-", "") == track_id
    refused = await stranger.say("subscribe:track", dashed)
    assert isinstance(refused, TrackRefused) and (refused.code, refused.track_id) == ("not_found", dashed)
    await ask(peer, ana.access_token, "/api/analyze/analyze", {"trackId": other_id})
    job = await ask(peer, ana.access_token, "/api/analyze/analyze", {"trackId": dashed})
    told = await talk.until("analysis:job:completed")
    assert {(each.job_id, each.track_id) for each in told} == {(job["jobId"], dashed)}, "of this track alone"
    assert (told[-1].status, told[-1].progress, told[-1].error) == ("done", 1.0, None)
    assert {each.type for each in told[:-1]} <= {"analysis:job:progress"}
    late_word = JobProgress(job_id=bare(job["jobId"]), kind="analyse", state="running", stage="hears")
    peer.relay.posts.tracks.said(ana.user.id, late_word)  # an end is told once, whatever arrives after it
    parted = await ask(peer, ana.access_token, "/api/process/separate", {"trackId": track_id})
    told = await talk.until("processing:job:completed")
    assert {each.job_id for each in told} == {parted["jobId"]}
    assert stranger.outbound.empty(), "who asked for what is another's is told nothing of it"
    await talk.say("unsubscribe:track", track_id)
    late = await Talk.open(peer, ana.access_token)
    await late.say("subscribe:track", track_id)
    assert {(await late.told())["type"] for _ in range(2)} == {
        "analysis:job:completed",
        "processing:job:completed",
    }
    assert talk.outbound.empty()
    for each in (talk, stranger, late):
        await each.leave()
    assert peer.relay.posts.tracks._of_account == {}


async def test_what_is_told_is_bounded_and_ends_with_the_sign_in(
    peer: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await peer.claimed("ana")
    monkeypatch.setattr(track_board, "MAX_OF_ACCOUNT", 2)
    nobody = AsgiSocket(peer, "/", None)
    assert (await nobody.next())["status"] == 401
    first, second = [await Talk.open(peer, ana.access_token) for _ in range(2)]
    assert (await AsgiSocket(peer, "/", ana.access_token).next())["status"] == 429
    foreign = AsgiSocket(peer, "/", ana.access_token, "", "https://elsewhere.example")
    assert (await foreign.next())["status"] == 403
    (subscriber, *_) = peer.relay.posts.tracks._of_account[ana.user.id]
    subscriber.tracks |= {str(n) for n in range(MAX_TRACKS)}
    full, other = (first, second) if subscriber.tracks else (second, first)
    track_id = await new_track(peer, ana.user.id)
    answers = {(await each.say("subscribe:track", track_id)).type for each in (full, other)}
    assert answers == {"error", "subscribed:track"}, "one has as many tracks as there may be"
    first.send(text=json.dumps({"type": "unsubscribe:track", "trackId": track_id, "x": "y" * MAX_SAID_BYTES}))
    assert await first.closed() == CLOSE_BAD_MESSAGE
    second.send(text='{"type": "subscribe:everything"}')
    assert await second.closed() == CLOSE_BAD_MESSAGE
    flood = await Talk.open(peer, ana.access_token)
    for _ in range(200):
        flood.send(text=json.dumps({"type": "unsubscribe:track", "trackId": track_id}))
    assert await flood.closed() == CLOSE_BAD_MESSAGE
    parted, last = [await Talk.open(peer, ana.access_token) for _ in range(2)]
    for each in peer.relay.posts.tracks._of_account[ana.user.id]:
        each.end(CLOSE_EXPIRED, "as the clock would")
        break
    peer.relay.posts.tracks.close_all()
    assert {await parted.closed(), await last.closed()} == {CLOSE_EXPIRED, CLOSE_SHUTDOWN}
    device = await Talk.open(peer, ana.access_token)
    await peer.ask("/auth/unclaim", {}, ana.access_token)
    assert await device.closed() == CLOSE_REVOKED
    assert (await AsgiSocket(peer, "/", ana.access_token).next())["status"] == 401


async def test_a_browser_that_signs_out_is_parted_with(peer: InMemory) -> None:
    ana = await peer.claimed("ana")
    opened = await peer.http.post("/session", data={"username": "ana"})
    assert opened.cookies
    peer.http.cookies.clear()
    (session_id,) = await peer.relay.db.read(
        lambda db: [row[0] for row in db.execute("SELECT id FROM session").fetchall()]
    )
    actor = Actor(user_id=ana.user.id, session_id=session_id, expires_us=now_us() + 60_000_000)
    tickets = Tickets(peer.relay.db)
    talk, late = [f"ticket={await tickets.make(actor)}" for _ in range(2)]
    open_one = await Talk.open(peer, "", talk)
    await peer.relay.db.write(partial(accounts.end_session, session_id=session_id))
    assert await open_one.closed() == CLOSE_REVOKED
    assert (await AsgiSocket(peer, "/", None, late).next())["status"] == 401


async def test_the_facts_of_a_relay_are_for_everybody_and_no_more_than_facts(peer: InMemory) -> None:
    assert (await peer.http.get("/health")).json() == {"status": "ok"}
    said = await peer.http.get("/api/config")
    facts = msgspec.convert(said.json(), RelayFacts)
    assert (facts.socket, facts.stream) == ("ws://relay/", "ws://relay/api/stream")
    assert [each.name for each in facts.separation_models] == ["hpss"]
    assert [each.name for each in facts.notes_models] == ["pyin"]
    assert facts.registration == "closed"
    assert (await peer.http.get(facts.authorization_server)).status_code == 200
    peer.relay.draining.append("shutdown")
    unwell = await peer.http.get("/health")
    assert (unwell.status_code, unwell.json()) == (503, {"status": "unavailable"})
