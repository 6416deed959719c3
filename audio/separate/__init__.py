"""A mix taken apart. What is here needs no model and is called what it is: signal processing."""
