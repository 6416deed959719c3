"""A picture of the relay's feed in a browser for the documentation, with a few people's loops in it.

    python -m tests.pictures.feed FOLDER

writes feed.png: what nightowl sees, who follows all of them.
"""

import contextlib
import sys
from pathlib import Path

from tests.pictures.plugin_window import people, publish_all
from tests.support.browser import running_browser
from tests.support.claims import FormBrowser
from tests.support.relay import RelayClient, running_relay
from tests.support.whole import short_folder

WINDOW = {"width": 1120, "height": 760}


def follower(url: str, names: list[str]) -> str:
    """The session of somebody who follows them: its cookie."""
    with contextlib.closing(RelayClient(url)) as client:
        client.sign_in("nightowl")
        for name in names:
            client.http.post("/social/follow", json={"username": name}).raise_for_status()
    with FormBrowser(url) as browser:
        browser.sign_in("nightowl")
        return browser.cookie


def drawn(folder: Path) -> Path:
    """The file, written."""
    path = folder / "feed.png"
    with short_folder() as place, running_relay(place / "data") as relay, people(relay.url) as known:
        publish_all(known)
        cookie = follower(relay.url, list(known))
        with running_browser() as browser:
            context = browser.new_context(viewport=WINDOW, color_scheme="dark")  # type: ignore[arg-type] # its TypedDict
            context.add_cookies([{"name": "sidechain_session", "value": cookie, "url": relay.url}])
            page = context.new_page()
            page.goto(relay.url)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=path)
            context.close()
    return path


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    print(drawn(folder))


if __name__ == "__main__":
    main()
