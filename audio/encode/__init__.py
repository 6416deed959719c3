"""Files that we write, as bytes: MP3 with a gapless Info frame, FLAC, the header of a WAV; and our MP3 decoded again."""
