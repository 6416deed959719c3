"""Pictures of sound: waveforms, cards, zoom levels."""
