"""The daemon's settings: one frozen Struct, read from file, then environment, then flags; the last one wins.

Each field says what it means, its bounds and its default; settings.py makes of them the table that the documents,
`sidechain config`, the doctor and a test share. A setting that is unknown or does not fit is told by file, key and rule, and its
default holds: never silently, never fatal.
"""

import os
import re
import tomllib
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
import platformdirs
from msgspec import Meta

from daemon.errors import BadConfig
from relay.wire.misfits import in_words
from relay.wire.rest import ShownTo

# As settings were called before, and are still understood in files and environments.
FOLDERS = ("data_dir", "run_dir", "linked_folder", "relay_certificate")
OLD_NAMES = {"journal_minutes": "history_minutes", "journal_budget_bytes": "history_bytes"}
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(
    r"[\w.-]+|[0-9a-f:.]+"
)  # that of an IPv6 address stands between brackets, which urlsplit() takes off
_PATH = re.compile(r"(?:/[\w.~%-]*)*")
ENV_PREFIX = "SIDECHAIN_"
MAX_SAID_CHARS = 100  # of a value that does not fit, in the sentence that says so
NO_HOME = BadConfig(
    "This user has no home folder.",
    "Set HOME, or SIDECHAIN_CONFIG, SIDECHAIN_DATA_DIR and SIDECHAIN_RUN_DIR.",
)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. at_once: a daemon that runs goes by it when it changes; the others from its next start on."""

    data_dir: Annotated[
        str,
        Meta(
            description="Folder of takes, library and outbox.",
            extra={"default": "the platform's data folder for `sidechain`"},
        ),
    ] = ""
    run_dir: Annotated[
        str,
        Meta(
            description="Folder of sockets and Rings; plugins must see the same one.",
            extra={"default": "$XDG_RUNTIME_DIR/sidechain"},
        ),
    ] = ""
    relay_url: Annotated[
        str,
        Meta(
            max_length=512,
            description="Address of the relay: https, or http for a relay on this machine. Nothing is posted without one.",
            extra={"default": "none"},
        ),
    ] = ""
    relay_certificate: Annotated[
        str,
        Meta(
            description="File (PEM) of the one certificate that proves the relay, where no authority vouches for it; `sidechain setup` asks and writes it.",
            extra={"default": "none"},
        ),
    ] = ""
    credential_store: Annotated[
        Literal["keyring", "file"],
        Meta(
            description="Where the device key lies: keyring, or file, for machines without one: 0600, not encrypted, shown in status."
        ),
    ] = "keyring"
    default_bars: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Bars that `keep` takes when it is not told: the length that loops are thought in.",
            extra={"at_once": True},
        ),
    ] = 8
    fallback_seconds: Annotated[
        float,
        Meta(
            ge=1.0,
            le=900.0,
            description="Seconds that `keep` takes when the host tells no transport: 8 bars at 120 BPM, but nothing claims that.",
            extra={"at_once": True},
        ),
    ] = 16.0
    undo_seconds: Annotated[
        float,
        Meta(
            ge=0.0,
            le=600.0,
            description="Seconds in which a post can be undone (`sidechain undo`, tray, window): nothing of it leaves this machine before; 0: it goes at once.",
            extra={"at_once": True},
        ),
    ] = 10.0
    post_visibility: Annotated[
        ShownTo | Literal["account"],
        Meta(
            description="Who sees what is posted without a word on that (`sidechain post --visibility`): public, followers, unlisted (a secret link) or private; account: as your account says (`sidechain profile --posts`).",
            extra={"at_once": True},
        ),
    ] = "account"
    linked_folder: Annotated[
        str,
        Meta(
            description="Folder, for a DAW's browser, that holds a link to each take under its name and is kept up to date. Nothing else in it is touched.",
            extra={"default": "none"},
        ),
    ] = ""
    restore_days: Annotated[
        float,
        Meta(
            ge=0.0,
            le=3650.0,
            description="Days in which a discarded take can be restored (`sidechain takes restore`); after that its sound is gone. 0: it is gone at once.",
            extra={"at_once": True},
        ),
    ] = 7.0
    export_wav: Annotated[
        Literal["float32", "pcm24"],
        Meta(
            description="How WAV is written when it is exported or dragged out of the window: float32 is the sound as played, to the bit; pcm24 for what reads no float.",
            extra={"at_once": True},
        ),
    ] = "float32"
    drag_tempo: Annotated[
        Literal["own", "project"],
        Meta(
            description="Tempo of what is dragged out of the window: its own, or stretched to the project's, as far as both are known.",
            extra={"at_once": True},
        ),
    ] = "own"
    drag_files: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="How many files that were dragged out stay (`exports` in data_dir): the newest, and all of the last day, for a host may read them where they lie.",
            extra={"at_once": True},
        ),
    ] = 200
    device_name: Annotated[
        str,
        Meta(
            max_length=64,
            description="Name shown when the device is claimed.",
            extra={"at_once": True, "default": "the host name"},
        ),
    ] = ""
    presence: Annotated[
        bool,
        Meta(
            description="Tell followers what you do: recording, producing, idle or away (nothing for 15 minutes), the DAW and the tempo, nothing else.",
            extra={"at_once": True},
        ),
    ] = True
    do_not_disturb: Annotated[
        bool,
        Meta(
            description="No notification on the desktop; what happened still stands in tray and status.",
            extra={"at_once": True},
        ),
    ] = False
    journal: Annotated[
        bool,
        Meta(
            description="Keep the last minutes of each plugin on this disk: so they stay in reach, and a crash of the DAW or the machine costs a second."
        ),
    ] = True
    history_minutes: Annotated[
        float,
        Meta(
            ge=1.0,
            le=24 * 60.0,
            description="Minutes of sound of each plugin that stay in reach: longer than the time in which one notices that something was good. Silence does not count.",
            extra={"at_once": True},
        ),
    ] = 10.0
    history_bytes: Annotated[
        int,
        Meta(
            ge=64 * 1024 * 1024,
            description="Disk that the History may take in all: 10 minutes of nine stereo plugins at 48 kHz, or more where it is compressed. The oldest goes first.",
            extra={"at_once": True},
        ),
    ] = 2 * 1024 * 1024 * 1024
    history_keep_hours: Annotated[
        float,
        Meta(
            ge=0.0,
            le=7 * 24.0,
            description="Hours that what a plugin has played stays after it was closed; 0: it goes at once.",
            extra={"at_once": True},
        ),
    ] = 24.0
    min_free_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Free disk below which nothing new is kept: the library must never be the one that fills the disk.",
            extra={"at_once": True},
        ),
    ] = 64 * 1024 * 1024
    cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room for what was made before (`cache` in data_dir), so that the same sound is not made twice; 0: nothing is remembered.",
        ),
    ] = 256 * 1024 * 1024
    preview_cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room for sounds of the feed, fetched and ready to be played (`previews` in data_dir).",
        ),
    ] = 256 * 1024 * 1024
    prefetch_items: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="How many of the newest Items are made ready before anybody asks, while a plugin is there; 0: none.",
        ),
    ] = 12
    update_check: Annotated[
        str,
        Meta(
            max_length=512,
            description='Address (https) that answers {"version": "1.2.3"}, asked once a day whether there is a newer Sidechain; nothing is downloaded.',
            extra={"at_once": True, "default": "none: nobody is asked"},
        ),
    ] = ""
    safe_mode: Annotated[
        bool,
        Meta(
            description="After three deaths within ten minutes, start without posting, link and rendering until it has gone well for ten; false: always start whole."
        ),
    ] = True
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="How much the log says: debug, info, warning or error.", extra={"at_once": True}),
    ] = "info"

    @property
    def hold_us(self) -> int:
        """How long an Entry is held so that it can be undone."""
        return round(self.undo_seconds * 1e6)

    @property
    def shown_to(self) -> ShownTo | None:
        """Who is to see what is posted without a word on that; None: as the account says."""
        return None if self.post_visibility == "account" else self.post_visibility

    @property
    def data(self) -> Path:
        """Folder of takes, library and outbox."""
        return Path(self.data_dir)

    @property
    def takes(self) -> Path:
        """Folder of the takes, one folder each."""
        return self.data / "takes"

    @property
    def cache(self) -> Path:
        """Folder of what was made before; it can be removed at any time."""
        return self.data / "cache"

    @property
    def previews(self) -> Path:
        """Folder of sounds of the feed; it can be removed at any time."""
        return self.data / "previews"

    @property
    def exports(self) -> Path:
        """Folder of files for hosts and file managers."""
        return self.data / "exports"

    @property
    def library(self) -> Path:
        """The library's database."""
        return self.data / "library.sqlite3"

    @property
    def run(self) -> Path:
        """Folder of sockets and Rings."""
        return Path(self.run_dir)


