"""Who is producing right now, across all processes of a relay: leases, told from one to the others, stored nowhere."""
