"""The MP3 in the decoders most players are made of: exact length, no shift, right level.

Needs ffmpeg, mpg123, Chromium and Firefox (Debian packages ffmpeg, mpg123, chromium, firefox-esr). Random lengths and
rates: 24, or SIDECHAIN_DECODER_CASES; `make soak` asks for 2,000, which take some four minutes.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from audio.encode import mp3_parts
from audio.encode.mp3 import encode_mp3
from audio.intake import MAX_RATE_HZ, MIN_RATE_HZ
from audio.rate import converted_frames
from audio.read.reader import read_audio
from tests.support.browser import running_browser
from tests.support.deadlines import HANG_S
from tests.support.firefox import running_firefox
from tests.support.tones import soft_noise

RANDOM_CASES = int(
    os.environ.get("SIDECHAIN_DECODER_CASES", "2000" if "SIDECHAIN_SOAK" in os.environ else "24")
)
BROWSER_CASES = 20
COMMON_RATES_HZ = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
AWKWARD_FRAMES = [1, 575, 576, 577, 1105, 1151, 1152, 1153, 44_100, 100_001]


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed; this test needs it (apt install {name})."
    return path


def _run(command: list[str]) -> np.ndarray:
    done = subprocess.run(command, capture_output=True, timeout=HANG_S, check=True)
    return np.frombuffer(done.stdout, np.float32)


def _ffmpeg(file: Path) -> np.ndarray:
    # From a file: on a pipe ffmpeg does not trim the end of any MP3.
    return _run([_program("ffmpeg"), "-v", "error", "-i", str(file), "-f", "f32le", "-"])


def _mpg123(file: Path) -> np.ndarray:
    return _run([_program("mpg123"), "-q", "-s", "-e", "f32", str(file)])


@pytest.mark.parametrize("decode", [_ffmpeg, _mpg123])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [32_000, 44_100, 48_000])
def test_length_shift_and_level_are_exact(
    decode: Callable[[Path], np.ndarray], channels: int, sample_rate_hz: int, tmp_path: Path
) -> None:
    file = tmp_path / "loop.mp3"
    for frames in AWKWARD_FRAMES:
        noise = soft_noise(frames, channels=channels)
        title = "Loop" if frames % 2 else None  # with an ID3 tag before the stream and without
        file.write_bytes(encode_mp3(noise, sample_rate_hz, title=title, loops=frames % 3 == 0).data)
        decoded = decode(file).reshape(-1, channels)
        assert len(decoded) == frames, f"{frames} frames came back as {len(decoded)}"
        if frames < 10_000:
            continue
        likeness = [
            float(np.vdot(noise[10:-10], np.roll(decoded, shift, axis=0)[10:-10])) for shift in range(-3, 4)
        ]
        assert int(np.argmax(likeness)) == 3, f"shifted by {int(np.argmax(likeness)) - 3} frames"
        assert np.std(decoded) == pytest.approx(np.std(noise), rel=0.02)


def _libsndfile(file: Path) -> np.ndarray:
    return read_audio(file.read_bytes()).samples


def _random_case(number: int) -> tuple[int, int, int]:
    """Frames, rate and channels: half the lengths within a few MP3 frames, every other rate an unusual one."""
    rng = np.random.default_rng(number)
    frames = int(
        rng.integers(1, 6_000) if number % 4 < 2 else np.exp(rng.uniform(np.log(6_000), np.log(150_000)))
    )
    rate_hz = (
        int(rng.choice(COMMON_RATES_HZ)) if number % 2 else int(rng.integers(MIN_RATE_HZ, MAX_RATE_HZ + 1))
    )
    return frames, rate_hz, 1 + int(rng.integers(2))


@pytest.mark.timeout(900 + RANDOM_CASES)
def test_any_length_at_any_rate_is_exact_in_three_decoders(tmp_path: Path) -> None:
    file = tmp_path / "loop.mp3"
    for number in range(RANDOM_CASES):
        frames, rate_hz, channels = _random_case(number)
        mp3 = encode_mp3(
            soft_noise(frames, channels=channels, seed=number), rate_hz, quality=9, loops=number % 3 == 0
        )
        assert mp3.frames == converted_frames(frames, rate_hz, mp3.sample_rate_hz)
        file.write_bytes(mp3.data)
        for decode in (_ffmpeg, _mpg123, _libsndfile):
            found = decode(file).size // channels
            assert found == mp3.frames, (
                f"{decode.__name__}: {frames} frames at {rate_hz} Hz came back as {found}"
            )


@pytest.mark.timeout(900 + RANDOM_CASES)
def test_no_decoder_minds_that_a_long_one_was_encoded_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mp3_parts, "PART_PERIODS", 2)  # 2.6 s
    file = tmp_path / "long.mp3"
    for number in range(RANDOM_CASES // 8):
        rng = np.random.default_rng(number)
        channels, rate_hz = (2, 2, 1)[number % 3], (44_100, 48_000, 32_000)[number // 3 % 3]
        frames = int(rng.integers(5 * mp3_parts.PERIOD_SAMPLES, 9 * mp3_parts.PERIOD_SAMPLES))
        swell = np.abs(np.sin(np.arange(frames) / rng.integers(300, 30_000))) ** rng.integers(1, 9)
        noise = soft_noise(frames, channels=channels, seed=number) * swell[:, None].astype(np.float32)
        file.write_bytes(encode_mp3(noise, rate_hz, title="Long").data)
        ours = _libsndfile(file)
        assert len(ours) == frames
        for decode in (_ffmpeg, _mpg123):
            np.testing.assert_allclose(decode(file).reshape(-1, channels), ours, rtol=0, atol=1e-5)
        for command in (
            [_program("ffmpeg"), "-v", "warning", "-xerror", "-i", str(file), "-f", "null", "-"],
            [_program("mpg123"), "-q", "-t", str(file)],
        ):
            said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=True).stderr
            assert not said, f"{number}: a decoder that misses bits says so"


# The length and channels, and the last channel as base64 of float32: some megabytes of numbers as JSON take seconds.
_DECODE_IN_PAGE = """async (request) => {
    const [data, rate] = JSON.parse(request);
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.buffer);
    const samples = new Uint8Array(buffer.getChannelData(buffer.numberOfChannels - 1).slice().buffer);
    let letters = "";
    for (let at = 0; at < samples.length; at += 8192)
        letters += String.fromCharCode(...samples.subarray(at, at + 8192));
    return JSON.stringify([buffer.numberOfChannels, btoa(letters)]);
}"""


@contextmanager
def _chromium_page() -> Iterator[Callable[[str, str], str]]:
    with running_browser() as browser:
        yield browser.new_page().evaluate


@contextmanager
def _firefox_page() -> Iterator[Callable[[str, str], str]]:
    with running_firefox() as page:
        yield page.call


@pytest.mark.parametrize("browser", [_chromium_page, _firefox_page])
def test_browsers_decode_exactly_the_frames_without_a_shift(
    browser: Callable[[], AbstractContextManager[Callable[[str, str], str]]],
) -> None:
    with browser() as call:
        for number in range(BROWSER_CASES):
            rate_hz = (32_000, 44_100, 48_000)[number % 3]
            frames, _, channels = _random_case(number)
            noise = soft_noise(frames, channels=channels, seed=number)
            mp3 = encode_mp3(noise, rate_hz)
            request = json.dumps([base64.b64encode(mp3.data).decode(), rate_hz])
            found_channels, encoded = json.loads(call(_DECODE_IN_PAGE, request))
            last = np.frombuffer(base64.b64decode(encoded), np.float32)
            assert (found_channels, len(last)) == (channels, frames)
            if frames > 2_000:
                wanted = noise[10:-10, -1]
                likeness = [float(np.dot(wanted, np.roll(last, shift)[10:-10])) for shift in range(-3, 4)]
                assert int(np.argmax(likeness)) == 3, f"shifted by {int(np.argmax(likeness)) - 3} frames"
