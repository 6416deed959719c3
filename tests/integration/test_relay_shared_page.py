"""The page behind a share link, and the page on which its owner makes and ends them: by forms, without a script."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from audio.score.sounds import SOUNDS
from relay.features.creations.score_drawing import sound_hue
from tests.support.asgi_peer import ADDRESS, InMemory, relay_in_memory

STUDIO = Path(__file__).parents[2] / "relay/app/site/static/studio"
NASTY = "<b>Dusk</b>"
LOOP: dict[str, Any] = {
    "kind": "loop",
    "name": NASTY,
    "bars": 2,
    "bpm": 97,
    "key": "Am",
    "chords": [{"beat": 0, "root": "A", "quality": "min7"}, {"beat": 4, "root": "F", "quality": "maj"}],
    "steps": [{"step": 0, "sound": "drum-kick"}, {"step": 6, "sound": "bass", "note": "A1"}],
}


class Person:
    """Signed in by a browser, and by a device."""

    def __init__(self, peer: InMemory, token: str, cookie: str, csrf: str) -> None:
        self._http = peer.http
        self.bearer = {"authorization": f"Bearer {token}"}
        self._browser = {"cookie": cookie, "origin": ADDRESS, "accept": "text/html"}
        self._csrf = csrf

    async def get(self, path: str) -> httpx.Response:
        return await self._http.get(path, headers=self._browser)

    async def press(self, path: str, **fields: str) -> httpx.Response:
        return await self._http.post(path, data={"csrf": self._csrf, **fields}, headers=self._browser)

    async def make(self, score: dict[str, Any], **more: str) -> str:
        body = {"score": score, **more}
        answer = await self._http.post("/api/v1/creations", json=body, headers=self.bearer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def read(self, creation_id: str) -> Any:  # any: JSON
        return (await self._http.get(f"/api/v1/creations/{creation_id}", headers=self.bearer)).json()


async def person(peer: InMemory, name: str) -> Person:
    token = (await peer.claimed(name)).access_token
    opened = await peer.http.post("/session", data={"username": name})
    cookie = "; ".join(f"{key}={value}" for key, value in opened.cookies.items())
    peer.http.cookies.clear()
    page = await peer.http.get("/studio", headers={"cookie": cookie})
    found = re.search(r'name="csrf" content="([^"]+)"', page.text)
    assert found is not None
    return Person(peer, token, cookie, found[1])


@pytest.fixture
async def peer(tmp_path: Path, database_url: str) -> AsyncIterator[InMemory]:
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(tmp_path / "data", url) as made:
        yield made


async def link_to(owner: Person, creation_id: str, lasts: str = "7") -> str:
    page = await owner.press(f"/creations/{creation_id}/links", lasts=lasts)
    found = re.search(r'value="http://relay(/loop/[\w-]+)"', page.text)
    assert page.status_code == 200 and found is not None, page.text
    return found[1]


def played(page: httpx.Response) -> Any:  # any: JSON
    found = re.search(r'data-score="([^"]+)"', page.text)
    assert page.status_code == 200 and found is not None, page.text
    return msgspec.json.decode(unescape(found[1]))


async def test_a_link_shows_a_private_loop_until_it_is_ended(peer: InMemory) -> None:
    ana, ben = await person(peer, "ana"), await person(peer, "ben")
    made = await ana.make(LOOP)
    path = await link_to(ana, made)
    shown = await peer.http.get(path, headers={"accept": "text/html"})
    data = played(shown)
    assert (data["kind"], data["body"]["bpm"], data["loops"]) == ("loop", 97, {})
    assert NASTY not in shown.text and "&lt;b&gt;Dusk" in shown.text
    for said in ("Am7", "<b>97</b> BPM", "ana", "2 bars: Kick, Bass, Keys. Chords: Am7, F.", "works until"):
        assert said in shown.text, said
    assert "application/json+oembed" not in shown.text, "only what is public may be shown elsewhere"
    assert f"/p/{made}" not in shown.text and 'content="noindex"' in shown.text
    for who, status in ((ben, 404), (ana, 200)):
        assert (await who.get(f"/creations/{made}/links")).status_code == status
    assert (await ben.press(f"/creations/{made}/links", lasts="7")).status_code == 404
    assert (await ana.press(f"/creations/{made}/links", lasts="8")).status_code == 422

    (id_,) = re.findall(r'name="link" value="(\w+)"', (await ana.get(f"/creations/{made}/links")).text)
    own = (await ana.get("/links")).text
    assert (
        id_ in own
        and "&lt;b&gt;Dusk" in own
        and "looked at 0 times" in own
        and "edited by nobody but you" in own
    )
    assert id_ not in (await ben.get("/links")).text
    assert (await ben.press(f"/creations/{made}/links/end", link=id_)).status_code == 404
    assert (await ana.press(f"/creations/{made}/links/end", link="zz")).status_code == 404
    assert (await ana.press(f"/creations/{made}/links/end", link=id_)).status_code == 303
    ended = await peer.http.get(path, headers={"accept": "text/html"})
    assert ended.status_code == 410 and "has expired, or was ended" in ended.text
    assert "There is none." in (await ana.get(f"/creations/{made}/links")).text
    unknown = await peer.http.get("/loop/" + "x" * 22, headers={"accept": "text/html"})
    assert unknown.status_code == 404 and "There is no such link" in unknown.text


async def test_it_is_forked_with_its_lineage_and_a_song_with_the_loops_it_is_made_of(peer: InMemory) -> None:
    ana, ben, eve = [await person(peer, name) for name in ("ana", "ben", "eve")]
    loop = await ana.make(LOOP)
    block = {"id": "a", "loop": loop, "start": 0, "bars": 4}
    song = await ana.make({"kind": "song", "name": "Set", "bpm": 100, "blocks": [block]})
    path = await link_to(ana, song, "")
    assert list(played(await ben.get(path))["loops"]) == [loop]
    assert "until its maker ends it" in (await ben.get(path)).text
    assert (await peer.http.post(f"{path}/fork", headers={"origin": ADDRESS})).status_code == 401
    forked = await ben.press(f"{path}/fork")
    fork = forked.headers["location"].rpartition("/")[2].rpartition("=")[2]
    own = (await ben.read(fork))["score"]["blocks"][0]["loop"]
    assert (
        own != loop and (await ben.read(own))["score"]["chords"] == (await ana.read(loop))["score"]["chords"]
    )
    assert (await ana.read(song))["fork_count"] == (await ana.read(loop))["fork_count"] == 1

    public = await ana.make(LOOP | {"name": "Roots"}, visibility="public")
    again = await ben.press(f"{await link_to(ana, public)}/fork")
    assert again.headers["location"].startswith("/studio?open=")
    second = again.headers["location"].rpartition("=")[2]
    third = await eve.press(f"{await link_to(ben, second)}/fork")
    hidden = await eve.get(await link_to(eve, third.headers["location"].rpartition("=")[2]))
    assert "Forked from" not in hidden.text, "what she forked is private"
    shared = await eve.get(await link_to(ben, second))
    assert re.search(rf'Forked from <a href="/p/{public}">Roots</a> by <a href="/u/ana">ana</a>', shared.text)


async def test_what_cannot_sound_is_shown_and_says_why(peer: InMemory) -> None:
    ana = await person(peer, "ana")
    gone = {"id": "a", "loop": "0" * 32, "start": 0, "bars": 4}
    song = await ana.make({"kind": "song", "name": "Set", "bpm": 100, "blocks": [gone]})
    empty = await ana.make({"kind": "loop", "name": "Nothing", "bars": 1})
    unbegun = await ana.make({"kind": "song", "name": "Nothing", "bpm": 100})
    shown = await ana.get(await link_to(ana, song))
    assert "A loop that it is made of is not there any more." in shown.text and "disabled" in shown.text
    for made in (empty, unbegun):
        assert "Nothing sounds in it yet." in (await ana.get(await link_to(ana, made))).text
    assert "Nothing sounds in it yet." in (await ana.get(f"/p/{empty}")).text


def test_the_colours_are_those_of_the_studio() -> None:
    named = re.search(r"const HUES = \{(.*?)\};", (STUDIO / "elements.js").read_text(), re.DOTALL)
    assert named is not None
    hues = {name.strip('"'): int(hue) for name, hue in re.findall(r'("?[\w-]+"?): (\d)', named[1])}
    assert {name: sound_hue(name) for name in hues} == hues
    assert all(0 <= sound_hue(name) < 8 for name in SOUNDS)
