"""What a command tells: progress on stderr, its result on stdout, in sentences or as JSON."""

import json
import sys
import time
from collections.abc import Mapping

EVERY_S = 0.5
"""So often at most progress is said, so that a log is not filled with it."""


class Report:
    """as_json: each line is an object, also those of progress."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._said_s = 0.0

    def progress(self, what: str, done: int, total: int) -> None:
        """done of total; the last one is always said."""
        now_s = time.monotonic()
        if done < total and now_s - self._said_s < EVERY_S:
            return
        self._said_s = now_s
        if self._as_json:
            print(json.dumps({"progress": what, "done": done, "total": total}), file=sys.stderr, flush=True)
        else:
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    def result(self, sentences: list[str], values: Mapping[str, object]) -> None:
        """sentences for people, values for programs: the same content."""
        print(json.dumps(values) if self._as_json else "\n".join(sentences), flush=True)
