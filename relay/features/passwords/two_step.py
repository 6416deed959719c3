"""Signing in with a code as well: setting it up, and giving it up. Its page is among the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.page_forms import carry_out, in_browser
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.features.passwords import second_factor, totp
from relay.features.passwords.qr import QrCode, qr_code

PATH = "/settings/two-step"


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoStepPages:
    """base_url: whose host an app shows beside the code. [loop]"""

    db: Database
    render: Render
    base_url: str

    async def page(self, call: AnyCall) -> AnyAnswer:
        return await self._page(call)

    async def change(self, call: AnyCall) -> AnyAnswer:
        """The form fields `do` (begin, confirm, remove) and, of the last two, `code`."""
        deeds = {"begin": self._begin, "confirm": self._confirm, "remove": self._remove}
        return await self._page(call, await carry_out(call, deeds))

    async def _begin(self, call: AnyCall) -> None:
        await self.db.write(lambda tx: second_factor.begin(tx, call.account_id))

    async def _confirm(self, call: AnyCall) -> None:
        """The code counts. Raises Refusal: validation, where it does not do."""
        if not await code_counts(self.db, call.account_id, call.form.get("code", "")):
            raise Refusal("validation", "That is no code of now.", "Wait for the next one.")

    async def _remove(self, call: AnyCall) -> None:
        await self._confirm(call)
        await self.db.write(lambda tx: second_factor.remove(tx, call.account_id))

    async def _page(self, call: AnyCall, trouble: str = "") -> AnyAnswer:
        username = in_browser(call).username
        factor = await self.db.read(lambda db: second_factor.factor_of(db, call.account_id))
        shown: Mapping[str, str | QrCode] = {}
        if factor is not None and not factor.is_asked:
            host = urlsplit(self.base_url).hostname or ""
            link = totp.app_link(factor.key, username, host)
            shown = {"key": totp.shown_key(factor.key), "link": link, "qr": qr_code(link)}
        return self.render(
            "two_step.html",
            call.session,
            here="claim",
            is_asked=factor is not None and factor.is_asked,
            shown=shown,
            trouble=trouble,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.ACCOUNT_EDIT, self.page),
            Page("POST", PATH, Action.ACCOUNT_EDIT, self.change, limit=Kind.CLAIM, form=True),
        ]


async def code_counts(db: Database, account_id: str, said: str) -> bool:
    """Whether that is a code of now, which has not counted before; it has now. [loop]"""
    factor = await db.read(lambda reader: second_factor.factor_of(reader, account_id))
    if factor is None:
        return False
    step = totp.step_of(factor.key, said, now_us(), factor.last_step)
    return step is not None and await db.write(lambda tx: second_factor.count(tx, account_id, step))
