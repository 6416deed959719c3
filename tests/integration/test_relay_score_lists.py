"""What was made in the studio, on the pages that list it: whose, of which kind, in which order, and for whose eyes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_relay_shared_page import LOOP, person
from tests.support.asgi_peer import InMemory, relay_in_memory

PATTERN: dict[str, Any] = {
    "kind": "pattern",
    "name": "Four",
    "bpm": 100,
    "beats": 4,
    "rows": [{"sound": "drum-kick", "steps": [1.0, 0.0, 0.0, 0.0] * 4}],
}


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as made:
        yield made


async def listed(peer: InMemory, path: str, cookie: str = "") -> list[str]:
    """The ids on a page of the list, top to bottom."""
    headers = {"accept": "text/html"} | ({"cookie": cookie} if cookie else {})
    page = await peer.http.get(path, headers=headers)
    assert page.status_code == 200, page.text
    return re.findall(r'data-score-at="/creations/(\w+)/score"', page.text)


async def test_everybody_finds_what_is_public_and_the_owner_all_of_it(peer: InMemory) -> None:
    ana, ben = await person(peer, "ana"), await person(peer, "ben")
    loop = await ana.make(LOOP, visibility="public")
    hidden = await ana.make(LOOP, visibility="private")
    pattern = await ben.make(PATTERN, visibility="public")
    song = await ana.make(
        {
            "kind": "song",
            "name": "Long",
            "bpm": 90,
            "blocks": [{"id": "a", "loop": loop, "start": 0, "bars": 4}],
        },
        visibility="public",
    )
    assert await listed(peer, "/explore/studio") == [song, pattern, loop]
    assert await listed(peer, "/explore") == [song, pattern, loop]
    assert await listed(peer, "/explore/studio?kind=loop") == [loop]
    assert await listed(peer, "/explore/studio?kind=machine") == []
    assert await listed(peer, "/@ana/studio") == [song, loop]
    assert await listed(peer, "/@ana") == [song, loop]
    own = await ana.get("/@ana/studio")
    assert re.findall(r'data-score-at="/creations/(\w+)/score"', own.text) == [song, hidden, loop]
    await ben.press("/people/ana/mute")
    muted = await ben.get("/explore/studio")
    assert re.findall(r'data-score-at="/creations/(\w+)/score"', muted.text) == [pattern]


async def test_the_list_goes_on_where_a_page_ends(peer: InMemory) -> None:
    ana = await person(peer, "ana")
    made = [await ana.make(LOOP if n % 3 else PATTERN, visibility="public") for n in range(14)]
    first = (await peer.http.get("/@ana/studio", headers={"accept": "text/html"})).text
    more = re.search(r'class="more" href="([^"]+)"', first)
    assert more is not None
    found = await listed(peer, "/@ana/studio") + await listed(peer, "/@ana/studio" + more[1])
    assert found == made[::-1]
    everybody = (await peer.http.get("/explore/studio?kind=loop", headers={"accept": "text/html"})).text
    assert "More" not in re.findall(r'class="more"[^>]*>(\w+)<', everybody)  # nine of them, on one page


async def test_a_players_score_is_for_who_may_read_it(peer: InMemory) -> None:
    ana, ben = await person(peer, "ana"), await person(peer, "ben")
    loop, hidden = await ana.make(LOOP, visibility="public"), await ana.make(LOOP, visibility="private")
    told = (await peer.http.get(f"/creations/{loop}/score")).json()
    assert told["kind"] == "loop" and told["body"]["bpm"] == LOOP["bpm"] and told["loops"] == {}
    assert (await ben.get(f"/creations/{hidden}/score")).status_code == 404
    assert (await ana.get(f"/creations/{hidden}/score")).status_code == 200
    assert (await peer.http.get("/creations/nothing/score")).status_code == 404
