"""Bringing what a browser, or a desktop's library, has kept by itself: each loop and song once, whatever is sent how often."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from relay.core.access import Actor
from relay.core.dashed_ids import dashed
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.visibility import Visibility
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.limits import SharedLimits
from relay.features.creations import api as creations
from relay.features.studio import creation_keys, local_ids, views
from relay.features.studio.writing import Writing
from relay.wire import migration as wire
from relay.wire.misfits import in_words
from relay.wire.scores import Local, Score, SongScore

LOOP, SONG = "loop", "song"
AT_ONCE = 25
"""Creations of one transaction, so that others write between."""
AGAIN = "Sent again with the same ids, what is here already is not made twice."
Shapes = Mapping[str, Any]  # any: LocalLoop, LocalSong or LocalCreation, by the browser's ids
Known = dict[str, dict[str, str]]
"""Of each kind what is here: the browser's id, and the creation's."""
_loops: msgspec.json.Decoder[wire.LocalLoop] = msgspec.json.Decoder(wire.LocalLoop)
_songs: msgspec.json.Decoder[wire.LocalSong] = msgspec.json.Decoder(wire.LocalSong)
_creations: msgspec.json.Decoder[wire.LocalCreation] = msgspec.json.Decoder(wire.LocalCreation)


class _Id(Struct):
    """What is looked at of something that does not fit, to say which it is."""

    id: Local


_id: msgspec.json.Decoder[_Id] = msgspec.json.Decoder(_Id)


class _New(Struct, frozen=True):
    """One that is to be made. id: the browser's."""

    id: str
    kind: str
    score: creations.Written
    shown_to: Visibility


class _Sent(Struct, frozen=True):
    """One list of what was sent: those that fit, and what is wrong with the others."""

    shapes: Shapes
    errors: dict[str, str]


class Migrating:
    """[loop]"""

    def __init__(self, db: Database, writing: Writing, limits: SharedLimits) -> None:
        self._db = db
        self._writing = writing
        self._limits = limits

    async def bring(self, actor: Actor, given: wire.Migration) -> wire.Migrated:
        """Of a guest all is private, whatever it was. Raises Refusal: rate_limited, for something new too soon after the last."""
        me = actor.account_id
        sent = [
            _Sent(*await asyncio.to_thread(_read, decoder, some))
            for decoder, some in (
                (_loops, given.loops),
                (_songs, given.songs),
                (_creations, given.creations),
            )
        ]
        known = await self._db.read(lambda db: _known(db, me))
        if any(_is_new(shape, known) for each in sent for shape in each.shapes.values()):
            self._limits.require(Kind.MIGRATE, me, now_us(), f"You have brought something lately. {AGAIN}")
        for are_songs in (False, True):  # which name the others
            for each in sent:
                some = [
                    shape
                    for shape in each.shapes.values()
                    if (_kind(shape) == SONG) is are_songs and _is_new(shape, known)
                ]
                new = await asyncio.to_thread(_new, actor, some, known[LOOP], each.errors)
                await self._make(me, new, known, each.errors)
        return _answer(sent, known, with_creations=bool(given.creations))

    async def _make(self, me: str, new: Sequence[_New], known: Known, errors: dict[str, str]) -> None:
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            made = await self._db.write(lambda tx: self._make_some(tx, me, some, errors))  # noqa: B023 (awaited)
            for each in some:
                if each.id in made:
                    known[each.kind][each.id] = made[each.id]

    def _make_some(self, tx: Tx, me: str, new: Sequence[_New], errors: dict[str, str]) -> dict[str, str]:
        """[writer]"""
        made: dict[str, str] = {}
        for each in new:
            found = local_ids.find(tx.db, me, each.kind, each.id)  # brought meanwhile by another request
            if found is not None:
                made[each.id] = found
                continue
            found = creation_keys.under(tx.db, me, each.id)  # or made by itself
            try:
                made[each.id] = found or self._writing.insert(tx, me, each.score, each.shown_to, [])
            except Refusal as full:
                errors[each.id] = str(full)
                continue
            local_ids.note(tx, me, each.kind, each.id, made[each.id])
        return made


