"""/api/v1/feed: newest first, in pages."""

from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from relay.app.gate import ActorDep, PartsDep, operation
from relay.core.access import Action
from relay.services.posts import page
from relay.wire.rest import DEFAULT_PAGE, MAX_PAGE, FeedPage

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="posts per page")]
Cursor = Annotated[str | None, QueryParameter(max_length=128, description="`next` of the page before")]


@get("/global", opt=operation(Action.FEED_READ), tags=["feed"])
async def global_feed(
    parts: PartsDep, actor: ActorDep, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> FeedPage:
    """Everybody's posts."""
    return page(await parts.posts.newest(actor.user_id, cursor, limit))


@get("/timeline", opt=operation(Action.TIMELINE_READ), tags=["feed"])
async def timeline(
    parts: PartsDep, actor: ActorDep, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> FeedPage:
    """Posts of those you follow, and yours."""
    return page(await parts.posts.timeline(str(actor.user_id), cursor, limit))


@get("/user/{name:str}", opt=operation(Action.FEED_READ), tags=["feed"])
async def user_feed(
    name: FromPath[str], parts: PartsDep, actor: ActorDep, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> FeedPage:
    """Posts of one person, by id or username."""
    owner = await parts.accounts.find(name)
    return page(await parts.posts.of(owner.id, actor.user_id, cursor, limit))


router = Router("/feed", route_handlers=[global_feed, timeline, user_feed])
