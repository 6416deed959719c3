"""The pages on which a person claims a device: sign in, look at what asks, say yes or no; and the list of devices.

Nothing is approved without a click, however often the same device was approved before; no page of these can be framed.
"""

from urllib.parse import parse_qs

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from relay.app import cookies
from relay.app.gate import ActorDep, PartsDep, SessionDep, address_of, form_of, operation
from relay.app.parts import Parts
from relay.app.problems import AnyRequest
from relay.app.routes_pages import go_to, on_refusal_of_page, page
from relay.app.throttle import Kind
from relay.core.access import Action
from relay.core.authorization import BadAuthorize, denied, granted, origin_of, read_authorize
from relay.core.device_grant import WARNING_US, read_user_code, write_user_code
from relay.core.places import describe, network_of
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.accounts import Opened, Session
from relay.services.claiming import Claimant
from relay.services.clock import now_us

AUTHORIZE = "/oauth/authorize"
DEVICE = "/device"


# by browser -----------------------------------------------------------------------------------------------------


@get(AUTHORIZE, opt=operation(Action.CLAIM_ASK), include_in_schema=False)
async def ask(request: AnyRequest, parts: PartsDep, session: SessionDep) -> Response[bytes]:
    """Who asks, from where, and for which account; with a button for yes and one for no."""
    query = request.scope["query_string"].decode("latin-1")
    wanted = read_authorize(parse_qs(query, max_num_fields=16), parts.base_url)
    device = await parts.claiming.claimant(wanted.device_id)
    if session is None:
        return _sign_in(parts, f"{AUTHORIZE}?{query}")
    fields = msgspec.to_builtins(wanted)
    return _consent(parts, session, device, "/oauth/decide", fields, answer_to=origin_of(wanted.redirect_uri))


@post("/oauth/decide", opt=operation(Action.CLAIM_DECIDE, form=True), include_in_schema=False)
async def decide(
    request: AnyRequest, parts: PartsDep, session: SessionDep, actor: ActorDep
) -> Response[None]:
    """The answer to `ask`: the browser goes back to the device's own address, with a code or without."""
    signed_in = _in_a_browser(session)
    fields = await form_of(request, parts, signed_in)
    wanted = read_authorize({name: [value] for name, value in fields.items()}, parts.base_url)
    if fields.get("answer") != "yes":
        return go_to(denied(wanted, parts.base_url), parts)
    code = await parts.claiming.grant_code(wanted, str(actor.user_id))
    # A session that somebody planted, or has seen, ends here: what it just did was the dangerous part.
    opened = await _renewed(request, parts)
    return go_to(granted(wanted, parts.base_url, code), parts, opened)


# by code --------------------------------------------------------------------------------------------------------


@get(DEVICE, opt=operation(Action.CLAIM_ASK), include_in_schema=False)
async def type_code(parts: PartsDep, session: SessionDep) -> Response[bytes]:
    """A field for the code. It takes none from the address: a link must not carry it."""
    return _sign_in(parts, DEVICE) if session is None else _page(parts, session, "code.html", trouble="")


@post(DEVICE, opt=operation(Action.CLAIM_DECIDE, form=True), include_in_schema=False)
async def look_up_code(
    request: AnyRequest, parts: PartsDep, session: SessionDep
) -> Response[bytes] | Response[None]:
    """First the code, then what it belongs to, then yes or no: each is a form that leads back here."""
    signed_in = _in_a_browser(session)
    fields = await form_of(request, parts, signed_in)
    letters, device = await _device_of_code(request, parts, signed_in, fields.get("user_code", ""))
    if device is None or letters is None:
        trouble = "No device shows this code now. Look at it again; a code lasts ten minutes."
        return _page(parts, signed_in, "code.html", trouble=trouble)
    strange = device.network != network_of(address_of(request))
    shown_us = int(fields["shown"]) if fields.get("shown", "").isdecimal() else None
    answer = fields.get("answer") if shown_us is not None else None  # no answer to what was not shown
    if answer == "yes" and strange and now_us() - (shown_us or 0) < WARNING_US:
        answer = None  # nobody reads a warning in less
    if answer is None:
        shown = {"user_code": write_user_code(letters), "shown": str(now_us())}
        return _consent(parts, signed_in, device, DEVICE, shown, strange=strange)
    yes = answer == "yes"
    await parts.claiming.decide_grant(letters, signed_in.actor.user_id if yes else None)
    opened = await _renewed(request, parts)
    return go_to("/claimed" if yes else "/unclaimed", parts, opened)


