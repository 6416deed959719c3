"""What is not read is named; what a file says of its own music is read."""

import struct

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.read.clip import FileWords
from audio.read.reader import read_audio
from tests.support.odd_files import chunk, encoded, wav

SOUND = np.random.default_rng(3).integers(-20_000, 20_000, (2_205, 2)).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "M4A"),
        (b"\0\0\0\x14ftypqt  ", "QuickTime"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "WMA"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", "AAC"),
        (b"wvpk\0\0", "WavPack"),
        (b"MAC \x96\x0f", "Monkey"),
        (b"\x1a\x45\xdf\xa3\x01", "WebM"),
        (b"DSD \x1c\0\0", "DSD"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"RIFF\0\1\0\0AVI LIST", "film"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"PK\x03\x04", "archive"),
        (b"\r\n<!DOCTYPE html><html>", "web page"),
        (b"<html lang=en>", "web page"),
        (b'{"error": "not found"}', "JSON"),
        (b"#!/bin/sh\necho\n", "text"),
        ("<html>".encode("utf-16"), "text"),
        (b"FLV\x01\x05\0\0\0\x09", "Flash"),
        (b"\x47".ljust(188, b"\xff") * 4, "transport stream"),
        (b"\0\0\1\xba\x44", "program stream"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"caff\0\1\0\0desc" + bytes(7) + b"\x20" + bytes(8) + b"alac", "ALAC"),
        (b"", "zeros"),
        (b"OggS\0\2" + bytes(20) + b"\1\x50Speex   1.2", "Speex"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedAudio, match=name) as refused:
        read_audio(head.ljust(4_000, b" " if name in ("text", "JSON") else b"\0"))
    assert "export" in refused.value.reason or "send" in refused.value.reason, "what to do is said, too"


@pytest.mark.parametrize(
    ("container", "coding"), [("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_24"), ("VOC", "PCM_U8")]
)
def test_what_libsndfile_knows_besides_is_read(container: str, coding: str) -> None:
    clip = read_audio(encoded(np.zeros((1_000, 2), np.float32), 44_100, container, coding))
    assert (clip.samples.shape, clip.lacks) == ((1_000, 2), ())


def acid(
    flags: int, *, root: int = 57, beats: int = 8, meter: tuple[int, int] = (4, 4), bpm: float = 92.5
) -> bytes:
    return chunk(b"acid", struct.pack("<IHHfIHHf", flags, root, 0x8000, 0.0, beats, meter[1], meter[0], bpm))


def smpl(first: int, last: int, note: int = 60) -> bytes:
    head = struct.pack("<9I", 0, 0, 22_675, note, 0, 0, 0, 1, 0)
    return chunk(b"smpl", head + struct.pack("<6I", 0, 0, first, last, 0, 0))


IXML = b"<BWFXML><STEINBERG><ATTR_LIST><ATTR><TYPE>float</TYPE><NAME>MusicalTempo</NAME><VALUE>174.5</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>"


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        (acid(2), FileWords(bpm=92.5, beats=8, meter=(4, 4), root_note=57, source="acid")),
        (acid(0, bpm=float("nan")), FileWords(beats=8, meter=(4, 4), source="acid")),
        (acid(1), FileWords()),  # a single hit has no tempo
        (acid(0, bpm=-3, beats=0, meter=(0, 0)), FileWords(source="acid")),
        (smpl(100, 2_099), FileWords(root_note=60, loop_frames=(100, 2_100), source="smpl")),
        (chunk(b"iXML", IXML), FileWords(bpm=174.5, source="iXML")),
        (chunk(b"iXML", b"<BWFXML><BPM>0</BPM></BWFXML>"), FileWords()),
        (chunk(b"acid", b"\0" * 5), FileWords()),
    ],
)
def test_what_a_file_says_of_its_tempo(chunks: bytes, words: FileWords, place: str) -> None:
    assert (
        read_audio(
            wav(
                SOUND,
                before=chunks if place == "before" else b"",
                behind=chunks if place == "behind" else b"",
            )
        ).words
        == words
    )
