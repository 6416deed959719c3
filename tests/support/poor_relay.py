"""`python -m tests.support.poor_relay …`: a relay that may open few files."""

import resource

from relay.app.commands.main import main
from relay.engine.descriptors import RESERVED

CONNECTIONS = 100

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (RESERVED + CONNECTIONS, RESERVED + CONNECTIONS))
    main()
