"""Takes on the disk and the index of them."""
