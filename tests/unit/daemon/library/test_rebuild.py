"""A damaged, lost or set-back library: each Take and each Entry comes back from the files beside the sound, once."""

import os
import random
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from daemon.config import Config
from daemon.core import outbox
from daemon.core.analysis import TakeAnalysis, TakeWarning
from daemon.core.outbox import Entry, State
from daemon.errors import AlreadyRunning, BadConfig, LibraryDamaged, LibraryStuck
from daemon.library import sidecars
from daemon.library.rebuild import open_library, own_data, take_in
from daemon.library.schema import APPLICATION_ID
from daemon.library.store import Store
from daemon.system.files import GONE
from tests.support.takes import publish, take
from tests.support.tones import soft_noise

SHA = "a" * 64
HEARD = TakeAnalysis(
    bpm=92.5,
    bpm_source="audio",
    bpm_confidence=0.7,
    warnings=(TakeWarning(kind="clipping", says="It clips."),),
    fingerprint=bytes(range(200)),
    embedding=b"\0\1\xff\xfe" * 48,
)
SEED = 16
ROUNDS = 150 if "SIDECHAIN_SOAK" in os.environ else 10  # of each of four kinds of harm


def entry(number: int) -> Entry:
    return Entry(
        entry_id=f"{number + 1000:032x}",
        take_id=f"{number:032x}",
        account="owl",
        title=f"post {number}",
        created_us=number,
    )


def lived_in(data: Path) -> dict[str, Entry]:
    """A library with a take for every state that an entry can rest in, and one without an entry."""
    takes = data / "takes"
    takes.mkdir(parents=True)
    store, _ = open_library(data / "library.sqlite3", takes)
    rows = {}
    for number, events in enumerate(LIVES):
        row = take(number)
        publish(takes, row, soft_noise(1000))
        at = entry(number)
        store.add_take(row, at)
        if number:
            store.set_rendered(row.take_id, SHA)
            at = outbox.apply(at, outbox.Rendered(sha256=SHA), now_us=0, jitter=0.0)
        for event in events:
            at = outbox.apply(at, event, now_us=1, jitter=0.0)
        store.save_entry(at)
        sidecars.write_entry(takes, at)
        rows[row.take_id] = at
    publish(takes, take(90), soft_noise(1000))
    store.add_take(take(90))
    store.set_facts({"account": "owl"})
    store.close()
    return rows


PICKED = outbox.Picked(account="owl")
LIVES: list[list[outbox.Event]] = [
    [],
    [],
    [PICKED],
    [PICKED, outbox.Accepted(post_id="p", post_url="https://relay.example/p")],
    [PICKED, outbox.FailedFinal(reason="no")],
    [outbox.Discarded()],
    [outbox.Discarded(), outbox.Held(until_us=1)],
]


def harm(path: Path, kind: str, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    if kind == "flip":
        for at in chance.choices(range(len(data)), k=24):
            data[at] ^= 1 << chance.randrange(8)
    elif kind == "zero":
        data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    elif kind == "truncate":
        del data[at:]
    elif kind == "noise":
        data[at : at + 512] = chance.randbytes(len(data[at : at + 512]))
    path.write_bytes(data)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Entry]]:
    data = tmp_path_factory.mktemp("lived")
    return data, lived_in(data)


def test_a_data_folder_belongs_to_one_daemon_whatever_their_run_folders(tmp_path: Path) -> None:
    one, other = (Config(data_dir=str(tmp_path / "data"), run_dir=str(tmp_path / run)) for run in "ab")
    with own_data(one), pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
        own_data(other)
    with own_data(other):
        assert other.takes.is_dir()


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryStuck, match="file"):
        own_data(Config(data_dir=str(tmp_path / "file"), run_dir=str(tmp_path)))


def test_what_was_kept_last_is_last_though_the_clock_was_set_back(tmp_path: Path) -> None:
    """Also after the library was lost: then the entries' own times are the best that is known."""
    store, _ = open_library(tmp_path / "library.sqlite3", _folder(tmp_path))
    for number in (3, 1, 2):
        publish(tmp_path / "takes", take(number), soft_noise(100))
        store.add_take(take(number), entry(number))
        sidecars.write_entry(
            tmp_path / "takes", msgspec.structs.replace(entry(number), created_us=9 - number)
        )
    assert [row.title for row in store.takes(3)] == ["take 2", "take 1", "take 3"]
    assert [row.take_id for row in store.find_take("last")] == [take(2).take_id]
    assert [row.take_id for row in store.unprocessed()] == [e.take_id for e in store.entries()]
    assert [e.title for e in store.entries()] == ["post 3", "post 1", "post 2"]
    first = store.entries()[0]
    store.replace_entry(first, msgspec.structs.replace(first, entry_id="f" * 32))
    assert [e.title for e in store.open_entries()] == ["post 3", "post 1", "post 2"]
    store.close()
    (tmp_path / "library.sqlite3").unlink()
    store, _ = open_library(tmp_path / "library.sqlite3", tmp_path / "takes")
    take_in(store, tmp_path / "takes")
    assert [e.title for e in store.entries()] == ["post 3", "post 2", "post 1"]
    store.close()


