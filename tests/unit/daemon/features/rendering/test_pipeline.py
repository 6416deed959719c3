"""The pipeline on one clip: what is known wins over what is heard, and nothing is made twice."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from audio.errors import EncodingFailed
from audio.intake import Samples
from daemon.core.analysis import TakeAnalysis
from daemon.features.rendering import pipeline
from daemon.features.rendering.pipeline import NICE, Cores, Lossless, Made, Settings, all_cores, make
from daemon.features.rendering.render_cache import Cache
from tests.support.music import piece
from tests.support.tones import music_like

RATE_HZ = 44_100
LIMIT_BYTES = 1 << 28


def made(
    samples: Samples,
    settings: Settings,
    cache: Cache | None = None,
    cores: Cores | None = None,
) -> Made:
    told: list[bytes | Lossless] = []
    result = make(
        samples,
        RATE_HZ,
        settings,
        cache=cache,
        cores=cores,
        copied=told.append,
        early=told.append,
        progress=lambda *_: None,
    )
    assert told == [result.lossless.flac, result.lossless]
    return result


@contextmanager
def some_cores(threads: int) -> Iterator[Cores]:
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(threads + 1) as rest:
        yield Cores(first, rest)


@pytest.fixture(scope="module")
def loop() -> Samples:
    """Two bars at 120 BPM."""
    return piece(3, bpm=120.0).samples[: 4 * RATE_HZ]


def heard(loop: Samples, **settings: object) -> TakeAnalysis:
    asked = Settings(title="t", **settings)  # type: ignore[arg-type]
    return pipeline.plain_analysis(pipeline.analyse_clip(loop, RATE_HZ, asked), asked)


def test_the_transport_wins(loop: Samples) -> None:
    told = heard(loop, bpm=97.0, meter=(4, 4), bars=2)
    assert (told.bpm, told.bpm_source) == (97.0, "transport")
    assert (told.bpm_confidence or 0) < 1.0, "it does not fit the length, and that is said"


def test_bars_and_meter_fix_the_tempo_when_the_host_does_not_say_it(loop: Samples) -> None:
    told = heard(loop, meter=(4, 4), bars=2)
    assert (told.bpm, told.bpm_source) == (pytest.approx(120.0), "length")


def test_else_it_is_heard_with_a_confidence_and_other_readings(loop: Samples) -> None:
    told = heard(loop)
    assert told.bpm == pytest.approx(120.0, rel=0.04) and told.bpm_source in ("length", "audio")
    assert 0 < (told.bpm_confidence or 0) <= 1 and told.bpm_alternatives


def test_a_tempo_that_varies_is_no_tempo(loop: Samples) -> None:
    told = heard(loop, tempo_varies=True, bars=2, meter=(4, 4))
    assert (told.bpm, told.bpm_source, told.bpm_alternatives) == (None, None, ())


def test_what_the_person_says_is_not_doubted(loop: Samples) -> None:
    told = heard(loop, bpm=60.0, bpm_source="given", key="Ebm")
    assert (told.bpm, told.bpm_source, told.key, told.key_source) == (60.0, "given", "Ebm", "given")


def test_of_silence_nothing_is_known() -> None:
    told = made(np.zeros((RATE_HZ, 2), np.float32), Settings(title="t")).lossless.analysis
    assert [each.kind for each in told.warnings] == ["silence"]
    assert (told.bpm, told.key, told.centroid_hz, told.fingerprint, told.embedding) == (
        None,
        None,
        None,
        b"",
        b"",
    )


def test_the_same_is_not_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, cache = music_like(2, RATE_HZ), Cache(tmp_path, LIMIT_BYTES)
    first = made(sound, Settings(title="t"), cache)
    other = made(sound, Settings(title="t", limiter=True), cache)
    monkeypatch.setattr(pipeline, "produce", lambda *_, **__: pytest.fail("it was made again"))
    assert made(sound, Settings(title="t"), cache) == first
    assert made(sound, Settings(title="t", limiter=True), cache) == other
    with pytest.raises(pytest.fail.Exception):
        made(sound, Settings(title="t", bpm=90.0), cache)
    with pytest.raises(pytest.fail.Exception):
        made(sound, Settings(title="t"), None)


def test_a_result_of_another_make_is_made_anew(tmp_path: Path) -> None:
    sound, cache = music_like(1, RATE_HZ), Cache(tmp_path, LIMIT_BYTES)
    first = made(sound, Settings(title="t"), cache)
    (entry,) = tmp_path.iterdir()
    cache.put(entry.name, msgspec.msgpack.encode({"lossless": 1}))
    assert made(sound, Settings(title="t"), cache) == first


def test_on_several_cores_the_same_is_made(loop: Samples) -> None:
    long = np.concatenate([loop] * 11)
    settings = Settings(title="t", bars=22, meter=(4, 4))
    with some_cores(3) as cores:
        assert made(long, settings, cores=cores) == made(long, settings)


def test_when_it_fails_on_several_cores_no_word_of_the_clip_comes_later(
    loop: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, told = Event(), list[bytes]()

    def failing(*_: object, **__: object) -> None:
        failed.set()
        raise EncodingFailed("mp3", "a reason")

    def copied(flac: bytes) -> None:
        assert failed.wait(20)
        told.append(flac)

    monkeypatch.setattr(pipeline, "analyse_clip", failing)
    with some_cores(2) as cores, pytest.raises(EncodingFailed):
        make(loop, RATE_HZ, Settings(title="t"), cache=None, cores=cores, copied=copied, progress=print)
        pytest.fail("it raises")
    assert len(told) == 1


@pytest.mark.parametrize("threads", [None, 2])
@pytest.mark.parametrize("word", ["copied", "early"])
def test_a_lossless_copy_that_cannot_be_told_of_is_an_error(
    loop: Samples, threads: int | None, word: str
) -> None:
    def fails(_: object) -> None:
        raise OSError("the disk")

    with some_cores(2) as cores, pytest.raises(OSError, match="the disk"):
        make(
            loop,
            RATE_HZ,
            Settings(title="t"),
            cache=None,
            cores=cores if threads else None,
            progress=lambda *_: None,
            **{word: fails},
        )


def test_levelling_steps_back_behind_what_an_upload_waits_for() -> None:
    cores = all_cores(step_back=True)
    if cores is None:
        pytest.skip("one core")
    with cores.first, cores.rest:
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        assert cores.first.submit(_nice).result() == mine
        assert set(cores.spread(lambda _: _nice(), range(8))) == {max(NICE, mine)}


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_an_analysis_that_fails_costs_nobody_their_take(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(pipeline, "analyse", broken)
    result = made(music_like(1, RATE_HZ), Settings(title="t", bpm=120.0))
    assert result.lossless.analysis == TakeAnalysis(bpm=120.0, bpm_source="transport") and result.levelled.mp3
