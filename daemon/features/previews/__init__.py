"""Posts and Takes, played through a plugin."""
