"""Whatever is done to a file, reading it ends in sound or in a sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.encode.flac import encode_flac
from audio.encode.mp3 import encode_mp3
from audio.errors import UnsupportedAudio
from audio.read.reader import read_audio
from tests.support.odd_files import encoded
from tests.support.tones import soft_noise

RATE_HZ = 44_100
SOUND = soft_noise(12_000)
FILES = {
    "wav": encoded(SOUND, RATE_HZ, "WAV", "PCM_16"),
    "float wav": encoded(SOUND, RATE_HZ, "WAV", "FLOAT"),
    "aiff": encoded(SOUND, RATE_HZ, "AIFF", "PCM_16"),
    "flac": encode_flac(SOUND, RATE_HZ).data,
    "mp3": encode_mp3(SOUND, RATE_HZ).data,
    "ogg": encoded(SOUND, RATE_HZ, "OGG", "VORBIS"),
    "caf": encoded(SOUND, RATE_HZ, "CAF", "PCM_16"),
}
Harm = tuple[int, int, bytes]  # share of the file in thousandths, bytes taken out there, bytes put in
HARMS = st.lists(
    st.tuples(st.integers(0, 1000), st.sampled_from([0, 1, 4, 64, 3_000]), st.binary(max_size=16)),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", FILES)
@given(harms=HARMS)
def test_any_harm_ends_in_sound_or_in_a_sentence(kind: str, harms: list[Harm]) -> None:
    data = FILES[kind]
    for place, taken, put in harms:
        at = len(data) * place // 1000
        data = data[:at] + put + data[at + taken :]
    try:
        clip = read_audio(data)
    except UnsupportedAudio as refused:
        assert refused.reason.endswith(".")
        return
    assert clip.samples.dtype == np.float32 and clip.samples.ndim == 2 and len(clip.samples) > 0


@given(
    data=st.binary(max_size=400),
    head=st.sampled_from(
        [
            b"",
            b"RIFF\0\0\0\0WAVE",
            b"FORM\0\0\0\0AIFF",
            b"fLaC\0\0\0\x22",
            b"OggS\0\2",
            b"ID3\4\0\0",
            b"\xff\xfb\x90\0",
            b"caff",
            b".snd",
        ]
    ),
)
def test_any_bytes_end_in_sound_or_in_a_sentence(data: bytes, head: bytes) -> None:
    try:
        assert len(read_audio(head + data).samples)
    except UnsupportedAudio as refused:
        assert refused.reason.endswith(".")
