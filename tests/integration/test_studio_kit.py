"""The kit's sounds as a page gets them: the frames of the render, for ever under one address, and nothing else."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from audio.read.reader import read_audio
from audio.score.kit import RATE_HZ, one_shot
from audio.score.sounds import SOUNDS
from audio.score.tables import tables
from relay.features.studio.kit import KIT_VERSION
from tests.support.relay import RelayClient, RelayProcess


@pytest.fixture
def stranger(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        yield client


def _asked(stranger: RelayClient, path: str) -> tuple[int, bytes, str]:
    answer = stranger.http.get(f"{stranger.url}/studio/kit{path}")
    return answer.status_code, answer.content, answer.headers.get("cache-control", "")


def test_the_tables_and_the_frames_are_those_of_the_render(stranger: RelayClient) -> None:
    told = stranger.http.get(f"{stranger.url}/studio/kit").json()
    assert told["version"] == KIT_VERSION and told["sounds"].keys() == SOUNDS.keys()
    assert told["studio"] == tables()["studio"] and len(told["studio"]) == 16
    for sound, number in (("drum-snare", 60), ("bass", 33)):
        status, data, cache = _asked(stranger, f"/{KIT_VERSION}/{sound}/{number}")
        assert status == 200 and "immutable" in cache
        clip = read_audio(data)
        assert clip.sample_rate_hz == RATE_HZ
        np.testing.assert_allclose(clip.samples[:, 0], one_shot(sound, number).samples, atol=2**-22)


def test_a_sound_without_pitch_is_one_file_whatever_note_is_asked_for(stranger: RelayClient) -> None:
    assert _asked(stranger, f"/{KIT_VERSION}/clave/1") == _asked(stranger, f"/{KIT_VERSION}/clave/127")


@pytest.mark.parametrize(
    "path",
    [
        f"/{KIT_VERSION}/gong/60",
        f"/{KIT_VERSION}/bass/128",
        f"/{KIT_VERSION}/bass/-1",
        f"/{KIT_VERSION}/bass/٣",
        f"/{KIT_VERSION}/bass/{'9' * 5_000}",
        f"/{KIT_VERSION}/..%2f..%2fetc/60",
        "/000000000000/bass/60",
    ],
)
def test_what_is_not_in_the_kit_is_not_found(stranger: RelayClient, path: str) -> None:
    assert _asked(stranger, path)[0] in (404, 414)
