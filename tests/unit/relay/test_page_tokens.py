"""What stands in a page packs no better for being guessed; and what is packed is what was there."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.app.compressing import LEAST_BYTES, compressed, takes_gzip
from relay.app.page_tokens import masked, unmasked
from relay.core.calls import Answer
from relay.wire.operations import Nothing


@given(st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyzABCDEF-_", min_size=1, max_size=64))
def test_a_token_comes_back_and_is_another_each_time(token: str) -> None:
    first, second = masked(token), masked(token)
    assert unmasked(first) == unmasked(second) == token and first != second


@given(st.text())
def test_what_is_no_token_of_a_page_is_none(text: str) -> None:
    assert isinstance(unmasked(text), str)


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("*", True),
    ],
)
def test_who_takes_gzip(header: str, takes: bool) -> None:
    assert takes_gzip({"accept-encoding": header} if header else {}) is takes


def test_pages_and_what_is_public_are_packed_and_nothing_else() -> None:
    asked = {"accept-encoding": "gzip"}
    page: Answer[Nothing] = Answer(content=b"<p>again</p>" * 500, media_type="text/html; charset=utf-8")
    small = compressed(page, asked)
    assert gzip.decompress(small.content) == page.content and small.headers["content-encoding"] == "gzip"
    assert compressed(page, {}).content == page.content, "but it says that it differs by what is taken"
    assert compressed(page, {}).headers["vary"] == "Accept-Encoding"
    public = {"cache-control": "public, max-age=300", "vary": "Cookie"}
    kit: Answer[Nothing] = Answer(content=page.content, media_type="application/json", headers=public)
    assert gzip.decompress(compressed(kit, asked).content) == kit.content
    assert compressed(kit, asked).headers["vary"] == "Cookie, Accept-Encoding"
    others: tuple[Answer[Nothing], ...] = (
        Answer(content=page.content, media_type="application/json"),
        Answer(content=b"x" * (LEAST_BYTES - 1), media_type="text/html"),
    )
    for other in others:
        assert compressed(other, asked) is other
