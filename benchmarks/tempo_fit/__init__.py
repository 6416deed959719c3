"""Makes the newer half of audio.analyse.tempo_weights: loops composed at random, what is read in them, and the fit.

python -m benchmarks.tempo_fit.corpus FILE     composes, renders and reads 2,640 loops: some 20 minutes of one core
python -m benchmarks.tempo_fit.fit FILE        prints the weights: some minutes
"""
