"""One reader of files that strangers wrote: `reader.read_audio`.

Its rule: use every frame that can be decoded, say truly what is missing, and believe nothing that a header promises.
libsndfile decodes; here the bytes are put in order for it: what stands before the sound is skipped, sizes and counts are
taken from what is there, damaged parts are left out, and files that were joined are read one after another.
"""
