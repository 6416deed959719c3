"""Lists of people, and what one does with people, as pages and forms that need no script."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.local_path import local_path
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.graph.lists import List, Relation
from relay.features.graph.service import Graph
from relay.wire.operations import ManyPaging
from relay.wire.rest import FollowRequest, PageCursor, People

PER_PAGE = 50
Relations = dict[str, Relation]
"""By the account's id."""


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a page of people."""

    cursor: PageCursor | None = None


class Words(Struct, frozen=True, kw_only=True):
    """What stands on a list's page. deeds: (path segment, label) of what may be done with each person on it."""

    heading: str
    empty: str
    deeds: tuple[tuple[str, str], ...] = ()


OWN = {
    "/follow-requests": (
        List.REQUESTS,
        Words(
            heading="Who asks to follow you",
            empty="Nobody is waiting for your answer.",
            deeds=(("accept", "Let them"), ("decline", "Not now")),
        ),
    ),
    "/settings/blocked": (
        List.BLOCKED,
        Words(heading="Whom you block", empty="You block nobody.", deeds=(("unblock", "Unblock"),)),
    ),
    "/settings/muted": (
        List.MUTED,
        Words(heading="Whom you mute", empty="You mute nobody.", deeds=(("unmute", "Unmute"),)),
    ),
}
AROUND = {
    "followers": (List.FOLLOWERS, "Followers of {name}", "Nobody follows {name} yet."),
    "following": (List.FOLLOWING, "Whom {name} follows", "{name} follows nobody yet."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphPages:
    """[loop]"""

    graph: Graph
    render: Render

    def _show(
        self, call: AnyCall, found: People, words: Words, here: str = "", relations: Relations | None = None
    ) -> AnyAnswer:
        """here: its place among the settings. relations: of who looks to those who have a button to follow."""
        return self.render(
            "people.html",
            call.session,
            here=here,
            words=words,
            people=found.users,
            next=found.next,
            relations=relations or {},
        )

    def own(self, path: str) -> Callable[[AnyCall], Awaitable[AnyAnswer]]:
        which, words = OWN[path]

        async def page(call: AnyCall) -> AnyAnswer:
            found = await self.graph.own(which, call.account_id, _paging(call))
            return self._show(call, found, words, here=path)

        return page

    async def around(self, call: AnyCall) -> AnyAnswer:
        name, kind = call.path["username"], call.path["list"]
        if kind not in AROUND:
            raise Refusal("not_found", "There is nothing at this address.")
        which, heading, empty = AROUND[kind]
        found = await self.graph.around(which, name, call.actor.user_id, _paging(call))
        words = Words(heading=heading.format(name=name), empty=empty.format(name=name))
        viewer = call.actor.user_id if call.session else None
        relations = await self.graph.relations(viewer, [each.id for each in found.users])
        return self._show(call, found, words, relations=relations)

    async def act(self, call: AnyCall) -> AnyAnswer:
        """The form field `next`: a path of ours."""
        name, me = call.path["username"], call.account_id
        whom = FollowRequest(username=name)
        match call.path["deed"]:
            case "follow":
                await self.graph.follow(me, whom)
            case "unfollow":
                await self.graph.unfollow(me, whom)
            case "remove-follower":
                await self.graph.remove_follower(me, whom)
            case "accept":
                await self.graph.accept(me, name)
            case "decline":
                await self.graph.decline(me, name)
            case "block" | "unblock" as deed:
                await self.graph.block(me, whom, deed == "block")
            case "mute" | "unmute" as deed:
                await self.graph.mute(me, whom, deed == "mute")
            case _:
                raise Refusal("not_found", "There is nothing at this address.")
        return go_to(local_path(call.form.get("next", f"/@{name}")))


def rows(graph: Graph, render: Render) -> list[AnyRow]:
    pages = GraphPages(graph=graph, render=render)
    return [
        *(Page("GET", path, Action.OWN_LISTS, pages.own(path), query=OnPage) for path in OWN),
        Page("GET", "/@{username}/{list}", Action.PROFILE_READ, pages.around, query=OnPage),
        Page("POST", "/people/{username}/{deed}", Action.FOLLOW, pages.act, form=True),
    ]


def _paging(call: AnyCall) -> ManyPaging:
    return ManyPaging(cursor=call.query.cursor, limit=PER_PAGE)
