"""The library and the outbox on disk: what is returned is stored, and no state that cannot be is accepted."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon.core import outbox
from daemon.core.outbox import Entry, State
from daemon.errors import BadConfig, LibraryStuck
from daemon.library import schema
from daemon.library.feed_cache import MAX_ITEMS
from daemon.library.schema import APPLICATION_ID, SCHEMA_VERSION
from daemon.library.store import Store
from relay.wire.rest import FeedPost
from tests.support.posts import post
from tests.support.takes import take


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "library.sqlite3")
    yield opened
    opened.close()


def entry(number: int = 1, **fields: object) -> Entry:
    made = Entry(
        entry_id=f"{number:032x}", take_id=f"{number:032x}", account=None, title="t", created_us=number
    )
    return msgspec.structs.replace(made, **fields)


def test_a_take_and_its_entry_are_stored_together_or_not_at_all(store: Store) -> None:
    store.add_take(take(1), entry(1))
    assert (store.take_ids(), store.entry_of(take(1).take_id)) == ({take(1).take_id}, entry(1))
    with pytest.raises(sqlite3.IntegrityError):
        store.add_take(take(2), entry(2, take_id="0" * 32))  # an entry of no take
    assert store.take_ids() == {take(1).take_id}


def test_takes_come_back_as_they_were_stored_newest_first(store: Store) -> None:
    for number in (1, 3, 2):  # the clock was set back before the last
        store.add_take(take(number))
    assert store.takes(2) == [take(2), take(3)]
    assert store.find_take("last") == [take(2)]
    assert store.find_take(take(2).take_id[:32]) == [take(2)]
    assert len(store.find_take("0000")) == 2, "an ambiguous prefix is told by more than one"
    assert store.find_take("%") == []


def test_posting_twice_gives_the_same_entry(store: Store) -> None:
    store.add_take(take(1))
    first = store.add_entry(entry(7, take_id=take(1).take_id))
    assert store.add_entry(entry(8, take_id=take(1).take_id)) == first


def test_an_entry_made_after_the_copy_is_released_at_once(store: Store) -> None:
    store.add_take(take(1))
    store.set_rendered(take(1).take_id, "a" * 64)
    assert store.add_entry(entry(1)).state is State.QUEUED


def test_the_rendered_copy_releases_the_waiting_entry(store: Store) -> None:
    store.add_take(take(1), entry(1))
    store.set_rendered(take(1).take_id, "a" * 64)
    stored = store.entry_of(take(1).take_id)
    assert stored and (stored.state, stored.sha256) == (State.QUEUED, "a" * 64)


def test_a_take_that_cannot_be_rendered_quarantines_its_entry_and_can_be_asked_for_again(
    store: Store,
) -> None:
    store.add_take(take(1), entry(1))
    store.set_failed(take(1).take_id, "poison")
    stored = store.entry_of(take(1).take_id)
    assert stored and (stored.state, stored.reason) == (State.QUARANTINED, "poison")
    assert store.unprocessed() == []
    store.retry_take(take(1).take_id)
    assert [t.take_id for t in store.unprocessed()] == [take(1).take_id]


def test_a_set_aside_entry_stays_so_when_its_take_is_rendered_after_all(store: Store) -> None:
    store.add_take(take(1), entry(1))
    store.set_failed(take(1).take_id, "poison")
    store.retry_take(take(1).take_id)
    store.set_rendered(take(1).take_id, "a" * 64)
    stored = store.entry_of(take(1).take_id)
    assert stored and stored.state is State.QUARANTINED
    assert store.take_event(stored.entry_id, outbox.Retried()).state is State.QUEUED


@pytest.mark.parametrize(
    "half",
    [
        {"state": State.UPLOADING, "sha256": "a" * 64},
        {"lease_until_us": 5},
        {"state": State.ACCEPTED, "sha256": "a" * 64},
        {"post_id": "p"},
        {"state": State.QUEUED},
        {"state": State.QUARANTINED},
        {"state": State.NEEDS_ATTENTION, "sha256": "a" * 64},
        {"upload_url": "w", "size_bytes": 9},
        {"state": State.QUEUED, "sha256": "a" * 64, "upload_url": "w"},
        {"state": State.QUEUED, "sha256": "a" * 64, "size_bytes": 9},
        {"state": State.QUEUED, "sha256": "a" * 64, "sent_bytes": 1},
        {"state": State.QUEUED, "sha256": "a" * 64, "upload_url": "w", "size_bytes": 9, "sent_bytes": 10},
        {"state": State.QUEUED, "sha256": "a" * 64, "upload_url": "w", "size_bytes": 9, "sent_bytes": -1},
    ],
)
def test_sql_refuses_what_the_state_machine_forbids(store: Store, half: dict[str, object]) -> None:
    store.add_take(take(1))
    with pytest.raises(sqlite3.IntegrityError):
        store.save_entry(entry(1, **half))


def test_every_state_that_the_machine_reaches_can_be_stored(store: Store) -> None:
    store.add_take(take(1))
    at = entry(1)
    for event in (
        outbox.Rendered(sha256="a" * 64),
        outbox.Picked(account="owl"),
        outbox.Moved(upload_url="w", size_bytes=9, sent_bytes=0),
        outbox.Moved(upload_url="w", size_bytes=9, sent_bytes=5),
        outbox.FailedTransient(reason="offline"),
        outbox.Picked(account="owl"),
        outbox.FailedFinal(reason="refused"),
        outbox.Retried(),
        outbox.Picked(account="owl"),
        outbox.Accepted(post_id="p", post_url="u"),
    ):
        at = outbox.apply(at, event, now_us=1, jitter=0.0)
        store.save_entry(at)
        assert store.entry_of(at.take_id) == at


def test_events_and_the_cursor_are_applied_together(store: Store) -> None:
    assert store.cursor() is None
    store.apply_events([post(1)], "e.3.0")
    assert store.cursor() == "e.3.0"
    store.apply_events([post(1), post(2)], None)
    assert (store.cursor(), [p.id for p in store.items(9)]) == ("e.3.0", [post(2).id, post(1).id])


def test_a_transaction_that_fails_stores_neither_items_nor_the_cursor(store: Store) -> None:
    store.apply_events([post(1)], "e.3.0")
    with pytest.raises(sqlite3.Error):
        store.apply_events([post(2)], object())  # type: ignore[arg-type]
    assert (store.cursor(), [p.id for p in store.items(9)]) == ("e.3.0", [post(1).id])


def test_the_newest_items_stay_and_one_delivered_again_is_the_later_one(store: Store) -> None:
    store.apply_events([post(n) for n in range(MAX_ITEMS + 2)], None)
    assert [p.id for p in store.items(MAX_ITEMS * 2)] == [post(n).id for n in range(MAX_ITEMS + 1, 1, -1)]
    store.apply_events([msgspec.structs.replace(post(9), title="new")], None)
    assert [p.title for p in store.items(MAX_ITEMS) if p.id == post(9).id] == ["new"]


def test_what_was_removed_is_forgotten_with_its_cursor(store: Store) -> None:
    store.apply_events([post(1), post(2), post(3)], "e.1.0")
    store.apply_events([], "e.2.0", removed=[post(2).id])
    assert [each.id for each in store.items(9)] == [post(3).id, post(1).id]
    assert store.cursor() == "e.2.0"


def test_a_changed_post_is_as_it_is_now_and_comes_back_only_where_the_items_reach(store: Store) -> None:
    store.apply_events([post(1), post(3), post(5)], None)
    changed = [msgspec.structs.replace(post(n), title="now") for n in (1, 3, 5)]
    store.apply_events([], None, changed=changed[1:2], removed=[post(1).id, post(5).id])
    assert [each.title for each in store.items(9)] == ["now"]
    store.apply_events([], None, changed=changed)
    assert [each.id for each in store.items(9)] == [post(5).id, post(3).id]


@pytest.mark.parametrize(
    ("page", "is_last", "left"),
    [
        ([5, 3], False, [6, 5, 3, 2, 1]),  # what is newer or older than the page is not its to say
        ([5, 3], True, [6, 5, 3]),
        ([7, 6, 5, 4, 3, 2, 1], False, [7, 6, 5, 4, 3, 2, 1]),
        ([], True, [6, 5, 4, 3, 2, 1]),
    ],
)
def test_a_page_of_the_relay_is_the_truth_of_its_stretch(
    store: Store, page: list[int], is_last: bool, left: list[int]
) -> None:
    store.apply_events([post(n) for n in range(1, 7)], None)
    gone = store.apply_page([post(n) for n in page], is_last=is_last, cursor="e.1.0")
    assert [each.id for each in store.items(9)] == [post(n).id for n in left]
    assert set(gone) == {post(n).id for n in range(1, 7)} - {post(n).id for n in left}
    assert store.cursor() == "e.1.0"


def test_what_somebody_shows_stands_where_it_was_shown_whatever_becomes_of_the_post(store: Store) -> None:
    old = post(1)
    shown = FeedPost(
        **msgspec.structs.asdict(old),
        reason="repost",
        reposted_by="ben",
        reposted_by_id="b" * 32,
        reposted_at=post(4).created_at,
    )
    store.apply_events([post(3), post(5), shown], None)
    assert store.items(9) == [post(5), shown, post(3)]
    assert store.items_before(9, post(4).created_at, shown.id) == [post(3)]
    assert store.items_about([old.id, "0" * 32], []) == {old.id: shown} == store.items_about([], ["b" * 32])
    liked = msgspec.structs.replace(shown, liked=True)
    assert store.change_item(msgspec.structs.replace(old, liked=True)) == liked
    assert store.items(9) == [post(5), liked, post(3)]
    assert store.apply_page([post(5), post(3)], is_last=True) == [old.id], "nobody shows it any more"
    store.apply_page([post(5), shown, post(3)], is_last=True)
    assert store.apply_page([post(5), post(3), old], is_last=True) == []
    assert store.items(9) == [post(5), post(3), old], "its author is followed"


def test_another_account_starts_with_nothing_of_the_last_one(store: Store) -> None:
    store.set_facts({"account": "owl"})
    store.apply_events([post(1)], "e.1.0")
    store.set_facts({"account": "owl"})
    assert len(store.items(9)) == 1
    store.set_facts({"account": "lark"})
    assert (store.items(9), store.cursor()) == ([], None)


def test_a_library_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store(tmp_path / "library.sqlite3").close()
    with sqlite3.connect(tmp_path / "library.sqlite3") as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID + SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(BadConfig, match="newer Sidechain"):
        Store(tmp_path / "library.sqlite3")


def test_an_item_that_a_newer_version_cannot_read_is_forgotten_and_the_library_is_sound(
    tmp_path: Path,
) -> None:
    path = tmp_path / "library.sqlite3"
    store = Store(path)
    store.apply_events([post(1), post(2)], "e.1.0")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        changed = "UPDATE item SET post = json_set(post, '$.created_at', 'yesterday') WHERE post_id = ?"
        db.execute(changed, (post(1).id,))
    assert store.items(9) == [post(2)] and store.item(post(1).id) == []
    store.check()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM item").fetchone() == (1,)
    store.close()


def test_an_installation_that_lacks_a_script_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SCRIPTS", tmp_path / "sql")
    with pytest.raises(LibraryStuck, match=r"is missing: .*0001_.*Install Sidechain anew"):
        Store(tmp_path / "library.sqlite3")
