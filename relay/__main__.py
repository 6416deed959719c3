"""`python -m relay`: the command line. Nothing else."""

from relay.app.commands.main import main

if __name__ == "__main__":
    main()
