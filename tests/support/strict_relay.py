"""`python -m tests.support.strict_relay …`: a relay for development whose limits are those of one for the world; but who
does not read is let go within seconds.
"""

from relay.app import answers, engines, http_protocol
from relay.app.commands.main import main

if __name__ == "__main__":
    engines.DEV_FACTOR = 1
    answers.STALL_S = http_protocol.FLUSH_S = 1.0
    main()
