"""What a clip is, musically: tempo, key, onsets, the sound of it, and what finds it again."""
