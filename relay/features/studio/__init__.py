"""What pages need to make loops, songs, patterns and machines sound: the kit's frames, and what there is of sounds and chords."""
