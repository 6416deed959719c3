"""A host in a process of its own: pedalboard (JUCE's host classes) with the VST3 plugin's window open, until standard input ends.

Silence runs through the plugin meanwhile; each line read is answered by what the host has for the parameter Bars. Not a
test: tests/acceptance/test_plugin_window_hosts.py starts it, looks at the screen and clicks. Usage: drive_editor PLUGIN.vst3
"""

import ctypes
import sys
import threading

import numpy as np
import pedalboard

# JUCE asks for a property of a window that is not there yet, and handles X's errors only in programs of its own: Xlib
# would end the process.
X_ERRORS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
PASS_OVER = X_ERRORS(lambda display, error: 0)


def main() -> None:
    ctypes.CDLL("libX11.so.6").XSetErrorHandler(PASS_OVER)
    plugin = pedalboard.load_plugin(sys.argv[1])
    closing = threading.Event()

    def answer_until_the_end() -> None:
        for _ in sys.stdin:
            print(plugin.bars, flush=True)
        closing.set()

    def play() -> None:
        silence = np.zeros((2, 480), np.float32)
        while not closing.wait(0.01):
            plugin.process(silence, 48_000, reset=False)

    for work in (answer_until_the_end, play):
        threading.Thread(target=work, daemon=True).start()
    plugin.show_editor(closing)


if __name__ == "__main__":
    main()
