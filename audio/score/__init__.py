"""Music that is written down instead of recorded: loops, songs, patterns and machines.

Each is compiled to one list of timed notes (`compiled`), and the same list is rendered here (`audio.score.render`), played by a
page's script, and written as a MIDI file. Values in, values out: no file, no clock.
"""
