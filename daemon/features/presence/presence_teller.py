"""Tells followers what this device does, when it changes. What it is to be called is daemon.core.presence's."""

import asyncio
import time

from daemon.core.presence import is_active, presence_of
from daemon.events import Bus, PluginAlive, PluginsChanged, PresenceChanged, SettingsChanged
from daemon.rings.instances import Instances
from relay.wire.events import Presence

AWAY = Presence(status="away")
LOOK_INTERVAL_S = 2.0  # each of 256 plugins gives a sign of life every second, and a look is at all of them


class PresenceTeller:
    """is_told: whether anything is; else nothing but "away", once something was told. [loop]"""

    def __init__(self, instances: Instances, bus: Bus, *, is_told: bool = True) -> None:
        self._instances = instances
        self._bus = bus
        self._is_told = is_told
        self._told: Presence | None = None
        self._active_s = time.monotonic()  # when something last moved or sounded
        self._looked_s = 0.0
        self._due: asyncio.TimerHandle | None = None  # a look that waits for its time
        for kind in (PluginAlive, PluginsChanged):
            bus.on(kind, lambda _: self._look_soon())
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        if event.config.presence != self._is_told:
            self._is_told = event.config.presence
            self._look_soon()

    def _look_soon(self) -> None:
        """A plugin came, went, or gave a sign of life."""
        if self._due is None:
            wait_s = max(self._looked_s + LOOK_INTERVAL_S - time.monotonic(), 0.0)
            self._due = asyncio.get_running_loop().call_later(wait_s, self._look)

    def _look(self) -> None:
        self._due, self._looked_s = None, time.monotonic()
        plugins = [instance.info() for instance in self._instances.all()]
        now_s = time.monotonic()
        if is_active(plugins):
            self._active_s = now_s
        presence = presence_of(plugins, int((now_s - self._active_s) * 1e6))
        if not self._is_told:
            presence = AWAY
        if presence != self._told and (self._is_told or self._told is not None):
            self._told = presence
            self._bus.tell(PresenceChanged(presence=presence))
