"""Signing in by way of a provider: off to it, and back."""

from typing import Annotated
from urllib.parse import parse_qs

from litestar import Response, Router, get
from litestar.params import FromPath, QueryParameter

from relay.app import cookies
from relay.app.gate import PartsDep, address_of, operation
from relay.app.problems import AnyRequest
from relay.app.routes_pages import go_to, on_refusal_of_page
from relay.app.throttle import Kind
from relay.core.access import Action
from relay.core.local_path import MAX_PATH_CHARS, local_path
from relay.core.places import counted_as
from relay.core.refusal import Refusal
from relay.services.clock import now_us
from relay.services.upstream import PENDING_US

Next = Annotated[str, QueryParameter(name="next", max_length=MAX_PATH_CHARS)]


@get("/sign-in/{name:str}", opt=operation(Action.SESSION_OPEN, Kind.CLAIM), include_in_schema=False)
async def begin(name: FromPath[str], parts: PartsDep, next_path: Next = "/") -> Response[None]:
    begun = await parts.upstreams.begin(name, local_path(next_path))
    answer = go_to(begun.location, parts)
    cookies.give(answer, parts, cookies.SIGN_IN, begun.browser, PENDING_US // 1_000_000)
    return answer


@get("/sign-in/{name:str}/callback", opt=operation(Action.SESSION_OPEN), include_in_schema=False)
async def finish(name: FromPath[str], request: AnyRequest, parts: PartsDep) -> Response[None]:
    try:
        given = parse_qs(request.scope["query_string"].decode(), max_num_fields=16)
    except ValueError:
        raise Refusal("malformed", "This answer cannot be read.") from None
    query = {field: values[0] for field, values in given.items() if len(values) == 1}
    browser = cookies.read(request.cookies, parts, cookies.SIGN_IN) or ""
    finished = await parts.upstreams.finish(name, query, browser)
    if not await parts.accounts.knows(finished.known):
        parts.throttle.require(
            Kind.SIGN_UP, counted_as(address_of(request)), now_us(), "Too many new accounts."
        )
    opened = await parts.accounts.open_session_of(finished.known)
    if cookie := cookies.read(request.cookies, parts, cookies.SESSION):
        await parts.accounts.close_session(cookie)
    answer = go_to(finished.next_path, parts, opened)
    cookies.take(answer, parts, cookies.SIGN_IN)
    return answer


router = Router("/", route_handlers=[begin, finish], exception_handlers={Refusal: on_refusal_of_page})
