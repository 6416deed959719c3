"""The pipeline against what a producer would do by hand with ffmpeg, and against LAME alone. One run, ratios only.

Not a quality test. Run by `python -m benchmarks.run pipeline [--long]`.

- ours: float WAV file in, produce() on all cores, MP3 and SVG out, in this warm process as in the daemon's worker
- produce: produce() alone, on one thread, samples in memory in and out
- all of a take: what the daemon's worker does between reading the sound and writing the files, make() of
  daemon/features/rendering: sanitize, warnings, tempo, key, onsets, spectrum, fingerprint, likeness, FLAC; loudness and true peak
  before and after, levelling, MP3, decoding, seam, peaks at three zooms, SVG. Without the files, which are the disk's
- ffmpeg: loudnorm measuring pass, loudnorm linear pass into libmp3lame 128k, showwavespic: three processes
- LAME: lameenc on ready int16 at the same quality (ffmpeg's default is LAME's, 3): the floor, if all else were free

Two clips, because loudnorm works four times as hard (at 192 kHz) where peaks stand in the way of the target and its linear mode
gives up: one with such peaks, one whose dynamics allow the target.

Processor time is user + system of this process or of the ffmpeg processes. Rounds interleave; medians are compared.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import lameenc
import numpy as np

from audio.draw.waveform import peaks, waveform_svg
from audio.draw.zoom import zoom_levels
from audio.encode.flac import encode_flac
from audio.encode.mp3 import BITRATE_KBPS, DEFAULT_QUALITY, dither
from audio.encode.wave import wav_f32_header
from audio.intake import sanitize
from audio.kernels import KERNELS
from audio.level.target import apply_gain
from audio.loop import seam
from audio.measure.loudness import loudness
from audio.measure.peak import true_peak_dbtp
from audio.measure.warnings import warnings
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from audio.spread import Spread, one_by_one
from daemon.features.rendering.pipeline import Cores, Made, Settings, all_cores, analyse_clip, make
from tests.support.music import piece
from tests.support.tones import Samples, music_like, soft_noise

SAMPLE_RATE_HZ = 44_100
CLIP_SECONDS, CLIP_ROUNDS = 16, 7
LONG_SECONDS, LONG_ROUNDS = 600, 1
Row = tuple[str, float, str, str]
"""What was compared, the figure, the limit it should keep, what stood beside it."""


@dataclass
class Times:
    """One entry per round."""

    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)

    def ratio_to(self, other: "Times") -> tuple[float, float]:
        """(processor, wall) time of this as multiples of the other's; medians."""
        return (
            statistics.median(self.cpu_s) / statistics.median(other.cpu_s),
            statistics.median(self.wall_s) / statistics.median(other.wall_s),
        )


def _cpu_s() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _produce(samples: Samples, spread: Spread = one_by_one) -> Produced:
    return produce(samples, SAMPLE_RATE_HZ, title="Bench", bpm=128.0, key=None, spread=spread)


def _all_of_a_take(samples: Samples, cores: Cores | None) -> Made:
    """Of one without a transport, whose tempo must be heard: the dearest kind."""
    return make(
        samples,
        SAMPLE_RATE_HZ,
        Settings(title="Bench"),
        cache=None,
        cores=cores,
        progress=lambda *_: None,
    )


def _ours(wav: Path, folder: Path, spread: Spread) -> Produced:
    clip = read_audio(wav.read_bytes())
    made = _produce(clip.samples, spread)
    (folder / "ours.mp3").write_bytes(made.mp3.data)
    (folder / "ours.svg").write_text(made.waveform_svg)
    return made


def _ffmpeg(*arguments: str) -> str:
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-y", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stderr


