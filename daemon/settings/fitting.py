"""Whether a value fits the setting it is for: by the field's own bounds, and by what is asked of an address."""

import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from daemon.config import Config
from daemon.errors import BadConfig
from daemon.settings.folders import with_whole_folders
from daemon.settings.table import setting
from relay.wire.misfits import in_words

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_SAID_CHARS = 100  # of a value that does not fit, in the sentence that says so
_HOST = re.compile(
    r"[\w.-]+|[0-9a-f:.]+"
)  # that of an IPv6 address stands between brackets, which urlsplit() takes off
_PATH = re.compile(r"(?:/[\w.~%-]*)*")


def checked(name: str, text: str) -> object:
    """`text` as a value of `name`; a relative folder is meant from here. Raises BadConfig, UsageError for a name that is none."""
    setting(name)
    wrong: list[str] = []
    fits = fitting({name: text}, "", wrong)
    if wrong:
        raise BadConfig(wrong[0].strip(), f"`sidechain config explain {name}` says what fits.")
    return with_whole_folders(fits, Path.cwd())[name]


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
