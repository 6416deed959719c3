"""Settings: file, environment, flags; what does not fit is named."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from daemon.config import Config, Loaded, load
from daemon.errors import BadConfig
from daemon.settings import SETTINGS, checked, proper_name, with_setting

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


def test_the_page_has_the_table_word_for_word() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "configuration.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{s.name}` | {s.default} | {'at once' if s.at_once else 'next start'} | {s.meaning} |"
        for s in SETTINGS.values()
    ]
    assert list(SETTINGS) == [field.name for field in msgspec.structs.fields(Config)]


@pytest.mark.parametrize(
    ("text", "name", "value", "after"),
    [
        ("", "default_bars", 4, "default_bars = 4\n"),
        (
            "# mine\ndefault_bars = 8 # why\npresence = false",
            "default_bars",
            4,
            "# mine\npresence = false\ndefault_bars = 4\n",
        ),
        ("default_bars = 8\n", "default_bars", None, ""),
        ("", "relay_url", 'https://x/"quoted"', 'relay_url = "https://x/\\"quoted\\""\n'),
        (
            'device_name = "default_bars = 1"\n',
            "default_bars",
            4,
            'device_name = "default_bars = 1"\ndefault_bars = 4\n',
        ),
    ],
)
def test_a_setting_is_set_and_all_else_stays(text: str, name: str, value: object, after: str) -> None:
    assert with_setting(text, name, value) == after


@pytest.mark.parametrize(
    "text", ["default_bars = = 1", 'device_name = """\ndefault_bars = 1\n"""\n', "[table]\nx = 1\n"]
)
def test_a_file_that_cannot_be_changed_safely_is_left_to_a_person(text: str) -> None:
    with pytest.raises(BadConfig):
        with_setting(text, "default_bars", 4)


def test_every_setting_says_what_it_is_for() -> None:
    assert all(row.meaning.endswith(".") and "|" not in row.meaning for row in SETTINGS.values())
    assert all(row.default and row.variable.startswith("SIDECHAIN_") for row in SETTINGS.values())


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


@pytest.mark.parametrize(
    "odd", ["", "x" * 5000, "-1", "nan", "caf\udce9", "a\u202eb", "\x1b[31m", '"', "\n", "1e999", "9" * 400]
)
@pytest.mark.parametrize("name", Config.__struct_fields__)
def test_whatever_a_setting_is_set_to_is_refused_in_words_or_can_be_read_again(name: str, odd: str) -> None:
    try:
        value = checked(name, odd)
    except BadConfig as error:
        assert name in error.message and "`" not in error.message and len(error.message) < 300
    else:
        assert tomllib.loads(with_setting("", name, value)) == {name: value}
