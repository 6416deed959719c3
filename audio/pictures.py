"""The pictures of one analysis: what is drawn of it, under which name. [worker]"""

from audio.analyse.document import Found
from audio.analyse.key import TONICS
from audio.analyse.shapes import AnalysisDocument
from audio.analyse.spectrogram import Scale, spectrogram
from audio.draw.analysis import Caption, beats_svg, chromagram_svg, spectrogram_svg
from audio.draw.sheet import COLUMNS
from audio.draw.theme import THEMES
from audio.draw.waveform import peaks
from audio.intake import Samples

NAMES = ("spectrogram.svg", "chromagram.svg", "beats.svg")


def drawn(
    samples: Samples,
    sample_rate_hz: int,
    found: Found,
    *,
    title: str,
    theme_name: str = "dark",
    scale: str = "log",
) -> dict[str, str]:
    """SVG documents by NAMES. samples: as sanitize() returns them. Raises ValueError for a scale, KeyError for a theme that is none."""
    theme, document = THEMES[theme_name], found.document
    caption = Caption(title, _facts(document), document.seconds)
    seen = spectrogram(samples, sample_rate_hz, COLUMNS, Scale(scale))
    tonic = TONICS.index(document.key.name.split()[0]) if document.key.name else None
    parts = [(part.start_s, part.end_s, part.label) for part in document.segments]
    made = (
        spectrogram_svg(seen.levels_db, seen.centres_hz, caption, theme),
        chromagram_svg(found.descriptors.chroma, caption, theme, tonic=tonic),
        beats_svg(
            peaks(samples, points=COLUMNS), found.envelope.total, document.beats_s, parts, caption, theme
        ),
    )
    return dict(zip(NAMES, made, strict=True))


def _facts(document: AnalysisDocument) -> str:
    known = [f"{document.tempo.bpm:.5g} BPM"] if document.tempo.bpm else []
    known += [document.key.name] if document.key.name else []
    known += (
        [f"{document.loudness.integrated_lufs:.1f} LUFS".replace("-", "−")]
        if document.loudness.integrated_lufs
        else []
    )
    return " · ".join([*known, f"{document.seconds:.1f} s"])
