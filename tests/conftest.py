"""What many test modules stand on."""

from collections.abc import Iterator

import pytest

from tests.support.relay import RelayProcess, running_relay


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay of this module's own, for development. A module that needs another kind makes its own."""
    with running_relay(tmp_path_factory.mktemp("relay") / "data") as process:
        yield process
