"""What a clip measures: loudness, peaks, and what a producer would want to be warned of."""
