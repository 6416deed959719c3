"""The command line: thin clients of the control socket, and the commands that work on files."""
