"""`sidechain analyse`, `compare`, `separate` with their own worker, in its sandbox: files, takes, broken ones, and what is remembered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.models.shelf import Shelf
from audio.models.table import MODELS
from audio.separate.parts import PARTS
from daemon.cli.answers import schema_of
from daemon.cli.groove import groove
from daemon.errors import BadAudio, UsageError
from daemon.features.analysing.analysing import Listener, content_sha256
from daemon.features.analysing.analysis_worker import (
    Analysed,
    AnalyseJob,
    NotesDetected,
    NotesJob,
    Separated,
    SeparateJob,
    TagsHeard,
    TagsJob,
)
from daemon.library.model_folder import ModelFolder
from tests.support.device import Device, running_device
from tests.support.json_schema import misfits
from tests.support.model_files import basic_pitch_file, htdemucs_file, known, musicnn_file, spleeter_files
from tests.support.whole import short_folder

RATE_HZ = 48_000


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    """With a daemon, two files, and a take of the first."""
    with short_folder() as folder, running_device(folder / "d", "") as running:
        clip = groove(120.0, 2, RATE_HZ)
        soundfile.write(folder / "one.wav", clip, RATE_HZ, subtype="FLOAT")
        soundfile.write(
            folder / "two.wav", np.concatenate([clip[:480] * 0, clip * 0.5]), RATE_HZ, subtype="FLOAT"
        )
        running.json("import", str(folder / "one.wav"), "--bpm", "120")
        yield running


def _answer(device: Device, command: str, *rest: str) -> Any:  # of whatever shape the command has
    given = device.json(*command.split(), *rest)
    schema = schema_of(command)
    assert misfits(given, {**schema, "anyOf": schema["anyOf"][:-1]}) == []  # type: ignore[index]  # a list, as JSON has it
    return given


def test_analysis_of_a_file_and_of_its_take_are_one_and_pictures_lie_where_they_should(
    device: Device,
) -> None:
    file = device.home.parent / "one.wav"
    folder = device.home / "pictures"
    of_file = _answer(device, "analyse", str(file), "--picture", str(folder), "--theme", "light")
    assert sorted(path.name for path in folder.iterdir()) == [
        "beats.svg",
        "chromagram.svg",
        "spectrogram.svg",
    ]
    assert of_file["analysis"]["seconds"] == pytest.approx(4.0) and of_file["analysis"]["beats_s"]
    of_take = _answer(device, "analyse", "one")
    for figure in ("loudness", "key", "energies", "descriptors", "onsets_s"):
        assert of_take["analysis"][figure] == of_file["analysis"][figure]
    again = device.command("analyse", str(file))
    assert again.returncode == 0 and "LUFS" in again.stdout and not list(device.data.glob(".listening-*"))
    kept = device.command("analyse", str(file), "--picture", str(folder))
    assert kept.returncode == 2 and "exists" in kept.stderr


def test_two_bounces_are_compared_whether_files_or_takes(device: Device) -> None:
    found = _answer(device, "compare", "one", str(device.home.parent / "two.wav"))
    assert found["changes"]["offset_s"] == pytest.approx(0.01) and found["changes"][
        "gain_db"
    ] == pytest.approx(-6.02, abs=0.1)
    assert found["alike"]["timbre"]["word"] == "the same" and found["alike"]["loudness"]["word"] == "quieter"
    same = device.command("takes", "compare", "one", "one")
    assert same.returncode == 0 and "Nothing that could be heard changed." in same.stdout


def test_stems_sum_up_to_what_was_taken_apart_and_replace_nothing(device: Device) -> None:
    file, folder = device.home.parent / "one.wav", device.home / "stems"
    found = _answer(device, "separate", str(file), "--out", str(folder))
    stems = [soundfile.read(path, dtype="float32")[0] for path in found["files"].values()]
    np.testing.assert_allclose(sum(stems), soundfile.read(file, dtype="float32")[0], atol=1e-6)
    assert list(found["files"]) == ["percussive", "harmonic", "bass"]
    (folder / "bass.wav").write_bytes(b"mine")
    assert device.command("separate", str(file), "--out", str(folder)).returncode == 2
    assert (folder / "bass.wav").read_bytes() == b"mine"
    no_sound = device.home / "words.txt"
    no_sound.write_text("no sound")
    for out, why in ((folder, "exists"), (no_sound, "is a file, not a folder")):
        early = device.command("separate", str(no_sound), "--out", str(out))
        assert early.returncode == UsageError.exit_code and why in early.stderr, "before anything is read"
    forced = device.command("separate", str(no_sound), "--out", str(folder), "--force")
    assert forced.returncode == BadAudio.exit_code and (folder / "bass.wav").read_bytes() == b"mine"


def test_stems_become_takes_of_the_same_bars(device: Device) -> None:
    device.json("takes", "tag", "one", "verse")
    found = _answer(device, "separate", "one", "--take")
    assert not found["files"] and list(found["takes"]) == ["percussive", "harmonic", "bass"]
    for part, take in found["takes"].items():
        shown = device.json("takes", "show", f"one · {part}")["take"]
        assert (shown["take_id"], shown["bars"], shown["bpm"]) == (take["take_id"], 2, 120.0)
        assert shown["tags"] == ["verse"]
    both = device.command("separate", "one", "--take", "--out", str(device.home / "stems"))
    assert both.returncode == UsageError.exit_code and "Files, or takes." in both.stderr


@pytest.mark.parametrize("command", ["analyse", "compare", "separate"])
def test_what_is_no_sound_is_refused_in_words(device: Device, command: str) -> None:
    broken = device.home.parent / "broken.wav"
    broken.write_bytes(b"RIFF" + bytes(range(256)) * 4)
    names = [str(broken)] * (2 if command == "compare" else 1)
    for arguments in (names, [str(device.home / "none.wav")] * len(names)):
        said = device.command(command, *arguments)
        assert said.returncode == BadAudio.exit_code and said.stderr.startswith("sidechain: ")
        assert "Traceback" not in said.stderr


def test_models_are_listed_and_none_is_taken_that_is_not_known_or_run_that_is_not_here(
    device: Device,
) -> None:
    found = _answer(device, "models")["models"]
    assert {each["name"]: each["state"] for each in found} == dict.fromkeys(MODELS, "absent")
    listed = device.command("models", "list")
    for model in MODELS.values():
        assert model.licence in listed.stdout and model.source in listed.stdout
    file = str(device.home.parent / "one.wav")
    for words, why in (
        (("models", "add", file), "no file of a model"),
        (("models", "add", file, "--accept-licence"), "no file of a model"),
        (("models", "remove", "htdemucs"), "is not here"),
        (("separate", file, "--engine", "htdemucs"), "htdemucs cannot be run: nobody put it here"),
        (("separate", file, "--engine", "spleeter:2stems"), "spleeter:2stems cannot be run"),
        (
            ("analyse", file, "--notes", "a.mid", "--notes-by", "basic-pitch"),
            "basic-pitch cannot be run: nobody put it here",
        ),
        (("analyse", file, "--tags"), "musicnn cannot be run: nobody put it here"),
        (("analyse", file, "--notes", "a.mid", "--notes-by", "x"), "nothing that --notes-by knows"),
        (("separate", file, "--engine", "spleeter"), "nothing that --engine knows"),
    ):
        said = device.command(*words)
        assert said.returncode == UsageError.exit_code and why in said.stderr, said.stderr
    missing = device.command("models", "add", str(device.home / "none.onnx"))
    assert missing.returncode == 1 and "No such file" in missing.stderr
    assert not (device.data / "models").exists()


@pytest.mark.parametrize("engine", ["spleeter:2stems", "htdemucs"])
async def test_a_model_is_run_in_the_worker_and_its_sandbox(tmp_path: Path, engine: str) -> None:
    file, clip = tmp_path / "a.wav", groove(120.0, 1, RATE_HZ)
    soundfile.write(file, clip, RATE_HZ, subtype="FLOAT")
    folder = ModelFolder(tmp_path / "data" / "models")
    shelf = Shelf(folder, known(spleeter_2stems=spleeter_files(), htdemucs=(htdemucs_file(),)))
    for data in (*spleeter_files(), htdemucs_file()):
        shelf.add(data, accepted=True)
    model = [folder.path / name for name in shelf.verified(engine)]
    told: list[float] = []
    listener = Listener([file, *model], tmp_path, lambda _stage, done: told.append(done))
    job = SeparateJob(file=0, engine=engine, model=tuple(range(1, 1 + len(model))))
    found = await listener.carried_out(job, Separated)
    await listener.close()
    stems = [soundfile.read(tmp_path / name, dtype="float32")[0] for name in found.files.values()]
    assert tuple(found.files) == PARTS[engine] and told[-1] == 1.0
    np.testing.assert_allclose(sum(stems), clip, atol=1e-6)


async def test_notes_are_heard_in_the_worker_and_its_sandbox(tmp_path: Path) -> None:
    file, model = tmp_path / "a.wav", tmp_path / "model.onnx"
    soundfile.write(file, groove(120.0, 1, RATE_HZ), RATE_HZ, subtype="FLOAT")
    model.write_bytes(basic_pitch_file((39, 40, 80)))
    listener = Listener([file, model], tmp_path, lambda _stage, _done: None)
    heard = await listener.carried_out(NotesJob(file=0, engine="basic-pitch", model=(1,)), NotesDetected)
    tracked = await listener.carried_out(NotesJob(file=0, engine="pyin"), NotesDetected)
    await listener.close()
    assert [each.pitch for each in heard.notes] == [60, 60], "once in each stretch that the model is given"
    assert (heard.engine, tracked.engine, tracked.notes) == ("basic-pitch", "pyin", []), "drums have none"


async def test_what_it_is_called_is_heard_in_the_worker_and_its_sandbox(tmp_path: Path) -> None:
    file, model = tmp_path / "a.wav", tmp_path / "musicnn-mtt.data"
    soundfile.write(file, groove(120.0, 1, RATE_HZ), RATE_HZ, subtype="FLOAT")
    model.write_bytes(musicnn_file(drums=0.9, guitar=0.2))
    told: list[float] = []
    listener = Listener([file, model], tmp_path, lambda _stage, done: told.append(done))
    heard = await listener.carried_out(TagsJob(file=0, model=(1,)), TagsHeard)
    await listener.close()
    assert [(each.name, each.confidence) for each in heard.tags.instruments] == [("drums", 0.9)]
    assert heard.tags.styles == () and told[-1] == 1.0


class Kept(dict[str, bytes]):
    """What is remembered, and what was put."""

    def put(self, key: str, data: bytes) -> None:
        self[key] = data


async def test_what_was_heard_is_not_heard_again_unless_something_of_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.wav"
    soundfile.write(file, np.zeros((2_000, 1), np.float32), 8_000, subtype="FLOAT")
    memory, asked = Kept(), list[str]()
    whole = Listener.carried_out

    async def counted(*arguments: Any) -> Any:  # as carried_out is called
        asked.append("once")
        return await whole(*arguments)

    monkeypatch.setattr(Listener, "carried_out", counted)
    listener = Listener([file], tmp_path, lambda _stage, _done: None)

    async def hear(recipe: bytes = b"code", bpm: float | None = None) -> Analysed:
        job = AnalyseJob(file=0, content_sha256=content_sha256(file), bpm=bpm)
        return await listener.analysed(job, memory, recipe)

    first = await hear()
    assert await hear() == first and len(asked) == 1
    await hear(recipe=b"other code")
    await hear(bpm=99.0)
    assert len(asked) == 3
    for key in memory:
        memory[key] = b"\xc1 not ours"
    assert await hear() == first and len(asked) == 4
    await listener.close()
