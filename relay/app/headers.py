"""The headers that every answer has, whatever its row says: security, limits, the request's id, other origins."""

from relay.app import cors
from relay.app.http_request import Request
from relay.app.logs import request_id
from relay.app.origins import Origins
from relay.core.buckets import Limit, Spent
from relay.wire.rest import API_PREFIX
from relay.wire.tus import RESUMABLE, UPLOADS_PATH, VERSION

Pairs = list[tuple[bytes, bytes]]

FRAME_OPTIONS = b"x-frame-options"
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    FRAME_OPTIONS: b"DENY",
    b"referrer-policy": b"same-origin",  # with no-referrer, browsers send our own forms with Origin: null
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}
CLOSED = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    b"cache-control": b"no-store",
}
"""Unless the answer says otherwise."""
HSTS = {b"strict-transport-security": b"max-age=31536000"}
_TUS = (RESUMABLE.lower().encode(), VERSION.encode())


class Headers:
    """[loop]"""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        standing = ALWAYS | CLOSED | (HSTS if origins.is_secure else {})
        self._standing = list(standing.items())
        self._names = frozenset(standing)

    def complete(self, request: Request, given: Pairs, *, framed: bool) -> Pairs:
        """given: what the answer says itself, which goes before what is said of all. framed: of Answer."""
        names = {name for name, _ in given}
        headers = given + self._standing
        if not names.isdisjoint(self._names):
            headers = given + [each for each in self._standing if each[0] not in names]
        if framed:
            headers = [each for each in headers if each[0] != FRAME_OPTIONS]
        if request.path.startswith(UPLOADS_PATH) and _TUS[0] not in names:
            headers.append(_TUS)
        headers += limit_headers(request.spent)
        headers.append((b"x-request-id", request_id.get().encode()))
        if self._origins.lets_anybody_in and request.path.startswith(API_PREFIX):
            headers.append((b"vary", cors.VARY))
            origin = self.page_let_in(request)
            if origin is not None and b"access-control-allow-origin" not in names:
                headers += cors.answer_headers(origin)
        return headers

    def page_let_in(self, request: Request) -> str | None:
        """The origin of a page that is not ours and may call the API."""
        origin = request.headers.get("origin")
        if origin is None or not request.path.startswith(API_PREFIX) or not self._origins.lets_in(origin):
            return None
        return origin


def limit_headers(spent: tuple[Limit, Spent] | None) -> Pairs:
    """RateLimit fields (IETF draft of HTTPAPI, 07): what is left, of what, until when. [any]"""
    if spent is None:
        return []
    limit, left = spent
    return [
        (b"ratelimit-limit", b"%d" % limit.count),
        (b"ratelimit-remaining", b"%d" % left.remaining),
        (b"ratelimit-reset", b"%d" % left.reset_s),
    ]
