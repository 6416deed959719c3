"""Devices: registered by their key, claimed by an account, and the sign-ins they hold."""
