"""With what somebody begins in the studio, and how it looks to them."""
