"""Each plugin's window says once what was recovered last, and what others did that concerns this account, as it happens."""

from bridge.plugin_endpoint import PluginEndpoint
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.events import Bus, HistoryChanged, NotificationsChanged, StatusChanged
from plugin_protocol.messages import Notice


class RecoveryNotices:
    """[loop]"""

    def __init__(self, plugins: PluginEndpoint, bus: Bus) -> None:
        self._plugins = plugins
        self._newest = ""
        self._told: set[tuple[bytes, str]] = set()
        bus.on(HistoryChanged, self._history_changed)
        bus.on(StatusChanged, lambda _: self._tell())

    def _history_changed(self, event: HistoryChanged) -> None:
        self._newest = event.news[0] if event.news else ""

    def _tell(self) -> None:
        """Also those that came later."""
        peers, line = self._plugins.peers(), self._newest
        self._told &= {(peer.instance, line) for peer in peers}
        for peer in peers if line else []:
            if (peer.instance, line) not in self._told:
                self._told.add((peer.instance, line))
                self._plugins.say(peer, Notice(kind="recovered", message=line[:MAX_CHARACTERS]))


class NotificationNotices:
    """To those that are there. [loop]"""

    def __init__(self, plugins: PluginEndpoint, bus: Bus) -> None:
        self._plugins = plugins
        bus.on(NotificationsChanged, self._tell)

    def _tell(self, event: NotificationsChanged) -> None:
        if event.sentence:
            for peer in self._plugins.peers():
                self._plugins.say(peer, Notice(kind="notification", message=event.sentence[:MAX_CHARACTERS]))
