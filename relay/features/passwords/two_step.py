"""Signing in with a code as well: setting it up, and giving it up. Its page is among the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.features.passwords import second_factor, totp

AnyCall = Call[Any, Any]  # any: pages take neither body nor query of a type
PATH = "/settings/two-step"


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoStepPages:
    """base_url: whose host an app shows beside the code. [loop]"""

    db: Database
    render: Render
    base_url: str

    async def page(self, call: AnyCall) -> Answer[Any]:
        return await self._page(call)

    async def change(self, call: AnyCall) -> Answer[Any]:
        """The form fields `do` (begin, confirm, remove) and, of the last two, `code`."""
        trouble = ""
        match call.form.get("do"):
            case "begin":
                await self.db.write(lambda tx: second_factor.begin(tx, call.account_id))
            case "confirm":
                trouble = await self._shown(call)
            case "remove":
                trouble = await self._shown(call)
                if not trouble:
                    await self.db.write(lambda tx: second_factor.remove(tx, call.account_id))
            case _:
                raise Refusal(
                    "validation", "That is nothing that can be done here.", "Go back and try again."
                )
        return await self._page(call, trouble)

    async def _shown(self, call: AnyCall) -> str:
        """A sentence when the code does not do; it counts otherwise."""
        done = await code_counts(self.db, call.account_id, call.form.get("code", ""))
        return "" if done else "That is no code of now. Wait for the next one."

    async def _page(self, call: AnyCall, trouble: str = "") -> Answer[Any]:
        if call.session is None:
            raise Refusal("forbidden", "That is set up in a browser.", "Sign in there.")
        factor = await self.db.read(lambda db: second_factor.factor_of(db, call.account_id))
        shown: Mapping[str, str] = {}
        if factor is not None and not factor.is_asked:
            host = urlsplit(self.base_url).hostname or ""
            link = totp.app_link(factor.key, call.session.username, host)
            shown = {"key": totp.shown_key(factor.key), "link": link}
        return self.render(
            "two_step.html",
            call.session,
            status=422 if trouble else 200,
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
