"""Usernames: which are never given, which look like another, and what to propose to somebody new. Values only."""

import re
from collections.abc import Iterator
from itertools import count

from relay.core.refusal import Refusal

RESERVED = frozenset(
    ["about", "abuse", "account", "accounts", "admin", "administrator", "api", "app", "billing", "blog", "bot", "contact", "device", "devices", "docs", "download", "embed", "error", "everyone", "explore", "feed", "following", "help", "home", "info", "inbox", "legal", "login", "logout", "mail", "me", "media", "mod", "moderator", "moderators", "nobody", "null", "oauth", "official", "operator", "owner", "postmaster", "privacy", "producer-support", "relay", "root", "search", "security", "session", "settings", "sidechain", "sign-in", "sign-up", "signin", "signup", "site", "staff", "static", "status", "support", "sysadmin", "system", "tag", "tags", "team", "terms", "undefined", "user", "users", "webmaster", "www", "you"]
)  # fmt: skip
_LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "_": "", ".": "", "-": ""})
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]+")
_MIN_CHARS, _MAX_PROPOSED_CHARS = 3, 24


def skeleton(username: str) -> str:
    """What a name looks like at a glance: two names of one skeleton are taken for each other. [any]

    In the spirit of Unicode TS 39, 4, for the few signs that usernames may have.
    """
    return username.translate(_LOOKS).replace("rn", "m").replace("vv", "w") or username


def require_free(username: str) -> None:
    """Raises Refusal: validation, for a name that nobody gets. [any]"""
    if username in RESERVED or skeleton(username) in _RESERVED_LOOKS:
        raise Refusal("validation", f"The name {username} is not given to anybody.", "Choose another one.")


def looks_taken(username: str) -> Refusal:
    """For a name that looks like one that is there. [any]"""
    return Refusal("validation", f"The name {username} looks like one that is taken.", "Choose another one.")


def propose(suggestion: str) -> Iterator[str]:
    """Names for somebody whom a provider calls `suggestion`, the best first, without end. [any]"""
    plain = _NOT_IN_NAMES.sub("-", suggestion.lower()).strip("_.-")[:_MAX_PROPOSED_CHARS].strip("_.-")
    name = plain if len(plain) >= _MIN_CHARS and plain not in RESERVED else "producer"
    yield name
    for n in count(2):
        yield f"{name}{n}"


_RESERVED_LOOKS = frozenset(map(skeleton, RESERVED))
