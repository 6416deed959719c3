"""Who else can say who somebody is: Google (OpenID Connect), Discord and GitHub (OAuth 2 and a profile). Values and choices only.

Somebody is known by (issuer, subject) and by nothing else. An e-mail address, a name, a picture prove nothing here:
another provider may give the same address to somebody else.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

ENV_PREFIX = "SIDECHAIN_RELAY_"
MAX_SUBJECT_CHARS = 256


class Kind(StrEnum):
    """How a provider says who somebody is."""

    OIDC = "oidc"
    PROFILE = "profile"  # OAuth 2 without an id token: whoever the profile says


class ProfilePaths(Struct, frozen=True):
    """Where a provider without discovery has what, behind its base; profile may be a whole address of another host.

    issuer: how it names itself in its answers (RFC 9207). name: the field of the profile that somebody may like to be called by.
    """

    authorize: str
    token: str
    profile: str
    issuer: str
    name: str


class Upstream(Struct, frozen=True, kw_only=True):
    """One way to sign in. base: the issuer of an OIDC provider, else the address that paths are under."""

    name: str
    title: str
    kind: Kind
    base: str
    client_id: str
    client_secret: str
    scope: str
    paths: ProfilePaths | None = None

    @property
    def issuer(self) -> str:
        """By which those whom it vouches for are known here, with their subject."""
        return self.base + (self.paths.issuer if self.paths else "")


class Known(Struct, frozen=True, kw_only=True):
    """Somebody, as a provider vouches for them. suggestion: what they may like to be called here, or ""."""

    issuer: str
    subject: str
    suggestion: str


_DISCORD = ProfilePaths(
    authorize="/oauth2/authorize",
    token="/api/oauth2/token",
    profile="/api/users/@me",
    issuer="",
    name="username",
)
_GITHUB = ProfilePaths(
    authorize="/login/oauth/authorize",
    token="/login/oauth/access_token",
    profile="https://api.github.com/user",
    issuer="/login/oauth",
    name="login",
)
GITHUB_ELSEWHERE = "/api/v3/user"
"""Path of the profile at a GitHub server of somebody's own."""
_PROVIDERS = (
    ("google", "Google", Kind.OIDC, "https://accounts.google.com", "openid profile", None),
    ("discord", "Discord", Kind.PROFILE, "https://discord.com", "identify", _DISCORD),
    ("github", "GitHub", Kind.PROFILE, "https://github.com", "", _GITHUB),
)


def upstreams_of(env: Mapping[str, str]) -> tuple[Upstream, ...]:
    """Those whose SIDECHAIN_RELAY_<NAME>_CLIENT_ID and _CLIENT_SECRET are set; _BASE is another server. [any]

    <NAME>_CLIENT_ID and _CLIENT_SECRET count where those are not set.
    """
    found: list[Upstream] = []
    for name, title, kind, base, scope, paths in _PROVIDERS:
        short = f"{name.upper()}_"
        prefix = ENV_PREFIX + short
        client_id, secret = (
            env.get(prefix + which) or env.get(short + which) for which in ("CLIENT_ID", "CLIENT_SECRET")
        )
        if not (client_id and secret):
            continue
        elsewhere = env.get(prefix + "BASE", "").rstrip("/")
        if elsewhere and paths is _GITHUB:
            paths = replace(_GITHUB, profile=GITHUB_ELSEWHERE)
        found.append(
            Upstream(
                name=name,
                title=title,
                kind=kind,
                base=elsewhere or base,
                client_id=client_id,
                client_secret=secret,
                scope=scope,
                paths=paths,
            )
        )
    return tuple(found)
