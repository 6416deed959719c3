"""How often instruments, tempi and keys are used in patterns, and which patterns are much played."""
