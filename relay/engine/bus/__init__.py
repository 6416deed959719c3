"""The wire between the processes of one relay: nothing is stored on it, and nothing that must arrive goes over it."""