async def _device_of_code(
    request: AnyRequest, parts: Parts, session: Session, typed: str
) -> tuple[str | None, Claimant | None]:
    """Raises Refusal: rate_limited, after five wrong codes of one account or one network."""
    tried_by = [f"account {session.actor.user_id}", f"network {network_of(address_of(request))}"]
    if not all(parts.throttle.has_left(Kind.WRONG_CODE, who, now_us()) for who in tried_by):
        raise Refusal(
            "rate_limited", "Too many wrong codes.", "Wait ten minutes, then go on.", retry_after_s=600
        )
    letters = read_user_code(typed)
    device = await parts.claiming.grant_of(letters) if letters is not None else None
    if device is None:
        for who in tried_by:
            parts.throttle.spend(Kind.WRONG_CODE, who, now_us())
    return letters, device


# devices --------------------------------------------------------------------------------------------------------


@get("/devices", opt=operation(Action.CLAIM_ASK), include_in_schema=False)
async def devices_page(parts: PartsDep, session: SessionDep) -> Response[bytes]:
    """Your devices, each with a button that takes it away."""
    if session is None:
        return _sign_in(parts, "/devices")
    listed = await parts.devices.of(str(session.actor.user_id))
    return page("devices.html", session, dev=parts.config.dev, here="devices", devices=listed.devices)


@post(
    "/devices/{device_id:str}/revoke", opt=operation(Action.DEVICE_REVOKE, form=True), include_in_schema=False
)
async def revoke_on_page(
    device_id: FromPath[str], request: AnyRequest, parts: PartsDep, session: SessionDep, actor: ActorDep
) -> Response[None]:
    await form_of(request, parts, session)
    await parts.devices.revoke(actor, device_id, Action.DEVICE_REVOKE)
    return go_to("/devices", parts)


@get("/sign-in", opt=operation(Action.SITE_READ), include_in_schema=False)
async def sign_in_page(parts: PartsDep) -> Response[bytes]:
    """The ways to sign in."""
    return _sign_in(parts, "/")


# ends and parts -------------------------------------------------------------------------------------------------


@get("/claimed", opt=operation(Action.SITE_READ), include_in_schema=False)
async def claimed(parts: PartsDep, session: SessionDep) -> Response[bytes]:
    """Where the browser ends up; it says the same to everybody, for it knows nothing."""
    return _page(
        parts, session, "outcome.html", title="Done", detail="The device is yours. You can close this page."
    )


@get("/unclaimed", opt=operation(Action.SITE_READ), include_in_schema=False)
async def unclaimed(parts: PartsDep, session: SessionDep) -> Response[bytes]:
    detail = "The device was not claimed. You can close this page; `sidechain claim` starts again."
    return _page(parts, session, "outcome.html", title="Nothing was changed", detail=detail)


def _page(
    parts: Parts, session: Session | None, template: str, *, answer_to: str | None = None, **values: object
) -> Response[bytes]:
    shown = {"here": "claim", **values}
    return page(template, session, dev=parts.config.dev, status=200, answer_to=answer_to, **shown)


def _sign_in(parts: Parts, next_path: str) -> Response[bytes]:
    ways = list(parts.upstreams.configured.values())
    return _page(parts, None, "sign_in.html", next=next_path, ways=ways)


def _consent(
    parts: Parts,
    session: Session,
    device: Claimant,
    action: str,
    fields: dict[str, str],
    *,
    answer_to: str | None = None,
    strange: bool = False,
) -> Response[bytes]:
    taken = device.owner_id not in (None, session.actor.user_id)
    return _page(
        parts,
        session,
        "consent.html",
        answer_to=answer_to,
        device=device,
        place=describe(device.network),
        first_seen=rfc3339(device.first_seen_us),
        fields=fields,
        action=action,
        taken=taken,
        strange=strange,
    )


async def _renewed(request: AnyRequest, parts: Parts) -> Opened:
    return await parts.accounts.renew_session(cookies.read(request.cookies, parts, cookies.SESSION) or "")


def _in_a_browser(session: Session | None) -> Session:
    if session is None:
        raise Refusal("malformed", "This is a form for people in a browser.")
    return session


def on_bad_authorize(_: AnyRequest, bad: BadAuthorize) -> Response[None]:
    return Response(None, status_code=303, headers={"location": bad.location}, media_type="text/html")


router = Router(
    "/",
    route_handlers=[
        ask,
        decide,
        type_code,
        look_up_code,
        devices_page,
        revoke_on_page,
        sign_in_page,
        claimed,
        unclaimed,
    ],
    exception_handlers={Refusal: on_refusal_of_page, BadAuthorize: on_bad_authorize},
)
