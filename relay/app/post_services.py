"""From an upload to a post, and all that is made of one: these services, put together by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from relay.app.config import Config
from relay.app.engines import Engines
from relay.app.listening import Listening
from relay.app.tracing import traced_jobs
from relay.engine.jobs.workers import Handler, Workers
from relay.engine.model_folder import ModelFolder
from relay.engine.outward_get import Reader
from relay.engine.virus_scan import scanner_of
from relay.features.coediting.rooms import Rooms
from relay.features.coediting.saving import Saving
from relay.features.comments.service import Comments
from relay.features.comments.service import erase_some as erase_comments
from relay.features.creations import publishing
from relay.features.creations.encoding import Encoder
from relay.features.creations.making import Making
from relay.features.creations.owning import Owning
from relay.features.creations.publishing import Publishing
from relay.features.creations.removals import Removals
from relay.features.creations.replacing import Replacing
from relay.features.instruments.service import Instruments
from relay.features.jobs.progress import ProgressBoard
from relay.features.jobs.service import Jobs
from relay.features.leaving import erasing, export
from relay.features.leaving.service import Leaving
from relay.features.listening import making as listening_making
from relay.features.listening.fetching import Fetching
from relay.features.listening.links import Elsewhere
from relay.features.listening.making import ListeningWork
from relay.features.listening.models import Models
from relay.features.listening.service import Hearing
from relay.features.listening.spotify import Spotify
from relay.features.listening.streaming import Streams
from relay.features.listening.tasks import FETCH
from relay.features.listening.tasks import KINDS as LISTENING_KINDS
from relay.features.listening.track_board import TrackBoard
from relay.features.live.hub import Hub
from relay.features.moderation.service import suspend
from relay.features.notifications.service import Notifications
from relay.features.reactions.erasing import erase_some as erase_reactions
from relay.features.reactions.keeping import Keeping
from relay.features.reactions.lists import Lists
from relay.features.reactions.plays import Plays
from relay.features.reactions.service import Reactions
from relay.features.recommending.hearing import HearingAfterwards
from relay.features.recommending.service import Recommending
from relay.features.recommending.sounds import Sounds
from relay.features.samples.service import Samples
from relay.features.studio import rendering as studio_rendering
from relay.features.studio.kit import KIT_VERSION
from relay.features.studio.migrating import Migrating
from relay.features.studio.rendering import Rendering
from relay.features.studio.sharing import Sharing
from relay.features.studio.writing import Writing
from relay.features.uploads.service import Uploads

ON_GIVEN_UP = {
    publishing.JOB_KIND: publishing.given_up,
    studio_rendering.JOB_KIND: export.nothing_else,
    export.JOB_KIND: export.nothing_else,
    erasing.JOB_KIND: export.nothing_else,
    **dict.fromkeys((*LISTENING_KINDS, FETCH), listening_making.given_up),
}
"""What else ends with a job of each kind that comes to nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostServices:
    """From an upload to a post."""

    uploads: Uploads
    encoder: Encoder
    publishing: Publishing
    workers: Workers
    owning: Owning
    writing: Writing
    migrating: Migrating
    sharing: Sharing
    rooms: Rooms
    samples: Samples
    instruments: Instruments
    rendering: Rendering
    hearing: Hearing
    listening: ListeningWork
    fetching: Fetching
    streams: Streams
    tracks: TrackBoard
    replacing: Replacing
    removals: Removals
    unheard: HearingAfterwards
    recommending: Recommending
    jobs: Jobs
    leaving: Leaving
    reactions: Reactions
    keeping: Keeping
    lists: Lists
    plays: Plays
    comments: Comments
    notifications: Notifications

    async def close(self) -> None:
        """What is under way is given back."""
        await self.rooms.close()
        await self.workers.close()
        await self.encoder.close()
        await self.rendering.close()
        await self.listening.close()


