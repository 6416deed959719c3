"""The relay's cookies on the wire: no script reads them, and no other site sends them along with a change."""

from collections.abc import Mapping

from relay.core.cookies import SESSION, SIGN_IN

ALL = (SESSION, SIGN_IN)


def name_of(cookie: str, secure: bool) -> str:
    """With https, such that only this very host can set it: none beside or below it (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{cookie}" if secure else cookie


def sent(header: str) -> dict[str, str]:
    """The cookies of a request, from its header (RFC 6265bis, 5.8.3). Values of ours are base64url: nothing is quoted."""
    pairs = (each.partition("=") for each in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def read(sent: Mapping[str, str], secure: bool, cookie: str) -> str | None:
    """sent: the cookies of a request."""
    return sent.get(name_of(cookie, secure))


def read_all(sent: Mapping[str, str], secure: bool) -> dict[str, str]:
    """Ours, by the names that features use."""
    return {cookie: value for cookie in ALL if (value := read(sent, secure, cookie)) is not None}


def header(cookie: str, secret: str, max_age_s: int, secure: bool) -> str:
    """The value of Set-Cookie. Secrets are base64url, so nothing needs quoting; 0 s: the browser forgets it."""
    flags = "; Secure" if secure else ""
    return f"{name_of(cookie, secure)}={secret}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{flags}"
