"""The pages of a mail address: among the settings, and where the link of a letter leads."""

from dataclasses import dataclass
from typing import Any

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render
from relay.core.limits import Kind
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.mail.addresses import MAX_CHARS
from relay.features.mail.service import MailAddresses

AnyCall = Call[Any, Any]  # any: pages take neither body nor query of a type
PATH, CONFIRM = "/settings/mail", "/confirm-mail"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailPages:
    """[loop]"""

    addresses: MailAddresses
    render: Render

    async def page(self, call: AnyCall) -> Answer[Any]:
        return await self._page(call)

    async def change(self, call: AnyCall) -> Answer[Any]:
        """The form fields `do`: give, with `address`; or forget."""
        if call.session is None:
            raise Refusal("forbidden", "That is done in a browser.", "Sign in there.")
        match call.form.get("do"):
            case "give":
                try:
                    given = call.form.get("address", "")
                    await self.addresses.give(call.account_id, call.session.username, given)
                except Refusal as refusal:
                    if refusal.code != "validation":
                        raise
                    return await self._page(call, str(refusal))
            case "forget":
                await self.addresses.forget(call.account_id)
            case _:
                raise Refusal(
                    "validation", "That is nothing that can be done here.", "Go back and try again."
                )
        return go_to(PATH)

    async def asked(self, call: AnyCall) -> Answer[Any]:
        """A button, because programs that look into letters open links, too."""
        secret = call.path["secret"]
        found = await self.addresses.waiting_for(secret)
        return self.render(
            "confirm_mail.html", call.session, here="claim", secret=secret, found=found, done=False
        )

    async def confirm(self, call: AnyCall) -> Answer[Any]:
        """The form field `secret`."""
        found = await self.addresses.confirm(call.form.get("secret", ""))
        return self.render("confirm_mail.html", call.session, here="claim", secret="", found=found, done=True)

    async def _page(self, call: AnyCall, trouble: str = "") -> Answer[Any]:
        return self.render(
            "mail.html",
            call.session,
            status=422 if trouble else 200,
            here="claim",
            is_on=self.addresses.is_on,
            shown=await self.addresses.shown(call.account_id),
            max_chars=MAX_CHARS,
            trouble=trouble,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.ACCOUNT_EDIT, self.page),
            Page("POST", PATH, Action.ACCOUNT_EDIT, self.change, limit=Kind.CLAIM, form=True),
            Page("GET", f"{CONFIRM}/{{secret}}", Action.SESSION_OPEN, self.asked, limit=Kind.CLAIM),
            Page("POST", CONFIRM, Action.SESSION_OPEN, self.confirm, limit=Kind.CLAIM, form=True),
        ]
