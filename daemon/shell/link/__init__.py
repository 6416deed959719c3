"""HTTP and the WebSocket to the relay; the feed that came by them."""
