"""`python -m daemon` is `sidechain`."""

from daemon.cli.main import run

run()
