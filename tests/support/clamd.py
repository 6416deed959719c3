"""ClamAV's own daemon, with one signature, written here: the EICAR test file's. Nothing is downloaded for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.deadlines import HANG_S
from tests.support.relay import ROOT

PROGRAM = ROOT / ".build" / "clamd" / "clamd"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n"
"""In a file of any type (0), anywhere in it (*)."""
SETTINGS = """Foreground yes
MaxThreads 2
StreamMaxLength {most_bytes}
DatabaseDirectory {folder}
LocalSocket {folder}/socket
"""


@asynccontextmanager
async def clamd(folder: Path, *, most_bytes: int = 25 << 20) -> AsyncIterator[Path]:
    """The socket at which it listens. most_bytes: of one stream."""
    folder.mkdir()
    (folder / "own.ndb").write_text(SIGNATURE)
    settings = folder / "clamd.conf"
    settings.write_text(SETTINGS.format(folder=folder, most_bytes=most_bytes))
    running = await asyncio.create_subprocess_exec(
        PROGRAM, "-c", settings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        assert running.stdout is not None
        said = b""
        async with asyncio.timeout(HANG_S):
            while b"Self checking" not in said:  # the last that it says before it serves
                line = await running.stdout.readline()
                assert line, said.decode()
                said += line
        yield folder / "socket"
    finally:
        if running.returncode is None:
            running.terminate()
        await running.communicate()
