"""What the relay is measured beside: other frameworks doing the same work. Nothing here is shipped."""
