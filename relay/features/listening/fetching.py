"""Sound for a track by a link: of an upload, of one's own library, or read from an https address; and what a link is called. [loop]

A private post is made of it, by the job that makes every post. From Spotify and YouTube nothing is read but, where the operator lets it, what a
link is called.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.engine.outward import TargetRefused, TargetUnavailable
from relay.engine.outward_get import Reader
from relay.features.creations import api as creations
from relay.features.listening import store
from relay.features.listening.links import Called, Link, picture, shown
from relay.features.listening.service import ListeningJob, require_room
from relay.features.listening.spotify import Spotify
from relay.features.listening.store import Asked, Listening, Source
from relay.features.listening.tasks import FETCH, Fetch, Fetched, content_of_track
from relay.features.uploads.api import Upload, Uploads
from relay.wire.downloads import DownloadGiven
from relay.wire.rest import UploadMeta

FETCH_LIMIT_S = 300.0
OEMBED = "https://open.spotify.com/oembed?url="
OEMBED_LIMIT_S, MAX_OEMBED_BYTES = 10.0, 64 * 1024
NEVER = ("spotify.com", "scdn.co", "youtube.com", "youtu.be", "googlevideo.com", "youtube-nocookie.com")
"""Whose terms forbid it, with all that is below them."""


class Fetching:
    """spotify: by the operator's key; None: there is none. reads_links, reads_sound: what the operator lets be read elsewhere. max_bytes: of one file. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        uploads: Uploads,
        publishing: creations.Publishing,
        reader: Reader,
        spotify: Spotify | None,
        reads_links: bool,
        reads_sound: bool,
        max_bytes: int,
    ) -> None:
        self._db = db
        self._uploads = uploads
        self.publishing = publishing
        self._reader = reader
        self.spotify = spotify
        self._reads_links = reads_links
        self._reads_sound = reads_sound
        self._max_bytes = max_bytes

    async def called(self, link: Link) -> Called:
        """What a link is called: by the operator's key, or by oEmbed. Raises Refusal: forbidden, not_found, busy."""
        if not self._reads_links:
            raise Refusal("forbidden", "This relay looks up no links.", "Say the title yourself.")
        if self.spotify is not None:
            return await self.spotify.called(link)
        pieces = self._reader.read(
            OEMBED + quote(link.url, safe=""),
            max_bytes=MAX_OEMBED_BYTES,
            limit_s=OEMBED_LIMIT_S,
        )
        try:
            said: Any = msgspec.json.decode(b"".join([piece async for piece in pieces]))
            name, image = shown(said["title"]), picture(said.get("thumbnail_url"))
        except (TargetRefused, TargetUnavailable, msgspec.DecodeError, KeyError, TypeError, AttributeError):
            name, image = "", None
        if not name:
            raise Refusal("not_found", "Nothing is known of this link now.", "Say the title yourself.")
        return Called(name=name, image_url=image)

    async def ask(self, actor: Actor, given: DownloadGiven, track_id: str) -> Listening:
        """Raises Refusal: source_needed, target_refused, forbidden, gone, upload_incomplete, quota_exceeded, busy."""
        if given.upload_id is not None:
            if not given.sha256:
                raise Refusal("validation", "sha256 is missing.", "Name the hash of what you have sent.")
            upload = await self._uploads.whole(actor, given.upload_id)
            task = Fetch(track_id=track_id, title=given.title, source="upload")
            return await self._db.write(
                lambda tx: self._ask_upload(tx, actor.account_id, task, upload, given.sha256)
            )
        if given.source_url is not None:
            self._require_address(given)
            task = Fetch(track_id=track_id, title=given.title, source="address", url=given.source_url)
            return await self._db.write(lambda tx: _ask_address(tx, actor.account_id, task))
        return await self._db.write(lambda tx: _ask_library(tx, actor.account_id, track_id, given.title))

    def _require_address(self, given: DownloadGiven) -> None:
        if not self._reads_sound:
            raise Refusal("forbidden", "This relay reads no sound from elsewhere.", "Send the file itself.")
        if not given.rights_declared:
            raise Refusal(
                "validation",
                "rightsDeclared: you have to have the rights to this sound.",
                "Say so, if you have them.",
            )
        require_allowed(given.source_url or "")

    def _ask_upload(self, tx: Tx, account_id: str, task: Fetch, upload: Upload, sha256: str) -> Listening:
        require_room(tx, account_id)
        row = _row(account_id, task)
        made = self._begin_post(tx, row, upload, sha256)
        done = msgspec.structs.replace(row, job_id=made.job_id, result=msgspec.json.encode(made).decode())
        return _inserted(tx, done, task)

    def _begin_post(self, tx: Tx, row: Listening, upload: Upload, sha256: str) -> Fetched:
        assert isinstance(row.asked.task, Fetch)
        meta = UploadMeta(title=row.asked.task.title, visibility="private", sha256=sha256)
        job = creations.PostJob(key=row.id, upload_id=upload.id, meta=meta, once=True)
        job_id = self.publishing.ask(tx, row.account_id, job, upload.size_bytes)
        return Fetched(job_id=job_id, key=job.key)

    async def make(self, work: Work) -> None:
        """Read what stands at an address. Raises Refusal: gone, target_refused, audio_refused, quota_exceeded; LeaseLost."""
        listening_id = msgspec.json.decode(work.job.data, type=ListeningJob).listening_id
        row = await self._db.read(lambda db: store.find(db, listening_id))
        if row is None or not isinstance(row.asked.task, Fetch) or row.asked.task.url is None:
            raise Refusal("gone", "It was deleted meanwhile.")
        require_allowed(row.asked.task.url)
        actor, digest = Actor(user_id=row.account_id), hashlib.sha256()
        upload = await self._uploads.receive(
            actor, self._max_bytes, self._pieces(work, row.asked.task.url, digest)
        )
        found = row

        def finish(tx: Tx) -> None:
            made = self._begin_post(tx, found, upload, digest.hexdigest())
            table.finish(tx, work.job, work.holder)
            said = msgspec.json.encode(made).decode()
            content = content_of_track(found.account_id, found.asked.task.track_id)  # type: ignore[union-attr]  # a Fetch
            if not store.finish(tx, found.id, content, said, []):
                raise Refusal("gone", "It was deleted meanwhile.")

        try:
            await self._db.write(finish)
        except BaseException:
            await self._uploads.let_go(upload.id)
            raise

    async def _pieces(self, work: Work, url: str, digest: "hashlib._Hash") -> AsyncIterator[bytes]:
        """Raises Refusal: target_refused."""
        size_bytes = 0
        work.say("download", 0.0)
        try:
            async for piece in self._reader.read(url, max_bytes=self._max_bytes, limit_s=FETCH_LIMIT_S):
                size_bytes += len(piece)
                digest.update(piece)
                work.say("download", size_bytes / self._max_bytes)
                yield piece
        except (TargetRefused, TargetUnavailable) as error:
            raise Refusal("target_refused", str(error)) from None


