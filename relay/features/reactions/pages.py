"""What one does with a post as forms that need no script, who did, and what one has saved: pages."""

from dataclasses import dataclass

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.local_path import local_path
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.reactions.keeping import Keeping
from relay.features.reactions.lists import Lists
from relay.wire.operations import ManyPaging, Paging, ReactionPaging
from relay.wire.rest import DEFAULT_PAGE, PageCursor, RepostRequest

MAX_WORD = 280
PER_PAGE = 50


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a page of a list."""

    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReactionPages:
    """[loop]"""

    keeping: Keeping
    lists: Lists
    render: Render

    async def saved(self, call: AnyCall) -> AnyAnswer:
        paging = Paging(cursor=call.query.cursor, limit=DEFAULT_PAGE)
        details, more = await self.lists.saved_details(call.account_id, paging)
        return self.render("saved.html", call.session, here="saved", details=details, next=more)

    async def people(self, call: AnyCall) -> AnyAnswer:
        post_id, viewer, which = call.path["post_id"], call.actor.user_id, call.path["who"]
        given = {"cursor": call.query.cursor, "limit": PER_PAGE}
        if which == "likes":
            found = await self.lists.likes(viewer, post_id, ManyPaging(**given))
            shown = [(each.user, each.reaction.emoji, "") for each in found.reactions]
        elif which == "reactions":
            found = await self.lists.reactions(viewer, post_id, ReactionPaging(**given))
            shown = [(each.user, each.reaction.emoji, "") for each in found.reactions]
        elif which == "reposts":
            reposts = await self.lists.reposts(viewer, post_id, ManyPaging(**given))
            shown = [(each.user, "", each.text) for each in reposts.reposts]
            return self.render(
                "who.html", call.session, which=which, post_id=post_id, shown=shown, next=reposts.next
            )
        else:
            raise Refusal("not_found", "There is nothing at this address.")
        return self.render(
            "who.html", call.session, which=which, post_id=post_id, shown=shown, next=found.next
        )

    async def act(self, call: AnyCall) -> AnyAnswer:
        """The form fields `next`, a path of ours, and of a repost `text`."""
        post_id, me = call.path["post_id"], call.account_id
        match call.path["who"]:
            case "save" | "unsave" as deed:
                await self.keeping.save(me, post_id, deed == "save")
            case "repost":
                text = call.form.get("text", "").replace("\r\n", "\n").strip()
                if len(text) > MAX_WORD:
                    raise Refusal("validation", f"A word to it has at most {MAX_WORD} characters.")
                await self.keeping.repost(me, RepostRequest(post_id=post_id, text=text))
            case "unrepost":
                await self.keeping.unrepost(me, post_id)
            case _:
                raise Refusal("not_found", "There is nothing at this address.")
        return go_to(local_path(call.form.get("next", f"/p/{post_id}")))


def rows(keeping: Keeping, lists: Lists, render: Render) -> list[AnyRow]:
    pages = ReactionPages(keeping=keeping, lists=lists, render=render)
    return [
        Page("GET", "/saved", Action.OWN_LISTS, pages.saved, query=OnPage),
        Page("GET", "/p/{post_id}/{who}", Action.POST_READ, pages.people, query=OnPage),
        Page("POST", "/p/{post_id}/{who}", Action.POST_SAVE, pages.act, form=True),
    ]
