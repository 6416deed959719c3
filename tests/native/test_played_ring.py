"""What sidechain-play leaves in the Ring, read with plugin_protocol.layout: header, frames and records, bit for bit."""

import itertools
import json
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plugin_protocol import layout
from plugin_protocol.layout import Flag, Header, Record
from tests.support.deadlines import HANG_S
from tests.support.native import build, play_path

RATE_HZ = 48_000


@dataclass
class Played:
    """A Ring after the last frame, while the host still holds it."""

    data: bytes
    header: Header
    truth: list[dict[str, Any]]

    def word(self, offset: int) -> int:
        return int.from_bytes(self.data[offset : offset + 8], "little")

    def frames(self, count: int) -> NDArray[np.float32]:
        """The first `count` frames, (count, channels)."""
        start = self.header.audio_offset
        flat = np.frombuffer(self.data, np.float32, count * self.header.channels, start)
        return flat.reshape(count, self.header.channels)

    def records(self) -> list[Record]:
        found = []
        for index in range(self.word(layout.TIMELINE_COMMIT_OFFSET)):
            at = self.header.timeline_offset + index * layout.RECORD_BYTES
            raw = self.data[at : at + layout.RECORD_BYTES]
            record = layout.unpack_record(index, raw)
            assert record is not None
            assert layout.pack_record(index, record) == raw
            found.append(record)
        return found


