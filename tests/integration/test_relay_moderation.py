"""Reports, decisions, appeals and the log on a real relay; and every operation on people by everybody there is."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.core.access import FOR_ROLES, OF_SUSPENDED, POLICY, Action, Relation
from relay.core.calls import Row
from relay.wire.events import (
    Event,
    FeedAuthorRemoved,
    FeedPostRemoved,
    NotificationsTold,
    Payload,
    read_payload,
)
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, RelaySocket, running_relay
from tests.support.rows import every_row

BOTH_ENGINES = True
STAFF = {"warden": "moderator", "chief": "admin"}


def give_role(data: Path, engines: Engines, name: str, role: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "relay", "users", "--data", str(data), "role", name, role]
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **engines.environment,
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def relay(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """With its staff, whom the operator names while it serves."""
    data = tmp_path_factory.mktemp("relay") / "data"
    with running_relay(data, engines=engines) as process:
        for name, role in STAFF.items():
            with closing(RelayClient(process.url)) as client:
                client.sign_in(name)
            given = give_role(data, engines, name, role)
            assert given.returncode == 0 and role in given.stdout, given.stderr
        assert give_role(data, engines, "nobody-here", "admin").returncode == 1
        yield process


class Clients:
    """Accounts by name, made when they are asked for."""

    def __init__(self, relay: RelayProcess, stack: ExitStack) -> None:
        self.relay, self._stack = relay, stack
        self._clients: dict[str, RelayClient] = {}

    def __getitem__(self, name: str) -> RelayClient:
        if name not in self._clients:
            self._clients[name] = self.fresh(name)
        return self._clients[name]

    def fresh(self, name: str | None) -> RelayClient:
        client = RelayClient(self.relay.url)
        self._stack.callback(client.close)
        if name is not None:
            client.sign_in(name)
        return client


@pytest.fixture(scope="module")
def people(relay: RelayProcess) -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(relay, stack)


@pytest.fixture
def post(people: Clients) -> AudioPost:
    return people["author"].post(short_flac(4800 + secrets.randbelow(4000)), title="Reported")


def report(client: RelayClient, kind: str, id_: str, reason: str = "spam", text: str = "") -> httpx.Response:
    return client.http.post("/reports", json={"kind": kind, "id": id_, "reason": reason, "text": text})


def decide(client: RelayClient, kind: str, id_: str, deed: str, **more: Any) -> httpx.Response:
    body = {"kind": kind, "id": id_, "deed": deed, "note": "as the rules say", **more}
    return client.http.post("/moderation/decide", json=body)


def waiting(people: Clients) -> dict[str, dict[str, Any]]:
    """What is in the queue, by its id."""
    return {each["id"]: each for each in people["warden"].http.get("/moderation/queue").json()["reported"]}


def told(socket: RelaySocket) -> Payload | None:
    while isinstance(payload := read_payload(socket.expect(Event)), NotificationsTold):
        pass
    return payload


def test_a_report_comes_to_a_decision_and_is_noted(people: Clients, post: AudioPost) -> None:
    assert report(people["one"], "post", post.id, text="It is not theirs").status_code == 201
    assert report(people["one"], "post", post.id, "hate").status_code == 200, "once for each"
    assert report(people["two"], "post", post.id, "copyright").status_code == 201
    found = waiting(people)[post.id]
    assert (found["count"], found["reasons"]) == (2, {"spam": 1, "copyright": 1})
    assert (found["username"], found["words"], found["texts"]) == ("author", "Reported", ["It is not theirs"])
    people["fan"].follow("author")
    with closing(people["fan"].socket()) as heard:
        assert decide(people["warden"], "post", post.id, "hide").json() == {"closed": 2}
        assert told(heard) == FeedPostRemoved(post_id=post.id)
    assert post.id not in waiting(people)
    assert people["two"].http.get(f"/audio/{post.id}").status_code == 404
    assert people["author"].http.get(f"/audio/{post.id}").status_code == 200, "its author still has it"
    assert report(people["two"], "post", post.id).status_code == 404
    line = people["warden"].http.get("/moderation/log").json()["lines"][0]
    assert (line["username"], line["deed"], line["object_id"]) == ("warden", "hide", post.id)
    assert decide(people["warden"], "post", post.id, "unhide").status_code == 200
    assert people["two"].http.get(f"/audio/{post.id}").status_code == 200


def test_what_was_reported_can_be_looked_at_whoever_may_see_it_and_that_is_noted(
    people: Clients, post: AudioPost
) -> None:
    author, warden, path = people["author"], people["warden"], f"/moderation/posts/{post.id}"

    def seen(client: RelayClient) -> set[int]:
        pages = (path, f"{path}/mp3", f"{client.url}{path}")
        return {client.http.get(each).status_code for each in pages}

    assert seen(warden) == {404}, "nobody reported it"
    assert report(people["one"], "post", post.id).status_code == 201
    assert waiting(people)[post.id]["url"] == f"{warden.url}{path}"
    said = warden.http.get(path).json()
    assert (said["post"]["id"], said["state"], said["owner_state"]) == (post.id, "ready", "open")
    author.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
    assert warden.http.get(f"/audio/{post.id}").status_code == 404
    assert seen(people["one"]) == seen(author) == {404}
    assert warden.http.get(said["audio_url"]).content == author.http.get(f"/audio/{post.id}/mp3").content
    assert warden.http.get(said["audio_url"], headers={"range": "bytes=0-2"}).content == b"ID3"
    assert seen(warden) == {200}
    lines = warden.http.get("/moderation/log").json()["lines"]
    looks = [each for each in lines if (each["deed"], each["object_id"]) == ("look", post.id)]
    assert [each["username"] for each in looks] == ["warden"], "once for each who looks"
    assert decide(warden, "post", post.id, "dismiss").status_code == 200
    assert seen(warden) == {404}, "it is decided"
    decide(warden, "post", post.id, "hide").raise_for_status()
    assert seen(warden) == {200} and warden.http.get(path).json()["state"] == "hidden"
    author.http.delete(f"/audio/{post.id}").raise_for_status()
    assert seen(warden) == {404}


def test_the_log_names_people_and_what_it_was_of_as_far_as_they_are_there(
    relay: RelayProcess, people: Clients, post: AudioPost
) -> None:
    warden, author, parting = people["warden"], people["author"], people.fresh("parting")
    said = parting.http.post(f"/audio/{post.id}/comments", json={"text": "Cheap"}).json()["id"]
    assert parting.pair is not None

    def line(of: str) -> tuple[Any, ...]:
        lines = warden.http.get("/moderation/log").json()["lines"]
        return next(
            (each["username"], each["owner"], each["words"], each["url"])
            for each in lines
            if each["object_id"] == of and each["deed"] != "look"
        )

    decide(warden, "comment", said, "dismiss").raise_for_status()
    assert line(said) == ("warden", "parting", "Cheap", post.page_url)
    decide(warden, "comment", said, "remove").raise_for_status()
    assert line(said) == ("warden", "parting", "", ""), "it is gone, and whose it was stays"
    decide(warden, "post", post.id, "hide").raise_for_status()
    assert line(post.id) == ("warden", "author", "Reported", f"{relay.url}/moderation/posts/{post.id}")
    decide(warden, "post", post.id, "unhide").raise_for_status()
    assert line(post.id) == ("warden", "author", "Reported", post.page_url)
    author.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
    assert line(post.id) == ("warden", "author", "", ""), "what is for some alone the log does not show"
    decide(warden, "account", parting.pair.user.id, "dismiss").raise_for_status()
    assert line(parting.pair.user.id) == ("warden", "parting", "", f"{relay.url}/@parting")
    with FormBrowser(relay.url) as mod:
        mod.sign_in("warden")
        page = mod.http.get("/moderation/log").text
        for name in ("warden", "author", "parting"):
            assert f'<a href="/@{name}">@{name}</a>' in page
        assert 'Whoever runs this relay made a moderator of <a href="/@warden">@warden</a>' in page
        assert not any(id_ in page for id_ in (post.id, said, parting.pair.user.id, author.user_id))
        author.http.delete(f"/audio/{post.id}").raise_for_status()
        assert line(post.id) == ("warden", "author", "", "")
        parting.http.post("/users/me/delete", json={"username": "parting"}).raise_for_status()
        assert line(parting.pair.user.id) == ("warden", None, "", "")
        page = mod.http.get("/moderation/log").text
        assert "@parting" not in page and f"<code>{parting.pair.user.id}</code>" in page


def test_sound_that_was_removed_is_not_taken_again(people: Clients) -> None:
    data = short_flac(9111)
    post = people["author"].post(data)
    assert decide(people["warden"], "post", post.id, "hide", block_sound=True).status_code == 200
    again = people["other"].upload(data)
    assert again.status_code == 422 and "removed by the moderators" in again.json()["detail"]
    assert decide(people["warden"], "post", post.id, "unhide").status_code == 200
    assert people["other"].upload(data).status_code == 201


def test_who_is_suspended_is_gone_until_they_are_not(relay: RelayProcess, people: Clients) -> None:
    bad = people.fresh("bad")
    post = bad.post(short_flac(9222))
    people["fan"].follow("bad")
    assert bad.pair is not None
    with (
        FormBrowser(relay.url) as browser,
        closing(people["fan"].socket()) as heard,
        closing(bad.socket()) as own,
    ):
        browser.sign_in("bad")
        assert report(people["one"], "account", bad.pair.user.id, "harassment").status_code == 201
        assert decide(people["warden"], "account", bad.pair.user.id, "suspend").json() == {"closed": 1}
        assert told(heard) == FeedAuthorRemoved(user_id=bad.pair.user.id)
        with pytest.raises(Exception, match=r"3502|received"):
            while True:
                own.next()
        assert browser.http.get("/settings/profile").status_code == 401, "the session ended"
    assert bad.http.get("/users/me").status_code == 401
    for path in (f"/audio/{post.id}", f"/audio/{post.id}/mp3"):
        assert people["fan"].http.get(path).status_code == 404
    assert people["fan"].http.get("/users/bad").status_code == 410
    assert people["fan"].http.get(f"{relay.url}/@bad").status_code == 410
    with FormBrowser(relay.url) as browser:
        browser.sign_in("bad")
        refused = browser.http.get("/settings/profile")
        assert refused.status_code == 403 and 'href="/appeal"' in refused.text, "the page leads there"
        assert browser.http.get("/terms").status_code == 200
        page = browser.http.get("/appeal")
        assert "suspended" in page.text
        assert browser.press(page, to="/appeal", text="It was my brother.").status_code == 303
        assert 'action="/appeal"' not in browser.http.get("/appeal").text, "what is said twice would be lost"
        (appeal,) = people["warden"].http.get("/moderation/queue").json()["appeals"]
        assert appeal["text"] == "It was my brother." and appeal["username"] == "bad"
        answered = people["warden"].http.post(
            f"/moderation/appeals/{appeal['id']}/answer", json={"answer": "So be it."}
        )
        assert answered.status_code == 200
        assert decide(people["warden"], "account", bad.pair.user.id, "unsuspend").status_code == 200
        assert "So be it." in browser.http.get("/appeal").text
        assert browser.http.get("/settings/profile").status_code == 200
    assert people["fan"].http.get(f"/audio/{post.id}").status_code == 200
    assert people["fan"].http.get("/users/bad").status_code == 200


def test_a_comment_is_removed(relay: RelayProcess, people: Clients, post: AudioPost) -> None:
    made = people["two"].http.post(f"/audio/{post.id}/comments", json={"text": "Buy my beats"})
    comment_id = made.raise_for_status().json()["id"]
    with FormBrowser(relay.url) as one:
        one.sign_in("one")
        path = f"/report?kind=comment&id={comment_id}"
        assert f'href="{path}"' in one.http.get(f"/p/{post.id}").text
        form = one.http.get(path)
        assert "“Buy my beats” by two" in form.text
        assert "the moderators have it" in one.press(form, to="/report", reason="spam").text
    assert waiting(people)[comment_id]["words"] == "Buy my beats"
    assert decide(people["warden"], "comment", comment_id, "remove").json() == {"closed": 1}
    assert people["one"].http.get(f"/audio/{post.id}").json()["comment_count"] == 0


def test_what_cannot_be_decided_or_reported_is_refused(people: Clients, post: AudioPost) -> None:
    own_id = people["one"].http.get("/users/me").json()["id"]
    assert report(people["one"], "account", own_id).status_code == 422
    assert report(people["one"], "post", "0" * 32).status_code == 404
    assert report(people["one"], "post", post.id, "boring").status_code == 422
    assert decide(people["warden"], "post", post.id, "suspend").status_code == 422
    assert decide(people["warden"], "post", "0" * 32, "hide").status_code == 404
    assert (
        people["one"].http.post("/appeals", json={"kind": "post", "id": post.id, "text": "?"}).status_code
        == 404
    )


def test_an_admin_names_moderators_and_the_log_says_so(people: Clients) -> None:
    people["helper"].http.get("/users/me").raise_for_status()
    body = {"username": "helper", "role": "moderator"}
    assert people["warden"].http.post("/moderation/roles", json=body).status_code == 404
    assert people["chief"].http.post("/moderation/roles", json=body).json() == body
    assert people["helper"].http.get("/moderation/queue").status_code == 200
    assert people["chief"].http.get("/moderation/log").json()["lines"][0]["deed"] == "role:moderator"
    people["chief"].http.post("/moderation/roles", json=body | {"role": "user"}).raise_for_status()
    assert people["helper"].http.get("/moderation/queue").status_code == 404


def test_the_queue_is_worked_off_without_a_script(
    relay: RelayProcess, people: Clients, post: AudioPost
) -> None:
    with FormBrowser(relay.url) as one, FormBrowser(relay.url) as mod:
        one.sign_in("one")
        mod.sign_in("warden")
        form = one.http.get(f"/report?kind=post&id={post.id}")
        assert "“Reported” by author" in form.text, "one sees what it is of"
        assert one.http.get(f"/report?kind=post&id={'0' * 32}").status_code == 404
        sent = one.press(form, to="/report", reason="spam", text="<b>look</b>")
        assert "the moderators have it" in sent.text
        assert one.http.get("/moderation").status_code == 404
        queue = mod.http.get("/moderation")
        assert "&lt;b&gt;look" in queue.text
        fields = {"kind": "post", "id": post.id, "deed": "hide", "note": "spam"}
        assert mod.press(queue, to="/moderation/decide", **fields).status_code == 303
        assert "hid" in mod.http.get("/moderation/log").text
    assert people["two"].http.get(f"/audio/{post.id}").status_code == 404


# the matrix -----------------------------------------------------------------------------------------------------

WHO = ("nobody", "stranger", "follower", "blocked", "owner", "suspended", "moderator", "admin")
RELATION = {
    "nobody": Relation.ANONYMOUS,
    "owner": Relation.OWNER,
    "moderator": Relation.MODERATOR,
    "admin": Relation.ADMIN,
}
ROOMS = (
    "/users/",
    "/social/",
    "/reports",
    "/appeals",
    "/moderation/",
    "/audio/{post_id}/likes",
    "/audio/{post_id}/re",
    "/audio/{post_id}/play",
)
OPERATIONS = [
    (row.operation.method, row.operation.path, row.action)
    for row in every_row()
    if isinstance(row, Row) and row.operation.path.removeprefix("/api/v1").startswith(ROOMS)
]


@pytest.fixture(scope="module")
def cast(people: Clients) -> dict[str, RelayClient]:
    """One of each, as they stand to `m-owner`."""
    found = {
        who: people.fresh(None if who == "nobody" else f"m-{who}")
        for who in WHO
        if who not in ("moderator", "admin")
    }
    found |= {"moderator": people["warden"], "admin": people["chief"]}
    found["follower"].follow("m-owner")
    found["owner"].http.post("/social/block", json={"username": "m-blocked"}).raise_for_status()
    suspended = found["suspended"]
    assert suspended.pair is not None
    decide(people["warden"], "account", suspended.pair.user.id, "suspend").raise_for_status()
    return found


@pytest.fixture(scope="module")
def target(cast: dict[str, RelayClient]) -> AudioPost:
    return cast["owner"].post(short_flac(9333))


@pytest.mark.parametrize("who", WHO)
def test_every_operation_on_people_by_everybody(
    cast: dict[str, RelayClient], target: AudioPost, who: str
) -> None:
    for method, path, action in sorted(
        OPERATIONS, reverse=True
    ):  # whom one blocks one cannot follow: that comes last
        answer = ask(cast[who], target, method, path)
        allowed = POLICY[action]
        if who == "suspended":
            assert answer.status_code == 401, (path, "its tokens ended")
        elif who == "nobody" and Relation.ANONYMOUS not in allowed:
            assert answer.status_code == 401, (path, answer.text)
        elif action in FOR_ROLES and RELATION.get(who, Relation.OTHER) not in allowed:
            assert answer.status_code == 404, (path, answer.text)
        elif who in ("stranger", "follower", "moderator", "admin"):
            assert answer.status_code not in (401, 403), (path, answer.text)
        assert answer.status_code < 500, (path, answer.text)


def ask(client: RelayClient, target: AudioPost, method: str, path: str) -> httpx.Response:
    """As if it were meant, of `m-owner` and a post of theirs."""
    none = dict.fromkeys(("appeal_id", "reaction_id", "id"), "0" * 32)
    address = path.removeprefix("/api/v1").format(post_id=target.id, name="m-owner", **none)
    of_post = path.endswith(("like", "react", "save", "repost"))
    body = {"post_id": target.id} if of_post else {"username": "m-owner"} if "/social/" in path else {}
    return client.http.request(method, address, json=body if method in ("POST", "PUT", "PATCH") else None)


def test_what_a_suspended_account_may_is_what_the_table_says() -> None:
    assert Action.APPEAL in OF_SUSPENDED and not OF_SUSPENDED & FOR_ROLES
    assert {Action.POST_CREATE, Action.SOCKET_OPEN, Action.TICKET_MAKE, Action.FOLLOW}.isdisjoint(
        OF_SUSPENDED
    )
