"""Settings: file, environment, flags; what does not fit is named."""

from pathlib import Path

import pytest

from daemon.config import Config
from daemon.errors import BadConfig
from daemon.settings.fitting import checked
from daemon.settings.reading import Loaded, load
from daemon.settings.table import proper_name

RUN = Path("/run/user/1/sidechain")


def loaded(
    tmp_path: Path, text: str | bytes = "", env: dict[str, str] | None = None, **flags: object
) -> Loaded:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(flags, {"SIDECHAIN_CONFIG": str(file)} | (env or {}), default_run_dir=RUN)


def load_with(tmp_path: Path, text: str = "", env: dict[str, str] | None = None, **flags: object) -> Config:
    found = loaded(tmp_path, text, env, **flags)
    assert not found.troubles
    return found.config


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
def test_what_does_not_fit_is_told_by_file_and_name_and_gone_around(
    tmp_path: Path, text: str, word: str
) -> None:
    found = loaded(tmp_path, f'device_name = "mine"\n{text}')
    (trouble,) = found.troubles
    assert word in trouble and str(tmp_path / "config.toml") in trouble and "`" not in trouble
    assert (found.config.default_bars, found.config.credential_store) == (8, "keyring"), "the defaults hold"
    if word != "cannot be read":
        assert found.config.device_name == "mine", "what fits holds all the same"


def test_what_the_environment_says_wrong_is_told_too_and_a_flag_is_refused(tmp_path: Path) -> None:
    found = loaded(tmp_path, "", {"SIDECHAIN_DEFAULT_BARS": "many"})
    assert found.config.default_bars == 8
    assert found.troubles == (
        "A setting does not fit: default_bars must be a whole number, not text. "
        "It comes from SIDECHAIN_* in the environment.",
    )
    with pytest.raises(BadConfig, match="credential_store must be one of keyring, file"):
        load_with(tmp_path, credential_store="plain")


def test_a_folder_is_whole_and_a_tilde_is_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = load_with(tmp_path, 'data_dir = "~/Takes"', run_dir="run")
    assert (config.data, config.run) == (tmp_path / "Takes", Path.cwd() / "run")


def test_a_relative_folder_is_the_same_wherever_the_daemon_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each working directory would have takes of its own."""
    for folder in ("typed", "started"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "typed")
    assert checked("linked_folder", "Samples") == str(tmp_path / "typed" / "Samples")
    assert checked("linked_folder", "") == ""
    monkeypatch.chdir(tmp_path / "started")
    config = load_with(tmp_path, 'data_dir = "Takes"\nlinked_folder = "../Samples"', run_dir="run")
    assert config.data == tmp_path / "Takes"
    assert Path(config.linked_folder).resolve() == tmp_path.parent / "Samples"
    assert config.run == tmp_path / "started" / "run"
    assert load_with(tmp_path, 'data_dir = ""').data.is_absolute()


def test_a_settings_file_that_is_no_text_is_told_in_words(tmp_path: Path) -> None:
    (trouble,) = loaded(tmp_path, b'log_level = "\xff"').troubles
    assert trouble.endswith("cannot be read, so the defaults hold: it is not text in UTF-8.")


def test_a_byte_order_mark_before_the_settings_is_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, "\ufeffdefault_bars = 4".encode())
    assert (found.config.default_bars, found.troubles) == (4, ())


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


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999",
        "https://exa mple.com",
        "https://relay.example/a b",
        "https://relay.example?c",
        "https://relay.example/#d",
        "https://re\u202elay.example",
        "https://[::1",
        "relay.example",
        "http://me@localhost",
    ],
)
def test_what_is_no_address_is_said_to_be_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadConfig, match="no address of a relay"):
        load_with(tmp_path, relay_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example/",
        "https://müsik.example:8443/r-1/~a",
        "http://[::1]:8700",
        "http://127.0.0.1:8700",
        "http://localhost:1/",
        "http://localhost",
    ],
)
def test_tls_or_this_machine_is_accepted(tmp_path: Path, url: str) -> None:
    assert load_with(tmp_path, relay_url=url).relay_url == url.rstrip("/")


def test_scheme_and_host_are_read_in_any_case(tmp_path: Path) -> None:
    assert load_with(tmp_path, relay_url="HTTPS://Relay.Example/A").relay_url == "https://relay.example/A"


def test_where_a_value_comes_from_is_known(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, "default_bars = 4\npresence = false", {"SIDECHAIN_PRESENCE": "true"}, log_level="debug"
    )
    assert dict(found.origins) == {"default_bars": "file", "presence": "environment", "log_level": "flag"}


@pytest.mark.parametrize(
    "text",
    ["history_minutes = 90", "history.minutes = 90", "[history]\nminutes = 90", "journal_minutes = 90"],
)
def test_settings_of_the_history_may_be_written_as_a_table_or_as_they_were_called_before(
    tmp_path: Path, text: str
) -> None:
    assert load_with(tmp_path, text).history_minutes == 90.0
    assert load_with(tmp_path, "", {"SIDECHAIN_JOURNAL_MINUTES": "80"}).history_minutes == 80.0
    both = {"SIDECHAIN_JOURNAL_MINUTES": "80", "SIDECHAIN_HISTORY_MINUTES": "70"}
    assert load_with(tmp_path, "", both).history_minutes == 70.0
    assert proper_name("history.minutes") == proper_name("journal_minutes") == "history_minutes"


def test_a_table_of_no_settings_is_told(tmp_path: Path) -> None:
    (trouble,) = loaded(tmp_path, "[colours]\nred = 1").troubles
    assert "colours_red" in trouble
