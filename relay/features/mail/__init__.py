"""Mail addresses of accounts, and the letters that go there: of a relay that has a mail server."""
