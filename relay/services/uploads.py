"""From a received file to a post, once per idempotency key. Receiving the bytes is the app's part, or transfers'."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.text import require_printable
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx
from relay.services.objects import Objects
from relay.services.posts import Asset, Figures, NewPost, one, publish
from relay.services.production import LOSSLESS_FILE, PREVIEW_FILE, Job, Production
from relay.services.transfers import Transfers
from relay.wire.rest import AudioPost, AudioProcess, UploadMeta

UPLOAD_FILE = "upload"
RETRY_S = 2


class Received(Struct, frozen=True, kw_only=True):
    """folder: a private folder with UPLOAD_FILE in it, removed by whoever made it. sha256: of that file, counted."""

    owner_id: str
    key: str
    meta: UploadMeta
    folder: Path
    sha256: str


class Published(Struct, frozen=True, kw_only=True):
    post: AudioPost
    created: bool


class Uploads:
    """scratch: a folder of ours alone, emptied at start. [loop]"""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        production: Production,
        transfers: Transfers,
        scratch: Path,
        base_url: str,
    ) -> None:
        self._db = db
        self._objects = objects
        self._production = production
        self._transfers = transfers
        self._base_url = base_url
        self.scratch = scratch

    async def publish(self, actor: Actor, key: str, ask: AudioProcess) -> Published:
        """The post of an upload that has arrived. Raises Refusal as `accept`, and: gone, upload_incomplete, not_found.

        A key that has made its post answers with it, whether or not the upload is still known.
        """
        owner_id, meta = str(actor.user_id), ask.meta
        earlier = await self._db.write(lambda tx: self._earlier(tx, owner_id, key, meta.sha256))
        if earlier is not None:
            return Published(post=earlier, created=False)
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = Path(name)
            sha256 = await self._transfers.hand_over(actor, ask.upload_id, folder / UPLOAD_FILE)
            if sha256 != meta.sha256:  # so the bytes are of no use; the next try begins anew
                await self._transfers.end(actor, ask.upload_id)
            published = await self.accept(
                Received(owner_id=owner_id, key=key, meta=meta, folder=folder, sha256=sha256)
            )
        await self._transfers.published(ask.upload_id)
        return published

    async def accept(self, received: Received) -> Published:
        """Raises Refusal: sha256_mismatch, idempotency_mismatch, upload_running, audio_refused, validation."""
        meta = received.meta
        for text in (meta.title, meta.key or "", meta.daw or "", *meta.genre):
            require_printable(text)
        if received.sha256 != meta.sha256:
            raise Refusal(
                "sha256_mismatch",
                "The audio that arrived is not the audio that meta names.",
                "Send it again.",
            )
        earlier = await self._db.write(lambda tx: self._begin(tx, received))
        if earlier is not None:
            return Published(post=earlier, created=False)
        try:
            return Published(post=await self._make(received), created=True)
        except BaseException:
            await self._db.write(lambda tx: _forget(tx, received))
            raise

    async def _make(self, received: Received) -> AudioPost:
        meta = received.meta
        job = Job(
            folder=str(received.folder),
            upload_file=UPLOAD_FILE,
            title=meta.title,
            bpm=meta.bpm,
            key=meta.key,
            duration_bars=meta.duration_bars,
            bar_frames=meta.bar_frames,
        )
        figures = await self._production.run(job)
        assets = await asyncio.to_thread(self._store, received.folder)
        return await self._db.write(lambda tx: self._finish(tx, received, figures, assets))

    def _store(self, folder: Path) -> list[Asset]:
        made = (("preview", PREVIEW_FILE, "audio/mpeg"), ("lossless", LOSSLESS_FILE, "audio/flac"))
        assets: list[Asset] = []
        for role, name, mime in made:
            data = (folder / name).read_bytes()
            assets.append(Asset(role=role, sha256=self._objects.put(data), size_bytes=len(data), mime=mime))
        return assets

    def _begin(self, tx: Tx, received: Received) -> AudioPost | None:
        """The post this key already made, or None after noting that we make it now. [writer]"""
        earlier = self._earlier(tx, received.owner_id, received.key, received.sha256)
        if earlier is None:
            tx.db.execute(
                "INSERT INTO upload VALUES (?, ?, ?, 'running', NULL, ?)",
                (received.owner_id, received.key, received.sha256, now_us()),
            )
        return earlier

    def _earlier(self, tx: Tx, owner_id: str, key: str, sha256: str) -> AudioPost | None:
        """The post this key already made, or None. Raises Refusal: idempotency_mismatch, upload_running. [writer]"""
        found = tx.db.execute(
            "SELECT sha256, creation_id FROM upload WHERE account_id = ? AND key = ?", (owner_id, key)
        ).fetchone()
        if found is None:
            return None
        made_of, creation_id = found
        if made_of != sha256:
            raise Refusal(
                "idempotency_mismatch", "This Idempotency-Key was used with other audio.", "Use a fresh key."
            )
        if creation_id is None:
            raise Refusal("upload_running", "The first upload with this Idempotency-Key is still being made.",
                          "Try again soon.", retry_after_s=RETRY_S)  # fmt: skip
        return one(tx.db, creation_id, owner_id, self._base_url).post

    def _finish(self, tx: Tx, received: Received, figures: Figures, assets: list[Asset]) -> AudioPost:
        """Post and idempotency row in one transaction. [writer]"""
        meta = received.meta
        new = NewPost(
            id=new_id(),
            version_id=new_id(),
            owner_id=received.owner_id,
            title=meta.title,
            bpm=meta.bpm,
            key=meta.key,
            genre=meta.genre,
            daw=meta.daw,
            figures=_with_sources(figures, meta),
            assets=assets,
            at_us=now_us(),
        )
        publish(tx, new)
        tx.db.execute(
            "UPDATE upload SET state = 'done', creation_id = ? WHERE account_id = ? AND key = ?",
            (new.id, received.owner_id, received.key),
        )
        return one(tx.db, new.id, received.owner_id, self._base_url).post


def _with_sources(figures: Figures, meta: UploadMeta) -> Figures:
    """Who says tempo and key, and how surely; nobody says what is unknown."""
    if meta.bpm is not None:
        figures = replace(figures, bpm_source=meta.bpm_source, bpm_confidence=meta.bpm_confidence)
    if meta.key is not None:
        figures = replace(figures, key_source=meta.key_source, key_confidence=meta.key_confidence)
    return figures


def _forget(tx: Tx, received: Received) -> None:
    tx.db.execute(
        "DELETE FROM upload WHERE account_id = ? AND key = ? AND state = 'running'",
        (received.owner_id, received.key),
    )


def clear_after_crash(tx: Tx) -> None:
    """Uploads of a process that died were not published; their keys are free again. [writer]"""
    tx.db.execute("DELETE FROM upload WHERE state = 'running'")


def empty_folder(folder: Path) -> None:
    """A fresh, private scratch folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
