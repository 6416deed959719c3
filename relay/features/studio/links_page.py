"""/creations/ID/links: the links by which the owner of a creation shows it to others; made for as long as they say, and ended.
/links: all that somebody shows by one. Of a guest its script reads them, whose token no form sends.
"""

from dataclasses import dataclass
from functools import partial

from relay.core.access import Action, authorize
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.creations import api as creations
from relay.features.studio import share_links, store
from relay.features.studio.playground_operations import SHARE_PATH
from relay.wire.creations import MAX_OWN_LINKS, Creation

PATH, OWN_PATH = "/creations/{creation_id}/links", "/links"
LASTS = {"7": "a week", "1": "a day", "30": "a month", "365": "a year", "": "until you end it"}
"""Days, and how one says it; the first is what is offered."""
EDITORS = {
    "": "nobody but you",
    "accounts": "whoever has it and is signed in",
    "anybody": "whoever has it, also without an account",
}
"""Who edits it with a link, and how one says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinksPage:
    """[loop]"""

    db: Database
    base_url: str
    render: Render

    async def show(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone."""
        return await self._page(call, "")

    async def own(self, call: AnyCall) -> AnyAnswer:
        """Of whose browser is signed in; for everybody else the frame that a guest's links stand in."""
        me, shown = call.actor.user_id if call.session else None, list[share_links.Shown]()
        if me is not None:
            shown = await self.db.read(lambda db: share_links.of_owner(db, me, now_us(), MAX_OWN_LINKS + 1))
        return self.render(
            "own_links.html",
            call.session,
            links=[(each, *_told(each.link)) for each in shown[:MAX_OWN_LINKS]],
            more=len(shown) > MAX_OWN_LINKS,
            most=MAX_OWN_LINKS,
            lasts=LASTS,
            editors=EDITORS,
        )

    async def make(self, call: AnyCall) -> AnyAnswer:
        """The page says the link now, and never again. Raises Refusal: not_found, gone, validation."""
        lasts = call.form.get("lasts", "")
        if lasts not in LASTS:
            raise Refusal("validation", "The form does not say how long.", "Go back and choose.")
        days = int(lasts) if lasts else None
        editors = call.form.get("editors", "")
        if editors not in EDITORS:
            raise Refusal("validation", "The form does not say who edits it.", "Go back and choose.")

        def work(tx: Tx) -> str:
            made = self._own(tx.db, call)
            return share_links.make(
                tx, made.id, now_us(), days, may_edit=editors != "", guests_may_edit=editors == "anybody"
            )[0]

        return await self._page(call, f"{self.base_url}{SHARE_PATH}{await self.db.write(work)}")

    async def end(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone, validation."""

        def work(tx: Tx) -> None:
            made = self._own(tx.db, call)
            if not (link := call.form.get("link")):
                raise Refusal("validation", "The form names no link.", "Go back and press the button of one.")
            share_links.end(tx, made.id, link, now_us())

        await self.db.write(work)
        return go_to(PATH.format(creation_id=call.path["creation_id"]))

    async def _page(self, call: AnyCall, fresh: str) -> AnyAnswer:
        made, links = await self.db.read(partial(self._links, call=call))
        shown = [(link.id, *_told(link)) for link in links]
        may_be_edited = made.kind in creations.with_ability(creations.Ability.COEDIT)
        return self.render(
            "links.html",
            call.session,
            post=made,
            links=shown,
            fresh=fresh,
            lasts=LASTS,
            editors=EDITORS if may_be_edited else {},
        )

    def _links(self, db: Connection, call: AnyCall) -> tuple[Creation, list[share_links.Link]]:
        made = self._own(db, call)
        return made, share_links.of_creation(db, made.id, now_us())

    def _own(self, db: Connection, call: AnyCall) -> Creation:
        found = store.one(db, call.path["creation_id"], call.actor.user_id, self.base_url)
        authorize(call.actor, Action.POST_EDIT, found.user_id)
        return found

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", OWN_PATH, Action.SITE_READ, self.own),
            Page("GET", PATH, Action.POST_EDIT, self.show),
            Page("POST", PATH, Action.POST_EDIT, self.make, form=True),
            Page("POST", f"{PATH}/end", Action.POST_EDIT, self.end, form=True),
        ]


def _told(link: share_links.Link) -> tuple[str, str | None, str]:
    """When it was made, until when it works, who edits by it."""
    until = None if link.expires_us is None else rfc3339(link.expires_us)
    editors = EDITORS["anybody" if link.guests_may_edit else "accounts" if link.may_edit else ""]
    return rfc3339(link.created_us), until, editors
