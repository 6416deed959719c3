"""Pictures of a take: valid documents that any program opens, the same bytes for the same take."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from audio.draw.card import HEIGHT, WIDTH, card_svg
from tests.support.tones import Samples, music_like, sine, soft_noise

SVG = "{http://www.w3.org/2000/svg}"


def _texts(clip: Samples, **more: object) -> list[str]:
    root = ElementTree.fromstring(card_svg(clip, 48_000, **{"title": "Night <drive> & more"} | more))  # type: ignore[arg-type]
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def test_the_card_names_its_figures() -> None:
    texts = _texts(sine(1000, -14, 4, 48_000), bpm=127.5, key="F#m")
    assert texts[0] == "Night <drive> & more"
    for figure in ("−14.0 LUFS", "−14.0 dBTP", "0.0 LU", "1.00 clean", "127.5 BPM · F#m · 4.0 s"):
        assert figure in texts, texts


@pytest.mark.parametrize(
    "clip", [np.zeros((48_000, 2), np.float32), soft_noise(1, channels=1), soft_noise(30_000)]
)
def test_silent_and_short_clips_have_a_card_too(clip: Samples) -> None:
    texts = _texts(clip)
    assert texts[1] == f"{len(clip) / 48_000:.1f} s", "what is unknown is not named"


def test_a_title_is_shown_as_far_as_the_facts_leave_room() -> None:
    fits, long, wide = "Night drive, second half", "long " * 24, "夜" * 40
    shown = {
        title: _texts(soft_noise(30_000), title=title, bpm=127.52, key="F# minor")[0]
        for title in (fits, long, wide)
    }
    assert shown[fits] == fits
    assert shown[long].endswith("…") and 15 < len(shown[long]) < 40
    assert shown[wide].endswith("…") and len(shown[wide]) < len(shown[long])
    assert len(_texts(soft_noise(30_000), title=long)[0]) > len(shown[long]), "less beside it"


def test_curves_stay_inside_the_card() -> None:
    svg = card_svg(music_like(5, 48_000), 48_000, title="", bar_fractions=[0, 0.5, 7])
    root = ElementTree.fromstring(svg)
    for path in root.iter(f"{SVG}path"):
        numbers = (
            path.attrib["d"]
            .replace("M", " ")
            .replace("L", " ")
            .replace("H", " ")
            .replace("V", " ")
            .rstrip("z")
        )
        assert all(0 <= float(number) <= max(WIDTH, HEIGHT) for number in numbers.split())
    assert len(svg) < 60_000
    assert svg == card_svg(music_like(5, 48_000), 48_000, title="", bar_fractions=[0, 0.5, 7])