async def post_services(
    config: Config, base_url: str, engines: Engines, listening: Listening, hub: Hub
) -> PostServices:
    """The workers hear of every job from here on; they take none before they run. [loop]"""
    db, objects, encoder = engines.db, engines.objects, Encoder()
    uploads, removed = Uploads(db, objects, publishing.is_published), Removals(db, objects)
    await uploads.open()
    owning = Owning(db, objects, removed, base_url)
    erased = erasing.Erasing(db, removed, partial(suspend, on=True), (erase_comments, erase_reactions))
    writing, instruments = Writing(db, owning, removed, base_url), Instruments(db, base_url, KIT_VERSION)
    rendering = _rendering(config, base_url, engines, encoder, removed, instruments)
    listens, fetching = _listening(config, engines, removed), _fetching(config, engines, uploads, base_url)
    makes = _makers(engines, encoder, removed, rendering, erased, listens, fetching)
    return PostServices(
        uploads=uploads,
        encoder=encoder,
        publishing=fetching.publishing,
        workers=_workers(engines, listening, hub, makes),
        owning=owning,
        writing=writing,
        migrating=Migrating(db, writing, engines.limits),
        sharing=Sharing(db, base_url),
        rooms=_rooms(engines, listening, owning, removed),
        samples=_samples(config, base_url, engines, encoder, owning, removed),
        instruments=instruments,
        rendering=rendering,
        hearing=Hearing(db, removed),
        listening=listens,
        fetching=fetching,
        streams=Streams(),
        tracks=listening.tracks,
        replacing=Replacing(db, removed, base_url),
        removals=removed,
        unheard=HearingAfterwards(db, objects, encoder, engines.folder.work),
        recommending=_recommending(engines, listening, base_url),
        jobs=Jobs(db, ON_GIVEN_UP),
        leaving=Leaving(db, objects, removed, erased),
        reactions=Reactions(db, base_url),
        keeping=Keeping(db, base_url),
        lists=Lists(db, base_url),
        plays=Plays(db, base_url),
        comments=Comments(db, base_url),
        notifications=Notifications(db, base_url),
    )


def _makers(
    engines: Engines,
    encoder: Encoder,
    removed: Removals,
    rendering: Rendering,
    erased: erasing.Erasing,
    listens: ListeningWork,
    fetching: Fetching,
) -> dict[str, Handler]:
    """Who carries out jobs, by their kinds."""
    db, objects, scratch = engines.db, engines.objects, engines.folder.work
    making = Making(db=db, objects=objects, encoder=encoder, removed=removed, scratch=scratch)
    exporting = export.Exporting(db, objects, removed, scratch)
    return {
        publishing.JOB_KIND: making.make,
        studio_rendering.JOB_KIND: rendering.make,
        export.JOB_KIND: exporting.make,
        erasing.JOB_KIND: erased.make,
        **dict.fromkeys(LISTENING_KINDS, listens.make),
        FETCH: fetching.make,
    }


def _workers(engines: Engines, listening: Listening, hub: Hub, makes: Mapping[str, Handler]) -> Workers:
    listening.progress = progress = ProgressBoard(engines.bus, hub.tell_account, listening.tracks.said)
    listening.workers = Workers(
        engines.db, traced_jobs(makes, engines.traces), ON_GIVEN_UP, on_said=progress.said
    )
    return listening.workers


def _rooms(engines: Engines, listening: Listening, owning: Owning, removed: Removals) -> Rooms:
    saving = Saving(engines.db, owning, removed)
    listening.rooms = Rooms(engines.db, engines.bus, saving, listening.revoked)
    return listening.rooms


def _recommending(engines: Engines, listening: Listening, base_url: str) -> Recommending:
    listening.sounds = Sounds()
    return Recommending(engines.db, listening.sounds, base_url)


def _rendering(
    config: Config,
    base_url: str,
    engines: Engines,
    encoder: Encoder,
    removed: Removals,
    instruments: Instruments,
) -> Rendering:
    return Rendering(
        db=engines.db,
        objects=engines.objects,
        encoder=encoder,
        removed=removed,
        instruments=instruments,
        scratch=engines.folder.work,
        base_url=base_url,
        quota_bytes=config.account_quota_bytes,
    )


def _listening(config: Config, engines: Engines, removed: Removals) -> ListeningWork:
    return ListeningWork(
        db=engines.db,
        objects=engines.objects,
        removed=removed,
        scratch=engines.folder.work,
        quota_bytes=config.account_quota_bytes,
        models=Models(ModelFolder(config.models)),
    )


def _fetching(config: Config, engines: Engines, uploads: Uploads, base_url: str) -> Fetching:
    reader = Reader()
    return Fetching(
        db=engines.db,
        uploads=uploads,
        publishing=Publishing(engines.db, uploads, base_url, config.account_quota_bytes),
        reader=reader,
        spotify=None if config.spotify is None else Spotify(reader, config.spotify),
        reads_links=config.elsewhere is not Elsewhere.OFF,
        reads_sound=config.elsewhere is Elsewhere.SOUND,
        max_bytes=config.max_upload_bytes,
    )


def _samples(
    config: Config, base_url: str, engines: Engines, encoder: Encoder, owning: Owning, removed: Removals
) -> Samples:
    return Samples(
        db=engines.db,
        objects=engines.objects,
        encoder=encoder,
        owning=owning,
        removed=removed,
        scratch=engines.folder.work,
        scanner=None if config.virus_scan is None else scanner_of(config.virus_scan),
        base_url=base_url,
    )
