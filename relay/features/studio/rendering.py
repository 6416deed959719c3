"""The sound of a score: a job that renders it with the kit, takes it through the pipeline of posts, and gives it to its version."""

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from audio.score.events import TICKS_PER_QUARTER, Compiled, Note, frame_of
from audio.score.shapes import BadScore
from audio.score.sounds import is_custom
from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.engine.objects.door import ObjectMissing, Objects
from relay.engine.sandbox.children import Children, TookTooLong
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.instruments.api import Instruments
from relay.features.moderation import api as moderation
from relay.features.studio import store
from relay.wire.scores import LoopScore, PatternScore

JOB_KIND = "render"
CHILD = "relay.features.studio.render_child"
MAX_WALL_S = 90.0
KIT_RATE_HZ = 48_000
UPLOAD_FILE = "rendered.flac"
_FROM_MIDI: Any = LoopScore | PatternScore  # any: mypy knows no type of a union


class Custom(Struct, frozen=True, kw_only=True):
    """A custom instrument: the file of its recording, in the folder of the job."""

    file: str
    is_pitched: bool


class RenderJob(Struct, frozen=True, kw_only=True):
    """What the child is asked: the sound as UPLOAD_FILE in its folder."""

    folder: str
    notes: tuple[Note, ...]
    length: int
    bpm: int
    beats_per_bar: int
    is_loop: bool
    custom: dict[str, "Custom"] = {}


def job_of(compiled: Compiled, folder: str, is_loop: bool, custom: dict[str, Custom]) -> RenderJob:
    """compiled: at the score's own tempo, which is whole. [any]"""
    assert isinstance(compiled.bpm, int), "only a device renders at another's tempo"
    return RenderJob(
        folder=folder,
        notes=compiled.notes,
        length=compiled.length,
        bpm=compiled.bpm,
        beats_per_bar=compiled.beats_per_bar,
        is_loop=is_loop,
        custom=custom,
    )


class RenderAnswer(Struct, frozen=True, kw_only=True):
    """refused: a sentence on what cannot be rendered; None: the file is there."""

    refused: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """The data of a job."""

    creation_id: str
    version_id: str


class _Sheet(Struct, frozen=True, kw_only=True):
    """What is rendered, as its owner sees it. loops: what a song is made of."""

    title: str
    head: creations.Head
    shape: Any  # any: a shape of the row's own kind
    loops: dict[str, Any]  # any: Loop, which msgspec need not know


