"""The uploader at a real relay behind a line that breaks: where it goes on, what it costs, and what is told."""

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from daemon.core.analysis import TakeAnalysis
from daemon.core.chunks import FIRST_CHUNK_BYTES, MAX_CHUNK_BYTES
from daemon.core.outbox import State
from daemon.errors import Offline
from daemon.events import EntryProgressed, TakeAnalysed, TakeChanged
from daemon.library.files import TAKE_FLAC
from daemon.library.store import Store
from daemon.uplink import tus
from tests.support.deadlines import HANG_S
from tests.support.fault_proxy import FaultProxy
from tests.support.loops import noise_flac, short_flac
from tests.support.posting import ACCOUNT, Desk, SimulatedClock, desk, posts, titles
from tests.support.relay import RelayProcess

RATE_HZ = 48_000
AUDIO = short_flac()


WASTE_BYTES = FIRST_CHUNK_BYTES * 5 // 4
"""The part that is under way when an early break comes; parts grow by an eighth."""
BIG = noise_flac(1, 1_200_000)


@pytest.fixture
async def proxy(relay: RelayProcess) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(relay.url) as proxy:
        yield proxy


@pytest.fixture
async def here(tmp_path: Path, proxy: FaultProxy) -> AsyncIterator[Desk]:
    async with desk(tmp_path / "desk", proxy.url, SimulatedClock()) as made:
        yield made


async def test_a_take_arrives_in_parts_and_every_part_is_told(here: Desk, relay: RelayProcess) -> None:
    entry = await here.queue(1, BIG)
    async with here.running():
        await here.until(State.ACCEPTED)
    offsets = [sent for _, sent, _ in here.progress]
    assert offsets == sorted(offsets) and offsets[-1] == len(BIG) and len(offsets) > 3
    assert {size for _, _, size in here.progress} == {len(BIG)}
    assert max(b - a for a, b in pairwise(offsets)) <= MAX_CHUNK_BYTES
    assert here.uploader.tus.sent_bytes == len(BIG), "without a break nothing is sent twice"
    states = [e.state for e in here.history if e.entry_id == entry.entry_id]
    assert set(states[:-1]) == {State.UPLOADING} and states[-1] is State.ACCEPTED
    (stored,) = await here.stored()
    assert stored.post_id and stored.upload_url is None
    assert "take 1" in await titles(relay.url)


