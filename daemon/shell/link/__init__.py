"""HTTP and the WebSocket to the relay; the feed that came by them.

httpx imports its own command line wherever that could run, and with it click, rich and pygments: an eighth of the time
that the daemon takes to start. It does without when the import fails, so here it fails.
"""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "import of it halted", says importlib
