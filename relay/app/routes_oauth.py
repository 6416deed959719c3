"""The machine side of claiming: metadata, token endpoint, beginning of a device grant. Answers JSON, in the RFCs' words."""

from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from litestar import Response, Router, get, post

from relay.app.gate import PartsDep, operation
from relay.app.problems import AnyRequest
from relay.app.throttle import Kind
from relay.core.access import Action
from relay.services.claiming import CodeExchange, GrantRefused
from relay.wire import oauth
from relay.wire.rest import TokenPair

T = TypeVar("T")
MAX_FIELDS = 12
MAX_VALUE_CHARS = 512


@get(oauth.METADATA_PATH, opt=operation(Action.SITE_READ), include_in_schema=False)
async def metadata(parts: PartsDep) -> oauth.Metadata:
    """RFC 8414."""
    base = parts.base_url
    return oauth.Metadata(
        issuer=base,
        authorization_endpoint=f"{base}/oauth/authorize",
        token_endpoint=f"{base}/oauth/token",
        device_authorization_endpoint=f"{base}/oauth/device",
        response_types_supported=["code"],
        grant_types_supported=[oauth.CODE_GRANT, oauth.DEVICE_GRANT],
        code_challenge_methods_supported=["S256"],
        token_endpoint_auth_methods_supported=["none"],
        authorization_response_iss_parameter_supported=True,
        claimed_page=f"{base}/claimed",
        unclaimed_page=f"{base}/unclaimed",
    )


@post("/oauth/token", opt=operation(Action.TOKEN_GRANT, Kind.GRANT), status_code=200, include_in_schema=False)
async def token(request: AnyRequest, parts: PartsDep) -> TokenPair:
    """RFC 6749, 4.1.3 and RFC 8628, 3.4, with `device_id` and the device's `signature` in both."""
    fields = await _fields(request)
    match fields.get("grant_type"):
        case oauth.CODE_GRANT:
            return await parts.claiming.exchange_code(_convert(fields, CodeExchange))
        case oauth.DEVICE_GRANT:
            given = _convert(fields, _Poll)
            return await parts.claiming.poll_grant(given.device_code, given.device_id, given.signature)
        case _:
            raise GrantRefused("unsupported_grant_type", "This is no way to get a token here.")


class _Poll(msgspec.Struct, frozen=True, kw_only=True):
    device_code: str
    device_id: str
    signature: str


@post(
    "/oauth/device", opt=operation(Action.GRANT_BEGIN, Kind.CLAIM), status_code=200, include_in_schema=False
)
async def begin_device_grant(request: AnyRequest, parts: PartsDep) -> oauth.DeviceAuthorization:
    """RFC 8628, 3.1, with `device_id`."""
    fields = await _fields(request)
    return await parts.claiming.begin_grant(fields.get("device_id", ""), f"{parts.base_url}/device")


async def _fields(request: AnyRequest) -> dict[str, str]:
    """Each field once (RFC 6749, 3.2), and only of our client. Raises GrantRefused."""
    try:
        parsed = parse_qs((await request.body()).decode(), max_num_fields=MAX_FIELDS)
    except ValueError:
        parsed = {}
    fields = {name: values[0] for name, values in parsed.items() if len(values) == 1}
    if len(fields) != len(parsed) or any(len(value) > MAX_VALUE_CHARS for value in fields.values()):
        raise GrantRefused("invalid_request", "A field is given twice, or is too long.")
    if not fields:
        raise GrantRefused("invalid_request", "Send a form (application/x-www-form-urlencoded).")
    if fields.get("client_id") != oauth.CLIENT_ID:
        raise GrantRefused("invalid_client", f"The client_id is {oauth.CLIENT_ID}.")
    return fields


def _convert(fields: dict[str, str], kind: type[T]) -> T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise GrantRefused("invalid_request", str(error)) from None


def on_grant_refused(_: AnyRequest, refused: GrantRefused) -> Response[bytes]:
    body = oauth.OAuthProblem(error=str(refused.error), error_description=refused.description[:512])
    return Response(msgspec.json.encode(body), status_code=400, media_type="application/json")


router = Router(
    "/",
    route_handlers=[metadata, token, begin_device_grant],
    exception_handlers={GrantRefused: on_grant_refused},
)
