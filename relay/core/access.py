"""Who may do what: one table, asked by every REST operation and by the WebSocket. Not a place for exceptions to it."""

from enum import StrEnum

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.visibility import Visibility


class Relation(StrEnum):
    """How an actor stands to the object of an action. Without an object, a signed-in actor is OTHER, or what its role says."""

    ANONYMOUS = "anonymous"
    OTHER = "other"
    OWNER = "owner"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Role(StrEnum):
    """What an account may do besides what everybody may."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Action(StrEnum):
    """What somebody may want to do; POLICY says who may."""

    SITE_READ = "site.read"
    HEALTH_READ = "health.read"
    DEVICE_REGISTER = "device.register"
    DEVICE_CLAIM = "device.claim"
    DEVICE_LIST = "device.list"
    DEVICE_REVOKE = "device.revoke"
    DEVICE_UNCLAIM = "device.unclaim"
    DEVICE_FAREWELL = "device.farewell"
    CLAIM_ASK = "claim.ask"
    CLAIM_DECIDE = "claim.decide"
    GRANT_BEGIN = "grant.begin"
    TOKEN_GRANT = "token.grant"
    TOKEN_VERIFY = "token.verify"
    TOKEN_REFRESH = "token.refresh"
    SESSION_OPEN = "session.open"
    SESSION_CLOSE = "session.close"
    SESSION_LIST = "session.list"
    SESSION_END_ALL = "session.end_all"
    TICKET_MAKE = "ticket.make"
    SOCKET_OPEN = "socket.open"
    DOCUMENT_OPEN = "document.open"
    UPLOAD_RULES = "upload.rules"
    UPLOAD_BEGIN = "upload.begin"
    UPLOAD_CONTINUE = "upload.continue"
    POST_CREATE = "post.create"
    SCORE_CREATE = "score.create"
    POST_READ = "post.read"
    POST_LOSSLESS = "post.lossless"
    LINK_SIGN = "link.sign"
    POST_EDIT = "post.edit"
    POST_DELETE = "post.delete"
    POST_LIKE = "post.like"
    POST_REACT = "post.react"
    POST_SAVE = "post.save"
    POST_REPOST = "post.repost"
    REACTION_REMOVE = "reaction.remove"
    COMMENT_READ = "comment.read"
    COMMENT_WRITE = "comment.write"
    COMMENT_EDIT = "comment.edit"
    COMMENT_DELETE = "comment.delete"
    LISTENING_ASK = "listening.ask"
    LISTENING_READ = "listening.read"
    LISTENING_DELETE = "listening.delete"
    JOB_LIST = "job.list"
    JOB_READ = "job.read"
    JOB_CANCEL = "job.cancel"
    FEED_READ = "feed.read"
    TIMELINE_READ = "timeline.read"
    INBOX_READ = "inbox.read"
    NOTIFICATION_READ = "notification.read"
    NOTIFICATION_EDIT = "notification.edit"
    NOTIFICATION_TARGET = "notification.target"
    FOLLOW = "social.follow"
    BLOCK = "social.block"
    MUTE = "social.mute"
    OWN_LISTS = "social.own_lists"
    GUEST_MAKE = "guest.make"
    GUEST_TAKE_OVER = "guest.take_over"
    ACCOUNT_READ = "account.read"
    ACCOUNT_EDIT = "account.edit"
    ACCOUNT_EXPORT = "account.export"
    ACCOUNT_DELETE = "account.delete"
    PROFILE_READ = "profile.read"
    INSTRUMENT_EDIT = "instrument.edit"
    NUMBERS_READ = "numbers.read"
    NUMBERS_OF_POST = "numbers.of_post"
    NUMBERS_OF_PLATFORM = "numbers.of_platform"
    REPORT = "moderation.report"
    APPEAL = "moderation.appeal"
    MODERATE = "moderation.decide"
    AUDIT_READ = "moderation.log"
    ROLE_SET = "moderation.role"


class Actor(Struct, frozen=True, kw_only=True):
    """Who asks. user_id None: nobody signed in. family_id: the sign-in behind a token; session_id: of a browser.

    is_guest: of an account that nobody has signed up for.
    role: asked for only where an action is for those that have one.
    """

    user_id: str | None = None
    device_id: str | None = None
    family_id: str | None = None
    session_id: str | None = None
    expires_us: int = 0
    role: Role = Role.USER
    is_suspended: bool = False
    is_guest: bool = False

    @property
    def account_id(self) -> str:
        """Of somebody signed in; the gate has seen to that wherever an action asks for it."""
        if self.user_id is None:
            raise Refusal("sign_in_required", "This needs an account.", "Sign in and send the access token.")
        return self.user_id


ANYBODY = frozenset(Relation)
SIGNED_IN = ANYBODY - {Relation.ANONYMOUS}
OWNER_ONLY = frozenset({Relation.OWNER})
MODERATORS = frozenset({Relation.MODERATOR, Relation.ADMIN})
ADMINS = frozenset({Relation.ADMIN})

POLICY: dict[Action, frozenset[Relation]] = {
    Action.SITE_READ: ANYBODY,
    Action.HEALTH_READ: ANYBODY,
    Action.DEVICE_REGISTER: ANYBODY,
    Action.DEVICE_CLAIM: ANYBODY,  # the device's signature is the proof
    Action.DEVICE_LIST: SIGNED_IN,
    Action.DEVICE_REVOKE: OWNER_ONLY,
    Action.DEVICE_UNCLAIM: SIGNED_IN,  # of the device that asks, so it is its own
    Action.DEVICE_FAREWELL: ANYBODY,  # the device's signature is the proof
    Action.CLAIM_ASK: ANYBODY,  # the page asks to sign in
    Action.CLAIM_DECIDE: SIGNED_IN,
    Action.GRANT_BEGIN: ANYBODY,  # it leads to a page where somebody signed in says yes, and to nothing else
    Action.TOKEN_GRANT: ANYBODY,  # the code and the device's signature are the proof
    Action.TOKEN_VERIFY: ANYBODY,
    Action.TOKEN_REFRESH: ANYBODY,  # the refresh token is the proof
    Action.SESSION_OPEN: ANYBODY,
    Action.SESSION_CLOSE: ANYBODY,
    Action.SESSION_LIST: SIGNED_IN,
    Action.SESSION_END_ALL: SIGNED_IN,
    Action.TICKET_MAKE: SIGNED_IN,
    Action.SOCKET_OPEN: SIGNED_IN,
    Action.DOCUMENT_OPEN: SIGNED_IN,  # for what a link or who made it lets one, which the feature sees to
    Action.UPLOAD_RULES: ANYBODY,
    Action.UPLOAD_BEGIN: SIGNED_IN,
    Action.UPLOAD_CONTINUE: OWNER_ONLY,
    Action.POST_CREATE: SIGNED_IN,
    Action.SCORE_CREATE: SIGNED_IN,
    Action.POST_READ: ANYBODY,
    Action.POST_LOSSLESS: OWNER_ONLY,  # the take as it was played stays its author's
    Action.LINK_SIGN: SIGNED_IN,  # for what whoever asks may hear, which the feature sees to
    Action.POST_EDIT: OWNER_ONLY,
    Action.POST_DELETE: OWNER_ONLY,
    Action.POST_LIKE: SIGNED_IN,
    Action.POST_REACT: SIGNED_IN,
    Action.POST_SAVE: SIGNED_IN,
    Action.POST_REPOST: SIGNED_IN,
    Action.REACTION_REMOVE: OWNER_ONLY,
    Action.COMMENT_READ: ANYBODY,
    Action.COMMENT_WRITE: SIGNED_IN,
    Action.COMMENT_EDIT: OWNER_ONLY,
    Action.COMMENT_DELETE: OWNER_ONLY,  # whose post it is on, too
    Action.LISTENING_ASK: SIGNED_IN,
    Action.LISTENING_READ: OWNER_ONLY,
    Action.LISTENING_DELETE: OWNER_ONLY,
    Action.JOB_LIST: SIGNED_IN,
    Action.JOB_READ: OWNER_ONLY,
    Action.JOB_CANCEL: OWNER_ONLY,
    Action.FEED_READ: ANYBODY,
    Action.TIMELINE_READ: SIGNED_IN,
    Action.INBOX_READ: SIGNED_IN,
    Action.NOTIFICATION_READ: SIGNED_IN,  # one's own, and nobody else's
    Action.NOTIFICATION_EDIT: SIGNED_IN,
    Action.NOTIFICATION_TARGET: OWNER_ONLY,  # a browser that takes pushes, a webhook
    Action.FOLLOW: SIGNED_IN,
    Action.BLOCK: SIGNED_IN,
    Action.MUTE: SIGNED_IN,
    Action.OWN_LISTS: SIGNED_IN,  # of who asks, so they are their own
    Action.GUEST_MAKE: ANYBODY,
    Action.GUEST_TAKE_OVER: SIGNED_IN,  # the token of what is taken over is the proof
    Action.ACCOUNT_READ: SIGNED_IN,
    Action.ACCOUNT_EXPORT: SIGNED_IN,
    Action.ACCOUNT_DELETE: SIGNED_IN,
    Action.ACCOUNT_EDIT: SIGNED_IN,  # of who asks, so it is their own
    Action.PROFILE_READ: ANYBODY,
    Action.INSTRUMENT_EDIT: ADMINS,  # those of the relay, and its sound libraries
    Action.NUMBERS_READ: SIGNED_IN,  # of who asks, so they are their own
    Action.NUMBERS_OF_POST: OWNER_ONLY,
    Action.NUMBERS_OF_PLATFORM: ADMINS,
    Action.REPORT: SIGNED_IN,
    Action.APPEAL: SIGNED_IN,  # of what is one's own, which the feature sees to
    Action.MODERATE: MODERATORS,
    Action.AUDIT_READ: MODERATORS,
    Action.ROLE_SET: ADMINS,
}


FOR_ROLES = frozenset(action for action, who in POLICY.items() if who <= MODERATORS)
"""Actions for which a role is asked for."""
OF_SUSPENDED = frozenset(
    {
        Action.SITE_READ,
        Action.HEALTH_READ,
        Action.SESSION_OPEN,
        Action.SESSION_CLOSE,
        Action.APPEAL,
        Action.ACCOUNT_EXPORT,
        Action.JOB_READ,  # how far the archive is
        Action.ACCOUNT_DELETE,
    }
)
"""What an account may do that is suspended."""
OF_GUESTS = frozenset(action for action, who in POLICY.items() if Relation.ANONYMOUS in who) | {
    Action.TICKET_MAKE,  # which opens what a guest may open
    Action.DOCUMENT_OPEN,
    Action.SCORE_CREATE,
    Action.POST_EDIT,
    Action.POST_DELETE,
    Action.OWN_LISTS,
    Action.JOB_LIST,
    Action.JOB_READ,
    Action.JOB_CANCEL,
    Action.ACCOUNT_READ,
    Action.ACCOUNT_EXPORT,
    Action.ACCOUNT_DELETE,
}
"""What an account may do that nobody has signed up for: make music and keep it, with whom it is shared, and nothing that others are told of."""


def relation(actor: Actor, owner_id: str | None) -> Relation:
    """How actor stands to something of owner_id; None: an action without an object. [any]"""
    if actor.user_id is None:
        return Relation.ANONYMOUS
    if actor.user_id == owner_id:
        return Relation.OWNER
    return {Role.ADMIN: Relation.ADMIN, Role.MODERATOR: Relation.MODERATOR}.get(actor.role, Relation.OTHER)


def admit(actor: Actor, action: Action) -> None:
    """Refuse what no object could make allowed: the check before anything is looked up. [any]

    Raises Refusal: sign_in_required, account_suspended, account_required, not_found.
    """
    if actor.user_id is None and Relation.ANONYMOUS not in POLICY[action]:
        raise Refusal("sign_in_required", "This needs an account.", "Sign in and send the access token.")
    if actor.is_suspended and action not in OF_SUSPENDED:
        raise Refusal(
            "account_suspended", "Your account is suspended.", "Say at /appeal what speaks against that."
        )
    if actor.is_guest and action not in OF_GUESTS:
        raise needs_account()
    if action in FOR_ROLES and relation(actor, None) not in POLICY[action]:
        raise Refusal("not_found", "There is nothing here.")


def needs_account() -> Refusal:
    """[any]"""
    return Refusal(
        "account_required",
        "A guest may not do this.",
        "Sign in, take over what you made as a guest, and do it then.",
    )


def require_may_show(actor: Actor, visibility: str | None) -> None:
    """What a guest makes is its own, or for whom it gives a link to. None: it stays as it is. Raises Refusal: account_required. [any]"""
    if actor.is_guest and visibility in (Visibility.FOLLOWERS, Visibility.PUBLIC):
        raise needs_account()


def authorize(actor: Actor, action: Action, owner_id: str | None = None) -> None:
    """Refuse unless the table allows it. What one may not see does not exist, hence not_found. [any]

    Raises Refusal: sign_in_required, account_suspended, account_required, not_found.
    """
    admit(actor, action)
    if relation(actor, owner_id) not in POLICY[action]:
        raise Refusal("not_found", "There is nothing here.")
