"""Who comes by way of a provider and has no account: what --registration says holds for them as for who would choose a password."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.parse import quote

import httpx
import pytest

from tests.integration.test_relay_linking import begin
from tests.integration.test_relay_passwords import GOOD, command, fill_in, link, signed_in_as
from tests.integration.test_relay_sign_in import Wanderer, told
from tests.support.claims import Claim, FormBrowser
from tests.support.engines import Engines
from tests.support.profile_server import ProfileServer, running_profile_server
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True
NOBODY = "http://127.0.0.1:9"
"""Where no OpenID provider is: Discord and GitHub are asked here."""


@pytest.fixture(scope="module")
def discord() -> Iterator[ProfileServer]:
    with running_profile_server() as server:
        yield server


@pytest.fixture(scope="module")
def relays(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, discord: ProfileServer
) -> Iterator[dict[str, RelayProcess]]:
    """One that is closed, and one that takes who is invited; on PostgreSQL of one database, so everybody here has a number of their own."""
    known, folder = told(engines, NOBODY, discord), tmp_path_factory.mktemp("relays")
    with ExitStack() as stack:
        yield {
            word: stack.enter_context(running_relay(folder / word, "--registration", word, engines=known))
            for word in ("closed", "invite")
        }


@pytest.fixture(scope="module")
def closed(relays: dict[str, RelayProcess]) -> RelayProcess:
    return relays["closed"]


@pytest.fixture(scope="module")
def inviting(relays: dict[str, RelayProcess]) -> RelayProcess:
    return relays["invite"]


def profile(number: str) -> dict[str, str]:
    """Everybody has the same mail address, which is nobody's proof."""
    return {"id": number, "username": f"at-discord-{number}", "email": "same@example.com"}


def come(person: Wanderer, discord: ProfileServer, number: str, **asked: str) -> httpx.Response:
    """From this relay to Discord and back as who has that number there."""
    discord.who = profile(number)
    begun = person.ours.http.get("/sign-in/discord", params=asked)
    if begun.status_code != 303:
        return begun
    return person.arrive(person.wander(begun.headers["location"], ""))


def usernames(relay: RelayProcess) -> set[str]:
    listed = command(relay, "users")["users"]
    assert isinstance(listed, list)
    return {each["username"] for each in listed}


def test_a_closed_relay_lets_in_who_linked_an_account_and_nobody_else(
    closed: RelayProcess, discord: ProfileServer
) -> None:
    with Wanderer(closed) as carol, Wanderer(closed) as later, Wanderer(closed) as stranger:
        carol.ours.sign_in("carol")
        discord.who = profile("101")
        assert carol.arrive(carol.wander(begin(carol, "discord"), "")).status_code == 303
        assert come(later, discord, "101").status_code == 303
        assert later.me()["username"] == "carol"
        before = usernames(closed)
        answer = come(stranger, discord, "102")  # of the same mail address
        assert answer.status_code == 403
        for words in ("Discord", "takes no new accounts", "Ways to sign in", 'href="/sign-in?next=%2F"'):
            assert words in answer.text, words
        assert signed_in_as(stranger.ours) is None and usernames(closed) == before


def test_who_is_not_let_in_claims_nothing_and_comes_back_to_the_claim_by_another_way(
    closed: RelayProcess, discord: ProfileServer
) -> None:
    with closing(RelayClient(closed.url)) as device, Wanderer(closed) as person:
        claim = Claim(device)
        answer = come(person, discord, "103", next=claim.address())
        assert answer.status_code == 403
        back = f"/sign-in?next={quote(claim.address(), safe='')}"
        assert f'href="{back}"'.replace("&", "&amp;") in answer.text
        person.ours.sign_in("dave")
        assert claim.complete(person.ours).user.username == "dave"


@pytest.mark.parametrize("path", ["/sign-in/discord", "/api/v1/auth/oauth/discord"])
def test_a_program_is_told_the_same(closed: RelayProcess, discord: ProfileServer, path: str) -> None:
    discord.who = profile("104")
    with Wanderer(closed) as program:
        begun = program.ours.http.get(path)
        address = program.wander(begun.headers["location"], "").removeprefix(closed.url)
        answer = program.ours.http.get(address, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, "account_required")


def test_an_invite_survives_the_way_through_the_provider_and_is_used_once(
    inviting: RelayProcess, discord: ProfileServer
) -> None:
    path = link(inviting, "invite")
    secret = path.rpartition("/")[2]
    with Wanderer(inviting) as stranger, Wanderer(inviting) as guest, Wanderer(inviting) as second:
        answer = come(stranger, discord, "201")
        assert answer.status_code == 403 and "invite" in answer.text
        page = guest.ours.http.get(path).text
        assert f'href="/sign-in/discord?next=/&amp;invite={secret}"' in page
        assert come(guest, discord, "202", invite=secret).status_code == 303
        assert guest.me()["username"] == "at-discord-202"
        assert come(guest, discord, "202").status_code == 303, "who has an account needs none"
        answer = come(second, discord, "203", invite=secret)
        assert answer.status_code == 404 and "used up" in answer.text, "and is not sent on the way"
        assert signed_in_as(second.ours) is None


def test_of_two_who_are_under_way_with_the_last_use_one_gets_in(
    inviting: RelayProcess, discord: ProfileServer
) -> None:
    secret = link(inviting, "invite").rpartition("/")[2]
    with Wanderer(inviting) as first, Wanderer(inviting) as late:
        begun = late.ours.http.get("/sign-in/discord", params={"invite": secret})
        assert come(first, discord, "204", invite=secret).status_code == 303
        discord.who = profile("205")
        answer = late.arrive(late.wander(begun.headers["location"], ""))
        assert answer.status_code == 403 and "used up" in answer.text
        assert signed_in_as(late.ours) is None
        assert "at-discord-205" not in usernames(inviting)


def test_who_has_an_account_does_not_use_an_invite_up(inviting: RelayProcess, discord: ProfileServer) -> None:
    """And who has it joins by password afterwards."""
    mine, theirs = (link(inviting, "invite") for _ in range(2))
    with Wanderer(inviting) as known, FormBrowser(inviting.url) as friend:
        for path in (mine, theirs):
            assert come(known, discord, "206", invite=path.rpartition("/")[2]).status_code == 303
        assert fill_in(friend, theirs, username="friend", password=GOOD).status_code == 303


def test_another_browser_does_not_bring_an_invite_along(
    inviting: RelayProcess, discord: ProfileServer
) -> None:
    """What was begun with an invite is worth nothing in a browser that began nothing."""
    secret = link(inviting, "invite").rpartition("/")[2]
    discord.who = profile("207")
    with Wanderer(inviting) as invited, Wanderer(inviting) as thief:
        begun = invited.ours.http.get("/sign-in/discord", params={"invite": secret})
        address = invited.wander(begun.headers["location"], "")
        assert thief.arrive(address).status_code == 401
        assert fill_in(thief.ours, f"/join/{secret}", username="not-used", password=GOOD).status_code == 303
