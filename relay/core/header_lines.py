"""The header lines of a request, read alike for HTTP and for WebSockets."""

import re
from collections.abc import Mapping, Sequence

from relay.core.refusal import Refusal

_BOUNDARY = re.compile(
    r"""multipart/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))""", re.I | re.S
)


def read(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """By their names in lower case. Lines of one name are one list (RFC 9110, 5.3; cookies: RFC 9113, 8.2.3), so that of
    two tokens, hosts or origins none counts. [any]
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in lines}
    if len(headers) == len(lines):
        return headers
    values: dict[str, list[str]] = {}
    for name, value in lines:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ("; " if name == "cookie" else ", ").join(each) for name, each in values.items()}


def names_one_host(http_version: str, headers: Mapping[str, str]) -> bool:
    """Or it is malformed (RFC 9112, 3.2): who stands before us may have believed another one. [any]"""
    host = headers.get("host")
    return http_version == "1.0" if host is None else "," not in host


def boundary_of(content_type: str | None) -> bytes:
    """What stands between the parts of a form with files (RFC 7578, 4.1). Raises Refusal: unsupported_media_type. [any]"""
    found = _BOUNDARY.match(content_type or "")
    if found is None or not (found[1] or found[2]).isascii():
        raise Refusal(
            "unsupported_media_type", "What comes with a file is multipart/form-data, with a boundary."
        )
    return str(found[1] or found[2]).encode()
