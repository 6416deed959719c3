"""Start at login, as the daemon does it for the tray: what the desktop reads is there afterwards, or is not."""

from pathlib import Path

from daemon.core.at_login import DESKTOP_ENTRY, Start
from daemon.features.preferences.login import Login
from daemon.system.at_login import Autostart


async def test_it_is_switched_on_and_off_and_another_program_is_seen(tmp_path: Path) -> None:
    login = Login(lambda: Autostart(tmp_path, ["/usr/bin/sidechain", "up"]))
    assert (await login.look()).state is Start.OFF
    assert (await login.switch(on=True)).state is Start.ON
    entry = tmp_path / "autostart" / DESKTOP_ENTRY
    assert "Exec=/usr/bin/sidechain up\n" in entry.read_text()
    entry.write_text("[Desktop Entry]\nExec=another\n")
    assert (await login.look()).state is Start.OTHER
    assert (await login.switch(on=False)).state is Start.OFF and not entry.exists()
