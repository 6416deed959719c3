"""How the relay is reached: composition root, HTTP routes, the WebSocket and the web pages."""
