"""Every engine of the table keeps what the table promises."""

import numpy as np
import pytest

from audio.separate.engines import ENGINES
from daemon.cli import stems
from tests.support.model_files import htdemucs_file, spleeter_files
from tests.support.music import piece

FILES = {"hpss": (), "spleeter:2stems": spleeter_files(), "htdemucs": (htdemucs_file(),)}


@pytest.mark.parametrize("name", list(ENGINES))
def test_an_engine_makes_the_parts_that_it_names_and_they_sum_up_to_the_clip(name: str) -> None:
    clip = piece(5, bars=1).samples
    said: list[float] = []
    parts = ENGINES[name].separate(clip, 44_100, said.append, FILES[name])
    assert tuple(parts) == ENGINES[name].parts and said[-1] == 1.0
    np.testing.assert_allclose(sum(parts.values()), clip, atol=1e-6)
    assert all(part.shape == clip.shape and part.dtype == np.float32 for part in parts.values())


def test_the_command_line_offers_those_that_there_are() -> None:
    assert tuple(ENGINES) == stems.ENGINES
