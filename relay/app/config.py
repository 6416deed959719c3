"""How one relay is set up. Every field: unit in its name, why in its comment. No reading of files or variables."""

import ipaddress
from pathlib import Path

from msgspec import Struct

from relay.features.accounts.providers import Upstream

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
    """data: database, objects and the signing key. port 0: any free one. public_url: what links start with."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    dev: bool = False  # anybody may sign in as anybody: only where nobody else can reach it
    public_url: str | None = None
    json_log: bool = False
    upstreams: tuple[Upstream, ...] = ()  # who may sign people in; none: only --dev does
    database_url: str | None = None  # postgresql://…; None: SQLite in the folder
    objects_url: str | None = None  # s3://…; None: a folder in the folder
    bus_url: str | None = (
        None  # valkey://…; None: this process alone, or NOTIFY where the database is PostgreSQL
    )
    signing_key: Path | None = None  # that all processes share; None: one of its own in the folder
    cors_origins: tuple[str, ...] = ()  # pages of others that may call the API
    trusted_proxies: tuple[str, ...] = ()  # addresses and networks whose X-Forwarded-For is believed
    account_quota_bytes: int = 20 << 30  # what the creations of one account may take up

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
