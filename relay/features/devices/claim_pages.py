"""The pages on which a person claims a device: look at what asks, say yes or no; and the list of devices.

Nothing is approved without a click, however often the same device was approved before; no page of these can be framed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render, Session
from relay.core.cookies import SESSION
from relay.core.page_forms import in_browser
from relay.core.places import describe, network_of
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.features.accounts import api as accounts
from relay.features.devices.authorization import BadAuthorize, denied, granted, origin_of, read_authorize
from relay.features.devices.claimants import Claimant
from relay.features.devices.code_claims import CodeClaims
from relay.features.devices.device_grant import WARNING_US, read_user_code, write_user_code
from relay.features.devices.grant_claims import GrantClaims
from relay.features.devices.service import Devices
from relay.features.devices.wrong_codes import WrongCodes

AUTHORIZE = "/oauth/authorize"
DEVICE = "/device"
MAX_SHOWN_DIGITS = 16


class AnyQuery(Struct, frozen=True):
    """The query is read by the RFC's rules, in `authorization`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimPages:
    """base_url: the issuer. sign_in: the page that leads on to a path once somebody has signed in. [loop]"""

    codes: CodeClaims
    grants: GrantClaims
    wrong_codes: WrongCodes
    owned: Devices
    base_url: str
    render: Render
    sign_in: Callable[[str], AnyAnswer]

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", AUTHORIZE, Action.CLAIM_ASK, self.ask, query=AnyQuery),
            Page("POST", "/oauth/decide", Action.CLAIM_DECIDE, self.decide, form=True),
            Page("GET", DEVICE, Action.CLAIM_ASK, self.type_code),
            Page("POST", DEVICE, Action.CLAIM_DECIDE, self.look_up_code, form=True),
            Page("GET", "/devices", Action.CLAIM_ASK, self.devices),
            Page("POST", "/devices/{device_id}/revoke", Action.DEVICE_REVOKE, self.revoke, form=True),
            Page("POST", "/sessions/end", Action.SESSION_END_ALL, self.end_sessions, form=True),
            Page("GET", "/claimed", Action.SITE_READ, self.claimed, query=AnyQuery),
            Page("GET", "/unclaimed", Action.SITE_READ, self.unclaimed, query=AnyQuery),
        ]

    # by browser ---------------------------------------------------------------------------------------------------

    async def ask(self, call: AnyCall) -> AnyAnswer:
        """Who asks, from where, and for which account; with a button for yes and one for no."""
        try:
            wanted = read_authorize(parse_qs(call.query_string, max_num_fields=16), self.base_url)
        except ValueError:
            raise Refusal("malformed", "This link cannot be read.") from None
        except BadAuthorize as bad:
            return go_to(bad.location)
        device = await self.codes.claimant(wanted.device_id)
        if call.session is None:
            return self.sign_in(f"{AUTHORIZE}?{call.query_string}")
        return self._consent(
            call.session,
            device,
            action="/oauth/decide",
            fields=msgspec.to_builtins(wanted),
            answer_to=origin_of(wanted.redirect_uri),
        )

    async def decide(self, call: AnyCall) -> AnyAnswer:
        """The answer to `ask`: the browser goes back to the device's own address, with a code or without."""
        session = in_browser(call)
        try:
            wanted = read_authorize({name: [value] for name, value in call.form.items()}, self.base_url)
        except BadAuthorize as bad:
            return go_to(bad.location)
        if call.form.get("answer") != "yes":
            return go_to(denied(wanted, self.base_url))
        code, opened = await self.codes.grant_code(wanted, session.actor.account_id, _cookie(call))
        return _with_session(granted(wanted, self.base_url, code), opened)

    # by code ------------------------------------------------------------------------------------------------------

    async def type_code(self, call: AnyCall) -> AnyAnswer:
        """A field for the code. It takes none from the address: a link must not carry it."""
        if call.session is None:
            return self.sign_in(DEVICE)
        return self.render("code.html", call.session, here="claim")

    async def look_up_code(self, call: AnyCall) -> AnyAnswer:
        """First the code, then what it belongs to, then yes or no: each is a form that leads back here."""
        session = in_browser(call)
        letters, device = await self._device_of_code(call, session)
        if device is None or letters is None:
            trouble = "No device shows this code now. Look at it again; a code lasts ten minutes."
            return self.render("code.html", session, here="claim", trouble=trouble)
        strange = device.network != network_of(call.address)
        shown_us = _shown_us(call.form.get("shown", ""))
        answer = call.form.get("answer") if shown_us is not None else None  # no answer to what was not shown
        if answer == "yes" and strange and now_us() - (shown_us or 0) < WARNING_US:
            answer = None  # nobody reads a warning in less
        if answer is None:
            fields = {"user_code": write_user_code(letters), "shown": str(now_us())}
            return self._consent(session, device, action=DEVICE, fields=fields, strange=strange)
        yes = answer == "yes"
        account_id = session.actor.account_id if yes else None
        opened = await self.grants.decide_grant(letters, account_id, _cookie(call))
        return _with_session("/claimed" if yes else "/unclaimed", opened)

    async def _device_of_code(self, call: AnyCall, session: Session) -> tuple[str | None, Claimant | None]:
        """Raises Refusal: rate_limited, after too many wrong codes of one account or one network."""
        tried_by = [f"account {session.actor.user_id}", f"network {network_of(call.address)}"]
        await self.wrong_codes.require_tries(tried_by)
        letters = read_user_code(call.form.get("user_code", ""))
        device = await self.grants.grant_of(letters) if letters is not None else None
        if device is None:
            await self.wrong_codes.count_wrong_code(tried_by)
        return letters, device

    # devices ------------------------------------------------------------------------------------------------------

    async def devices(self, call: AnyCall) -> AnyAnswer:
        """Your devices, each with a button that takes it away; and one that signs out everywhere else."""
        if call.session is None:
            return self.sign_in("/devices")
        listed = await self.owned.of(call.account_id)
        signed_in = await self.owned.sessions(call.actor)
        return self.render(
            "devices.html", call.session, here="devices", devices=listed.devices, sessions=signed_in.sessions
        )

    async def revoke(self, call: AnyCall) -> AnyAnswer:
        await self.owned.revoke(call.actor, call.path["device_id"], Action.DEVICE_REVOKE)
        return go_to("/devices")

    async def end_sessions(self, call: AnyCall) -> AnyAnswer:
        await self.owned.end_sessions(call.actor)
        return go_to("/devices")

    # ends ---------------------------------------------------------------------------------------------------------

    async def claimed(self, call: AnyCall) -> AnyAnswer:
        """Where the browser ends up; it says the same to everybody, for it knows nothing."""
        detail = "The device is yours. You can close this page."
        return self.render("outcome.html", call.session, here="claim", title="Done", detail=detail)

    async def unclaimed(self, call: AnyCall) -> AnyAnswer:
        detail = "The device was not claimed. You can close this page; `sidechain claim` starts again."
        return self.render(
            "outcome.html", call.session, here="claim", title="Nothing was changed", detail=detail
        )

    def _consent(
        self,
        session: Session,
        device: Claimant,
        *,
        action: str,
        fields: Mapping[str, str],
        answer_to: str | None = None,
        strange: bool = False,
    ) -> AnyAnswer:
        return self.render(
            "consent.html",
            session,
            here="claim",
            answer_to=answer_to,
            device=device,
            place=describe(device.network),
            first_seen=rfc3339(device.first_seen_us),
            fields=fields,
            action=action,
            taken=device.owner_id not in (None, session.actor.user_id),
            strange=strange,
        )


def _shown_us(text: str) -> int | None:
    """When the warning was shown, as our own form says it; None: it was not."""
    fits = text.isascii() and text.isdigit() and len(text) <= MAX_SHOWN_DIGITS
    return int(text) if fits else None


def _with_session(location: str, opened: accounts.Opened) -> AnyAnswer:
    return go_to(location, {SESSION: (opened.cookie, accounts.SESSION_US // 1_000_000)})


def _cookie(call: AnyCall) -> str:
    return call.cookies.get(SESSION, "")
