"""Files that people sent to other programs and were wronged with: each is read as it should be.

What is expected of each is written here as a value; the folder's manifest says it in words, and where the file comes from.
"""

import numpy as np
import pytest

from audio.analyse.analysis import analyse
from audio.analyse.tempo import TempoSource
from audio.encode.flac import encode_flac
from audio.errors import UnsupportedAudio
from audio.intake import sanitize
from audio.measure.warnings import WarningKind, warnings
from audio.read.clip import LackKind
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from tests.support.odd_files import odd_files, odd_folder

CUT, DAMAGED, JOINED, NO_END = LackKind.CUT_SHORT, LackKind.DAMAGED, LackKind.JOINED, LackKind.NO_END_MARK
# Frames, at least and at most; what must be told.
FRAMES: dict[str, tuple[int, int, list[LackKind]]] = {
    "aiff_form_plus8.aiff": (22_050, 22_050, []),
    "bw64.wav": (22_050, 22_050, []),
    "chain_same.ogg": (88_200, 88_200, [JOINED]),
    "ffpipe.flac": (176_400, 176_400, []),
    "flac_cut.flac": (24_576, 24_576, [CUT]),
    "flac_total0.flac": (44_100, 44_100, []),
    "id3_front_pic.wav": (22_050, 22_050, []),
    "mp2.mp2": (44_928, 44_928, []),
    "mp3_concat.mp3": (88_200, 92_160, [JOINED]),
    "mp3_hole.mp3": (41_500, 42_500, [DAMAGED]),
    "mp3_id3_uncounted_pad.mp3": (44_100, 44_100, []),
    "mp3_junkff.mp3": (44_100, 44_100, []),
    "mp3_noxing.mp3": (46_080, 46_080, []),
    "mp3_noxing_trail.mp3": (46_080, 46_080, []),
    "mp3_zeros_front.mp3": (44_100, 44_100, []),
    "opus_noeos.opus": (48_000, 48_648, [NO_END]),
    "pipe_zero.wav": (22_050, 22_050, []),
    "riff_plus8.wav": (22_050, 22_050, []),
    "vbr_ffpipe.mp3": (178_560, 178_560, []),
}
REFUSED = {"aac.m4a": "M4A"}
# What else is expected of a file than that it is read: the tests that look at it.
ELSEWHERE = {
    "808_F_F_Ab_C.flac",
    "dualmono_loop.flac",
    "float_over_6dB.wav",
    "hum_-65dB.flac",
    "loop_92.5bpm_4-4.flac",
    "mono_loop.flac",
    "nox4.mp3",
    "sh2.mp3",
    "sub50hz_-12dB_16bit.flac",
    "unipolar_clicks.flac",
}


def _data(name: str) -> bytes:
    folder = odd_folder()
    assert folder is not None
    return (folder / name).read_bytes()


@pytest.mark.parametrize("name", sorted(odd_files().keys() & FRAMES.keys()))
def test_every_frame_there_is_and_a_true_word_on_what_is_missing(name: str) -> None:
    least, most, lacks = FRAMES[name]
    clip = read_audio(_data(name))
    assert least <= len(clip.samples) <= most
    assert [lack.kind for lack in clip.lacks] == lacks


@pytest.mark.parametrize("name", sorted(odd_files().keys() & REFUSED.keys()))
def test_what_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(UnsupportedAudio, match=REFUSED[name]):
        read_audio(_data(name))


@pytest.mark.parametrize(
    "name", sorted(odd_files().keys() & {"sub50hz_-12dB_16bit.flac", "unipolar_clicks.flac"})
)
def test_clean_sound_is_not_called_clipped(name: str) -> None:
    clip = read_audio(_data(name))
    assert WarningKind.CLIPPING not in [
        each.kind for each in warnings(sanitize(clip.samples), clip.sample_rate_hz)
    ]


@pytest.mark.parametrize(
    ("name", "bpm"),
    [
        each
        for each in [("loop_92.5bpm_4-4.flac", 92.5), ("nox4.mp3", 120.0), ("sh2.mp3", 120.0)]
        if each[0] in odd_files()
    ],
)
def test_the_tempo_of_a_half_and_of_files_whose_length_is_not_known(name: str, bpm: float) -> None:
    clip = read_audio(_data(name))
    tempo = analyse(
        clip.samples,
        clip.sample_rate_hz,
        transport_bpm=None,
        transport_meter=None,
        bars=None,
        length_is_exact=clip.length_is_exact,
    ).tempo
    assert tempo.bpm == pytest.approx(bpm, rel=0.002)
    assert tempo.source is (TempoSource.LENGTH if clip.length_is_exact else TempoSource.AUDIO)


def _produced(name: str) -> Produced:
    clip = read_audio(_data(name))
    return produce(clip.samples, clip.sample_rate_hz, title=None, bpm=None, key=None)


@pytest.mark.skipif(odd_folder() is None, reason="the folder of odd files is not here")
def test_hum_is_left_alone_mono_is_as_loud_as_stereo_and_loud_float_is_kept() -> None:
    assert _produced("hum_-65dB.flac").gain_db == 0.0
    mono, stereo = _produced("mono_loop.flac"), _produced("dualmono_loop.flac")
    assert mono.lufs_in == pytest.approx(stereo.lufs_in, abs=0.01) and mono.gain_db == pytest.approx(
        stereo.gain_db, abs=0.05
    )
    loud = read_audio(_data("float_over_6dB.wav"))
    np.testing.assert_allclose(
        read_audio(encode_flac(loud.samples, loud.sample_rate_hz).data).samples, loud.samples, atol=2**-20
    )


def test_no_file_of_the_folder_is_forgotten() -> None:
    assert odd_files().keys() <= FRAMES.keys() | REFUSED.keys() | ELSEWHERE
