"""What analysis says of the moments of a clip, beside librosa: descriptors, energies, beats. Nothing without librosa.

Run by `python -m benchmarks.run features`. Both get the same channel at the same rate. Of descriptors, how far the means over the frames
are apart, the widest of all fixtures; of beats, how many are the other's within 70 ms, where both count the same tempo (F-measure, as in
M. Davies et al., "Evaluation methods for musical audio beat tracking algorithms", 2009).
"""

import importlib
import importlib.metadata
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from audio.analyse import onsets
from audio.analyse.analysis import analyse
from audio.analyse.beats import beat_times_s
from audio.analyse.descriptors import HOP_FRAMES, WINDOW_FRAMES, Descriptors, describe_mono
from audio.analyse.energies import energies_of
from audio.analyse.spectrum import ANALYSIS_RATE_HZ, MEL_BANDS, Frames, at_full_scale, magnitudes, one_channel
from audio.intake import Samples, sanitize
from audio.read.reader import read_audio
from benchmarks.cpu_time import median_cpu_ms

Row = tuple[str, float | str, str, str]
SAME_BEAT_S, SAME_TEMPO = 0.07, 0.04
MOST_CLIPS = 12
LIMITS = {
    "rms": 0.001,
    "zero_crossings": 0.001,
    "centroid_hz": 0.001,
    "bandwidth_hz": 0.001,
    "roll_off_hz": 0.001,
    "flatness": 0.01,
    "contrast_db": 0.1,
    "mfcc": 0.01,
    "tonnetz": 0.001,
}
"""How far apart the means may be, of the larger."""
MAX_ENERGY_APART = 0.1
"""Medians at the edges of a clip see its first and last frame again here, and a mirror of it there."""


