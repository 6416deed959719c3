"""What happens, told to who listens: events, presence, the WebSocket."""
