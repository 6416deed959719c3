"""Reactions are drawn by us: a font that lacks an emoji shows a box in its place."""

import re
from importlib import resources

from relay.app.site.views import DRAWN, drawn
from relay.wire.rest import REACTIONS


def test_every_reaction_has_a_picture_and_whatever_else_is_its_own_text() -> None:
    sheet = (resources.files("relay.app.site") / "templates" / "icons.html").read_text(encoding="utf-8")
    symbols = re.findall(r'id="i-(\w+)" data-emoji="([^"]+)"', sheet)
    assert {emoji: name for name, emoji in symbols} == DRAWN
    assert tuple(DRAWN) == REACTIONS
    assert 'href="#i-fire"' in drawn("🔥") and 'aria-label="🔥"' in drawn("🔥")
    assert drawn("<b>") == "&lt;b&gt;"
