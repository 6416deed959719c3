"""Settings changed while the daemon runs: in the file, told at once where that is possible, and never half."""

from pathlib import Path

import pytest

from daemon.errors import SidechainError
from daemon.events import Bus, SettingsChanged
from daemon.features.preferences.preferences import Preferences
from daemon.settings.reading import Loaded, load


def preferences(folder: Path) -> tuple[Preferences, list[SettingsChanged], Path]:
    file, bus, told = folder / "config.toml", Bus(), list[SettingsChanged]()
    env = {"SIDECHAIN_CONFIG": str(file), "SIDECHAIN_DATA_DIR": str(folder), "HOME": str(folder)}
    bus.on(SettingsChanged, told.append)

    def read() -> Loaded:
        return load(env=env, default_run_dir=folder)

    return Preferences(read(), bus, read), told, file


async def test_a_live_setting_holds_at_once_and_at_the_next_start(tmp_path: Path) -> None:
    mine, told, file = preferences(tmp_path)
    file.write_text('# mine\nlog_level = "debug"\n')
    await mine.change("do_not_disturb", "true")
    assert mine.held.config.do_not_disturb and mine.held.origins["do_not_disturb"] == "file"
    assert [each.config.do_not_disturb for each in told] == [True]
    assert file.read_text() == '# mine\nlog_level = "debug"\ndo_not_disturb = true\n'
    assert preferences(tmp_path)[0].held.config.do_not_disturb


async def test_any_other_setting_is_written_and_does_not_claim_to_hold(tmp_path: Path) -> None:
    mine, told, file = preferences(tmp_path)
    await mine.change("prefetch_items", "4")
    assert mine.held.config.prefetch_items == 12 and "prefetch_items = 4" in file.read_text()
    assert "prefetch_items will hold from the next start" in told[0].sentences[0]


@pytest.mark.parametrize(
    ("name", "value"), [("nosuch", "true"), ("presence", '"perhaps"'), ("presence", "{"), ("presence", "[]")]
)
async def test_what_does_not_fit_changes_nothing(tmp_path: Path, name: str, value: str) -> None:
    mine, told, file = preferences(tmp_path)
    with pytest.raises(SidechainError):
        await mine.change(name, value)
    assert not file.exists() and told == [] and mine.held.config.presence