def _folder(data: Path) -> Path:
    (data / "takes").mkdir()
    return data / "takes"


@pytest.mark.parametrize("kind", ["flip", "zero", "truncate", "noise"])
def test_whatever_happens_to_the_file_every_take_and_entry_is_there(
    lived: tuple[Path, dict[str, Entry]], tmp_path: Path, kind: str
) -> None:
    source, entries = lived
    chance = random.Random(f"{SEED} {kind}")
    rebuilt = 0
    for round_ in range(ROUNDS):
        data = tmp_path / str(round_)
        shutil.copytree(source, data)
        harm(data / "library.sqlite3", kind, chance)
        before = (data / "library.sqlite3").read_bytes()
        store, sentence = open_library(data / "library.sqlite3", data / "takes")
        assert take_in(store, data / "takes").unreadable == ()
        check_same(store, entries, f"{kind} {round_}")
        store.close()
        if sentence:
            rebuilt += 1
            (aside,) = data.glob("library.damaged-*.sqlite3")
            assert aside.read_bytes() == before, "a damaged library is kept as it was"
        again, sentence = open_library(data / "library.sqlite3", data / "takes")
        assert sentence is None, "no second rebuild"
        again.close()
        shutil.rmtree(data)
    assert rebuilt > 0, "the harm was never noticed"


def check_same(store: Store, entries: dict[str, Entry], label: str) -> None:
    assert store.take_ids() == {*entries, take(90).take_id}, label
    assert [e for e in store.entries() if e.take_id not in entries] == []
    for take_id, was in entries.items():
        now = store.entry_of(take_id)
        assert now is not None
        assert now.entry_id == was.entry_id, label
        assert now.account == "owl" or now.state is State.ACCEPTED, label
        ended = {State.ACCEPTED, State.DISCARDED}
        assert (now.state in ended) == (was.state in ended) and (
            now.state is was.state or was.state not in ended
        )
        assert now.post_id == was.post_id, label


@pytest.mark.parametrize("what", ["nothing", "wal", "all", "empty", "empty with log", "not a database"])
def test_a_library_that_is_gone_is_made_again(tmp_path: Path, what: str) -> None:
    living, data = tmp_path / "living", tmp_path / "data"
    entries = lived_in(living)
    library = data / "library.sqlite3"
    held = sqlite3.connect(living / "library.sqlite3")
    held.execute("PRAGMA journal_mode = WAL")
    held.execute("INSERT OR REPLACE INTO fact VALUES ('account', 'owl')")
    held.commit()
    shutil.copytree(living, data)  # as a daemon that dies leaves it: with its log
    held.close()
    stale = data / "library.sqlite3-wal"
    assert stale.exists()
    if what == "wal":
        stale.unlink()
    elif what == "all":
        library.unlink()
        stale.unlink()
    elif what in ("empty", "empty with log"):
        library.write_bytes(b"")
        stale.unlink() if what == "empty" else None
    elif what == "not a database":
        library.write_bytes(b"not a database" * 1000)
    store, sentence = open_library(library, data / "takes")
    take_in(store, data / "takes")
    check_same(store, entries, what)
    assert (sentence is None) == (what in ("nothing", "wal"))
    assert len(list(data.glob("library.damaged-*-wal"))) == (what in ("empty with log", "not a database"))
    store.close()


