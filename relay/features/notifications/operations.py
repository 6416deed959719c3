"""Notifications, for programs; pages.py has them for people."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.notifications.service import Notifications
from relay.wire import social_operations as wire
from relay.wire.notifications import (
    NotificationCounts,
    NotificationPage,
    NotificationPreferences,
    NotificationsRead,
    PreferencesEdit,
)

Bare = Call[wire.Nothing, wire.Nothing]


def rows(notifications: Notifications) -> list[AnyRow]:
    async def page(call: Call[wire.Nothing, wire.Paging]) -> NotificationPage:
        return await notifications.page(call.account_id, call.query.cursor, call.query.limit)

    async def counts(call: Bare) -> NotificationCounts:
        return await notifications.counts(call.account_id)

    async def seen(call: Bare) -> NotificationCounts:
        return await notifications.mark_seen(call.account_id)

    async def read(call: Call[NotificationsRead, wire.Nothing]) -> NotificationCounts:
        return await notifications.mark_read(call.account_id, call.body.ids)

    async def preferences(call: Bare) -> NotificationPreferences:
        return await notifications.preferences(call.account_id)

    async def prefer(call: Call[PreferencesEdit, wire.Nothing]) -> NotificationPreferences:
        return await notifications.prefer(call.account_id, call.body)

    return [
        Row(wire.NOTIFICATIONS, Action.NOTIFICATION_READ, page),
        Row(wire.NOTIFICATION_COUNTS, Action.NOTIFICATION_READ, counts),
        Row(wire.NOTIFICATIONS_SEEN, Action.NOTIFICATION_EDIT, seen),
        Row(wire.NOTIFICATIONS_READ, Action.NOTIFICATION_EDIT, read),
        Row(wire.NOTIFICATION_PREFERENCES, Action.NOTIFICATION_READ, preferences),
        Row(wire.PREFER_NOTIFICATIONS, Action.NOTIFICATION_EDIT, prefer),
    ]