def _reference(wav: Path, folder: Path) -> None:
    target = "loudnorm=I=-14:TP=-1:LRA=11"
    report = _ffmpeg("-i", str(wav), "-af", f"{target}:print_format=json", "-f", "null", "-")
    measured = json.loads(report[report.rindex("{") : report.rindex("}") + 1])
    linear = (
        f"{target}:linear=true:measured_I={measured['input_i']}:measured_TP={measured['input_tp']}"
        f":measured_LRA={measured['input_lra']}:measured_thresh={measured['input_thresh']}"
        f":offset={measured['target_offset']}"
    )
    mp3 = ("-ar", str(SAMPLE_RATE_HZ), "-c:a", "libmp3lame", "-b:a", "128k", str(folder / "ffmpeg.mp3"))
    _ffmpeg("-i", str(wav), "-af", linear, *mp3)
    _ffmpeg(
        "-i", str(wav), "-filter_complex", "showwavespic=s=800x128", "-frames:v", "1", str(folder / "f.png")
    )


def _lame(pcm: bytes) -> None:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(BITRATE_KBPS)
    encoder.set_in_sample_rate(SAMPLE_RATE_HZ)
    encoder.set_channels(2)
    encoder.set_quality(DEFAULT_QUALITY)
    encoder.encode(pcm)
    encoder.flush()


_FIRST_CLIP = """
import time, resource
started = time.perf_counter()
import numpy as np
from daemon.features.rendering.pipeline import Settings, all_cores, make
cores = all_cores(step_back=False)
clip = np.random.default_rng(1).random((SECONDS * 44100, 2), np.float32) * np.float32(0.1)

def run(samples):
    nothing = lambda *_: None
    return make(samples, 44100, Settings(title="Bench"), cache=None, cores=cores, progress=nothing)

run(clip[:44100])
ready = time.perf_counter() - started
run(clip)
print(ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def _fresh_process(seconds: int) -> tuple[float, float]:
    """Seconds from nothing imported to all of a take of one second; then the most memory in MB, with a clip so long."""
    command = [sys.executable, "-c", _FIRST_CLIP.replace("SECONDS", str(seconds))]
    ready_s, memory_mb = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=True
    ).stdout.split()
    return float(ready_s), float(memory_mb)


def _shares(clip: Samples, made: Produced) -> dict[str, Callable[[], object]]:
    """The stages of all of a take but LAME's, one by one."""
    return {
        "analysis": lambda: analyse_clip(clip, SAMPLE_RATE_HZ, Settings(title="Bench")),
        "FLAC": lambda: encode_flac(clip, SAMPLE_RATE_HZ),
        "sanitize": lambda: sanitize(clip),
        "loudness, twice": lambda: [loudness(each, SAMPLE_RATE_HZ) for each in (clip, made.decoded)],
        "true peak, twice": lambda: [true_peak_dbtp(each) for each in (clip, made.decoded)],
        "gain and int16 with dither": lambda: _convert(clip),
        "decoding": lambda: read_audio(made.mp3.data),
        "seam and warnings": lambda: (seam(clip, SAMPLE_RATE_HZ), warnings(sanitize(clip), SAMPLE_RATE_HZ)),
        "peaks and SVG": lambda: waveform_svg(peaks(made.decoded), title="Bench"),
        "peaks to zoom into": lambda: [each.dat() for each in zoom_levels(made.decoded, SAMPLE_RATE_HZ)],
    }


def _convert(clip: Samples) -> int:
    noise = dither(clip)
    blocks = [clip[at : at + len(noise)] for at in range(0, len(clip), len(noise))]
    return sum(KERNELS.pcm16(block, 30_000.0, noise[: len(block)])[1] for block in blocks)


