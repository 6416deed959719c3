"""The table of a relay's settings: each is read from its flag and its variables, means something, and stands in the documents."""

from pathlib import Path

import pytest

from audio.level import target as level
from relay.app.config import BadConfig, Config
from relay.app.settings import (
    NOT_NEEDED,
    PARTS,
    PREFIX,
    SETTINGS,
    TARGET_LUFS,
    Setting,
    config_of,
    size_bytes,
)
from relay.features.accounts.newcomers import Registration
from relay.features.listening.links import Elsewhere

DATA = {"SIDECHAIN_RELAY_DATA": "/srv/relay"}
PAGE = Path(__file__).parents[3] / "docs" / "operator" / "settings.md"
# A text of each setting that is not its default, and what Config then has.
EXAMPLES: dict[str, tuple[str, object]] = {
    "data": ("/srv/other", Path("/srv/other")),
    "host": ("127.0.0.2", "127.0.0.2"),
    "port": ("0", 0),
    "dev": ("true", True),
    "registration": ("Invite", Registration.INVITE),
    "public_url": ("https://relay.example", "https://relay.example"),
    "tls_certificate": ("/etc/relay/chain.pem", Path("/etc/relay/chain.pem")),
    "tls_key": ("/etc/relay/key.pem", Path("/etc/relay/key.pem")),
    "trusted_proxies": ("10.0.0.0/8, 192.0.2.1", ("10.0.0.0/8", "192.0.2.1")),
    "smtp_url": ("smtps://relay:word@mail.example", "smtps://relay:word@mail.example"),
    "mail_from": ("relay@band.example", "relay@band.example"),
    "private_targets": ("yes", True),
    "json_log": ("1", True),
    "log_level": ("INFO", "info"),
    "database_url": ("postgresql://relay:word@db/relay", "postgresql://relay:word@db/relay"),
    "objects_url": ("s3://audio?endpoint=http://s3:8333", "s3://audio?endpoint=http://s3:8333"),
    "bus_url": ("valkey://bus", "valkey://bus"),
    "signing_key": ("/run/secrets/key.pem", Path("/run/secrets/key.pem")),
    "cors_origins": ("https://a.example, http://b.example:81", ("https://a.example", "http://b.example:81")),
    "account_quota_bytes": ("2 GiB", 2 << 30),
    "max_upload_bytes": ("10MB", 10 << 20),
    "elsewhere": ("Sound", Elsewhere.SOUND),
    "virus_scan": ("unix:/run/clamd.sock", "unix:/run/clamd.sock"),
    "audio_cache_s": ("3600", 3600),
    "audio_links_s": ("600", 600),
    "feed_cache_s": ("300", 300),
    "makes_posts": ("false", False),
    "metrics_port": ("9100", 9100),
    "metrics_host": ("0.0.0.0", "0.0.0.0"),
    "traces_url": ("http://collector:4318/v1/traces", "http://collector:4318/v1/traces"),
    "drain_notice_s": ("5", 5),
    "drain_s": ("30", 30),
}


def test_every_field_of_the_configuration_is_a_setting_and_has_an_example() -> None:
    derived = {"upstreams", "storage_keys", "spotify"}
    assert {each.field for each in SETTINGS} == set(Config.__struct_fields__) - derived == set(EXAMPLES)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.field)
def test_a_setting_is_read_from_each_of_its_variables_and_its_flag(setting: Setting) -> None:
    text, value = EXAMPLES[setting.field]
    assert getattr(config_of(DATA, {}), setting.field) != value
    for name in setting.variables:
        assert getattr(config_of({**DATA, name: text}, {}), setting.field) == value
    flag: str | bool = True if setting.switch else text
    contrary = {name: "127.0.0.9" for name in setting.variables if setting.field == "host"}
    assert getattr(config_of({**DATA, **contrary}, {setting.field: flag}), setting.field) == value


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.also], ids=lambda each: each.field)
def test_our_own_name_goes_before_the_first_description_s(setting: Setting) -> None:
    own, *others = setting.variables
    text, value = EXAMPLES[setting.field]
    assert (
        getattr(config_of({**DATA, own: text, **dict.fromkeys(others, "nonsense")}, {}), setting.field)
        == value
    )


