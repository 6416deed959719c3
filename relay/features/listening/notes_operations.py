"""/api/analyze/notes: the notes of what is here already, by an engine that is named as what it is."""

from dataclasses import dataclass

import msgspec

from audio.notes.shapes import SAYS
from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.core.limits import Kind
from relay.core.times import rfc3339
from relay.features.listening import results
from relay.features.listening.models import Models
from relay.features.listening.service import Hearing
from relay.features.listening.tasks import MIDI_FILE, NOTES_FILE, DetectNotes, NotesDetected, kind_of
from relay.wire import listening as shapes
from relay.wire import listening_operations as wire
from relay.wire.operation import Nothing

NOTES = kind_of(DetectNotes(engine=""))


@dataclass(frozen=True, kw_only=True, slots=True)
class NotesOperations:
    """[loop]"""

    hearing: Hearing
    base_url: str
    models: Models

    async def detect(self, call: Call[shapes.NotesGiven, Nothing]) -> shapes.TrackJob:
        engine, here = call.body.options.model, await self.models.here(SAYS)
        if engine not in here:
            raise results.no_model(engine, {name: SAYS[name] for name in here})
        row = await self.hearing.ask_of_creation(
            call.actor, bare(call.body.track_id), DetectNotes(engine=engine)
        )
        return results.job(await self.hearing.of(row.id))

    async def track(self, call: Call[Nothing, Nothing]) -> shapes.TrackNotes:
        creation_id = bare(call.path["creation_id"])
        last, done = await self.hearing.of_track(call.actor, creation_id, NOTES)
        heard = None
        if done is not None and done.row.result is not None:
            heard = msgspec.json.decode(done.row.result, type=NotesDetected)
        notes_url, midi_url = (
            None if done is None else results.address_of(self.base_url, done, name)
            for name in (NOTES_FILE, MIDI_FILE)
        )
        return shapes.TrackNotes(
            track_id=dashed(creation_id),
            status="none" if last is None else last.state,
            job_id=None if last is None else dashed(last.row.job_id),
            error=None if last is None else results.error_of(last),
            model=None if heard is None else heard.engine,
            says="" if heard is None else SAYS.get(heard.engine, ""),
            count=None if heard is None else heard.count,
            notes_url=notes_url,
            midi_url=midi_url,
            heard_at=None if done is None else rfc3339(done.row.created_us),
        )

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.DETECT_NOTES, Action.LISTENING_ASK, self.detect, limit=Kind.LISTEN),
            Row(wire.TRACK_NOTES, Action.LISTENING_READ, self.track, limit=Kind.LIBRARY),
        ]
