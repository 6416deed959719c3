"""By which names a relay may be asked. One for development answers to this machine's own names only: a page whose name was
bound anew to 127.0.0.1 (DNS rebinding) reaches the port, but cannot help sending its own name along.
"""

import ipaddress
from urllib.parse import urlsplit


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
