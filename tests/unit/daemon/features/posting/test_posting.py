"""What a person does with Entries, also when a take's folder was lost behind the library's back; and who is told."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest

from daemon.config import Config
from daemon.core.outbox import TRANSITIONS, Discarded, Entry, Retried, State
from daemon.errors import (
    NotClaimed,
    NothingThere,
    Offline,
    RelayRefused,
    SidechainError,
    TakeGone,
    UsageError,
)
from daemon.events import Bus, EntryChanged, TakeReset
from daemon.features.posting.posting import Posting
from daemon.features.posting.uploads import Uploader, upload_meta
from daemon.identity.account import Account
from daemon.identity.relay import DeviceRelay
from daemon.library.entries import Entries, new_entry
from daemon.library.sidecars import entry_of_file, read_entry
from daemon.library.store import Store
from daemon.library.takes import Takes
from relay.wire.rest import ShownTo
from tests.support.takes import publish, take

FRAMES = 480


class Shelf:
    """A library without a daemon, and what its posting tells."""

    def __init__(
        self, folder: Path, relay_url: str, hold_us: int = 0, visibility: ShownTo = "public"
    ) -> None:
        config = Config(
            data_dir=str(folder),
            run_dir=str(folder),
            relay_url=relay_url,
            credential_store="file",
            undo_seconds=hold_us / 1e6,
            post_visibility=visibility,
        )
        self.store = Store(folder / "library.sqlite3")
        bus = Bus()
        self.takes = Takes(config, self.store, bus)
        account = Account(config, self.store, "0", bus)
        self.entries = Entries(config, self.store, bus)
        self.account = account
        self.titled: list[tuple[str, str]] = []
        self.relay_says: SidechainError | None = None
        self.posting = Posting(self.store, self.takes, self.entries, account, None, bus, self.set_title)
        self.told: list[EntryChanged | TakeReset] = []
        for kind in (EntryChanged, TakeReset):
            bus.on(kind, self.told.append)

    async def set_title(self, post_id: str, title: str) -> None:
        """What the relay is told of a post."""
        if self.relay_says:
            raise self.relay_says
        self.titled.append((post_id, title))

    def keep(self, number: int, *, failed: bool = False) -> str:
        row = take(number, frames=FRAMES)
        publish(self.takes.folder, row, np.zeros((FRAMES, 2), np.float32))
        self.store.add_take(row, new_entry(row, "", "anna") if failed else None)
        if failed:
            self.store.set_failed(row.take_id, "The decoder ended.")
        return row.take_id


def in_state(entry: Entry, state: State) -> Entry:
    """The Entry as it stands in `state`."""
    under_way = {
        State.HELD: {"held_until_us": 1},
        State.UPLOADING: {"sha256": "a" * 64, "account": "anna", "lease_until_us": 1},
        State.ACCEPTED: {"sha256": "a" * 64, "account": "anna", "post_id": "p", "post_url": "u"},
        State.QUEUED: {"sha256": "a" * 64},
        State.NEEDS_ATTENTION: {"sha256": "a" * 64, "reason": "The relay said no."},
        State.QUARANTINED: {"reason": "The encoder died three times."},
    }
    return msgspec.structs.replace(entry, state=state, **under_way.get(state, {}))


@pytest.mark.parametrize("now", State)
@pytest.mark.parametrize("seen", State)
async def test_an_entry_that_moved_on_since_it_was_seen_is_taken_as_it_is_now(
    tmp_path: Path, seen: State, now: State
) -> None:
    """Who asks for all of a list may find that one of it has set out meanwhile: that is no fault of theirs."""
    shelf = Shelf(tmp_path, "http://127.0.0.1:1")
    fresh = await shelf.posting.post(await shelf.takes.get(shelf.keep(1)), "A")
    shelf.store.save_entry(in_state(fresh, now))
    after = await shelf.entries.retry(in_state(fresh, seen))
    assert after == shelf.store.entry_of(fresh.take_id)
    assert after.state is now or Retried in TRANSITIONS[now]
    shelf.store.save_entry(in_state(fresh, now))
    if Discarded in TRANSITIONS[now]:
        assert (await shelf.entries.discard(in_state(fresh, seen))).state is State.DISCARDED
    else:
        with pytest.raises(SidechainError, match=r"cannot be taken back"):
            await shelf.entries.discard(in_state(fresh, seen))
    shelf.store.close()


async def test_what_is_taken_back_as_the_relay_comes_back_stays_taken_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "http://127.0.0.1:1")
    bus = Bus()
    relay = DeviceRelay("http://127.0.0.1:1", lambda: None)
    uploader = Uploader(
        shelf.store, relay, shelf.takes.folder, lambda: None, bus, changing=shelf.entries.changing
    )
    waiting = []
    for number in range(1, 20):
        entry = await shelf.posting.post(await shelf.takes.get(shelf.keep(number)), "A")
        later = msgspec.structs.replace(in_state(entry, State.QUEUED), next_attempt_us=1 << 60)
        shelf.store.save_entry(later)
        waiting.append(later)
    uploader.relay_back()
    running = asyncio.create_task(uploader.run())
    await asyncio.gather(*(shelf.entries.discard(entry) for entry in reversed(waiting)))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert {entry.state for entry in shelf.store.entries()} == {State.DISCARDED}
    shelf.store.close()


def title_of(shelf: Shelf, take_id: str) -> str:
    entry = shelf.store.entry_of(take_id)
    assert entry is not None
    return entry.title


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path, "https://relay.example")
    yield made
    made.store.close()


async def test_a_lost_folder_is_said_holds_up_no_other_and_can_be_discarded(shelf: Shelf) -> None:
    lost, there = shelf.keep(1, failed=True), shelf.keep(2, failed=True)
    shutil.rmtree(shelf.takes.folder / lost)
    after = await shelf.posting.retry("all")
    assert {e.take_id: e.state for e in after} == {lost: "quarantined", there: "waiting"}
    with pytest.raises(TakeGone, match="missing"):
        await shelf.posting.retry(lost)
    assert (await shelf.posting.discard(lost)).state == "discarded"
    await shelf.takes.delete(lost)
    assert [t.take_id for t in shelf.store.takes(10)] == [there]


async def test_whoever_posts_all_are_told_and_the_pipeline_begins(shelf: Shelf) -> None:
    take_id = shelf.keep(1)
    entry = await shelf.posting.post(await shelf.takes.get(take_id), "a title")
    assert shelf.told == [EntryChanged(entry=entry), TakeReset(take_id=take_id)]
    assert (entry.state, entry.title) == (State.WAITING, "a title")
    again = await shelf.posting.post(await shelf.takes.get(take_id), "another")
    assert (again.entry_id, again.title) == (entry.entry_id, "another"), (
        "one entry a take, the title given last"
    )
    assert await shelf.posting.post(await shelf.takes.get(take_id), "") == again, "no title takes none away"


@pytest.mark.parametrize("state", State)
async def test_what_was_typed_last_goes_out_or_is_refused_in_words(shelf: Shelf, state: State) -> None:
    take_id = shelf.keep(1, failed=state is State.QUARANTINED)
    entry = await shelf.posting.post(await shelf.takes.get(take_id), "the old one")
    shelf.store.save_entry(in_state(entry, state))
    if state in (State.UPLOADING, State.ACCEPTED):
        with pytest.raises(SidechainError, match="does not go out with it"):
            await shelf.posting.post(await shelf.takes.get(take_id), "the new one")
        assert (await shelf.posting.rename(take_id, "the new one")).title == "the new one"
        assert shelf.store.entry_of(take_id) == in_state(entry, state), "what is under way is as it was"
        return
    await shelf.posting.rename(take_id, "the one between")
    assert title_of(shelf, take_id) == "the one between"
    await shelf.posting.post(await shelf.takes.get(take_id), "the new one")
    assert title_of(shelf, take_id) == "the new one"
    told = [event.entry.title for event in shelf.told if isinstance(event, EntryChanged)]
    assert told[-1] == "the new one", "all who show it are told"


@pytest.mark.parametrize("title", ["x" * 121, "a\u202eb", "caf\udce9"])
async def test_a_title_that_the_relay_would_refuse_is_refused_where_it_is_typed(
    shelf: Shelf, title: str
) -> None:
    take_id = shelf.keep(1)
    with pytest.raises(UsageError, match="title"):
        await shelf.posting.post(await shelf.takes.get(take_id), title)
    with pytest.raises(UsageError, match="title"):
        await shelf.posting.rename(take_id, title)
    assert shelf.store.entry_of(take_id) is None


async def test_taking_back_and_asking_again_are_told_too(shelf: Shelf) -> None:
    take_id = shelf.keep(1)
    entry = await shelf.posting.post(await shelf.takes.get(take_id), "")
    shelf.told.clear()
    taken_back = await shelf.posting.discard(entry.entry_id)
    (again,) = await shelf.posting.retry(take_id)
    assert [e.entry for e in shelf.told if isinstance(e, EntryChanged)] == [taken_back, again]
    assert (taken_back.state, again.state) == (State.DISCARDED, State.WAITING)


async def test_undo_takes_the_newest_that_is_held_and_nothing_that_has_gone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "https://relay.example", hold_us=600_000_000)
    takes = [shelf.keep(number) for number in (1, 2, 3)]
    entries = [await shelf.posting.post(await shelf.takes.get(take_id), "") for take_id in takes]
    assert {entry.state for entry in entries} == {State.HELD}
    assert await shelf.entries.release(entries[2]), "its time is over"
    assert (await shelf.posting.undo("")).entry_id == entries[1].entry_id
    assert shelf.told[-1] == EntryChanged(entry=await entry_now(shelf, takes[1]))
    assert (await shelf.posting.undo(takes[2])).state is State.DISCARDED, "by name, while nothing has left"
    assert await shelf.entries.release(entries[1]) is None, "what was undone is not let go"
    again = await shelf.posting.post(await shelf.takes.get(takes[1]), "")
    assert (again.state, again.entry_id) == (State.HELD, entries[1].entry_id), "second thoughts as at first"
    (now,) = await shelf.posting.retry(takes[1])
    assert now.state is State.WAITING, "asked for by name, it need not wait"
    await shelf.posting.undo("")
    with pytest.raises(NothingThere, match="Nothing is held"):
        await shelf.posting.undo("")
    shelf.store.save_entry(in_state(await entry_now(shelf, takes[0]), State.UPLOADING))
    with pytest.raises(SidechainError, match="is uploading and cannot be taken back"):
        await shelf.posting.undo(takes[0])
    shelf.store.close()


async def entry_now(shelf: Shelf, take_id: str) -> Entry:
    entry = shelf.store.entry_of(take_id)
    assert entry is not None
    return entry


async def test_without_a_relay_nothing_can_be_posted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "")
    take_id = shelf.keep(1)
    with pytest.raises(NotClaimed, match="No relay is configured"):
        await shelf.posting.post(await shelf.takes.get(take_id), "")
    assert not shelf.told
    shelf.store.close()


async def test_another_title_of_a_take_is_its_posts_title_once_that_is_out(shelf: Shelf) -> None:
    take_id = shelf.keep(1)
    entry = in_state(await shelf.posting.post((await shelf.takes.get(take_id)), "First"), State.ACCEPTED)
    shelf.store.save_entry(entry)
    await shelf.posting.rename(take_id, "Not ours to tell")
    assert shelf.titled == [], "it went out under another account"
    shelf.account.name = "anna"
    await shelf.posting.rename(take_id, "Second")
    assert shelf.titled == [("p", "Second")]

    shelf.relay_says = Offline("The relay is away.")
    with pytest.raises(Offline, match="its post still the old one: The relay is away"):
        await shelf.posting.rename(take_id, "Third")
    assert (await shelf.takes.get(take_id)).title == "Third"
    shelf.relay_says = RelayRefused("This post was deleted.", status=410, code="gone")
    await shelf.posting.rename(take_id, "Fourth")
    assert (await shelf.takes.get(take_id)).title == "Fourth"


async def test_a_post_is_for_whom_the_person_said_or_else_the_setting(tmp_path: Path) -> None:
    """In the row, beside the sound, and in what the relay is told."""
    shelf = Shelf(tmp_path, "https://relay.example", visibility="followers")
    by_setting, by_word = shelf.keep(1), shelf.keep(2)
    takes = [await shelf.takes.get(each) for each in (by_setting, by_word)]
    assert (await shelf.posting.post(takes[0], "")).visibility == "followers"
    assert (await shelf.posting.post(takes[1], "", "private")).visibility == "private"
    assert (await shelf.posting.post(takes[1], "")).visibility == "private", "asked again without a word"
    assert (await shelf.posting.post(takes[1], "", "unlisted")).visibility == "unlisted"
    for take_id, visibility in ((by_setting, "followers"), (by_word, "unlisted")):
        entry = shelf.store.entry_of(take_id)
        file = read_entry(shelf.takes.folder / take_id)
        assert entry is not None and file is not None
        assert entry.visibility == entry_of_file(file).visibility == visibility
        ready = msgspec.structs.replace(entry, sha256="a" * 64)
        assert upload_meta(await shelf.takes.get(take_id), ready).visibility == visibility
    shelf.store.close()


async def test_who_sees_what_is_posted_anew_is_said_anew(tmp_path: Path) -> None:
    """A slip, undone, and posted as it was meant: never more people than the last word said."""
    shelf = Shelf(tmp_path, "https://relay.example", hold_us=10**9, visibility="followers")
    take = await shelf.takes.get(shelf.keep(1))
    await shelf.posting.post(take, "", "public")
    await shelf.posting.undo("")
    again = await shelf.posting.post(take, "")
    assert (again.state, again.visibility) == (State.HELD, "followers")
    shelf.store.save_entry(in_state(msgspec.structs.replace(again, held_until_us=None), State.UPLOADING))
    with pytest.raises(SidechainError, match="uploading as followers"):
        await shelf.posting.post(take, "", "private")
    shelf.store.close()
