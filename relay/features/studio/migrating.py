"""Bringing what a browser, or a desktop's library, has kept by itself: each loop and song once, whatever is sent how often."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from relay.engine.database import Database, Tx
from relay.engine.limits import SharedLimits
from relay.features.creations import api as creations
from relay.features.studio import local_ids, views
from relay.features.studio.writing import Writing
from relay.wire import migration as wire
from relay.wire.misfits import in_words
from relay.wire.scores import Local

LOOP, SONG = "loop", "song"
AT_ONCE = 25
"""Creations of one transaction, so that others write between."""
AGAIN = "Sent again with the same ids, what is here already is not made twice."
Shapes = Mapping[str, Any]  # any: LocalLoop or LocalSong, by the browser's ids
_loops: msgspec.json.Decoder[wire.LocalLoop] = msgspec.json.Decoder(wire.LocalLoop)
_songs: msgspec.json.Decoder[wire.LocalSong] = msgspec.json.Decoder(wire.LocalSong)


class _Id(Struct):
    """What is looked at of something that does not fit, to say which it is."""

    id: Local


_id: msgspec.json.Decoder[_Id] = msgspec.json.Decoder(_Id)


class _New(Struct, frozen=True):
    """One that is to be made. id: the browser's."""

    id: str
    score: creations.Written
    shown_to: Visibility


class Migrating:
    """[loop]"""

    def __init__(self, db: Database, writing: Writing, limits: SharedLimits) -> None:
        self._db = db
        self._writing = writing
        self._limits = limits

    async def bring(self, actor: Actor, given: wire.Migration) -> wire.Migrated:
        """Of a guest all is private, whatever it was. Raises Refusal: rate_limited, for something new too soon after the last."""
        me = actor.account_id
        loops, loop_errors = await asyncio.to_thread(_read, _loops, given.loops)
        songs, song_errors = await asyncio.to_thread(_read, _songs, given.songs)
        loop_ids, song_ids = await self._db.read(
            lambda db: (local_ids.known(db, me, LOOP), local_ids.known(db, me, SONG))
        )
        if not (loop_ids.keys() >= loops.keys() and song_ids.keys() >= songs.keys()):
            self._limits.require(Kind.MIGRATE, me, now_us(), f"You have brought something lately. {AGAIN}")
        new = await asyncio.to_thread(_new, actor, _but(loops, loop_ids), views.loop_score, loop_errors)
        loop_ids |= await self._make(me, LOOP, new, loop_errors)
        new = await asyncio.to_thread(
            _new, actor, _but(songs, song_ids), lambda each: _song(each, loop_ids), song_errors
        )
        song_ids |= await self._make(me, SONG, new, song_errors)
        return _answer(_those(loop_ids, loops), loop_errors, _those(song_ids, songs), song_errors)

    async def _make(self, me: str, kind: str, new: Sequence[_New], errors: dict[str, str]) -> dict[str, str]:
        made: dict[str, str] = {}
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            made |= await self._db.write(lambda tx: self._make_some(tx, me, kind, some, errors))  # noqa: B023 (awaited)
        return made

    def _make_some(
        self, tx: Tx, me: str, kind: str, new: Sequence[_New], errors: dict[str, str]
    ) -> dict[str, str]:
        """[writer]"""
        made: dict[str, str] = {}
        for each in new:
            found = local_ids.find(tx.db, me, kind, each.id)  # brought meanwhile by another request
            try:
                made[each.id] = found or self._writing.insert(tx, me, each.score, each.shown_to, [])
            except Refusal as full:
                errors[each.id] = str(full)
                continue
            if found is None:
                local_ids.note(tx, me, kind, each.id, made[each.id])
        return made


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


def _new(actor: Actor, shapes: Shapes, score_of: Callable[[Any], Any], errors: dict[str, str]) -> list[_New]:
    """Those whose score holds together; of the others it is noted what is wrong. [any]"""
    new: list[_New] = []
    for id_, shape in shapes.items():
        shown_to = Visibility.PUBLIC if shape.is_public and not actor.is_guest else Visibility.PRIVATE
        try:
            new.append(_New(id_, creations.written(score_of(shape)), shown_to))
        except Refusal as wrong:
            errors[id_] = str(wrong)
    return new


def _song(shape: wire.LocalSong, loop_ids: Mapping[str, str]) -> object:
    """Its blocks name loops as they are called here; one that was not brought keeps its name."""
    timeline = [
        replace(each, loop_id=dashed(found)) if (found := loop_ids.get(each.loop_id)) else each
        for each in shape.timeline
    ]
    return views.song_score(replace(shape, timeline=timeline))


def _but(shapes: Shapes, known: Mapping[str, str]) -> Shapes:
    return {id_: shape for id_, shape in shapes.items() if id_ not in known}


def _those(ids: Mapping[str, str], shapes: Shapes) -> dict[str, str]:
    return {id_: dashed(ids[id_]) for id_ in shapes if id_ in ids}


def _answer(
    loops: dict[str, str], loop_errors: dict[str, str], songs: dict[str, str], song_errors: dict[str, str]
) -> wire.Migrated:
    return wire.Migrated(
        loops=wire.Brought(created=len(loops), failed=len(loop_errors)),
        songs=wire.Brought(created=len(songs), failed=len(song_errors)),
        id_mapping=wire.IdMapping(loops=loops, songs=songs),
        errors=wire.MigrationErrors(loops=loop_errors, songs=song_errors),
    )
