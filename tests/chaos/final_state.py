"""What lies on the disks of daemon and relay, in their sockets' folder and their processes, as plain facts.

The other half of what checker.py reads. It looks and does not judge: a thing left over is a name in a list.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from bridge.paths import LOCK_FILE
from tests.chaos.daemons import ForkedDaemon
from tests.support.deadlines import HANG_S
from tests.support.whole import BAR_FRAMES, marked_groove, read_wav

FEED_LIMIT = 10_000
Facts = dict[str, Any]


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def played(bars: int) -> Callable[[Path], bool]:
    """Whether a Take is one of the bars of what hosts play, to the bit; or, told to be less, what there was of the first."""
    sound = marked_groove(bars).view(np.uint32)
    known = {sound[at : at + BAR_FRAMES].tobytes() for at in range(0, len(sound), BAR_FRAMES)}

    def is_played(take: Path) -> bool:
        if not (take / "take.wav").exists():
            return False
        kept = read_wav(take / "take.wav").view(np.uint32)
        cut = json.loads((take / "take.json").read_bytes())["cut"]
        if cut["bars"] is None:  # asked for before the host had played one
            told = len(kept) < BAR_FRAMES and "memory begins" in cut["note"]
            return told and kept.tobytes() == sound[: len(kept)].tobytes()
        return kept.tobytes() in known

    return is_played


def of_daemon(data: Path, as_played: Callable[[Path], bool]) -> Facts:
    """takes, entries, and what is left over beside them."""
    library = data / "library.sqlite3"
    folder = data / "takes"
    takes = rows(library, "SELECT take_id, title, flac_sha256 FROM take")
    names = [
        "entry_id",
        "take_id",
        "title",
        "account",
        "state",
        "reason",
        "sha256",
        "post_id",
        "attempts",
        "next_attempt_us",
        "sent_bytes",
    ]
    entries = rows(library, f"SELECT {', '.join(names)} FROM entry")
    folders = {path.name for path in folder.iterdir() if not path.name.startswith(".tmp-")}
    ids = {take_id for take_id, _, _ in takes}
    return {
        "takes": [
            {
                "take_id": take_id,
                "title": title,
                "flac_sha256": flac,
                "as_played": as_played(folder / take_id),
                "flac_found": sha256(folder / take_id / "take.flac"),
            }
            for take_id, title, flac in takes
        ],
        "entries": [dict(zip(names, entry, strict=True)) for entry in entries],
        "integrity": rows(library, "PRAGMA integrity_check")[0][0],
        "strays": {
            "half-written files": [str(path.relative_to(data)) for path in data.rglob(".tmp-*")],
            "folders without a row": sorted(folders - ids),
            "rows without a folder": sorted(ids - folders),
        },
    }


def of_relay(data: Path, listener: str) -> Facts:
    """posts, and events that listener hears of, in the relay's order; what was uploaded, and what is left over."""
    database = data / "relay.db"
    posts = rows(
        database,
        "SELECT creation.id, title, username FROM creation JOIN account ON account.id = owner_id"
        " ORDER BY published_us, creation.id",
    )
    made = rows(database, "SELECT key, sha256, creation_id FROM publication")
    objects = {path.name: sha256(path) for path in (data / "objects").glob("[0-9a-f][0-9a-f]/*")}
    wanted = {name for (name,) in rows(database, "SELECT DISTINCT sha256 FROM asset")}
    uploads = rows(
        database, "SELECT id FROM upload WHERE state = 'open' UNION SELECT upload_id FROM upload_part"
    )
    opened = {name for (name,) in uploads}
    return {
        "posts": [{"id": id_, "title": title, "account": account} for id_, title, account in posts],
        "uploads": [{"key": key, "sha256": sha, "post_id": post} for key, sha, post in made],
        "log": log_of(database, listener),
        "objects": objects,
        "integrity": rows(database, "PRAGMA integrity_check")[0][0],
        "strays": {
            "objects without a row": sorted(objects.keys() - wanted),
            "rows without an object": sorted(wanted - objects.keys()),
            "uploads that run for ever": [key for key, _, post in made if post is None],
            "files in scratch": [path.name for path in (data / "scratch").rglob("*") if path.is_file()],
            "files of no upload": [
                path.name for path in (data / "objects" / "incoming").glob("*") if path.name not in opened
            ],
        },
    }


def log_of(database: Path, listener: str) -> Facts:
    """epoch, and the events of whom listener follows and of its inbox: [n, i, id of the post or else of the event]."""
    events = rows(
        database,
        "SELECT n, i, CASE WHEN kind = 'post' THEN object_id ELSE id END FROM event WHERE topic IN ("
        "SELECT 'author:' || followee_id FROM follow JOIN account ON account.id = follower_id"
        f" WHERE username = '{listener}'"
        f" UNION SELECT 'author:' || id FROM account WHERE username = '{listener}'"
        f" UNION SELECT 'inbox:' || id FROM account WHERE username = '{listener}') ORDER BY n, i",
    )
    epoch = rows(database, "SELECT value FROM meta WHERE key = 'epoch'")[0][0]
    return {"epoch": epoch, "events": [list(event) for event in events]}


def feed_of(data: Path) -> list[str]:
    """The cached Items of a daemon, newest first."""
    return [
        name
        for (name,) in rows(
            data / "library.sqlite3",
            f"SELECT post_id FROM item ORDER BY created_at DESC, post_id DESC LIMIT {FEED_LIMIT}",
        )
    ]


def open_strays(daemon: ForkedDaemon) -> list[str]:
    """Descriptors of a daemon that rests, which it should have closed: takes, half-written files, dead Rings."""
    found = []
    for link in Path(f"/proc/{daemon.pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except FileNotFoundError:
            continue
        if target.startswith(str(daemon.data / "takes")) or "/.tmp-" in target:
            found.append(target)
    return found


def segments_of(run: Path) -> list[str]:
    """Rings that nobody has given back, after the time that a daemon may take to see it."""
    deadline = time.monotonic() + HANG_S
    while (left := [path.name for path in run.glob("sdc.*")]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def lock_held(run: Path) -> list[str]:
    with (run / LOCK_FILE).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return [LOCK_FILE]
    return []
