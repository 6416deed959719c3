"""Traces by OpenTelemetry: what a request or a job waited for, told to a collector by OTLP over HTTP. Of the extra `traces`.

A span has the name of a row, of a kind of job or of a function of ours, and numbers: nothing that somebody said or is called. What strangers send as
a trace's parent is not heard: it would let them choose what is kept. The variables of OpenTelemetry (OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS …) hold.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanKind

SERVICE = "sidechain-relay"
EXPORT_LIMIT_S = 5
"""For one attempt to reach the collector, also of the last when the process ends."""
CLOSING_S = 8.0


class NoTracing(Exception):
    """A sentence: what to install."""


def open_traces(url: str, version: str) -> "Traces":
    """url: of the collector, mostly …:4318/v1/traces. Raises NoTracing. It is no error that nobody is there. [main thread]"""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind, get_current_span
    except ImportError:
        raise NoTracing(
            "Traces need what the relay's extra `traces` brings: pip install 'sidechain[relay,traces]'."
        ) from None
    told = Resource.create({"service.name": SERVICE, "service.version": version})
    provider = TracerProvider(resource=told)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_LIMIT_S)))
    return Traces(provider, SpanKind, get_current_span)


class Traces:
    """Spans of one process; they are sent by a thread of their own, and those that nobody takes are dropped. [loop]"""

    def __init__(
        self, provider: "TracerProvider", kinds: "type[SpanKind]", current: "Callable[[], Span]"
    ) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("relay")
        self._kinds = kinds
        self._current = current

    @contextmanager
    def span(self, name: str, *, serves: bool = False, **attributes: str | int) -> Iterator[Any]:
        """What is begun meanwhile is part of it. A fault is told by its type alone. attributes: __ stands for a point."""
        with self._tracer.start_as_current_span(
            name,
            kind=self._kinds.SERVER if serves else self._kinds.INTERNAL,
            attributes={key.replace("__", "."): value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    def name_request(self, method: str, row: str, status: int) -> None:
        """Of the span that this is part of."""
        span = self._current()
        span.update_name(f"{method} {row}")
        span.set_attributes(
            {"http.request.method": method, "http.route": row, "http.response.status_code": status}
        )

    async def close(self) -> None:
        """What is waiting is sent, if somebody takes it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await asyncio.to_thread(self._provider.shutdown)


def name_of(work: Callable[..., object]) -> str:
    """creations.media.Media._sound, of a function that is written there. [any]"""
    while isinstance(work, partial):
        work = work.func
    module = getattr(work, "__module__", "") or ""
    name = getattr(work, "__qualname__", type(work).__qualname__)
    place = module.removeprefix("relay.").removeprefix("features.")
    return f"{place}.{name.partition('.<locals>')[0]}"
