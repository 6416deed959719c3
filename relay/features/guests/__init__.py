"""Accounts that nobody has signed up for yet: made with a token, used, and taken over by whoever signs up, or left."""
