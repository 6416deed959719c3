"""A child that listens, for which every sound is one that brings out a mistake of ours: `python -m tests.support.poisoned_child`."""

import msgspec

from relay.engine.sandbox.fork_server import serve
from relay.features.listening.tasks import Failed

if __name__ == "__main__":
    serve(lambda _: msgspec.json.encode(Failed(trace="Traceback:\nZeroDivisionError: of a poisonous file")))
