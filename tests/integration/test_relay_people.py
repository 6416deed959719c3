"""Private accounts and who asks, blocks and mutes, removed followers: on a real relay, over the interface, live and on pages."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from relay.wire.events import (
    Event,
    FeedAuthorRemoved,
    FeedNewPost,
    NotificationsTold,
    Payload,
    PresenceUpdate,
    SocialFollowAccepted,
    SocialFollowRequest,
    SocialNewFollow,
    read_payload,
)
from tests.support.claims import FormBrowser
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket

BOTH_ENGINES = True


class People:
    """Accounts by name, made when they are asked for."""

    def __init__(self, relay: RelayProcess, stack: ExitStack) -> None:
        self._relay = relay
        self._stack = stack
        self._clients: dict[str, RelayClient] = {}

    def __getitem__(self, name: str) -> RelayClient:
        if name not in self._clients:
            client = self._clients[name] = RelayClient(self._relay.url)
            self._stack.callback(client.close)
            client.sign_in(name)
        return self._clients[name]


@pytest.fixture(scope="module")
def people(relay: RelayProcess) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(relay, stack)


def told(socket: RelaySocket) -> Payload | None:
    """The next that is not about what somebody does, or how many are unread."""
    while isinstance(payload := read_payload(socket.expect(Event)), PresenceUpdate | NotificationsTold):
        pass
    return payload


def names(client: RelayClient, path: str) -> list[str]:
    return [each["username"] for each in client.http.get(path).raise_for_status().json()["users"]]


def do(client: RelayClient, deed: str, name: str) -> dict[str, object]:
    answer = client.http.post(f"/social/{deed}", json={"username": name}).raise_for_status()
    return dict(answer.json())


def answer_request(client: RelayClient, name: str, how: str) -> int:
    return client.http.post(f"/users/me/follow-requests/{name}/{how}").status_code


def test_who_asks_follows_when_they_are_let(people: People) -> None:
    vera, otto = people["vera"], people["otto"]
    vera.http.patch("/users/me", json={"is_private": True}).raise_for_status()
    post = vera.post(short_flac(4801), title="For followers")
    assert otto.http.get(f"/audio/{post.id}").status_code == 404
    assert post.id not in otto.http.get("/feed/global").text
    with closing(vera.socket()) as hers, closing(otto.socket()) as his:
        for _ in range(2):
            said = do(otto, "follow", "vera")
            assert (said["following"], said["requested"]) == (False, True)
        assert isinstance(told(hers), SocialFollowRequest)
        assert vera.http.get("/users/me").json()["request_count"] == 1
        assert names(vera, "/users/me/follow-requests") == ["otto"]
        assert otto.http.get("/users/vera/followers").status_code == 403
        assert answer_request(vera, "otto", "accept") == 200
        assert isinstance(told(hers), SocialNewFollow) and isinstance(told(his), SocialFollowAccepted)
        assert otto.http.get(f"/audio/{post.id}").status_code == 200
        kept = otto.http.get(f"/audio/{post.id}/mp3").headers["cache-control"]
        assert kept == "private, no-cache", "nobody between keeps it for others"
        assert names(otto, "/users/vera/followers") == ["otto"]
        assert answer_request(vera, "otto", "accept") == 404
        assert [each for each in vera.http.get("/inbox").json()["items"] if each["requester"]] == []
        do(vera, "remove-follower", "otto")
        assert told(his) == FeedAuthorRemoved(user_id=post.user_id)
    assert otto.http.get(f"/audio/{post.id}").status_code == 404
    assert otto.http.get("/users/me").json()["following_count"] == 0


def test_a_request_that_is_declined_or_taken_back_is_gone(people: People) -> None:
    nora, emil = people["nora"], people["emil"]
    nora.http.patch("/users/me", json={"is_private": True}).raise_for_status()
    do(emil, "follow", "nora")
    assert answer_request(nora, "emil", "decline") == 200
    assert answer_request(nora, "emil", "accept") == 404
    do(emil, "follow", "nora")
    do(emil, "unfollow", "nora")
    assert names(nora, "/users/me/follow-requests") == []
    assert nora.http.get("/users/nora/followers").json()["users"] == []


def test_an_account_that_becomes_public_lets_in_all_who_wait(people: People) -> None:
    host, guests = people["host"], [f"guest-{n}" for n in range(3)]
    host.http.patch("/users/me", json={"is_private": True}).raise_for_status()
    for name in guests:
        assert do(people[name], "follow", "host")["requested"]
    host.http.patch("/users/me", json={"is_private": False}).raise_for_status()
    assert sorted(names(host, "/users/host/followers")) == guests
    mine = host.http.get("/users/me").json()
    assert (mine["follower_count"], mine["request_count"], mine["is_private"]) == (3, 0, False)


def test_a_block_ends_all_there_was_and_both_hear_it(people: People) -> None:
    ada, bob = people["ada"], people["bob"]
    do(ada, "follow", "bob")
    do(bob, "follow", "ada")
    ids = {name: people[name].http.get("/users/me").json()["id"] for name in ("ada", "bob")}
    with closing(ada.socket()) as hers, closing(bob.socket()) as his:
        assert do(ada, "block", "bob")["blocked"] is True
        assert told(hers) == FeedAuthorRemoved(user_id=ids["bob"])
        assert told(his) == FeedAuthorRemoved(user_id=ids["ada"])
        bob.post(short_flac(4802))
        ada.post(short_flac(4803))
        assert isinstance(told(hers), FeedNewPost), "her own, and nothing of his before it"
        assert bob.http.post("/social/follow", json={"username": "ada"}).status_code == 403
    assert names(ada, "/users/me/blocked") == ["bob"] and names(bob, "/users/me/blocked") == []
    do(people["fan"], "follow", "ada")
    do(people["fan"], "follow", "bob")
    assert names(bob, "/users/fan/following") == ["bob"], "who blocked him is on no list that he sees"
    do(ada, "unblock", "bob")
    assert sorted(names(bob, "/users/fan/following")) == ["ada", "bob"]
    assert bob.http.get("/users/me").json()["follower_count"] == 1, "following does not come back"


def test_who_is_muted_does_not_learn_of_it_and_is_not_heard(people: People) -> None:
    ines, loud = people["ines"], people["loud"]
    do(ines, "follow", "loud")
    post = ines.post(short_flac(4804))
    with closing(ines.socket()) as hers:
        assert do(ines, "mute", "loud")["muted"] is True
        loud.http.post("/social/like", json={"post_id": post.id}).raise_for_status()
        loud.post(short_flac(4805))
        do(ines, "unmute", "loud")
        after = loud.post(short_flac(4806))
        heard = told(hers)
        assert isinstance(heard, FeedNewPost) and heard.post.id == after.id
    do(ines, "mute", "loud")
    assert ines.http.get("/inbox").json()["items"] == []
    assert names(ines, "/users/me/muted") == ["loud"]
    assert loud.http.get(f"/audio/{post.id}").json()["liked"] is True
    assert ines.http.get("/users/me").json()["following_count"] == 1


def follow_buttons(browser: FormBrowser, path: str) -> list[tuple[str, str, str]]:
    """Whom, what the button does, and whether it is pressed, of a list of people."""
    page = browser.http.get(path).raise_for_status().text
    found: list[tuple[str, str, str]] = re.findall(
        r'action="/people/([^/]+)/(\w+)">.*?data-follow="\w+" aria-pressed="(\w+)"', page
    )
    return found


def test_all_of_it_on_pages_without_a_script(relay: RelayProcess, people: People) -> None:
    people["shy"].http.patch("/users/me", json={"is_private": True}).raise_for_status()
    with FormBrowser(relay.url) as asking, FormBrowser(relay.url) as shy:
        asking.sign_in("asker")
        shy.sign_in("shy")
        page = asking.http.get("/@shy")
        assert "Ask to follow" in page.text and "private" in page.text
        assert asking.press(page, to="/people/shy/follow").headers["location"] == "/@shy"
        assert "Asked" in asking.http.get("/@shy").text
        waiting = shy.http.get("/follow-requests")
        assert "asker" in waiting.text
        answered = shy.press(waiting, to="/people/asker/accept", next="/follow-requests")
        assert answered.headers["location"] == "/follow-requests"
        assert follow_buttons(asking, "/@shy/followers") == []  # nobody stands there but oneself
        assert follow_buttons(shy, "/@shy/followers") == [("asker", "follow", "false")]
        assert follow_buttons(asking, "/@asker/following") == [("shy", "unfollow", "true")]
        profile = shy.http.get("/@asker")
        for deed, then in (("mute", "Unmute"), ("unmute", "Mute"), ("block", "Unblock")):
            profile = shy.http.get("/@asker")
            assert shy.press(profile, to=f"/people/asker/{deed}").status_code == 303
            assert then in shy.http.get("/@asker").text
        blocked = shy.http.get("/settings/blocked")
        assert "asker" in blocked.text
        shy.press(blocked, to="/people/asker/unblock", next="/settings/blocked")
        assert "You block nobody." in shy.http.get("/settings/blocked").text
        csrf = profile.text.split('name="csrf" content="')[1].split('"')[0]
        assert shy.http.post("/people/asker/block", data={}).status_code == 403
        assert shy.http.post("/people/asker/adopt", data={"csrf": csrf}).status_code == 404
        assert shy.http.get("/@asker/enemies").status_code == 404