async def test_after_a_break_it_goes_on_where_it_was(here: Desk, proxy: FaultProxy) -> None:
    cuts = iter([len(BIG) // 2, len(BIG) // 4])
    proxy.cut_after = lambda: next(cuts, None)
    proxy.cut_all()
    await here.queue(2, BIG)
    async with here.running():
        await here.until(State.ACCEPTED)
    assert proxy.cuts == 2
    assert here.uploader.tus.sent_bytes <= len(BIG) + 2 * WASTE_BYTES
    assert [e.attempts for e in here.history if e.state is State.UPLOADING][-1] == 1, (
        "no new attempt was needed"
    )


async def test_after_a_restart_it_goes_on_where_it_was(
    tmp_path: Path, proxy: FaultProxy, relay: RelayProcess
) -> None:
    """The library knows how far it was; the relay is asked all the same."""
    async with desk(tmp_path / "d", proxy.url) as first:
        await first.queue(3, BIG)
        async with first.running():
            await first.until_sent(len(BIG) // 2)
        (stored,) = await first.stored()
        assert stored.state is State.UPLOADING and stored.upload_url
        assert 0 < stored.sent_bytes <= (stored.size_bytes or 0) == len(BIG)
        sent_bytes = first.uploader.tus.sent_bytes
    async with desk(tmp_path / "d", proxy.url) as again:
        async with again.running():
            await again.until(State.ACCEPTED)
        assert sent_bytes + again.uploader.tus.sent_bytes <= len(BIG) + MAX_CHUNK_BYTES
    assert (await titles(relay.url)).count("take 3") == 1


async def test_a_line_that_the_relay_still_takes_for_alive_is_taken_over(
    here: Desk, proxy: FaultProxy
) -> None:
    cuts = iter([len(BIG) // 3, len(BIG) // 3])
    proxy.half_open, proxy.cut_after = True, lambda: next(cuts, None)
    proxy.cut_all()
    await here.queue(4, BIG)
    async with here.running():
        await here.until(State.ACCEPTED)
    assert proxy.cuts == 2 and here.uploader.tus.sent_bytes <= len(BIG) + 2 * WASTE_BYTES


@pytest.mark.parametrize("of", ["POST /api/v1/uploads", "PATCH ", "HEAD ", "POST /api/v1/audio/process"])
async def test_an_answer_that_is_lost_makes_no_second_post(
    here: Desk, proxy: FaultProxy, relay: RelayProcess, of: str
) -> None:
    before, begun = await titles(relay.url), uploads_begun(relay)
    lost = 0

    def lose(head: bytes) -> bool:
        nonlocal lost
        hit = head.startswith(of.encode()) and lost < 2
        lost += hit
        # A HEAD is asked after a break only, so there has to be one.
        return hit or (of == "HEAD " and head.startswith(b"PATCH ") and proxy.lost_replies == 0)

    proxy.lose_reply = lose
    await here.queue(5, BIG)
    async with here.running():
        await here.until(State.ACCEPTED)
    assert lost == 2
    assert await titles(relay.url) == [*before, "take 5"]
    assert uploads_begun(relay) == begun + 1, "creating is said again with the same key, too"
    assert here.uploader.tus.sent_bytes <= len(BIG) + 3 * WASTE_BYTES


def uploads_begun(relay: RelayProcess) -> int:
    """By all, ever."""
    with closing(sqlite3.connect(f"file:{relay.data / 'relay.db'}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM upload").fetchone()[0])


async def test_the_relay_away_costs_nothing_but_time(
    here: Desk, proxy: FaultProxy, relay: RelayProcess
) -> None:
    clock = here.uploader._clock
    assert isinstance(clock, SimulatedClock)
    clock.stop_at_us = clock.us + 3_600_000_000
    before = await titles(relay.url)
    proxy.down = True
    proxy.cut_all()
    for number in range(10, 13):
        await here.queue(number, AUDIO)
    async with here.running():
        async with asyncio.timeout(HANG_S):
            await clock.stopped.wait()
        tries = proxy.connections
        begun_us = here.begun_us()
        assert min(b - a for a, b in pairwise(begun_us)) >= 1_000_000, "at most one request a second"
        assert 3 < len(begun_us) < 60 and tries <= 3 * len(begun_us), "and soon far fewer"
        assert {e.state for e in await here.stored()} == {State.QUEUED}
        proxy.down = False
        here.uploader.relay_back()
        await here.until(State.ACCEPTED)
    assert await titles(relay.url) == [*before, "take 10", "take 11", "take 12"], (
        "in the order they were kept"
    )


async def test_a_token_that_ends_in_the_middle_is_renewed_and_the_upload_goes_on(here: Desk) -> None:
    def end_token(event: EntryProgressed) -> None:
        if not tokens and event.sent_bytes:
            tokens.append(here.relay.tokens._access)
            here.relay.tokens._access = "x" * 40

    tokens: list[str | None] = []
    here.when_sent = end_token
    await here.queue(6, BIG)
    async with here.running():
        await here.until(State.ACCEPTED)
    assert tokens and here.relay.tokens._access not in (tokens[0], "x" * 40)
    assert len([e for e in here.history if e.attempts > 1]) == 0
    assert here.uploader.tus.sent_bytes == len(BIG), "a part that was refused is the same part"


async def test_twenty_calls_with_an_ended_token_are_one_refresh(here: Desk, proxy: FaultProxy) -> None:
    refreshes = 0

    def count(head: bytes) -> bool:
        nonlocal refreshes
        refreshes += head.startswith(b"POST /api/v1/auth/refresh")
        return False

    proxy.lose_reply = count
    here.relay.tokens._access = "x" * 40
    await asyncio.gather(*(here.relay.me() for _ in range(20)))
    late = await here.relay.tokens.access(refused="x" * 40)
    assert late != "x" * 40 and refreshes == 1, "nor is it another for who is refused late"


async def test_nothing_goes_out_under_another_account(here: Desk, relay: RelayProcess) -> None:
    def switch(_: EntryProgressed) -> None:
        here.account = "someone.else"
        here._news.set()

    here.when_sent = switch
    before = await titles(relay.url)
    entry = await here.queue(7, BIG)
    async with here.running():
        await here.until(State.QUEUED)
        while not any(e.state is State.QUEUED for e in here.history):
            here._news.clear()
            await here._news.wait()
    (stored,) = await here.stored()
    assert (stored.entry_id, stored.state, stored.account) == (entry.entry_id, State.QUEUED, ACCOUNT)
    assert "another account" in str(stored.reason)
    assert await titles(relay.url) == before
    here.account = ACCOUNT
    here.when_sent = here._sent
    async with here.running():
        await here.until(State.ACCEPTED)
    assert here.uploader.tus.sent_bytes <= len(BIG) + WASTE_BYTES, "and it went on where it was"


async def test_a_copy_that_has_changed_on_the_disk_is_not_sent(here: Desk) -> None:
    entry = await here.queue(8, BIG)
    path = here.takes / entry.take_id / TAKE_FLAC
    path.write_bytes(bytes([*BIG[:-1], BIG[-1] ^ 1]))
    async with here.running():
        await here.until(State.NEEDS_ATTENTION)
    (stored,) = await here.stored()
    assert "sidechain doctor" in str(stored.reason) and here.uploader.tus.sent_bytes == 0
    path.write_bytes(BIG)
    await here.retry(stored)
    async with here.running():
        await here.until(State.ACCEPTED)


async def test_an_upload_that_the_relay_gave_up_begins_anew(
    tmp_path: Path, proxy: FaultProxy, relay: RelayProcess
) -> None:
    async with desk(tmp_path / "d", proxy.url) as first:
        await first.queue(9, BIG)
        async with first.running():
            await first.until_sent(FIRST_CHUNK_BYTES)
        (stored,) = await first.stored()
        answer = await first.relay.call("DELETE", str(stored.upload_url), {"Tus-Resumable": "1.0.0"})
        assert answer.status == 204
        async with first.running():
            await first.until(State.ACCEPTED)
        (after,) = await first.stored()
        assert after.state is State.ACCEPTED
    assert (await titles(relay.url)).count("take 9") == 1
    assert not re.search(str(stored.entry_id), " ".join(os.listdir(relay.data / "objects" / "incoming")))


async def test_a_clock_set_back_or_forward_holds_nothing_up(here: Desk, proxy: FaultProxy) -> None:
    clock = here.uploader._clock
    assert isinstance(clock, SimulatedClock)
    year_us = 365 * 86_400 * 1_000_000
    for number, jump_us in ((14, -year_us), (15, 2 * year_us)):
        proxy.down = True
        proxy.cut_all()
        clock.stop_at_us = clock.us + 60_000_000
        clock.stopped.clear()
        await here.queue(number, AUDIO)
        async with here.running():
            async with asyncio.timeout(HANG_S):
                await clock.stopped.wait()
        clock.us += jump_us
        clock.stop_at_us = None
        proxy.down = False
        async with here.running():
            await here.until(State.ACCEPTED)


async def test_the_relay_back_touches_only_what_waited_for_it(here: Desk, proxy: FaultProxy) -> None:
    """After a week offline thousands are queued; each is a file and a commit, and the link may come and go."""
    proxy.down = True
    proxy.cut_all()
    entries = [await here.queue(number, AUDIO) for number in (18, 19, 20)]
    clock = here.uploader._clock
    assert isinstance(clock, SimulatedClock)
    clock.stop_at_us = clock.us
    async with here.running(), asyncio.timeout(HANG_S):
        await clock.stopped.wait()
        here.uploader.relay_back()
        while (await here.stored())[-3].attempts < 2:
            await asyncio.sleep(0.01)
        touched = {entry.take_id for entry in here.history}
        assert touched & {entry.take_id for entry in entries} == {entries[0].take_id}
        proxy.down, clock.stop_at_us = False, None
        here.uploader.relay_back()
        await here.until(State.ACCEPTED)


async def test_a_clock_set_back_changes_no_order(here: Desk, relay: RelayProcess) -> None:
    for number in (17, 16):  # the second was kept when the clock said that the first was not kept yet
        await here.queue(number, AUDIO)
    async with here.running():
        await here.until(State.ACCEPTED)
    assert [title for title in await titles(relay.url) if title in ("take 16", "take 17")] == [
        "take 17",
        "take 16",
    ]


async def test_an_attempt_that_takes_too_long_is_ended_and_the_next_goes_on(
    here: Desk, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.queue(16, BIG)
    proxy.bytes_per_s = 400_000.0
    with monkeypatch.context() as patched:
        patched.setattr(tus, "UPLOAD_LIMIT_S", 1.5)
        clock = here.uploader._clock
        assert isinstance(clock, SimulatedClock)
        clock.stop_at_us = clock.us + 1
        async with here.running():
            async with asyncio.timeout(HANG_S):
                await clock.stopped.wait()
        (stored,) = await here.stored()
        assert stored.state is State.QUEUED and "takes long" in str(stored.reason)
        assert 0 < stored.sent_bytes < len(BIG)
    proxy.bytes_per_s, clock.stop_at_us = None, None
    async with here.running():
        await here.until(State.ACCEPTED)
    assert here.uploader.tus.sent_bytes <= len(BIG) + 2 * WASTE_BYTES


async def test_a_relay_that_asks_for_patience_gets_it(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object, **__: object) -> object:
        raise Offline("The relay is busy.", retry_after_s=90.0)

    clock = here.uploader._clock
    assert isinstance(clock, SimulatedClock)
    await here.queue(17, AUDIO)
    with monkeypatch.context() as patched:
        patched.setattr(here.relay, "process", busy)
        clock.stop_at_us = clock.us + 1_000_000_000
        async with here.running():
            async with asyncio.timeout(HANG_S):
                await clock.stopped.wait()
        begun_us = here.begun_us()
        assert len(begun_us) > 3 and min(b - a for a, b in pairwise(begun_us)) >= 90_000_000
    clock.stop_at_us = None
    async with here.running():
        await here.until(State.ACCEPTED)


async def test_an_upload_begins_before_it_is_known_what_is_heard_and_the_post_says_it(
    here: Desk, relay: RelayProcess
) -> None:
    entry = await here.queue(21, AUDIO, analysis=None)
    async with here.running():
        await here.until_sent(len(AUDIO))
        assert "take 21" not in await titles(relay.url)
        await here.store.run(Store.set_analysis, entry.take_id, TakeAnalysis(bpm=97.0, bpm_source="audio"))
        here.bus.tell(TakeAnalysed(take_id=entry.take_id))
        await here.until(State.ACCEPTED)
    assert [post["bpm"] for post in await posts(relay.url) if post["title"] == "take 21"] == [97.0]


async def test_a_take_of_which_nobody_will_find_out_what_is_heard_is_posted_without(
    here: Desk, relay: RelayProcess
) -> None:
    entry = await here.queue(22, AUDIO, analysis=None)
    async with here.running():
        await here.until_sent(len(AUDIO))
        await here.store.run(Store.set_failed, entry.take_id, "three strikes")
        here.bus.tell(TakeChanged(take_id=entry.take_id))
        await here.until(State.ACCEPTED)
    assert [post["bpm"] for post in await posts(relay.url) if post["title"] == "take 22"] == [None]
