"""Tells followers what this device does, when it changes. What it is to be called is daemon.core.presence's."""

import time

from daemon.core.presence import is_active, presence_of
from daemon.events import Bus, PluginHeard, PluginsChanged, PresenceChanged
from daemon.rings.instances import Instances
from relay.wire.events import Presence


class PresenceTeller:
    """[loop]"""

    def __init__(self, instances: Instances, bus: Bus) -> None:
        self._instances = instances
        self._bus = bus
        self._told: Presence | None = None
        self._active_s = time.monotonic()  # when something last moved or sounded
        for kind in (PluginHeard, PluginsChanged):
            bus.on(kind, lambda _: self._look())

    def _look(self) -> None:
        """A plugin came, went, or gave a sign of life."""
        plugins = [instance.info() for instance in self._instances.all()]
        now_s = time.monotonic()
        if is_active(plugins):
            self._active_s = now_s
        presence = presence_of(plugins, int((now_s - self._active_s) * 1e6))
        if presence != self._told:
            self._told = presence
            self._bus.tell(PresenceChanged(presence=presence))
