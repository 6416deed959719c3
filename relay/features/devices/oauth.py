"""The machine side of claiming: metadata, token endpoint, beginning of a device grant. Answers JSON, in the RFCs' words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Page
from relay.core.limits import Kind
from relay.core.places import network_of
from relay.features.devices.claimants import GrantRefused
from relay.features.devices.code_claims import CodeClaims, CodeExchange
from relay.features.devices.grant_claims import GrantClaims
from relay.wire import oauth
from relay.wire.identity import Signature

T = TypeVar("T")
MAX_FIELDS = 12
MAX_VALUE_CHARS = 512
MAX_FORM_BYTES = 64 * 1024


class _Poll(msgspec.Struct, frozen=True, kw_only=True):
    device_code: str
    device_id: str
    signature: str


class _Begin(msgspec.Struct, frozen=True, kw_only=True):
    device_id: str
    signature: Signature


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuthEndpoints:
    """base_url: the issuer. [loop]"""

    codes: CodeClaims
    grants: GrantClaims
    base_url: str

    async def metadata(self, _: AnyCall) -> Answer[oauth.Metadata]:
        """RFC 8414."""
        said = oauth.Metadata(
            issuer=self.base_url,
            authorization_endpoint=f"{self.base_url}/oauth/authorize",
            token_endpoint=f"{self.base_url}/oauth/token",
            device_authorization_endpoint=f"{self.base_url}/oauth/device",
            response_types_supported=["code"],
            grant_types_supported=[oauth.CODE_GRANT, oauth.DEVICE_GRANT],
            code_challenge_methods_supported=["S256"],
            token_endpoint_auth_methods_supported=["none"],
            authorization_response_iss_parameter_supported=True,
            claimed_page=f"{self.base_url}/claimed",
            unclaimed_page=f"{self.base_url}/unclaimed",
        )
        return Answer(value=said)

    async def token(self, call: AnyCall) -> AnyAnswer:
        """RFC 6749, 4.1.3 and RFC 8628, 3.4, with `device_id` and the device's `signature` in both."""
        try:
            return Answer(value=await self._granted(await _fields(call)))
        except GrantRefused as refused:
            return _problem(refused)

    async def _granted(self, fields: Mapping[str, str]) -> object:
        match fields.get("grant_type"):
            case oauth.CODE_GRANT:
                return await self.codes.exchange_code(_convert(fields, CodeExchange))
            case oauth.DEVICE_GRANT:
                given = _convert(fields, _Poll)
                return await self.grants.poll_grant(given.device_code, given.device_id, given.signature)
            case _:
                raise GrantRefused("unsupported_grant_type", "This is no way to get a token here.")

    async def begin_device_grant(self, call: AnyCall) -> AnyAnswer:
        """RFC 8628, 3.1, with `device_id`, and the device's `signature` over `oauth.grant_message`."""
        try:
            given = _convert(await _fields(call), _Begin)
            begun = await self.grants.begin_grant(
                given.device_id, given.signature, network_of(call.address), f"{self.base_url}/device"
            )
        except GrantRefused as refused:
            return _problem(refused)
        return Answer(value=begun)

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", oauth.METADATA_PATH, Action.SITE_READ, self.metadata, machine=True),
            Page("POST", "/oauth/token", Action.TOKEN_GRANT, self.token, limit=Kind.GRANT, machine=True),
            Page(
                "POST",
                "/oauth/device",
                Action.GRANT_BEGIN,
                self.begin_device_grant,
                limit=Kind.CLAIM,
                machine=True,
            ),
        ]


async def _fields(call: AnyCall) -> dict[str, str]:
    """Each field once (RFC 6749, 3.2), and only of our client. Raises GrantRefused."""
    data = bytearray()
    async for piece in call.stream():
        data += piece
        if len(data) > MAX_FORM_BYTES:
            raise GrantRefused("invalid_request", "The form is too large.")
    try:
        parsed = parse_qs(data.decode(), max_num_fields=MAX_FIELDS)
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


def _convert(fields: Mapping[str, str], kind: type[T]) -> T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise GrantRefused("invalid_request", str(error)) from None


def _problem(refused: GrantRefused) -> AnyAnswer:
    body = oauth.OAuthProblem(error=str(refused.error), error_description=refused.description[:512])
    return Answer(status=400, value=body)
