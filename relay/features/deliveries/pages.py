"""Where notifications go, for people: a table of kinds and ways, browsers, webhooks, what was sent; and the link of a letter."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.page_forms import beside_form, carry_out, in_browser
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.deliveries.choices import MAX_WEBHOOKS
from relay.features.deliveries.rules import Priority
from relay.features.deliveries.service import Deliveries
from relay.features.deliveries.ways import CHOOSE_PATH, STOP_PATH, WEBHOOKS_PATH
from relay.features.notifications.api import Kind
from relay.wire import deliveries as wire
from relay.wire.misfits import in_words
from relay.wire.rest import PageCursor

SENT_PATH = "/notifications/deliveries"
SENT_SHOWN = 30
ASKED = {
    Kind.FOLLOW: "follows you",
    Kind.FOLLOW_REQUEST: "asks to follow you",
    Kind.FOLLOW_ACCEPTED: "lets you follow",
    Kind.REACTION: "likes or reacts",
    Kind.REPOST: "reposts a post of yours",
    Kind.COMMENT: "comments on a post of yours",
    Kind.REPLY: "answers you",
    Kind.MENTION: "mentions you",
    Kind.REMIX: "makes something from a post of yours",
}
"""Somebody …"""
WAYS = {"app": "Here", "mail": "Mail", "push": "Push", "webhook": "Webhook"}
LETTERS = {
    "each": "Soon after it happened",
    "daily": "Once a day, in the morning",
    "weekly": "On Monday mornings",
}
STATES = {
    "queued": "waits",
    "sending": "is being sent",
    "sent": "sent",
    "failed": "failed, is tried again",
    "given_up": "given up",
    "withdrawn": "not needed any more",
}
BY = {"mail": "Mail", "push": "Push", "webhook": "Webhook"}


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of the list of what was sent."""

    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryPages:
    """[loop]"""

    deliveries: Deliveries
    render: Render

    async def choose(self, call: AnyCall) -> AnyAnswer:
        return await self._chosen(call)

    async def save(self, call: AnyCall) -> AnyAnswer:
        try:
            await self.deliveries.choose(call.account_id, _edit_of(call.form))
        except Refusal as refusal:
            return await self._chosen(call, beside_form(refusal))
        return go_to(CHOOSE_PATH)

    async def _chosen(self, call: AnyCall, trouble: str = "") -> AnyAnswer:
        return self.render(
            "notification_preferences.html",
            call.session,
            here="notifications",
            trouble=trouble,
            chosen=await self.deliveries.preferences(call.account_id),
            browsers=(await self.deliveries.browsers(call.account_id)).browsers,
            asked={kind.value: words for kind, words in ASKED.items()},
            ways=WAYS,
            letters=LETTERS,
            priorities=[each.value for each in Priority],
        )

    async def forget_browser(self, call: AnyCall) -> AnyAnswer:
        """The form field `browser`."""
        in_browser(call)
        await self.deliveries.remove_browser(call.actor, call.form.get("browser", ""))
        return go_to(CHOOSE_PATH)

    async def webhooks(self, call: AnyCall) -> AnyAnswer:
        return await self._webhooks(call)

    async def change_webhooks(self, call: AnyCall) -> AnyAnswer:
        """The form fields `do`: add, with `url`; remove and on, with `webhook`. A new secret is on the page that follows, and on no other."""
        if call.form.get("do") == "add":
            try:
                made = await self.deliveries.add_webhook(call.account_id, call.form.get("url", "").strip())
            except Refusal as refusal:
                return await self._webhooks(call, trouble=beside_form(refusal))
            return await self._webhooks(call, made=made)
        trouble = await carry_out(call, {"remove": self._remove, "on": self._switch_on})
        return await self._webhooks(call, trouble=trouble) if trouble else go_to(WEBHOOKS_PATH)

    async def _remove(self, call: AnyCall) -> None:
        await self.deliveries.remove_webhook(call.actor, call.form.get("webhook", ""))

    async def _switch_on(self, call: AnyCall) -> None:
        await self.deliveries.switch_on(call.actor, call.form.get("webhook", ""))

    async def _webhooks(
        self, call: AnyCall, *, trouble: str = "", made: wire.Webhook | None = None
    ) -> AnyAnswer:
        return self.render(
            "webhooks.html",
            call.session,
            here="notifications",
            trouble=trouble,
            made=made,
            webhooks=(await self.deliveries.webhooks(call.account_id)).webhooks,
            most=MAX_WEBHOOKS,
        )

    async def sent(self, call: AnyCall) -> AnyAnswer:
        page = await self.deliveries.page(call.account_id, call.query.cursor, SENT_SHOWN)
        return self.render(
            "deliveries.html", call.session, here="notifications", page=page, states=STATES, by=BY
        )

    async def stop(self, call: AnyCall) -> AnyAnswer:
        """A button, because programs that look into letters open links, too."""
        secret = call.path["secret"]
        username = await self.deliveries.stopped_by(secret)
        return self._stop_page(call, secret, username, done=False)

    async def stopped(self, call: AnyCall) -> AnyAnswer:
        """Of the button, or of a mail program (RFC 8058), which sends List-Unsubscribe=One-Click and nothing else."""
        secret = call.path["secret"]
        return self._stop_page(call, secret, await self.deliveries.stop(secret), done=True)

    def _stop_page(self, call: AnyCall, secret: str, username: str, *, done: bool) -> AnyAnswer:
        return self.render(
            "stop_letters.html", call.session, here="claim", secret=secret, username=username, done=done
        )

    def rows(self) -> list[AnyRow]:
        read, edit, anybody = Action.NOTIFICATION_READ, Action.NOTIFICATION_EDIT, Action.SESSION_OPEN
        return [
            Page("GET", CHOOSE_PATH, read, self.choose),
            Page("POST", CHOOSE_PATH, edit, self.save, form=True),
            Page("POST", f"{CHOOSE_PATH}/browsers", edit, self.forget_browser, form=True),
            Page("GET", WEBHOOKS_PATH, read, self.webhooks),
            Page("POST", WEBHOOKS_PATH, edit, self.change_webhooks, form=True),
            Page("GET", SENT_PATH, read, self.sent, query=OnPage),
            Page("GET", f"{STOP_PATH}/{{secret}}", anybody, self.stop),
            Page("POST", f"{STOP_PATH}/{{secret}}", anybody, self.stopped, form=True),
        ]


def _edit_of(form: Mapping[str, str]) -> wire.DeliveryPreferencesEdit:
    """Raises Refusal: validation."""
    kinds = [
        {
            "kind": kind.value,
            "priority": form.get(f"{kind}.priority"),
            **{way: f"{kind}.{way}" in form for way in WAYS},
        }
        for kind in Kind
    ]
    given = {
        "kinds": kinds,
        "letters": form.get("letters"),
        "time_zone": form.get("time_zone"),
        "quiet_from": form.get("quiet_from", ""),
        "quiet_to": form.get("quiet_to", ""),
    }
    try:
        return msgspec.convert(given, wire.DeliveryPreferencesEdit)
    except msgspec.ValidationError as error:
        raise Refusal("validation", in_words(error, "What you chose")) from None
