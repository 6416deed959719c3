"""Slow work, for those it is done for: what there is, how far it is, and that it is not wanted any more."""
