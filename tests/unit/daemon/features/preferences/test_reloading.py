"""The settings file while the daemon runs: what can holds at once, what cannot waits and is said, what does not fit is said."""

from pathlib import Path

from daemon.events import Bus, SettingsChanged
from daemon.features.preferences.preferences import Preferences
from daemon.settings.reading import Loaded, load
from daemon.settings.table import AT_ONCE, SETTINGS


class Desk:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.toml"
        self.env = {"SIDECHAIN_CONFIG": str(self.file), "SIDECHAIN_DATA_DIR": str(folder)}
        self.told: list[SettingsChanged] = []
        bus = Bus()
        bus.on(SettingsChanged, self.told.append)
        self.reloading = Preferences(self.read(), bus, self.read)

    def read(self) -> Loaded:
        return load({"undo_seconds": 5}, self.env, default_run_dir=self.file.parent)


async def test_what_can_holds_at_once_and_the_rest_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.write_text('default_bars = 4\nrelay_url = "https://relay.example"\nundo_seconds = 60\n')
    done = await desk.reloading.reload()
    assert (done.at_once, done.waiting) == (("default_bars",), ("relay_url",))
    (told,) = desk.told
    assert (told.config.default_bars, told.config.relay_url, told.config.undo_seconds) == (4, "", 5.0)
    assert "relay_url will hold from the next start" in told.sentences[0]
    assert (
        desk.reloading.held.origins["default_bars"] == "file"
        and "relay_url" not in desk.reloading.held.origins
    )
    desk.file.write_text("default_bars = 1000\n")
    done = await desk.reloading.reload()
    assert done.at_once == ("default_bars",) and "default_bars must be at most 64" in done.troubles[0]
    desk.file.unlink()
    await desk.reloading.reload()
    assert desk.told[-1].sentences == () and desk.reloading.held.config.default_bars == 8


def test_what_says_where_things_lie_never_changes_under_a_running_daemon() -> None:
    assert set(SETTINGS) > AT_ONCE
    assert AT_ONCE.isdisjoint({"data_dir", "run_dir", "relay_url", "relay_certificate", "credential_store"})
