"""`python -m tests.support.hasty_relay …`: a relay whose background tasks run all the time, and whose troubles are soon over."""

from relay.app import build
from relay.app.commands.main import main
from relay.engine import tasks

if __name__ == "__main__":
    build.STRAYS_S = build.SWEEP_S = 0.1
    tasks.RESTART_S, tasks.TROUBLED_S = 0.1, 1.0
    main()
