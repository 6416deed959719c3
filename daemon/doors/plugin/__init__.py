"""The plugin socket: windows and buttons in the DAW ask here."""
