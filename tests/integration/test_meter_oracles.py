"""The meter beside libebur128 and ffmpeg on material nobody made for a meter. Needs ffmpeg and libebur128-1 (Debian)."""

import ctypes
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from audio.encode.wave import wav_f32_header
from audio.measure.loudness import loudness
from audio.measure.peak import true_peak_dbtp
from tests.support.deadlines import HANG_S
from tests.support.tones import Samples, music_like, soft_noise

_ALL_MODES = 0x01 | 0x03 | 0x05 | 0x0B | 0x15 | 0x20 | 0x31  # ebur128.h: M, S, I, LRA, sample peak, true peak


def _drums(sample_rate_hz: int) -> Samples:
    """Two loudnesses, bursts and gaps: what the gates and the range are about."""
    clip = music_like(24, sample_rate_hz)
    clip[: len(clip) // 3] *= np.float32(0.1)
    clip[len(clip) // 2 : len(clip) // 2 + sample_rate_hz] = 0
    return clip


CLIPS = {"music": lambda hz: music_like(12, hz), "noise": lambda hz: soft_noise(9 * hz), "drums": _drums}


def _libebur128(clip: Samples, sample_rate_hz: int) -> dict[str, float]:
    library = ctypes.CDLL("libebur128.so.1")
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]
    state = ctypes.c_void_p(library.ebur128_init(clip.shape[1], sample_rate_hz, _ALL_MODES))
    found, figure = {}, ctypes.c_double()
    best = {"momentary": -np.inf, "shortterm": -np.inf}
    for start in range(0, len(clip), sample_rate_hz // 100):
        part = np.ascontiguousarray(clip[start : start + sample_rate_hz // 100])
        library.ebur128_add_frames_float(state, ctypes.c_void_p(part.ctypes.data), ctypes.c_size_t(len(part)))
        for name in best:
            getattr(library, f"ebur128_loudness_{name}")(state, ctypes.byref(figure))
            best[name] = max(best[name], figure.value)
    for name in ("global", "range"):
        getattr(library, f"ebur128_loudness_{name}")(state, ctypes.byref(figure))
        found[name] = figure.value
    peak = 0.0
    for channel in range(clip.shape[1]):
        library.ebur128_true_peak(state, ctypes.c_uint(channel), ctypes.byref(figure))
        peak = max(peak, figure.value)
    library.ebur128_destroy(ctypes.byref(state))
    return found | best | {"dbtp": 20 * float(np.log10(peak))}


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("kind", CLIPS)
def test_libebur128_reads_the_same(kind: str, sample_rate_hz: int) -> None:
    clip = CLIPS[kind](sample_rate_hz)
    ours, theirs = loudness(clip, sample_rate_hz), _libebur128(clip, sample_rate_hz)
    assert ours.integrated_lufs == pytest.approx(theirs["global"], abs=0.02)
    assert ours.momentary_max_lufs == pytest.approx(theirs["momentary"], abs=0.02)
    assert ours.short_term_max_lufs == pytest.approx(theirs["shortterm"], abs=0.02)
    assert ours.range_lu == pytest.approx(theirs["range"], abs=0.3)
    assert true_peak_dbtp(clip) == pytest.approx(theirs["dbtp"], abs=0.15)


@pytest.mark.parametrize("kind", CLIPS)
def test_ffmpeg_reads_the_same(kind: str, tmp_path: Path) -> None:
    clip, rate_hz = CLIPS[kind](48_000), 48_000
    file = tmp_path / "clip.wav"
    file.write_bytes(wav_f32_header(len(clip), 2, rate_hz) + clip.tobytes())
    command = [
        "ffmpeg",
        "-nostdin",
        "-hide_banner",
        "-i",
        str(file),
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=True).stderr
    summary = said[said.rindex("Summary") :]
    integrated, lra, dbtp = (
        float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1])  # type: ignore[index]
        for name in ("I", "LRA", "Peak")
    )
    ours = loudness(clip, rate_hz)
    assert ours.integrated_lufs == pytest.approx(integrated, abs=0.1)  # it prints one digit
    assert ours.range_lu == pytest.approx(lra, abs=0.3)
    assert true_peak_dbtp(clip) == pytest.approx(dbtp, abs=0.15)
