"""How commands speak: text for people on a terminal, one JSON object with --json, errors on stderr.

Also the one way to a running daemon: `ask`.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Protocol, TextIO, TypeVar

import msgspec
import typer

from bridge.control import Failed, Reply, Request
from bridge.errors import DaemonNotRunning, DaemonSilent, RequestFailed
from bridge.paths import run_dir
from daemon.config import Config
from daemon.core import shown
from daemon.errors import (
    AlreadyRunning,
    BadAudio,
    BadConfig,
    KeyringUnavailable,
    LibraryDamaged,
    LibraryStuck,
    NoSpace,
    NotClaimed,
    NothingKept,
    NothingThere,
    NotRunning,
    Offline,
    RelayRefused,
    SidechainError,
    TakeGone,
    UsageError,
)
from daemon.settings.folders import home_folder
from daemon.settings.reading import Loaded, load
from relay.wire.misfits import in_words

R = TypeVar("R")
ANSWER_LIMIT_S = 30.0

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

_BY_CODE: dict[str, type[SidechainError]] = {
    cls.code: cls
    for cls in (
        AlreadyRunning,
        BadAudio,
        BadConfig,
        KeyringUnavailable,
        LibraryStuck,
        NoSpace,
        NotClaimed,
        NothingKept,
        NothingThere,
        NotRunning,
        Offline,
        UsageError,
    )
}
_OURS = {
    *("bad_message", "busy", "claim_timeout", "error", "internal", "rate", "unreadable"),
    *(LibraryDamaged.code, TakeGone.code),
}


def sidechain_version() -> str:
    """The installed version; a frozen build carries its metadata along."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sidechain")
    except PackageNotFoundError:
        return "0.0.0+unknown"


def loaded(**flags: object) -> Loaded:
    """The settings that hold for this call, and what of them does not fit. Raises BadConfig."""
    return load(flags, default_run_dir=run_dir(os.environ))


def settings(**flags: object) -> Config:
    """The settings that hold for this call. Raises BadConfig."""
    return loaded(**flags).config


def require_part(module: str, extra: str) -> None:
    """Say plainly when this install lacks an optional part. Raises SidechainError."""
    if importlib.util.find_spec(module) is None:
        raise SidechainError(
            f"This install has no {extra}.", f"Install it with `pip install sidechain[{extra}]`."
        )


def ask(request: Request, answer: type[R], *, timeout_s: float = ANSWER_LIMIT_S) -> R:
    """Ask the running daemon. Raises NotRunning, and the daemon's own refusals as their classes; UsageError for what
    cannot be asked."""
    require_part("zmq", "desktop")
    from bridge.client import ControlClient  # and pyzmq behind it, for who asks

    _require_fit(request)
    config = settings()
    try:
        with ControlClient(config.run) as client:
            reply = client.request(request, timeout_s, on_quiet=partial(_say_waiting, timeout_s))
    except DaemonNotRunning as error:
        raise _not_answering(config) from error
    except DaemonSilent as error:
        raise NotRunning(
            f"The daemon in {config.run_dir} does not answer within {timeout_s:.0f} s.",
            "`sidechain logs` may say why.",
        ) from error
    except RequestFailed as error:
        raise error_of(Failed(code=error.code, message=error.message, next_step=error.next_step)) from error
    if not isinstance(reply, answer):
        raise SidechainError(
            "The daemon gave an answer that this command does not know.",
            "Restart it: it is of another version.",
        )
    return reply


def _say_waiting(timeout_s: float, pid: int) -> None:
    """To who sits before it, of what is answered at once by a daemon that is well; a script is told how it ended."""
    if timeout_s <= ANSWER_LIMIT_S and sys.stderr.isatty():
        note(
            f"Waiting for the daemon (pid {pid}), which has not answered yet: {timeout_s:.0f} s at most. Ctrl-C gives up."
        )


def _not_answering(config: Config) -> NotRunning:
    """Nobody takes what is asked: there is no daemon, or there is one that cannot let us in."""
    from bridge.lock import holder_of

    if pid := holder_of(config.run):
        return NotRunning(
            f"The daemon (pid {pid}) lets nobody in now: it begins or ends just now, or has no open files to spare.",
            f"Try again. If it lasts, its log says why, and `kill {pid}` ends it; nothing kept is lost.",
        )
    return NotRunning(
        f"No daemon answers in {config.run_dir}.",
        "Start it with `sidechain up --detach`; the first time, `sidechain setup` asks what it needs.",
    )


def _require_fit(request: Request) -> None:
    """What a person typed may be too long, or bytes that are no text. Raises UsageError."""
    try:
        msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=type(request))
    except UnicodeEncodeError as error:
        raise UsageError("What was typed is not text (UTF-8).", "Type it again.") from error
    except msgspec.ValidationError as error:
        raise UsageError(in_words(error, "What was typed"), "Type it again.") from error


