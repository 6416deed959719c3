"""The loaded plugins and their Rings."""
