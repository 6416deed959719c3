"""The services of all features, put together by hand: who needs whom stands here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from relay.app.config import Config
from relay.app.engines import Engines
from relay.app.listening import Listening
from relay.app.tracing import traced_jobs
from relay.engine.database import Database
from relay.engine.jobs.workers import Handler, Workers
from relay.engine.mail import Mailer, server_of
from relay.engine.model_folder import ModelFolder
from relay.engine.outward_get import Reader
from relay.engine.virus_scan import scanner_of
from relay.features.accounts import api as accounts_api
from relay.features.accounts.activity import Activity
from relay.features.accounts.linking import Links
from relay.features.accounts.newcomers import Newcomers
from relay.features.accounts.service import Accounts
from relay.features.accounts.upstream import Upstreams
from relay.features.coediting.rooms import Rooms
from relay.features.coediting.saving import Saving
from relay.features.comments.api import COMMENT, MENTION, REPLY, tell_comments
from relay.features.comments.board import CommentBoard
from relay.features.comments.service import Comments, withdraw
from relay.features.comments.service import erase_some as erase_comments
from relay.features.creations import publishing
from relay.features.creations.board import PostBoard
from relay.features.creations.encoding import Encoder
from relay.features.creations.making import Making
from relay.features.creations.owning import Owning
from relay.features.creations.publishing import Publishing
from relay.features.creations.removals import Removals
from relay.features.creations.replacing import Replacing
from relay.features.creations.signed_links import Signer
from relay.features.creations.telling import tellers as tellers_of_posts
from relay.features.devices.code_claims import CodeClaims
from relay.features.devices.device_grant import INTERVAL_US
from relay.features.devices.families import Families
from relay.features.devices.grant_claims import GrantClaims
from relay.features.devices.service import Devices
from relay.features.devices.signing import agree_on_key, load_key, seed_of
from relay.features.devices.tokens import Tokens
from relay.features.devices.wrong_codes import WrongCodes
from relay.features.graph import api as graph_api
from relay.features.graph.service import Graph
from relay.features.guests.api import Guests
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
from relay.features.live.presence import PresenceBoard
from relay.features.live.service import Live, tell_by
from relay.features.live.telling import Tellers
from relay.features.live.tickets import Tickets
from relay.features.live.watchers import Watchers
from relay.features.mail.operations import CONFIRM
from relay.features.mail.sending import Sending
from relay.features.mail.service import MailAddresses
from relay.features.moderation.inspecting import Inspecting
from relay.features.moderation.service import Moderation, suspend
from relay.features.moderation.telling import SUSPENDED, tell_suspended
from relay.features.notifications.board import NotificationBoard
from relay.features.notifications.service import Notifications
from relay.features.passwords import api as passwords_api
from relay.features.passwords import letters
from relay.features.passwords.forgotten import PATH as FORGOTTEN
from relay.features.passwords.service import Passwords
from relay.features.profiles.pictures import Pictures
from relay.features.profiles.service import Profiles
from relay.features.reactions.api import NEW_LIKE, NEW_REACTION, tell_likes, tell_reactions
from relay.features.reactions.erasing import erase_some as erase_reactions
from relay.features.reactions.keeping import NEW_REPOST, Keeping, tell_reposts, tell_shown
from relay.features.reactions.lists import Lists
from relay.features.reactions.plays import Plays
from relay.features.reactions.service import Reactions
from relay.features.reactions.showing import SHOWN
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

DEV_POLL_US = 1_000_000
"""A device that waits for its code asks so often on a relay for development."""
ISSUER = "sidechain-relay"
ON_GIVEN_UP = {
    publishing.JOB_KIND: publishing.given_up,
    studio_rendering.JOB_KIND: export.nothing_else,
    export.JOB_KIND: export.nothing_else,
    erasing.JOB_KIND: export.nothing_else,
    **dict.fromkeys((*LISTENING_KINDS, FETCH), listening_making.given_up),
}
"""What else ends with a job of each kind that comes to nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveServices:
    """What is told as it happens."""

    hub: Hub
    presence: PresenceBoard
    live: Live
    watchers: Watchers
    comments: CommentBoard
    posts: PostBoard
    notifications: NotificationBoard
    tickets: Tickets


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInServices:
    """Who somebody is, and with which device."""

    accounts: Accounts
    newcomers: Newcomers
    activity: Activity
    upstreams: Upstreams
    links: Links
    tokens: Tokens
    signer: Signer
    families: Families
    devices: Devices
    codes: CodeClaims
    grants: GrantClaims
    wrong_codes: WrongCodes
    passwords: Passwords
    sending: Sending
    addresses: MailAddresses


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


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleServices:
    """What people say of themselves, and of each other."""

    guests: Guests
    pictures: Pictures
    profiles: Profiles
    graph: Graph
    moderation: Moderation
    inspecting: Inspecting


