"""Accounts of the relay's own: invited, made, signed in to, guessed at and recovered, on a real relay of either engine."""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest

from relay.core.limits import LIMITS, Kind
from relay.features.passwords.totp import STEP_S, code_of
from relay.wire.identity import TokenPair
from tests.integration.test_relay_commands import relay_command
from tests.support.claims import FormBrowser, last_form
from tests.support.clients import problem
from tests.support.engines import EMBEDDED, Engines
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True
GOOD = "eight bars at night"


@pytest.fixture(scope="module")
def band(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay that takes who is invited; not for development, so that its limits are the real ones."""
    data = tmp_path_factory.mktemp("band") / "data"
    with running_relay(data, "--registration", "invite", dev=False, engines=engines) as process:
        yield process


def command(relay: RelayProcess, *arguments: str, code: int = 0) -> dict[str, object]:
    """The answer of an operator's command on a relay that serves."""
    name, *rest = arguments
    done = relay_command(name, "--data", relay.data, *rest, "--json", engines=relay.engines, code=code)
    return dict(json.loads(done.stdout))


def link(relay: RelayProcess, *arguments: str) -> str:
    """The path of a link that was printed."""
    return str(command(relay, *arguments)["path"])


def fill_in(browser: FormBrowser, path: str, **fields: str) -> httpx.Response:
    page = browser.http.get(path)
    assert page.status_code == 200, page.text
    action, hidden = last_form(page.text, "/")
    return browser.http.post(action, data={**hidden, **fields})


def signed_in_as(browser: FormBrowser) -> str | None:
    answer = browser.http.get("/api/v1/users/me")
    return str(answer.json()["username"]) if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def invite(band: RelayProcess) -> str:
    """The path of a link for all that happens here."""
    return link(band, "invite", "--uses", "100")


def joined(relay: RelayProcess, address: str, name: str, invite: str) -> FormBrowser:
    browser = FormBrowser(relay.url, address)
    answer = fill_in(browser, invite, username=name, password=GOOD)
    assert answer.status_code == 303, answer.text
    assert signed_in_as(browser) == name
    return browser


def sign_in(browser: FormBrowser, name: str, password: str) -> httpx.Response:
    return browser.http.post("/sign-in", data={"username": name, "password": password, "next": "/devices"})


def test_a_friend_is_invited_makes_an_account_and_comes_back(band: RelayProcess, invite: str) -> None:
    with joined(band, "192.0.2.10", "mira.k", invite), FormBrowser(band.url, "192.0.2.10") as later:
        assert "Continue with" not in later.http.get("/sign-in").text
        answer = sign_in(later, " Mira.K ", GOOD)  # as a phone's keyboard writes it
        assert (answer.status_code, answer.headers["location"]) == (303, "/devices")
        assert signed_in_as(later) == "mira.k"
    listed = command(band, "users")["users"]
    assert (
        isinstance(listed, list)
        and {"mira.k": True}.items() <= {u["username"]: u["password"] for u in listed}.items()
    )


def test_a_browser_that_is_signed_in_claims_a_device_which_has_signed_for_it(
    band: RelayProcess, invite: str
) -> None:
    with (
        joined(band, "192.0.2.40", "claimer", invite) as browser,
        joined(band, "192.0.2.41", "other", invite) as another,
        closing(RelayClient(band.url)) as client,
    ):
        body = client.claim_body(client.register(), "claimer")
        unnamed = {name: value for name, value in body.items() if name != "username"}

        def claim(of: FormBrowser, said: dict[str, str], csrf: bool = True) -> httpx.Response:
            token = re.search(r'name="csrf" content="([^"]+)"', of.http.get("/").text)
            assert token is not None
            headers = {"x-csrf-token": token[1]} if csrf else {}
            return of.http.post("/api/v1/auth/claim", json=said, headers=headers)

        assert problem(client.http.post("/auth/claim", json=unnamed)) == (401, "sign_in_required")
        assert problem(claim(browser, unnamed, csrf=False)) == (403, "csrf")
        assert problem(claim(another, body)) == (403, "forbidden")
        answer = claim(browser, unnamed)
        assert answer.status_code == 200, answer.text
        pair = client.use(msgspec.json.decode(answer.content, type=TokenPair))
        assert pair.user.username == "claimer" and client.http.get("/users/me").status_code == 200
        assert problem(claim(browser, unnamed)) == (401, "challenge_invalid"), "each is for once"
        taken = client.claim_body(client.register(), "other")
        assert problem(claim(another, taken))[1] == "device_claimed"
        bare = {"refresh_token": pair.refresh_token}
        assert problem(client.http.post("/auth/refresh", json=bare))[1] == "token_invalid", (
            "its key is asked for"
        )
        again = client.claim_body(client.register(), "claimer")
        refused = client.http.post("/auth/claim", json=again)
        assert problem(refused) == (403, "dev_mode_only"), "a token adds no device"


def test_an_invite_is_for_so_many_and_can_be_taken_back(band: RelayProcess) -> None:
    two = command(band, "invite", "--uses", "2")
    path = str(two["path"])
    for name in ("first.one", "second.one"):
        with FormBrowser(band.url, f"198.51.100.{len(name)}") as friend:
            assert fill_in(friend, path, username=name, password=GOOD).status_code == 303
    with FormBrowser(band.url, "198.51.100.77") as third:
        assert third.http.get(path).status_code == 404
        forged = {"secret": path.rpartition("/")[2], "username": "third.one", "password": GOOD}
        assert third.http.post("/sign-up", data=forged).status_code == 404
        assert third.http.get("/sign-up").status_code == 404  # without an invite there is no way
    kept = command(band, "invite", "--days", "1")
    assert str(kept["id"]) in str(command(band, "invite", "list")) and str(two["id"]) not in str(
        command(band, "invite", "list")
    )
    command(band, "invite", "revoke", str(kept["id"]))
    with FormBrowser(band.url, "198.51.100.78") as late:
        assert late.http.get(str(kept["path"])).status_code == 404
    assert "There is no invite" in str(command(band, "invite", "revoke", str(kept["id"]), code=1)["error"])
    assert "--uses is from 1 to 1000" in str(command(band, "invite", "--uses", "0", code=2)["error"])


WRONG = [
    ("good.name", "short", "10 to 128 characters"),
    ("good.name", "x" * 129, "10 to 128 characters"),
    ("good.name", "aaaaaaaaaaaaaaaa", "repeats a few characters"),
    ("good.name", "my good.name is it", "has the name in it"),
    ("admin", GOOD, "not given to anybody"),
    ("no", GOOD, "not a username"),
    ("taken-0ne", GOOD, "looks like one that is taken"),
]


def test_what_does_not_do_is_said_beside_the_form_and_spends_no_invite(
    band: RelayProcess, invite: str
) -> None:
    joined(band, "203.0.113.1", "taken-one", invite).http.close()
    path = link(band, "invite")
    with FormBrowser(band.url, "203.0.113.2") as friend:
        for name, password, said in WRONG:
            answer = fill_in(friend, path, username=name, password=password)
            assert answer.status_code == 422 and said in answer.text, (name, password)
            assert password not in answer.text
        assert fill_in(friend, path, username="good.name", password=GOOD).status_code == 303


def test_a_name_that_is_not_there_is_answered_like_a_wrong_password_and_guesses_are_counted(
    band: RelayProcess, invite: str
) -> None:
    joined(band, "192.0.2.30", "guessed", invite).http.close()
    with FormBrowser(band.url, "192.0.2.31") as thief:
        answers = {
            re.sub(r'value="[^"]*"', "", sign_in(thief, name, "not it at all").text)
            for name in ("guessed", "nobody.here")
        }
        assert len(answers) == 1 and "do not fit together" in answers.pop()
        for _ in range(LIMITS[Kind.PASSWORD].count - 1):
            assert sign_in(thief, "guessed", "not it at all").status_code == 422
        refused = sign_in(thief, "guessed", GOOD)  # the right one is no longer tried from there
        assert refused.status_code == 429
        assert re.search(r"Too many tries of this name. Go on in \d+ (seconds|minutes)", refused.text)
    with FormBrowser(band.url, "192.0.99.9") as owner:
        assert sign_in(owner, "guessed", GOOD).status_code == 303  # nobody is locked out by a stranger


def test_a_forgotten_password_is_set_anew_by_the_operators_link_once(band: RelayProcess, invite: str) -> None:
    with joined(band, "192.0.2.40", "forgetful", invite) as old, FormBrowser(band.url, "192.0.2.41") as fresh:
        path = link(band, "users", "link", "forgetful")
        other = link(band, "users", "link", "forgetful")
        assert fresh.http.get(path).status_code == 404  # the newer link counts
        assert fill_in(fresh, other, password="short").status_code == 422
        assert fill_in(fresh, other, password="another eight bars").status_code == 303
        assert signed_in_as(fresh) == "forgetful" and signed_in_as(old) is None
        over = fresh.http.get(other)
        assert over.status_code == 404 and 'href="/forgot-password"' in over.text, "a way on"
        assert sign_in(old, "forgetful", GOOD).status_code == 422
        assert sign_in(old, "forgetful", "another eight bars").status_code == 303
    assert "Nobody here is called" in str(command(band, "users", "link", "no-one", code=1)["error"])


def test_a_password_is_changed_by_who_knows_it_and_other_browsers_are_signed_out(
    band: RelayProcess, invite: str
) -> None:
    with joined(band, "192.0.2.50", "careful", invite) as here, FormBrowser(band.url, "192.0.2.51") as there:
        assert sign_in(there, "careful", GOOD).status_code == 303
        wrong = fill_in(here, "/settings/password", old="not this one", password="a newer password")
        assert wrong.status_code == 422 and "is another one" in wrong.text
        assert fill_in(here, "/settings/password", old=GOOD, password="a newer password").status_code == 303
        assert signed_in_as(here) == "careful" and signed_in_as(there) is None
        without = here.http.post("/settings/password", data={"old": "a newer password", "password": GOOD})
        assert without.status_code == 403  # a form of our own page has its token


def test_commands_work_on_a_relay_that_is_stopped_and_say_what_is_missing(
    engines: Engines, tmp_path: Path
) -> None:
    said = relay_command("invite", "--data", tmp_path / "data", engines=engines).stdout
    assert said.startswith("/join/") and "--public-url" in said and "--registration invite" in said
    path = said.splitlines()[0]
    with (
        running_relay(tmp_path / "data", dev=False, engines=engines) as closed,
        FormBrowser(closed.url) as friend,
    ):
        assert friend.http.get(path).status_code == 404 and friend.http.get("/sign-up").status_code == 404
        if engines is EMBEDDED:  # a database of its own, in which nobody has a password yet
            assert "relay invite" in friend.http.get("/sign-in").text
    options = ("--registration", "open")
    with (
        running_relay(tmp_path / "data", *options, dev=False, engines=engines) as opened,
        FormBrowser(opened.url) as friend,
    ):
        assert "/sign-up" in friend.http.get("/sign-in").text
        assert (
            fill_in(friend, "/sign-up?next=/devices", username="walk-in", password=GOOD).headers["location"]
            == "/devices"
        )
        assert signed_in_as(friend) == "walk-in"


def test_a_code_of_an_app_is_asked_for_as_well_and_the_operators_link_ends_that(
    band: RelayProcess, invite: str
) -> None:
    page = "/settings/two-step"

    def now(off: int = 0) -> str:
        return code_of(key, int(time.time()) // STEP_S + off)

    with joined(band, "192.0.2.60", "two.step", invite) as here, FormBrowser(band.url, "192.0.2.61") as there:
        shown = fill_in(here, page).text  # the one form that is there: begin
        key = base64.b32decode("".join(re.findall(r"<code>([A-Z2-7 ]+)</code>", shown)).replace(" ", ""))
        assert fill_in(here, page, code="000000").status_code == 422
        assert sign_in(there, "two.step", GOOD).status_code == 303, "nobody is asked before a code was shown"
        assert "asks for a code" in fill_in(here, page, code=now(-1)).text
    with FormBrowser(band.url, "192.0.2.62") as there:
        for code in ("", "000000", now(-1)):
            answer = there.http.post(
                "/sign-in", data={"username": "two.step", "password": GOOD, "code": code}
            )
            assert answer.status_code == 422 and "code is missing, over or was used" in answer.text, code
        right = {"username": "two.step", "password": GOOD, "code": now()}
        assert there.http.post("/sign-in", data=right).status_code == 303
    with FormBrowser(band.url, "192.0.2.63") as there, FormBrowser(band.url, "192.0.2.64") as here:
        assert there.http.post("/sign-in", data=right).status_code == 422, "a code counts once"
        path = link(band, "users", "link", "two.step")
        page = here.http.get(path).text
        assert "asked for no more" in page
        assert 'value="two.step" autocomplete="username"' in page, "for what keeps passwords"
        assert fill_in(there, path, password="another eight bars").status_code == 303
        assert sign_in(here, "two.step", "another eight bars").status_code == 303
