"""`sidechain doctor` on a desktop's bus: who shows tray icons and notifications."""

import asyncio

import pytest

from daemon.core.checks import Outcome
from daemon.features.doctor.checks_desktop import check_desktop
from tests.support.dbus import notification_service, session_bus, tray_host
from tests.support.whole import short_folder


async def test_who_shows_icons_and_notifications_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with short_folder() as folder:
        async with session_bus(folder) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            env = {"DBUS_SESSION_BUS_ADDRESS": address}

            async def outcomes() -> dict[str, Outcome]:
                found = await asyncio.to_thread(lambda: list(check_desktop(env)))
                return {check.name: check.outcome for check in found}

            assert await outcomes() == {"tray": Outcome.NOTE, "notifications": Outcome.NOTE}
            async with tray_host(address), notification_service(address):
                assert await outcomes() == {"tray": Outcome.OK, "notifications": Outcome.OK}
