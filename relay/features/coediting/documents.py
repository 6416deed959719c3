"""Documents as the CRDT library has them: made of updates, read as trees, changed by edits. The only module that knows it.

It is imported when the first document is opened: it costs a start half a second, and most relays none.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from relay.features.coediting.trees import Edit, Tree
from relay.features.coediting.updates import ROOT

if TYPE_CHECKING:
    from pycrdt import Map

MAX_DEPTH = 4
MAX_MAPS = 4_096
"""Of one document, those included that are gone and not yet forgotten: maps in maps are followed as deep as they go."""


class Document:
    """[the thread that made it]"""

    def __init__(self, updates: Iterable[bytes] = ()) -> None:
        """Blocks for half a second the first time."""
        from pycrdt import Doc, Map

        self._doc: Doc[Any] = Doc(allow_multithreading=True)
        self._root: Map[Any] = self._doc.get(ROOT, type=Map)
        self._map = Map
        for each in updates:
            self.apply(each)

    def apply(self, update: bytes) -> None:
        """Of `updates.examined`. Raises BadUpdate."""
        try:
            self._doc.apply_update(update)
        except ValueError as error:
            raise BadUpdate(str(error)) from None

    @property
    def state(self) -> bytes:
        """How much of each client it has."""
        state: bytes = self._doc.get_state()
        return state

    def missing(self, state: bytes | None = None) -> bytes:
        """An update with what a document of this state has not; None: with everything. Raises BadUpdate."""
        try:
            update: bytes = self._doc.get_update(state)
            return update
        except ValueError as error:
            raise BadUpdate(str(error)) from None

    def tree(self) -> Tree:
        """Without what lies deeper than any score goes."""
        return self._plain(self._root, MAX_DEPTH)

    def _plain(self, found: "Map[Any]", depth: int) -> Tree:
        return {
            key: self._plain(value, depth - 1) if isinstance(value, self._map) else value
            for key, value in found.items()
            if depth or not isinstance(value, self._map)
        }

    def put(self, edits: Sequence[Edit]) -> bytes:
        """An update that says so. Edits of what is no longer there are left out."""
        before = self.state
        with self._doc.transaction():
            for edit in edits:
                self._put(edit)
        return self.missing(before)

    def _put(self, edit: Edit) -> None:
        *way, key = edit.path
        at = self._root
        for name in way:
            below = at.get(name)
            if not isinstance(below, self._map):
                return
            at = below
        if not edit.gone:
            at[key] = self._made(edit.value)
        elif key in at:
            del at[key]

    def _made(self, value: object) -> object:
        if isinstance(value, dict):
            return self._map({key: self._made(each) for key, each in value.items()})
        return value


class BadUpdate(Exception):
    """The library cannot take it."""


def merged(updates: Sequence[bytes]) -> bytes:
    """One that says what all of them say. [any]"""
    if len(updates) == 1:
        return updates[0]
    from pycrdt import merge_updates

    update: bytes = merge_updates(*updates)
    return update