def _interleaved(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    times = {name: Times() for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            cpu_s, wall_s = _cpu_s(), time.perf_counter()
            run()
            times[name].cpu_s.append(_cpu_s() - cpu_s)
            times[name].wall_s.append(time.perf_counter() - wall_s)
    return times


def _compared(clip: Samples, label: str, rounds: int) -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="sidechain-bench-") as name,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        folder = Path(name)
        wav = folder / "in.wav"
        wav.write_bytes(wav_f32_header(len(clip), 2, SAMPLE_RATE_HZ) + clip.tobytes())
        made, every_core = _ours(wav, folder, pool.map), all_cores(step_back=False)  # also warms up
        pcm = np.rint(apply_gain(clip, made.gain_db).clip(-1, 1) * 32_767).astype(np.int16).tobytes()
        times = _interleaved(
            {
                "ours": lambda: _ours(wav, folder, pool.map),
                "produce": lambda: _produce(clip),
                "all": lambda: _all_of_a_take(clip, every_core),
                "ffmpeg": lambda: _reference(wav, folder),
                "lame": lambda: _lame(pcm),
            },
            rounds,
        )
        stages = _interleaved(_shares(clip, made), rounds) if rounds > 1 else {}
    faster_cpu, faster_wall = times["ffmpeg"].ratio_to(times["ours"])
    floor_cpu, _ = times["ffmpeg"].ratio_to(times["lame"])
    produce_cpu, _ = times["produce"].ratio_to(times["lame"])
    all_cpu, all_wall = times["all"].ratio_to(times["lame"])
    least, most = ("≥ 3.5", "≤ 1.25") if rounds > 1 else ("≥ 5", "")
    cores = f"LAME alone, one core; here {os.cpu_count()}"
    return [
        (f"{label}: faster than ffmpeg two-pass, wall", faster_wall, least, _ffmpeg_version()),
        (f"{label}: faster than ffmpeg two-pass, CPU", faster_cpu, least, "the same"),
        (f"{label}: what LAME alone would reach there, CPU", floor_cpu, "", "if all else were free"),
        (f"{label}: over LAME alone, CPU", produce_cpu, most, f"LAME quality {DEFAULT_QUALITY}"),
        (f"{label}: all of a take, over LAME alone, wall", all_wall, most, cores),
        (f"{label}: all of a take, over LAME alone, CPU", all_cpu, "", "LAME alone"),
        (f"{label}: encodes needed", float(made.encodes), "≤ 2", str(made.loudness_reason)),
        *(
            (f"{label}: {name}, CPU", spent.ratio_to(times["lame"])[0], "", "LAME alone")
            for name, spent in stages.items()
        ),
    ]


def _ffmpeg_version() -> str:
    words = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()
    return f"ffmpeg {words[2]}: loudnorm ×2, libmp3lame 128k, showwavespic"


def rows(*, long: bool = False) -> list[Row]:
    """One line per comparison. About 15 s; long adds 10 minutes of audio and takes two minutes more."""
    clip = music_like(CLIP_SECONDS, SAMPLE_RATE_HZ)
    free = np.tile(piece(3, bpm=120.0).samples, (2, 1)) + soft_noise(
        CLIP_SECONDS * SAMPLE_RATE_HZ, level_dbfs=-11
    )
    found = _compared(clip, f"{CLIP_SECONDS} s, peaks in the way", CLIP_ROUNDS)
    found += _compared(apply_gain(free, -3.0), f"{CLIP_SECONDS} s, none", CLIP_ROUNDS)
    ready_s, memory_mb = _fresh_process(CLIP_SECONDS)
    found.append(
        ("import to the first recording, s", ready_s, "< 1", "a fresh process, all of a take of one second")
    )
    found.append((f"{CLIP_SECONDS} s: most memory, MB", memory_mb, "", "that process"))
    if long:
        minutes = np.tile(clip, (-(-LONG_SECONDS // CLIP_SECONDS), 1))[: LONG_SECONDS * SAMPLE_RATE_HZ]
        found += _compared(minutes, f"{LONG_SECONDS // 60} min", LONG_ROUNDS)
        found.append(
            (f"{LONG_SECONDS // 60} min: most memory, MB", _fresh_process(LONG_SECONDS)[1], "", "one process")
        )
    return found
