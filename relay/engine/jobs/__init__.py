"""Slow work as rows: enqueued with what asks for it, taken once, tried three times, fair between accounts."""
