"""The C client (plugin_protocol/c/sidechain.h) for a program that is no plugin and has sound: one Instance, one Ring.

Only what recording needs is bound here. What happens to the Instance the daemon's control socket tells as of any other.
"""

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_int64, c_uint32, c_void_p
from pathlib import Path
from types import TracebackType

from bridge.errors import BridgeError

PLAYING, VALID_PPQ, VALID_BPM, VALID_METER, VALID_BAR_START = (1 << bit for bit in (0, 4, 5, 6, 8))


class Transport(ctypes.Structure):
    """`sc_transport`: of the first frame of a block; a field counts only with its flag."""

    _fields_ = (
        ("flags", c_uint32),
        ("numerator", c_uint32),
        ("denominator", c_uint32),
        ("project_frame", c_int64),
        ("ppq", c_double),
        ("bpm", c_double),
        ("bar_start_ppq", c_double),
        ("loop_start_ppq", c_double),
        ("loop_end_ppq", c_double),
    )


class _Config(ctypes.Structure):
    _fields_ = (
        ("size", c_uint32),
        ("history_frames", c_uint32),
        ("run_dir", c_char_p),
        ("record_only", c_bool),
        ("plugin_version", c_char_p),
        ("plugin_path", c_char_p),
        ("host_name", c_char_p),
        ("track_name", c_char_p),
        ("allocator", c_void_p),
    )


class ClientRefused(BridgeError):
    """The C client did not do what it was asked; its own sentence."""


def _load(library: Path) -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(str(library))
    except OSError as error:
        raise ClientRefused(f"{library} cannot be loaded: {error}") from error
    loaded.sc_result_text.argtypes, loaded.sc_result_text.restype = [c_int], c_char_p
    loaded.sc_client_create.argtypes = [POINTER(_Config), POINTER(c_void_p)]
    loaded.sc_client_activate.argtypes = [c_void_p, c_double, c_uint32, c_uint32]
    loaded.sc_client_process_interleaved.argtypes = [c_void_p, c_void_p, c_uint32, POINTER(Transport)]
    loaded.sc_client_process_interleaved.restype = c_uint32
    for name in ("sc_client_deactivate", "sc_client_destroy"):
        function = getattr(loaded, name)
        function.argtypes, function.restype = [c_void_p], None
    return loaded


class PluginClient:
    """[any, one thread at a time]. Raises ClientRefused."""

    def __init__(
        self, library: Path, *, run_dir: Path, host_name: str, track_name: str, version: str
    ) -> None:
        self._library = _load(library)
        self._client = c_void_p()
        self._shape = (0.0, 0, 0)
        config = _Config(
            size=ctypes.sizeof(_Config),
            run_dir=str(run_dir).encode(),
            plugin_version=version.encode(),
            host_name=host_name.encode(),
            track_name=track_name.encode(),
        )
        self._require(self._library.sc_client_create(ctypes.byref(config), ctypes.byref(self._client)))

    def activate(self, rate_hz: float, channels: int, max_block_frames: int) -> None:
        """Open the Ring. channels: 1 or 2."""
        self._shape = (rate_hz, channels, max_block_frames)
        self._require(self._library.sc_client_activate(self._client, *self._shape))

    def process(self, samples: bytes, frames: int, transport: Transport | None) -> int:
        """Append one block of interleaved float32; how many frames were recorded."""
        told = ctypes.byref(transport) if transport is not None else None
        return int(self._library.sc_client_process_interleaved(self._client, samples, frames, told))

    def note_gap(self) -> None:
        """Sound is missing here: the Ring goes on behind a mark that says so."""
        self._library.sc_client_deactivate(self._client)
        self._require(self._library.sc_client_activate(self._client, *self._shape))

    def close(self) -> None:
        """Say goodbye. Closing twice does no harm."""
        client, self._client = self._client, c_void_p()
        self._library.sc_client_destroy(client)

    def __enter__(self) -> "PluginClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, result: int) -> None:
        if result:
            raise ClientRefused(self._library.sc_result_text(result).decode())
