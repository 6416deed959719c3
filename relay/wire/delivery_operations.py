"""The operations of notifications that are taken to where somebody is, as rows (operations.py)."""

from relay.wire import deliveries
from relay.wire.operation import Nothing, Paging
from relay.wire.operation import get_row as _get
from relay.wire.operation import list_row as _list
from relay.wire.operation import post_row as _post
from relay.wire.operation import row_of as _row

CHANNELS = _get(
    "/notifications/channels",
    deliveries.DeliveryPreferences,
    "Which kinds you are told of by which ways, and when.",
)
CHOOSE_CHANNELS = _row(
    "PUT",
    "/notifications/channels",
    deliveries.DeliveryPreferencesEdit,
    Nothing,
    deliveries.DeliveryPreferences,
    "Choose the ways, the priorities and the quiet hours.",
    "",
)
DELIVERIES = _list(
    "/notifications/deliveries",
    Paging,
    deliveries.DeliveryPage,
    "What was sent to you by mail, push and webhooks, and what became of it.",
)
BROWSERS = _get("/notifications/browsers", deliveries.PushBrowsers, "The browsers that take your pushes.")
ADD_BROWSER = _post(
    "/notifications/browsers",
    deliveries.NewBrowser,
    deliveries.PushBrowser,
    "One more browser takes your pushes: what its PushSubscription says.",
)
REMOVE_BROWSER = _row(
    "DELETE",
    "/notifications/browsers/{browser_id}",
    Nothing,
    Nothing,
    deliveries.Removed,
    "It takes them no more.",
    "",
)
WEBHOOKS = _get("/notifications/webhooks", deliveries.Webhooks, "The addresses that are called for you.")
ADD_WEBHOOK = _post(
    "/notifications/webhooks",
    deliveries.NewWebhook,
    deliveries.Webhook,
    "An https address that is called with each notification, signed by the secret that this answer has.",
)
REMOVE_WEBHOOK = _row(
    "DELETE",
    "/notifications/webhooks/{webhook_id}",
    Nothing,
    Nothing,
    deliveries.Removed,
    "It is called no more.",
    "",
)
SWITCH_WEBHOOK_ON = _post(
    "/notifications/webhooks/{webhook_id}/on",
    Nothing,
    deliveries.Webhook,
    "Call an address again that was switched off because it failed.",
)
