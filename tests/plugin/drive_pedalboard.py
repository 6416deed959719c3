"""pedalboard and pyzmq in one process: the plugin's own ZMTP and pyzmq's libzmq must not meet.

Arguments: the plugin, seconds. Plays the noise through the plugin at up to 16 times real time while pyzmq passes
messages over ipc; prints {"exact": ..., "sent": ..., "echoed": ...} and stays until its standard input ends.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import zmq
from pedalboard import VST3Plugin

from tests.support.hosts import noise

RATE_HZ = 48_000
BLOCK_FRAMES = 512
SPEED = 16


def echo(socket: zmq.Socket[bytes]) -> None:
    while (message := socket.recv()) != b"":
        socket.send(message)


def main() -> None:
    audio = np.ascontiguousarray(noise(int(float(sys.argv[2]) * RATE_HZ)).T)
    exact, sent, echoed = True, 0, 0
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context:
        address = f"ipc://{Path(folder) / 'echo'}"
        with context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
            one.bind(address)
            other.connect(address)
            thread = threading.Thread(target=echo, args=(other,))
            thread.start()
            plugin = VST3Plugin(sys.argv[1])
            for at in range(0, audio.shape[1], BLOCK_FRAMES):
                given = audio[:, at : at + BLOCK_FRAMES]
                came = plugin.process(given, RATE_HZ, buffer_size=BLOCK_FRAMES, reset=False)
                exact = exact and np.array_equal(given.view(np.uint32), came.view(np.uint32))
                one.send(at.to_bytes(8, "big"))
                sent += 1
                echoed += one.recv() == at.to_bytes(8, "big")
                time.sleep(BLOCK_FRAMES / RATE_HZ / SPEED)
            one.send(b"")
            thread.join()
    print(json.dumps({"exact": exact, "sent": sent, "echoed": echoed}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
