"""By which names a relay may be asked. One for development answers to this machine's own names only: a page whose name was
bound anew to 127.0.0.1 (DNS rebinding) reaches the port, but cannot help sending its own name along.
"""

import ipaddress
import re
from urllib.parse import urlsplit

_ABSOLUTE_FORM = re.compile(rb"https?://(?P<host>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


def split_target(target: bytes) -> tuple[bytes, bytes | None]:
    """A request's target as a path with its query, and the host that it names; None: it names none.

    The latter goes before what the header Host says (RFC 9112, 3.2.2). [any]
    """
    found = _ABSOLUTE_FORM.fullmatch(target)
    if found is None:
        return target, None
    rest: bytes = found["rest"]
    return (rest if rest.startswith(b"/") else b"/" + rest), found["host"]


def is_loopback_name(host: str) -> bool:
    """host: of a Host header, with or without a port. [any]"""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def answers_to(host: str, base_url: str) -> bool:
    """Whether a relay for development, reached at base_url, is asked by a name of its own. [any]"""
    return is_loopback_name(host) or host == urlsplit(base_url).netloc
