"""The gate before every operation: who asks, how often, whether that kind of caller may ask at all, and what it says.

A handler is given a Call of which all this is known. Cookies count only for reading, or together with the page's CSRF
token from our own origin: in a header, or, for forms of people, in the form. Whatever changes something is refused when a
page of another origin asks, whether or not it could show who it is.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace

from relay.app import cookies
from relay.app.dispatch import method_of
from relay.app.forms import Form, read_fields, read_with_file
from relay.app.http_request import Request
from relay.app.origins import Origins
from relay.app.page_tokens import unmasked
from relay.app.problems import invalid
from relay.core.access import FOR_ROLES, Action, Actor, admit
from relay.core.buckets import go_on_in
from relay.core.calls import AnyRow, Call, Page, RequestLost, Row, Session
from relay.core.cookies import SESSION
from relay.core.guests import is_guest_token
from relay.core.limits import BY_ADDRESS, Kind
from relay.core.places import counted_as
from relay.core.privacy_signal import is_private
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.limits import SharedLimits
from relay.features.accounts.service import Accounts
from relay.features.devices.api import Families, Tokens
from relay.features.guests.api import Guests
from relay.wire.operation import MAX_BODY_BYTES, SentFile
from relay.wire.operations import Nothing

CSRF_HEADER = "x-csrf-token"
MAX_QUERY_FIELDS = 32
FILE_LIMIT_S = 120.0
"""From the head of a form with a file to its end."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
JSON = "application/json"
_counted_as = lru_cache(4096)(counted_as)  # of the same few callers, with each request


