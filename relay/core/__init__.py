"""What the relay decides, as pure functions and tables: values and `now_us` in, decisions out. No I/O, no clock."""
