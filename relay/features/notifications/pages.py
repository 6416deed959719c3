"""Notifications for people: the list. What they are told of, and by which ways, is `deliveries`' page."""

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.redirects import go_to
from relay.features.notifications.service import Notifications
from relay.wire.rest import PageCursor

ACTS_SHOWN = 60
PATH = "/notifications"


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

    return [
        Page("GET", PATH, Action.NOTIFICATION_READ, page, query=OnPage),
        Page("POST", f"{PATH}/read", Action.NOTIFICATION_EDIT, read_all, form=True),
    ]
