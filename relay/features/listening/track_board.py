"""Who at this process wants to be told of the jobs of which tracks, and what waits to be told. [loop]"""

from collections.abc import Callable, Container

from msgspec import Struct

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.waiting import Flag
from relay.wire.events import CLOSE_REVOKED, CLOSE_SHUTDOWN, JobProgress
from relay.wire.tracks import FAMILIES, MAX_TRACKS

MAX_OF_ACCOUNT = 10
"""Connections at this process."""
RETRY_S = 30


class Ending(Struct, frozen=True):
    """code: of the WebSocket."""

    code: int
    reason: str


class Subscriber:
    """One connection. tracks: ids as they are stored. What waits is one entry a job, the newest: it cannot grow beyond the jobs of an account."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.tracks: set[str] = set()
        self.ending: Ending | None = None
        self._waiting: dict[str, JobProgress | None] = {}
        self._work = Flag()

    def add(self, track_id: str) -> None:
        """Raises Refusal: rate_limited."""
        if len(self.tracks) >= MAX_TRACKS and track_id not in self.tracks:
            raise Refusal("rate_limited", f"A connection has at most {MAX_TRACKS} tracks.", "Leave one.")
        self.tracks.add(track_id)

    def tell(self, job_id: str, progress: JobProgress | None) -> None:
        """None: how it stands is told in any case. What a worker says of its run replaces no end: it may come late."""
        runs = progress is not None and progress.state == "running"
        waits = self._waiting.get(job_id, progress)
        self._waiting[job_id] = waits if runs and (waits is None or waits.state != "running") else progress
        self._work.set()

    def end(self, code: int, reason: str) -> None:
        """What waits is not told any more."""
        self.ending = self.ending or Ending(code, reason)
        self._work.set()

    async def next(self) -> tuple[str, JobProgress | None] | None:
        """The job that has waited longest; None: it ends."""
        while self.ending is None:
            if self._waiting:
                job_id = next(iter(self._waiting))
                return job_id, self._waiting.pop(job_id)
            self._work.clear()
            await self._work.wait()
        return None


class TrackBoard:
    """revoked: sign-ins that have ended."""

    def __init__(self, revoked: Container[str]) -> None:
        self._revoked = revoked
        self._of_account: dict[str, set[Subscriber]] = {}

    def enter(self, actor: Actor) -> Subscriber:
        """Raises Refusal: rate_limited."""
        here = self._of_account.setdefault(actor.account_id, set())
        if len(here) >= MAX_OF_ACCOUNT:
            raise Refusal(
                "rate_limited",
                "This account has too many connections.",
                "Close one.",
                retry_after_s=RETRY_S,
            )
        subscriber = Subscriber(actor)
        here.add(subscriber)
        if actor.family_id in self._revoked:  # since the token was looked at; who was not here was not told
            subscriber.end(CLOSE_REVOKED, "This sign-in was ended.")
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        here = self._of_account[subscriber.actor.account_id]
        here.discard(subscriber)
        if not here:
            del self._of_account[subscriber.actor.account_id]

    def said(self, account_id: str, progress: JobProgress) -> None:
        """A job of an account is at this."""
        if progress.kind in FAMILIES:
            for each in self._of_account.get(account_id, ()):
                if each.tracks:
                    each.tell(progress.job_id, progress)

    def end_family(self, family_id: str) -> None:
        """The sign-in of a device ended."""
        self._end(lambda actor: actor.family_id == family_id, CLOSE_REVOKED, "This sign-in was ended.")

    def end_session(self, session_id: str) -> None:
        """A browser was signed out."""
        self._end(lambda actor: actor.session_id == session_id, CLOSE_REVOKED, "This sign-in was ended.")

    def close_all(self) -> None:
        """The process ends; clients come back to another."""
        self._end(lambda _: True, CLOSE_SHUTDOWN, "The relay restarts.")

    def _end(self, concerns: Callable[[Actor], bool], code: int, reason: str) -> None:
        for here in self._of_account.values():
            for each in here:
                if concerns(each.actor):
                    each.end(code, reason)
