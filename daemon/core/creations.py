"""A loop, song, pattern or machine of the library, and what is to be sent of it: decided here, carried out elsewhere.

    only here      no account: nothing of it leaves before somebody asks for it
    waits          something of it is to be sent; what is sent next is `step_of`
    at the relay   relay_id, and the version there that `sent` is

What the relay was asked to make is kept (`making`) until it has answered, and asked again as it was, under the creation's id as the
idempotency key: so it is made once, whatever ended in between and whatever was changed meanwhile.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from daemon.core.scores import read_text, text_of, with_loops
from relay.wire.scores import LoopScore, PatternScore, ScoreKind, SongScore

_BEATS_PER_BAR = 4
Step = Literal["make", "save", "delete", "nothing"]


class Creation(Struct, frozen=True, kw_only=True):
    """score: JSON, as the wire writes it. version: of here. deleted_us: since when it can only be restored.

    account: whose it is at the relay; relay_version: the version there that `sent` is. trouble: why it is not sent by itself.
    """

    creation_id: str
    kind: str
    name: str
    score: str
    created_us: int
    changed_us: int
    version: int = 1
    deleted_us: int | None = None
    take_id: str | None = None
    account: str | None = None
    relay_id: str | None = None
    relay_version: int | None = None
    sent: str | None = None
    making: str | None = None
    waits: bool = False
    trouble: str = ""


class Facts(Struct, frozen=True, kw_only=True):
    """What a list says of a score. bars: None, a machine says none."""

    kind: ScoreKind
    bpm: int
    bars: float | None = None
    key: str | None = None


def facts_of(creation: Creation) -> Facts:
    """[any]"""
    match score := read_text(creation.score):
        case LoopScore():
            return Facts(kind="loop", bpm=score.bpm, bars=score.bars, key=score.key)
        case SongScore():
            bars = max((block.start + block.bars for block in score.blocks), default=0)
            return Facts(kind="song", bpm=score.bpm, bars=bars)
        case PatternScore():
            return Facts(kind="pattern", bpm=score.bpm, bars=score.beats / _BEATS_PER_BAR, key=score.key)
        case _:
            return Facts(kind="machine", bpm=score.bpm, key=score.key)


def state_of(creation: Creation) -> str:
    """ "here", "waiting", "relay" or "trouble": bridge.control.CreationInfo. [any]"""
    if creation.trouble:
        return "trouble"
    if creation.account is None:
        return "here"
    return "waiting" if creation.waits else "relay"


def for_relay(score: str, ids: Mapping[str, str]) -> str:
    """As it is sent: a song's blocks name its loops as the relay does. ids: those of here, and the relay's. [any]"""
    return text_of(with_loops(read_text(score), ids))


def is_same(one: str, other: str) -> bool:
    """Whether two scores say the same, however they are written. [any]"""
    first, second = read_text(one), read_text(other)
    return replace(first, name=first.name.strip()) == replace(second, name=second.name.strip())


def changed(creation: Creation, *, name: str, score: str, at_us: int) -> Creation:
    """Another score from now on; of one that is at the relay, that is to be sent. [any]"""
    return replace(
        creation,
        name=name,
        score=score,
        version=creation.version + 1,
        changed_us=at_us,
        waits=creation.account is not None,
    )


def step_of(creation: Creation, ids: Mapping[str, str]) -> Step:
    """What is to be sent next. [any]"""
    if not creation.waits:
        return "nothing"
    if creation.relay_id is None:
        gone = creation.deleted_us is not None and creation.making is None
        return "nothing" if gone else "make"
    if creation.deleted_us is not None:
        return "delete"
    assert creation.sent is not None
    return "nothing" if is_same(for_relay(creation.score, ids), creation.sent) else "save"


def at_relay(creation: Creation, relay_id: str, version: int, sent: str, ids: Mapping[str, str]) -> Creation:
    """The relay has it, as `sent`. [any]"""
    known = replace(creation, relay_id=relay_id, relay_version=version, sent=sent, making=None, trouble="")
    waiting = replace(known, waits=True)
    return replace(known, waits=step_of(waiting, ids) != "nothing")


def only_here(creation: Creation) -> Creation:
    """It is no longer at the relay, or never was. [any]"""
    return replace(
        creation,
        account=None,
        relay_id=None,
        relay_version=None,
        sent=None,
        making=None,
        waits=False,
        trouble="",
    )
