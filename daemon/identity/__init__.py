"""Whose this device is: keys, tokens, claiming and giving up."""
