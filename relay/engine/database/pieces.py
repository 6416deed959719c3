"""Pieces of work that wait for the writer, taken in groups; and their answers, given in the loop."""

import asyncio
import queue
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from relay.engine.database.door import Connection, OnCommit, OnLost, Tx
from relay.engine.database.effects import Effect, EffectTypes


class Piece(msgspec.Struct, frozen=True):
    """work: of any result type; the caller's future has the right one. asked_s: of the monotonic clock."""

    work: Callable[[Tx], Any]
    future: "asyncio.Future[Any]"
    apart: bool
    asked_s: float


class Answer(msgspec.Struct, frozen=True):
    """What became of a piece of work: its result, or the error that whoever asked is to see."""

    piece: Piece
    result: object = None
    error: BaseException | None = None


class Group(msgspec.Struct):
    """What came of a group: its answers, and its effects if it committed."""

    answers: list[Answer]
    effects: list[Effect]


class Waiting:
    """The queue before a writer. [any]"""

    def __init__(self, max_group: int) -> None:
        self._max_group = max_group
        self._pieces: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()

    def put(self, piece: Piece) -> None:
        self._pieces.put(piece)

    def end(self) -> None:
        """No piece comes after those that wait."""
        self._pieces.put(None)

    def next_group(self) -> tuple[list[Piece], bool]:
        """Wait for a piece; it and whatever waits behind it. False: none will come any more. [writer]"""
        group: list[Piece] = []
        piece = self._pieces.get()
        while piece is not None:
            group.append(piece)
            if len(group) == self._max_group:
                return group, True
            try:
                piece = self._pieces.get_nowait()
            except queue.Empty:
                return group, True
        return group, False


def run_piece(
    piece: Piece, db: Connection, number: Callable[[], int], types: EffectTypes
) -> tuple[Any, list[Effect]]:
    """Its result and effects. Raises what it raises, and TypeError for effects that cannot be told. [writer]"""
    tx = Tx(db, number)
    result = piece.work(tx)
    types.check(tx.effects)
    if piece.apart and tx.effects:
        raise TypeError(
            "Work that runs apart has no place in the order of commits, so it can have no effects."
        )
    return result, tx.effects


class Teller:
    """Answers writers, and hands effects on, both in the loop. applied: the last number handed on. [loop]"""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_commit: OnCommit, on_lost: OnLost, applied: int
    ) -> None:
        self._loop = loop
        self._on_commit = on_commit
        self._on_lost = on_lost
        self.applied = applied

    def hand_on(self, commit: int, effects: Sequence[Effect]) -> None:
        """[any thread, in the order of numbers]"""
        self._loop.call_soon_threadsafe(self._hand_on, commit, effects)

    def answer(self, answers: list[Answer]) -> None:
        """[any thread]"""
        self._loop.call_soon_threadsafe(_answer, answers)

    def lost(self, commit: int) -> None:
        """What was up to this number can no longer be told. [any thread, in the order of numbers]"""
        self._loop.call_soon_threadsafe(self._lost, commit)

    def _lost(self, commit: int) -> None:
        self.applied = commit
        self._on_lost(commit)

    def _hand_on(self, commit: int, effects: Sequence[Effect]) -> None:
        assert commit == self.applied + 1, (commit, self.applied)
        self.applied = commit
        self._on_commit(commit, effects)


def _answer(answers: list[Answer]) -> None:
    for answer in answers:
        if answer.piece.future.done():
            continue
        if answer.error is None:
            answer.piece.future.set_result(answer.result)
        else:
            answer.piece.future.set_exception(answer.error)
