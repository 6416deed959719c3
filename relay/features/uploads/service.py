"""Bytes on their way to us, by tus: parts that are objects, and a row that says how much of it is safe.

An offset is answered only when that many bytes are safe and the row says so. One request at a time has an upload; a new
one ends the one before, because a client notices a dead line long before we do. In another process the one before finds
out when it wants to move the row: its part is thrown away, and the truth is the row's.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.core.tus import Checksum
from relay.engine.clock import new_id, now_us
from relay.engine.database import Database, Tx
from relay.engine.objects.door import NoRoom, Objects, ObjectsUnavailable, Part, PartDamaged, PartTooLong
from relay.features.uploads import store
from relay.features.uploads.body import CHECKPOINT_BYTES, Arriving
from relay.features.uploads.store import IsPublished, Upload

RETRY_FULL_S = 60


class _Turn:
    """One request that has an upload in this process. taken_over: it is to end."""

    def __init__(self) -> None:
        self.taken_over = asyncio.Event()
        self.ended = asyncio.Event()


class Uploads:
    """is_published: of who makes creations of uploads. [loop]"""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        is_published: IsPublished,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self._db = db
        self._objects = objects
        self._is_published = is_published
        self._clock = clock
        self._turns: dict[str, _Turn] = {}
        self._reserved: set[str] = set()

    async def open(self) -> None:
        """Hold room for what was admitted before this process began. Before anything is served."""
        for upload in await self._db.read(store.open_uploads):
            self._objects.reserve(upload.id, upload.size_bytes - upload.offset_bytes, admitted=True)
            self._reserved.add(upload.id)

    async def sweep(self) -> None:
        """End what expired, and let go of bytes and of room that no open upload has, whoever ended it."""
        now = self._clock()
        for upload_id in await self._db.write(lambda tx: store.expire(tx, now)):
            await self._objects.delete_upload(upload_id)
        reserved = set(self._reserved)  # what begins meanwhile is not looked at
        for upload_id in reserved - {each.id for each in await self._db.read(store.open_uploads)}:
            self._objects.release(upload_id)
            self._reserved.discard(upload_id)

    async def begin(self, actor: Actor, size_bytes: int, metadata: str, key: str | None) -> Upload:
        """A new upload, or the one that `key` began before. Raises Refusal: busy, quota_exceeded."""
        authorize(actor, Action.UPLOAD_BEGIN)
        new = Upload(
            id=new_id(),
            account_id=actor.account_id,
            metadata=metadata,
            size_bytes=size_bytes,
            offset_bytes=0,
            state="open",
            touched_us=self._clock(),
        )
        try:
            self._objects.reserve(new.id, size_bytes)
        except NoRoom as error:
            raise _busy(str(error)) from error
        begun: Upload | None = None
        try:
            begun = await self._db.write(lambda tx: store.begin(tx, new, key, self._is_published))
        finally:
            if begun is not None and begun.id == new.id and begun.state == "open":
                self._reserved.add(new.id)
            else:
                self._objects.release(new.id)
        return begun

    async def status(self, actor: Actor, upload_id: str) -> Upload:
        """After whoever was still sending has been ended, so that the offset stays true. Raises Refusal: gone."""
        await self._row(actor, upload_id)  # before anybody is disturbed
        await self._end_turn(upload_id)
        await self._hold(upload_id)
        return await self._row(actor, upload_id)

    async def append(
        self,
        actor: Actor,
        upload_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        checksum: Checksum | None,
    ) -> Upload:
        """Store body at its place. With a checksum all of it or nothing; without, what arrived, whatever happens.

        Raises Refusal: gone, offset_mismatch, checksum_mismatch, too_large, upload_taken_over, busy, malformed.
        """
        await self._row(actor, upload_id)
        async with self._turn(upload_id) as turn:
            upload = await self._row(actor, upload_id)
            if offset_bytes != upload.offset_bytes:
                raise Refusal(
                    "offset_mismatch",
                    f"This upload stands at {upload.offset_bytes}, not at {offset_bytes}.",
                    "Ask for the offset and go on there.",
                )
            if upload.state == "published":
                return upload  # whole, and its bytes are no longer here
            holding = asyncio.ensure_future(self._hold(upload_id))  # while the first part comes
            arriving = Arriving(body, turn.taken_over)
            try:
                with _refusals(upload):
                    upload = await self._store_all(upload, holding, arriving, checksum)
            finally:
                await asyncio.gather(holding, return_exceptions=True)
            await holding
            arriving.require_whole()
            return upload

    async def end(self, actor: Actor, upload_id: str) -> None:
        """Nothing of it is kept. Raises Refusal: gone."""
        await self._row(actor, upload_id)
        async with self._turn(upload_id):
            await self._db.write(lambda tx: store.end(tx, upload_id))
            await self._objects.delete_upload(upload_id)

    async def whole(self, actor: Actor, upload_id: str) -> Upload:
        """An upload of which a creation may be made. Raises Refusal: gone, upload_incomplete."""
        upload = await self._row(actor, upload_id)
        if upload.state == "published":
            raise Refusal("gone", "A post was made of this upload already.", "Begin a new one.")
        if upload.offset_bytes < upload.size_bytes:
            raise Refusal(
                "upload_incomplete",
                f"Of {upload.size_bytes} bytes {upload.offset_bytes} have arrived.",
                "Send the rest first.",
            )
        return upload

    async def receive(self, actor: Actor, size_bytes: int, body: AsyncIterator[bytes]) -> Upload:
        """A whole upload in one go, for who sends it with its description. size_bytes: the most it may have.

        Raises Refusal: busy, quota_exceeded, audio_refused, and whatever body raises; then nothing is left.
        """
        upload = await self.begin(actor, size_bytes, "", None)
        holder = new_id()
        try:
            await self._db.write(lambda tx: store.hold(tx, upload.id, holder))
            part = await self._objects.put_part(upload.id, 0, body, size_bytes)
            if not part.size_bytes:
                raise Refusal("audio_refused", "There is nothing in the audio that was sent.")
            return await self._db.write(lambda tx: _whole_now(tx, upload, part, holder, self._clock()))
        except ObjectsUnavailable as error:
            raise _busy(str(error)) from error
        except BaseException:
            await self._db.write(lambda tx: store.end(tx, upload.id))
            await self._objects.delete_upload(upload.id)
            raise

    async def let_go(self, upload_id: str) -> None:
        """Of what `receive` gave, once it has been asked for: nobody else ever asks for it."""
        ended = await self._db.write(lambda tx: store.end_unless_used(tx, upload_id))
        if ended:
            await self._objects.delete_upload(upload_id)

    async def _hold(self, upload_id: str) -> str:
        """From now on only the request with this word may move it."""
        holder = new_id()
        await self._db.write(lambda tx: store.hold(tx, upload_id, holder))
        return holder

    async def _store_all(
        self, upload: Upload, holding: "asyncio.Future[str]", arriving: Arriving, checksum: Checksum | None
    ) -> Upload:
        if checksum is not None:
            if await arriving.has_more():
                upload = await self._store_part(upload, holding, _whole(arriving), checksum)
            elif not checksum.fits(_digest_of_nothing(checksum)):
                raise PartDamaged("Nothing came.")
            return upload
        while await arriving.has_more():
            upload = await self._store_part(upload, holding, arriving.part(CHECKPOINT_BYTES), None)
        return upload

    async def _store_part(
        self,
        upload: Upload,
        holding: "asyncio.Future[str]",
        body: AsyncIterator[bytes],
        checksum: Checksum | None,
    ) -> Upload:
        left_bytes = upload.size_bytes - upload.offset_bytes
        part = await self._objects.put_part(upload.id, upload.offset_bytes, body, left_bytes, checksum)
        holder = await holding
        moved = await self._db.write(lambda tx: store.move(tx, upload, part, holder, self._clock()))
        if moved is None:
            await self._objects.delete_part(part)
            raise Refusal("upload_taken_over", "Another request has gone on with this upload.")
        return moved

    async def _row(self, actor: Actor, upload_id: str) -> Upload:
        """In the writer's order, so behind all that was stored before. Raises Refusal: not_found, gone."""
        row = await self._db.write(lambda tx: store.find(tx.db, upload_id))
        authorize(actor, Action.UPLOAD_CONTINUE, row.account_id if row else None)
        assert row is not None, "the table admits owners only"
        if row.state == "ended" or self._clock() >= row.expires_us:
            raise Refusal("gone", "This upload was ended or has expired.", "Begin a new one.")
        return row

    @asynccontextmanager
    async def _turn(self, upload_id: str) -> AsyncIterator[_Turn]:
        """Be the one request that has the upload, after the one before has made safe what it has."""
        await self._end_turn(upload_id)
        turn = self._turns[upload_id] = _Turn()
        try:
            yield turn
        finally:
            turn.ended.set()
            if self._turns.get(upload_id) is turn:
                del self._turns[upload_id]

    async def _end_turn(self, upload_id: str) -> None:
        while (other := self._turns.get(upload_id)) is not None:
            other.taken_over.set()
            await other.ended.wait()


