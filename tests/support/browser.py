"""The system's Chromium and Firefox, driven by playwright: pages that remember every complaint of the browser."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright

from tests.support.deadlines import HANG_S

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
SCREENSHOTS = Path(__file__).parents[2] / ".build" / "screenshots"
WIDE = (1280, 900)
NARROW = (390, 844)
PHONE = (360, 740)
"""The narrowest that pages are made for."""
HANG_MS = HANG_S * 1000
LEFT = ("net::ERR_ABORTED", "NS_BINDING_ABORTED")
"""How each says that a request was given up because its page was left."""
ROOT = Path(__file__).parents[2]
PREFERENCES: dict[str, str | float | bool] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}


@contextmanager
def running_browser(
    name: str = "chromium",
    environment: Mapping[str, str] = MappingProxyType({}),
    preferences: Mapping[str, str | float | bool] = MappingProxyType({}),
) -> Iterator[Browser]:
    """chromium or firefox. environment: what is said to it besides what this process is told. preferences: of Firefox, beside ours."""
    with running_browsers(name, environment=environment, preferences=preferences) as (browser,):
        yield browser


@contextmanager
def running_browsers(
    *names: str,
    environment: Mapping[str, str] = MappingProxyType({}),
    preferences: Mapping[str, str | float | bool] = MappingProxyType({}),
) -> Iterator[list[Browser]]:
    """Several at once, which one playwright has to drive."""
    expect.set_options(timeout=HANG_MS)
    with sync_playwright() as playwright:
        browsers = [_launched(playwright, name, environment, preferences) for name in names]
        try:
            yield browsers
        finally:
            for each in browsers:
                each.close()


def _launched(
    playwright: Playwright,
    name: str,
    environment: Mapping[str, str],
    preferences: Mapping[str, str | float | bool],
) -> Browser:
    if name == "firefox":
        return playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=_bridge(),
            firefox_user_prefs={**PREFERENCES, **preferences},
            env=dict(os.environ | environment),
        )
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


def _bridge() -> Path:
    """A program as playwright starts it: firefox_bridge.py with the Python that runs the tests."""
    program = ROOT / ".build" / "firefox-for-playwright"
    program.parent.mkdir(exist_ok=True)
    text = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.support.firefox_bridge "$@"\n'
    if not program.exists() or program.read_text() != text:
        program.write_text(text)
        program.chmod(0o755)
    return program


class Watched:
    """A page in a context of its own. complaints: console errors and warnings (CSP violations are among them),
    uncaught exceptions and failed requests, but for those that the browser itself gave up because its page was left."""

    def __init__(self, browser: Browser, size: tuple[int, int] = WIDE, *, scale: float = 1.0) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale
        )
        self.context.set_default_timeout(HANG_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure not in LEFT:
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def sign_in(self, url: str, username: str) -> None:
        """At a relay for development, without a page: where signing in is not what is tested."""
        answer = self.context.request.post(
            f"{url}/session", form={"username": username}, headers={"origin": url}, max_redirects=0
        )
        assert answer.status == 303, answer.text()

    def screenshot(self, name: str, *, full_page: bool = False) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_page)
        return path

    def close(self) -> None:
        self.context.close()
