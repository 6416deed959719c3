"""The LV2 plugin by LV2's own C interface: what time:Position events within a block, and silence between them, become."""

import ctypes
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_uint32, c_void_p
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.shm import RingFile
from plugin_protocol.layout import Flag, Record, RingState
from tests.support.hosts import noise, plugin_bundles
from tests.support.whole import short_folder

RATE_HZ = 48_000
EVENTS_PORT = 4
ATOM, TIME = "http://lv2plug.in/ns/ext/atom#", "http://lv2plug.in/ns/ext/time#"


class Descriptor(Structure):
    _fields_ = (
        ("uri", c_char_p),
        ("instantiate", CFUNCTYPE(c_void_p, c_void_p, c_double, c_char_p, c_void_p)),
        ("connect_port", CFUNCTYPE(None, c_void_p, c_uint32, c_void_p)),
        ("activate", CFUNCTYPE(None, c_void_p)),
        ("run", CFUNCTYPE(None, c_void_p, c_uint32)),
        ("deactivate", CFUNCTYPE(None, c_void_p)),
        ("cleanup", CFUNCTYPE(None, c_void_p)),
        ("extension_data", CFUNCTYPE(c_void_p, c_char_p)),
    )


Map = CFUNCTYPE(c_uint32, c_void_p, c_char_p)


class UridMap(Structure):
    _fields_ = (("handle", c_void_p), ("map", Map))


class Feature(Structure):
    _fields_ = (("uri", c_char_p), ("data", c_void_p))


class Option(Structure):
    _fields_ = (
        ("context", c_uint32),
        ("subject", c_uint32),
        ("key", c_uint32),
        ("size", c_uint32),
        ("type", c_uint32),
        ("value", c_void_p),
    )


class Lv2Host:
    """The plugin's binary, one instance of it, and its ports."""

    def __init__(self, run_dir: Path) -> None:
        bundle = plugin_bundles() / ".lv2" / "sidechain.lv2"
        self._uris: list[bytes] = []
        self._map = Map(self._urid)
        self._urid_map = UridMap(None, self._map)
        self._longest = ctypes.c_int32(1_024)
        options = (Option * 2)(
            Option(
                0,
                0,
                self.urid("http://lv2plug.in/ns/ext/buf-size#maxBlockLength"),
                4,
                self.urid(ATOM + "Int"),
                ctypes.addressof(self._longest),
            ),
            Option(),
        )
        features = (POINTER(Feature) * 3)(  # the third stays NULL
            ctypes.pointer(Feature(b"http://lv2plug.in/ns/ext/urid#map", ctypes.addressof(self._urid_map))),
            ctypes.pointer(Feature(b"http://lv2plug.in/ns/ext/options#options", ctypes.addressof(options))),
        )
        library = ctypes.CDLL(str(bundle / "sidechain.so"))
        library.lv2_descriptor.restype = POINTER(Descriptor)
        self._plugin = library.lv2_descriptor(0).contents
        self._handle = self._plugin.instantiate(
            ctypes.addressof(self._plugin), RATE_HZ, str(bundle).encode() + b"/", ctypes.addressof(features)
        )
        assert self._handle
        self._run_dir, self._heard = run_dir, 0
        self._ports = re.findall(r'lv2:symbol "(\w+)"', (bundle / "sidechain.ttl").read_text())
        self._controls = (c_float * len(self._ports))()
        self._controls[self._ports.index("bars")] = 8.0
        for port in range(EVENTS_PORT + 1, len(self._ports)):
            self._plugin.connect_port(self._handle, port, ctypes.addressof(self._controls) + 4 * port)
        self._plugin.activate(self._handle)

    def _urid(self, _: object, uri: bytes) -> int:
        if uri not in self._uris:
            self._uris.append(uri)
        return self._uris.index(uri) + 1

    def urid(self, uri: str) -> int:
        return self._urid(None, uri.encode())

    def position(self, at: int, /, **fields: float) -> bytes:
        """A time:Position event at a frame of the block; every field as a double."""
        body = struct.pack("<II", 0, self.urid(TIME + "Position"))
        for name, value in fields.items():
            body += struct.pack("<IIIId", self.urid(TIME + name), 0, 8, self.urid(ATOM + "Double"), value)
        return struct.pack("<qII", at, len(body), self.urid(ATOM + "Object")) + body

    def run(self, frames: int, *events: bytes) -> None:
        """One block of the noise. Raises AssertionError unless it comes out to the bit."""
        self.play(np.ascontiguousarray(noise(self._heard + frames)[self._heard :].T), *events)

    def play(self, given: NDArray[np.float32], *events: bytes) -> None:
        """One block of (2, frames). Raises AssertionError unless it comes out to the bit."""
        came = np.full_like(given, np.nan)
        sequence = b"".join(events)
        atom = struct.pack("<IIII", len(sequence) + 8, self.urid(ATOM + "Sequence"), 0, 0) + sequence
        held = ctypes.create_string_buffer(atom, len(atom) + 8)
        for port, channel in enumerate([*given, *came]):
            self._plugin.connect_port(self._handle, port, channel.ctypes.data)
        self._plugin.connect_port(self._handle, EVENTS_PORT, ctypes.addressof(held))
        self._plugin.run(self._handle, given.shape[1])
        assert np.array_equal(given.view(np.uint32), came.view(np.uint32))
        self._heard += given.shape[1]

    def extension(self, uri: bytes) -> int | None:
        found: int | None = self._plugin.extension_data(uri)
        return found

    def reactivate(self) -> None:
        self._plugin.deactivate(self._handle)
        self._plugin.activate(self._handle)

    def freewheel(self, on: bool) -> None:
        self._controls[self._ports.index("freewheel")] = float(on)

    def ring(self) -> RingFile:
        (segment,) = self._run_dir.glob("sdc.*")
        return RingFile.open(self._run_dir, segment.name)

    def records(self) -> list[Record]:
        ring = self.ring()
        try:
            return ring.records()
        finally:
            ring.close()

    def close(self) -> None:
        self._plugin.deactivate(self._handle)
        self._plugin.cleanup(self._handle)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lv2Host]:
    with short_folder() as folder, opened(folder, monkeypatch) as opened_host:
        yield opened_host


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lv2Host]:
    monkeypatch.setenv("SIDECHAIN_RUN_DIR", str(folder))
    lv2_host = Lv2Host(folder)
    try:
        yield lv2_host
    finally:
        lv2_host.close()