def config_file(env: Mapping[str, str]) -> Path:
    """The settings file: $SIDECHAIN_CONFIG, or config.toml in the platform's configuration folder."""
    named = env.get(ENV_PREFIX + "CONFIG")
    return Path(named or Path(_platform_folder(platformdirs.user_config_dir)) / "config.toml").expanduser()


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
        "data_dir": found.get("data_dir") or _whole(_platform_folder(platformdirs.user_data_dir), Path.cwd()),
        "run_dir": found.get("run_dir") or _whole(default_run_dir, Path.cwd()),
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


def fitting(values: Mapping[str, object], where: str, troubles: list[str]) -> dict[str, object]:
    """Those that fit, each for itself."""
    fits: dict[str, object] = {}
    for name, value in values.items():
        try:
            _require_text(name, value)
            fits[name] = getattr(msgspec.convert({name: value}, Config, strict=False), name)
            if name in ("relay_url", "update_check"):
                fits[name] = _checked_url(name, str(value))
        except msgspec.ValidationError as error:
            choices = ", ".join(_choices(name))
            said = f"{name} must be one of {choices}." if choices else in_words(error, "It")
            troubles.append(f"A setting does not fit: {said} {where}")
        except BadConfig as error:
            fits.pop(name, None)
            troubles.append(f"{error.message} {where}")
    return fits


