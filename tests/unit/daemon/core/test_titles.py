"""Titles: the relay's rule, met at the desktop; a title never costs a Take."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.titles import MAX_CHARACTERS, fitting, why_not
from relay.wire.rest import Title

ANY_TEXT = st.text(
    st.characters() | st.characters(categories=["Cs"]) | st.sampled_from("\u202a\u2028\udcff\x00\n"),
    max_size=300,
)


def takes(title: str) -> bool:
    """Whether the relay's own shape takes it: the slow oracle."""
    try:
        msgspec.convert(title, Title)
    except msgspec.ValidationError:
        return False
    return True


@given(ANY_TEXT)
def test_the_desktop_says_what_the_relay_would_say(text: str) -> None:
    assert (why_not(text) is None) == takes(text)


@given(ANY_TEXT)
def test_whatever_is_given_a_fitting_title_comes_of_it(text: str) -> None:
    made = fitting(text)
    assert takes(made.title) and fitting(made.title).title == made.title
    if not made.note:
        assert made.title == text.strip(), "nothing is changed in silence"


@pytest.mark.parametrize(
    ("given", "title", "note"),
    [
        ("night idea", "night idea", ""),
        ("x" * 300, "x" * MAX_CHARACTERS, f"The title was cut to {MAX_CHARACTERS} characters."),
        ("a\u202eb", "a b", "Characters that cannot be shown were left out of the title."),
        ("caf\udce9", "caf\ufffd", "Characters that cannot be shown were left out of the title."),
    ],
)
def test_what_was_changed_is_said(given: str, title: str, note: str) -> None:
    assert (fitting(given).title, fitting(given).note) == (title, note)
