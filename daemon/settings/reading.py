"""The settings that hold: read from file, then environment, then flags; the last one wins.

What is unknown or does not fit is told by file, key and rule, and its default holds: never silently, never fatal.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.config import ENV_PREFIX, OLD_NAMES, Config
from daemon.errors import BadConfig
from daemon.settings.fitting import fitting
from daemon.settings.folders import config_file, data_folder, whole_folder, with_whole_folders


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that hold. file: where they can be set. origins: "flag", "environment" or "file" of each that was given.

    troubles: what stands in the file or the environment and does not fit, a sentence each; it
        is gone around, so that a typo keeps nobody from keeping.
    """

    config: Config
    file: Path
    origins: Mapping[str, str]
    troubles: tuple[str, ...] = ()
    flags: Mapping[str, object] = {}


def load_again(held: Loaded) -> Loaded:
    """As they are now, with the flags of before. Raises BadConfig."""
    return load(held.flags, default_run_dir=held.config.run)


def load(
    flags: Mapping[str, object] | None = None, env: Mapping[str, str] = os.environ, *, default_run_dir: Path
) -> Loaded:
    """Settings from file, environment (SIDECHAIN_DATA_DIR, …) and `flags`, the last one wins.

    Raises BadConfig for a flag that does not fit: whoever typed it is there, and can type it again.
    """
    path = config_file(env)
    troubles: list[str] = []
    in_file = with_whole_folders(
        fitting(_in_file(path, troubles), f"It stands in {path}.", troubles), path.absolute().parent
    )
    in_env = fitting(_in_environment(env), f"It comes from {ENV_PREFIX}* in the environment.", troubles)
    wrong: list[str] = []
    by_flag = fitting({k: v for k, v in (flags or {}).items() if v is not None}, "", wrong)
    found = in_file | with_whole_folders(in_env | by_flag, Path.cwd())
    origins = (
        dict.fromkeys(in_file, "file") | dict.fromkeys(in_env, "environment") | dict.fromkeys(by_flag, "flag")
    )
    if wrong:
        raise BadConfig(wrong[0].strip(), "`sidechain up --help` says what fits.")
    values = found | {
        "data_dir": found.get("data_dir") or data_folder(),
        "run_dir": found.get("run_dir") or whole_folder(default_run_dir),
    }
    return Loaded(
        config=msgspec.convert(values, Config),
        file=path,
        origins=origins,
        troubles=tuple(troubles),
        flags=dict(flags or {}),
    )


def _in_file(path: Path, troubles: list[str]) -> dict[str, object]:
    try:
        return _flat(tomllib.loads(path.read_text("utf-8-sig"))) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        says = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else error
        troubles.append(f"The settings file {path} cannot be read, so the defaults hold: {says}.")
        return {}


def _flat(found: Mapping[str, object]) -> dict[str, object]:
    """`history.minutes = 60` is `history_minutes = 60`; a name of before is the one of today."""
    flat: dict[str, object] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{inner}": each for inner, each in value.items()}
        else:
            flat[OLD_NAMES.get(name, name)] = value
    return flat


def _in_environment(env: Mapping[str, str]) -> dict[str, object]:
    names = OLD_NAMES | {name: name for name in Config.__struct_fields__}
    given = [(name, env.get(ENV_PREFIX + said.upper())) for said, name in names.items()]
    return {name: text for name, text in given if text is not None}
