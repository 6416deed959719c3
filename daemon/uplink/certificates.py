"""A relay's certificate, looked at before it is trusted: for a relay that no authority vouches for (its maker's own network).

Nothing is sent to who shows it. Whether it is the right one a person says, who was told its fingerprint.
"""

import hashlib
import socket
import ssl
from urllib.parse import urlsplit

import msgspec

from daemon.errors import Offline, why_of
from daemon.uplink.route import trusted

LOOK_LIMIT_S = 5.0
MIN_FINGERPRINT_CHARS = 32  # 128 bits of it: nobody makes another certificate with the same beginning


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """pem: the certificate as it was shown. fingerprint: SHA-256 of it, in hexadecimal."""

    pem: str
    fingerprint: str

    def begins_with(self, said: str) -> bool:
        """Whether that is what a person was told, colons, spaces and capitals aside; at least 128 bits of it."""
        plain = said.replace(":", "").replace(" ", "").lower()
        return len(plain) >= MIN_FINGERPRINT_CHARS and self.fingerprint.startswith(plain)


def unproved(url: str, certificate: str = "") -> Shown | None:
    """What the relay at `url` shows, where nothing here proves it; None where it is proved, is no https, or does not answer. [worker]"""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    place = (parts.hostname, parts.port or 443)
    try:
        with socket.create_connection(place, LOOK_LIMIT_S) as stream:
            trusted(certificate).wrap_socket(stream, server_hostname=parts.hostname).close()
        return None
    except ssl.SSLCertVerificationError:
        pass
    except (OSError, Offline):
        return None
    try:
        pem = ssl.get_server_certificate(place, timeout=LOOK_LIMIT_S)
    except OSError as error:
        raise Offline(f"The relay at {url} does not show its certificate: {why_of(error)}.") from error
    der = ssl.PEM_cert_to_DER_cert(pem)
    return Shown(pem=pem, fingerprint=hashlib.sha256(der).hexdigest())
