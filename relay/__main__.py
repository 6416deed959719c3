"""`python -m relay`: argv to Config, then run. Nothing else."""

import argparse
import os
import sys
from pathlib import Path

from relay.app.config import DEFAULT_PORT, BadConfig, Config
from relay.app.server import run
from relay.features.accounts.providers import upstreams_of


def read_argv(argv: list[str]) -> Config:
    """Raises BadConfig; argparse exits by itself for what it does not know."""
    parser = argparse.ArgumentParser(
        prog="relay", description="The Sidechain relay: accounts, uploads, feeds."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the database, audio and signing key"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0: any free one (default %(default)s)"
    )
    parser.add_argument("--dev", action="store_true", help="sign in by name only; needs a loopback host")
    parser.add_argument("--public-url", help="what links start with, when it is not the address listened on")
    parser.add_argument(
        "--trusted-proxies",
        default="",
        help="addresses and networks, by commas, whose X-Forwarded-For is believed (default: nobody's)",
    )
    parser.add_argument("--json-log", action="store_true", help="machine-readable lines on stdout")
    given = parser.parse_args(argv)
    if not 0 <= given.port <= 65_535:
        raise BadConfig("--port", f"is a number from 0 to 65535, not {given.port}.")
    return Config(
        data=given.data.absolute(),  # its children work in another folder
        host=given.host,
        port=given.port,
        dev=given.dev,
        public_url=given.public_url,
        json_log=given.json_log,
        trusted_proxies=tuple(each.strip() for each in given.trusted_proxies.split(",") if each.strip()),
        upstreams=upstreams_of(os.environ),
    )


def main() -> None:
    try:
        run(read_argv(sys.argv[1:]))
    except BadConfig as error:
        sys.exit(f"relay: {error}")
    except OSError as error:
        sys.exit(f"relay: cannot listen there: {error.strerror}. Choose another --host or --port.")


if __name__ == "__main__":
    main()