@contextmanager
def hosted(
    folder: Path, wav: Path, *options: str, program: Path | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Play to the end, and give its events while the last Ring is still there."""
    host = subprocess.Popen(
        [
            program or play_path(),
            "--json",
            "--hold",
            "--speed",
            "0",
            "--run-dir",
            folder / "run",
            "--record-only",
            *options,
            wav,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    events: list[dict[str, Any]] = []
    try:
        while not events or events[-1]["event"] != "played":
            events.append(json.loads(host.stdout.readline()))
        yield events
        host.communicate("", timeout=HANG_S)
        assert host.returncode == 0
    finally:
        host.kill()
        host.communicate()


def played(folder: Path, samples: NDArray[np.float32], script: str, *options: str) -> Played:
    """The last Ring of a performance of `samples`, (frames, channels)."""
    wav, lines, truth = folder / "a.wav", folder / "script", folder / "truth"
    soundfile.write(wav, samples, RATE_HZ, subtype="FLOAT")
    lines.write_text(script)
    with hosted(folder, wav, "--script", str(lines), "--truth", str(truth), *options) as events:
        ready = [event for event in events if event["event"] == "ready"][-1]
        data = (Path(ready["run_dir"]) / ready["segment"]).read_bytes()
    header = layout.unpack_header(data[: layout.HEADER_BYTES], len(data))
    assert header.generation == ready["generation"]
    assert layout.segment_name(header.instance_id, header.generation) == ready["segment"]
    return Played(data, header, [json.loads(line) for line in truth.read_text().splitlines()])


def noise(frames: int, channels: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(1).uniform(-1, 1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("options", [("--block", "64"), ("--block", "480"), ("--random-blocks", "5")])
@pytest.mark.parametrize("channels", [1, 2])
def test_frames_are_the_files_bit_for_bit(tmp_path: Path, channels: int, options: tuple[str, ...]) -> None:
    samples = noise(100_000, channels)
    ring = played(tmp_path, samples, "", *options)
    assert ring.header.channels == channels
    assert np.array_equal(ring.frames(100_000).view(np.uint32), samples.view(np.uint32))


def test_the_identity_is_what_the_layout_packs(tmp_path: Path) -> None:
    ring = played(tmp_path, noise(4_800), "")
    again = layout.pack_header(ring.header)
    assert ring.data[: layout.STATE_OFFSET] == again[: layout.STATE_OFFSET]
    assert zlib.crc32(again[: layout.CRC_OFFSET]).to_bytes(4, "little") == again[0x88:0x8C]
    start_ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    assert 0 <= ring.header.writer_start - int(start_ticks) < 1e6


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_16", 16), ("PCM_24", 24), ("PCM_32", 32)])
def test_integer_files_are_scaled_as_everybody_does(tmp_path: Path, subtype: str, bits: int) -> None:
    wav = tmp_path / "b.wav"
    soundfile.write(wav, noise(5_000), RATE_HZ, subtype=subtype)
    with hosted(tmp_path, wav) as events:
        data = (Path(events[0]["run_dir"]) / events[0]["segment"]).read_bytes()
    header = layout.unpack_header(data[: layout.HEADER_BYTES], len(data))
    expected = soundfile.read(wav, dtype="float32")[0]
    assert np.array_equal(Played(data, header, []).frames(5_000), expected), bits


def positions(records: list[Record]) -> list[Record]:
    return [record for record in records if Flag.LOOP_RANGE not in record.flags]


def ppq_at(records: list[Record], frame: float) -> float:
    """Where the Timeline says the transport is at Ring frame `frame`."""
    last = [record for record in positions(records) if record.ring_frame <= frame + 1e-6][-1]
    moved = (frame - last.ring_frame) * last.bpm / 60 / RATE_HZ if Flag.PLAYING in last.flags else 0.0
    return last.ppq + moved


SCRIPT = """
tempo 240
split on
block 100            # and a comment
at 1s tempo 197.3
at 1.5s loop 1 7
at 4s loop off
at 4.5s meter 7 8
at 5s stop
at 5.25s play
at 6s jump 64
"""


def test_records_place_every_bar_line_where_the_script_has_it(tmp_path: Path) -> None:
    ring = played(tmp_path, noise(7 * RATE_HZ), SCRIPT)
    records = ring.records()
    bars = [line for line in ring.truth if "bar_line" in line]
    assert len(bars) >= 6
    wraps = {round(line["ring_frame"], 6) for line in ring.truth if line.get("event") == "wrap"}
    assert wraps
    for bar in bars:
        if (
            round(bar["bar_line"], 6) not in wraps
        ):  # there the record of the frame behind it is the first to know
            error_ppq = ppq_at(records, bar["bar_line"]) - bar["ppq"]
            assert abs(error_ppq) * 60 / bar["bpm"] * RATE_HZ < 1e-3, bar


def test_records_tell_each_change_and_each_jump(tmp_path: Path) -> None:
    ring = played(tmp_path, noise(7 * RATE_HZ), SCRIPT)
    records = positions(ring.records())
    jumps = [record.ring_frame for record in records if Flag.DISCONTINUITY in record.flags]
    wraps = [line["ring_frame"] for line in ring.truth if line.get("event") == "wrap"]
    assert jumps == sorted([*(int(np.ceil(wrap - 1e-6)) for wrap in wraps), 6 * RATE_HZ])
    assert {record.bpm for record in records} == {240.0, 197.3}
    assert {(record.numerator, record.denominator) for record in records} == {(4, 4), (7, 8)}
    stops = [record.ring_frame for record in records if Flag.PLAYING not in record.flags]
    assert min(stops) == 5 * RATE_HZ
    assert ring.word(layout.DISCONTINUITIES_OFFSET) == len(jumps)
    for before, after in itertools.pairwise(records):
        limit = layout.COALESCE_FRAMES if Flag.PLAYING in before.flags else 8_192
        assert after.ring_frame - before.ring_frame <= limit + 512
    loops = [record for record in ring.records() if Flag.LOOP_RANGE in record.flags]
    assert [(record.ring_frame, record.ppq, record.bpm) for record in loops] == [(72_000, 1.0, 7.0)]


def test_without_split_the_change_is_told_by_the_next_block(tmp_path: Path) -> None:
    script = "tempo 120\nblock 512\nsplit off\nat 1000 tempo 140\nat 2000 jump 8\n"
    ring = played(tmp_path, noise(8_192), script)
    records = positions(ring.records())
    assert [record.ring_frame for record in records[:4]] == [0, 1024, 2048, 4096]
    assert [record.bpm for record in records[:2]] == [120.0, 140.0]
    assert [Flag.DISCONTINUITY in record.flags for record in records[:4]] == [False, False, True, False]
    assert records[2].ppq == pytest.approx(8 + 48 * 140 / 60 / RATE_HZ, abs=1e-9)


def test_offline_frames_are_not_recorded_and_leave_a_gap(tmp_path: Path) -> None:
    samples = noise(48_000)
    ring = played(tmp_path, samples, "at 10000 offline on\nat 30000 offline off\nend 48000\n")
    expected = np.concatenate([samples[:10_000], samples[30_000:]])
    assert np.array_equal(ring.frames(28_000), expected)
    gaps = [record for record in ring.records() if Flag.GAP in record.flags]
    assert [record.ring_frame for record in gaps] == [10_000]
    assert Flag.DISCONTINUITY in gaps[0].flags
    assert ring.word(layout.OFFLINE_BLOCKS_OFFSET) > 0


def test_a_new_rate_begins_a_new_ring(tmp_path: Path) -> None:
    samples = noise(48_000)
    ring = played(tmp_path, samples, "at 20000 rate 44100\n")
    assert ring.header.sample_rate_hz == 44_100
    assert np.array_equal(ring.frames(28_000), samples[20_000:])
    generations = {line["generation"] for line in ring.truth}
    assert ring.header.generation in generations


def test_no_transport_means_no_valid_field(tmp_path: Path) -> None:
    ring = played(tmp_path, noise(20_000), "", "--no-transport")
    assert {record.flags for record in ring.records()} == {Flag(0)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tempo fast", "line 2"),
        ("at 5 fly", "line 2"),
        ("at 1.5 stop", "line 2"),
        ("at 1s meter 4 3", "line 2"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    wav, script = tmp_path / "a.wav", tmp_path / "script"
    soundfile.write(wav, noise(100), RATE_HZ)
    script.write_text(f"# fine\n{line}\n")
    ran = subprocess.run(
        [play_path(), "--script", script, wav], capture_output=True, text=True, check=False, timeout=HANG_S
    )
    assert ran.returncode == 2
    assert words in ran.stderr
    assert line in ran.stderr


def test_broken_files_are_refused_under_sanitizers(tmp_path: Path) -> None:
    """Each cut of a WAV's head: exit 3 or played, never a read beyond its end."""
    wav, cut = tmp_path / "a.wav", tmp_path / "cut.wav"
    soundfile.write(wav, noise(50), RATE_HZ, subtype="PCM_24")
    whole = wav.read_bytes()
    program = build("tests-asan") / "asan" / "sidechain-play"
    for size in range(0, 60, 3):
        cut.write_bytes(whole[:size])
        command: list[str | Path] = [
            program,
            "--speed",
            "0",
            "--run-dir",
            tmp_path / "run",
            "--record-only",
            cut,
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG_S)
        assert ran.returncode in (0, 3), ran.stderr
    with hosted(tmp_path, wav, "--random-blocks", "3", "--repeat", "100", program=program):
        pass
