"""/api/loops, /api/songs, /api/shared, /api/users: a music playground's interface, as views of the studio's creations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.dashed_ids import bare
from relay.core.limits import Kind
from relay.core.times import rfc3339
from relay.features.creations import api as creations
from relay.features.studio import beat_views, views
from relay.features.studio.sharing import Sharing, require_kind
from relay.features.studio.writing import Writing
from relay.wire import playground as shapes
from relay.wire import playground_operations as wire
from relay.wire.creations import Creation, CreationEdit, CreationItem, NewCreation
from relay.wire.operation import AnyOperation, Nothing
from relay.wire.rest import MAX_PAGE, ShownTo
from relay.wire.scores import Score

SHARE_PATH = "/loop/"
Bare = Call[Nothing, Nothing]
Given = Any  # any: the shapes of loops or of songs, as the row of a view names them


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One kind of creation as this interface says it. listed: a page of it, with how many there are, its number, and whether it is the last."""

    kind: str
    score: Callable[[Given], Score]
    patched: Callable[[Score, Given], Score]
    summary: Callable[[CreationItem], Given]
    whole: Callable[[Creation], Given]
    listed: Callable[[list[Given], int, int, bool], Given]


LOOPS = View(
    kind="loop",
    score=views.loop_score,
    patched=views.patched_loop,
    summary=views.loop_summary,
    whole=views.loop,
    listed=lambda found, total, page, more: shapes.LoopPage(
        loops=found, total=total, page=page, has_more=more
    ),
)
SONGS = View(
    kind="song",
    score=views.song_score,
    patched=views.patched_song,
    summary=views.song_summary,
    whole=views.song,
    listed=lambda found, total, page, more: shapes.SongPage(
        songs=found, total=total, page=page, has_more=more
    ),
)
VIEWS = {view.kind: view for view in (LOOPS, SONGS)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What one does with the creations of one view. [loop]"""

    view: View
    writing: Writing
    sharing: Sharing
    owning: creations.Owning
    base_url: str

    async def listed(self, call: Call[Nothing, shapes.PageQuery]) -> Given:
        query = call.query
        found, total = await self.sharing.numbered(
            call.account_id, (self.view.kind,), page=query.page, limit=query.limit, public=query.public
        )
        more = query.page * query.limit < total
        return self.view.listed([self.view.summary(each) for each in found], total, query.page, more)

    async def make(self, call: Call[Given, Nothing]) -> Given:
        given = call.body
        new = NewCreation(score=self.view.score(given), visibility=_shown_to(given.is_public))
        return self.view.whole(await self.writing.make(call.actor, new))

    async def one(self, call: Bare) -> Given:
        return self.view.whole(await self._found(call))

    async def edit(self, call: Call[Given, Nothing]) -> Given:
        found, patch = await self._found(call), call.body
        shown_to = None if patch.is_public is None else _shown_to(patch.is_public)
        edit = CreationEdit(score=self.view.patched(found.score, patch), visibility=shown_to)
        return self.view.whole(await self.writing.save(call.actor, found.id, edit))

    async def delete(self, call: Bare) -> shapes.Succeeded:
        found = await self._found(call)
        await self.owning.delete(call.actor, found.id)
        return shapes.Succeeded()

    async def fork(self, call: Bare) -> Given:
        found = await self._found(call)
        return self.view.whole(await self.writing.fork(call.actor, found.id))

    async def share(self, call: Call[shapes.ShareRequest, Nothing]) -> shapes.ShareLink:
        found = await self._found(call)
        token, expires_us = await self.sharing.share(
            call.actor, found.id, call.body.expires_in, may_edit=call.body.may_edit
        )
        return shapes.ShareLink(
            share_url=f"{self.base_url}{SHARE_PATH}{token}",
            share_token=token,
            expires_at=None if expires_us is None else rfc3339(expires_us),
        )

    async def _found(self, call: Call[Any, Any]) -> Creation:  # any: with a body or without
        found = await self.writing.one(call.actor.user_id, bare(call.path["creation_id"]))
        return require_kind(found, self.view.kind)


def rows(writing: Writing, sharing: Sharing, owning: creations.Owning, base_url: str) -> list[AnyRow]:
    loops, songs = (
        Shelf(view=view, writing=writing, sharing=sharing, owning=owning, base_url=base_url)
        for view in (LOOPS, SONGS)
    )

    async def shared(call: Bare) -> Answer[shapes.Shared]:
        found, owner = await sharing.shared(call.actor.user_id, call.path["token"])
        view = VIEWS.get(found.kind)
        data = beat_views.pattern(found, owner) if view is None else view.whole(found)
        value = shapes.Shared(
            resource_type="pattern" if view is None else "song" if view is SONGS else "loop",
            data=msgspec.Raw(msgspec.json.encode(data)),
            owner=shapes.SharedOwner(display_name=owner.display_name, avatar_url=owner.avatar),
        )
        return Answer(value=value, headers={"cache-control": "private, no-cache"})

    async def viewed(call: Bare) -> shapes.Viewed:
        return shapes.Viewed(view_count=await sharing.view(call.actor.user_id, call.path["token"]))

    async def profile(call: Bare) -> shapes.PublicProfile:
        viewer, name = call.actor.user_id, bare(call.path["username"])
        person, (theirs, songs_of) = await sharing.public_of(viewer, name, tuple(VIEWS), MAX_PAGE)
        return shapes.PublicProfile(
            username=person.username,
            display_name=person.display_name,
            avatar_url=person.avatar,
            public_loops=[views.loop_summary(each) for each in theirs],
            public_songs=[views.song_summary(each) for each in songs_of],
            **await _also_by_id(viewer, name, person.id),
        )

    async def _also_by_id(viewer: str | None, name: str, id_: str) -> dict[str, Any]:
        """A username is never as long as an id, so that it is known whose interface asks."""
        if name != id_:
            return {}
        return {"success": True, "data": await sharing.public_user(viewer, id_)}

    return [
        *_rows_of(
            loops, wire.LOOPS, wire.MAKE_LOOP, wire.LOOP, wire.EDIT_LOOP, wire.DELETE_LOOP, wire.SHARE_LOOP
        ),
        *_rows_of(
            songs, wire.SONGS, wire.MAKE_SONG, wire.SONG, wire.EDIT_SONG, wire.DELETE_SONG, wire.SHARE_SONG
        ),
        Row(wire.FORK_LOOP, Action.SCORE_CREATE, loops.fork),
        Row(wire.SHARED, Action.POST_READ, shared, limit=Kind.LIBRARY),
        Row(wire.VIEW_SHARED, Action.POST_READ, viewed),
        Row(wire.PUBLIC_PROFILE, Action.PROFILE_READ, profile, limit=Kind.LIBRARY),
    ]


def _rows_of(shelf: Shelf, *operations: AnyOperation) -> list[AnyRow]:
    """operations: list, make, one, edit, delete, share."""
    listed, make, one, edit, delete, share = operations
    return [
        Row(listed, Action.OWN_LISTS, shelf.listed, limit=Kind.LIBRARY),
        Row(make, Action.SCORE_CREATE, shelf.make),
        Row(one, Action.POST_READ, shelf.one, limit=Kind.LIBRARY),
        Row(edit, Action.POST_EDIT, shelf.edit),
        Row(delete, Action.POST_DELETE, shelf.delete),
        Row(share, Action.POST_EDIT, shelf.share),
    ]


def _shown_to(is_public: bool) -> ShownTo:
    return "public" if is_public else "private"
