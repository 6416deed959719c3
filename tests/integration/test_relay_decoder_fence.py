"""What decodes a stranger's bytes can neither call out nor read anything but its job; and says so where it cannot be so."""

import asyncio
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from relay.core.refusal import Refusal
from relay.engine.sandbox.sandbox import Part
from relay.services.posts import Figures
from relay.services.production import LOSSLESS_FILE, PREVIEW_FILE, Job, Production
from tests.support.loops import short_flac
from tests.support.relay import running_relay

LIMIT_S = 30
TRIES = """
import ctypes, json, os, socket, sys
from pathlib import Path
import relay.services.production_child
from relay.services import fence
folder, other = Path(sys.argv[1]), Path(sys.argv[2])
open_before = os.open(folder, os.O_PATH)
standing = fence.put_up(folder)
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

files = {
    "write here": lambda: (folder / "made").write_bytes(b"made"),
    "read here": lambda: (folder / "made").read_bytes(),
    "read another file": other.read_bytes,
    "read a password file": Path("/etc/passwd").read_bytes,
    "read the relay's memory": Path(f"/proc/{os.getppid()}/environ").read_bytes,
    "read by a way up": (folder / ".." / other.name).read_bytes,
    "read through a descriptor": lambda: os.open(f"../{other.name}", os.O_RDONLY, dir_fd=open_before),
    "write elsewhere": lambda: (folder.parent / "made").write_bytes(b""),
    "change another file": lambda: other.open("ab"),
    "list a folder": lambda: os.listdir("/"),
    "link another file": lambda: os.link(other, folder / "linked"),
    "delete another file": other.unlink,
}
calls = {
    "TCP": socket.socket,
    "IPv6": lambda: socket.socket(socket.AF_INET6),
    "UDP": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "local socket": lambda: socket.socket(socket.AF_UNIX),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "socket pair": socket.socketpair,
    "fork": os.fork,
    "clone3": lambda: call(435, None, 0),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "names of its own": lambda: libc.unshare(0x10000000) and call(435, None, 0),
}
tries = (files if "files" in standing else {}) | (calls if "calls" in standing else {})
outcome = {}
for name, attempt in tries.items():
    try:
        attempt()
        outcome[name] = 0
    except OSError as error:
        outcome[name] = error.errno
print(json.dumps({"standing": standing, "outcome": outcome}))
"""
ALLOWED = {"write here", "read here"}


