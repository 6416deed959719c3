"""Deliveries, for programs; pages.py has them for people."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.deliveries.service import Deliveries
from relay.wire import deliveries as wire
from relay.wire import delivery_operations as operations
from relay.wire.operation import Nothing, Paging

Bare = Call[Nothing, Nothing]


def rows(deliveries: Deliveries) -> list[AnyRow]:
    async def preferences(call: Bare) -> wire.DeliveryPreferences:
        return await deliveries.preferences(call.account_id)

    async def choose(call: Call[wire.DeliveryPreferencesEdit, Nothing]) -> wire.DeliveryPreferences:
        return await deliveries.choose(call.account_id, call.body)

    async def page(call: Call[Nothing, Paging]) -> wire.DeliveryPage:
        return await deliveries.page(call.account_id, call.query.cursor, call.query.limit)

    return [
        Row(operations.CHANNELS, Action.NOTIFICATION_READ, preferences),
        Row(operations.CHOOSE_CHANNELS, Action.NOTIFICATION_EDIT, choose),
        Row(operations.DELIVERIES, Action.NOTIFICATION_READ, page),
        *_targets(deliveries),
    ]


def _targets(deliveries: Deliveries) -> list[AnyRow]:
    async def browsers(call: Bare) -> wire.PushBrowsers:
        return await deliveries.browsers(call.account_id)

    async def add_browser(call: Call[wire.NewBrowser, Nothing]) -> wire.PushBrowser:
        return await deliveries.add_browser(call.account_id, call.body, call.headers.get("user-agent", ""))

    async def remove_browser(call: Bare) -> wire.Removed:
        return await deliveries.remove_browser(call.actor, call.path["browser_id"])

    async def webhooks(call: Bare) -> wire.Webhooks:
        return await deliveries.webhooks(call.account_id)

    async def add_webhook(call: Call[wire.NewWebhook, Nothing]) -> wire.Webhook:
        return await deliveries.add_webhook(call.account_id, call.body.url)

    async def remove_webhook(call: Bare) -> wire.Removed:
        return await deliveries.remove_webhook(call.actor, call.path["webhook_id"])

    async def switch_on(call: Bare) -> wire.Webhook:
        return await deliveries.switch_on(call.actor, call.path["webhook_id"])

    return [
        Row(operations.BROWSERS, Action.NOTIFICATION_READ, browsers),
        Row(operations.ADD_BROWSER, Action.NOTIFICATION_EDIT, add_browser),
        Row(operations.REMOVE_BROWSER, Action.NOTIFICATION_TARGET, remove_browser),
        Row(operations.WEBHOOKS, Action.NOTIFICATION_READ, webhooks),
        Row(operations.ADD_WEBHOOK, Action.NOTIFICATION_EDIT, add_webhook),
        Row(operations.REMOVE_WEBHOOK, Action.NOTIFICATION_TARGET, remove_webhook),
        Row(operations.SWITCH_WEBHOOK_ON, Action.NOTIFICATION_TARGET, switch_on),
    ]
