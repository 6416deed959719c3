"""/api/process: what is here already is taken apart into stems, by an engine that is named as what it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from audio.separate.parts import PARTS, SAYS
from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.core.entity_tags import names_tag
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.objects.door import Objects
from relay.features.creations import api as creations
from relay.features.listening import results, zipping
from relay.features.listening.models import Models
from relay.features.listening.service import Hearing
from relay.features.listening.tasks import Separate, kind_of
from relay.wire import listening as shapes
from relay.wire import listening_operations as wire
from relay.wire.operation import AudioBytes, Nothing

Bare = Call[Nothing, Nothing]
SEPARATE = kind_of(Separate(engine="", parts=[]))
EXTRACT = "extract_"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeparatingOperations:
    """[loop]"""

    hearing: Hearing
    objects: Objects
    base_url: str
    models: Models

    async def separate(self, call: Call[shapes.SeparationGiven, Nothing]) -> shapes.TrackJob:
        task = task_of(call.body.options, await self.models.here(PARTS))
        row = await self.hearing.ask_of_creation(call.actor, bare(call.body.track_id), task)
        return results.job(await self.hearing.of(row.id))

    async def job(self, call: Bare) -> shapes.TrackJob:
        return results.job(await self.hearing.own_job(call.actor, bare(call.path["job_id"])))

    async def track(self, call: Bare) -> shapes.TrackStems:
        creation_id = bare(call.path["creation_id"])
        last, done = await self.hearing.of_track(call.actor, creation_id, SEPARATE)
        stems = await self.hearing.stems(call.actor, creation_id)
        engine = done.row.asked.task.engine if done and isinstance(done.row.asked.task, Separate) else None
        path = {"creation_id": dashed(creation_id)}
        return shapes.TrackStems(
            track_id=dashed(creation_id),
            status="none" if last is None else last.state,
            job_id=None if last is None else dashed(last.row.job_id),
            error=None if last is None else results.error_of(last),
            model=engine,
            says=SAYS.get(engine or "", ""),
            stems=[
                shapes.Stem(
                    name=name_of(stem),
                    url=f"{self.base_url}{wire.STEM.at(**path, stem=name_of(stem))}",
                    size_bytes=stem.size_bytes,
                )
                for stem in stems
            ],
            zip_url=f"{self.base_url}{wire.STEMS_ZIP.at(**path)}" if stems else None,
            processed_at=None if done is None else rfc3339(done.row.created_us),
        )

    async def stem(self, call: Bare) -> Answer[AudioBytes]:
        stems = await self.hearing.stems(call.actor, bare(call.path["creation_id"]))
        found = next((each for each in stems if name_of(each) == call.path["stem"]), None)
        if found is None:
            raise Refusal("not_found", "It was not taken apart into this.")
        headers = _headers(found.sha256, f"{name_of(found)}.flac")
        if names_tag(call.headers.get("if-none-match"), headers["etag"]):
            return Answer(status=304, media_type=found.mime, headers=headers)
        return await creations.send_sound(self.objects, call, found, headers)

    async def zip(self, call: Bare) -> Answer[AudioBytes]:
        creation_id = bare(call.path["creation_id"])
        stems = await self.hearing.stems(call.actor, creation_id)
        if not stems:
            raise Refusal("not_found", "It was not taken apart yet.")
        members = [
            zipping.Member(name=f"{name_of(each)}.flac", sha256=each.sha256, size_bytes=each.size_bytes)
            for each in stems
        ]
        return Answer(
            stream=None if call.head else zipping.zipped(self.objects, members),
            size_bytes=zipping.size_bytes(members),
            media_type=zipping.MIME,
            headers={
                "cache-control": creations.PRIVATE,
                "content-disposition": 'attachment; filename="stems.zip"',
            },
        )

    def rows(self) -> list[AnyRow]:
        read = Action.LISTENING_READ
        return [
            Row(wire.SEPARATE, Action.LISTENING_ASK, self.separate, limit=Kind.SEPARATE),
            Row(wire.SEPARATE_JOB, read, self.job, limit=Kind.LIBRARY),
            Row(wire.TRACK_STEMS, read, self.track, limit=Kind.LIBRARY),
            Row(wire.STEM, read, self.stem, limit=Kind.MEDIA),
            Row(wire.STEMS_ZIP, read, self.zip, limit=Kind.MEDIA),
        ]


def task_of(options: shapes.SeparateOptions, engines: Sequence[str]) -> Separate:
    """engines: those that are here. Raises Refusal: model_unavailable, validation. [any]"""
    parts = PARTS.get(options.model, ()) if options.model in engines else ()
    if not parts:
        raise results.no_model(options.model, {name: SAYS[name] for name in engines})
    wanted = {
        name.removeprefix(EXTRACT): getattr(options, name)
        for name in options.__struct_fields__
        if name.startswith(EXTRACT)
    }
    unknown = [name for name, is_wanted in wanted.items() if is_wanted and name not in parts]
    if unknown:
        raise Refusal(
            "validation", f"{options.model} knows no {', '.join(unknown)}: it makes {', '.join(parts)}."
        )
    kept = [name for name in parts if wanted.get(name) is not False]
    if not kept:
        raise Refusal("validation", "Every part is left out.", "Leave one in.")
    return Separate(engine=options.model, parts=kept)


def name_of(stem: creations.Asset) -> str:
    """[any]"""
    return stem.role.removeprefix(creations.STEM)


def _headers(sha256: str, name: str) -> dict[str, str]:
    return {
        "etag": f'"{sha256}"',
        "accept-ranges": "bytes",
        "cache-control": creations.PRIVATE,
        "content-security-policy": creations.MEDIA_POLICY,
        "content-disposition": f'attachment; filename="{name}"',
    }
