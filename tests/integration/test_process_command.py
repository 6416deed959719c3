"""`sidechain process` on files and names as people have them."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from audio.encode.id3 import id3_tag
from audio.encode.mp3 import encode_mp3
from audio.read.reader import read_audio
from daemon.cli.groove import groove
from tests.support.odd_files import chunk, noisy_sds

RATE_HZ = 44_100


def process(tmp_path: Path, source: str | bytes, *options: str | bytes) -> tuple[int, dict[str, object], str]:
    """Exit code, what was printed as JSON, what was said on stderr."""
    env = os.environ | {
        "SIDECHAIN_CONFIG": str(tmp_path / "config.toml"),
        "SIDECHAIN_RUN_DIR": str(tmp_path / "run"),
        "SIDECHAIN_DATA_DIR": str(tmp_path / "data"),
    }
    command = [
        sys.executable,
        "-m",
        "daemon",
        "process",
        source,
        "--out",
        str(tmp_path / "made"),
        "--json",
        *options,
    ]
    done = subprocess.run(command, env=env, capture_output=True, timeout=100, check=False)
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr.decode()


def test_a_name_in_latin_1(tmp_path: Path) -> None:
    source = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    soundfile.write(source, groove(120.0, 1, RATE_HZ), RATE_HZ, format="WAV", subtype="FLOAT")
    code, told, _ = process(tmp_path, source)
    assert code == 0 and told["mp3"] == "café.mp3"
    assert (tmp_path / "made" / "café.mp3").exists()
    code, told, _ = process(tmp_path, os.fsencode(tmp_path) + b"/caf\xe9 2.wav")
    assert code == 8 and "café 2.wav" in told["error"]["message"]  # type: ignore[index]


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    source = tmp_path / ("n" * 251 + ".wav")
    soundfile.write(source, groove(120.0, 1, RATE_HZ), RATE_HZ, subtype="FLOAT")
    code, told, _ = process(tmp_path, str(source))
    assert code == 0
    names = [told["mp3"], told["flac"], told["waveform_svg"], told["peaks"], *told["peaks_dat"]]  # type: ignore[misc]
    assert sorted(str(name) for name in names) == sorted(path.name for path in (tmp_path / "made").iterdir())


def test_two_sources_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    for ending, bpm in (("wav", 120.0), ("flac", 90.0)):
        soundfile.write(tmp_path / f"idea.{ending}", groove(bpm, 1, RATE_HZ), RATE_HZ)
    assert process(tmp_path, str(tmp_path / "idea.wav"))[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    code, told, _ = process(tmp_path, str(tmp_path / "idea.flac"))
    assert code == 2 and "--force" in told["error"]["next_step"]  # type: ignore[index]
    assert {path: path.read_bytes() for path in (tmp_path / "made").iterdir()} == before


@pytest.mark.parametrize(
    ("said", "key"),
    [("a minor", "A minor"), ("8A", "A minor"), ("C♯m", "C# minor"), ("Bb", "Bb major"), ("F#m", "F# minor")],
)
def test_a_key_is_written_in_one_way(tmp_path: Path, said: str, key: str) -> None:
    soundfile.write(tmp_path / "idea.wav", groove(120.0, 1, RATE_HZ), RATE_HZ)
    code, told, _ = process(tmp_path, str(tmp_path / "idea.wav"), "--key", said)
    assert (code, told["key"], told["key_source"]) == (0, key, "given")
    assert b"TKEY" in (tmp_path / "made" / "idea.mp3").read_bytes()[:400]


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "idea.wav", groove(120.0, 1, RATE_HZ), RATE_HZ)
    code, told, _ = process(tmp_path, str(tmp_path / "idea.wav"), "--key", "H moll")
    assert code == 2 and "H moll" in told["error"]["message"]  # type: ignore[index]
    assert not (tmp_path / "made").exists()


def test_the_files_own_word_on_its_tempo_has_a_source_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "loop.wav"
    soundfile.write(source, groove(92.5, 2, RATE_HZ), RATE_HZ, subtype="FLOAT")
    acid = chunk(b"acid", struct.pack("<IHHfIHHf", 0, 60, 0x8000, 0.0, 8, 4, 4, 92.5))
    data = source.read_bytes() + acid
    source.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    code, told, _ = process(tmp_path, str(source))
    assert (code, told["bpm"], told["bpm_source"]) == (0, 92.5, "file")
    assert told["file_says"]["source"] == "acid" and told["file_says"]["beats"] == 8  # type: ignore[index]
    code, told, _ = process(tmp_path, str(source), "--bpm", "185", "--force")
    assert (code, told["bpm"], told["bpm_source"]) == (0, 185.0, "given")


def test_the_files_own_title_is_taken_where_none_is_given(tmp_path: Path) -> None:
    source = tmp_path / "take7.mp3"
    mp3 = encode_mp3(groove(120.0, 1, RATE_HZ), RATE_HZ).data
    source.write_bytes(id3_tag(title="Nächte", bpm=61.25, key="A minor") + mp3)
    code, told, _ = process(tmp_path, str(source))
    assert (code, told["bpm"], told["key"], told["bpm_source"]) == (0, 61.25, "A minor", "file")
    made = read_audio((tmp_path / "made" / "take7.mp3").read_bytes())
    assert (made.words.title, made.words.bpm, made.words.key) == ("Nächte", 61.25, "Am")


@pytest.mark.parametrize(
    ("container", "coding"),
    [
        ("WAV", "FLOAT"),
        ("NIST", "PCM_16"),
        ("AVR", "PCM_16"),
        ("MAT4", "FLOAT"),
        ("MAT5", "FLOAT"),
        ("CAF", "ALAC_16"),
    ],
)
def test_what_is_missing_in_a_file_is_told(container: str, coding: str, tmp_path: Path) -> None:
    source = tmp_path / "cut.sound"
    soundfile.write(source, groove(120.0, 1, RATE_HZ), RATE_HZ, format=container, subtype=coding)
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 2 // 3])
    code, told, _ = process(tmp_path, str(source))
    assert code == 0 and told["warnings"][0]["kind"] == "cut_short"  # type: ignore[index]


def test_words_in_latin_1(tmp_path: Path) -> None:
    source = tmp_path / "idea.wav"
    soundfile.write(source, groove(120.0, 1, RATE_HZ), RATE_HZ)
    assert process(tmp_path, str(source), b"--title=Caf\xe9")[0] == 0
    assert process(tmp_path, str(source), b"--key=\xe9")[0] == 2


def test_what_a_codec_prints_of_a_file_is_not_printed(tmp_path: Path) -> None:
    source = tmp_path / "tone.sds"
    source.write_bytes(noisy_sds(groove(120.0, 1, RATE_HZ)[:, :1], RATE_HZ))
    code, told, said = process(tmp_path, str(source))
    assert (code, said) == (0, "") and told["frames"] == 88_200
