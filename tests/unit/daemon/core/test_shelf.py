"""Tags and searching."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.shelf import matches, retagged, why_no_tag


def test_a_tag_is_there_once_however_it_is_written() -> None:
    assert retagged(("Dark", "verse"), add=["DARK", "slow"], remove=["Verse"]) == ("Dark", "slow")


@pytest.mark.parametrize("tag", ["", " ", " dark", "a,b", "a\u202eb", "x" * 33])
def test_what_is_no_tag_is_said(tag: str) -> None:
    assert "tag" in (why_no_tag(tag) or "")


@given(
    st.lists(st.text(alphabet="abäß ", min_size=1), max_size=4),
    st.lists(st.text(alphabet="abÄß"), max_size=3),
)
def test_every_word_is_found_somewhere(texts: list[str], words: list[str]) -> None:
    expected = all(any(word.casefold() in text.casefold() for text in texts) for word in words if word)
    assert matches(" ".join(words), texts) == (expected or not any(words))
