"""What is kept of each request: how many of each row ended how, how long they took, and a line in the log."""

import logging

from relay.app.dispatch import method_of, path_of
from relay.core.calls import AnyRow
from relay.engine.metrics import Metrics
from relay.engine.traces import Traces

log = logging.getLogger("relay.requests")

NO_ROW = "none"
"""In place of the address of what has no row: whatever strangers ask for must not become figures of its own."""


class Requests:
    """[loop]"""

    def __init__(self, metrics: Metrics, traces: Traces | None = None) -> None:
        self._traces = traces
        self._count = metrics.counter("relay_requests_total", "Requests answered.", "method", "row", "status")
        self._seconds = metrics.histogram(
            "relay_request_seconds", "From request to end of answer.", "method", "row"
        )

    def note(self, row: AnyRow | None, method: str, status: int, seconds: float) -> None:
        """row: the address with its parameters in braces, never what stood in their place."""
        path = NO_ROW if row is None else path_of(row)
        named = "OTHER" if row is None else method_of(row)
        self._count.add(named, path, str(status))
        self._seconds.observe(named, path, seconds=seconds)
        if self._traces is not None:
            self._traces.name_request(named, path, status)
        if log.isEnabledFor(logging.INFO):
            fields = {
                "method": method,
                "row": path,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
            }
            log.info("answered", extra=fields)
