"""The daemon as a whole: its parts built by hand, started in order, stopped in reverse."""
