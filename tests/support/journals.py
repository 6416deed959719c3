"""A journal followed by hand in tests: a Ring in Python, and what was written of it as the files say it."""

from pathlib import Path

from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile
from daemon.config import Config
from daemon.core.journal import Origin
from daemon.events import Bus
from daemon.features.history.journal import Journal
from daemon.features.history.journal_writer import RingFollower
from daemon.rings.instances import Instance
from daemon.rings.journal_files import Segment, read_frames, read_ring
from tests.support.pair import hello
from tests.support.ringfile import RingWriter, numbered_frames

FILE_BYTES = 1 << 30
RATE_HZ = 48_000
CAPACITY = 1 << 18


def no_limit(size_bytes: int, fresh: bool) -> None:
    """Room for everything."""


def follower(folder: Path, ring: RingFile, *, number: int = 1, next_frame: int = 0) -> RingFollower:
    """What the daemon makes for a Ring."""
    folder.mkdir(exist_ok=True)
    header = ring.header
    origin = Origin(
        instance=header.instance_id.hex(),
        generation=header.generation,
        number=number,
        sample_rate_hz=header.sample_rate_hz,
        channels=header.channels,
        host_name="Test Host",
        track_name="Drums",
        boot_id="this start",
    )
    return RingFollower(folder, ring, origin, next_frame)


def spans(segments: list[Segment]) -> list[tuple[int, int]]:
    """What is there, joined: (first frame, end frame)."""
    found: list[tuple[int, int]] = []
    for segment in segments:
        for chunk in segment.chunks:
            head = chunk.head
            if found and head.first_frame <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], head.end_frame))
            else:
                found.append((head.first_frame, head.end_frame))
    return found


def is_true(folder: Path, ring: RingWriter) -> list[tuple[int, int]]:
    """The spans that the files give; each is, to the bit, what `write_numbered` wrote there."""
    segments = read_ring(folder, verify=True)
    there = spans(segments)
    for first, end in there:
        sound = b"".join(read_frames(segments, first, end))
        assert sound == numbered_frames(first, end - first, ring.header.channels).tobytes()
        assert end <= ring.commit
    return there


class Played:
    """One plugin that writes numbered frames, and the Instance the daemon has of it."""

    def __init__(self, config: Config, number: int = 1) -> None:
        self.ring = RingWriter(config.run, capacity_frames=CAPACITY, instance_id=bytes([number]) * 16)
        peer = Peer(
            instance=self.ring.header.instance_id, pid=1, uid=0, hello=hello(instance=bytes([number]) * 16)
        )
        self.instance = Instance(peer)
        self.instance.ring = RingFile.open(config.run, self.ring.segment)

    def play(self, seconds: float) -> None:
        self.ring.write_numbered(int(seconds * RATE_HZ))


def again(config: Config) -> Journal:
    """The journal of the daemon that is started next."""
    found = Journal(config, Bus())
    found.judge()
    return found


def folder_of(journal: Journal) -> Path:
    (folder,) = (p for p in journal.folder.iterdir() if p.is_dir())
    return folder


def check_all(journal: Journal) -> None:
    """What its rounds do one after the other: read all that is offered."""
    while journal.holdings.is_check_due:
        journal.holdings.check()
