"""What is written down instead of recorded, as this device reads it: by the shapes of the relay's wire and the rules of `audio.score`,
which the relay has, too.

Not here: files, the library, and what is drawn or rendered of a score.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.errors import UsageError
from relay.wire.creation_operations import MAX_SCORE_BYTES
from relay.wire.misfits import in_words
from relay.wire.scores import LoopScore, MachineScore, PatternScore, Score, SongScore

if TYPE_CHECKING:
    from audio.score.events import Compiled
    from audio.score.kinds import ScoreRules
    from audio.score.shapes import Loop

STUDIO_FORMAT = "sidechain-studio"
"""Of the files that the studio's page writes."""
MAX_FILE_BYTES = 1_000_000
Shape = Any  # any: a shape of the kind; a table of all kinds cannot say which


SCORES = {"loop": LoopScore, "song": SongScore, "pattern": PatternScore, "machine": MachineScore}


class ReadIn(Struct, frozen=True, kw_only=True):
    """What a file of JSON holds. loops: those of a song, by the ids that its blocks name."""

    score: Score
    loops: dict[str, LoopScore] = {}


class _StudioFile(Struct, frozen=True, kw_only=True):
    format: str
    kind: str
    body: msgspec.Raw
    loops: dict[str, msgspec.Raw] = {}


def rules_of(kind: str) -> "ScoreRules":
    """The renderer's rules are loaded when a score is first looked at: no start of the daemon waits for them. [any]"""
    from audio.score.kinds import KINDS

    return KINDS[kind]


def read_json(data: bytes) -> ReadIn:
    """A score as the relay writes it, or a file of the studio's page. Raises UsageError. [any]"""
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            f"A score of {len(data):,} bytes: at most {MAX_FILE_BYTES:,}.", "Choose a smaller one."
        )
    try:
        found = msgspec.json.decode(data)
        if isinstance(found, dict) and found.get("format") == STUDIO_FORMAT:
            read = _of_studio(data)
        else:
            read = ReadIn(score=msgspec.json.decode(data, type=Score))
    except msgspec.ValidationError as error:
        raise UsageError(
            in_words(error, "The score"), "A file of a loop, song, pattern or machine is needed."
        ) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError("This is no JSON.", "Give a score as JSON, or a MIDI file.") from error
    for each in (read.score, *read.loops.values()):
        require_sound(each)
    return read


def _of_studio(data: bytes) -> ReadIn:
    """Raises msgspec.ValidationError."""
    file = msgspec.json.decode(data, type=_StudioFile)
    if file.kind not in SCORES:
        raise msgspec.ValidationError(f"Invalid value {file.kind!r} - at `$.kind`")
    loops = {name: _tagged("loop", body) for name, body in file.loops.items()}
    return ReadIn(
        score=_tagged(file.kind, file.body),
        loops={name: each for name, each in loops.items() if isinstance(each, LoopScore)},
    )


def _tagged(kind: str, body: msgspec.Raw) -> Score:
    return _converted({**msgspec.json.decode(body, type=dict), "kind": kind})


def _converted(fields: object) -> Score:
    """Raises msgspec.ValidationError."""
    score: Score = msgspec.convert(fields, Score)
    return score


def shape_of(score: Score) -> Shape:
    """As `audio.score` has it. Raises UsageError: what one field cannot say, such as a step behind the end. [any]"""
    from audio.score.shapes import BadScore

    try:
        return msgspec.convert(msgspec.to_builtins(score), rules_of(kind_of(score)).shape)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        said = str(cause) if isinstance(cause, BadScore) else in_words(error, "The score")
        raise UsageError(said, "Change it, and try again.") from error
    except BadScore as error:
        raise UsageError(str(error), "Change it, and try again.") from error


def require_sound(score: Score) -> None:
    """Raises UsageError for what the relay would not take either. [any]"""
    shape = shape_of(score)
    if isinstance(score, MachineScore):
        _compiled("machine", shape, {})
    if len(text_of(score)) > MAX_SCORE_BYTES:
        raise UsageError(f"A score is at most {MAX_SCORE_BYTES:,} bytes of JSON.", "Make it shorter.")


def compiled(score: Score, loops: Mapping[str, LoopScore]) -> "Compiled":
    """Its notes. Raises UsageError: a loop of a song is missing, there is no note in it. [worker]"""
    named = {name: shape_of(loop) for name, loop in loops.items()}
    found = _compiled(kind_of(score), shape_of(score), named)
    if not found.notes:
        raise UsageError("Nothing sounds in it yet.", "Give it a step, a chord or a block.")
    return found


def _compiled(kind: str, shape: Shape, loops: "Mapping[str, Loop]") -> "Compiled":
    from audio.score.shapes import BadScore

    try:
        return rules_of(kind).compiled(shape, loops)
    except BadScore as error:
        raise UsageError(str(error), "Change it, and try again.") from error


def kind_of(score: Score) -> str:
    return next(kind for kind, shape in SCORES.items() if isinstance(score, shape))


def text_of(score: Score) -> str:
    """As it is stored and sent. [any]"""
    return msgspec.json.encode(score).decode()


def read_text(text: str) -> Score:
    """What `text_of` wrote. Raises msgspec.DecodeError. [any]"""
    score: Score = msgspec.json.decode(text, type=Score)
    return score


def renamed(score: Score, name: str) -> Score:
    """Raises UsageError: no name that a score can have. [any]"""
    try:
        return _converted({**msgspec.to_builtins(score), "name": name.strip()})
    except msgspec.ValidationError as error:
        raise UsageError(in_words(error, "The name"), "Give it another name.") from error


def loops_named(score: Score) -> list[str]:
    """By the blocks of a song, each once, in their order. [any]"""
    return list(dict.fromkeys(block.loop for block in score.blocks)) if isinstance(score, SongScore) else []


def with_loops(score: Score, ids: Mapping[str, str]) -> Score:
    """A song whose blocks name its loops by other ids, where these say so. [any]"""
    if not isinstance(score, SongScore):
        return score
    blocks = [replace(block, loop=ids.get(block.loop, block.loop)) for block in score.blocks]
    return replace(score, blocks=blocks)
