"""The three ways a delivery goes: by mail, to a browser, to a webhook. What came of it is told as an Outcome, and stored by others."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.mail import Mailer, MailRefused, MailUnavailable
from relay.engine.outward import Outward, Reply, TargetRefused, TargetUnavailable
from relay.features.deliveries import letters, push
from relay.features.deliveries.choices import Browser, Webhook
from relay.features.deliveries.parcels import Parcel
from relay.features.deliveries.rules import Priority
from relay.wire.deliveries import WebhookBody
from relay.wire.notifications import Notification

CHOOSE_PATH, STOP_PATH, WEBHOOKS_PATH = (
    "/notifications/preferences",
    "/stop-letters",
    "/notifications/webhooks",
)
PUSH_TTL_S = 24 * 3600
"""So long a push service keeps a push for a browser that is not there."""
MAX_LINE_CHARS = 300
URGENCY = {Priority.LOW: "low", Priority.NORMAL: "normal", Priority.HIGH: "high", Priority.URGENT: "high"}
"""RFC 8030, 5.3."""
ENDED = (404, 410)
"""A push service says that a browser takes no more (RFC 8030, 7.3)."""
NOT_THIS = (400, 413)
"""The same push would be refused again."""


class Outcome(Struct, frozen=True, kw_only=True):
    """error None: it was taken. is_final: it is not tried again. is_gone: its target is no more."""

    error: str | None = None
    retry_after_s: int | None = None
    is_final: bool = False
    is_gone: bool = False


SENT = Outcome()
StopUrl = Callable[[str], str]


class Pushed(Struct, frozen=True, kw_only=True):
    """What our service worker gets. tag: of the delivery; of two with the same the browser shows one."""

    title: str
    body: str
    url: str
    tag: str


class Ways:
    """mailer: None: this relay sends no mail. [loop]"""

    def __init__(self, mailer: Mailer | None, outward: Outward, sender: push.Sender, base_url: str) -> None:
        self._mailer = mailer
        self._outward = outward
        self._sender = sender
        self._base_url = base_url

    @property
    def sends_mail(self) -> bool:
        return self._mailer is not None

    @property
    def push_key(self) -> str:
        return self._sender.public_key

    async def send(self, parcel: Parcel, stop_secret: str) -> Outcome:
        """stop_secret: of the link in a letter."""
        match parcel.target:
            case Browser() as browser:
                return await self._push(parcel, browser)
            case Webhook() as hook:
                return await self._call(parcel, hook)
            case address:
                return await self._write(parcel, address, stop_secret)

    async def _write(self, parcel: Parcel, address: str, stop_secret: str) -> Outcome:
        if self._mailer is None:
            return Outcome(error="This relay sends no mail.", is_final=True)
        letter = letters.told(
            name=parcel.row.id,
            to=address,
            username=parcel.username,
            notifications=parcel.notifications,
            group_key=parcel.row.group_key,
            stop_url=f"{self._base_url}{STOP_PATH}/{stop_secret}",
            choose_url=self._base_url + CHOOSE_PATH,
            host=urlsplit(self._base_url).hostname or "",
        )
        try:
            await self._mailer.send(letter)
        except MailRefused as error:
            return Outcome(error=f"The mail server does not take it: {error}.", is_final=True)
        except MailUnavailable:  # whose words are for who runs the relay
            return Outcome(error="The mail server cannot be reached.")
        return SENT

    async def _push(self, parcel: Parcel, browser: Browser) -> Outcome:
        row = parcel.row
        body = push.seal(_pushed(parcel), browser.p256dh, browser.auth)
        headers = {
            "Authorization": self._sender.authorization(browser.endpoint, now_us()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(PUSH_TTL_S),
            "Urgency": URGENCY[row.priority],
            "Topic": row.id,  # of two tries that a service has, a browser gets one (RFC 8030, 5.4)
        }
        reply = await self._posted(browser.endpoint, headers, body)
        if isinstance(reply, Outcome) or 200 <= reply.status < 300:
            return reply if isinstance(reply, Outcome) else SENT
        if reply.status in ENDED:
            return Outcome(error="This browser takes no more pushes.", is_final=True, is_gone=True)
        error = f"The push service answered {reply.status}."
        return Outcome(error=error, retry_after_s=reply.retry_after_s, is_final=reply.status in NOT_THIS)

    async def _call(self, parcel: Parcel, hook: Webhook) -> Outcome:
        row = parcel.row
        (notification,) = parcel.notifications[:1]
        told = WebhookBody(id=row.id, created_at=rfc3339(row.created_us), notification=notification)
        body = msgspec.json.encode(told)
        headers = {
            "Content-Type": "application/json",
            "Sidechain-Delivery": row.id,
            "Sidechain-Attempt": str(row.attempts),
            "Sidechain-Signature": signature(hook.secret, body, now_us() // 1_000_000),
        }
        reply = await self._posted(hook.url, headers, body)
        if isinstance(reply, Outcome) or 200 <= reply.status < 300:
            return reply if isinstance(reply, Outcome) else SENT
        moved = " No redirect is followed." if 300 <= reply.status < 400 else ""
        return Outcome(error=f"It answered {reply.status}.{moved}", retry_after_s=reply.retry_after_s)

    async def _posted(self, url: str, headers: dict[str, str], body: bytes) -> Reply | Outcome:
        try:
            return await self._outward.post(url, headers, body)
        except (TargetRefused, TargetUnavailable) as error:
            return Outcome(error=str(error))


def signature(secret: str, body: bytes, at_s: int) -> str:
    """The header Sidechain-Signature. The time is signed, too: who gets it refuses what is old. [any]"""
    signed = hmac.new(secret.encode(), b"%d.%s" % (at_s, body), hashlib.sha256).hexdigest()
    return f"t={at_s},v1={signed}"


def _pushed(parcel: Parcel) -> bytes:
    first, count = parcel.notifications[0], len(parcel.notifications)
    lines = (
        [_cut(first.sentence), _cut(first.text)]
        if count == 1
        else [_cut(each.sentence) for each in parcel.notifications[:3]]
    )
    if count > 3:
        lines.append(f"and {count - 3} more")
    return msgspec.json.encode(
        Pushed(
            title="Sidechain",
            body="\n".join(filter(None, lines)),
            url=_path(first) if count == 1 else "/notifications",
            tag=parcel.row.id,
        )
    )


def _path(notification: Notification) -> str:
    return "/" + notification.url.split("/", 3)[3]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LINE_CHARS else f"{text[: MAX_LINE_CHARS - 1]}…"
