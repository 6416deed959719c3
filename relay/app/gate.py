"""The gate before every operation: who asks, how often, and whether that kind of caller may ask at all.

Each route names its Action in `opt`; a route without one does not start. Cookies count only for reading, or together
with the page's CSRF token from our own origin: in a header, or for forms of people (`form=True`) in the form, which
then only `form_of` gives out.
"""

import hmac
from typing import Any, cast
from urllib.parse import parse_qs

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation

from relay.app import cookies
from relay.app.parts import Parts
from relay.app.problems import AnyRequest
from relay.app.throttle import Kind
from relay.core.access import Action, Actor, admit
from relay.core.places import counted_as
from relay.core.refusal import Refusal
from relay.services.accounts import Session
from relay.services.clock import now_us

CSRF_HEADER = "x-csrf-token"
MAX_FIELDS = 16
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
AnyConnection = ASGIConnection[Any, Any, Any, Any]  # the framework's type parameters carry nothing of ours

PartsDep = NamedDependency[SkipValidation[Parts]]
ActorDep = NamedDependency[SkipValidation[Actor]]
SessionDep = NamedDependency[SkipValidation[Session | None]]


def operation(action: Action, throttle: Kind | None = None, *, form: bool = False) -> dict[str, Any]:
    """The `opt` of a route. form: its CSRF token comes in the form and is checked by `form_of`."""
    return {"action": action, "throttle": throttle, "form": form}


def provide_parts(state: State) -> Parts:
    return cast(Parts, state.parts)


def provide_actor(request: AnyRequest) -> Actor:
    return cast(Actor, request.scope["state"]["actor"])


def provide_session(request: AnyRequest) -> Session | None:
    return cast(Session | None, request.scope["state"]["session"])


async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Raises Refusal: sign_in_required, token_invalid, token_expired, csrf, rate_limited."""
    if "action" not in handler.opt:  # only the framework's own answer to OPTIONS: see build.require_actions
        return
    parts: Parts = connection.app.state.parts
    method = str(connection.scope.get("method", "GET"))
    state = connection.scope["state"]
    try:
        state["actor"], state["session"] = await identify(parts, connection, method, form=handler.opt["form"])
    except Refusal:
        count_stranger(parts, address_of(connection))
        raise
    actor: Actor = state["actor"]
    kind = handler.opt["throttle"] or (Kind.READ if method in SAFE_METHODS else Kind.WRITE)
    by_address = actor.user_id is None or kind in (Kind.SIGN_UP, Kind.CLAIM, Kind.TOKEN)
    who = counted_as(address_of(connection)) if by_address else str(actor.user_id)
    spent = parts.throttle.spend(kind, who, now_us())
    state["spent"], state["limit"] = spent, parts.throttle.limit(kind)
    if not spent.allowed:
        raise Refusal("rate_limited", f"Too many requests of the kind {kind.value}.", "Wait, then go on.",
                      retry_after_s=spent.retry_after_s)  # fmt: skip
    admit(actor, handler.opt["action"])


def count_stranger(parts: Parts, address: str) -> None:
    """Somebody showed what is worth nothing here: looking at it costs us, so it is not free. Raises Refusal: rate_limited."""
    parts.throttle.require(
        Kind.STRANGER, counted_as(address), now_us(), "Too many requests with a token that is not valid."
    )


def address_of(connection: AnyConnection) -> str:
    """Of the caller, or of the proxy before us that says so (uvicorn believes proxies on this machine)."""
    return connection.client.host if connection.client else "unknown"


async def identify(
    parts: Parts, connection: AnyConnection, method: str, *, form: bool
) -> tuple[Actor, Session | None]:
    """Bearer token first, then the session cookie; a bad token is refused, not ignored."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal("token_invalid", "Only Bearer tokens are understood.")
        return parts.tokens.check(token.strip()), None
    cookie = cookies.read(connection.cookies, parts, cookies.SESSION)
    session = await parts.accounts.session(cookie) if cookie else None
    if session is None:
        return Actor(), None
    if method not in SAFE_METHODS and not form:
        _require_csrf(session, connection.headers.get(CSRF_HEADER, ""))
    return session.actor, session


def _require_csrf(session: Session, given: str) -> None:
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Refusal("csrf", "The page's token is missing or old.", "Reload the page and try again.")


async def form_of(request: AnyRequest, parts: Parts, session: Session | None) -> dict[str, str]:
    """The fields of a form that our own page sent, with the page's token if somebody is signed in.

    Raises Refusal: csrf, malformed.
    """
    require_same_origin(parts, request)
    try:
        text = (await request.body()).decode()
        fields = {name: values[0] for name, values in parse_qs(text, max_num_fields=MAX_FIELDS).items()}
    except ValueError:
        raise Refusal("malformed", "The form cannot be read.") from None
    if session is not None:
        _require_csrf(session, fields.get("csrf", ""))
    return fields


def require_same_origin(parts: Parts, connection: AnyConnection) -> None:
    """For forms that open or close a session. Raises Refusal: csrf."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    # Browsers send one or both with every form post; tools without a cookie jar of ours send neither.
    if site not in (None, "same-origin") or (
        origin is not None and not same_origin(parts, connection, origin)
    ):
        raise Refusal("csrf", "This form was not sent from our page.", "Open the page and use its form.")


def same_origin(parts: Parts, connection: AnyConnection, origin: str) -> bool:
    """Our public address; a relay for development is reached by any loopback name, which front.py has seen to."""
    if origin == parts.base_url:
        return True
    host = connection.headers.get("host", "")
    return parts.config.dev and origin == f"http://{host}"