def _require_text(name: str, value: object) -> None:
    """Bytes of the environment or of the command line that are no UTF-8 come as surrogates. Raises BadConfig."""
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise BadConfig(f"{name} is not text (UTF-8).")


def _choices(name: str) -> tuple[str, ...]:
    """The words that a setting can be; none where it is no word of a few."""
    hint = typing.get_type_hints(Config).get(name)
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def with_whole_folders(values: Mapping[str, object], beside: Path) -> dict[str, object]:
    """A relative folder is meant beside the file it stands in, or where the command was typed; not where a daemon is started."""
    return dict(values) | {name: _whole(values[name], beside) for name in FOLDERS if values.get(name)}


def _whole(folder: object, beside: Path) -> str:
    """`folder` from the root on, `~` filled in."""
    try:
        return str(beside / Path(str(folder)).expanduser())
    except RuntimeError as error:
        raise NO_HOME from error


def home_folder() -> Path | None:
    """This user's; None where neither HOME nor the list of users names one, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def _platform_folder(of: Callable[[str], str]) -> str:
    try:
        return of("sidechain")
    except RuntimeError as error:
        raise NO_HOME from error


def _checked_url(name: str, url: str) -> str:
    """An address, scheme and host in lower case, without a slash at its end. Raises BadConfig."""
    url = url.rstrip("/")
    if not url:
        return url
    parts = _address(url)
    if parts is None or (parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS):
        whose = "a relay" if name == "relay_url" else "a server"
        reason = (
            f"{whose} on another machine must be reached by https"
            if parts is not None
            else f"that is no address of {whose}: https://…, or http://127.0.0.1:PORT on this machine"
        )
        raise BadConfig(f"{name} is “{url[:MAX_SAID_CHARS]}”; {reason}.")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def _address(url: str) -> SplitResult | None:
    """Scheme, host, perhaps a port and a path; None where there is anything else, or one of these is none.

    What stands before an @ is a name to sign in with, and looks like a host to people only (RFC 3986, 7.6).
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    is_whole = (
        parts.scheme in ("http", "https")
        and not parts.query
        and not parts.fragment
        and "@" not in parts.netloc
    )
    return (
        parts if is_whole and _HOST.fullmatch(parts.hostname or "") and _PATH.fullmatch(parts.path) else None
    )
