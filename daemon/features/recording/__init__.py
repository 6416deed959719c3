"""Sound of a device into a Ring, as a plugin's."""
