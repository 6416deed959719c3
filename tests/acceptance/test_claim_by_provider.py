"""A new user of a relay for the world: nobody signs in by name, Google vouches (here: a real OpenID provider), Chromium presses
the buttons, and the key lies in a real keyring. Then the same device goes to somebody else.
"""

import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from tests.integration.test_claim_keyring import use
from tests.support.browser import Watched, running_browser
from tests.support.device import Device, running_device, until_state
from tests.support.oidc_server import CLIENT, free_port, running_provider
from tests.support.relay import RelayProcess, running_relay
from tests.support.secret_service import session_bus, unlocked_keyring
from tests.support.whole import short_folder

LIMIT_MS = 120_000


def person(browser: Browser) -> Watched:
    made = Watched(browser)
    made.page.set_default_timeout(LIMIT_MS)
    made.page.route(
        "**://fonts.googleapis.com/**", lambda each: each.abort()
    )  # the provider's page wants them
    return made


def claim_by_provider(device: Device, relay: RelayProcess, watched: Watched, name: str) -> None:
    page = watched.page
    with device.browser_of() as (env, note), device.command_under_way("claim", "--json", **env) as claim:
        page.goto(note.read_text())
        assert page.locator("#username").count() == 0, "nobody signs in by name here"
        assert watched.complaints == []
        page.click("[data-way=google]")
        page.fill("[name=login]", name)
        page.fill("[name=password]", "any")
        page.click("button[type=submit]")
        page.click("button[type=submit]")  # the provider's own question
        page.wait_for_selector("[data-device]")
        watched.complaints.clear()  # of the provider's page
        assert page.text_content("[data-device]") == "studio <b>one</b>"
        assert page.text_content("[data-account]") == name
        assert urlsplit(page.url).netloc == urlsplit(relay.url).netloc
        page.click("main button[value=yes]")
        page.wait_for_selector("[data-outcome=Done]")
        assert claim.wait(60) == 0
    assert watched.complaints == []
    until_state(device, "connected")


def test_a_new_user_claims_is_removed_and_another_claims(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = free_port()
    with (
        running_provider(f"http://127.0.0.1:{port}/sign-in/google/callback") as issuer,
        short_folder() as folder,
        session_bus(tmp_path / "home") as bus,
        unlocked_keyring(bus, "correct horse"),
        running_browser() as browser,
    ):
        google = {"CLIENT_ID": CLIENT[0], "CLIENT_SECRET": CLIENT[1], "BASE": issuer}
        use(monkeypatch, bus | {f"SIDECHAIN_RELAY_GOOGLE_{name}": value for name, value in google.items()})
        with (
            running_relay(folder / "relay", "--registration", "open", dev=False, port=port) as relay,
            running_device(folder / "d", relay.url, credential_store="keyring") as device,
        ):
            assert device.command("claim", "--dev-user", "owl").returncode == 6, (
                "not on a relay for the world"
            )
            owl = person(browser)
            claim_by_provider(device, relay, owl, "owl")
            first = device.json("whoami")
            assert (first["account"], first["credential_store"]) == ("owl", "keyring")
            assert not (device.data / "device.key").exists() and (device.data / "session.sealed").exists()

            owl.page.goto(relay.url + "/devices")
            began = time.monotonic()
            owl.page.locator(f'[data-device-id="{first["device_id"]}"]').get_by_role("button").click()
            until_state(device, "needs_reclaim")
            print(f"\nremoved on the web, the daemon knows after {time.monotonic() - began:.2f} s")
            assert not (device.data / "session.sealed").exists()
            owl.close()

            fox = person(browser)
            claim_by_provider(device, relay, fox, "fox")
            assert device.json("whoami")["account"] == "fox"
            fox.close()
            assert device.json("unclaim") == {"account": "fox", "relay_told": True}
            until_state(device, "unclaimed")
            assert not (device.data / "session.sealed").exists()
        log = (folder / "relay.log").read_text() + (device.home / "data" / "daemon.log").read_text()
        assert CLIENT[1] not in log and not re.search(r"code=[\w-]{20}", log)
        with pytest.raises(httpx.ConnectError):
            httpx.get(relay.url, trust_env=False)
