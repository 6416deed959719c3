"""What came of listening, as the wire says it. Values in, values out."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from audio.analyse.shapes import AnalysisDocument, Summary
from relay.core.dashed_ids import dashed
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.jobs import table
from relay.features.listening.service import Listened
from relay.features.listening.store import Listening
from relay.features.listening.tasks import AnalysisResult, ComparisonResult, Fetch
from relay.wire import listening as shapes
from relay.wire.listening_operations import LISTENING_FILE

F = TypeVar("F", bound=shapes.Features)
_SPREADS = {
    "rms": "rms",
    "zero_crossing_rate": "zero_crossings",
    "spectral_centroid": "centroid_hz",
    "spectral_bandwidth": "bandwidth_hz",
    "spectral_rolloff": "roll_off_hz",
    "spectral_flatness": "flatness",
    "spectral_contrast": "contrast_db",
    "mfcc": "mfcc",
    "chroma": "chroma",
    "tonnetz": "tonnetz",
}
"""Our names of the descriptors, by the wire's."""


def address_of(base_url: str, listened: Listened, name: str) -> str:
    """Of a file that came of it. [any]"""
    return f"{base_url}{LISTENING_FILE.at(listening_id=dashed(listened.row.id), file=name)}"


def features(listened: Listened, base_url: str, kind: type[F], **more: Any) -> F:  # any: fields of kind
    """kind: of Features; more: its fields beside those. [any]"""
    assert listened.row.result is not None
    heard = msgspec.json.decode(listened.row.result, type=AnalysisResult)
    there = {file.name for file in listened.files}
    names = {name: f"{name}.svg" for name in shapes.Pictures.__struct_fields__}
    pictures = (
        shapes.Pictures(**{each: address_of(base_url, listened, file) for each, file in names.items()})
        if there.issuperset(names.values())
        else None
    )
    fields: dict[str, Any] = {  # any: fields of Features
        **_figures(heard.document),
        **_music(heard.document),
        "lacks": heard.lacks[:16],
        "pictures": pictures,
    }
    return kind(**fields, **more)


def results(listened: Listened, base_url: str) -> shapes.AnalysisResults:
    """Of a file that was sent. [any]"""
    row = listened.row
    return features(
        listened,
        base_url,
        shapes.AnalysisResults,
        analysis_id=dashed(row.id),
        user_id=dashed(row.account_id),
        file_name=row.asked.sources[0].name,
        created_at=rfc3339(row.created_us),
    )


def likenesses(result: str) -> shapes.Likenesses:
    """result: of a comparison. [any]"""
    both = msgspec.json.decode(result, type=ComparisonResult)
    aspects = {name: getattr(both.comparison, name) for name in both.comparison.__struct_fields__}
    known = [each.likeness for each in aspects.values() if each.likeness is not None]
    return shapes.Likenesses(
        tempo_similarity=aspects["tempo"].likeness,
        timbre_similarity=aspects["timbre"].likeness,
        harmonic_similarity=aspects["harmony"].likeness,
        rhythm_similarity=aspects["rhythm"].likeness,
        loudness_similarity=aspects["loudness"].likeness,
        overall_similarity=round(sum(known) / len(known), 3) if known else None,
        words={name.replace(" ", "_"): each.word for name, each in aspects.items()},
        says={name: each.says for name, each in aspects.items()},
        is_one_piece=both.changes.aligned,
        changes=list(both.changes.says)[:64],
    )


def track_of(row: Listening) -> str | None:
    """What its owner calls the track that it is of. [any]"""
    return row.asked.task.track_id if isinstance(row.asked.task, Fetch) else row.creation_id


def job(listened: Listened) -> shapes.TrackJob:
    """[any]"""
    row, state = listened.row, listened.job
    return shapes.TrackJob(
        job_id=dashed(row.job_id),
        track_id=dashed(track_of(row) or row.id),
        status=listened.state,
        stage=state.stage if state is not None and state.state == "running" else "",
        progress=1.0 if state is None else state.fraction,
        error=error_of(listened),
    )


def no_model(name: str, here: Mapping[str, str]) -> Refusal:
    """here: those that there are, and what each says. [any]"""
    there = ", ".join(f"{each} ({says})" for each, says in here.items())
    return Refusal("model_unavailable", f"This relay has no model {name}.", f"Name one that it has: {there}.")


def error_of(listened: Listened) -> str | None:
    """A refusal is for the person; what a fault says stands in the log. [any]"""
    return why(listened.state, listened.job)


def why(state: str, job: table.Job | None) -> str | None:
    """Nothing came of it. [any]"""
    if job is None or state not in ("failed", "quarantined"):
        return None
    fault = "The relay could not listen to this; it has been noted."
    return job.error if state == "failed" else fault


def _figures(found: AnalysisDocument) -> Mapping[str, Any]:  # any: fields of Features
    loud = found.loudness
    spreads = {name: _spread(found.descriptors[ours]) for name, ours in _SPREADS.items()}
    return {
        "algorithm": found.algorithm,
        "content_sha256": found.content_sha256,
        "duration": found.seconds,
        "sample_rate": found.sample_rate_hz,
        "channels": found.channels,
        "loudness": loud.integrated_lufs,
        "loudness_momentary": loud.momentary_max_lufs,
        "loudness_short_term": loud.short_term_max_lufs,
        "loudness_range": loud.range_lu,
        "true_peak": loud.true_peak_dbtp,
        "rms_level": loud.rms_dbfs,
        "harmonic_energy": min(found.energies.harmonic, 1.0),
        "percussive_energy": min(found.energies.percussive, 1.0),
        **spreads,
    }


def _music(found: AnalysisDocument) -> Mapping[str, Any]:  # any: fields of Features
    sections = [
        shapes.Section(start=each.start_s, end=each.end_s, label=each.label) for each in found.segments
    ]
    return {
        "tempo": found.tempo.bpm,
        "tempo_source": found.tempo.source,
        "tempo_confidence": found.tempo.confidence,
        "tempo_alternatives": list(found.tempo.alternatives)[:16],
        "beats": list(found.beats_s)[: shapes.MAX_MOMENTS],
        "onsets": list(found.onsets_s)[: shapes.MAX_MOMENTS],
        "key": found.key.name,
        "camelot": found.key.camelot,
        "key_confidence": found.key.confidence,
        "key_alternatives": [
            shapes.OtherKey(key=name, confidence=min(max(share, 0.0), 1.0))
            for name, share in found.key.alternatives[:24]
        ],
        "tuning_cents": found.key.tuning_cents,
        "segments": sections[:1_000],
    }


def _spread(found: Summary) -> shapes.Spread:
    return shapes.Spread(
        **{name: list(getattr(found, name)) for name in ("mean", "deviation", "least", "most")}
    )
