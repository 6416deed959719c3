"""The run folder, there and ours alone: of all daemons that would use it, one at a time."""

from bridge.errors import AlreadyRunning as LockHeld
from bridge.errors import RunDirRefused
from bridge.lock import RunLock
from bridge.paths import prepare_run_dir
from daemon.config import Config
from daemon.errors import AlreadyRunning, BadConfig


def own_run_folder(config: Config) -> RunLock:
    """Raises AlreadyRunning, BadConfig. [worker]"""
    run_dir = config.run_dir
    try:
        prepare_run_dir(config.run)
        return RunLock.acquire(config.run)
    except LockHeld as error:
        raise AlreadyRunning(
            f"A daemon already runs in {run_dir} (pid {error.pid}).", "`sidechain status` asks it."
        ) from error
    except (RunDirRefused, OSError) as error:
        why = error.why if isinstance(error, RunDirRefused) else f"cannot be used: {error.strerror}"
        raise BadConfig(
            f"The run folder {run_dir} {why}.", "Move it out of the way, or set run_dir to one of your own."
        ) from error