def error_of(failed: Failed) -> SidechainError:
    """The error that the daemon met, as if it had been met here. A code that is not ours is the relay's."""
    if cls := _BY_CODE.get(failed.code):
        return cls(failed.message, failed.next_step)
    if failed.code in _OURS:
        return SidechainError(failed.message, failed.next_step, code=failed.code)
    return RelayRefused(failed.message, failed.next_step, status=0, code=failed.code)


def say(text: str) -> None:
    """Print a result. The one door to the terminal, with `note`: titles and names are other people's words."""
    print(shown.lines(text), flush=True)


def note(text: str) -> None:
    """Print something beside the result: sentences, which a terminal would break in the middle of a word."""
    print(_fitting(shown.lines(text), sys.stderr), file=sys.stderr, flush=True)


def _fitting(text: str, stream: TextIO) -> str:
    """Lines that are wider than the terminal, broken between words."""
    width = _columns(stream)
    return "\n".join(_wrapped(line, width) for line in text.split("\n")) if width else text


def _columns(stream: TextIO) -> int:
    """Of the terminal that it goes to; 0: to none, or to one that does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    import textwrap  # for who sits before a narrow terminal

    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def show(value: msgspec.Struct | dict[str, object] | Reply, as_json: bool, text: Callable[[], str]) -> None:
    """Print a result for a person or for a program."""
    if as_json:
        plain = msgspec.to_builtins(value)
        for internal in ("t", "id"):
            plain.pop(internal, None)
        say(shown.json(_json(plain)))
    elif said := text():
        say(_fitting(said, sys.stdout))


def _json(plain: object) -> str:
    """A name that is no UTF-8 has a mark in place of each byte that is none."""
    try:
        return msgspec.json.encode(plain).decode()
    except UnicodeEncodeError:
        import json

        return json.dumps(plain, ensure_ascii=False).encode(errors="replace").decode()


def fail(error: SidechainError, *, as_json: bool) -> int:
    """Say an error; its exit code."""
    if as_json:
        body = {"error": {"code": error.code, "message": error.message, "next_step": error.next_step}}
        say(shown.json(_json(body)))
    else:
        note(shown.line(f"sidechain: {error}"))
    return error.exit_code


def bars_or_seconds(bars: int | None, seconds: float) -> str:
    """How long something is."""
    return f"{bars} bar{'s' * (bars > 1)}" if bars else f"{seconds:.1f} s"


def number(value: float | None, unit: str = "", digits: int = 1) -> str:
    """A figure, or a dash when it is unknown."""
    return "–" if value is None else f"{value:.{digits}f}{unit}"


class Analysed(Protocol):
    """What says a tempo and a key."""

    @property
    def bpm(self) -> float | None: ...
    @property
    def bpm_source(self) -> str | None: ...
    @property
    def bpm_confidence(self) -> float | None: ...
    @property
    def bpm_alternatives(self) -> Sequence[float]: ...
    @property
    def key(self) -> str | None: ...
    @property
    def key_source(self) -> str | None: ...
    @property
    def key_confidence(self) -> float | None: ...
    @property
    def key_alternatives(self) -> Sequence[tuple[str, float]]: ...
    @property
    def camelot(self) -> str | None: ...


SAYS = {
    "transport": "as the host played",
    "length": "from its length in bars",
    "audio": "as heard",
    "given": "as you say",
    "file": "as the file says",
}


def tempo_line(found: Analysed) -> str:
    """The tempo, whose word it is, how sure, and what else it could be."""
    others = ", ".join(f"{bpm:.5g}" for bpm in found.bpm_alternatives)
    if found.bpm is None:
        return "tempo     unknown" + (f"; perhaps {others}" if others else "")
    by_us = found.bpm_source in ("length", "audio")
    sure = f", {found.bpm_confidence:.0%} sure" if by_us and found.bpm_confidence is not None else ""
    either = f"; else {others}" if by_us and others else ""
    return (
        f"tempo     {found.bpm:.5g} BPM, {SAYS.get(found.bpm_source or '', 'source unknown')}{sure}{either}"
    )


def key_line(found: Analysed) -> str:
    """The key, how sure, and what else it could be."""
    others = ", ".join(f"{name} ({share:.0%})" for name, share in found.key_alternatives)
    if found.key is None:
        return "key       unknown" + (f"; perhaps {others}" if others else "")
    if found.key_source in ("given", "file"):
        return f"key       {found.key}, {SAYS[found.key_source]}"
    sure = f", {found.key_confidence:.0%} sure" if found.key_confidence is not None else ""
    code = f" ({found.camelot})" if found.camelot else ""
    return f"key       {found.key}{code}, as heard{sure}" + (f"; else {others}" if others else "")


def home_relative(path: str | Path) -> str:
    """A path as people write it."""
    home = home_folder()
    return (
        str(Path("~") / Path(path).relative_to(home))
        if home and Path(path).is_relative_to(home)
        else str(path)
    )
