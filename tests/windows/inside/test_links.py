"""Links of the linked folder on Windows: hard ones, which lead to the same file and need no right, on one drive."""

import os
from pathlib import Path

import pytest

from bridge.system import make_link, mark_of, mark_of_link

NOT_SAME_DEVICE = 17


def test_a_link_is_known_by_the_file_it_leads_to(tmp_path: Path) -> None:
    target, link = tmp_path / "take.wav", tmp_path / "Lead.wav"
    target.write_bytes(b"sound")
    make_link(target, link)
    mark = mark_of(target)
    assert link.read_bytes() == b"sound" and mark and mark_of_link(link) == mark
    target.unlink()
    assert mark_of(target) == "" and mark_of_link(link) == mark, "also when the take is gone"
    link.unlink()
    link.write_bytes(b"another file of that name")
    assert mark_of_link(link) != mark


def test_another_drive_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(22, "no", None, NOT_SAME_DEVICE)

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(OSError, match=f"has to be on the drive of {tmp_path.drive}"):
        make_link(tmp_path / "take.wav", tmp_path / "Lead.wav")
