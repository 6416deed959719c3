"""Who forgot a password asks for a letter with a link that sets a new one, where this relay sends mail.

Whatever is asked for gets the same answer at once: whether there is such a name or address is found out behind it.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.engine.mail import Letter
from relay.features.mail import api as mail
from relay.features.passwords import letters, store

PATH = "/forgot-password"
MAX_WHO_CHARS = 254


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenPages:
    """base_url, reset_path: of the link. [loop]"""

    db: Database
    sending: mail.Sending
    base_url: str
    reset_path: str
    render: Render

    async def page(self, call: AnyCall) -> AnyAnswer:
        return self._page(call, asked=False)

    async def ask(self, call: AnyCall) -> AnyAnswer:
        """The form field `who`: a user name or a mail address."""
        self.send_later(call.form.get("who", "").strip()[:MAX_WHO_CHARS])
        return self._page(call, asked=True)

    def send_later(self, who: str) -> None:
        """who: a user name or a mail address."""
        self.sending.later(partial(self._letters, who))

    async def _letters(self, who: str) -> list[Letter]:
        """To each account of that name or address; none to whom too many were sent."""
        found = await self.db.read(lambda db: mail.recipients(db, who))
        return [await self._letter(each) for each in found if self.sending.may(each.account_id, each.address)]

    async def _letter(self, to: mail.Recipient) -> Letter:
        secret = await self.db.write(lambda tx: store.add_mailed_reset(tx, to.account_id, now_us()))
        link = f"{self.base_url}{self.reset_path}/{secret}"
        return letters.reset(to.address, to.username, link, urlsplit(self.base_url).hostname or "")

    def _page(self, call: AnyCall, *, asked: bool) -> AnyAnswer:
        return self.render(
            "forgotten.html",
            call.session,
            here="claim",
            is_on=self.sending.is_on,
            asked=asked,
            max_chars=MAX_WHO_CHARS,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.SESSION_OPEN, self.page),
            Page("POST", PATH, Action.SESSION_OPEN, self.ask, limit=Kind.CLAIM, form=True),
        ]
