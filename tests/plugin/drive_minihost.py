"""A host in a process of its own: minihost (JUCE's host classes) steered by JSON lines, one answer for each.

    {"do": "play", ...}    the fields of Stretch: blocks of noise under a scripted transport; answers "exact": the output
                           was the input to the bit. With "save": the output, as a .npy file of this name
    {"do": "set", "name": "Keep", "value": 1.0}   normalized; heard at the next block
    {"do": "get", "name": "Link"}                 answers "text"
    {"do": "idle"}                                a block of silence at real time, transport stopped
    {"do": "state"}                               answers "state" (hex) and "text"
    {"do": "restore", "state": "..."}
    {"do": "offline", "on": true}
    {"do": "track", "name": "Bass"}
    {"do": "reset"}                               deactivates and activates
    {"do": "open", "rate_hz": 48000, "block_frames": 512}    another instance of the plugin; the newest is played
    {"do": "close"}                                          the newest goes
Not a test: tests.support.hosts starts it and knows what was played.
"""

import json
import sys
import time
from typing import Any

import minihost
import numpy as np

from tests.support.hosts import Stretch, noise


class Host:
    def __init__(self, path: str, channels: int) -> None:
        self.path, self.channels = path, channels
        self.plugins: list[Any] = []
        self.rate_hz, self.block_frames = 48_000, 512
        self.heard = 0  # frames of noise played so far: the next stretch goes on from there

    def open(self, rate_hz: int, block_frames: int) -> dict[str, Any]:
        self.rate_hz, self.block_frames = rate_hz, block_frames
        self.plugins.append(
            minihost.Plugin(
                self.path,
                sample_rate=rate_hz,
                max_block_size=block_frames,
                in_channels=self.channels,
                out_channels=self.channels,
            )
        )
        return {"latency": self.plugins[-1].latency_samples}

    def play(self, stretch: Stretch, save: str | None) -> dict[str, Any]:
        plugin = self.plugins[-1]
        audio = noise(self.heard + stretch.frames)[self.heard :].T[: self.channels]
        began, exact, out = time.monotonic(), True, np.empty_like(audio)
        for at, frames, place in stretch.blocks(self.rate_hz, self.block_frames):
            plugin.set_transport(
                bpm=stretch.bpm,
                time_sig_num=stretch.meter[0],
                time_sig_denom=stretch.meter[1],
                position_samples=place.project_frame,
                position_beats=place.ppq,
                is_playing=stretch.playing,
                is_recording=stretch.recording,
                is_looping=stretch.loop_ppq is not None,
                loop_start=stretch.frame_of(stretch.loop_ppq[0], self.rate_hz) if stretch.loop_ppq else 0,
                loop_end=stretch.frame_of(stretch.loop_ppq[1], self.rate_hz) if stretch.loop_ppq else 0,
            )
            given = np.ascontiguousarray(audio[:, at : at + frames])
            heard = np.full_like(given, np.nan)
            plugin.process(given, heard)
            out[:, at : at + frames] = heard
            exact = exact and np.array_equal(given.view(np.uint32), heard.view(np.uint32))
            ahead_s = (at + frames) / self.rate_hz / stretch.speed - (time.monotonic() - began)
            if ahead_s > 0.002:
                time.sleep(ahead_s)
        self.heard += stretch.frames
        if save:
            np.save(save, out.T)
        return {"exact": exact}

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        match command.pop("do"):
            case "open":
                return self.open(**command)
            case "close":
                self.plugins.pop().close()
                return {}
            case "play":
                save = command.pop("save", None)
                return self.play(Stretch(**command), save)
            case "set":
                plugin = self.plugins[-1]
                plugin.set_param_by_name(command["name"], command["value"])
                return {}
            case "get":
                plugin = self.plugins[-1]
                index = plugin.find_param(command["name"])
                return {"text": plugin.param_to_text(index, plugin.get_param(index))}
            case "idle":
                self.plugins[-1].set_transport(bpm=120.0, is_playing=False)
                silence = np.zeros((self.channels, self.block_frames), dtype=np.float32)
                self.plugins[-1].process(silence, np.empty_like(silence))
                time.sleep(self.block_frames / self.rate_hz)
                return {}
            case "state":
                state = self.plugins[-1].get_state()
                return {"state": state.hex(), "text": state.decode("latin-1")}
            case "restore":
                self.plugins[-1].set_state(bytes.fromhex(command["state"]))
                return {}
            case "track":
                self.plugins[-1].set_track_properties(name=command["name"])
                return {}
            case "reset":
                self.plugins[-1].reset()
                return {}
            case "offline":
                self.plugins[-1].non_realtime = command["on"]
                return {}
            case other:
                raise ValueError(f"There is no command {other}.")


def main() -> None:
    host = Host(sys.argv[1], int(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(host.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
