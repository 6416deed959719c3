"""The WebSocket at `/`: how the jobs of one's tracks stand, to who asked for these; wire/tracks.py has the messages. [loop]"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import msgspec

from relay.core.access import Actor
from relay.core.buckets import Limit, full, spend
from relay.core.dashed_ids import bare, dashed
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, DatabaseBusy
from relay.engine.jobs.workers import ENDED
from relay.features.accounts import api as accounts
from relay.features.listening import results
from relay.features.listening.service import Hearing
from relay.features.listening.track_board import Subscriber, TrackBoard
from relay.features.live.api import Message, Opening, Receive, Send
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_EXPIRED, JobProgress
from relay.wire.tracks import (
    FAMILIES,
    MAX_SAID_BYTES,
    STEPS,
    SubscribeTrack,
    TrackAnswer,
    TrackJobTold,
    TrackRefused,
    UnsubscribeTrack,
)

INBOUND = Limit(60, 3_000_000)  # 20 messages a second, bursts of 60
GATHER_S = 0.1
"""Between two things that are told: what one job says meanwhile is told once."""
CLOSE_WAIT_S = 1.0
BUSY_RETRY_S = 1.0
_said: msgspec.json.Decoder[SubscribeTrack | UnsubscribeTrack] = msgspec.json.Decoder(
    SubscribeTrack | UnsubscribeTrack
)


class TrackSockets:
    """[loop]"""

    def __init__(self, db: Database, board: TrackBoard, hearing: Hearing, opening: Opening) -> None:
        self._db = db
        self._board = board
        self._hearing = hearing
        self._opening = opening

    def serve(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection, from handshake to close."""
        return self._opening.serve(scope, receive, send, self._accept)

    async def _accept(
        self, scope: Message, receive: Receive, send: Send
    ) -> tuple[Callable[[], Awaitable[None]], Callable[[], None]]:
        """Raises Refusal and DatabaseBusy, before the handshake is answered."""
        subscriber = self._board.enter(await self._opening.actor(scope))
        try:
            await self._require_session(subscriber.actor)
            await send({"type": "websocket.accept"})
        except BaseException:
            self._board.leave(subscriber)
            raise
        return partial(self._talk, subscriber, receive, send), partial(self._board.leave, subscriber)

    async def _require_session(self, actor: Actor) -> None:
        """Of a browser, asked once the board has it: who signs out later is told. Raises Refusal: token_invalid."""
        session_id = actor.session_id
        if session_id is not None and not await self._db.read(
            lambda db: accounts.session_lives(db, session_id)
        ):
            raise Refusal("token_invalid", "This browser was signed out.", "Sign in again.")

    async def _talk(self, subscriber: Subscriber, receive: Receive, send: Send) -> None:
        left_s = max(0.0, (subscriber.actor.expires_us - now_us()) / 1_000_000)
        expiry = asyncio.get_running_loop().call_later(
            left_s, subscriber.end, CLOSE_EXPIRED, "The access token has ended."
        )
        tasks = [
            asyncio.create_task(self._hear(subscriber, receive, send)),
            asyncio.create_task(self._tell(subscriber, send)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            expiry.cancel()
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, OSError | RuntimeError):
                    raise ended  # uvicorn raises those two: the peer is gone
        if subscriber.ending is not None:
            with suppress(TimeoutError, OSError, RuntimeError):
                async with asyncio.timeout(CLOSE_WAIT_S):
                    code, reason = subscriber.ending.code, subscriber.ending.reason
                    await send({"type": "websocket.close", "code": code, "reason": reason})

    async def _hear(self, subscriber: Subscriber, receive: Receive, send: Send) -> None:
        """Until the client is gone, or has said what no client says. Whoever does not read is not read either."""
        bucket = full(INBOUND, now_us())
        while (message := await receive())["type"] == "websocket.receive":
            spent = spend(bucket, INBOUND, now_us())
            bucket = spent.bucket
            said = _read(message) if spent.allowed else None
            if said is None:
                reason = "This cannot be read." if spent.allowed else "More than 20 messages a second."
                subscriber.end(CLOSE_BAD_MESSAGE, reason)
                return
            await _send(send, await self._answer(subscriber, said))

    async def _answer(
        self, subscriber: Subscriber, said: SubscribeTrack | UnsubscribeTrack
    ) -> TrackAnswer | TrackRefused:
        track_id = bare(said.track_id)
        if isinstance(said, UnsubscribeTrack):
            subscriber.tracks.discard(track_id)
            return TrackAnswer(type="unsubscribed:track", track_id=dashed(track_id))
        try:
            jobs = await self._hearing.jobs_of_track(subscriber.actor, track_id, list(FAMILIES))
            subscriber.add(track_id)
        except Refusal as refusal:
            return TrackRefused(track_id=dashed(track_id), code=refusal.code, message=refusal.detail)
        except DatabaseBusy:
            return TrackRefused(track_id=dashed(track_id), code="busy", message="Try again soon.")
        for job_id in jobs:
            subscriber.tell(job_id, None)
        return TrackAnswer(type="subscribed:track", track_id=dashed(track_id))

    async def _tell(self, subscriber: Subscriber, send: Send) -> None:
        while (waiting := await subscriber.next()) is not None:
            job_id, progress = waiting
            try:
                told = await self._told(subscriber, job_id, progress)
            except DatabaseBusy:
                subscriber.tell(job_id, None)
                await asyncio.sleep(BUSY_RETRY_S)
                continue
            if told is not None:
                await _send(send, told)
                await asyncio.sleep(GATHER_S)

    async def _told(
        self, subscriber: Subscriber, job_id: str, progress: JobProgress | None
    ) -> TrackJobTold | None:
        """As it stands now, whatever was said since; None: it is none of theirs, or has ended since and that is told on its own."""
        try:
            found = await self._hearing.own_job(subscriber.actor, job_id)
        except Refusal:
            return None
        if results.track_of(found.row) not in subscriber.tracks:
            return None
        runs = progress is not None and progress.state == "running"
        if runs and found.state in ENDED:
            return None
        job = results.job(found)
        return TrackJobTold(
            type=f"{FAMILIES[found.row.kind]}:job:{STEPS.get(job.status, 'progress')}",
            job_id=job.job_id,
            track_id=job.track_id,
            status=job.status,
            stage=progress.stage if progress and runs and job.status == "running" else job.stage,
            progress=progress.fraction if progress and runs and job.status == "running" else job.progress,
            error=job.error,
        )


def _read(message: Message) -> SubscribeTrack | UnsubscribeTrack | None:
    data: bytes | str = message.get("text") or message.get("bytes") or b""
    if len(data) > MAX_SAID_BYTES:
        return None
    try:
        return _said.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


async def _send(send: Send, value: TrackAnswer | TrackRefused | TrackJobTold) -> None:
    await send({"type": "websocket.send", "text": msgspec.json.encode(value).decode()})
