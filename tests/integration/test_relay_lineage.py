"""What a post was made from, and what others made of it: said at the upload or later, shown to who may find both."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from relay.wire.events import Event, SocialNewRemix, read_payload
from tests.support.claims import FormBrowser
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def three(relay: RelayProcess) -> Iterator[list[RelayClient]]:
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(RelayClient(relay.url))) for _ in range(3)]
        for client, name in zip(clients, ("maker", "taker", "looker"), strict=True):
            client.sign_in(name)
        yield clients


def edited(client: RelayClient, post_id: str, **change: Any) -> Any:
    return client.http.patch(f"/audio/{post_id}", json=change)


def shown(client: RelayClient, post_id: str) -> tuple[str | None, list[str]]:
    found = client.http.get(f"/audio/{post_id}").raise_for_status().json()
    return found["remix_of"] and found["remix_of"]["id"], [each["id"] for each in found["remixes"]]


def test_a_post_says_what_it_was_made_from_and_that_what_was_made_of_it(
    relay: RelayProcess, three: list[RelayClient]
) -> None:
    maker, taker, looker = three
    first = maker.post(short_flac(6001), title="Night bus")
    refused = taker.upload(short_flac(6002), remix_of=first.id)
    assert refused.status_code == 422 and "does not give its sound" in refused.json()["detail"]
    edited(maker, first.id, downloads=True).raise_for_status()
    again = taker.post(short_flac(6002), title="Day bus", remix_of=first.id)
    third = maker.post(short_flac(6003), title="Tram")
    assert edited(maker, third.id, remix_of=again.id).status_code == 422
    edited(taker, again.id, downloads=True).raise_for_status()
    assert edited(maker, third.id, remix_of=again.id).json()["remix_of"]["username"] == "taker"
    assert shown(looker, first.id) == (None, [again.id])
    assert shown(looker, again.id) == (first.id, [third.id])
    for of in (first.id, third.id):
        refused = edited(maker, first.id, remix_of=of)
        assert refused.status_code == 422 and "made from this post itself" in refused.json()["detail"]
    page = looker.http.get(f"{relay.url}/p/{third.id}").text
    assert page.index("Day bus</a> by") < page.index("which was made from") < page.index("Night bus</a> by")
    assert "Made from this: " in looker.http.get(f"{relay.url}/p/{first.id}").text
    edited(maker, first.id, downloads=False).raise_for_status()
    edited(taker, again.id, title="Day bus 2", remix_of=first.id).raise_for_status()
    edited(maker, first.id, visibility="unlisted").raise_for_status()
    assert shown(looker, again.id) == (None, [third.id]), "its address would be everybody's"
    assert first.id not in looker.http.get(f"{relay.url}/p/{third.id}").text
    edited(maker, first.id, visibility="public").raise_for_status()
    edited(taker, again.id, visibility="private").raise_for_status()
    assert shown(looker, first.id) == (None, []) and shown(looker, third.id) == (None, [])
    edited(taker, again.id, visibility="public").raise_for_status()
    maker.http.delete(f"/audio/{first.id}").raise_for_status()
    assert shown(looker, again.id) == (None, [third.id])
    edited(maker, third.id, remix_of="").raise_for_status()
    assert shown(looker, again.id) == (None, [])


def told(client: RelayClient) -> list[tuple[str, str]]:
    """What somebody is told was made from posts of theirs, and where it can be looked at."""
    notes = client.http.get("/notifications").raise_for_status().json()["notifications"]
    return [(each["sentence"], each["url"].partition("/p/")[2]) for each in notes if each["kind"] == "remix"]


def made_from(client: RelayClient, post_id: str, **query: Any) -> tuple[list[str], str | None]:
    found = client.http.get(f"/audio/{post_id}/remixes", params=query).raise_for_status().json()
    assert all(each["reason"] == "remix" for each in found["posts"])
    return [each["id"] for each in found["posts"]], found["next"]


def test_whose_post_something_is_made_from_is_told_once_they_may_find_it(
    relay: RelayProcess, three: list[RelayClient]
) -> None:
    maker, taker, looker = three
    first = maker.post(short_flac(6021), title="Quay")
    edited(maker, first.id, downloads=True).raise_for_status()
    one = taker.post(short_flac(6022), title="Pier", remix_of=first.id, visibility="private")
    assert told(maker) == [] and made_from(maker, first.id) == ([], None)
    with closing(maker.socket()) as heard:
        edited(taker, one.id, visibility="public").raise_for_status()
        event = read_payload(heard.expect(Event))
        assert isinstance(event, SocialNewRemix) and (event.post_id, event.remix.id) == (first.id, one.id)
        assert told(maker) == [("taker made “Pier” from “Quay”", one.id)] and told(taker) == []
        edited(taker, one.id, visibility="private").raise_for_status()
        assert told(maker) == [] and made_from(maker, first.id) == ([], None)
        edited(taker, one.id, visibility="public").raise_for_status()
        two = looker.post(short_flac(6023), title="Mole", remix_of=first.id)
        event = read_payload(heard.expect(Event))
        assert isinstance(event, SocialNewRemix) and event.remix.id == two.id, "coming back is no news"
    both = ("looker and taker made something from “Quay”", f"{first.id}/remixes")
    assert told(maker) == [both] and made_from(looker, first.id) == ([two.id, one.id], None)
    newest, cursor = made_from(maker, first.id, limit=1)
    assert newest == [two.id] and made_from(maker, first.id, limit=1, cursor=cursor) == ([one.id], None)
    edited(looker, two.id, remix_of="").raise_for_status()
    assert told(maker) == [("taker made “Pier” from “Quay”", one.id)]
    edited(looker, two.id, remix_of=first.id).raise_for_status()
    assert told(maker) == [both]
    maker.http.post("/social/mute", json={"username": "looker"}).raise_for_status()
    assert len(told(maker)) == 1 and made_from(maker, first.id) == ([one.id], None)
    maker.http.post("/social/unmute", json={"username": "looker"}).raise_for_status()
    maker.http.put("/notifications/preferences", json={"remix": False}).raise_for_status()
    edited(taker, one.id, downloads=True).raise_for_status()
    third = looker.post(short_flac(6024), title="Dock", remix_of=first.id)
    assert told(maker) == [both], "of what one is not told of, nothing is noted"
    assert made_from(maker, first.id)[0] == [third.id, two.id, one.id]
    maker.http.put("/notifications/preferences", json={"remix": True}).raise_for_status()
    looker.http.delete(f"/audio/{two.id}").raise_for_status()
    assert told(maker) == [("taker made “Pier” from “Quay”", one.id)]
    maker.http.delete(f"/audio/{first.id}").raise_for_status()
    assert told(maker) == []
    assert maker.http.get(f"/audio/{first.id}/remixes").status_code == 410


def test_the_page_of_all_that_was_made_from_a_post(relay: RelayProcess, three: list[RelayClient]) -> None:
    maker, taker, looker = three
    score = {"kind": "loop", "name": "Lamp", "bars": 1, "steps": [{"step": 0, "sound": "drum-kick"}]}
    made = (
        maker.http.post("/creations", json={"score": score, "visibility": "public"}).raise_for_status().json()
    )
    page = f"{relay.url}/p/{made['id']}/remixes"
    assert "Nothing was made from this yet" in looker.http.get(page).text
    fork = taker.http.post(f"/creations/{made['id']}/fork").raise_for_status().json()
    assert "Nothing was made from this yet" in looker.http.get(page).text, "a fork is private"
    edited(taker, fork["id"], visibility="public", title="Torch").raise_for_status()
    remix = looker.post(short_flac(6031), title="Candle", remix_of=made["id"])
    assert told(maker)[0] == ("looker and taker made something from “Lamp”", f"{made['id']}/remixes")
    found = maker.http.get(page).text
    assert "2 things made from" in found and found.index(">Candle</a>") < found.index(">Torch</a>")
    assert f'data-score-at="/creations/{fork["id"]}/score"' in found and f'data-post="{remix.id}"' in found
    assert (
        f'href="/p/{made["id"]}/remixes">See all 2</a>' in maker.http.get(f"{relay.url}/p/{made['id']}").text
    )
    assert maker.http.get(f"/audio/{made['id']}").json()["remix_count"] == 2
    edited(looker, remix.id, visibility="unlisted").raise_for_status()
    assert "1 thing made from" in maker.http.get(page).text
    edited(maker, made["id"], visibility="private").raise_for_status()
    assert looker.http.get(page).status_code == 404


def test_by_forms_alone(relay: RelayProcess, three: list[RelayClient]) -> None:
    maker, taker, looker = three
    first = maker.post(short_flac(6011), title="Copper")
    edited(maker, first.id, downloads=True).raise_for_status()
    mine = taker.post(short_flac(6012), title="Zinc")
    with FormBrowser(relay.url) as browser:
        browser.sign_in("taker")
        assert f'href="/upload?remix_of={first.id}"' in browser.http.get(f"/p/{first.id}").text
        assert "Copper</a> by" in browser.http.get(f"/upload?remix_of={first.id}").text
        assert browser.http.get(f"/upload?remix_of={'0' * 32}").status_code == 422
        path = f"/p/{mine.id}/edit"
        fields = {"title": "Zinc", "tags": "", "visibility": "public", "licence": "cc-by"}
        form = browser.http.get(path)
        wrong = browser.press(form, to=path, **fields, remix_of="the bus")
        assert wrong.status_code == 422 and "paste the address" in wrong.text
        saved = browser.press(form, to=path, **fields, remix_of=f"{relay.url}/p/{first.id}")
        assert saved.status_code == 303
        assert shown(looker, mine.id) == (first.id, [])
        edited(maker, first.id, downloads=False).raise_for_status()
        form = browser.http.get(path)
        assert (
            browser.press(form, to=path, **fields | {"title": "Tin"}, remix_of=f"/p/{first.id}").status_code
            == 303
        )
        assert shown(looker, mine.id) == (first.id, []), "it was said when it was so"
        assert browser.press(form, to=path, **fields, remix_of="").status_code == 303
        assert shown(looker, mine.id) == (None, [])


def test_of_a_work_of_the_studio_the_fork_is_written_down_and_no_form_asks(
    relay: RelayProcess, three: list[RelayClient]
) -> None:
    maker, taker, _ = three
    score = {"kind": "song", "name": "Bus song", "bpm": 100, "blocks": []}
    made = (
        maker.http.post("/creations", json={"score": score, "visibility": "public"}).raise_for_status().json()
    )
    fork = taker.http.post(f"/creations/{made['id']}/fork").raise_for_status().json()
    with FormBrowser(relay.url) as browser:
        browser.sign_in("taker")
        path = f"/p/{fork['id']}/edit"
        form = browser.http.get(path)
        assert form.status_code == 200 and "Made from" not in form.text
        fields = {"title": "Mine", "tags": "", "visibility": "public", "licence": "cc-by"}
        assert browser.press(form, to=path, **fields).status_code == 303
    assert taker.http.get(f"/creations/{fork['id']}").json()["title"] == "Mine"
    assert shown(taker, fork["id"])[0] == made["id"]
