"""A relay that cannot start: what it had opened is closed again, and it says why in a sentence."""

import logging
import os
import socket
import threading
from pathlib import Path

import pytest

from relay.app.config import Config
from relay.app.server import Application


async def start(config: Config) -> list[str]:
    """The messages of a start that comes to nothing."""
    said: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    await Application(config, "http://relay")({"type": "lifespan", "state": {}}, receive, send)  # type: ignore[arg-type]
    return said


def held() -> tuple[set[str], set[str]]:
    """What this process has open, and its threads by name; the pool of to_thread stays, whoever used it first."""
    opened = {os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.exists()}
    threads = {each.name for each in threading.enumerate() if not each.name.startswith("asyncio")}
    return {each for each in opened if each.startswith("/")}, threads


async def test_a_metrics_port_that_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        await expect_nothing_left(Config(data=tmp_path / "data", metrics_port=port))
    said = f"/metrics cannot listen at 127.0.0.1, port {port}: Address already in use. Choose another --metrics-port"
    assert [said in each.message and each.exc_info is None for each in caplog.records] == [True]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("bus_url", "ftp://host"), ("objects_url", "ftp://host"), ("signing_key", Path("/dev/null"))],
)
async def test_what_cannot_be_opened_closes_what_was(tmp_path: Path, setting: str, value: object) -> None:
    await expect_nothing_left(Config(data=tmp_path / "data", **{setting: value}))  # type: ignore[arg-type]


async def expect_nothing_left(config: Config) -> None:
    before = held()
    try:
        assert await start(config) == ["lifespan.startup.failed"]
    finally:
        logging.getLogger("uvicorn.error").disabled = False
    assert held() == before
