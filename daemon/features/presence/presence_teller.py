"""Tells followers what this device does, when it changes. What it is to be called is daemon.core.presence's."""

import time
from collections.abc import Callable

from daemon.core.presence import is_active, presence_of
from daemon.rings.instances import Instance
from relay.wire.events import Presence


class PresenceTeller:
    """[loop]. tell: carries it to the relay."""

    def __init__(self, instances: Callable[[], list[Instance]], tell: Callable[[Presence], None]) -> None:
        self._instances = instances
        self._tell = tell
        self._told: Presence | None = None
        self._active_s = time.monotonic()  # when something last moved or sounded

    def look(self) -> None:
        """A plugin came, went, or gave a sign of life."""
        plugins = [instance.info() for instance in self._instances()]
        now_s = time.monotonic()
        if is_active(plugins):
            self._active_s = now_s
        presence = presence_of(plugins, int((now_s - self._active_s) * 1e6))
        if presence != self._told:
            self._told = presence
            self._tell(presence)
