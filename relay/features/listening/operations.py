"""/api/audio: a file in the request, what came of it in the answer; and /api/analyze: of what is here already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.core.entity_tags import names_tag
from relay.core.header_lines import boundary_of
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.jobs.workers import Workers
from relay.engine.objects.door import Objects
from relay.features.creations import api as creations
from relay.features.listening import results
from relay.features.listening.arriving import Sent, received, too_large
from relay.features.listening.making import ListeningWork
from relay.features.listening.service import Hearing, Listened
from relay.features.listening.tasks import (
    CONVERTED_FILE,
    POINTS_FILE,
    WAVEFORM_FILE,
    Analyse,
    Compare,
    Convert,
    Draw,
    Points,
    Task,
    kind_of,
)
from relay.features.uploads.api import Uploads
from relay.wire import listening as shapes
from relay.wire import listening_operations as wire
from relay.wire.operation import AudioBytes, Nothing
from relay.wire.rest import Confirmation

T = TypeVar("T")
Bare = Call[Nothing, Nothing]
ANALYSE = kind_of(Analyse())
OVERHEAD_BYTES = 64 * 1024
NOT_YET = 202


@dataclass(frozen=True, kw_only=True, slots=True)
class ListeningOperations:
    """max_bytes: of one file. [loop]"""

    hearing: Hearing
    work: ListeningWork
    workers: Workers
    uploads: Uploads
    objects: Objects
    base_url: str
    max_bytes: int

    async def analyze(self, call: Call[shapes.SoundForm, shapes.StoreQuery]) -> Answer[shapes.Analyzed]:
        found = await self._heard(call, Analyse(), ("file",))
        is_there = found.row.result is not None
        value = shapes.Analyzed(
            analysis_id=dashed(found.row.id),
            job_id=dashed(found.row.job_id),
            state=found.state,
            results=results.results(found, self.base_url) if is_there else None,
        )
        if is_there and not call.query.store_results:
            await self.hearing.delete(found.row.id)
            assert value.results is not None
            value = msgspec.structs.replace(
                value, results=msgspec.structs.replace(value.results, pictures=None)
            )
        return _answer(found, value)

    async def compare(self, call: Call[shapes.TwoSoundsForm, Nothing]) -> Answer[shapes.Compared]:
        found = await self._heard(call, Compare(), ("file1", "file2"))
        one, other = found.row.asked.sources
        result = found.row.result
        value = shapes.Compared(
            file1=one.name,
            file2=other.name,
            job_id=dashed(found.row.job_id),
            state=found.state,
            comparison_results=None if result is None else results.likenesses(result),
        )
        return _answer(found, value)

    async def convert(self, call: Call[shapes.SoundForm, shapes.ConvertQuery]) -> Answer[shapes.Converted]:
        task = _conversion(call.query)
        return self._converted(await self._heard(call, task, ("file",)), task)

    async def convert_sample(self, call: Call[Nothing, shapes.ConvertQuery]) -> Answer[shapes.Converted]:
        self.work.expect()
        task = _conversion(call.query)
        row = await self.hearing.ask_of_sample(call.actor, bare(call.path["creation_id"]), task)
        return self._converted(await self.hearing.heard(self.workers, row), task)

    def _converted(self, found: Listened, task: Convert) -> Answer[shapes.Converted]:
        name = found.row.asked.sources[0].name
        made = next(iter(found.files), None)
        value = shapes.Converted(
            original_filename=name,
            converted_filename=_renamed(name, task.format),
            download_url=None if made is None else results.address_of(self.base_url, found, made.name),
            format=task.format,
            size_bytes=None if made is None else made.size_bytes,
            job_id=dashed(found.row.job_id),
            state=found.state,
        )
        return _answer(found, value)

    async def waveform(
        self, call: Call[shapes.SoundForm, shapes.WaveformQuery]
    ) -> Answer[shapes.WaveformDrawn]:
        query = call.query
        task = Draw(
            width_px=query.width, height_px=query.height, color=query.color, background=query.background
        )
        found = await self._heard(call, task, ("file",))
        result = found.row.result
        image, data = (
            None if result is None else results.address_of(self.base_url, found, name)
            for name in (WAVEFORM_FILE, POINTS_FILE)
        )
        value = shapes.WaveformDrawn(
            waveform_image_url=image,
            waveform_data=[] if result is None else msgspec.json.decode(result, type=Points).first,
            waveform_data_url=data,
            width=query.width,
            height=query.height,
            job_id=dashed(found.row.job_id),
            state=found.state,
        )
        return _answer(found, value)

    async def analysis(self, call: Bare) -> shapes.AnalysisResults:
        return results.results(await self._own_analysis(call, Action.LISTENING_READ), self.base_url)

    async def delete(self, call: Bare) -> Confirmation:
        found = await self._own_analysis(call, Action.LISTENING_DELETE)
        await self.hearing.delete(found.row.id)
        return Confirmation(message="Analysis deleted successfully")

    async def analyses(self, call: Call[Nothing, shapes.AnalysesQuery]) -> shapes.AnalysisPage:
        query = call.query
        found, total = await self.hearing.page(call.account_id, ANALYSE, query.skip, query.limit)
        shown = [results.results(each, self.base_url) for each in found]
        return shapes.AnalysisPage(total=total, skip=query.skip, limit=query.limit, analyses=shown)

    async def file(self, call: Bare) -> Answer[AudioBytes]:
        found = await self.hearing.own(call.actor, Action.LISTENING_READ, bare(call.path["listening_id"]))
        file = next((each for each in found.files if each.name == call.path["file"]), None)
        if file is None:
            raise Refusal("not_found", "There is no such file.")
        headers = {
            "etag": f'"{file.sha256}"',
            "cache-control": creations.PRIVATE,
            "content-security-policy": creations.MEDIA_POLICY,
        }
        if file.name.startswith(f"{CONVERTED_FILE}."):
            name = _renamed(found.row.asked.sources[0].name, file.name.rpartition(".")[2])
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        if names_tag(call.headers.get("if-none-match"), headers["etag"]):
            return Answer(status=304, media_type=file.mime, headers=headers)
        asset = creations.Asset(
            role=file.name, sha256=file.sha256, size_bytes=file.size_bytes, mime=file.mime
        )
        return await creations.send_sound(self.objects, call, asset, headers)

    async def analyze_track(self, call: Call[shapes.TrackGiven, Nothing]) -> shapes.TrackJob:
        row = await self.hearing.ask_of_creation(call.actor, bare(call.body.track_id), Analyse())
        return results.job(await self.hearing.of(row.id))

    async def job(self, call: Bare) -> shapes.TrackJob:
        return results.job(await self.hearing.own_job(call.actor, bare(call.path["job_id"])))

    async def track(self, call: Bare) -> shapes.TrackAnalysis:
        creation_id = bare(call.path["creation_id"])
        last, done = await self.hearing.of_track(call.actor, creation_id, ANALYSE)
        return shapes.TrackAnalysis(
            track_id=dashed(creation_id),
            status="none" if last is None else last.state,
            job_id=None if last is None else dashed(last.row.job_id),
            error=None if last is None else results.error_of(last),
            analyzed_at=None if done is None else rfc3339(done.row.created_us),
            analysis=None if done is None else results.features(done, self.base_url, shapes.Features),
        )

    async def _own_analysis(self, call: Bare, action: Action) -> Listened:
        """Raises Refusal: not_found, upload_running."""
        found = await self.hearing.own(call.actor, action, bare(call.path["analysis_id"]))
        if found.row.kind != ANALYSE or found.row.creation_id is not None:
            raise Refusal("not_found", "There is no such analysis.")
        if found.row.result is None and action is Action.LISTENING_READ:
            if found.state in ("ready", "running"):
                raise Refusal("upload_running", "This is still being listened to.", "Ask again soon.")
            raise Refusal("not_found", "Nothing came of this analysis.", "Send the file again.")
        return found

    async def _heard(
        self, call: Call[Any, Any], task: Task, names: Sequence[str]
    ) -> Listened:  # any: of all forms
        """What came of the files that a request brings; uploads for which nothing can be asked are let go."""
        limit = len(names) * self.max_bytes + OVERHEAD_BYTES
        announced = call.headers.get("content-length", "")
        if announced.isdecimal() and (len(announced) > 12 or int(announced) > limit):
            raise too_large(self.max_bytes)
        size_bytes = min(int(announced), self.max_bytes) if announced.isdecimal() else self.max_bytes
        self.work.expect()
        ids = list[str]()

        async def receive(body: Any) -> str:  # any: the bytes of one file
            ids.append((await self.uploads.receive(call.actor, size_bytes, body)).id)
            return ids[-1]

        try:
            boundary = boundary_of(call.headers.get("content-type"))
            sent: list[Sent] = await received(call.stream(), boundary, names, self.max_bytes, receive)
            row = await self.hearing.ask_of_files(call.account_id, task, sent)
        except BaseException:
            for upload_id in ids:
                await self.uploads.let_go(upload_id)
            raise
        return await self.hearing.heard(self.workers, row)

    def rows(self) -> list[AnyRow]:
        ask, read = Action.LISTENING_ASK, Action.LISTENING_READ
        return [
            Row(wire.ANALYZE, ask, self.analyze, limit=Kind.UPLOAD),
            Row(wire.COMPARE, ask, self.compare, limit=Kind.UPLOAD),
            Row(wire.CONVERT, ask, self.convert, limit=Kind.UPLOAD),
            Row(wire.CONVERT_SAMPLE, ask, self.convert_sample, limit=Kind.LISTEN),
            Row(wire.DRAW_WAVEFORM, ask, self.waveform, limit=Kind.UPLOAD),
            Row(wire.ANALYSIS, read, self.analysis, limit=Kind.LIBRARY),
            Row(wire.DELETE_ANALYSIS, Action.LISTENING_DELETE, self.delete),
            Row(wire.ANALYSES, Action.OWN_LISTS, self.analyses, limit=Kind.LIBRARY),
            Row(wire.LISTENING_FILE, read, self.file, limit=Kind.MEDIA),
            Row(wire.ANALYZE_TRACK, ask, self.analyze_track, limit=Kind.LISTEN),
            Row(wire.ANALYZE_JOB, read, self.job, limit=Kind.LIBRARY),
            Row(wire.TRACK_ANALYSIS, read, self.track, limit=Kind.LIBRARY),
        ]


def _answer(found: Listened, value: T) -> Answer[T]:
    """202: it is not there yet."""
    return Answer(status=None if found.row.result is not None else NOT_YET, value=value)


def _conversion(query: shapes.ConvertQuery) -> Convert:
    return Convert(format=query.target_format, bitrate_kbps=query.bitrate, rate_hz=query.sample_rate)


def _renamed(name: str, ending: str) -> str:
    """As its owner calls it, of another format."""
    return f"{(name.rpartition('.')[0] or name)[: shapes.MAX_FILE_NAME - 5]}.{ending}"
