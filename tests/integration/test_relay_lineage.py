"""What a post was made from, and what others made of it: said at the upload or later, shown to who may find both."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

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
    assert "Taken further in" in looker.http.get(f"{relay.url}/p/{first.id}").text
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
