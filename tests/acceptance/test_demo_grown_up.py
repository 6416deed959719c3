"""The demo, once, with the relay as a band's host would run it: two processes behind a proxy, PostgreSQL, S3 and Valkey."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from daemon.cli.demo_path import Demo
from daemon.cli.stage import Stage
from tests.support.balancer import Balancer
from tests.support.engines import ClusterServers, Engines
from tests.support.native import build
from tests.support.relay import RelayProcess, start_relay

PROCESSES = 2


class GrownUpStage(Stage):
    """A stage whose relay is several processes, each with a data folder of its own."""

    def __init__(self, folder: Path, engines: Engines, balancer: Balancer) -> None:
        super().__init__(folder)
        self._engines = engines
        self._balancer = balancer
        self.processes: list[RelayProcess] = []

    async def relay(self, *more: str, port: int = 0) -> tuple[asyncio.subprocess.Process, str]:
        url = self._balancer.url
        for number in range(PROCESSES):
            data = self.folder / f"relay-{number}"
            start = lambda data=data: start_relay(data, "--public-url", url, engines=self._engines)  # noqa: E731
            self.processes.append(await asyncio.to_thread(start))
        self._balancer.backends = [each.url for each in self.processes]
        return None, url  # type: ignore[return-value]  # the demo asks for the address alone

    def stop(self) -> list[int]:
        codes = [each.stop() for each in self.processes]
        for each in self.processes:
            assert each.process.stdout is not None
            each.process.stdout.close()
        return codes


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for the sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="sdc-grown-"))
    yield path
    shutil.rmtree(path)


async def test_the_demo_against_two_processes_and_real_servers(servers: ClusterServers, folder: Path) -> None:
    build()
    async with AsyncExitStack() as stack:
        engines = stack.enter_context(servers.engines(folder))
        balancer = await stack.enter_async_context(Balancer())
        stage = await stack.enter_async_context(GrownUpStage(folder, engines, balancer))
        try:
            demo = Demo(stage, quiet=True, until=None)
            await demo.run()
        finally:
            codes = await asyncio.to_thread(stage.stop)
        assert codes == [0] * PROCESSES
        assert demo.figures["decoded_frames"] == demo.figures["frames"] == 720_000
        assert str(demo.figures["post_url"]).startswith(balancer.url)
        assert len(balancer.served) == PROCESSES and min(balancer.served.values()) >= 2, balancer.served
