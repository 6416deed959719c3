"""Accounts of the relay's own: a name and a password, made by invite or by anybody, as the operator decides."""
