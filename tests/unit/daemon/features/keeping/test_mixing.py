"""A mix of a set: the sum, mono on both sides, of what lies to the frame."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.encode.wave import wav_f32_header
from daemon.config import Config
from daemon.errors import LibraryStuck, UsageError
from daemon.events import Bus
from daemon.features.keeping import mix_worker
from daemon.features.keeping.mixing import Mixing
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.support.takes import take

FRAMES = 1_000
RATE_HZ = 48_000


def made(takes: Takes, number: int, sound: np.ndarray, **fields: object) -> TakeRow:
    row = take(number, frames=len(sound), channels=sound.shape[1], set_id="5" * 32, **fields)
    folder = takes.folder / row.take_id
    folder.mkdir(parents=True)
    head = wav_f32_header(len(sound), sound.shape[1], RATE_HZ)
    (folder / "take.wav").write_bytes(head + sound.astype(np.float32).tobytes())
    return row


def test_pieces_are_summed_as_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = [np.random.default_rng(n).uniform(-1, 1, (FRAMES, 2)).astype(np.float32) for n in range(3)]
    whole = b"".join(mix_worker.summed(sounds, FRAMES))
    monkeypatch.setattr(mix_worker, "STEP_FRAMES", 77)  # not a part of the length
    assert b"".join(mix_worker.summed(sounds, FRAMES)) == whole


async def test_a_mix_is_the_sum_of_those_that_lie_to_the_frame(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path), run_dir=str(tmp_path))
    store = Store(tmp_path / "library.sqlite3")
    takes = Takes(config, store, Bus())
    noise = np.random.default_rng(2)
    lead, bass = noise.uniform(-1, 1, (FRAMES, 2)), noise.uniform(-1, 1, (FRAMES, 1))
    bass[5] = np.nan
    there = [
        made(takes, 1, lead, set_clock="frames", track_name="Lead"),
        made(takes, 2, bass, set_clock="frames", track_name="Bass"),
        made(takes, 3, noise.uniform(-1, 1, (FRAMES, 2)), set_clock="transport", track_name="Other host"),
        made(takes, 4, noise.uniform(-1, 1, (FRAMES - 1, 2)), set_clock="frames", track_name="Shorter"),
    ]
    mix = await Mixing(takes).mix(there, "Rough")
    read, _ = soundfile.read(takes.folder / mix.take_id / "take.wav", dtype="float32")
    expected = lead.astype(np.float32).astype(float) + np.nan_to_num(bass.astype(np.float32).astype(float))
    assert np.array_equal(read, expected.astype(np.float32))
    assert (mix.title, mix.set_id, mix.channels) == (
        "Rough",
        None,
        2,
    ) and "A mix of Lead, Bass." in mix.cut.note
    with pytest.raises(UsageError, match="no two takes"):
        await Mixing(takes).mix(there[2:], "")
    (takes.folder / there[1].take_id / "take.wav").unlink()
    with pytest.raises(LibraryStuck, match="No such file"):
        await Mixing(takes).mix(there, "")
    assert not list(takes.folder.glob(".tmp-*"))
    store.close()
