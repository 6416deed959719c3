"""What other features may ask of notifications. `live` notes what it tells somebody once, so this module imports nothing of it."""

from relay.features.notifications.store import NotificationsChanged, note

__all__ = ["NotificationsChanged", "note"]
