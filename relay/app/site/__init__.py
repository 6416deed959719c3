"""The site's frame: what every page has around it."""