def rows() -> list[Row]:
    """Lower is better where a limit says ≤."""
    if not importlib.util.find_spec("librosa"):
        return [("librosa is not installed", "–", "", "")]
    who = f"librosa {importlib.metadata.version('librosa')}"
    paths = sorted(Path(os.environ["SIDECHAIN_AUDIO_FIXTURES"]).glob("*.flac"))
    clips = [read_audio(path.read_bytes()) for path in paths[:: max(1, len(paths) // MOST_CLIPS)]]
    sounds = [(sanitize(clip.samples).samples, clip.sample_rate_hz) for clip in clips]
    monos = [one_channel(samples, rate_hz) for samples, rate_hz in sounds]
    found = _descriptors(monos, who)
    found += _energies(monos, who)
    found += _beats(sounds, monos, who)
    longest = max(monos, key=len)
    seconds = len(longest) / ANALYSIS_RATE_HZ
    for name, cost_ms in (
        ("ours", median_cpu_ms(lambda: _ours(longest), 3)),
        (who, median_cpu_ms(lambda: _theirs(longest), 3)),
    ):
        found.append(("descriptors, CPU ms for a second", cost_ms / seconds, "", name))
    return found


def _descriptors(monos: list[Frames], who: str) -> list[Row]:
    apart = dict.fromkeys(LIMITS, 0.0)
    chroma = list[float]()
    for mono in monos:
        ours, theirs = _ours(mono), _theirs(mono)
        for name in LIMITS:
            one, other = (
                np.atleast_2d(each).mean(axis=0)
                for each in (getattr(ours, name).reshape(len(ours.rms), -1), theirs[name])
            )
            size = max(float(np.abs(other).max()), 1e-9)
            apart[name] = max(apart[name], float(np.abs(one - other).max()) / size)
        pair = [each.mean(axis=0) for each in (ours.chroma, theirs["chroma"])]
        chroma.append(float(np.corrcoef(*pair)[0, 1]))
    beside = f"{len(monos)} clips, {who}"
    return [
        *((f"{name}: apart at most", far, f"≤ {LIMITS[name]:g}", beside) for name, far in apart.items()),
        ("chroma: correlation, median", float(np.median(chroma)), "", f"{beside}, of another definition"),
    ]


def _ours(mono: Frames) -> Descriptors:
    return describe_mono(mono, lambda _: None)


def _theirs(mono: Frames) -> dict[str, Any]:  # any: arrays (frames, columns)
    librosa = importlib.import_module("librosa")
    feature = librosa.feature
    spectra = _spectra(librosa, mono)
    given = {"S": spectra, "sr": ANALYSIS_RATE_HZ}
    power = librosa.feature.melspectrogram(
        S=np.square(spectra),
        sr=ANALYSIS_RATE_HZ,
        n_mels=MEL_BANDS,
        fmin=30.0,
        fmax=11_025.0,
        htk=True,
        norm=1,
    )
    ours = _ours(mono).chroma
    made = {
        "rms": feature.rms(y=mono, frame_length=WINDOW_FRAMES, hop_length=HOP_FRAMES, pad_mode="constant"),
        "zero_crossings": feature.zero_crossing_rate(mono, frame_length=WINDOW_FRAMES, hop_length=HOP_FRAMES),
        "centroid_hz": feature.spectral_centroid(**given),
        "bandwidth_hz": feature.spectral_bandwidth(**given),
        "roll_off_hz": feature.spectral_rolloff(**given),
        "flatness": feature.spectral_flatness(S=spectra, amin=1e-20),
        "contrast_db": feature.spectral_contrast(**given),
        "mfcc": feature.mfcc(S=librosa.power_to_db(power, top_db=None), n_mfcc=13),
        "chroma": feature.chroma_stft(S=np.square(spectra), sr=ANALYSIS_RATE_HZ),
        "tonnetz": feature.tonnetz(chroma=ours.T, sr=ANALYSIS_RATE_HZ),
    }
    return {name: each.T for name, each in made.items()}


def _spectra(librosa: Any, mono: Frames) -> Frames:  # any: the module
    found: Frames = np.abs(
        librosa.stft(mono, n_fft=WINDOW_FRAMES, hop_length=HOP_FRAMES, pad_mode="constant")
    )
    return found * np.float32(2 / np.hanning(WINDOW_FRAMES + 1)[:-1].sum())  # a full-scale sine is 1, as here


def _energies(monos: list[Frames], who: str) -> list[Row]:
    librosa = importlib.import_module("librosa")
    apart = [0.0, 0.0]
    for mono in monos:
        ours = energies_of(mono)
        spectra = _spectra(librosa, mono)
        parts = librosa.decompose.hpss(spectra, kernel_size=17)
        shares = [float(np.square(part).sum() / np.square(spectra).sum()) for part in parts]
        for n, one in enumerate((ours.harmonic, ours.percussive)):
            apart[n] = max(apart[n], abs(one - shares[n]))
    return [
        (f"{name} energy: apart at most", far, f"≤ {MAX_ENERGY_APART:g}", who)
        for name, far in zip(("harmonic", "percussive"), apart, strict=True)
    ]


def _beats(sounds: list[tuple[Samples, int]], monos: list[Frames], who: str) -> list[Row]:
    librosa = importlib.import_module("librosa")
    scores = list[float]()
    for (samples, rate_hz), mono in zip(sounds, monos, strict=True):
        bpm = analyse(samples, rate_hz, transport_bpm=None, transport_meter=None, bars=None).tempo.bpm
        tempo, times = librosa.beat.beat_track(y=mono, sr=ANALYSIS_RATE_HZ, units="time")
        if bpm is None or abs(float(np.ravel(tempo)[0]) / bpm - 1) > SAME_TEMPO:
            continue
        spectra = magnitudes(at_full_scale(mono), onsets.WINDOW_FRAMES, onsets.HOP_FRAMES)
        ours = np.array(beat_times_s(onsets.onset_envelope(spectra), bpm))
        scores.append(_f_measure(ours, np.asarray(times)))
    median = float(np.median(scores)) if scores else float("nan")
    return [("beats: F-measure, median", median, "≥ 0.8", f"{len(scores)} clips of one tempo, {who}")]


def _f_measure(ours: Any, theirs: Any) -> float:  # any: arrays of seconds
    if not len(ours) or not len(theirs):
        return 0.0
    near = np.abs(ours[:, None] - theirs[None, :]) <= SAME_BEAT_S
    return float(2 * min(near.any(axis=0).sum(), near.any(axis=1).sum()) / (len(ours) + len(theirs)))
