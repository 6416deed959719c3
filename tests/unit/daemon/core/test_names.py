"""Names of takes, and of their files on three systems."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.names import MAX_STEM_BYTES, file_stem, free_name, stem_name, take_name
from daemon.core.titles import MAX_CHARACTERS, why_not

AT = "08:59"
FORBIDDEN = set('<>:"/\\|?*')  # Windows; "/" and NUL are all that Linux forbids, ":" is macOS's old separator


@pytest.mark.parametrize(
    ("title", "track", "host", "bpm", "name"),
    [
        ("Night loop", "Lead", "Ardour", 104.0, "Night loop"),
        ("", "Lead", "Ardour", 104.0, "Lead · 104 BPM · 08:59"),
        ("", "Lead", "Ardour", 127.9666, "Lead · 127.97 BPM · 08:59"),
        ("", "", "Ardour", None, "Ardour · 08:59"),
        ("", "", "", None, "Take · 08:59"),
        ("", "a\u202eb\n", "Ardour", None, "a b · 08:59"),
    ],
)
def test_a_take_is_called_by_what_is_known(
    title: str, track: str, host: str, bpm: float | None, name: str
) -> None:
    assert take_name(title, track_name=track, host_name=host, bpm=bpm, at=AT) == name


@pytest.mark.parametrize(
    ("name", "called"),
    [("Night loop", "Night loop · bass"), ("", "bass"), ("n" * 120, f"{'n' * 113} · bass")],
)
def test_a_stem_is_called_by_what_it_is_of(name: str, called: str) -> None:
    assert stem_name(name, "bass") == called and len(called) <= MAX_CHARACTERS


@given(st.text(max_size=600), st.text(max_size=600), st.none() | st.floats(1.0, 1000.0))
def test_any_name_could_be_a_title(track: str, host: str, bpm: float | None) -> None:
    name = take_name("", track_name=track, host_name=host, bpm=bpm, at=AT)
    assert 0 < len(name) <= MAX_CHARACTERS and why_not(name) is None and name.endswith("08:59")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Lead · 104 BPM · 08:59", "Lead · 104 BPM · 08.59"),
        ("AC/DC: live?", "AC-DC. live_"),
        ("..", "Take"),
        (".hidden", "hidden"),
        ("ends with a dot. ", "ends with a dot"),
        ("CON", "CON_"),
        ("com1.take", "com1.take_"),
        ("lpt¹", "lpt¹_"),
        ("console", "console"),
        ("", "Take"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_a_file_is_called_as_near_to_it_as_three_systems_allow(name: str, stem: str) -> None:
    assert file_stem(name) == stem


@given(st.text(max_size=400))
def test_any_text_makes_a_file_name(text: str) -> None:
    stem = file_stem(text)
    assert 0 < len(stem.encode()) <= MAX_STEM_BYTES + 1
    assert not FORBIDDEN & set(stem) and stem == stem.strip(" .")
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in stem)
    assert file_stem(stem) == stem, "a name that was taken over from the folder is the same name"


def test_a_name_that_is_taken_gets_a_number() -> None:
    taken = {"Lead.wav", "Lead (2).wav"}
    assert free_name("Lead", ".wav", taken.__contains__) == "Lead (3).wav"
    assert free_name("Bass", ".wav", taken.__contains__) == "Bass.wav"