async def _whole(arriving: Arriving) -> AsyncIterator[bytes]:
    """A body that is worth nothing unless all of it came."""
    async for piece in arriving.part(None):
        yield piece
    arriving.require_whole()


def _whole_now(tx: Tx, upload: Upload, part: Part, holder: str, now: int) -> Upload:
    """All of it came as one part, however long it was announced. [writer]"""
    tx.db.execute("UPDATE upload SET size_bytes = ? WHERE id = ?", (part.size_bytes, upload.id))
    moved = store.move(tx, upload, part, holder, now)
    if moved is None:
        raise Refusal("upload_taken_over", "Another request has gone on with this upload.")
    return moved


@contextmanager
def _refusals(upload: Upload) -> Iterator[None]:
    """What the store of objects says of a part, in words. Raises Refusal: too_large, checksum_mismatch, busy."""
    try:
        yield
    except PartTooLong:
        raise Refusal("too_large", f"This upload was announced with {upload.size_bytes} bytes.") from None
    except PartDamaged:
        raise Refusal(
            "checksum_mismatch", "These bytes were damaged on the way.", "Send them again."
        ) from None
    except ObjectsUnavailable as error:
        raise _busy(str(error)) from error


def _digest_of_nothing(checksum: Checksum) -> bytes:
    return hashlib.new(checksum.algorithm).digest()


def _busy(what: str) -> Refusal:
    return Refusal("busy", what, "Try again later.", retry_after_s=RETRY_FULL_S)
