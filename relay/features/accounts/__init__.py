"""People: accounts, the browsers they are signed in with, and who else vouches for them."""
