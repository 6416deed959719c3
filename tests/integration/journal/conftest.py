"""A folder of the daemon, one plugin that plays, and the journal that follows it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.paths import prepare_run_dir
from daemon.config import Config
from daemon.events import Bus
from daemon.features.history.journal import Journal
from tests.support.journals import Played


@pytest.fixture
def config(tmp_path: Path) -> Config:
    prepare_run_dir(tmp_path / "run")
    (tmp_path / "data").mkdir(mode=0o700)
    return Config(data_dir=str(tmp_path / "data"), run_dir=str(tmp_path / "run"))


@pytest.fixture
def played(config: Config) -> Iterator[Played]:
    one = Played(config)
    yield one
    one.instance.close()
    one.ring.close()


@pytest.fixture
async def journal(config: Config) -> AsyncIterator[Journal]:
    found = Journal(config, Bus())
    await found.do(found.judge)
    yield found
    found.close()
