"""The kinds of scores: of each its shape, and how it becomes notes. One table, for the relay and for the daemon."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audio.score.compiled import compile_loop, compile_machine, compile_pattern, compile_song
from audio.score.events import Compiled
from audio.score.shapes import Loop, Machine, Pattern, Song

Shape = Any  # any: a shape of the row's own kind; a table of all kinds cannot say which
Loops = Mapping[str, Loop]
"""By the ids that the blocks of a song name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreRules:
    """compiled raises BadScore for what cannot be played. named: ids of the loops that it is made of. is_loop: it turns without a seam."""

    shape: type
    compiled: Callable[[Shape, Loops], Compiled]
    named: Callable[[Shape], set[str]] = lambda _: set()
    is_loop: bool = True


KINDS: Mapping[str, ScoreRules] = {
    "loop": ScoreRules(shape=Loop, compiled=lambda loop, _: compile_loop(loop)),
    "song": ScoreRules(
        shape=Song,
        compiled=compile_song,
        named=lambda song: {block.loop for block in song.blocks},
        is_loop=False,
    ),
    "pattern": ScoreRules(shape=Pattern, compiled=lambda pattern, _: compile_pattern(pattern)),
    "machine": ScoreRules(shape=Machine, compiled=lambda machine, _: compile_machine(machine)),
}
