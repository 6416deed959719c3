"""Several ways in to one account: linked and unlinked by its owner, joined by the provider's subject, and never the last one gone."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.integration.test_relay_mail import path_in, sending
from tests.integration.test_relay_passwords import GOOD, fill_in, link, sign_in
from tests.integration.test_relay_sign_in import OPEN, Wanderer, told
from tests.support.claims import FormBrowser
from tests.support.engines import Engines
from tests.support.mail_server import running_mail_server
from tests.support.oidc_server import free_port, running_provider
from tests.support.profile_server import ProfileServer, running_profile_server
from tests.support.relay import RelayProcess, running_relay

BOTH_ENGINES = True
PAGE, MAIL = "/settings/sign-in", "/settings/mail"


@pytest.fixture(scope="module")
def discord() -> Iterator[ProfileServer]:
    with running_profile_server() as server:
        yield server


@pytest.fixture(scope="module")
def relay(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, discord: ProfileServer
) -> Iterator[RelayProcess]:
    port = free_port()
    with running_provider(f"http://127.0.0.1:{port}/sign-in/google/callback") as issuer:
        data: Path = tmp_path_factory.mktemp("relay") / "data"
        known = told(engines, issuer, discord)
        with running_relay(data, *OPEN, port=port, engines=known) as process:
            yield process


def form(page: str, mark: str) -> dict[str, str]:
    """The hidden fields of the form with that mark in it."""
    (found,) = (each for each in page.split("<form")[1:] if mark in each.partition(">")[0])
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', found.partition("</form>")[0])
    return {name: unescape(value) for name, value in hidden}


def begin(person: Wanderer, way: str) -> str:
    """The provider's address, from the page of the links."""
    page = person.ours.http.get(PAGE)
    answer = person.ours.http.post(PAGE, data=form(page.text, f'data-link="{way}"'))
    found = re.search(r'data-go-on rel="noreferrer" href="([^"]+)"', answer.text)
    assert answer.status_code == 200 and found is not None, answer.text
    return unescape(found[1])


def linked(person: Wanderer) -> list[str]:
    return re.findall(r'data-linked="([^"]+)"', person.ours.http.get(PAGE).text)


def unlink(person: Wanderer, title: str) -> httpx.Response:
    page = person.ours.http.get(PAGE).text
    return person.ours.http.post(PAGE, data=form(page, f'data-linked="{title}"'))


def test_one_account_has_three_ways_in_and_gives_them_up_but_for_the_last(
    relay: RelayProcess, discord: ProfileServer
) -> None:
    discord.who, discord.octocat = {"id": "31", "username": "owl"}, {"id": 31, "login": "owl"}
    with Wanderer(relay) as owl, Wanderer(relay) as later:
        owl.sign_in("google", "owl")
        me = owl.me()["id"]
        for way in ("discord", "github"):
            back = owl.arrive(owl.wander(begin(owl, way), ""))
            assert (back.status_code, back.headers["location"]) == (303, PAGE)
        assert linked(owl) == ["Google", "Discord", "GitHub"]
        for way in ("google", "discord", "github"):
            later.sign_in(way, "owl")
            assert later.me()["id"] == me, way
        assert [unlink(owl, title).status_code for title in ("Google", "Discord", "GitHub")] == [
            303,
            303,
            422,
        ]
        assert linked(owl) == ["GitHub"]
        later.sign_in("discord", "")
        assert later.me()["id"] != me, "what is unlinked is somebody new"
        assert fill_in(owl.ours, "/settings/password", password=GOOD).status_code == 303
        assert unlink(owl, "GitHub").status_code == 303, "a password is a way in, too"
    with FormBrowser(relay.url) as elsewhere:
        assert sign_in(elsewhere, "owl", GOOD).status_code == 303


def test_a_friend_with_a_password_links_a_provider(relay: RelayProcess, discord: ProfileServer) -> None:
    discord.octocat = {"id": 77, "login": "somebody-else"}
    with Wanderer(relay) as friend, Wanderer(relay) as later:
        assert fill_in(friend.ours, link(relay, "invite"), username="nina", password=GOOD).status_code == 303
        friend.arrive(friend.wander(begin(friend, "github"), ""))
        later.sign_in("github", "")
        assert later.me()["username"] == "nina"


