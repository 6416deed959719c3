"""Signing a browser in and out: by name on a relay for development, or by way of a provider."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs, quote

import msgspec

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render, SignIn
from relay.core.cookies import SESSION, SIGN_IN
from relay.core.limits import Kind
from relay.core.local_path import MAX_PATH_CHARS, local_path
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.accounts.agents import describe_agent
from relay.features.accounts.linking import PATH as WAYS_IN
from relay.features.accounts.linking import Links
from relay.features.accounts.newcomers import Newcomers, hash_of_invite
from relay.features.accounts.service import Accounts
from relay.features.accounts.store import SESSION_US, Opened
from relay.features.accounts.upstream import PENDING_US, Finished, Upstreams
from relay.wire.rest import Username

MAX_SECRET_CHARS = 64


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go once signed in."""

    next: str = "/"


class SettingOut(Next, frozen=True, kw_only=True):
    """Of who sets out for a provider. invite: the secret of an invite's link, which makes an account for who has none."""

    invite: Annotated[str, msgspec.Meta(max_length=MAX_SECRET_CHARS)] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountOperations:
    """require_sign_up: spends one new account of an address, or refuses.

    sign_in: the page of `sign_in_page`. [loop]
    """

    accounts: Accounts
    newcomers: Newcomers
    upstreams: Upstreams
    links: Links
    dev: bool
    require_sign_up: Callable[[str], None]
    sign_in: SignIn

    async def ways(self, call: AnyCall) -> AnyAnswer:
        return self.sign_in(local_path(call.query.next))

    async def open_session(self, call: AnyCall) -> AnyAnswer:
        """The form fields `username`, and `next`: a path of ours."""
        if not self.dev:
            raise Refusal("dev_mode_only", "This relay does not sign anybody in by name.")
        try:
            username = msgspec.convert(call.form.get("username", "").strip(), Username)
        except msgspec.ValidationError:
            raise Refusal("validation", "This is not a username.", "Use 3 to 30 of a-z, 0-9, _ . -") from None
        opened = await self.accounts.open_session(username, _agent(call), call.cookies.get(SESSION))
        return signed_in(local_path(call.form.get("next", "/")), opened)

    async def close_session(self, call: AnyCall) -> AnyAnswer:
        if cookie := call.cookies.get(SESSION):
            await self.accounts.close_session(cookie)
        return go_to("/", {SESSION: ("", 0)})

    async def begin(self, call: AnyCall) -> AnyAnswer:
        wanted = call.query.next if len(call.query.next) <= MAX_PATH_CHARS else "/"
        invite_hash = hash_of_invite(call.query.invite)
        if invite_hash is not None:
            await self.newcomers.require(invite_hash)
        begun = await self.upstreams.begin(call.path["name"], local_path(wanted), invite_hash=invite_hash)
        return go_to(begun.location, {SIGN_IN: (begun.browser, PENDING_US // 1_000_000)})

    async def finish(self, call: AnyCall) -> AnyAnswer:
        try:
            given = parse_qs(call.query_string, max_num_fields=16)
        except ValueError:
            raise Refusal("malformed", "This answer cannot be read.") from None
        query = {name: values[0] for name, values in given.items() if len(values) == 1}
        finished = await self.upstreams.finish(call.path["name"], query, call.cookies.get(SIGN_IN, ""))
        if finished.link_to is not None:
            if call.session is None:
                raise Refusal(
                    "token_invalid", "This browser is no longer signed in.", "Sign in and start again."
                )
            await self.links.link(call.account_id, finished)
            return go_to(WAYS_IN, {SIGN_IN: ("", 0)})
        return signed_in(finished.next_path, await self._open(call, finished), {SIGN_IN: ("", 0)})

    async def _open(self, call: AnyCall, finished: Finished) -> Opened:
        """Raises Refusal: account_required, of who has no account and may not make one; rate_limited."""
        try:
            if not await self.accounts.knows(finished.known):
                await self.newcomers.require(finished.invite_hash)
                self.require_sign_up(call.address)
            return await self.accounts.open_session_of(
                finished.known,
                _agent(call),
                call.cookies.get(SESSION),
                lambda tx: self.newcomers.admit(tx, finished.invite_hash),
            )
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            raise _no_account(finished, refusal) from refusal

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", "/sign-in", Action.SITE_READ, self.ways, query=Next),
            Page("POST", "/session", Action.SESSION_OPEN, self.open_session, limit=Kind.SIGN_UP, form=True),
            Page("POST", "/session/close", Action.SESSION_CLOSE, self.close_session, form=True),
            *(
                Page("GET", path, Action.SESSION_OPEN, self.begin, limit=Kind.CLAIM, query=SettingOut)
                for path in ("/sign-in/{name}", "/api/v1/auth/oauth/{name}")
            ),
            Page("GET", "/sign-in/{name}/callback", Action.SESSION_OPEN, self.finish),
        ]


def sign_in_page(
    upstreams: Upstreams, render: Render, takes_passwords: Callable[[], bool], is_open: bool
) -> SignIn:
    """is_open: anybody may make an account."""

    def page(next_path: str, *, trouble: str = "", username: str = "") -> AnyAnswer:
        ways = list(upstreams.configured.values())
        return render(
            "sign_in.html",
            None,
            here="claim",
            next=next_path,
            ways=ways,
            takes_passwords=takes_passwords(),
            is_open=is_open,
            trouble=trouble,
            username=username,
        )

    return page


def signed_in(location: str, opened: Opened, cookies: dict[str, tuple[str, int]] | None = None) -> AnyAnswer:
    """Send the browser on, with the cookie of a fresh session."""
    return go_to(location, {**(cookies or {}), SESSION: (opened.cookie, SESSION_US // 1_000_000)})


def _no_account(finished: Finished, why: Refusal) -> Refusal:
    """For whoever a provider vouches for, and nobody here is."""
    return Refusal(
        "account_required",
        f"No account of this relay is linked with the one you chose at {finished.title}. {why.detail}",
        f"If you have an account here, sign in to it as ever and link {finished.title} in the settings, under Ways to sign in. Else: {why.next_step}",
        way=(f"/sign-in?next={quote(finished.next_path, safe='')}", "Sign in another way"),
    )


def _agent(call: AnyCall) -> str:
    return describe_agent(call.headers.get("user-agent", ""))
