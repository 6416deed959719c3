"""The pages of a mail address: among the settings, and where the link of a letter leads."""

from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.page_forms import carry_out, in_browser
from relay.core.redirects import go_to
from relay.features.mail.addresses import MAX_CHARS
from relay.features.mail.service import MailAddresses

PATH, CONFIRM = "/settings/mail", "/confirm-mail"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailPages:
    """[loop]"""

    addresses: MailAddresses
    render: Render

    async def page(self, call: AnyCall) -> AnyAnswer:
        return await self._page(call)

    async def change(self, call: AnyCall) -> AnyAnswer:
        """The form fields `do`: give, with `address`; or forget."""
        trouble = await carry_out(call, {"give": self._give, "forget": self._forget})
        return await self._page(call, trouble) if trouble else go_to(PATH)

    async def _give(self, call: AnyCall) -> None:
        address = call.form.get("address", "")
        await self.addresses.give(call.account_id, in_browser(call).username, address)

    async def _forget(self, call: AnyCall) -> None:
        await self.addresses.forget(call.account_id)

    async def asked(self, call: AnyCall) -> AnyAnswer:
        """A button, because programs that look into letters open links, too."""
        secret = call.path["secret"]
        found = await self.addresses.waiting_for(secret)
        return self.render(
            "confirm_mail.html", call.session, here="claim", secret=secret, found=found, done=False
        )

    async def confirm(self, call: AnyCall) -> AnyAnswer:
        """The form field `secret`."""
        found = await self.addresses.confirm(call.form.get("secret", ""))
        return self.render("confirm_mail.html", call.session, here="claim", secret="", found=found, done=True)

    async def _page(self, call: AnyCall, trouble: str = "") -> AnyAnswer:
        return self.render(
            "mail.html",
            call.session,
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
