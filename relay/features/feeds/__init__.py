"""Lists of posts."""
