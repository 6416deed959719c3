"""A folder of links to the takes, for the browser of a DAW."""
