"""All settings of a relay, as one table: read by the command line, from the environment, by the documents and by a test.

A flag goes before a variable, a variable before the default. Of several variables of a setting the first that is set counts:
our own name, then the name that the product's first description gave it.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from relay.app.config import BadConfig, Config
from relay.engine.mail import BadMailUrl, server_of
from relay.engine.objects.open import BadObjectsUrl, objects_url
from relay.engine.virus_scan import scanner_of
from relay.features.accounts.newcomers import Registration
from relay.features.accounts.providers import upstreams_of
from relay.features.listening.links import Elsewhere, key_of

PREFIX = "SIDECHAIN_RELAY_"
TARGET_LUFS = -14.0
"""audio.level.target's, which no relay loads: its codecs live in children."""
_SIZE = re.compile(r"(\d{1,12})\s*(|B|[KMGT]i?B?)", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
Value = Any  # of the type of Config's field


class Setting(Struct, frozen=True, kw_only=True):
    """field: of Config, and the flag's name. also: other names of its variable. read: from text; raises ValueError.

    switch: true or false, as a flag without a value. secret: stands in no log. default: in words, where Config's says too little.
    """

    field: str
    meaning: str
    read: Callable[[str], Value]
    also: tuple[str, ...] = ()
    flag: str = ""
    variable: str = ""
    default: str = ""
    switch: bool = False
    secret: bool = False

    @property
    def option(self) -> str:
        return f"--{self.flag or self.field.replace('_', '-')}"

    @property
    def variables(self) -> tuple[str, ...]:
        return (PREFIX + (self.variable or self.field.upper()), *self.also)


class Part(Struct, frozen=True, kw_only=True):
    """A variable that is read together with others; it has no flag."""

    variables: tuple[str, ...]
    meaning: str
    default: str = "none"
    secret: bool = False


# how texts become values ------------------------------------------------------------------------------------------------


def size_bytes(text: str) -> int:
    """Of 50MB, 20 GiB, 1048576: units are powers of 1024. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"is a size such as 50MB or 20GB, not {text!r}")
    return int(found[1]) << 10 * _POWER[found[2].lower().rstrip("b").rstrip("i")]


def _yes(text: str) -> bool:
    if text.strip().lower() not in _YES + _NO:
        raise ValueError(f"is true or false, not {text!r}")
    return text.strip().lower() in _YES


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.strip().isdecimal() and len(text) < 12 and least <= int(text) <= most):
            raise ValueError(f"is a number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def _folder(text: str) -> Path:
    return Path(text).absolute()  # its children work in another folder


def _list(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(each.strip() for each in text.split(",") if each.strip())


def _origins(text: str) -> tuple[str, ...]:
    for each in _list(text):
        if each != "*" and not re.fullmatch(r"https?://[^/\s]+", each):
            raise ValueError(f"lists origins such as https://app.example, or is *; {each!r} is neither")
    return _list(text)


def _url(text: str) -> str:
    """Of whatever scheme; it may hold a password, so it is not said again."""
    try:
        readable = urlsplit(text).port != 0
    except ValueError:
        readable = False
    if not readable:
        raise ValueError("is no URL that can be read: look at its host and port")
    return text


def _collector(text: str) -> str:
    if not _url(text).startswith(("http://", "https://")):
        raise ValueError("is http://host:4318/v1/traces, or https://…")
    return text


def _database(text: str) -> str:
    if not _url(text).startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("is sqlite:///path or postgresql://…")
    return text


def _elsewhere(text: str) -> Elsewhere:
    try:
        return Elsewhere(text.lower())
    except ValueError:
        raise ValueError(f"is {', '.join(Elsewhere)}, not {text!r}.") from None


def _registration(text: str) -> Registration:
    try:
        return Registration(text.lower())
    except ValueError:
        raise ValueError(f"is closed, invite or open, not {text!r}") from None


def _mail_server(text: str) -> str:
    """It may hold a password, so it is not said again."""
    try:
        server_of(text)
    except BadMailUrl as error:
        raise ValueError(str(error)) from None
    return text


def _mail_sender(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", text) or not text.isascii():
        raise ValueError(f"is an address such as relay@band.example, not {text!r}")
    return text


def _scanner(text: str) -> str:
    scanner_of(text)
    return text


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError(f"is debug, info, warning or error, not {text!r}")
    return text.lower()


# the table --------------------------------------------------------------------------------------------------------------

SETTINGS: tuple[Setting, ...] = (
    Setting(field="data", read=_folder, default="none; it must be named",
            meaning="folder of the database, the objects and the signing key, or what of these is not elsewhere"),
    Setting(field="host", read=str, meaning="address to listen on"),
    Setting(field="port", read=_number(0, 65_535), meaning="port to listen on; 0: any free one"),
    Setting(field="dev", read=_yes, switch=True, meaning="sign in by name only; needs a loopback host"),
    Setting(field="registration", read=_registration, default="closed",
            meaning="who may make an account, by a password or a provider: closed, nobody; invite, who has a link of `sidechain relay invite`; open, anybody"),
    Setting(field="public_url", read=_url, default="the address listened on",
            meaning="what links start with; processes of one relay have the same"),
    Setting(field="tls_certificate", read=_folder, flag="tls-certificate", default="none: a proxy has one",
            meaning="certificate chain of its own, PEM; it listens with TLS then"),
    Setting(field="tls_key", read=_folder, flag="tls-key", default="none", meaning="and its private key, PEM"),
    Setting(field="trusted_proxies", read=_list, default="none",
            meaning="addresses and networks, by commas, whose X-Forwarded-For is believed"),
    Setting(field="smtp_url", read=_mail_server, secret=True, default="none: it sends no mail",
            meaning="server that letters go to, smtp://user:password@host:587 (with STARTTLS) or smtps://…:465; for links that set a new password"),
    Setting(field="mail_from", read=_mail_sender, default="none", meaning="address that letters come from; together with the server"),
    Setting(field="private_targets", read=_yes, switch=True, default="false",
            meaning="call webhooks and push services in private networks, too, for a relay of one house; else only what everybody can reach"),
    Setting(field="json_log", read=_yes, switch=True, meaning="log lines, and the line that says where it listens, as JSON"),
    Setting(field="log_level", read=_level, meaning="debug, info, warning or error; info has a line for each request"),
    Setting(field="database_url", read=_database, also=("DATABASE_URL",), secret=True, default="SQLite in the data folder",
            meaning="sqlite:///path, or postgresql://… [&schema=name] for any number of processes"),
    Setting(field="objects_url", read=_url, default="objects in the data folder",
            meaning="folder:///path, or s3://bucket[/prefix]?endpoint=…[&region=…][&public=…]"),
    Setting(field="bus_url", read=_url, secret=True, default="memory:, or the database where it is PostgreSQL",
            meaning="wire of presence and limits between processes: memory:, valkey://host[?channel=name] or postgresql://…"),
    Setting(field="signing_key", read=_folder, flag="signing-key-file", variable="SIGNING_KEY_FILE",
            default="signing-key.pem in the data folder",
            meaning="Ed25519 key that signs access tokens, the same for all processes; made if there is none"),
    Setting(field="cors_origins", read=_origins, also=("CORS_ORIGINS",), default="none",
            meaning="origins of other web pages that may call the API with a bearer token, by commas; *: all"),
    Setting(field="account_quota_bytes", read=size_bytes, flag="account-quota", variable="ACCOUNT_QUOTA", default="20GB",
            meaning="what the creations of one account may take up"),
    Setting(field="max_upload_bytes", read=size_bytes, flag="max-upload-size", variable="MAX_UPLOAD_SIZE",
            also=("MAX_UPLOAD_SIZE",), default="50MB", meaning="the largest upload; more than 50MB no relay takes"),
    Setting(field="elsewhere", read=_elsewhere, default="off",
            meaning="what is read from other servers for who asks: off; links: what Spotify says that a link is called; sound: also files at https"
            " addresses, to which who asks says to have the rights"),
    Setting(field="virus_scan", read=_scanner, default="none: nobody looks into them",
            meaning="where ClamAV's clamd listens, unix:/path or host:port: samples are looked into first, and not taken while it does not answer"),
    Setting(field="audio_cache_s", read=_number(0, 31_536_000), flag="audio-cache-ttl", variable="AUDIO_CACHE_TTL",
            also=("AUDIO_CACHE_TTL",), default="31536000",
            meaning="seconds for which browsers and CDNs may keep the sound of a public post"),
    Setting(field="audio_links_s", read=_number(0, 86_400), flag="audio-links-ttl", variable="AUDIO_LINKS_TTL", default="0",
            meaning="seconds for which a link to sound in S3 holds that browsers are given; 0: all sound goes through the relay"),
    Setting(field="feed_cache_s", read=_number(0, 86_400), flag="feed-cache-ttl", variable="FEED_CACHE_TTL",
            also=("FEED_CACHE_TTL",), default="0",
            meaning="seconds for which a CDN may keep a feed that nobody signed in asked for"),
    Setting(field="makes_posts", read=_yes, flag="audio-processing-enabled", variable="AUDIO_PROCESSING_ENABLED",
            also=("AUDIO_PROCESSING_ENABLED",), default="true",
            meaning="whether this process makes posts of uploads; false where other processes of the relay do"),
    Setting(field="metrics_port", read=_number(0, 65_535), default="none",
            meaning="port of /metrics for Prometheus, on its own so that no proxy of the world leads there"),
    Setting(field="metrics_host", read=str, meaning="address on which /metrics is served"),
    Setting(field="traces_url", read=_collector, default="none",
            meaning="OpenTelemetry collector that traces are sent to by OTLP, such as http://collector:4318/v1/traces; needs the extra `traces`"),
    Setting(field="drain_notice_s", read=_number(0, 60), flag="drain-notice", variable="DRAIN_NOTICE", default="0",
            meaning="seconds after SIGTERM in which it says that it is not ready and still serves, for proxies to notice"),
    Setting(field="drain_s", read=_number(1, 600), flag="drain-limit", variable="DRAIN_LIMIT", default="10",
            meaning="seconds that requests under way have to end in, after that"),
)  # fmt: skip

PARTS: tuple[Part, ...] = (
    Part(variables=("STORAGE_PROVIDER",), default="local",
         meaning="local, s3 or r2, where no objects URL is given; then CLOUDFLARE_R2_ENDPOINT and _BUCKET say where"),
    Part(variables=("CLOUDFLARE_R2_ENDPOINT",), meaning="address of the S3 service"),
    Part(variables=("CLOUDFLARE_R2_BUCKET",), meaning="bucket of the objects"),
    Part(variables=("CLOUDFLARE_R2_ACCESS_KEY", "AWS_ACCESS_KEY_ID"), meaning="who asks the S3 service"),
    Part(variables=("CLOUDFLARE_R2_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"), secret=True, meaning="and its secret"),
    Part(variables=("TARGET_LOUDNESS",), default=str(TARGET_LUFS),
         meaning="in LUFS; only −14 is taken, what posts, previews and the daemon's figures are made for"),
    Part(variables=("SIDECHAIN_RELAY_GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_ID"), meaning="sign-in by Google"),
    Part(variables=("SIDECHAIN_RELAY_GOOGLE_CLIENT_SECRET", "GOOGLE_CLIENT_SECRET"), secret=True, meaning="and its secret"),
    Part(variables=("SIDECHAIN_RELAY_GOOGLE_BASE",), meaning="another OpenID Connect issuer in Google's place",
         default="https://accounts.google.com"),
    Part(variables=("SIDECHAIN_RELAY_DISCORD_CLIENT_ID", "DISCORD_CLIENT_ID"), meaning="sign-in by Discord"),
    Part(variables=("SIDECHAIN_RELAY_DISCORD_CLIENT_SECRET", "DISCORD_CLIENT_SECRET"), secret=True,
         meaning="and its secret"),
    Part(variables=("SIDECHAIN_RELAY_DISCORD_BASE",), meaning="another server in Discord's place",
         default="https://discord.com"),
    Part(variables=("SIDECHAIN_RELAY_GITHUB_CLIENT_ID", "GITHUB_CLIENT_ID"), meaning="sign-in by GitHub"),
    Part(variables=("SIDECHAIN_RELAY_GITHUB_CLIENT_SECRET", "GITHUB_CLIENT_SECRET"), secret=True,
         meaning="and its secret"),
    Part(variables=("SIDECHAIN_RELAY_GITHUB_BASE",), meaning="a GitHub server of one's own in github.com's place",
         default="https://github.com"),
    Part(variables=("SIDECHAIN_RELAY_SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_ID"),
         meaning="with --elsewhere links: artists, lengths and what is in a list are asked of Spotify by this app of yours"),
    Part(variables=("SIDECHAIN_RELAY_SPOTIFY_CLIENT_SECRET", "SPOTIFY_CLIENT_SECRET"), secret=True,
         meaning="and its secret"),
)  # fmt: skip

NOT_NEEDED: Mapping[str, str] = {
    "FFMPEG_PATH": "nothing of ffmpeg is called: decoding, loudness and drawing are our own (audio/)",
    "LAME_PATH": "LAME comes with the package lameenc and is called in the process, not as a program",
    "JWT_SECRET": "tokens are signed with an Ed25519 key in a file, which the relay makes (signing_key)",
    "STREAM_API_KEY": "feeds, follows and likes are the relay's own; no service of others is asked",
    "STREAM_API_SECRET": "the same",
}
"""Variables of the product's first description that may be set and have no effect, and why."""


def config_of(environment: Mapping[str, str], flags: Mapping[str, str | bool | None]) -> Config:
    """flags: by fields; None: not given. Raises BadConfig: what is wrong with which setting."""
    _require_known(environment)
    _require_loudness(environment.get("TARGET_LOUDNESS"))
    values: dict[str, Value] = {}
    for setting in SETTINGS:
        given = flags.get(setting.field)
        if given is not None and given is not False:
            values[setting.field] = given if given is True else _value(setting, setting.option, str(given))
            continue
        for name in setting.variables:
            if environment.get(name):
                values[setting.field] = _value(setting, name, environment[name])
                break
    if "data" not in values:
        raise BadConfig("--data", "is missing: name the folder of the relay's data.")
    try:
        if environment.get("STORAGE_PROVIDER") and "objects_url" not in values:
            values["objects_url"] = objects_url(environment, values["data"] / "objects")
    except BadObjectsUrl as error:
        raise BadConfig("The storage:", str(error)) from None
    keys = {name for part in PARTS for name in part.variables if name.endswith(("_KEY", "_KEY_ID"))}
    return Config(
        **values,
        upstreams=upstreams_of(environment),
        spotify=key_of(environment),
        storage_keys={name: environment[name] for name in keys if name in environment},
    )


def _value(setting: Setting, name: str, text: str) -> Value:
    try:
        if not text:
            raise ValueError("is empty: leave it out, or say what is meant")
        return setting.read(text)
    except ValueError as error:
        raise BadConfig(name, f"{error}.") from None


def _require_loudness(text: str | None) -> None:
    """Two loudnesses in one feed would be worse than any: nobody is told that theirs holds while it does not."""
    try:
        same = not text or float(text) == TARGET_LUFS
    except ValueError:
        same = False
    if not same:
        raise BadConfig(
            "TARGET_LOUDNESS", f"is {TARGET_LUFS:g}, not {text!r}: posts are levelled to that alone."
        )


def _require_known(environment: Mapping[str, str]) -> None:
    known = {name for setting in SETTINGS for name in setting.variables}
    known |= {name for part in PARTS for name in part.variables}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise BadConfig(unknown[0], "is no setting of a relay. `sidechain relay serve --help` lists them.")
