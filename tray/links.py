"""Which addresses the tray may hand to a browser: pages of the relay this machine is set up for, and no others.

A rule on text only; it opens nothing. An address in a Post comes from the relay and through it from other people,
so it must not be able to start another program (a `file:` or custom scheme) or lead to another site.
"""

from urllib.parse import SplitResult, urlsplit

_SAFE_SCHEMES = ("https", "http")


def may_open(url: str, relay_url: str | None) -> bool:
    """True if `url` is http(s) on the very host and port of `relay_url`, and no weaker than it in scheme."""
    if relay_url is None or not url.isascii() or not url.isprintable() or any(c in url for c in " \\\"'<>`"):
        return False  # browsers and shells read these characters differently from urlsplit
    try:
        page, relay = urlsplit(url), urlsplit(relay_url)
        same_place = _place(page) == _place(relay)
    except ValueError:
        return False
    if not same_place or page.hostname is None or "@" in page.netloc:
        return False
    return page.scheme == "https" or (page.scheme == "http" and relay.scheme == "http")


def _place(parts: SplitResult) -> tuple[str | None, int | None]:
    """Host and port; the scheme's own port when none is written. Raises ValueError on a port that is no number."""
    if parts.scheme not in _SAFE_SCHEMES:
        raise ValueError(parts.scheme)
    return parts.hostname, parts.port or {"https": 443, "http": 80}[parts.scheme]