def test_whoever_has_an_address_is_written_to_when_a_way_in_is_added_or_ended(
    engines: Engines, tmp_path: Path, discord: ProfileServer
) -> None:
    """By a real mail server: who was robbed of a browser's session learns of the door that was built meanwhile."""
    discord.octocat = {"id": 88, "login": "somebody-else"}
    with (
        running_mail_server(tmp_path / "mail") as server,
        running_relay(
            tmp_path / "data",
            *("--registration", "invite"),
            engines=sending(told(engines, "http://127.0.0.1:9", discord), server.url),
        ) as relay,
        Wanderer(relay) as mira,
    ):
        assert fill_in(mira.ours, link(relay, "invite"), username="mira", password=GOOD).status_code == 303
        assert fill_in(mira.ours, MAIL, do="give", address="mira@example.com").status_code == 303
        (letter,) = server.wait_for(1)
        assert fill_in(mira.ours, path_in(letter)).status_code == 200
        for _ in range(2):  # the second time there is nothing new
            assert mira.arrive(mira.wander(begin(mira, "github"), "")).status_code == 303
        assert unlink(mira, "GitHub").status_code == 303
        _, added, ended = server.wait_for(3)
        assert (added["to"], added["subject"]) == ("mira@example.com", "GitHub now signs you in at 127.0.0.1")
        assert "as mira at 127.0.0.1" in added.get_content() and path_in(added) == path_in(ended) == PAGE
        assert "no longer signs you in" in ended["subject"] and len(server.letters) == 3


def test_what_another_account_is_known_by_is_not_taken_over(
    relay: RelayProcess, discord: ProfileServer
) -> None:
    discord.who = {"id": "55", "username": "first"}
    with Wanderer(relay) as first, Wanderer(relay) as second:
        first.sign_in("discord", "")
        second.sign_in("google", "second")
        refused = second.arrive(second.wander(begin(second, "discord"), ""))
        assert refused.status_code == 422 and "linked to another one here" in refused.text
        assert f'href="{PAGE}"' in refused.text and "Invalid value" not in refused.text
        assert linked(second) == ["Google"]
        assert first.me()["username"] == "first"


def test_a_link_belongs_to_the_browser_and_the_account_that_began_it(
    relay: RelayProcess, discord: ProfileServer
) -> None:
    """Account takeover by login CSRF: the attacker's way back, opened by a victim who is signed in."""
    discord.who = {"id": "66", "username": "mallory"}
    with Wanderer(relay) as attacker, Wanderer(relay) as victim:
        attacker.sign_in("google", "mallory")
        victim.sign_in("google", "victim")
        address = attacker.wander(begin(attacker, "discord"), "")
        assert victim.arrive(address).status_code == 401
        address = attacker.wander(begin(attacker, "discord"), "")
        attacker.ours.http.cookies.delete("sidechain_session")
        assert attacker.arrive(address).status_code == 401, "signed out meanwhile"
        attacker.sign_in("google", "mallory")
        address = attacker.wander(begin(attacker, "discord"), "")
        attacker.sign_in("google", "somebody-else")
        assert attacker.arrive(address).status_code == 401, "signed in as somebody else meanwhile"
        assert linked(victim) == linked(attacker) == ["Google"]


def test_an_answer_of_another_issuer_is_refused(relay: RelayProcess, discord: ProfileServer) -> None:
    """GitHub names itself in its answer (RFC 9207): with its path, which no other server of that host has."""
    with Wanderer(relay) as person:
        address = person.way_back("github", "")
        assert "iss=" in address
        assert person.arrive(address.replace("login%2Foauth", "")).status_code == 401
        assert person.sign_in("github", "") == "/"


def test_a_form_of_another_page_links_and_unlinks_nothing(relay: RelayProcess) -> None:
    with Wanderer(relay) as person, FormBrowser(relay.url) as nobody:
        person.sign_in("google", "careful")
        assert person.ours.http.post(PAGE, data={"do": "link", "name": "discord"}).status_code == 403
        assert nobody.http.get(PAGE).status_code == 401
        wrong = form(person.ours.http.get(PAGE).text, 'data-link="discord"')
        assert person.ours.http.post(PAGE, data=wrong | {"name": "myspace"}).status_code == 422
        assert person.ours.http.post(PAGE, data=wrong | {"do": "what"}).status_code == 422
