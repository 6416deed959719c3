"""What lies beside the sound, so that the library could be lost: take.json, entry.json; account.json for the device.

The library (store.py) is what the daemon works with; these files are what it can be made from again. Each is written
durably *before* the row that says the same, so a row is never ahead of its file. Not here: who compares the two
(rebuild.py), and anything secret.
"""

from pathlib import Path

import msgspec

from daemon.core import outbox
from daemon.errors import TakeGone
from daemon.library.files import ENTRY_JSON, TAKE_FLAC, TAKE_JSON, TAKE_MP3
from daemon.library.rows import TakeRow
from daemon.system.files import write_durably
from relay.wire.rest import ShownTo


class EntryFile(msgspec.Struct, frozen=True, kw_only=True):
    """What must never be lost of an Entry: its id, for a second id would be a second Post, and how it ended."""

    entry_id: str
    take_id: str
    account: str | None
    title: str
    created_us: int
    sha256: str | None = None
    post_id: str | None = None
    post_url: str | None = None
    discarded: bool = False
    visibility: ShownTo | None = None  # as the account says
    held_until_us: int | None = None  # as it was posted last; what is over by then holds nothing any more


def take_bytes(take: TakeRow) -> bytes:
    return msgspec.json.encode(take)


def write_take(takes_dir: Path, take: TakeRow) -> None:
    """Raises NoSpace, OSError. [worker]"""
    write_durably(takes_dir / take.take_id / TAKE_JSON, take_bytes(take))


def read_take(folder: Path) -> TakeRow:
    """The Take as it can be used again: rendered only if its files are there, and what was heard. Raises OSError, msgspec.DecodeError.
    [worker]"""
    take = msgspec.json.decode((folder / TAKE_JSON).read_bytes(), type=TakeRow)
    if take.take_id != folder.name:
        raise msgspec.ValidationError(f"the file is of take {take.take_id}")
    if (
        take.state == "ready"
        and take.analysis
        and all((folder / name).exists() for name in (TAKE_FLAC, TAKE_MP3))
    ):
        return take
    return msgspec.structs.replace(
        take,
        state="kept",
        attempts=0,
        failures=0,
        flac_sha256=None,
        recording=None,
        error=None,
        analysis=None,
    )


def entry_file(entry: outbox.Entry) -> EntryFile:
    """What the Entry's file should say. The hash only once it has arrived: before that the pipeline makes it again."""
    return EntryFile(
        entry_id=entry.entry_id,
        take_id=entry.take_id,
        account=entry.account,
        title=entry.title,
        created_us=entry.created_us,
        sha256=entry.sha256 if entry.post_id else None,
        post_id=entry.post_id,
        post_url=entry.post_url,
        discarded=entry.state is outbox.State.DISCARDED,
        visibility=entry.visibility,
        held_until_us=entry.held_until_us,
    )


def entry_bytes(entry: outbox.Entry) -> bytes:
    return msgspec.json.encode(entry_file(entry))


def write_entry(takes_dir: Path, entry: outbox.Entry) -> None:
    """Make the file say what the Entry says, if it does not yet. Raises TakeGone, NoSpace, OSError. [worker]"""
    path = takes_dir / entry.take_id / ENTRY_JSON
    if not path.parent.exists():
        raise TakeGone(entry.take_id)
    data = entry_bytes(entry)
    if not path.exists() or path.read_bytes() != data:
        write_durably(path, data)


def read_entry(folder: Path) -> EntryFile | None:
    """None when the Take was never to be posted. Raises OSError, msgspec.DecodeError. [worker]"""
    try:
        data = (folder / ENTRY_JSON).read_bytes()
    except FileNotFoundError:
        return None
    file = msgspec.json.decode(data, type=EntryFile)
    if file.take_id != folder.name:
        raise msgspec.ValidationError(f"the file is of take {file.take_id}")
    return file


def remove_entry(takes_dir: Path, take_id: str) -> None:
    """For an Entry that never came to be. [worker]"""
    (takes_dir / take_id / ENTRY_JSON).unlink(missing_ok=True)


def entry_of_file(file: EntryFile) -> outbox.Entry:
    """The Entry that a file alone gives: ended as it ended, otherwise at its beginning."""
    state = outbox.State.WAITING
    if file.post_id is not None and file.sha256 is not None:
        state = outbox.State.ACCEPTED
    elif file.discarded:
        state = outbox.State.DISCARDED
    elif file.held_until_us is not None:
        state = outbox.State.HELD
    accepted = state is outbox.State.ACCEPTED
    return outbox.Entry(
        entry_id=file.entry_id,
        take_id=file.take_id,
        account=file.account,
        title=file.title,
        visibility=file.visibility,
        created_us=file.created_us,
        state=state,
        held_until_us=file.held_until_us if state is outbox.State.HELD else None,
        sha256=file.sha256 if accepted else None,
        post_id=file.post_id if accepted else None,
        post_url=file.post_url if accepted else None,
    )