class Gate:
    """[loop]"""

    def __init__(
        self,
        *,
        accounts: Accounts,
        tokens: Tokens,
        families: Families,
        guests: Guests,
        limits: SharedLimits,
        origins: Origins,
        note_active: Callable[[str, bool], None],
    ) -> None:
        """note_active: told of every account that asks for something, and whether its browser says that nobody is to be counted."""
        self._accounts = accounts
        self._tokens = tokens
        self._families = families
        self._guests = guests
        self._limits = limits
        self._origins = origins
        self._note_active = note_active

    async def admit(self, request: Request, row: AnyRow, path: Mapping[str, str]) -> Call[Any, Any]:
        """The call of a request. What is spent of a limit is noted at the request, for the headers of its answer.

        Raises Refusal: sign_in_required, token_invalid, token_expired, csrf, rate_limited, malformed, too_large,
        unsupported_media_type, validation.
        """
        safe = request.method in SAFE_METHODS
        if not safe:
            self._require_no_foreign_page(request, row)
        try:
            actor, session = await self._identify(request)
        except Refusal:
            self.count_stranger(request.address)
            raise
        request.session = session
        self._spend(request, row, actor)
        if row.action in FOR_ROLES and actor.user_id is not None:
            actor = replace(actor, role=await self._accounts.role(actor.user_id))
        admit(actor, row.action)
        if actor.user_id is not None:
            self._note_active(actor.user_id, is_private(request.headers))
        form = Form(fields={})
        if isinstance(row, Page) and row.form:
            form = await self._form(request, row, session)
        elif session is not None and not safe:
            _require_csrf(session, request.headers.get(CSRF_HEADER, ""))
        return Call(
            actor=actor,
            session=session,
            body=await _body_of(request, row),
            query=_query_of(request, row),
            path=path,
            headers=request.headers,
            cookies=self._cookies(request),
            address=request.address,
            query_string=request.query_string,
            head=request.method == "HEAD",
            form=form.fields,
            file=form.file,
            stream=request.pieces,
        )

    def count_stranger(self, address: str) -> None:
        """Somebody showed what is worth nothing here: looking at it costs us, so it is not free. Raises Refusal."""
        self._limits.require(
            Kind.STRANGER, counted_as(address), now_us(), "Too many requests with a token that is not valid."
        )

    def require_sign_up(self, address: str) -> None:
        """A new account, of whoever asks from there. Raises Refusal: rate_limited."""
        self._limits.require(Kind.SIGN_UP, counted_as(address), now_us(), "Too many new accounts.")

    async def session_of(self, request: Request) -> Session | None:
        """Of a browser that asks for what has no row. Raises Refusal."""
        return (await self._identify(request))[1]

    async def _identify(self, request: Request) -> tuple[Actor, Session | None]:
        """Bearer token first, then the session cookie; a bad token is refused, not ignored."""
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise Refusal("token_invalid", "Only Bearer tokens are understood.")
            if is_guest_token(token.strip()):
                return await self._guests.actor(token.strip()), None
            actor = self._tokens.check(token.strip())
            await self._families.confirm(actor)
            return actor, None
        origin = request.headers.get("origin")
        if origin is not None and not self._origins.is_ours(origin, request.headers.get("host", "")):
            return Actor(), None  # a page that is let in has what it shows, and nobody's cookie
        cookie = self._cookies(request).get(SESSION)
        session = await self._accounts.session(cookie) if cookie else None
        return (Actor(), None) if session is None else (session.actor, session)

    def _cookies(self, request: Request) -> dict[str, str]:
        header = request.headers.get("cookie")
        return {} if header is None else cookies.read_all(cookies.sent(header), self._origins.is_secure)

    def _spend(self, request: Request, row: AnyRow, actor: Actor) -> None:
        kind = row.limit or (Kind.READ if method_of(row) in SAFE_METHODS else Kind.WRITE)
        by_address = actor.user_id is None or kind in BY_ADDRESS
        who = _counted_as(request.address) if by_address else str(actor.user_id)
        spent = self._limits.spend(kind, who, now_us())
        request.spent = (self._limits.limit(kind), spent)
        if not spent.allowed:
            raise Refusal(
                "rate_limited",
                "Too many requests of this kind.",
                go_on_in(spent.retry_after_s),
                retry_after_s=spent.retry_after_s,
            )

    async def _form(self, request: Request, row: Page, session: Session | None) -> Form:
        """What a form of our own page sent, with the page's token if somebody is signed in.

        Raises Refusal: csrf, malformed, too_large, unsupported_media_type.
        """
        if row.max_file_bytes and request.headers.get("content-type", "").startswith("multipart/"):
            form = await _form_with_file(request, row.max_file_bytes)
        else:
            form = read_fields(await _whole_body(request))
        if session is not None:
            _require_csrf(session, form.fields.get("csrf", ""))
        return form

    def _require_no_foreign_page(self, request: Request, row: AnyRow) -> None:
        """Browsers say whose page sends; tools without a cookie jar of ours say nothing. Raises Refusal: csrf.

        A page that the operator lets in may use the API, but no form of ours, and nothing that takes where it is asked
        from for where a device is.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if origin is None and site in (None, "same-origin", "none"):
            return
        if origin is not None and self._origins.is_ours(origin, request.headers.get("host", "")):
            return
        may_be_foreign = isinstance(row, Row) and row.action is not Action.DEVICE_REGISTER
        if origin is None or not may_be_foreign or not self._origins.lets_in(origin):
            raise Refusal("csrf", "This was not sent from our page.", "Open the page and use its form.")


def _require_csrf(session: Session, given: str) -> None:
    if not hmac.compare_digest(unmasked(given).encode(), session.csrf.encode()):
        raise Refusal("csrf", "The page's token is missing or old.", "Reload the page and try again.")


def _query_of(request: Request, row: AnyRow) -> object:
    """Raises Refusal: malformed, validation."""
    if isinstance(row, Page):
        if row.query is None:
            return Nothing()
        kind: type = row.query
    else:
        kind = row.operation.query
    pairs = _pairs_of(request.query_string) if request.query_string else []
    fields = dict(pairs)
    if len(fields) != len(pairs) and not isinstance(row, Page):
        raise Refusal("malformed", "A query parameter is given twice.")
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "query") from None


def _pairs_of(query: str) -> list[tuple[str, str]]:
    """Raises Refusal: malformed."""
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS, errors="strict")
    except ValueError:
        raise Refusal("malformed", "The query of this address cannot be read.") from None


async def _body_of(request: Request, row: AnyRow) -> object:
    """Raises Refusal: malformed, too_large, unsupported_media_type, validation."""
    if isinstance(row, Page) or row.operation.streamed or row.operation.body is Nothing:
        return Nothing()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (JSON, *row.operation.files):
        # none of them can a page of another origin send without asking first (Fetch, 4.10)
        raise Refusal(
            "unsupported_media_type", f"The body must be {' or '.join((JSON, *row.operation.files))}."
        )
    data = await _whole_body(request, row.operation.max_body_bytes)
    if media_type != JSON:
        return SentFile(media_type=media_type, data=data)
    try:
        return msgspec.json.decode(data, type=row.operation.body)
    except msgspec.ValidationError as error:
        raise invalid(error, "body") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal("malformed", "The body is not JSON, or nested too deeply.") from None


async def _form_with_file(request: Request, max_file_bytes: int) -> Form:
    """Raises Refusal: malformed, too_large, too_slow, unsupported_media_type."""
    request.take_your_time()
    try:
        async with asyncio.timeout(FILE_LIMIT_S):
            content_type = request.headers.get("content-type", "")
            return await read_with_file(_pieces(request), content_type, max_file_bytes)
    except TimeoutError:
        raise Refusal("too_slow", "The file did not arrive in time.", "Try again on a faster line.") from None


async def _whole_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Raises Refusal: too_large, malformed."""
    data = bytearray()
    async for piece in _pieces(request):
        data += piece
        if len(data) > max_bytes:
            raise Refusal("too_large", f"The body has at most {max_bytes >> 10} KiB.")
    return bytes(data)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Raises Refusal: malformed."""
    try:
        async for piece in request.pieces():
            yield piece
    except RequestLost:
        raise Refusal("malformed", "The request ended before its body did.") from None
