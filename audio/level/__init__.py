"""How loud a recording becomes: target, gain, limiter, and the closed loop around the encoder."""
