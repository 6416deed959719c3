"""The way to the relay: HTTP, resumable uploads, what this device asks.

httpx imports its own command line wherever that could run, and with it click, rich and pygments: an eighth of the time
that the daemon takes to start. It does without when the import fails, so here it fails.
"""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "import of it halted", says importlib
