"""Notifications for people: the list, and what they are told of, as plain forms."""

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.redirects import go_to
from relay.features.notifications.rules import Kind
from relay.features.notifications.service import Notifications
from relay.wire.notifications import PreferencesEdit
from relay.wire.rest import PageCursor

ACTS_SHOWN = 60
PATH = "/notifications"
PREFERENCES_PATH = f"{PATH}/preferences"
ASKED = {
    Kind.FOLLOW: "Somebody follows you",
    Kind.FOLLOW_REQUEST: "Somebody asks to follow you, where your account is private",
    Kind.FOLLOW_ACCEPTED: "Somebody lets you follow",
    Kind.REACTION: "Somebody likes or reacts to a post of yours",
    Kind.REPOST: "Somebody reposts a post of yours",
    Kind.COMMENT: "Somebody comments on a post of yours",
    Kind.REPLY: "Somebody answers you",
    Kind.MENTION: "Somebody mentions you",
}


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of the list."""

    cursor: PageCursor | None = None


def rows(notifications: Notifications, render: Render) -> list[AnyRow]:
    async def page(call: AnyCall) -> AnyAnswer:
        found = await notifications.page(call.account_id, call.query.cursor, ACTS_SHOWN)
        return render("notifications.html", call.session, here="notifications", page=found)

    async def read_all(call: AnyCall) -> AnyAnswer:
        await notifications.mark_read(call.account_id, None)
        return go_to(PATH)

    async def ask(call: AnyCall) -> AnyAnswer:
        chosen = await notifications.preferences(call.account_id)
        return render(
            "notification_preferences.html",
            call.session,
            here="notifications",
            chosen={kind.value: (words, getattr(chosen, kind)) for kind, words in ASKED.items()},
        )

    async def save(call: AnyCall) -> AnyAnswer:
        edit = PreferencesEdit(**{kind.value: kind in call.form for kind in Kind})
        await notifications.prefer(call.account_id, edit)
        return go_to(PATH)

    return [
        Page("GET", PATH, Action.NOTIFICATION_READ, page, query=OnPage),
        Page("POST", f"{PATH}/read", Action.NOTIFICATION_EDIT, read_all, form=True),
        Page("GET", PREFERENCES_PATH, Action.NOTIFICATION_READ, ask),
        Page("POST", PREFERENCES_PATH, Action.NOTIFICATION_EDIT, save, form=True),
    ]
