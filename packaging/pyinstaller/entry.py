"""Where the frozen program starts: the same `sidechain` as the installed one."""

from daemon.cli.main import run

run()
