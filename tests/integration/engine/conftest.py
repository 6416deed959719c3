"""The real servers that engines are held against, one of each kind for a whole run of tests in one process."""

from collections.abc import Iterator

import pytest

from tests.support.seaweed import Seaweed


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """For tests that leave it as it is; who kills it starts one of their own."""
    server = Seaweed(tmp_path_factory.mktemp("seaweed") / "data")
    server.start()
    yield server
    server.stop()