class Rendering:
    """scratch: a folder of this process alone. quota_bytes: what the creations of one account may take up. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        objects: Objects,
        encoder: creations.Encoder,
        removed: creations.Removals,
        instruments: Instruments,
        scratch: Path,
        base_url: str,
        quota_bytes: int,
    ) -> None:
        self._db = db
        self._objects = objects
        self._encoder = encoder
        self._removed = removed
        self._instruments = instruments
        self._scratch = scratch
        self._base_url = base_url
        self._quota_bytes = quota_bytes
        self._children = Children(CHILD)

    async def close(self) -> None:
        await self._children.close()

    async def begin(self, actor: Actor, creation_id: str) -> str:
        """The id of the job that makes the sound of the newest version; the one that is under way, if there is one.

        Raises Refusal: not_found, gone, quota_exceeded, busy.
        """

        def work(tx: Tx) -> str:
            found = store.one(tx.db, creation_id, actor.user_id, self._base_url)
            authorize(actor, Action.POST_EDIT, found.user_id)
            if accounts.stored_bytes(tx.db, found.user_id) >= self._quota_bytes:
                raise Refusal("quota_exceeded", "What you keep here is full.", "Delete something first.")
            version_id = creations.head(tx.db, creation_id).version_id
            asked = Asked(creation_id=creation_id, version_id=version_id)
            return _under_way(tx.db, found.user_id, asked) or table.enqueue(
                tx, kind=JOB_KIND, account_id=found.user_id, data=asked
            )

        return await self._db.write(work)

    async def make(self, work: Work) -> None:
        """Carry out one job. Raises Refusal: gone, validation, audio_refused; EncodingFault, LeaseLost."""
        asked = msgspec.json.decode(work.job.data, type=Asked)
        work.say("render", 0.0)
        owner_id = work.job.account_id
        sheet = await self._db.read(lambda db: self._sheet(db, asked.creation_id, owner_id))
        if sheet.head.version_id != asked.version_id:
            raise Refusal("gone", "Another version was saved meanwhile.", "Render that one.")
        row = creations.score_row(sheet.head.kind)
        compiled = await asyncio.to_thread(_compiled, sheet)
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name)
            custom = await self._recordings(compiled, folder)
            await self._render(job_of(compiled, name, row.rules.is_loop, custom))
            work.say("encode", 0.4)
            made = await self._encoder.run(_encode_job(sheet, compiled, name))
            work.say("store", 0.9)
            files = {creations.PREVIEW: creations.PREVIEW_FILE, creations.LOSSLESS: creations.LOSSLESS_FILE}
            while True:
                since = await self._db.read(creations.mark, snapshot=False)
                stored = [await self._store(folder / file, role) for role, file in files.items()]
                try:
                    await self._db.write(
                        partial(_finish, work=work, asked=asked, made=made, assets=stored, since=since)
                    )
                    return
                except creations.Removed as removed:  # equal bytes, meanwhile
                    await self._removed.settled(removed.names)

    async def midi(self, viewer: str | None, creation_id: str) -> tuple[str, bytes]:
        """Title and a Standard MIDI File. Raises Refusal: not_found, gone, validation."""
        from audio.score.midi import write_midi  # mido is loaded when somebody asks for such a file

        sheet = await self._db.read(lambda db: self._sheet(db, creation_id, viewer))
        return sheet.title, await asyncio.to_thread(lambda: write_midi(_compiled(sheet), sheet.title))

    async def from_midi(
        self, data: bytes, kind: Literal["loop", "pattern"], name: str
    ) -> tuple[Any, list[str]]:  # any: a LoopScore or a PatternScore, as kind says
        """What a MIDI file becomes, and what of it did not fit, as sentences. Raises Refusal: validation."""
        from audio.score.from_midi import loop_of, pattern_of  # as above
        from audio.score.midi import read_midi

        make = loop_of if kind == "loop" else pattern_of
        try:
            made = await asyncio.to_thread(lambda: make(read_midi(data), name))
        except BadScore as error:
            raise Refusal("validation", str(error)) from None
        given = {**asdict(made.score), "kind": kind}
        return msgspec.convert(given, type=_FROM_MIDI), list(made.told)

    def _sheet(self, db: Connection, creation_id: str, viewer: str | None) -> _Sheet:
        found = store.one(db, creation_id, viewer, self._base_url)
        head = creations.head(db, creation_id)
        shape = creations.stored_score(creations.score_row(head.kind), head.text)
        named = creations.score_row(head.kind).rules.named(shape)
        texts = creations.loops_named(db, named, viewer or "")
        loops = {
            each: creations.stored_score(creations.score_row("loop"), text) for each, text in texts.items()
        }
        return _Sheet(title=found.title, head=head, shape=shape, loops=loops)

    async def _recordings(self, compiled: Compiled, folder: Path) -> dict[str, Custom]:
        """Of the custom instruments in it, as files in the folder: of those that still sound. Raises Refusal: validation, where nothing does."""
        named = {note.sound for note in compiled.notes if is_custom(note.sound)}
        found: dict[str, Custom] = {}
        for name, each in (await self._instruments.sounds(named) if named else {}).items():
            assert each.sha256 is not None, "it sounds"
            with suppress(ObjectMissing):  # deleted meanwhile
                await self._objects.fetch(each.sha256, folder / f"{name}.flac")
                found[name] = Custom(file=f"{name}.flac", is_pitched=each.is_pitched)
        if not found and all(note.sound in named for note in compiled.notes):
            raise Refusal(
                "validation", "Its instruments were deleted: nothing sounds in it.", "Choose others."
            )
        return found

    async def _render(self, job: RenderJob) -> None:
        """Raises Refusal: audio_refused."""
        try:
            said = await self._children.run(msgspec.json.encode(job), MAX_WALL_S)
            answer = msgspec.json.decode(said, type=RenderAnswer)
        except (TookTooLong, msgspec.DecodeError):  # killed at a limit
            answer = RenderAnswer(
                refused="This takes more time or memory to render than there is: make it shorter."
            )
        if answer.refused is not None:
            raise Refusal("audio_refused", answer.refused)

    async def _store(self, file: Path, role: str) -> creations.Asset:
        mime = creations.SOUND_TYPES[role]
        name = await self._objects.put_file(file, mime)
        return creations.Asset(role=role, sha256=name, size_bytes=await self._objects.size(name), mime=mime)


def _finish(
    tx: Tx, *, work: Work, asked: Asked, made: creations.Made, assets: list[creations.Asset], since: int
) -> None:
    """Raises LeaseLost, Removed; Refusal: gone. [writer]"""
    names = [asset.sha256 for asset in assets]
    creations.require_kept(tx, names, since)
    moderation.require_allowed(tx.db, names)
    table.finish(tx, work.job, work.holder)
    creations.set_sound(tx, asked.creation_id, asked.version_id, made, assets)


def _compiled(sheet: _Sheet) -> Compiled:
    """Raises Refusal: validation. [worker]"""
    try:
        found = creations.score_row(sheet.head.kind).rules.compiled(sheet.shape, sheet.loops)
    except BadScore as error:
        raise Refusal("validation", str(error)) from None
    if not found.notes:
        raise Refusal("validation", "Nothing sounds in it yet.", "Set a step or a chord, and save it.")
    return found


def _encode_job(sheet: _Sheet, compiled: Compiled, folder: str) -> creations.EncodeJob:
    bar = compiled.beats_per_bar * TICKS_PER_QUARTER
    bars = compiled.length // bar
    facts = creations.score_row(sheet.head.kind).facts(sheet.shape)
    return creations.EncodeJob(
        folder=folder,
        upload_file=UPLOAD_FILE,
        title=sheet.title,
        bpm=facts.bpm,
        key=facts.key,
        duration_bars=facts.bars,
        bar_frames=[frame_of(n * bar, compiled.bpm, KIT_RATE_HZ) for n in range(bars)][:1024],
        analyse=False,
    )


def _under_way(db: Connection, account_id: str, asked: Asked) -> str | None:
    found: tuple[str] | None = db.execute(
        "SELECT id FROM job WHERE account_id = ? AND state IN ('ready', 'running') AND kind = ? AND data = ?",
        (account_id, JOB_KIND, msgspec.json.encode(asked).decode()),
    ).fetchone()
    return None if found is None else found[0]
