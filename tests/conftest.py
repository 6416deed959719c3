"""What many test modules stand on."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.relay import RelayProcess, running_relay

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("sidechain", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sidechain")


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay of this module's own, for development. A module that needs another kind makes its own."""
    with running_relay(tmp_path_factory.mktemp("relay") / "data") as process:
        yield process
