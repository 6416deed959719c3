"""What several modules of web pages stand on. One that needs another browser, another size or another person makes its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.support.browser import PHONE, WIDE, Watched, running_browser
from tests.support.relay import RelayClient, RelayProcess


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def mira(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("mira.k")
        yield client


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def watched(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    """An empty page, of which the browser has nothing to complain at the end."""
    made = Watched(browser, request.param)
    yield made
    made.close()
    assert made.complaints == []
