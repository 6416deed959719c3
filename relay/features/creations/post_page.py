"""A post's own page: the sound, what is said of it and who likes it, how one shares it, what its author is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Call, Page, Render
from relay.core.refusal import Refusal
from relay.core.visibility import State
from relay.engine.database import Connection, Database
from relay.features.creations import embeds, posts
from relay.features.creations.lineage import lineage
from relay.features.creations.posts import Detail
from relay.features.creations.score_view import ScoreView, score_view
from relay.features.creations.terms import details, terms_of
from relay.features.graph import api as graph
from relay.features.moderation import api as moderation
from relay.features.reactions import api as reactions
from relay.wire import operations as wire
from relay.wire.comments import CommentPage
from relay.wire.owning import ForkedFrom, PostDetails
from relay.wire.rest import PageCursor, Producer


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a post's page. cursor: of its comments; what else stands in a link that somebody passed on does not matter."""

    cursor: PageCursor | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """All that the page is made of. relation: of the viewer to its author. hidden_why: of a moderator; None: it is not hidden.

    lineage: what it was made from, nearest first. score: of what was made in the studio.
    """

    detail: Detail
    terms: PostDetails
    lineage: list[ForkedFrom]
    is_public: bool
    comments: CommentPage
    likers: list[Producer]
    relation: graph.Relation
    hidden_why: str | None
    score: ScoreView | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PostPage:
    """comments: a page of those on a post, for a viewer, before a place. beside: what is recommended beside a post, for a viewer. [loop]"""

    db: Database
    base_url: str
    comments: Callable[[Connection, str | None, str, str | None], CommentPage]
    beside: Callable[[str, str], Awaitable[Struct]]
    render: Render

    async def show(self, call: Call[Any, OnPage]) -> Answer[Any]:  # any: a page has no value of a type
        post_id, viewer = call.path["post_id"], call.actor.user_id
        seen = await self.db.read(lambda db: self._seen(db, viewer, post_id, call.query.cursor))
        post, beside = seen.detail.post, await self.beside(post_id, viewer or "")
        return self.render(
            "single.html",
            call.session,
            detail=seen.detail,
            terms=seen.terms,
            lineage=seen.lineage,
            frame=embeds.frame_of(post.id, self.base_url) if seen.is_public else "",
            discovery=embeds.discovery_of(post, self.base_url) if seen.is_public else "",
            image=self.base_url + wire.GET_IMAGE.at(post_id=post_id),
            comments=seen.comments,
            likers=seen.likers,
            relation=seen.relation,
            hidden_why=seen.hidden_why,
            score=seen.score,
            beside=beside,
        )

    def _seen(self, db: Connection, viewer: str | None, post_id: str, cursor: str | None) -> Seen:
        """Raises Refusal: not_found, gone, cursor_invalid."""
        detail = posts.one(db, post_id, viewer, self.base_url)
        is_hidden = terms_of(db, post_id).state is State.HIDDEN
        return Seen(
            detail=detail,
            terms=details(db, detail.post, viewer, self.base_url),
            lineage=lineage(db, post_id, viewer),
            is_public=posts.is_embeddable(db, post_id),
            comments=self.comments(db, viewer, post_id, cursor),
            likers=reactions.likers(db, viewer, post_id) if detail.post.like_count else [],
            relation=graph.relation(db, viewer, detail.post.user_id),
            hidden_why=moderation.why(db, "hide", "post", post_id) if is_hidden else None,
            score=score_view(db, post_id, detail.post.user_id),
        )

    async def score(self, call: AnyCall) -> AnyAnswer:
        """What a player in a list asks for when it is pressed."""
        creation_id, viewer = call.path["creation_id"], call.actor.user_id

        def work(db: Connection) -> ScoreView | None:
            made = posts.one(db, creation_id, viewer, self.base_url)
            return score_view(db, creation_id, made.post.user_id)

        found = await self.db.read(work)
        if found is None:
            raise Refusal("not_found", "This was not made in the studio: it has no score.")
        return Answer(content=found.data.encode(), media_type="application/json")

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", "/p/{post_id}", Action.POST_READ, self.show, query=OnPage),
            Page("GET", "/creations/{creation_id}/score", Action.POST_READ, self.score, machine=True),
        ]
