"""Settings: file, environment, flags; what does not fit is named."""

from pathlib import Path

import msgspec
import pytest

from daemon.config import Config, load
from daemon.errors import BadConfig

RUN = Path("/run/user/1/sidechain")


def load_with(tmp_path: Path, text: str = "", env: dict[str, str] | None = None, **flags: object) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(flags, {"SIDECHAIN_CONFIG": str(file)} | (env or {}), default_run_dir=RUN)


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    text = 'default_bars = 4\nlog_level = "debug"\ndevice_name = "file"'
    config = load_with(
        tmp_path, text, {"SIDECHAIN_DEFAULT_BARS": "16", "SIDECHAIN_DEVICE_NAME": "env"}, device_name="flag"
    )
    assert (config.default_bars, config.log_level, config.device_name) == (16, "debug", "flag")


def test_defaults_name_real_folders(tmp_path: Path) -> None:
    config = load_with(tmp_path)
    assert config.run == RUN
    assert config.data.is_absolute() and config.relay_url == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("default_bars = 0", "default_bars"),
        ("default_bars = 65", "default_bars"),
        ("colour = 1", "colour"),
        ('credential_store = "plain"', "credential_store"),
        ("default_bars = ", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_it(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(BadConfig, match=word):
        load_with(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    [
        "http://relay.example",
        "ftp://x",
        "http://127.0.0.1.evil.example:80",
        "http://127.0.0.1:80@evil.example",
        "https://relay.example@evil.example",
        "http://127.0.0.1:x",
        "https://",
    ],
)
def test_a_relay_elsewhere_must_be_reached_by_tls(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadConfig, match="https"):
        load_with(tmp_path, relay_url=url)


@pytest.mark.parametrize("url", ["https://relay.example/", "http://127.0.0.1:8700", "http://localhost:1/"])
def test_tls_or_this_machine_is_accepted(tmp_path: Path, url: str) -> None:
    assert load_with(tmp_path, relay_url=url).relay_url == url.rstrip("/")


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "configuration.md").read_text()
    listed = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert listed == {field.name for field in msgspec.structs.fields(Config)}
