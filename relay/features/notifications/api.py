"""What other features may ask of notifications. `live` notes what it tells somebody once, so this module imports nothing of it."""

from relay.features.notifications.rules import Kind
from relay.features.notifications.store import New, NotificationsChanged, any_unqueued, note, take_unqueued

__all__ = ["Kind", "New", "NotificationsChanged", "any_unqueued", "note", "take_unqueued"]
