"""/api/spotify: what a link is called; /api/download: a sound for it, from one's own file, one's own library or an address with rights."""

from dataclasses import dataclass

import msgspec

from relay.core.access import Action, authorize
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database
from relay.engine.jobs import table
from relay.features.creations import api as creations
from relay.features.listening import results, store
from relay.features.listening.fetching import Fetching, newest
from relay.features.listening.links import link_of
from relay.features.listening.store import Listening
from relay.features.listening.tasks import Fetch, Fetched
from relay.wire import downloads as shapes
from relay.wire import listening_operations as wire
from relay.wire.operation import Nothing

Bare = Call[Nothing, Nothing]
NO_KEY = "Title and picture alone: this relay has no key of Spotify's, by which it would know artists, lengths and what is in a list."
FETCH_SHARE = 0.5
"""Of a download from an address; the rest is the post that is made of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadingOperations:
    """[loop]"""

    db: Database
    fetching: Fetching

    async def link(self, call: Call[shapes.LinkGiven, Nothing]) -> shapes.LinkDetails:
        link = link_of(call.body.url)
        found = await self.fetching.called(link)
        return shapes.LinkDetails(
            id=dashed(link.id),
            type=link.kind,
            url=link.url,
            name=found.name,
            image_url=found.image_url,
            artists=found.artists,
            duration_ms=found.duration_ms,
            tracks=[
                shapes.ListedTrack(
                    id=None if each.url is None else dashed(link_of(each.url).id),
                    url=each.url,
                    name=each.name,
                    artists=each.artists,
                    duration_ms=each.duration_ms,
                )
                for each in found.tracks
            ],
            total=found.total,
            says="" if self.fetching.spotify is not None else NO_KEY,
        )

    async def download(self, call: Call[shapes.DownloadGiven, Nothing]) -> shapes.DownloadJob:
        row = await self.fetching.ask(call.actor, call.body, bare(call.body.track_id))
        return await self.db.read(lambda db: told(db, row))

    async def job(self, call: Bare) -> shapes.DownloadJob:
        job_id = bare(call.path["job_id"])

        def work(db: Connection) -> shapes.DownloadJob:
            return _own(db, call, store.of_job(db, job_id))

        return await self.db.read(work)

    async def track(self, call: Bare) -> shapes.DownloadJob:
        track_id = bare(call.path["track_id"])

        def work(db: Connection) -> shapes.DownloadJob:
            return _own(db, call, newest(db, call.account_id, track_id))

        return await self.db.read(work)

    def rows(self) -> list[AnyRow]:
        ask, read = Action.LISTENING_ASK, Action.LISTENING_READ
        return [
            Row(wire.FETCH_LINK, ask, self.link, limit=Kind.LISTEN),
            Row(wire.DOWNLOAD, ask, self.download, limit=Kind.LISTEN),
            Row(wire.DOWNLOAD_JOB, read, self.job, limit=Kind.LIBRARY),
            Row(wire.TRACK_DOWNLOAD, read, self.track, limit=Kind.LIBRARY),
        ]


def _own(db: Connection, call: Bare, row: Listening | None) -> shapes.DownloadJob:
    """Raises Refusal: not_found; also for what is another's."""
    if row is None or not isinstance(row.asked.task, Fetch):
        raise Refusal("not_found", "There is no such download.")
    authorize(call.actor, Action.LISTENING_READ, row.account_id)
    return told(db, row)


def told(db: Connection, row: Listening) -> shapes.DownloadJob:
    """How it stands: reading, then the post that is made of it. [any thread with a snapshot]"""
    task = row.asked.task
    assert isinstance(task, Fetch)
    made = None if row.result is None else msgspec.json.decode(row.result, type=Fetched)
    job = table.find(db, row.job_id if made is None else made.job_id or "")
    creation_id = None
    if made is not None:
        creation_id = made.creation_id or creations.made_of(db, row.account_id, made.key)
    begins = FETCH_SHARE if made is not None and task.source == "address" else 0.0
    state = "done" if creation_id is not None else "failed" if job is None else job.state
    if state == "done" and creation_id is None:
        state = "failed"  # it was made, and deleted since
    part = FETCH_SHARE if task.source == "address" else 1.0
    return shapes.DownloadJob(
        job_id=dashed(row.job_id),
        track_id=dashed(task.track_id),
        source=task.source,  # type: ignore[arg-type]  # one of the three that are written
        status=state,
        stage=job.stage if job is not None and state == "running" else "",
        progress=1.0 if job is None or creation_id is not None else begins + part * job.fraction,
        error=results.why(state, job),
        creation_id=None if creation_id is None else dashed(creation_id),
    )