@pytest.mark.parametrize(
    "name, text",
    [
        ("SIDECHAIN_RELAY_PORT", "70000"),
        ("SIDECHAIN_RELAY_PORT", "many"),
        ("SIDECHAIN_RELAY_JSON_LOG", "perhaps"),
        ("SIDECHAIN_RELAY_LOG_LEVEL", "loud"),
        ("MAX_UPLOAD_SIZE", "51MB"),
        ("MAX_UPLOAD_SIZE", "0"),
        ("MAX_UPLOAD_SIZE", "-1MB"),
        ("CORS_ORIGINS", "app.example"),
        ("CORS_ORIGINS", "https://app.example/path"),
        ("FEED_CACHE_TTL", "-1"),
        ("AUDIO_PROCESSING_ENABLED", "ffmpeg"),
        ("TARGET_LOUDNESS", "-16"),
        ("TARGET_LOUDNESS", "loud"),
        ("STORAGE_PROVIDER", "ftp"),
        ("STORAGE_PROVIDER", "r2"),
        ("SIDECHAIN_RELAY_PUBLIC_URL", "relay.example"),
        ("SIDECHAIN_RELAY_DATABSE_URL", "postgresql://db"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(name: str, text: str) -> None:
    with pytest.raises(BadConfig) as refused:
        config_of({**DATA, name: text}, {})
    assert str(refused.value).endswith(".")


def test_a_secret_is_not_repeated_when_it_cannot_be_read() -> None:
    with pytest.raises(BadConfig) as refused:
        config_of({**DATA, "DATABASE_URL": "mysql://relay:hunter2@db/relay"}, {})
    assert "DATABASE_URL" in str(refused.value) and "hunter2" not in str(refused.value)


def test_the_storage_of_the_first_description() -> None:
    given = {
        "STORAGE_PROVIDER": "r2",
        "CLOUDFLARE_R2_ENDPOINT": "https://x.r2.example",
        "CLOUDFLARE_R2_BUCKET": "sidechain-audio",
        "CLOUDFLARE_R2_ACCESS_KEY": "id",
        "CLOUDFLARE_R2_SECRET_KEY": "word",
    }
    config = config_of({**DATA, **given}, {})
    assert config.objects_url == "s3://sidechain-audio?endpoint=https://x.r2.example"
    assert config.storage_keys == {"CLOUDFLARE_R2_ACCESS_KEY": "id", "CLOUDFLARE_R2_SECRET_KEY": "word"}


def test_the_loudness_of_the_first_description_is_the_pipeline_s() -> None:
    assert TARGET_LUFS == level.TARGET_LUFS
    assert config_of({**DATA, "TARGET_LOUDNESS": "-14"}, {}) == config_of(DATA, {})


def test_the_providers_of_the_first_description() -> None:
    given = {
        "GOOGLE_CLIENT_ID": "g",
        "GOOGLE_CLIENT_SECRET": "gs",
        "DISCORD_CLIENT_ID": "d",
        "DISCORD_CLIENT_SECRET": "ds",
    }
    ours = {"SIDECHAIN_RELAY_GOOGLE_CLIENT_ID": "ours"}
    found = config_of({**DATA, **given, **ours}, {}).upstreams
    assert [(each.name, each.client_id, each.client_secret) for each in found] == [
        ("google", "ours", "gs"),
        ("discord", "d", "ds"),
    ]


@pytest.mark.parametrize(
    "text, size", [("50MB", 50 << 20), ("50 MiB", 50 << 20), ("1g", 1 << 30), ("512k", 512 << 10), ("17", 17)]
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


def test_the_settings_page_says_what_the_table_says() -> None:
    page = PAGE.read_text()
    for setting in SETTINGS:
        assert line_of(setting) in page
    for part in PARTS:
        names = ", ".join(f"`{name}`" for name in part.variables)
        assert f"| {names} | {part.meaning} | {part.default} |" in page
    for name, reason in NOT_NEEDED.items():
        assert f"| `{name}` | {reason} |" in page


def line_of(setting: Setting) -> str:
    """A setting's row on the page."""
    names = ", ".join(f"`{name}`" for name in setting.variables)
    default = setting.default or str(getattr(Config(data=Path("x")), setting.field))
    meaning = setting.meaning.replace("|", "\\|")
    return f"| `{setting.option}` | {names} | {meaning} | {default} |"


def test_no_variable_means_two_things() -> None:
    names = [name for each in SETTINGS for name in each.variables] + [
        name for each in PARTS for name in each.variables
    ]
    assert len(names) == len(set(names))
    assert not set(names) & set(NOT_NEEDED)
    assert all(each.variables[0].startswith(PREFIX) for each in SETTINGS)