def people_services(
    base_url: str, engines: Engines, live: LiveServices, posts: PostServices
) -> PeopleServices:
    """[loop]"""
    pictures = Pictures()
    profiles = Profiles(
        db=engines.db,
        objects=engines.objects,
        pictures=pictures,
        removed=posts.removals,
        is_live=live.presence.is_live,
    )
    return PeopleServices(
        guests=Guests(engines.db, posts.leaving.erasing.end),
        pictures=pictures,
        profiles=profiles,
        graph=Graph(engines.db, live.presence.is_live),
        moderation=Moderation(engines.db, base_url, withdraw),
        inspecting=Inspecting(engines.db, base_url),
    )


def live_services(base_url: str, engines: Engines, listening: Listening) -> LiveServices:
    """The hub hears of every commit from here on. [loop]"""
    db = engines.db
    tellers = Tellers(
        {
            **tellers_of_posts(base_url),
            **graph_api.TELLERS,
            SUSPENDED: tell_suspended,
            NEW_LIKE: tell_likes,
            NEW_REACTION: tell_reactions,
            NEW_REPOST: tell_reposts,
            SHOWN: partial(tell_shown, base_url),
            **dict.fromkeys((COMMENT, REPLY, MENTION), tell_comments),
        }
    )
    listening.hub = hub = Hub(tell_by(db, tellers), db.applied)
    presence = PresenceBoard(hub, engines.bus, partial(_names, db))
    watchers = Watchers()
    listening.comments = comments = CommentBoard(db, watchers.of, hub.tell_account)
    listening.posts = post_board = PostBoard(db, watchers.of, base_url)
    told = Notifications(db, base_url)
    listening.notifications = board = NotificationBoard(db, told, hub.is_here, hub.tell_account)
    return LiveServices(
        hub=hub,
        presence=presence,
        live=Live(db, presence, tellers),
        watchers=watchers,
        comments=comments,
        posts=post_board,
        notifications=board,
        tickets=Tickets(db),
    )


async def sign_in_services(
    config: Config, base_url: str, engines: Engines, listening: Listening
) -> SignInServices:
    """Raises BadKey: the signing key cannot be used, or is not the one that the database names. [loop]"""
    db = engines.db
    await listening.load_revoked(db)
    sending = Sending(db, mailer_of(config), engines.limits)
    newcomers = Newcomers(db, config.registration)
    passwords = Passwords(db, newcomers, engines.limits, partial(_tell_of_change, sending, base_url))
    await passwords.start()
    key = load_key(config.key_file)
    await agree_on_key(db, key)
    tokens = Tokens(key, ISSUER, listening.revoked)
    families = Families(db, tokens)
    upstreams = Upstreams(db, config.upstreams, base_url)
    return SignInServices(
        accounts=Accounts(db),
        newcomers=newcomers,
        activity=Activity(db),
        upstreams=upstreams,
        links=Links(db, upstreams, passwords_api.has_password, sending, base_url),
        tokens=tokens,
        signer=Signer(seed_of(key)),
        families=families,
        devices=Devices(db, families),
        codes=CodeClaims(db, families),
        grants=GrantClaims(db, families, DEV_POLL_US if config.dev else INTERVAL_US),
        wrong_codes=WrongCodes(db),
        passwords=passwords,
        sending=sending,
        addresses=MailAddresses(db, sending, base_url, CONFIRM),
    )


def mailer_of(config: Config) -> Mailer | None:
    """None: this relay sends no mail. [any]"""
    if config.smtp_url is None or config.mail_from is None:
        return None
    return Mailer(server_of(config.smtp_url), config.mail_from)


def _tell_of_change(sending: Sending, base_url: str, account_id: str) -> None:
    host = urlsplit(base_url).hostname or ""
    sending.tell(account_id, lambda to: letters.changed(to.address, to.username, base_url + FORGOTTEN, host))


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


async def _names(db: Database, account_ids: list[str]) -> dict[str, str]:
    found = await db.read(lambda reader: accounts_api.profiles(reader, account_ids))
    return {id_: producer.username for id_, producer in found.items()}