def require_allowed(url: str) -> None:
    """Raises Refusal: target_refused. [any]"""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        host = ""
    if not url.startswith("https://") or not host:
        raise Refusal("target_refused", "An address of a sound starts with https:// and has a host.")
    if any(host == each or host.endswith(f".{each}") for each in NEVER):
        raise Refusal(
            "target_refused", "From there nothing is fetched: its terms forbid it.", "Send the file itself."
        )


def newest(db: Connection, account_id: str, track_id: str) -> Listening | None:
    """Of one's own word for a track. [any thread with a snapshot]"""
    return store.newest_fetch(db, content_of_track(account_id, track_id))


def _ask_address(tx: Tx, account_id: str, task: Fetch) -> Listening:
    require_room(tx, account_id)
    row = _row(account_id, task)
    job_id = table.enqueue(tx, kind=FETCH, account_id=account_id, data=ListeningJob(listening_id=row.id))
    return _inserted(tx, msgspec.structs.replace(row, job_id=job_id), task)


def _ask_library(tx: Tx, account_id: str, track_id: str, title: str) -> Listening:
    creation_id = creations.newest_called(tx.db, account_id, title) if title.strip() else None
    if creation_id is None:
        raise Refusal(
            "source_needed",
            "There is no sound for this here, and none is fetched from a music service.",
            "Send the file, or name an https address to whose sound you have the rights.",
        )
    require_room(tx, account_id)
    task = Fetch(track_id=track_id, title=title, source="library")
    result = msgspec.json.encode(Fetched(creation_id=creation_id)).decode()
    return _inserted(tx, msgspec.structs.replace(_row(account_id, task), result=result), task)


def _row(account_id: str, task: Fetch) -> Listening:
    return Listening(
        id=new_id(),
        account_id=account_id,
        kind=FETCH,
        job_id=new_id(),
        creation_id=None,
        asked=Asked(task=task, sources=[Source(name=task.title)]),
        result=None,
        created_us=now_us(),
    )


def _inserted(tx: Tx, row: Listening, task: Fetch) -> Listening:
    store.insert(tx, row, content_of_track(row.account_id, task.track_id))
    return row
