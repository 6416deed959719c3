"""Signing in by way of others: a real OpenID provider in Google's place, a stand-in for Discord, and their impostors."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from relay.core.limits import LIMITS, Kind
from relay.features.accounts.names import propose
from relay.features.accounts.providers import upstreams_of
from tests.support.claims import Claim, FormBrowser
from tests.support.deadlines import HANG_S
from tests.support.engines import ClusterServers, Engines
from tests.support.oidc_server import CLIENT, free_port, running_provider
from tests.support.profile_server import ProfileServer, running_profile_server
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True
MAX_STEPS = 12
OPEN = ("--registration", "open")


@pytest.fixture(scope="module")
def discord() -> Iterator[ProfileServer]:
    with running_profile_server() as server:
        yield server


def told(engines: Engines, issuer: str, discord: ProfileServer) -> Engines:
    """For a relay that knows who signs people in."""
    known = {
        f"SIDECHAIN_RELAY_{name}_{what}": value
        for name, base in (("GOOGLE", issuer), ("DISCORD", discord.url), ("GITHUB", discord.url))
        for what, value in (("CLIENT_ID", CLIENT[0]), ("CLIENT_SECRET", CLIENT[1]), ("BASE", base))
    }
    return Engines({**engines.environment, **known})


@pytest.fixture(scope="module")
def relay(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, discord: ProfileServer
) -> Iterator[RelayProcess]:
    port = free_port()
    with running_provider(f"http://127.0.0.1:{port}/sign-in/google/callback") as issuer:
        data = tmp_path_factory.mktemp("relay") / "data"
        # Development only for its kinder limits of requests: nobody signs in by name here.
        known = told(engines, issuer, discord)
        with running_relay(data, *OPEN, port=port, engines=known) as process:
            yield process


class Wanderer:
    """A browser that follows every redirect and fills in the provider's forms, but stops before coming back."""

    def __init__(self, relay: RelayProcess) -> None:
        self.relay = relay
        self.ours = FormBrowser(relay.url)
        self.theirs = httpx.Client(trust_env=False, timeout=HANG_S)

    def __enter__(self) -> "Wanderer":
        return self

    def __exit__(self, *_: object) -> None:
        self.ours.http.close()
        self.theirs.close()

    def way_back(self, way: str, name: str, next_path: str = "/") -> str:
        """Begin here, sign in there as `name`; the address that leads back."""
        begun = self.ours.http.get(f"/sign-in/{way}", params={"next": next_path})
        assert begun.status_code == 303, begun.text
        return self.wander(begun.headers["location"], name)

    def wander(self, url: str, name: str) -> str:
        """From a provider's page through its forms; the address that leads back."""
        answer = self.theirs.get(url)
        for _ in range(MAX_STEPS):
            if answer.is_redirect:
                url = urljoin(str(answer.url), answer.headers["location"])
                if url.startswith(self.relay.url):
                    return url
                answer = self.theirs.get(url)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert action is not None, answer.text
            hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', answer.text))
            fields = {**hidden, "login": name, "password": "any"}
            answer = self.theirs.post(urljoin(str(answer.url), unescape(action[1])), data=fields)
        raise AssertionError("the provider never leads back")

    def arrive(self, address: str) -> httpx.Response:
        return self.ours.http.get(address.removeprefix(self.relay.url))

    def sign_in(self, way: str, name: str, next_path: str = "/") -> str:
        """All of it; the path that it ends on."""
        answer = self.arrive(self.way_back(way, name, next_path))
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def me(self) -> dict[str, str]:
        return dict(self.ours.http.get("/api/v1/users/me").raise_for_status().json())


def test_somebody_signs_in_and_is_the_same_the_next_time(relay: RelayProcess) -> None:
    with Wanderer(relay) as first, Wanderer(relay) as again, Wanderer(relay) as other:
        first.sign_in("google", "Night Owl")
        assert first.me()["username"] == "night-owl"
        again.sign_in("google", "Night Owl")
        assert again.me()["id"] == first.me()["id"]
        other.sign_in("google", "night owl")  # another subject that would like the same name
        assert other.me()["username"] == "night-owl2" and other.me()["id"] != first.me()["id"]


def test_a_name_that_is_taken_is_not_taken_over(relay: RelayProcess) -> None:
    with FormBrowser(relay.url) as local, Wanderer(relay) as stranger:
        local.sign_in("carol")
        stranger.sign_in("google", "carol")
        assert stranger.me()["username"] == "carol2"


def test_the_same_address_at_another_provider_is_another_person(
    relay: RelayProcess, discord: ProfileServer
) -> None:
    discord.who = {"id": "77", "username": "mallory", "email": "same@example.com"}
    with Wanderer(relay) as victim, Wanderer(relay) as attacker:
        victim.sign_in("google", "victim")
        attacker.sign_in("discord", "")
        assert attacker.me()["username"] == "mallory" and attacker.me()["id"] != victim.me()["id"]
        discord.who = {
            "id": "victim",
            "username": "victim",
            "email": "same@example.com",
        }  # even the same subject
        attacker.sign_in("discord", "")
        assert attacker.me()["username"] == "victim2"


def test_a_device_is_claimed_by_who_signs_in_on_the_way(relay: RelayProcess) -> None:
    device = RelayClient(relay.url)
    with Wanderer(relay) as person:
        claim = Claim(device)
        page = person.ours.http.get(claim.address()).text
        assert 'data-way="google"' in page and 'data-way="discord"' in page
        assert person.sign_in("google", "claimer", claim.address()) == claim.address()
        assert claim.complete(person.ours).user.username == "claimer"
    device.close()


