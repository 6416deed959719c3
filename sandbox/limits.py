"""What a process in the sandbox may cost, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a process may cost. cpu_s None: whoever asks it limits its time."""

    address_bytes: int = 1 << 30
    cpu_s: int | None = 60
    output_bytes: int = 512 << 20  # of one file


ONE_JOB = Limits()
"""Of a process that does one job and ends."""
