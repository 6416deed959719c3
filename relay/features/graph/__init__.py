"""Who follows whom, and who blocks whom."""
