"""The services of all features, put together by hand: who needs whom stands here and in post_services.py, and nowhere else."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from relay.app.config import Config
from relay.app.engines import Engines
from relay.app.listening import Listening
from relay.app.post_services import PostServices
from relay.engine.database import Database
from relay.engine.mail import Mailer, server_of
from relay.features.accounts import api as accounts_api
from relay.features.accounts.activity import Activity
from relay.features.accounts.linking import Links
from relay.features.accounts.newcomers import Newcomers
from relay.features.accounts.service import Accounts
from relay.features.accounts.upstream import Upstreams
from relay.features.comments.api import COMMENT, MENTION, REPLY, tell_comments
from relay.features.comments.board import CommentBoard
from relay.features.comments.service import withdraw
from relay.features.creations.board import PostBoard
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
from relay.features.moderation.service import Moderation
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
from relay.features.reactions.keeping import NEW_REPOST, tell_reposts, tell_shown
from relay.features.reactions.showing import SHOWN

DEV_POLL_US = 1_000_000
"""A device that waits for its code asks so often on a relay for development."""
ISSUER = "sidechain-relay"


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


async def _names(db: Database, account_ids: list[str]) -> dict[str, str]:
    found = await db.read(lambda reader: accounts_api.profiles(reader, account_ids))
    return {id_: producer.username for id_, producer in found.items()}
