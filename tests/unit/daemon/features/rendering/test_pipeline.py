"""The pipeline on one clip: what is known wins over what is heard, and nothing is made twice."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from audio.errors import EncodingFailed
from audio.intake import Samples
from daemon.core.analysis import TakeAnalysis
from daemon.features.rendering import pipeline
from daemon.features.rendering.pipeline import Lossless, Made, Settings, make
from daemon.features.rendering.render_cache import Cache
from tests.support.music import piece
from tests.support.tones import music_like

RATE_HZ = 44_100
LIMIT_BYTES = 1 << 28


def made(
    samples: Samples,
    settings: Settings,
    cache: Cache | None = None,
    pool: ThreadPoolExecutor | None = None,
) -> Made:
    early: list[Lossless] = []
    result = make(
        samples, RATE_HZ, settings, cache=cache, pool=pool, early=early.append, progress=lambda *_: None
    )
    assert early == [result.lossless]
    return result


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
    with ThreadPoolExecutor(3) as pool:
        assert made(long, settings, pool=pool) == made(long, settings)


def test_when_it_fails_on_several_cores_no_word_of_the_clip_comes_later(
    loop: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, told = Event(), list[Lossless]()

    def failing(*_: object, **__: object) -> None:
        failed.set()
        raise EncodingFailed("mp3", "a reason")

    def early(lossless: Lossless) -> None:
        assert failed.wait(20)
        told.append(lossless)

    monkeypatch.setattr(pipeline, "produce", failing)
    with ThreadPoolExecutor(2) as pool, pytest.raises(EncodingFailed):
        make(loop, RATE_HZ, Settings(title="t"), cache=None, pool=pool, early=early, progress=print)
        pytest.fail("it raises")
    assert len(told) == 1


@pytest.mark.parametrize("threads", [None, 2])
def test_a_lossless_copy_that_cannot_be_told_of_is_an_error(loop: Samples, threads: int | None) -> None:
    def early(_: Lossless) -> None:
        raise OSError("the disk")

    with ThreadPoolExecutor(2) as pool, pytest.raises(OSError, match="the disk"):
        make(
            loop, RATE_HZ, Settings(title="t"), cache=None, pool=pool if threads else None, early=early,
            progress=lambda *_: None,
        )  # fmt: skip


def test_an_analysis_that_fails_costs_nobody_their_take(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(pipeline, "analyse", broken)
    result = made(music_like(1, RATE_HZ), Settings(title="t", bpm=120.0))
    assert result.lossless.analysis == TakeAnalysis(bpm=120.0, bpm_source="transport") and result.levelled.mp3