def test_malformed_once_is_not_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite may say so of a sound file when the disk stumbles."""
    data = tmp_path / "data"
    lived_in(data)
    sound, said = Store.check, []

    def stumble(self: Store) -> None:
        if not said:
            said.append(1)
            raise LibraryDamaged("database disk image is malformed")
        sound(self)

    monkeypatch.setattr(Store, "check", stumble)
    store, sentence = open_library(data / "library.sqlite3", data / "takes")
    store.close()
    assert sentence is None and said and list(data.glob("library.damaged*")) == []


def test_a_disk_that_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    takes.mkdir()
    (tmp_path / "library.sqlite3").mkdir()
    with pytest.raises(LibraryStuck):
        open_library(tmp_path / "library.sqlite3", takes)
    assert list(tmp_path.glob("library.damaged*")) == []


def test_a_newer_library_is_neither_damaged_nor_rebuilt(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lived_in(data)
    with sqlite3.connect(data / "library.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID + 99}")
    db.close()
    with pytest.raises(BadConfig, match="newer Sidechain"):
        open_library(data / "library.sqlite3", data / "takes")


def test_the_library_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "takes").mkdir(parents=True)
    script = next((Path(sidecars.__file__).parent / "sql").glob("0001_*.sql")).read_text()
    row = take(1)
    publish(data / "takes", row, soft_noise(1000))
    with sqlite3.connect(data / "library.sqlite3") as db:
        db.executescript(f"{script}; PRAGMA user_version = 1;")
        db.execute(
            "INSERT INTO take VALUES (?, 't', 1, 'h', 1000, 48000.0, 2, ?, 'kept', 0, NULL, NULL, NULL)",
            (row.take_id, msgspec.json.encode(row.cut).decode()),
        )
        db.execute(
            "INSERT INTO entry VALUES (?, ?, 'owl', 't', 1, 'waiting', 0, 0, NULL, NULL, NULL, NULL, NULL)",
            ("e" * 32, row.take_id),
        )
    db.close()
    store, sentence = open_library(data / "library.sqlite3", data / "takes")
    take_in(store, data / "takes")
    file = sidecars.read_entry(data / "takes" / row.take_id)
    assert sentence is None and file is not None and file.entry_id == "e" * 32
    store.close()


def test_recordings_of_the_second_version_are_made_again_with_what_is_heard(tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    takes.mkdir()
    scripts = Path(sidecars.__file__).parent / "sql"
    with sqlite3.connect(tmp_path / "library.sqlite3") as db:
        for number in (1, 2):
            db.executescript(next(scripts.glob(f"{number:04d}_*.sql")).read_text())
        db.execute("PRAGMA user_version = 2")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID + 2}")
        db.execute(
            "INSERT INTO take VALUES (?, 't', 1, 'h', 1000, 48000.0, 2, ?, 'ready', 1, ?, '{}', NULL, 0)",
            (take(1).take_id, msgspec.json.encode(take(1).cut).decode(), SHA),
        )
    db.close()
    store, sentence = open_library(tmp_path / "library.sqlite3", takes)
    assert sentence is None
    assert [(row.state, row.flac_sha256, row.analysis) for row in store.unprocessed()] == [
        ("kept", SHA, None)
    ]
    store.close()


def test_an_entry_set_back_by_a_lost_log_does_not_go_out_again(tmp_path: Path) -> None:
    """The row says queued, the file says accepted, discarded, or of whom: the file was written first."""
    data = tmp_path / "data"
    entries = lived_in(data)
    store, _ = open_library(data / "library.sqlite3", data / "takes")
    for was in entries.values():
        store.replace_entry(was, msgspec.structs.replace(entry(0), take_id=was.take_id, account="lark"))
        break
    for was in [e for e in entries.values() if e.state in (State.ACCEPTED, State.DISCARDED)]:
        back = msgspec.structs.replace(was, state=State.QUEUED, sha256=SHA, post_id=None, post_url=None)
        store.replace_entry(was, back)
    take_in(store, data / "takes")
    check_same(store, entries, "set back")
    store.close()


def test_a_rebuilt_library_keeps_what_was_rendered(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lived_in(data)
    folder = data / "takes" / take(90).take_id
    done = take(
        90, state="ready", flac_sha256=SHA, recording={"lufs_in": -20.0}, title="renamed", analysis=HEARD
    )
    sidecars.write_take(data / "takes", done)
    for files, state in (((), "kept"), (("take.flac", "take.mp3"), "ready")):
        for name in files:
            (folder / name).write_bytes(b"")
        for file in data.glob("library.sqlite3*"):
            file.unlink()
        store, _ = open_library(data / "library.sqlite3", data / "takes")
        take_in(store, data / "takes")
        (found,) = store.find_take(take(90).take_id)
        assert (found.state, found.title) == (state, "renamed")
        assert found.analysis == (HEARD if state == "ready" else None), "what was found comes back with it"
        store.close()


def test_a_take_that_was_removed_while_somebody_read_it_does_not_come_back(tmp_path: Path) -> None:
    lived_in(tmp_path)
    gone, *rest = sorted((tmp_path / "takes").iterdir())
    (gone / GONE).touch()
    (tmp_path / "library.sqlite3").unlink()
    store, _ = open_library(tmp_path / "library.sqlite3", tmp_path / "takes")
    take_in(store, tmp_path / "takes")
    assert store.take_ids() == {path.name for path in rest}
    store.close()
