"""/api/patterns, /api/machines: a beat machine's interface, as views of the studio's machines and patterns."""

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.dashed_ids import bare
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.features.creations import api as creations
from relay.features.studio import beat_machines
from relay.features.studio import beat_views as views
from relay.features.studio.beat_list import Asked
from relay.features.studio.comparing import changes
from relay.features.studio.playground_operations import SHARE_PATH
from relay.features.studio.rendering import Rendering
from relay.features.studio.rendering_operations import file_answer
from relay.features.studio.sharing import Sharing
from relay.features.studio.writing import Writing
from relay.features.studio.writing_operations import number_of
from relay.wire import beat_operations as wire
from relay.wire import beats as shapes
from relay.wire.beats import Success
from relay.wire.creations import Creation, CreationEdit, NewCreation, Versions
from relay.wire.operation import AudioBytes, Nothing, SentFile
from relay.wire.rest import Confirmation, Producer, ShownTo

Bare = Call[Nothing, Nothing]


class Patterns:
    """[loop]"""

    def __init__(
        self,
        *,
        writing: Writing,
        sharing: Sharing,
        rendering: Rendering,
        owning: creations.Owning,
        base_url: str,
    ) -> None:
        self._writing = writing
        self._sharing = sharing
        self._rendering = rendering
        self._owning = owning
        self._base_url = base_url

    # lists ------------------------------------------------------------------------------------------------------

    async def everybodys(self, call: Call[Nothing, shapes.PatternsQuery]) -> Success[shapes.PatternPage]:
        query = call.query
        owner = None if query.user_id is None else await self._sharing.person(bare(query.user_id))
        asked = Asked(
            viewer=call.actor.user_id or "",
            sort=query.sort,
            style=None if query.flavor is None else views.style_of(query.flavor),
            owner_id=None if owner is None else owner.id,
            words=query.search.strip(),
            first=(query.page - 1) * query.limit,
            limit=query.limit,
        )
        found, total, people = await self._sharing.listed(asked)
        return Success(
            data=shapes.PatternPage(
                patterns=[views.summary(each, people[each.user_id]) for each in found],
                pagination=shapes.pages_of(query.page, query.limit, total),
            )
        )

    async def mine(self, call: Call[Nothing, shapes.MineQuery]) -> Success[shapes.PatternPage]:
        query = call.query
        public = None if query.include_private else True
        found, total = await self._sharing.numbered(
            call.account_id, views.KINDS, page=query.page, limit=query.limit, public=public
        )
        me = await self._sharing.person(call.account_id)
        return Success(
            data=shapes.PatternPage(
                patterns=[views.summary(each, me) for each in found],
                pagination=shapes.pages_of(query.page, query.limit, total),
            )
        )

    # one --------------------------------------------------------------------------------------------------------

    async def make(self, call: Call[shapes.PatternGiven, Nothing]) -> Success[shapes.Pattern]:
        return await self._make(call.actor, call.body)

    async def _make(self, actor: Actor, given: shapes.PatternGiven) -> Success[shapes.Pattern]:
        """Of a guest it is private, whatever was said: that is how a guest makes anything."""
        shown_to = _shown_to(given.is_public and not actor.is_guest)
        new = NewCreation(score=views.score_of(given), visibility=shown_to)
        return await self._whole(await self._writing.make(actor, new))

    async def take(
        self, call: Call[Any, shapes.ImportQuery]
    ) -> Success[shapes.Pattern]:  # any: a file, or a pattern
        if not isinstance(call.body, SentFile):
            return await self._make(call.actor, call.body)
        score, told = await self._rendering.from_midi(call.body.data, "pattern", call.query.title)
        score = replace(score, description=" ".join(told))
        return await self._whole(await self._writing.make(call.actor, NewCreation(score=score)))

    async def one(self, call: Bare) -> Success[shapes.Pattern]:
        return await self._whole(await self._found(call))

    async def edit(self, call: Call[shapes.PatternEdit, Nothing]) -> Success[shapes.Pattern]:
        found, edit = await self._found(call), call.body
        changed = CreationEdit(
            score=views.edited(found.score, edit),
            version=found.version,
            note=edit.note,
            visibility=None if edit.is_public is None else _shown_to(edit.is_public),
        )
        return await self._whole(await self._writing.save(call.actor, found.id, changed))

    async def delete(self, call: Bare) -> Success[Confirmation]:
        found = await self._found(call)
        await self._owning.delete(call.actor, found.id)
        return Success(data=Confirmation(message="Pattern deleted successfully"))

    async def fork(self, call: Bare) -> Success[shapes.Pattern]:
        found = await self._found(call)
        return await self._whole(await self._writing.fork(call.actor, found.id, views.FORKED))

    async def share(self, call: Call[shapes.PatternShareRequest, Nothing]) -> Success[shapes.PatternShare]:
        found = await self._found(call)
        token, expires_us = await self._sharing.share(
            call.actor, found.id, call.body.expires_in, may_edit=call.body.may_edit
        )
        return Success(
            data=shapes.PatternShare(
                share_url=f"{self._base_url}{SHARE_PATH}{token}",
                share_token=token,
                expires_at=None if expires_us is None else rfc3339(expires_us),
            )
        )

    async def export(self, call: Call[Nothing, shapes.ExportQuery]) -> Answer[AudioBytes]:
        found = await self._found(call)
        if call.query.format == "midi":
            title, data = await self._rendering.midi(call.actor.user_id, found.id)
            return file_answer(f"{title}.mid", data, "audio/midi")
        data = msgspec.json.format(msgspec.json.encode(views.file_of(found)), indent=1)
        return file_answer(f"{found.title}.json", data, "application/json")

    # versions ---------------------------------------------------------------------------------------------------

    async def versions(self, call: Bare) -> Success[shapes.SavedVersions]:
        found = await self._found(call)
        saved = await self._writing.versions(call.actor, found.id)
        return Success(
            data=shapes.SavedVersions(
                versions=[
                    shapes.SavedVersion(
                        n=each.n, note=each.note, created_at=each.created_at, current=each.current
                    )
                    for each in saved.versions
                ]
            )
        )

    async def version(self, call: Bare) -> Success[shapes.PatternVersion]:
        found, n = await self._found(call), number_of(call.path["n"])
        return Success(data=views.version(await self._writing.version(call.actor, found.id, n)))

    async def restore(self, call: Bare) -> Success[shapes.Pattern]:
        found, n = await self._found(call), number_of(call.path["n"])
        return await self._whole(await self._writing.restore(call.actor, found.id, n))

    async def compare(self, call: Call[Nothing, Versions]) -> Success[shapes.PatternsCompared]:
        found = await self._found(call)
        b = found.version if call.query.b is None else call.query.b
        a = max(b - 1, 1) if call.query.a is None else call.query.a
        was, now = [
            msgspec.to_builtins(
                views.content_of((await self._writing.version(call.actor, found.id, n)).score)
            )
            for n in (a, b)
        ]
        told, more = await asyncio.to_thread(changes, was, now)
        return Success(data=shapes.PatternsCompared(a=a, b=b, changes=told, more=more))

    # ------------------------------------------------------------------------------------------------------------

    async def _found(self, call: Call[Any, Any]) -> Creation:  # any: with a body or without
        """Raises Refusal: not_found, gone."""
        found = await self._writing.one(call.actor.user_id, bare(call.path["creation_id"]))
        if found.kind not in views.KINDS:
            raise Refusal("not_found", "There is no such pattern.")
        return found

    async def _whole(self, made: Creation) -> Success[shapes.Pattern]:
        author: Producer = await self._sharing.person(made.user_id)
        return Success(data=views.pattern(made, author))

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.PATTERNS, Action.FEED_READ, self.everybodys),
            Row(wire.MY_PATTERNS, Action.OWN_LISTS, self.mine, limit=Kind.LIBRARY),
            Row(wire.MAKE_PATTERN, Action.SCORE_CREATE, self.make),
            Row(wire.IMPORT_PATTERN, Action.SCORE_CREATE, self.take),
            Row(wire.ONE_PATTERN, Action.POST_READ, self.one, limit=Kind.LIBRARY),
            Row(wire.EDIT_PATTERN, Action.POST_EDIT, self.edit, limit=Kind.SAVE),
            Row(wire.DELETE_PATTERN, Action.POST_DELETE, self.delete),
            Row(wire.FORK_PATTERN, Action.SCORE_CREATE, self.fork),
            Row(wire.SHARE_PATTERN, Action.POST_EDIT, self.share),
            Row(wire.EXPORT_PATTERN, Action.POST_READ, self.export, limit=Kind.MEDIA),
            Row(wire.PATTERN_VERSIONS, Action.POST_EDIT, self.versions),
            Row(wire.PATTERN_VERSION, Action.POST_EDIT, self.version),
            Row(wire.RESTORE_PATTERN, Action.POST_EDIT, self.restore),
            Row(wire.COMPARE_PATTERN, Action.POST_EDIT, self.compare),
            *beat_machines.rows(),
        ]


def _shown_to(is_public: bool) -> ShownTo:
    return "public" if is_public else "private"
