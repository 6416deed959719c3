"""Where folders are that settings name: this user's home, the platform's places, and relative ones made whole."""

from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs

from daemon.config import ENV_PREFIX, FOLDERS
from daemon.errors import BadConfig

NO_HOME = BadConfig(
    "This user has no home folder.",
    "Set HOME, or SIDECHAIN_CONFIG, SIDECHAIN_DATA_DIR and SIDECHAIN_RUN_DIR.",
)


def home_folder() -> Path | None:
    """This user's; None where neither HOME nor the list of users names one, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def config_file(env: Mapping[str, str]) -> Path:
    """The settings file: $SIDECHAIN_CONFIG, or config.toml in the platform's configuration folder."""
    named = env.get(ENV_PREFIX + "CONFIG")
    return Path(named or Path(_platform_folder(platformdirs.user_config_dir)) / "config.toml").expanduser()


def data_folder() -> str:
    """That of takes, library and outbox, where no setting names one. Raises BadConfig."""
    return whole_folder(_platform_folder(platformdirs.user_data_dir))


def with_whole_folders(values: Mapping[str, object], beside: Path) -> dict[str, object]:
    """A relative folder is meant beside the file it stands in, or where the command was typed; not where a daemon is started."""
    return dict(values) | {name: whole_folder(values[name], beside) for name in FOLDERS if values.get(name)}


def whole_folder(folder: object, beside: Path | None = None) -> str:
    """`folder` from the root on, `~` filled in. beside: where a relative one begins; None: where we are. Raises BadConfig."""
    try:
        return str((beside or Path.cwd()) / Path(str(folder)).expanduser())
    except RuntimeError as error:
        raise NO_HOME from error


def _platform_folder(of: Callable[[str], str]) -> str:
    try:
        return of("sidechain")
    except RuntimeError as error:
        raise NO_HOME from error
