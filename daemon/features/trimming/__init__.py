"""A part of a Take as a Take of its own."""
