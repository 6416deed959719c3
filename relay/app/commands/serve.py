"""`relay serve`: run one relay process."""

import argparse

from relay.app.commands.arguments import add_command, add_settings, config_from
from relay.app.config import BadConfig
from relay.app.server import run as serve

EXAMPLES = """
relay serve --data ./relay --dev
relay serve --data /srv/relay --public-url https://relay.example
relay serve --data /tmp/relay --database-url postgresql://relay@db/relay --objects-url 's3://audio?endpoint=http://s3:8333'
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "serve",
        run,
        summary="run the relay; what is done where no command is named",
        text="Run one relay process, until SIGTERM. In brackets: the environment variables that say the same.",
        examples=EXAMPLES,
    )
    add_settings(parser)


def run(given: argparse.Namespace) -> int:
    """Raises BadConfig, OSError where it cannot listen."""
    config = config_from(given)
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise BadConfig("--tls-certificate", "and --tls-key are given both, or neither.")
    if (config.smtp_url is None) != (config.mail_from is None):
        raise BadConfig("--smtp-url", "and --mail-from are given both, or neither.")
    serve(config)
    return 0
