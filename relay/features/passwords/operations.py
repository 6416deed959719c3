"""The pages on which somebody signs in by name and password, makes an account, and sets another password."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render, SignIn
from relay.core.cookies import SESSION
from relay.core.limits import Kind
from relay.core.local_path import local_path
from relay.core.page_forms import beside_form, in_browser
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.accounts.api import SESSION_US, Opened, describe_agent
from relay.features.passwords.rules import MAX_CHARS, MIN_CHARS
from relay.features.passwords.service import Passwords

SIGN_IN, SIGN_UP, CHANGE = "/sign-in", "/sign-up", "/settings/password"
JOIN, RESET = "/join", "/reset-password"


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go once signed in."""

    next: str = "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordPages:
    """providers: who else can say who somebody is, by name, and their titles. [loop]"""

    passwords: Passwords
    render: Render
    sign_in_page: SignIn
    providers: Mapping[str, str]

    async def sign_in(self, call: AnyCall) -> AnyAnswer:
        """The form fields `username`, `password`, `code` where one is asked for, and `next`: a path of ours."""
        given = call.form
        try:
            opened = await self.passwords.sign_in(
                given.get("username", ""),
                given.get("password", ""),
                code=given.get("code", ""),
                address=call.address,
                agent=_agent(call),
                instead_of=call.cookies.get(SESSION),
            )
        except Refusal as refusal:
            next_path, username = local_path(given.get("next", "/")), given.get("username", "")[:30]
            return self.sign_in_page(next_path, trouble=beside_form(refusal), username=username)
        return _signed_in(given, opened)

    async def invited(self, call: AnyCall) -> AnyAnswer:
        await self.passwords.require_invited(call.path["secret"])
        return self._form(call, SIGN_UP, secret=call.path["secret"])

    async def welcome(self, call: AnyCall) -> AnyAnswer:
        await self.passwords.require_invited("")
        return self._form(call, SIGN_UP, next_path=local_path(call.query.next))

    async def sign_up(self, call: AnyCall) -> AnyAnswer:
        """The form fields `username`, `password`, `secret` of an invite, and `next`."""
        given = call.form
        try:
            opened = await self.passwords.sign_up(
                given.get("username", ""),
                given.get("password", ""),
                secret=given.get("secret", ""),
                address=call.address,
                agent=_agent(call),
                instead_of=call.cookies.get(SESSION),
            )
        except Refusal as refusal:
            return self._form(call, SIGN_UP, secret=given.get("secret", ""), trouble=beside_form(refusal))
        return _signed_in(given, opened)

    async def reset_page(self, call: AnyCall) -> AnyAnswer:
        return await self._reset_form(call, call.path["secret"])

    async def reset(self, call: AnyCall) -> AnyAnswer:
        """The form fields `password`, `secret` of the link, and `code` where one is asked for."""
        given = call.form
        secret = given.get("secret", "")
        try:
            opened = await self.passwords.reset(
                secret,
                given.get("password", ""),
                code=given.get("code", ""),
                address=call.address,
                agent=_agent(call),
            )
        except Refusal as refusal:
            return await self._reset_form(call, secret, beside_form(refusal))
        return _signed_in(given, opened)

    async def _reset_form(self, call: AnyCall, secret: str, trouble: str = "") -> AnyAnswer:
        link = await self.passwords.reset_for(secret)
        has_code = await self.passwords.has_code(link)
        return self._form(
            call,
            RESET,
            secret=secret,
            account=link.username,
            is_first=link.is_first,
            asks_code=has_code and link.is_mailed,
            ends_code=has_code and not link.is_mailed,
            trouble=trouble,
        )

    async def change_page(self, call: AnyCall) -> AnyAnswer:
        return await self._change_form(call)

    async def change(self, call: AnyCall) -> AnyAnswer:
        """The form fields `old`, of who has one, and `password`."""
        try:
            opened = await self.passwords.change(
                call.account_id,
                in_browser(call).username,
                call.form.get("old", ""),
                call.form.get("password", ""),
                address=call.address,
                agent=_agent(call),
            )
        except Refusal as refusal:
            return await self._change_form(call, beside_form(refusal))
        return _signed_in({"next": "/devices"}, opened)

    async def _change_form(self, call: AnyCall, trouble: str = "") -> AnyAnswer:
        account = in_browser(call).username
        asks_old = await self.passwords.has_password(account)
        return self._form(call, CHANGE, account=account, asks_old=asks_old, trouble=trouble)

    def _form(
        self,
        call: AnyCall,
        action: str,
        *,
        secret: str = "",
        account: str = "",
        is_first: bool = False,
        asks_old: bool = False,
        asks_code: bool = False,
        ends_code: bool = False,
        next_path: str = "/",
        trouble: str = "",
    ) -> AnyAnswer:
        return self.render(
            "sign_up.html",
            call.session,
            here="claim",
            action=action,
            secret=secret,
            account=account,
            next=local_path(call.form.get("next", next_path)),
            username=call.form.get("username", "")[:30],
            min_chars=MIN_CHARS,
            max_chars=MAX_CHARS,
            is_first=is_first,
            asks_old=asks_old,
            asks_code=asks_code,
            ends_code=ends_code,
            trouble=trouble,
            providers=self.providers if action == SIGN_UP else {},
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("POST", SIGN_IN, Action.SESSION_OPEN, self.sign_in, limit=Kind.CLAIM, form=True),
            Page("GET", SIGN_UP, Action.SESSION_OPEN, self.welcome, query=Next),
            Page("POST", SIGN_UP, Action.SESSION_OPEN, self.sign_up, limit=Kind.CLAIM, form=True),
            Page("GET", f"{JOIN}/{{secret}}", Action.SESSION_OPEN, self.invited, limit=Kind.CLAIM),
            Page("GET", f"{RESET}/{{secret}}", Action.SESSION_OPEN, self.reset_page, limit=Kind.CLAIM),
            Page("POST", RESET, Action.SESSION_OPEN, self.reset, limit=Kind.CLAIM, form=True),
            Page("GET", CHANGE, Action.ACCOUNT_EDIT, self.change_page),
            Page("POST", CHANGE, Action.ACCOUNT_EDIT, self.change, limit=Kind.CLAIM, form=True),
        ]


def _signed_in(given: Mapping[str, str], opened: Opened) -> AnyAnswer:
    location = local_path(given.get("next", "/"))
    return go_to(location, {SESSION: (opened.cookie, SESSION_US // 1_000_000)})


def _agent(call: AnyCall) -> str:
    return describe_agent(call.headers.get("user-agent", ""))
