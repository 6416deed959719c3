"""/api/v1/social and /api/v1/users: following, liking, profiles."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from relay.app.gate import ActorDep, PartsDep, operation
from relay.app.parts import Parts
from relay.core.access import Action
from relay.core.presence import OFFLINE
from relay.core.text import require_printable
from relay.services.clock import now_us
from relay.wire.rest import (
    MAX_PAGE,
    AudioPost,
    Followed,
    FollowRequest,
    LikeRequest,
    People,
    Producer,
    Reacted,
    ReactRequest,
)

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="people")]


@post("/follow", opt=operation(Action.FOLLOW), status_code=200, tags=["social"])
async def follow(data: JSONBody[FollowRequest], parts: PartsDep, actor: ActorDep) -> Followed:
    """Follow somebody, by id or username. Following twice is following once."""
    return await parts.social.follow(str(actor.user_id), data)


@post("/unfollow", opt=operation(Action.FOLLOW), status_code=200, tags=["social"])
async def unfollow(data: JSONBody[FollowRequest], parts: PartsDep, actor: ActorDep) -> Followed:
    """Follow somebody no longer."""
    return await parts.social.unfollow(str(actor.user_id), data)


@post("/like", opt=operation(Action.POST_LIKE), status_code=200, tags=["social"])
async def like(data: JSONBody[LikeRequest], parts: PartsDep, actor: ActorDep) -> AudioPost:
    """Like a post."""
    require_printable(data.emoji)
    return await parts.social.like(str(actor.user_id), data)


@post("/unlike", opt=operation(Action.POST_LIKE), status_code=200, tags=["social"])
async def unlike(data: JSONBody[LikeRequest], parts: PartsDep, actor: ActorDep) -> AudioPost:
    """Take a like back."""
    return await parts.social.unlike(str(actor.user_id), data)


@post("/react", opt=operation(Action.POST_REACT), status_code=200, tags=["social"])
async def react(data: JSONBody[ReactRequest], parts: PartsDep, actor: ActorDep) -> Reacted:
    """React to a post with one of the emoji; at most three different ones of yours stand at a post."""
    return await parts.reactions.react(str(actor.user_id), data)


@post("/unreact", opt=operation(Action.POST_REACT), status_code=200, tags=["social"])
async def unreact(data: JSONBody[ReactRequest], parts: PartsDep, actor: ActorDep) -> AudioPost:
    """Take a reaction back, by its emoji."""
    return await parts.reactions.unreact(str(actor.user_id), data)


@delete("/react/{reaction_id:str}", opt=operation(Action.REACTION_REMOVE), status_code=200, tags=["social"])
async def remove_reaction(reaction_id: FromPath[str], parts: PartsDep, actor: ActorDep) -> AudioPost:
    """Take a reaction of yours back, by its id."""
    return await parts.reactions.remove(actor, reaction_id)


@get("/me", opt=operation(Action.ACCOUNT_READ), tags=["users"])
async def me(parts: PartsDep, actor: ActorDep) -> Producer:
    """Your own profile."""
    return with_presence(parts, await parts.accounts.profile(str(actor.user_id)))


@get("/{name:str}", opt=operation(Action.PROFILE_READ), tags=["users"])
async def user(name: FromPath[str], parts: PartsDep) -> Producer:
    """A public profile, by id or username."""
    return with_presence(parts, await parts.accounts.find(name))


@get("/{name:str}/followers", opt=operation(Action.PROFILE_READ), tags=["users"])
async def followers(name: FromPath[str], parts: PartsDep, limit: Limit = MAX_PAGE) -> People:
    """Who follows them, newest first."""
    return People(users=await parts.social.followers(name, limit))


@get("/{name:str}/following", opt=operation(Action.PROFILE_READ), tags=["users"])
async def following(name: FromPath[str], parts: PartsDep, limit: Limit = MAX_PAGE) -> People:
    """Whom they follow, newest first."""
    return People(users=await parts.social.following(name, limit))


def with_presence(parts: Parts, producer: Producer) -> Producer:
    seen = parts.hub.leases.visible(producer.id, now_us())
    return msgspec.structs.replace(producer, is_live=seen.status not in (OFFLINE, "away"))


social_router = Router(
    "/social", route_handlers=[follow, unfollow, like, unlike, react, unreact, remove_reaction]
)
users_router = Router("/users", route_handlers=[me, user, followers, following])