def test_the_answer_belongs_to_the_browser_that_began(relay: RelayProcess) -> None:
    """Login CSRF: the attacker's way back, opened by the victim."""
    with Wanderer(relay) as attacker, Wanderer(relay) as victim:
        address = attacker.way_back("google", "mallory")
        assert victim.arrive(address).status_code == 401
        victim.way_back("google", "victim")
        assert victim.arrive(address).status_code == 401
        assert victim.ours.http.get("/api/v1/users/me").status_code == 401


def test_an_answer_works_once_and_as_it_was_given(relay: RelayProcess) -> None:
    def changed(address: str, **fields: str) -> str:
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} | fields
        return str(httpx.URL(address).copy_with(params=query))

    with Wanderer(relay) as person:
        for fields in ({"state": "x" * 43}, {"iss": "https://evil.example"}, {"code": "x" * 43}):
            address = changed(person.way_back("google", "person"), **fields)
            assert person.arrive(address).status_code == 401, fields
        address = person.way_back("google", "person")
        elsewhere = address.replace("/google/", "/discord/")
        assert person.arrive(elsewhere).status_code == 401  # mix-up of two providers
        assert person.arrive(address).status_code == 401  # and that used it up
        address = person.way_back("google", "person")
        assert person.arrive(address).status_code == 303
        assert person.arrive(address).status_code == 401


@pytest.mark.parametrize("way", ["google", "discord"])
def test_it_begins_at_one_process_and_ends_at_another(
    servers: ClusterServers, tmp_path: Path, discord: ProfileServer, way: str
) -> None:
    """A proxy leads each request where it likes: what a sign-in needs to remember is known to all processes."""
    port = free_port()
    public = ("--public-url", f"http://127.0.0.1:{port}", *OPEN)
    discord.who = {"id": "88", "username": "wanderer"}
    with (
        running_provider(f"http://127.0.0.1:{port}/sign-in/google/callback") as issuer,
        servers.engines(tmp_path) as engines,
        running_relay(
            tmp_path / "first", *public, port=port, engines=told(engines, issuer, discord)
        ) as first,
        running_relay(tmp_path / "second", *public, engines=told(engines, issuer, discord)) as second,
        Wanderer(first) as person,
        Wanderer(first) as thief,
    ):
        address = person.way_back(way, "wanderer")
        at_second = address.replace(first.url, second.url)
        assert thief.ours.http.get(at_second).status_code == 401, "another browser"
        address = person.way_back(way, "wanderer")
        at_second = address.replace(first.url, second.url)
        arrived = person.ours.http.get(at_second)
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/")
        assert person.me()["username"] == "wanderer", "the first knows the session that the second opened"
        assert person.ours.http.get(f"{second.url}/api/v1/users/me").json() == person.me()
        assert person.arrive(address).status_code == 401, "it is used up, at the first too"


def test_signing_in_leads_nowhere_else(relay: RelayProcess) -> None:
    with Wanderer(relay) as person:
        assert person.sign_in("google", "person", "//evil.example") == "/"
        assert person.ours.http.get("/sign-in/nobody").status_code == 422


def test_secrets_come_from_the_environment_and_go_nowhere(relay: RelayProcess) -> None:
    page = httpx.get(relay.url + "/sign-in", trust_env=False).text
    document = httpx.get(relay.url + "/api/docs/openapi.json", trust_env=False).text
    log = Path(f"{relay.data}.log").read_text()
    assert all(CLIENT[1] not in each for each in (page, document, log))
    assert [each.name for each in upstreams_of({"SIDECHAIN_RELAY_GOOGLE_CLIENT_ID": "x"})] == []


@pytest.mark.parametrize(
    ("suggestion", "name"),
    [
        ("Night Owl", "night-owl"),
        ("ÄÖ", "producer"),
        ("", "producer"),
        ("a", "producer"),
        ("<script>", "script"),
        ("x" * 90, "x" * 24),
        ("..ab..", "producer"),
    ],
)
def test_usernames_are_made_of_what_can_be_used(suggestion: str, name: str) -> None:
    assert next(propose(suggestion)) == name


def test_one_address_makes_so_many_accounts_and_who_has_one_still_gets_in(
    tmp_path: Path, discord: ProfileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CLIENT_ID", CLIENT[0]), ("CLIENT_SECRET", CLIENT[1]), ("BASE", discord.url)):
        monkeypatch.setenv(f"SIDECHAIN_RELAY_DISCORD_{name}", value)
    limit = LIMITS[Kind.SIGN_UP].count
    with running_relay(tmp_path / "data", *OPEN, dev=False, port=free_port()) as relay:

        def arrive(number: int) -> int:
            discord.who = {"id": f"newcomer {number}", "username": f"newcomer{number}"}
            with Wanderer(relay) as person:
                return person.arrive(person.way_back("discord", "")).status_code

        assert [arrive(number) for number in range(limit + 1)] == [303] * limit + [429]
        assert arrive(0) == 303


@pytest.mark.parametrize("name", ["google", "discord", "github"])
def test_the_paths_of_the_first_description_lead_to_the_same_providers(
    relay: RelayProcess, name: str
) -> None:
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        here, there = (browser.get(path) for path in (f"/sign-in/{name}", f"/api/v1/auth/oauth/{name}"))
        none = browser.get("/api/v1/auth/oauth/myspace")
    assert here.status_code == there.status_code == 303
    assert here.headers["location"].partition("?")[0] == there.headers["location"].partition("?")[0]
    assert none.status_code == 422
