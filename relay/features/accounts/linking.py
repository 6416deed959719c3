"""The ways in to an account: linking providers and unlinking them, but never the last one. Their page is among the settings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.cookies import SIGN_IN
from relay.core.limits import Kind
from relay.core.page_forms import carry_out, in_browser
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.database import Connection, Database, Tx
from relay.engine.mail import Letter
from relay.features.accounts import identities, letters
from relay.features.accounts.upstream import PENDING_US, Finished, Upstreams
from relay.features.mail import api as mail

PATH = "/settings/sign-in"


class Linked(Struct, frozen=True, kw_only=True):
    """A link as its page shows it. works: its provider is set up here, so one can sign in by it."""

    title: str
    issuer: str
    subject: str
    since: str
    works: bool


class Ways(Struct, frozen=True, kw_only=True):
    """How somebody can sign in."""

    has_password: bool
    linked: list[Linked]

    @property
    def issuers(self) -> set[str]:
        return {each.issuer for each in self.linked}

    @property
    def count(self) -> int:
        return self.has_password + sum(each.works for each in self.linked)


class Links:
    """has_password: whether an account, by its id, can sign in without any provider. sending, base_url: its owner is written to
    whenever a link is made or ended. [loop]"""

    def __init__(
        self,
        db: Database,
        upstreams: Upstreams,
        has_password: Callable[[Connection, str], bool],
        sending: mail.Sending,
        base_url: str,
    ) -> None:
        self._db = db
        self._sending = sending
        self._base_url = base_url
        self._titles = {each.issuer: each.title for each in upstreams.configured.values()}
        self._has_password = has_password

    async def ways(self, account_id: str) -> Ways:
        return await self._db.read(lambda db: self._ways(db, account_id))

    async def link(self, account_id: str, finished: Finished) -> None:
        """Raises Refusal: validation, where somebody else is known by it; token_invalid, where it was begun for another account."""
        if finished.link_to != account_id:
            raise Refusal(
                "token_invalid",
                "This was begun for another account.",
                "Sign in as who began it, and start again.",
            )
        if await self._db.write(lambda tx: identities.link(tx, account_id, finished.known)):
            self._write_to(account_id, letters.linked, finished.known.issuer)

    async def unlink(self, account_id: str, issuer: str, subject: str) -> None:
        """Raises Refusal: validation, where nothing would be left to sign in by."""

        def work(tx: Tx) -> bool:
            before = self._ways(tx.db, account_id)
            ended = identities.unlink(tx, account_id, issuer, subject)
            if before.count and not self._ways(tx.db, account_id).count:
                raise Refusal(
                    "validation",
                    "This is the only way in to your account.",
                    "Set a password or link another first.",
                )
            return ended

        if await self._db.write(work):
            self._write_to(account_id, letters.unlinked, issuer)

    def _write_to(self, account_id: str, written: Callable[..., Letter], issuer: str) -> None:
        title, host = self._titles.get(issuer, issuer), urlsplit(self._base_url).hostname or ""
        page = self._base_url + PATH
        self._sending.tell(
            account_id,
            lambda to: written(to.address, to.username, title=title, page=page, host=host),
        )

    def _ways(self, db: Connection, account_id: str) -> Ways:
        linked = [
            Linked(
                title=self._titles.get(each.issuer, each.issuer),
                issuer=each.issuer,
                subject=each.subject,
                since=rfc3339(each.created_us),
                works=each.issuer in self._titles,
            )
            for each in identities.identities_of(db, account_id)
        ]
        return Ways(has_password=self._has_password(db, account_id), linked=linked)


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkPages:
    """[loop]"""

    links: Links
    upstreams: Upstreams
    render: Render

    async def page(self, call: AnyCall) -> AnyAnswer:
        return await self._page(call)

    async def change(self, call: AnyCall) -> AnyAnswer:
        """The form fields `do`: link, with the `name` of a provider; or unlink, with `issuer` and `subject`."""
        if call.form.get("do") == "link":
            in_browser(call)
            return await self._begin(call)
        trouble = await carry_out(call, {"unlink": self._unlink})
        return await self._page(call, trouble) if trouble else go_to(PATH)

    async def _begin(self, call: AnyCall) -> AnyAnswer:
        """A page that goes on by itself: our policy lets no form end anywhere else, not even by a redirect (CSP 3, form-action)."""
        name = call.form.get("name", "")
        begun = await self.upstreams.begin(name, PATH, link_to=call.account_id)
        title = self.upstreams.configured[name].title
        page = self.render("go_on.html", call.session, here="claim", title=title, location=begun.location)
        return replace(page, cookies={SIGN_IN: (begun.browser, PENDING_US // 1_000_000)})

    async def _unlink(self, call: AnyCall) -> None:
        await self.links.unlink(call.account_id, call.form.get("issuer", ""), call.form.get("subject", ""))

    async def _page(self, call: AnyCall, trouble: str = "") -> AnyAnswer:
        return self.render(
            "ways_in.html",
            call.session,
            here="claim",
            ways=await self.links.ways(call.account_id),
            providers=list(self.upstreams.configured.values()),
            trouble=trouble,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.ACCOUNT_EDIT, self.page),
            Page("POST", PATH, Action.ACCOUNT_EDIT, self.change, limit=Kind.CLAIM, form=True),
        ]
