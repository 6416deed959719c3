"""The control socket: command line, tray and demonstration ask here."""
