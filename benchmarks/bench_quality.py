"""LAME's quality settings at 128 kb/s: what each costs and what is left of the sound, ffmpeg beside them in one run.

Not a listening test. Two measures of the decoded file against what went in:

- NMR, noise-to-mask ratio in dB, lower is better: the idea of ITU-R BS.1387 with plain means. Noise and masker in bands a
  quarter of a Bark wide, the masker spread over its neighbours (27 dB per Bark down, 10 up) and lowered by 3 dB, more above
  12 Bark; the mean over bands of noise over mask, in dB, averaged over frames of 2,048.
- ODG, objective difference grade, 0 inaudible to -4 very annoying: BS.1387 basic version by GstPEAQ, if its plugin is
  installed (GST_PLUGIN_PATH).

Run by `python -m benchmarks.run quality`.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio.encode.mp3 import BITRATE_KBPS, encode_mp3
from audio.intake import Samples
from audio.level.target import apply_gain, static_gain
from audio.measure.loudness import integrated_lufs
from audio.measure.peak import true_peak_dbtp
from audio.read.reader import read_audio
from benchmarks.material import Clip, fixtures, synthesised

Row = tuple[str, float | str, str, str]
QUALITIES = (0, 2, 3, 4, 5, 7)
RATE_HZ = 48_000  # what BS.1387 is defined at
SECONDS = 8
MOST_CLIPS = 24
BUDGET_S = 90
_WINDOW = 2_048
_BANDS_PER_BARK = 4
_LAME_SCALE = 0.95  # what ffmpeg's copy comes back lower by


def _prepared(clip: Clip) -> Samples:
    """Stereo at RATE_HZ, SECONDS long at most, at the level the pipeline would give it."""
    stereo = np.repeat(clip.samples, 2, axis=1) if clip.samples.shape[1] == 1 else clip.samples
    samples = soxr.resample(stereo, clip.sample_rate_hz, RATE_HZ)[: SECONDS * RATE_HZ]
    samples = np.ascontiguousarray(samples, np.float32)
    gain = static_gain(integrated_lufs(samples, RATE_HZ), true_peak_dbtp(samples), ceiling_dbtp=-1.3)
    return apply_gain(samples, gain.gain_db)


def _bands() -> NDArray[np.float64]:
    """Which bin belongs to which band: 1 or 0, (bins, bands). Bark scale after Schroeder (1979)."""
    hz = np.arange(_WINDOW // 2 + 1) * RATE_HZ / _WINDOW
    number = (7 * np.arcsinh(hz / 650) * _BANDS_PER_BARK).astype(int)
    used = (hz > 80) & (hz < 16_000)
    present = np.unique(number[used])
    belongs: NDArray[np.float64] = ((number[:, None] == present) & used[:, None]).astype(np.float64)
    return belongs


def _spreading(bands: int) -> NDArray[np.float64]:
    """Band to band: how much of a masker counts, its threshold's offset included."""
    bark = np.arange(bands) / _BANDS_PER_BARK
    distance = bark[None, :] - bark[:, None]
    slope_db = np.where(distance < 0, 27 * distance, -10 * distance)
    offset_db = np.where(bark <= 12, 3.0, 0.25 * bark)
    spread: NDArray[np.float64] = 10 ** ((slope_db - offset_db[:, None]) / 10)
    return spread


