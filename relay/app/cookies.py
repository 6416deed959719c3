"""The relay's two cookies: who is signed in, and which browser began to sign in elsewhere. Secrets both: no script reads them,
and no other site sends them along with a change.
"""

from collections.abc import Mapping

from litestar import Response

from relay.app.parts import Parts

SESSION = "sidechain_session"
SIGN_IN = "sidechain_sign_in"


def name_of(cookie: str, parts: Parts) -> str:
    """With https, such that only this very host can set it: none beside or below it (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{cookie}" if _is_secure(parts) else cookie


def read(sent: Mapping[str, str], parts: Parts, cookie: str) -> str | None:
    """sent: the cookies of a request."""
    return sent.get(name_of(cookie, parts))


def give(answer: Response[None], parts: Parts, cookie: str, secret: str, max_age_s: int) -> None:
    answer.set_cookie(
        name_of(cookie, parts),
        secret,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=_is_secure(parts),
    )


def take(answer: Response[None], parts: Parts, cookie: str) -> None:
    """The browser forgets it."""
    give(answer, parts, cookie, "", 0)


def _is_secure(parts: Parts) -> bool:
    return parts.base_url.startswith("https://")
