"""Claiming as a person does it: the real command, the real daemon, the real relay, and Chromium pressing the buttons."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from daemon.errors import NotClaimed, RelayRefused
from tests.support.browser import Watched, running_browser
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device, until_state
from tests.support.relay import RelayProcess
from tests.support.whole import short_folder

LIMIT_MS = 120_000
END_LIMIT_S = HANG_S


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def device(relay: RelayProcess) -> Iterator[Device]:
    with short_folder() as folder, running_device(folder / "d", relay.url) as running:
        yield running


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    made = Watched(browser)
    made.page.set_default_timeout(LIMIT_MS)
    yield made
    made.close()


def sign_in(page: Page, name: str) -> None:
    page.fill("main #username", name)
    page.click("main button")


def ended(process: "subprocess.Popen[str]") -> tuple[int, dict[str, str], str]:
    """Exit code, the JSON object and what was said to the person."""
    out, said = process.communicate(timeout=END_LIMIT_S)
    return process.returncode, json.loads(out), said


def test_a_person_says_yes_in_the_browser(device: Device, watched: Watched) -> None:
    page = watched.page
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        address = note.read_text()
        page.goto(address)
        sign_in(page, "nightowl")
        assert page.text_content("[data-device]") == "studio <b>one</b>"
        assert page.text_content("[data-platform]") == "Linux"
        assert page.text_content("[data-place]") == "this machine"
        assert page.text_content("[data-account]") == "nightowl"
        page.click("main button[value=yes]")
        page.wait_for_selector("[data-outcome=Done]")
        assert urlsplit(page.url).path == "/claimed" and "code" not in page.url
        code, result, _ = ended(claim)
    assert (code, result["account"]) == (0, "nightowl")
    assert watched.complaints == []
    me = device.json("whoami")
    assert (me["account"], me["device_id"]) == ("nightowl", result["device_id"])
    port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
    with pytest.raises(httpx.ConnectError):  # nobody listens any more
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)


def test_a_person_says_no(device: Device, watched: Watched) -> None:
    page = watched.page
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        page.goto(note.read_text())
        sign_in(page, "nightowl")
        page.click("main button[value=no]")
        page.wait_for_selector("[data-outcome]")
        assert urlsplit(page.url).path == "/unclaimed"
        code, result, _ = ended(claim)
    assert code == RelayRefused.exit_code
    assert result["error"]["code"] == "access_denied"  # type: ignore[index]
    assert device.json("whoami")["account"] is None


def test_strangers_at_the_door_change_nothing(device: Device, relay: RelayProcess, watched: Watched) -> None:
    """A favicon, a port scan, a wrong state, a page that fetches: the claim goes on, and they learn nothing."""
    page = watched.page
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        address = note.read_text()
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        back = asked["redirect_uri"]
        origin = back.split("/callback/")[0]
        with httpx.Client(trust_env=False) as stranger:
            forged = {"code": "c" * 43, "state": "s" * 43, "iss": relay.url}
            tries = [
                stranger.get(origin + "/favicon.ico"),
                stranger.get(origin + "/"),
                stranger.get(back, params=forged),
                stranger.get(back, params=forged, headers={"host": "evil.example"}),
                stranger.post(back, params=forged | {"state": asked["state"]}),
                stranger.options(back, headers={"origin": "https://evil.example"}),
            ]
        assert [each.status_code for each in tries] == [404, 404, 403, 403, 405, 405]
        for each in tries:
            assert (
                not any(name.startswith("access-control-") for name in each.headers) and each.content == b""
            )
        page.goto(relay.url)
        failed = page.evaluate("a => fetch(a).then(() => 'read', () => 'refused')", back)
        assert failed == "refused"  # by the page's own policy already
        page.goto(address)
        sign_in(page, "nightowl")
        page.click("main button[value=yes]")
        page.wait_for_selector("[data-outcome=Done]")
        assert ended(claim)[0] == 0


def test_a_framed_consent_page_is_blank(device: Device, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env):
        address = note.read_text()
        page.goto(address)
        sign_in(page, "nightowl")
        (tmp_path / "evil.html").write_text(f'<iframe src="{address.replace("&", "&amp;")}"></iframe>')
        page.goto((tmp_path / "evil.html").as_uri())
        page.wait_for_function("document.querySelector('iframe').contentDocument === null", timeout=LIMIT_MS)
        framed = page.frames[1]
        assert framed.query_selector("main button[value=yes]") is None
    assert any("frame" in complaint.lower() for complaint in watched.complaints)


@pytest.mark.parametrize(
    "env", [{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, {"DISPLAY": "", "BROWSER": "false"}]
)
def test_without_a_browser_here_a_code_is_typed_elsewhere(
    device: Device, watched: Watched, env: dict[str, str]
) -> None:
    page = watched.page
    with device.command_under_way("claim", "--json", **env) as claim:
        assert claim.stderr is not None
        said = ""
        while not (found := re.search(r"Open (\S+) in any browser, and type:  ([A-Z-]{9})", said)):
            line = claim.stderr.readline()
            assert line, said
            said += line
        page.goto(found[1])
        sign_in(page, "nightowl")
        page.fill("#user_code", "BBBB-BBBB")
        page.click("main button")
        page.wait_for_selector("[data-trouble]")
        page.fill("#user_code", found[2].lower())
        watched.screenshot("claim-code")
        page.click("main button")
        assert page.text_content("[data-device]") == "studio <b>one</b>"
        watched.screenshot("claim")
        page.click("main button[value=yes]")
        page.wait_for_selector("[data-outcome=Done]")
        code, result, _ = ended(claim)
    assert (code, result["account"]) == (0, "nightowl")
    assert device.json("whoami")["account"] == "nightowl"


def test_a_removed_device_knows_it_and_can_be_claimed_again(device: Device, watched: Watched) -> None:
    """Removed on the web page, without the device; the socket is closed, the tokens are gone from its disk."""
    page = watched.page
    claim_by_click(device, page, "nightowl")
    page.goto(device.env["SIDECHAIN_RELAY_URL"] + "/devices")
    watched.screenshot("devices")
    own = page.locator(f'[data-device-id="{device.json("whoami")["device_id"]}"]')
    own.get_by_role("button").click()
    page.wait_for_load_state()
    until_state(device, "needs_reclaim")
    assert not (device.data / "session.sealed").exists()
    claim_by_click(device, page, "nightowl", signed_in=True)
    until_state(device, "connected")


def test_unclaiming_gives_the_device_up(device: Device, watched: Watched) -> None:
    assert device.command("unclaim").returncode == NotClaimed.exit_code
    claim_by_click(device, watched.page, "nightowl")
    first = device.json("whoami")
    assert device.json("unclaim") == {"account": "nightowl", "relay_told": True}
    until_state(device, "unclaimed")
    assert device.json("whoami")["account"] is None
    assert not (device.data / "session.sealed").exists() and not (device.data / "device.key").exists()
    watched.page.goto(device.env["SIDECHAIN_RELAY_URL"] + "/devices")
    assert watched.page.locator(f'[data-device-id="{first["device_id"]}"]').count() == 0
    assert device.json("claim", "--dev-user", "somebody-else")["account"] == "somebody-else"
    assert device.json("whoami")["device_id"] != first["device_id"]


def test_no_secret_of_a_claim_is_left_behind(device: Device, watched: Watched) -> None:
    """Not in the log, not in the library, not among the arguments or variables of a process."""
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        address = note.read_text()
        state = parse_qs(urlsplit(address).query)["state"][0]
        codes: list[str] = []
        watched.page.on(
            "request", lambda each: codes.extend(parse_qs(urlsplit(each.url).query).get("code", []))
        )
        watched.page.goto(address)
        sign_in(watched.page, "nightowl")
        watched.page.click("main button[value=yes]")
        watched.page.wait_for_selector("[data-outcome=Done]")
        assert ended(claim)[0] == 0
    assert codes
    files = [path for path in device.home.rglob("*") if path.is_file()]
    pid = device.json("status")["pid"]
    files += [Path(f"/proc/{pid}/cmdline"), Path(f"/proc/{pid}/environ")]
    for secret in [state, *codes]:
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name


def claim_by_click(device: Device, page: Page, name: str, *, signed_in: bool = False) -> None:
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        page.goto(note.read_text())
        if not signed_in:
            sign_in(page, name)
        page.click("main button[value=yes]")
        page.wait_for_selector("[data-outcome=Done]")
        code, result, said = ended(claim)
    assert (code, result.get("account")) == (0, name), said