def _powers(mono: NDArray[np.float32]) -> NDArray[np.float64]:
    view = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[:: _WINDOW // 2]
    spectra = np.square(np.abs(np.fft.rfft(view * np.hanning(_WINDOW))))
    power: NDArray[np.float64] = spectra @ _bands()
    return power


def nmr_db(reference: Samples, decoded: Samples) -> float:
    """Of the worse channel. Same shape, same rate, aligned; frames below -60 dB of the loudest do not count."""
    worst = []
    for channel in range(reference.shape[1]):
        signal = _powers(reference[:, channel])
        noise = _powers(decoded[:, channel] - reference[:, channel])
        audible = signal.sum(axis=1) > 1e-6 * signal.sum(axis=1).max()
        mask = signal @ _spreading(signal.shape[1]) + 1e-12
        worst.append(float(np.mean(10 * np.log10((noise / mask).mean(axis=1)[audible] + 1e-12))))
    return max(worst)


def _odg(reference: Samples, decoded: Samples) -> float | None:
    """None where GstPEAQ is not installed."""
    if shutil.which("gst-launch-1.0") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="sidechain-quality-") as folder:
        parts = []
        for pad, samples in (("ref", reference), ("test", decoded)):
            path = Path(folder) / pad
            path.write_bytes(samples.astype("<f4").tobytes())
            raw = f"rawaudioparse format=pcm pcm-format=f32le sample-rate={RATE_HZ} num-channels=2"
            parts.append(f"filesrc location={path} ! {raw} ! audioconvert ! peaq.{pad}")
        command = ["gst-launch-1.0", *" ".join([*parts, "peaq name=peaq console-output=true"]).split()]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    found = re.search(r"Objective Difference Grade: (\S+)", said)
    return float(found[1]) if found else None


@dataclass(frozen=True)
class _Measured:
    cpu_per_second: float
    nmr_db: float
    odg: float | None


def _ours(samples: Samples, quality: int) -> Samples:
    return read_audio(encode_mp3(samples, RATE_HZ, quality=quality).data).samples


def _ffmpeg(samples: Samples, quality: int) -> Samples:
    """Its copy, brought back to the level of the original."""
    with tempfile.TemporaryDirectory(prefix="sidechain-quality-") as folder:
        wav, mp3 = Path(folder) / "in.wav", Path(folder) / "out.mp3"
        soundfile.write(wav, samples, RATE_HZ, subtype="FLOAT")
        options = ["-c:a", "libmp3lame", "-b:a", f"{BITRATE_KBPS}k", "-compression_level", str(quality)]
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(wav), *options, str(mp3)]
        subprocess.run(command, timeout=120, check=True)
        decoded = read_audio(mp3.read_bytes()).samples
    return decoded / np.float32(_LAME_SCALE)


def _coders() -> dict[str, Callable[[Samples], Samples]]:
    ours = {f"LAME {quality}": partial(_ours, quality=quality) for quality in QUALITIES}
    return {**ours, "ffmpeg, LAME 3": partial(_ffmpeg, quality=3)}


def rows() -> list[Row]:
    """Three lines per quality. Every clip goes through all of them, and no other is begun after BUDGET_S."""
    found = [clip for clips in fixtures().values() for clip in clips] or synthesised()
    coders, until = _coders(), time.monotonic() + BUDGET_S
    measured: dict[str, list[_Measured]] = {name: [] for name in coders}
    for clip in found[:: -(-len(found) // MOST_CLIPS)]:
        samples = _prepared(clip)
        for name, code in coders.items():
            started = time.process_time()
            decoded = code(samples)
            spent = (time.process_time() - started) * RATE_HZ / len(samples)
            measured[name].append(_Measured(spent, nmr_db(samples, decoded), _odg(samples, decoded)))
        if time.monotonic() > until:
            break
    return [row for name, each in measured.items() for row in _rows(name, each)]


def _rows(name: str, measured: list[_Measured]) -> Iterator[Row]:
    if name.startswith("LAME"):  # ffmpeg's time is another process's
        cost_ms = 16_000 * statistics.mean(each.cpu_per_second for each in measured)
        yield f"{name}: CPU with decoding, ms for 16 s", cost_ms, "", ""
    yield (
        f"{name}: NMR, dB, mean",
        statistics.mean(each.nmr_db for each in measured),
        "",
        f"{len(measured)} clips",
    )
    if grades := [each.odg for each in measured if each.odg is not None]:
        yield f"{name}: ODG, mean", statistics.mean(grades), "", f"worst {min(grades):.2f}, GstPEAQ"
