"""Whom a comment names, and where in the sound it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.app.site.views import said
from relay.core.refusal import Refusal
from relay.features.comments.rules import depth_below, mentioned, read_place, require_place, trimmed
from relay.wire.comments import MAX_COMMENT_DEPTH, MAX_MENTIONS, Comment


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@anna listen", ["anna"]),
        ("(@Anna, @ben.b.) @anna!", ["anna", "ben.b"]),
        ("mail me at me@example.org, @@anna or x@anna", []),
        ("@an is too short, @" + "a" * 31 + " too long", ["a" * 30]),
        (
            " ".join(f"@name{number}" for number in range(20)),
            [f"name{number}" for number in range(MAX_MENTIONS)],
        ),
        ("@ännä", []),
    ],
)
def test_an_at_names_an_account(text: str, names: list[str]) -> None:
    assert mentioned(text) == names


@given(st.text(max_size=1000))
def test_any_text_names_some_and_is_shown_as_text(text: str) -> None:
    names = mentioned(text)
    assert len(names) <= MAX_MENTIONS
    shown = str(
        said(
            Comment(
                id="0" * 32,
                post_id="0" * 32,
                root_id="0" * 32,
                text=text,
                mentions=names,
                created_at="2026-11-21T03:52:07.123456Z",
            )
        )
    )
    assert shown.count("<") == shown.count("<a href=") * 2, "no tag but our own links"


@pytest.mark.parametrize(
    ("written", "ms"),
    [("", None), (" ", None), ("0", 0), ("3.2", 3200), ("3,2", 3200), ("1:03.5", 63_500), ("90", 90_000)],
)
def test_a_place_as_people_write_it(written: str, ms: int | None) -> None:
    assert read_place(written) == ms


@pytest.mark.parametrize("written", ["1:", ":3", "-1", "1:2:3", "later", "1e9", "٣"])
def test_what_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(Refusal):
        read_place(written)


def test_a_place_lies_inside_the_sound_and_an_answer_has_none() -> None:
    require_place(None, 0, is_answer=True)
    require_place(2000, 2000, is_answer=False)
    for position_ms, is_answer in ((2001, False), (0, True)):
        with pytest.raises(Refusal):
            require_place(position_ms, 2000, is_answer=is_answer)


def test_answers_go_so_deep() -> None:
    assert depth_below(MAX_COMMENT_DEPTH - 1) == MAX_COMMENT_DEPTH
    with pytest.raises(Refusal):
        depth_below(MAX_COMMENT_DEPTH)


def test_a_comment_says_something() -> None:
    assert trimmed(" \n yes \n") == "yes"
    with pytest.raises(Refusal):
        trimmed(" \n ")
