"""Letters of a relay, taken by a real mail server (aiosmtpd): an address confirmed, a password set anew, and what nobody learns by it."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.core.limits import LIMITS, Kind
from relay.features.passwords.totp import STEP_S, code_of
from tests.integration.test_relay_passwords import GOOD, fill_in, joined, link, sign_in, signed_in_as
from tests.support.claims import FormBrowser
from tests.support.deadlines import HANG_S
from tests.support.engines import Engines
from tests.support.mail_server import REFUSED, MailServer, make_tls, running_mail_server
from tests.support.oidc_server import free_port
from tests.support.relay import RelayProcess, running_relay

BOTH_ENGINES = True
NEW = "another eight bars"


@pytest.fixture(scope="module")
def server(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """One for each engine, whose people have the same addresses."""
    assert engines is not None
    with running_mail_server(tmp_path_factory.mktemp("mail")) as running:
        yield running


def sending(engines: Engines, url: str, **more: str) -> Engines:
    known = {"SIDECHAIN_RELAY_SMTP_URL": url, "SIDECHAIN_RELAY_MAIL_FROM": "relay@band.example"}
    return Engines({**engines.environment, **known, **more})


@pytest.fixture(scope="module")
def band(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, server: MailServer
) -> Iterator[RelayProcess]:
    data = tmp_path_factory.mktemp("band") / "data"
    with running_relay(
        data, "--registration", "invite", dev=False, engines=sending(engines, server.url)
    ) as process:
        yield process


@pytest.fixture(scope="module")
def invite(band: RelayProcess) -> str:
    return link(band, "invite", "--uses", "100")


def to(address: str, subject: str = "") -> Callable[[EmailMessage], bool]:
    return lambda letter: letter["to"] == address and subject in letter["subject"]


def path_in(letter: EmailMessage) -> str:
    """Of the one link in it."""
    (found,) = re.findall(r"^https?://\S+$", letter.get_content(), re.MULTILINE)
    return "/" + str(found).split("/", 3)[3]


def give(browser: FormBrowser, address: str) -> int:
    return fill_in(browser, "/settings/mail", do="give", address=address).status_code


def with_address(relay: RelayProcess, server: MailServer, invite: str, *, name: str, at: str) -> FormBrowser:
    """Somebody new, whose address is confirmed."""
    browser = joined(relay, at, name, invite)
    assert give(browser, f"{name}@example.com") == 303
    (letter,) = server.wait_for(1, to(f"{name}@example.com"))
    with FormBrowser(relay.url, at) as other:
        assert fill_in(other, path_in(letter)).status_code == 200, "wherever the letter is read"
    assert f"data-address>{name}@example.com" in browser.http.get("/settings/mail").text
    return browser


def forgot(relay: RelayProcess, who: str, at: str) -> str:
    """What is answered, but for what differs by nature."""
    with FormBrowser(relay.url, at) as browser:
        answer = fill_in(browser, "/forgot-password", who=who)
        assert answer.status_code == 200
        return answer.text


def test_an_address_counts_once_its_letter_was_opened_and_a_button_pressed(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    with joined(band, "192.0.2.10", "mira", invite) as mira, FormBrowser(band.url, "192.0.2.11") as scanner:
        assert give(mira, "mira@example.com") == 303
        (letter,) = server.wait_for(1, to("mira@example.com"))
        assert (letter["from"], letter["auto-submitted"]) == ("relay@band.example", "auto-generated")
        assert "signed in as mira at 127.0.0.1" in letter.get_content()
        scanner.http.get(path_in(letter))  # what looks into letters opens links, and presses nothing
        page = mira.http.get("/settings/mail").text
        assert "data-waiting>mira@example.com" in page and "data-address" not in page
        forgot(band, "mira", "192.0.2.12")
        assert fill_in(scanner, path_in(letter)).status_code == 200
        assert scanner.http.get(path_in(letter)).status_code == 404, "once"
        assert give(mira, "elsewhere@example.com") == 303
        server.wait_for(1, to("elsewhere@example.com"))
        assert "data-address>mira@example.com" in mira.http.get("/settings/mail").text, (
            "until the other is confirmed"
        )
        assert fill_in(mira, "/settings/mail", do="forget").status_code == 303
        assert "example.com" not in mira.http.get("/settings/mail").text
    assert not [each for each in server.letters if "new password for mira" in each["subject"]]


def test_who_forgot_the_password_is_sent_a_link_that_sets_another_once(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    with (
        with_address(band, server, invite, name="forgetful", at="192.0.2.20") as old,
        FormBrowser(band.url, "192.0.2.21") as fresh,
    ):
        forgot(band, "forgetful", "192.0.2.22")
        forgot(band, " Forgetful@Example.com ", "192.0.2.22")
        letters = server.wait_for(2, to("forgetful@example.com", "new password"))
        assert fresh.http.get(path_in(letters[0])).status_code == 404, "the newer one counts"
        assert fill_in(fresh, path_in(letters[1]), password="short").status_code == 422
        assert fill_in(fresh, path_in(letters[1]), password=NEW).status_code == 303
        assert signed_in_as(fresh) == "forgetful" and signed_in_as(old) is None
        assert fresh.http.get(path_in(letters[1])).status_code == 404
        assert sign_in(old, "forgetful", NEW).status_code == 303
    (told,) = server.wait_for(1, to("forgetful@example.com", "was changed"))
    assert NEW not in told.get_content() and f"{band.url}/forgot-password" in told.get_content()


def test_a_beat_machines_client_sets_a_forgotten_password(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    def say(path: str, **body: str) -> tuple[int, Any]:  # any: JSON
        answer = httpx.post(f"{band.url}/api/auth/{path}", json=body, timeout=HANG_S)
        return answer.status_code, answer.json()

    with with_address(band, server, invite, name="dancer", at="192.0.2.25") as old:
        known, unknown = (
            say("forgot-password", email=f"{name}@example.com") for name in ("dancer", "no.dancer")
        )
        assert known == unknown and (known[0], known[1]["success"]) == (200, True)
        (letter,) = server.wait_for(1, to("dancer@example.com", "new password"))
        token = path_in(letter).rpartition("/")[2]
        status, told = say("reset-password", token=token, newPassword="short")
        assert (status, told["error"]["code"]) == (422, "VALIDATION_ERROR")
        status, told = say("reset-password", token=token, newPassword=NEW)
        assert (status, set(told), set(told["data"])) == (200, {"success", "data"}, {"message"})
        assert signed_in_as(old) is None
        status, told = say("reset-password", token=token, newPassword=NEW)
        assert (status, told["error"]["code"]) == (404, "INVALID_CREDENTIALS"), "once"
        assert sign_in(old, "dancer", NEW).status_code == 303


def test_whoever_is_asked_for_the_answer_is_the_same_and_a_box_is_not_filled(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    with_address(band, server, invite, name="known", at="192.0.2.30").http.close()
    asked = ("known", "known@example.com", "nobody.here", "nobody@example.com", "", "x" * 5000, "%")
    assert len({forgot(band, who, "192.0.2.31") for who in asked}) == 1
    for n in range(LIMITS[Kind.MAIL].count * 2):  # from everywhere
        forgot(band, "known", f"198.51.100.{n}")
    with_address(band, server, invite, name="after", at="192.0.2.32").http.close()
    forgot(band, "after", "192.0.2.33")
    server.wait_for(1, to("after@example.com", "new password"))  # they are sent in their order
    assert len(server.wait_for(1, to("known@example.com"))) <= LIMITS[Kind.MAIL].count
    assert all("nobody" not in each["to"] for each in server.letters)


def test_two_accounts_of_one_address_get_a_letter_each_and_are_not_joined(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    with joined(band, "192.0.2.40", "solo", invite) as solo, joined(band, "192.0.2.41", "duo", invite) as duo:
        for browser in (solo, duo):
            assert give(browser, "both@example.com") == 303
        for letter in server.wait_for(2, to("both@example.com")):
            fill_in(duo, path_in(letter))
        forgot(band, "both@example.com", "192.0.2.42")
        letters = server.wait_for(2, to("both@example.com", "new password"))
        assert sorted(each["subject"].rpartition(" ")[2] for each in letters) == ["duo", "solo"]
        assert (signed_in_as(solo), signed_in_as(duo)) == ("solo", "duo")


def test_a_letter_is_no_way_around_the_code_of_an_app(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    page = "/settings/two-step"
    with (
        with_address(band, server, invite, name="two.step", at="192.0.2.50") as here,
        FormBrowser(band.url, "192.0.2.51") as there,
    ):
        shown = fill_in(here, page).text
        key = base64.b32decode("".join(re.findall(r"<code>([A-Z2-7 ]+)</code>", shown)).replace(" ", ""))
        step = int(time.time()) // STEP_S
        assert fill_in(here, page, code=code_of(key, step)).status_code == 200
        forgot(band, "two.step", "192.0.2.52")
        (letter,) = server.wait_for(1, to("two.step@example.com", "new password"))
        for code in ("", "000000", code_of(key, step)):
            answer = fill_in(there, path_in(letter), password=NEW, code=code)
            assert answer.status_code == 422 and "no code of now" in answer.text
        assert signed_in_as(there) is None and signed_in_as(here) == "two.step"
        right = code_of(key, step + 1)  # within the drift that is allowed
        assert fill_in(there, path_in(letter), password=NEW, code=right).status_code == 303
        assert "asks for a code" in there.http.get(page).text, "and goes on to be asked for"


NO_ADDRESSES = [
    *("", "no", "a@", "@b", "a@b@c", "a b@c.de", "a@c.de\r\nBcc: x@y.z", "a@c.de,b@c.de", '"a"@c.de'),
    *("\u00e4@c.de", "a@-c", "x" * 300 + "@c.de"),
]


def test_what_is_no_address_is_said_to_be_none(band: RelayProcess, invite: str) -> None:
    with joined(band, "192.0.2.60", "typist", invite) as typist:
        for address in NO_ADDRESSES:
            answer = fill_in(typist, "/settings/mail", do="give", address=address)
            assert answer.status_code == 422 and "not a mail address" in answer.text, address


def test_what_the_server_refuses_is_given_up_and_the_next_letter_goes_out(
    band: RelayProcess, server: MailServer, invite: str
) -> None:
    with joined(band, "192.0.2.70", "refused", invite) as refused:
        assert give(refused, REFUSED) == 303
        assert give(refused, "refused@example.com") == 303
    server.wait_for(1, to("refused@example.com"))
    assert "does not take it" in Path(f"{band.data}.log").read_text()


@pytest.mark.parametrize("tls", ["--starttls", "--tls"])
def test_a_server_elsewhere_is_spoken_to_over_tls_and_waited_for(
    engines: Engines, tmp_path: Path, tls: str
) -> None:
    """It is not there at first; the letter waits. Its certificate has to be one that this machine trusts."""
    port, folder = free_port(), tmp_path / "mail"
    folder.mkdir()
    chain, _ = make_tls(folder / "tls")
    scheme = "smtps" if tls == "--tls" else "smtp"
    url = f"{scheme}://relay:a%20word%20of%20the%20test@127.0.0.1:{port}"
    name = f"early.{scheme}"  # both ways have one database where it is a server
    told = sending(engines, url, SSL_CERT_FILE=str(chain))
    with running_relay(tmp_path / "data", "--registration", "open", dev=False, engines=told) as relay:
        with FormBrowser(relay.url) as friend:
            assert fill_in(friend, "/sign-up", username=name, password=GOOD).status_code == 303
            assert give(friend, f"{name}@example.com") == 303
        until = time.monotonic() + HANG_S
        while "a letter waits" not in (log := Path(f"{relay.data}.log").read_text()):
            assert time.monotonic() < until, log
        with running_mail_server(folder, tls, port=port) as server:
            server.wait_for(1, to(f"{name}@example.com"))
    assert "a word of the test" not in log and "a%20word" not in log


def test_without_a_mail_server_the_pages_say_whom_to_ask(engines: Engines, tmp_path: Path) -> None:
    with (
        running_relay(tmp_path / "data", "--registration", "open", dev=False, engines=engines) as relay,
        FormBrowser(relay.url) as friend,
    ):
        assert "Ask who runs it" in friend.http.get("/forgot-password").text
        assert "Ask who runs it" in friend.http.post("/forgot-password", data={"who": "x"}).text
        assert fill_in(friend, "/sign-up", username="without", password=GOOD).status_code == 303
        page = friend.http.get("/settings/mail").text
        assert "sends no mail" in page and 'name="address"' not in page
