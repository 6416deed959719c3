"""Who else can say who somebody is: Google (OpenID Connect) and Discord (OAuth 2 and a profile). Values and choices only.

Somebody is known by (issuer, subject) and by nothing else. An e-mail address, a name, a picture prove nothing here:
another provider may give the same address to somebody else.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

ENV_PREFIX = "SIDECHAIN_RELAY_"
MAX_SUBJECT_CHARS = 256


class Kind(StrEnum):
    """How a provider says who somebody is."""

    OIDC = "oidc"
    PROFILE = "profile"  # OAuth 2 without an id token: whoever the profile says


class Upstream(Struct, frozen=True, kw_only=True):
    """One way to sign in. base: the issuer of an OIDC provider, else the address that paths are under."""

    name: str
    title: str
    kind: Kind
    base: str
    client_id: str
    client_secret: str
    scope: str


class Known(Struct, frozen=True, kw_only=True):
    """Somebody, as a provider vouches for them. suggestion: what they may like to be called here, or ""."""

    issuer: str
    subject: str
    suggestion: str


_PROVIDERS = (
    ("google", "Google", Kind.OIDC, "https://accounts.google.com", "openid profile"),
    ("discord", "Discord", Kind.PROFILE, "https://discord.com", "identify"),
)


def upstreams_of(env: Mapping[str, str]) -> tuple[Upstream, ...]:
    """Those whose SIDECHAIN_RELAY_<NAME>_CLIENT_ID and _CLIENT_SECRET are set; _BASE is another server. [any]

    <NAME>_CLIENT_ID and _CLIENT_SECRET count where those are not set.
    """
    found: list[Upstream] = []
    for name, title, kind, base, scope in _PROVIDERS:
        short = f"{name.upper()}_"
        prefix = ENV_PREFIX + short
        client_id, secret = (
            env.get(prefix + which) or env.get(short + which) for which in ("CLIENT_ID", "CLIENT_SECRET")
        )
        if client_id and secret:
            base = env.get(prefix + "BASE", base).rstrip("/")
            found.append(
                Upstream(
                    name=name,
                    title=title,
                    kind=kind,
                    base=base,
                    client_id=client_id,
                    client_secret=secret,
                    scope=scope,
                )
            )
    return tuple(found)
