"""What others did that concerns this account, as the relay tells it."""
