"""Signs of life come once a second from each plugin; what is told of them is looked at once a second for all."""

import asyncio

import pytest

from daemon.config import Config
from daemon.events import Bus, PluginAlive, PresenceChanged, SettingsChanged
from daemon.features.presence import presence_teller
from daemon.features.presence.presence_teller import PresenceTeller
from daemon.rings.instances import Instance, Instances
from relay.wire.events import Presence


class Counted(Instances):
    def __init__(self) -> None:
        self.looks = 0

    def all(self) -> list[Instance]:
        self.looks += 1
        return []


async def test_256_signs_of_life_are_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, instances, told = Bus(), Counted(), asyncio.Event()
    bus.on(PresenceChanged, lambda _: told.set())
    PresenceTeller(instances, bus)
    for _ in range(256):
        bus.tell(PluginAlive())
    await told.wait()
    assert instances.looks == 1
    monkeypatch.setattr(presence_teller, "LOOK_INTERVAL_S", 0.0)
    for _ in range(256):
        bus.tell(PluginAlive())
    while instances.looks == 1:  # the last of them is not forgotten
        await asyncio.sleep(0)
    assert instances.looks == 2


async def test_switched_off_it_says_away_once_and_nothing_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_teller, "LOOK_INTERVAL_S", 0.0)
    bus, instances, told = Bus(), Counted(), list[str]()
    bus.on(PresenceChanged, lambda event: told.append(event.presence.status))

    async def look() -> None:
        before = instances.looks
        bus.tell(PluginAlive())
        while instances.looks == before:
            await asyncio.sleep(0)

    PresenceTeller(instances, bus, is_told=False)
    await look()
    assert told == []
    monkeypatch.setattr(presence_teller, "presence_of", lambda *_: Presence(status="producing"))
    bus.tell(SettingsChanged(config=Config(presence=True)))
    await look()
    bus.tell(SettingsChanged(config=Config(presence=False)))
    await look()
    await look()
    assert told == ["producing", "away"]