def test_a_decoder_can_open_no_socket_and_no_other_file(tmp_path: Path) -> None:
    folder, other = tmp_path / "job", tmp_path / "secret"
    folder.mkdir()
    other.write_bytes(b"secret")
    ran = subprocess.run(
        [sys.executable, "-c", TRIES, str(folder), str(other)],
        capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    if not {Part.FILES, Part.CALLS} & set(said["standing"]):
        pytest.skip("this kernel has neither landlock nor seccomp")
    done = {name for name, number in said["outcome"].items() if number == 0}
    assert done <= ALLOWED and (done == ALLOWED or Part.FILES not in said["standing"])
    assert {said["outcome"][n] for n in said["outcome"].keys() - done} <= {
        errno.EACCES,
        errno.EPERM,
        errno.EXDEV,
    }
    assert other.read_bytes() == b"secret"


async def test_the_decoder_that_runs_is_behind_the_fence(tmp_path: Path) -> None:
    """Its upload is a pipe that nothing comes through, so that it can be looked at."""
    async with making(tmp_path) as (pipe, figures):
        status = Path(f"/proc/{await decoder()}/status").read_text()
        os.write(pipe, b"no audio")
        os.close(pipe)
        with pytest.raises(Refusal):  # and it could say so
            await figures
    assert ("Seccomp:\t2" in status, "NoNewPrivs:\t1" in status) == (Part.CALLS in standing(), True)


@pytest.mark.parametrize(
    ("form", "subtype", "rate_hz", "channels"),
    [("WAV", "FLOAT", 44_100, 1), ("AIFF", "PCM_16", 96_000, 2), ("OGG", "VORBIS", 48_000, 2), ("MP3", None, 22_050, 1),
     ("FLAC", "PCM_24", 8_000, 2)],
)  # fmt: skip
async def test_what_is_sound_is_decoded_behind_the_fence(
    tmp_path: Path, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    tone = 0.9 * np.sin(np.arange(rate_hz) * 0.1)[:, None].repeat(channels, axis=1)
    with (tmp_path / "upload").open("wb") as file:
        soundfile.write(file, tone, rate_hz, format=form, subtype=subtype)
    production = Production()
    try:
        figures = await production.run(job_in(tmp_path))
    finally:
        await production.close()
    assert figures.sample_rate_hz == rate_hz and {p.name for p in tmp_path.iterdir()} == {
        "upload", PREVIEW_FILE, LOSSLESS_FILE,
    }  # fmt: skip


async def test_what_we_cannot_write_is_not_the_audios_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "upload").write_bytes(short_flac(1000))
    (tmp_path / PREVIEW_FILE).mkdir()
    production = Production()
    try:
        with pytest.raises(Refusal) as refusal:
            await production.run(job_in(tmp_path))
    finally:
        await production.close()
    assert refusal.value.code == "internal" and "IsADirectoryError" in caplog.text


async def test_a_decoder_killed_by_others_is_asked_once_more(tmp_path: Path) -> None:
    async with making(tmp_path) as (pipe, figures):
        await killed(await decoder())
        await decoder()
        await asyncio.to_thread(os.write, pipe, short_flac(1000))
        os.close(pipe)
        assert (await figures).frames == 1000
    async with making(tmp_path) as (_, figures):
        await killed(await decoder())
        await killed(await decoder())
        with pytest.raises(Refusal, match="within our limits"):
            await figures


@contextlib.asynccontextmanager
async def making(folder: Path) -> AsyncIterator[tuple[int, "asyncio.Task[Figures]"]]:
    """A post being made of what comes through a pipe: its end to write to, and what will be."""
    upload = folder / "upload"
    upload.unlink(missing_ok=True)
    os.mkfifo(upload)
    production = Production()
    figures = asyncio.create_task(production.run(job_in(folder)))
    pipe = os.open(upload, os.O_RDWR)
    try:
        yield pipe, figures
    finally:
        with contextlib.suppress(OSError):  # closed by now
            os.close(pipe)
        figures.cancel()
        await production.close()


async def decoder() -> int:
    """The child of this process that reads its upload, once there is one."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                with contextlib.suppress(FileNotFoundError):  # it ends just now
                    if any(file.readlink().name == "upload" for file in Path("/proc", pid, "fd").iterdir()):
                        return int(pid)
            await asyncio.sleep(0.01)


async def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(LIMIT_S):
        while Path("/proc", str(pid)).exists():
            await asyncio.sleep(0.01)


def job_in(folder: Path) -> Job:
    return Job(
        folder=str(folder), upload_file="upload", title="", bpm=None, key=None, duration_bars=None, bar_frames=[]
    )  # fmt: skip


def standing(*before: str) -> set[str]:
    """What the fence's own program says, run behind `before`."""
    ran = subprocess.run(
        [*before, sys.executable, "-m", "relay.engine.sandbox.sandbox"],
        capture_output=True, text=True, timeout=LIMIT_S, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("call", "when", "lost"),
    [
        ("landlock_create_ruleset", "1+", {Part.FILES}),
        ("landlock_restrict_self", "1+", {Part.FILES}),
        ("prctl", "1+", {Part.PRIVILEGES, Part.CALLS, Part.FILES}),
        ("prctl", "2+", {Part.CALLS}),
    ],
)
def test_a_kernel_that_lacks_a_part_is_told_of_as_it_is(call: str, when: str, lost: set[Part]) -> None:
    strace = shutil.which("strace")
    assert strace, "strace is missing: apt-get install strace"
    inject = f"inject={call}:error=EOPNOTSUPP:when={when}"
    assert standing(strace, "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject) == standing() - lost


def test_the_health_page_says_what_stands(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data") as relay:
        told = httpx.get(f"{relay.url}/health/ready", timeout=LIMIT_S, trust_env=False).json()
    assert (told["status"], set(told["decoder"])) == ("ready", standing())
