"""What a score is taken out as, a sound, a MIDI file, the score itself as a file; and what is made of a file that somebody has."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.limits import Kind
from relay.features.studio.rendering import Rendering
from relay.features.studio.writing import Writing
from relay.wire import creation_operations as wire
from relay.wire.creations import ImportedCreation, ImportQuery, NewCreation
from relay.wire.jobs import Job
from relay.wire.operation import AudioBytes, Nothing, SentFile

Bare = Call[Nothing, Nothing]


def rows(
    rendering: Rendering, writing: Writing, job_of: Callable[[Actor, str], Awaitable[Job]]
) -> list[AnyRow]:
    """job_of: a job of somebody's, as they see it."""

    async def render(call: Bare) -> Job:
        return await job_of(call.actor, await rendering.begin(call.actor, call.path["creation_id"]))

    async def midi(call: Bare) -> Answer[AudioBytes]:
        title, data = await rendering.midi(call.actor.user_id, call.path["creation_id"])
        return file_answer(f"{title}.mid", data, "audio/midi")

    async def score(call: Bare) -> Answer[AudioBytes]:
        found = await writing.one(call.actor.user_id, call.path["creation_id"])
        data = msgspec.json.format(msgspec.json.encode(found.score), indent=1)
        return file_answer(f"{found.title}.json", data, "application/json")

    async def bring(call: Call[Any, ImportQuery]) -> ImportedCreation:  # any: a file, or a new creation
        new, told = call.body, list[str]()
        if isinstance(new, SentFile):
            score, told = await rendering.from_midi(new.data, call.query.kind, call.query.name)
            new = NewCreation(score=score)
        return ImportedCreation(creation=await writing.make(call.actor, new), told=told)

    return [
        Row(wire.IMPORT_CREATION, Action.SCORE_CREATE, bring),
        Row(wire.RENDER_CREATION, Action.POST_EDIT, render, limit=Kind.SAVE),
        Row(wire.CREATION_MIDI, Action.POST_READ, midi, limit=Kind.MEDIA),
        Row(wire.CREATION_SCORE, Action.POST_READ, score),
    ]


def file_answer(name: str, data: bytes, media_type: str) -> Answer[Any]:  # any: sent as bytes
    """A file to be kept under a name. [any]"""
    shown = quote(name.replace("/", "-"), safe="")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{shown}",
        "cache-control": "private, no-cache",
    }
    return Answer(content=data, media_type=media_type, headers=headers)
