"""Many files become takes: what stops one of them, and what does not."""

from pathlib import Path
from typing import Never

import pytest
import soundfile

from daemon.cli import importing
from daemon.cli.importing import Importer, TakenIn, each
from daemon.errors import NoSpace, SidechainError
from tests.support.tones import soft_noise
from tests.support.tray_values import take


def refusing(error: SidechainError) -> object:
    def ask(*_: object, **__: object) -> Never:
        raise error

    return ask


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "idea.wav"
    soundfile.write(path, soft_noise(48_000), 48_000)
    return path


def test_a_file_comes_in_while_nobody_has_time_to_look_for_its_sound(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = TakenIn()
    monkeypatch.setattr(importing, "ask", refusing(SidechainError("It is busy.", code="busy")))
    monkeypatch.setattr(importing, "take_in", lambda *_: take("01", name="idea"))
    each(file, Importer(done, bpm=120.0, tags=(), duplicates=False), done, quiet=True)
    assert [take.name for take in done.takes] == ["idea"] and not done.refused


def test_what_is_left_out_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = TakenIn()
    each(file, refusing(NoSpace("The disk is full.")), done, quiet=False)  # type: ignore[arg-type]
    assert "idea.wav: The disk is full." in capsys.readouterr().err
    assert done.exit_code == NoSpace.exit_code and len(done.refused) == 1
