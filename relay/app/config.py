"""How one relay process is set up: values only, units in their names. No reading of files or variables."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from relay.features.accounts.newcomers import Registration
from relay.features.accounts.providers import Upstream
from relay.features.listening.links import Elsewhere, Key
from relay.wire.rest import MAX_UPLOAD_BYTES

DEFAULT_PORT = 8700


class BadConfig(Exception):
    """setting: which; reason: a sentence."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(setting, reason)
        self.setting = setting
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.setting} {self.reason}"


class Config(Struct, frozen=True, kw_only=True):
    """One relay process. settings.py has the table of where each comes from and what it means to who runs it."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    dev: bool = False  # anybody may sign in as anybody: only where nobody else can reach it
    registration: Registration = Registration.CLOSED
    public_url: str | None = None
    tls_certificate: Path | None = None  # of its own; None: a proxy has one, or nobody
    tls_key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()  # addresses and networks whose X-Forwarded-For is believed
    json_log: bool = False
    log_level: str = "warning"
    smtp_url: str | None = None  # of the server that letters go to; None: none are sent
    mail_from: str | None = None
    private_targets: bool = False  # webhooks and push services may be in private networks
    upstreams: tuple[
        Upstream, ...
    ] = ()  # who may sign people in; none: only passwords of its own do, or --dev
    database_url: str | None = None  # postgresql://…; None: SQLite in the folder
    objects_url: str | None = None  # s3://…; None: a folder in the folder
    storage_keys: Mapping[str, str] = {}  # of S3, by the names of their variables
    bus_url: str | None = None  # None: this process alone, or NOTIFY where the database is PostgreSQL
    signing_key: Path | None = None  # that all processes share; None: one of its own in the folder
    cors_origins: tuple[str, ...] = ()  # pages of others that may call the API; "*": all
    account_quota_bytes: int = 20 << 30
    max_upload_bytes: int = MAX_UPLOAD_BYTES
    elsewhere: Elsewhere = Elsewhere.OFF  # what of other servers is read for who asks
    spotify: Key | None = None  # by which Spotify is asked what a link is called
    virus_scan: str | None = None  # where a clamd listens that looks into samples; None: nobody does
    audio_cache_s: int = 31_536_000
    audio_links_s: int = 0
    feed_cache_s: int = 0
    makes_posts: bool = True
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    traces_url: str | None = None  # of a collector; None: no traces
    drain_notice_s: int = 0
    drain_s: int = 10

    @property
    def database(self) -> str | Path:
        return self.database_url or self.data / "relay.db"

    @property
    def objects(self) -> str | Path:
        return self.objects_url or self.data / "objects"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def key_file(self) -> Path:
        return self.signing_key or self.data / "signing-key.pem"

    def __post_init__(self) -> None:
        if self.dev and not is_loopback(self.host):
            raise BadConfig(
                "--dev", f"lets anybody sign in as anybody, so it needs a loopback host, not {self.host}."
            )
        if self.public_url is not None and not self.public_url.startswith(("http://", "https://")):
            raise BadConfig("--public-url", f"must start with http:// or https://, not {self.public_url!r}.")
        for proxy in self.trusted_proxies:
            if not is_network(proxy):
                raise BadConfig(
                    "--trusted-proxies", f"are addresses or networks such as 10.0.0.0/8, not {proxy!r}."
                )
        if not 0 < self.max_upload_bytes <= MAX_UPLOAD_BYTES:
            most = f"from 1 byte to {MAX_UPLOAD_BYTES >> 20}MB"
            raise BadConfig("--max-upload-size", f"is {most}, not {self.max_upload_bytes} bytes.")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_network(text: str) -> bool:
    """An address is a network of one."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
