"""/api/v1/creations: what is made in the studio."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.keys import key_of
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.features.creations import api as creations
from relay.features.studio.writing import Writing
from relay.wire import creation_operations as wire
from relay.wire.creations import (
    Creation,
    CreationEdit,
    CreationPage,
    NewCreation,
    OfKind,
    ScoresCompared,
    ScoreVersions,
    Versions,
    VersionScore,
)
from relay.wire.operation import Nothing, Paging
from relay.wire.rest import PostDeleted

Bare = Call[Nothing, Nothing]


class WritingOperations:
    """[loop]"""

    def __init__(self, writing: Writing, owning: creations.Owning) -> None:
        self._writing = writing
        self._owning = owning

    async def make(self, call: Call[NewCreation, Nothing]) -> Creation:
        return await self._writing.make(call.actor, call.body, key_of(call.headers))

    async def one(self, call: Bare) -> Creation:
        return await self._writing.one(call.actor.user_id, call.path["creation_id"])

    async def save(self, call: Call[CreationEdit, Nothing]) -> Creation:
        return await self._writing.save(call.actor, call.path["creation_id"], call.body)

    async def delete(self, call: Bare) -> PostDeleted:
        return await self._owning.delete(call.actor, call.path["creation_id"])

    async def mine(self, call: Call[Nothing, OfKind]) -> CreationPage:
        at = creations.position(call.account_id, call.query.cursor, call.query.limit)
        return await self._writing.of_owner(call.account_id, call.query.kind, at)

    async def of_person(self, call: Call[Nothing, OfKind]) -> CreationPage:
        at = creations.position(call.actor.user_id, call.query.cursor, call.query.limit)
        return await self._writing.of_owner(call.path["name"], call.query.kind, at)

    async def fork(self, call: Bare) -> Creation:
        return await self._writing.fork(call.actor, call.path["creation_id"])

    async def fork_shared(self, call: Bare) -> Creation:
        return await self._writing.fork_shared(call.actor, call.path["token"])

    async def forks(self, call: Call[Nothing, Paging]) -> CreationPage:
        at = creations.position(call.actor.user_id, call.query.cursor, call.query.limit)
        return await self._writing.forks(call.path["creation_id"], at)

    async def versions(self, call: Bare) -> ScoreVersions:
        return await self._writing.versions(call.actor, call.path["creation_id"])

    async def version(self, call: Bare) -> VersionScore:
        return await self._writing.version(call.actor, call.path["creation_id"], number_of(call.path["n"]))

    async def restore(self, call: Bare) -> Creation:
        return await self._writing.restore(call.actor, call.path["creation_id"], number_of(call.path["n"]))

    async def compare(self, call: Call[Nothing, Versions]) -> ScoresCompared:
        return await self._writing.compare(call.actor, call.path["creation_id"], call.query)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.MAKE_CREATION, Action.SCORE_CREATE, self.make),
            Row(wire.GET_CREATION, Action.POST_READ, self.one),
            Row(wire.SAVE_CREATION, Action.POST_EDIT, self.save, limit=Kind.SAVE),
            Row(wire.DELETE_CREATION, Action.POST_DELETE, self.delete),
            Row(wire.MY_CREATIONS, Action.OWN_LISTS, self.mine),
            Row(wire.CREATIONS_OF, Action.FEED_READ, self.of_person),
            Row(wire.FORK_CREATION, Action.SCORE_CREATE, self.fork),
            Row(wire.FORK_SHARED, Action.SCORE_CREATE, self.fork_shared),
            Row(wire.FORKS, Action.POST_READ, self.forks),
            Row(wire.SCORE_VERSIONS, Action.POST_EDIT, self.versions),
            Row(wire.SCORE_VERSION, Action.POST_EDIT, self.version),
            Row(wire.RESTORE_SCORE, Action.POST_EDIT, self.restore),
            Row(wire.COMPARE_SCORES, Action.POST_EDIT, self.compare),
        ]


def number_of(text: str) -> int:
    """Of a version, as an address names it. Raises Refusal: not_found."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refusal("not_found", "There is no such version.")
    return int(text)
