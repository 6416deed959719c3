"""Each plugin's window says what was recovered last, until somebody looked after it, and what others did that concerns this account, as it happens."""

from bridge.plugin_endpoint import PluginEndpoint
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.events import Bus, HistoryChanged, NotificationsChanged, StatusChanged
from plugin_protocol.messages import Notice


class RecoveryNotices:
    """The newest of what was recovered, to each window once; when it was kept or discarded, wherever that was done, the
    next, or "": it is no news any more. [loop]"""

    def __init__(self, plugins: PluginEndpoint, bus: Bus) -> None:
        self._plugins = plugins
        self._newest = ""
        self._told: dict[bytes, str] = {}  # what each was told last
        bus.on(HistoryChanged, self._history_changed)
        bus.on(StatusChanged, lambda _: self._tell())

    def _history_changed(self, event: HistoryChanged) -> None:
        self._newest = event.news[0][:MAX_CHARACTERS] if event.news else ""
        self._tell()

    def _tell(self) -> None:
        """Also those that came later."""
        peers = self._plugins.peers()
        for peer in peers:
            if self._told.get(peer.instance, "") != self._newest:
                self._plugins.say(peer, Notice(kind="recovered", message=self._newest))
        self._told = {peer.instance: self._newest for peer in peers}


class NotificationNotices:
    """To those that are there. [loop]"""

    def __init__(self, plugins: PluginEndpoint, bus: Bus) -> None:
        self._plugins = plugins
        bus.on(NotificationsChanged, self._tell)

    def _tell(self, event: NotificationsChanged) -> None:
        if event.sentence:
            for peer in self._plugins.peers():
                self._plugins.say(peer, Notice(kind="notification", message=event.sentence[:MAX_CHARACTERS]))
