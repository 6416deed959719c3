"""/api/auth of a beat machine's interface: a forgotten password, the end of a sign-in, and where one begins."""

from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.database import Database, Tx
from relay.features.accounts import api as accounts
from relay.features.accounts.api import Registration
from relay.features.devices import api as devices
from relay.features.passwords.forgotten import ForgottenPages
from relay.features.passwords.service import Passwords
from relay.wire import beat_sign_in as wire
from relay.wire.beats import Success
from relay.wire.operation import Nothing
from relay.wire.rest import Confirmation

Bare = Call[Nothing, Nothing]
Told = Success[Confirmation]
PASSWORDS = "A password is typed into this relay's own page and nowhere else."
MADE_BY = {
    Registration.CLOSED: "Ask whoever runs this relay for an account, and sign in at {url}/sign-in.",
    Registration.INVITE: "Ask whoever runs this relay for an invite, and open its link.",
    Registration.OPEN: "Make your account at {url}/sign-up.",
}
"""What somebody does who has no account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BeatSignIn:
    """[loop]"""

    db: Database
    passwords: Passwords
    forgotten: ForgottenPages
    registration: Registration
    base_url: str

    async def log_out(self, call: Call[Nothing, Nothing]) -> Told:
        """A guest has no sign-in that could end: its token is all there is of it. Raises Refusal: sign_in_required, account_required."""
        actor = call.actor

        def work(tx: Tx) -> None:
            if actor.family_id is not None:
                devices.end_family(tx, actor.family_id)
            elif actor.session_id is not None:
                accounts.end_session(tx, actor.session_id)

        await self.db.write(work)
        return _said("Logged out.")

    async def forgot(self, call: Call[wire.Forgotten, Nothing]) -> Told:
        """Raises Refusal: not_found, where no letters are sent."""
        if not self.forgotten.sending.is_on:
            raise Refusal("not_found", "This relay sends no letters.", "Ask who runs it for a link.")
        self.forgotten.send_later(call.body.email.strip())
        return _said("If somebody has this address here, a letter is on its way.")

    async def reset(self, call: Call[wire.PasswordReset, Nothing]) -> Told:
        """Raises Refusal: not_found, rate_limited, validation."""
        given = call.body
        opened = await self.passwords.reset(
            given.token,
            given.new_password,
            code=given.code,
            address=call.address,
            agent=accounts.describe_agent(""),
        )
        await self.db.write(lambda tx: accounts.close_session(tx, opened.cookie))  # no browser asked
        return _said("The password is another one. Sign in with it.")

    async def register(self, _: Bare) -> Told:
        """Raises Refusal: forbidden."""
        raise Refusal("forbidden", PASSWORDS, MADE_BY[self.registration].format(url=self.base_url))

    async def log_in(self, _: Bare) -> Told:
        """Raises Refusal: forbidden."""
        how = f"Sign in at {self.base_url}/sign-in; a program is claimed there as a device (POST /oauth/device)."
        raise Refusal("forbidden", PASSWORDS, how)

    async def by_google(self, _: Bare) -> Told:
        """Raises Refusal: forbidden."""
        detail = "What Google says of somebody is asked for by this relay itself, and taken from nobody else."
        raise Refusal("forbidden", detail, f"Sign in at {self.base_url}/sign-in.")

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.LOG_OUT, Action.SESSION_LIST, self.log_out),
            Row(wire.FORGOT_PASSWORD, Action.SESSION_OPEN, self.forgot, limit=Kind.CLAIM),
            Row(wire.RESET_PASSWORD, Action.SESSION_OPEN, self.reset, limit=Kind.CLAIM),
            Row(wire.REGISTER, Action.SESSION_OPEN, self.register, limit=Kind.CLAIM),
            Row(wire.LOG_IN, Action.SESSION_OPEN, self.log_in, limit=Kind.CLAIM),
            Row(wire.BY_GOOGLE, Action.SESSION_OPEN, self.by_google, limit=Kind.CLAIM),
        ]


def _said(message: str) -> Told:
    return Success(data=Confirmation(message=message))