def test_a_host_that_tells_nothing_is_not_believed_to_play_at_120(host: Lv2Host) -> None:
    host.run(1_024)
    assert [(r.flags, r.bpm) for r in host.records()] == [(Flag(0), 0.0)]


def test_a_position_within_a_block_begins_at_its_frame_and_is_carried_on(host: Lv2Host) -> None:
    """7/8 at 90 quarters a minute from frame 300 on: half a second later it is 0.75 quarters, 1.5 eighths, further."""
    told = {
        "bar": 4,
        "barBeat": 6.0,
        "beatUnit": 8,
        "beatsPerBar": 7,
        "beatsPerMinute": 90,
        "frame": 96_000,
        "speed": 1,
    }
    host.run(1_024, host.position(300, **told))
    for _ in range(24):
        host.run(1_000)
    records = host.records()
    first = next(r for r in records if r.flags & Flag.PLAYING)
    known = (
        Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_PROJECT_FRAME | Flag.VALID_BAR_START
    )
    assert first.flags & known == known
    assert (first.ring_frame, first.project_frame, first.bpm) == (300, 96_000, 90.0)
    assert (first.numerator, first.denominator) == (7, 8)
    assert (first.bar_start_ppq, first.ppq) == (14.0, 17.0)
    last = records[-1]
    assert last.project_frame - 96_000 == last.ring_frame - 300
    assert last.ppq == pytest.approx(17.0 + (last.ring_frame - 300) * 90 / 60 / RATE_HZ, abs=1e-9)
    assert last.bar_start_ppq == 17.5, "it has crossed one bar line since"
    assert not any(r.flags & Flag.DISCONTINUITY for r in records if r.ring_frame > 300)


def test_a_field_that_is_missing_is_unknown(host: Lv2Host) -> None:
    host.run(1_024, host.position(0, speed=1, frame=480, beatsPerMinute=100))
    (record,) = host.records()
    assert record.flags == Flag.PLAYING | Flag.VALID_BPM | Flag.VALID_PROJECT_FRAME


def test_the_freewheel_port_freezes_the_history(host: Lv2Host) -> None:
    host.run(1_024)
    host.freewheel(True)
    host.run(1_024)
    ring = host.ring()
    assert (ring.state(), ring.indices().commit) == (RingState.FROZEN, 1_024)
    host.freewheel(False)
    host.run(1_024)
    assert (ring.state(), ring.indices().commit) == (RingState.READY, 2_048)
    ring.close()


def test_a_host_that_deactivates_and_activates_loses_no_history(host: Lv2Host) -> None:
    host.run(1_024)
    host.reactivate()
    host.run(1_024)
    ring = host.ring()
    assert (ring.state(), ring.indices().commit) == (RingState.READY, 2_048)
    assert [r.ring_frame for r in ring.records() if r.flags & Flag.GAP] == [1_024]
    ring.close()


def test_a_project_is_given_nothing_to_save_but_the_controls(host: Lv2Host) -> None:
    """So that no identity can be saved with it: the host saves the control ports by itself."""
    assert not host.extension(b"http://lv2plug.in/ns/ext/state#interface")


def test_what_is_no_number_passes_and_is_kept_to_the_bit(host: Lv2Host) -> None:
    """NaN with a payload, infinities, denormals, minus zero: nobody looks at samples on their way."""
    odd = np.array([0x7FC0BEEF, 0xFF800001, 0x7F800000, 0xFF800000, 1, 0x807FFFFF, 0x80000000, 0], np.uint32)
    bits = np.ascontiguousarray(np.stack([np.tile(odd, 8), np.tile(odd[::-1], 8)]))
    host.play(bits.view(np.float32))
    ring = host.ring()
    kept = np.frombuffer(ring.read(0, bits.shape[1]).data, np.uint32).reshape(-1, 2)
    ring.close()
    assert np.array_equal(kept, bits.T)
