"""Pages of other origins that the operator lets call the API with a bearer token (Fetch Standard, 3.2 CORS protocol).

Never with cookies: no answer says Access-Control-Allow-Credentials, and the gate looks at none of such a page.
"""

from collections.abc import Sequence

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Range, Tus-Resumable, Upload-Checksum, Upload-Length,"
    " Upload-Metadata, Upload-Offset, X-Request-Id"
)
ANSWER_HEADERS = (
    "Accept-Ranges, Content-Range, ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After,"
    " Tus-Resumable, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, X-Request-Id"
)
PREFLIGHT_S = 600
VARY = b"origin"


def preflight_headers(origin: str) -> dict[str, str]:
    """Of the answer to a page that may call. [any]"""
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": REQUEST_HEADERS,
        "access-control-max-age": str(PREFLIGHT_S),
    }


def answer_headers(origin: str) -> Sequence[tuple[bytes, bytes]]:
    """Of every other answer to such a page. [any]"""
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", ANSWER_HEADERS.encode()),
    )
