"""The feed in the terminal names each post as other commands take it."""

import pytest

import bridge.control as c
from daemon.cli import feed_commands


def test_the_feed_shows_what_like_and_react_ask_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = [
        c.ItemInfo(
            post_id=f"{n:032x}",
            author="mira",
            title="a" * 120,
            bpm=None,
            key=None,
            duration_ms=1,
            created_at="2026-11-29T08:59:00Z",
            url="https://relay.example/p/" + "1" * 32,
        )
        for n in (1, 2)
    ]
    monkeypatch.setattr(feed_commands, "ask", lambda *_: c.Feed(items=posts, offline=True))
    feed_commands.feed(limit=20, as_json=False)
    said = capsys.readouterr().out
    assert all(post.post_id in said for post in posts)
    assert "The relay cannot be reached" in said