def _known(db: Connection, account_id: str) -> Known:
    return {kind: local_ids.known(db, account_id, kind) for kind in creations.SCORE_KINDS}


def _kind(shape: Any) -> str:  # any: of Shapes
    if isinstance(shape, wire.LocalCreation):
        return str(shape.score.__struct_config__.tag)
    return LOOP if isinstance(shape, wire.LocalLoop) else SONG


def _is_new(shape: Any, known: Known) -> bool:  # any: of Shapes
    return shape.id not in known[_kind(shape)]


def _read(decoder: msgspec.json.Decoder[Any], given: Sequence[Raw]) -> tuple[dict[str, Any], dict[str, str]]:
    """By the browser's ids those that fit, the first of two with one id; and what is wrong with the others. [any]"""
    fit: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for n, raw in enumerate(given):
        try:
            each = decoder.decode(raw)
            if each.id in fit:
                errors[f"at-{n}"] = f"Another one has the id {each.id}, too."
            fit.setdefault(each.id, each)
        except msgspec.ValidationError as error:
            errors[_name_of(raw, n)] = in_words(error, "This")
        except UnicodeDecodeError:  # only what is looked at is decoded: the body as a whole did not show it
            errors[f"at-{n}"] = "This has a text that is not UTF-8."
    return fit, errors


def _name_of(raw: Raw, n: int) -> str:
    try:
        named: str = _id.decode(raw).id
    except (msgspec.ValidationError, UnicodeDecodeError):
        return f"at-{n}"
    return named


def _new(
    actor: Actor, shapes: Sequence[Any], loop_ids: Mapping[str, str], errors: dict[str, str]
) -> list[_New]:
    """Those whose score holds together; of the others it is noted what is wrong. [any]"""
    new: list[_New] = []
    for shape in shapes:
        is_public = not isinstance(shape, wire.LocalCreation) and shape.is_public and not actor.is_guest
        shown_to = Visibility.PUBLIC if is_public else Visibility.PRIVATE
        try:
            score = creations.written(_score(shape, loop_ids))
            new.append(_New(shape.id, _kind(shape), score, shown_to))
        except Refusal as wrong:
            errors[shape.id] = str(wrong)
    return new


def _score(shape: Any, loop_ids: Mapping[str, str]) -> Score:  # any: of Shapes
    """A song's blocks name loops as they are called here; one that was not brought keeps its name."""
    if isinstance(shape, wire.LocalLoop):
        return views.loop_score(shape)
    if isinstance(shape, wire.LocalSong):
        timeline = [
            replace(each, loop_id=dashed(found)) if (found := loop_ids.get(each.loop_id)) else each
            for each in shape.timeline
        ]
        return views.song_score(replace(shape, timeline=timeline))
    score: Score = shape.score
    if not isinstance(score, SongScore):
        return score
    return replace(
        score, blocks=[replace(each, loop=loop_ids.get(each.loop, each.loop)) for each in score.blocks]
    )


def _answer(sent: Sequence[_Sent], known: Known, *, with_creations: bool) -> wire.Migrated:
    loops, songs, wholes = (
        {
            id_: dashed(known[_kind(shape)][id_])
            for id_, shape in each.shapes.items()
            if not _is_new(shape, known)
        }
        for each in sent
    )
    errors = [each.errors for each in sent]
    brought = [
        wire.Brought(created=len(made), failed=len(wrong))
        for made, wrong in zip((loops, songs, wholes), errors, strict=True)
    ]
    return wire.Migrated(
        loops=brought[0],
        songs=brought[1],
        id_mapping=wire.IdMapping(loops=loops, songs=songs, creations=wholes),
        errors=wire.MigrationErrors(loops=errors[0], songs=errors[1], creations=errors[2]),
        creations=brought[2] if with_creations else None,
    )
