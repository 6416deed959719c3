"""Notifications taken to where somebody is: which kinds by which ways, when, where to, and what became of each."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import MAX_COUNT, PRINTABLE, Count, Sentence, Timestamp, Url, Word
from relay.wire.ids import Id
from relay.wire.notifications import Notification
from relay.wire.rest import MAX_PAGE, PageCursor

KindName = Literal[
    "follow",
    "follow_request",
    "follow_accepted",
    "reaction",
    "repost",
    "comment",
    "reply",
    "mention",
    "remix",
]
PriorityName = Literal["low", "normal", "high", "urgent"]
LettersName = Literal["each", "daily", "weekly"]
MAX_KINDS = 64
MAX_TARGETS = 32
Clock = Annotated[str, Meta(max_length=5, pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?\Z")]
"""A time of day, such as 22:30; "" for none."""
Zone = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+\Z")]
"""A name of the IANA time zone database, such as Europe/Berlin."""
Target = Annotated[str, Meta(min_length=9, max_length=1024, pattern=PRINTABLE)]
"""An https address that is called; what else is asked of it is said in words when it is given."""
Base64Url = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9_-]*={0,2}\Z")]


class KindChoice(Struct, frozen=True, kw_only=True):
    """app: whether it is told of at all: in the list, by the WebSocket, on the desktop. What is not goes by no other way either.

    priority: low, normal, high or urgent: the higher, the sooner; quiet hours do not hold for urgent.
    """

    kind: Word
    app: bool
    mail: bool
    push: bool
    webhook: bool
    priority: Word


class KindEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is left out stays."""

    kind: KindName
    app: bool | None = None
    mail: bool | None = None
    push: bool | None = None
    webhook: bool | None = None
    priority: PriorityName | None = None


class DeliveryPreferences(Struct, frozen=True, kw_only=True):
    """letters: each, daily or weekly. quiet_from, quiet_to: on the clocks of time_zone.

    mail_address: where letters go, once it is confirmed. sends_mail: whether this relay does. push_key: what a browser subscribes with.
    """

    kinds: Annotated[list[KindChoice], Meta(max_length=MAX_KINDS)]
    letters: Word
    time_zone: Zone
    quiet_from: Clock
    quiet_to: Clock
    sends_mail: bool
    mail_address: Sentence | None
    push_key: Base64Url


class DeliveryPreferencesEdit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """PUT /notifications/channels: what is left out stays. quiet_from, quiet_to: both or neither; both "": no hours are quiet."""

    kinds: Annotated[list[KindEdit], Meta(max_length=MAX_KINDS)] | None = None
    letters: LettersName | None = None
    time_zone: Zone | None = None
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None


class BrowserKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a browser, to seal pushes for it (RFC 8291)."""

    p256dh: Base64Url
    auth: Base64Url


class NewBrowser(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /notifications/browsers: a PushSubscription as it writes itself."""

    endpoint: Target
    keys: BrowserKeys
    expirationTime: Annotated[float, Meta(ge=0, le=MAX_COUNT)] | None = None


class PushBrowser(Struct, frozen=True, kw_only=True):
    """service: whose push service it is, by its host."""

    id: Id
    service: Sentence
    agent: Sentence
    created_at: Timestamp


class PushBrowsers(Struct, frozen=True, kw_only=True):
    browsers: Annotated[list[PushBrowser], Meta(max_length=MAX_TARGETS)]


class NewWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /notifications/webhooks."""

    url: Target


class Webhook(Struct, frozen=True, kw_only=True):
    """secret: shown once, when it is made. failures: in a row. off_at, off_why: it is called no more, until it is switched on."""

    id: Id
    url: Url
    secret: Word | None
    failures: Count
    off_at: Timestamp | None
    off_why: Sentence | None
    created_at: Timestamp


class Webhooks(Struct, frozen=True, kw_only=True):
    webhooks: Annotated[list[Webhook], Meta(max_length=MAX_TARGETS)]


class Removed(Struct, frozen=True, kw_only=True):
    """id: of what is there no more."""

    id: Id


class Delivery(Struct, frozen=True, kw_only=True):
    """state: queued, sending, sent, failed (it is tried again at due_at), given_up, or withdrawn (nothing of it stood any more, or it was read).

    target: the address of a webhook, or the host of a push service. error: of the last try.
    """

    id: Id
    channel: Word
    target: Sentence
    priority: Word
    state: Word
    attempts: Count
    notifications: Count
    due_at: Timestamp | None
    error: Sentence | None
    created_at: Timestamp
    ended_at: Timestamp | None


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """GET /notifications/deliveries?cursor=&limit= : newest first; those that are over are known for 30 days."""

    deliveries: Annotated[list[Delivery], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class WebhookBody(Struct, frozen=True, kw_only=True):
    """What a webhook gets. id: of the delivery, the same in every try. The header Sidechain-Signature is t=SECONDS,v1=HEX: HMAC-SHA256 by the
    webhook's secret over SECONDS, a point, and the body."""

    id: Id
    type: Literal["notification"] = "notification"
    created_at: Timestamp
    notification: Notification
