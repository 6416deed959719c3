"""The relay's command line: one module a command, each a parser and what it does."""
