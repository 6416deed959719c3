"""The log: lines of text, or JSON objects with the request they belong to. No secret of the configuration stands in it."""

import contextvars
import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import unquote, urlsplit

from relay.app.config import Config
from relay.engine.clock import new_id
from relay.wire.bounds import UNPRINTABLE

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
HIDDEN = "[hidden]"
MIN_SECRET_CHARS = 4
"""Hiding shorter ones would hide ordinary words."""
MAX_LINE_CHARS = 1_000
"""Of a line, whatever a stranger wrote into what it is about."""
MAX_TRACE_LINES = 60
_UNPRINTABLE = re.compile(f"[{UNPRINTABLE}]")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BEARER = re.compile(
    r"(?i)(bearer\s+|ticket=|signature=|access_token\W{1,4}|refresh_token\W{1,4})[A-Za-z0-9._~+/=-]{8,}"
)
_FIELDS = ("method", "row", "status", "milliseconds")


def request_id_of(header: str | None) -> str:
    """What the caller or a proxy calls the request, if that is an ordinary name; else a new one. [any]"""
    return header if header is not None and _ACCEPTED.fullmatch(header) else new_id()


class _Formatter(logging.Formatter):
    """hidden: texts that never stand in a line."""

    def __init__(self, hidden: Iterable[str]) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._hidden = sorted(
            {each for each in hidden if len(each) >= MIN_SECRET_CHARS}, key=len, reverse=True
        )

    def clean(self, text: str) -> str:
        """One line, in which nothing reaches a terminal; of any length given, at most MAX_LINE_CHARS."""
        for each in self._hidden:
            text = text.replace(each, HIDDEN)
        text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _BEARER.sub(rf"\1{HIDDEN}", text))
        cut = len(text) - MAX_LINE_CHARS
        return text if cut <= 0 else f"{text[:MAX_LINE_CHARS]}… ({cut} more)"

    def formatMessage(self, record: logging.LogRecord) -> str:
        return self.clean(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:
        lines = super().formatException(ei).splitlines()
        return "\n".join(map(self.clean, lines[-MAX_TRACE_LINES:]))  # the last ones say what it was


class TextFormatter(_Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        fields = [str(getattr(record, name)) for name in _FIELDS if hasattr(record, name)]
        told = f" ({request_id.get()})" if request_id.get() else ""
        return " ".join((super().format(record), *fields)) + told


class JsonFormatter(_Formatter):
    """One JSON object a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage()),
        }
        if request_id.get():
            said["request_id"] = request_id.get()
        said |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def set_up(config: Config) -> None:
    """[main thread]"""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((JsonFormatter if config.json_log else TextFormatter)(secrets_of(config)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("relay").setLevel(config.log_level.upper())
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # it warns of each try to reach a collector
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of each request that cannot be read


def secrets_of(config: Config) -> list[str]:
    """[any]"""
    urls = [each for each in (config.database_url, config.bus_url, config.smtp_url) if each]
    passwords = [word for url in urls if (word := urlsplit(url).password)]
    return [
        *passwords,
        *(unquote(each) for each in passwords),
        *(value for name, value in config.storage_keys.items() if "SECRET" in name),
        *(each.client_secret for each in config.upstreams),
    ]
