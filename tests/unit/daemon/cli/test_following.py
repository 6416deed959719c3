"""What the bar of `post --wait` says: a stage in words, and how long a post may still be taken back."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from bridge import control
from daemon.cli.following import STAGES, StageColumn, leaves_s, said
from tests.support.tray_values import take

AUDIO = Path(__file__).parents[4] / "audio"


def test_each_stage_that_there_is_has_a_word() -> None:
    told = {
        each
        for file in AUDIO.rglob("*.py")
        for each in re.findall(r'progress\("(\w+)"', file.read_text(encoding="utf-8"))
    }
    assert len(told) > 3 and told | {"flac", "upload"} == STAGES.keys()


@pytest.mark.parametrize(
    ("stage", "sizes", "words"),
    [
        ("flac", {}, "packing"),
        ("upload", {"sent_bytes": 400_000, "size_bytes": 1_400_000}, "uploading 0.4/1.4 MB"),
        ("of a later daemon", {}, "of a later daemon"),
    ],
)
def test_a_stage_is_said_in_words(stage: str, sizes: dict[str, int], words: str) -> None:
    assert said(control.Progress(take_id="t", stage=stage, fraction=0.5, **sizes)) == words


def test_while_a_post_may_be_taken_back_the_bar_says_for_how_long() -> None:
    shown = io.StringIO()
    held, on_its_way = take("t1", held_s=9.4, state="ready"), take("t1", state="ready")
    with Progress(StageColumn(), console=Console(file=shown, force_terminal=True), auto_refresh=False) as bar:
        task = bar.add_task("waiting for its turn", total=1.0, leaves_s=leaves_s(held))
        bar.refresh()
        assert "leaves in 9 s" in shown.getvalue()
        bar.update(task, leaves_s=leaves_s(on_its_way), description="uploading")
        bar.refresh()
    assert "uploading" in shown.getvalue().rpartition("leaves in")[2]
    assert leaves_s(take("t1", held_s=9.4, state="processing")) is None, "it is made first"
