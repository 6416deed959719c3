/* What the window's head says of a sound: measure_sound RATE CHANNELS, interleaved float32 on stdin, pushed in pieces of odd sizes. Prints momentary
   loudness (null: none) and the bands of the last window, of one channel; with a third argument, so many times over, and nothing else: to be timed. */
#include "loudness.hpp"
#include "spectrum.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int count, char **arguments)
{
    if (count < 3) return 2;
    const double rate_hz = std::atof(arguments[1]);
    const auto channels = static_cast<uint32_t>(std::atoi(arguments[2]));
    std::vector<float> samples, mono;
    for (float sample; std::fread(&sample, sizeof sample, 1, stdin) == 1;) samples.push_back(sample);
    ui::Loudness loudness(rate_hz, channels);
    ui::Spectrum spectrum(rate_hz);
    const size_t frames = samples.size() / channels;
    for (size_t at = 0, piece = 1; at < frames; at += piece, piece = piece * 7 % 1021 + 1)
        loudness.push(samples.data() + at * channels, std::min(piece, frames - at));
    for (size_t n = frames - spectrum.frames(); n < frames; n++) mono.push_back(channels == 1 ? samples[n] : 0.5f * (samples[2 * n] + samples[2 * n + 1]));
    if (count == 4) {
        float sum = 0.0f;
        for (int times = std::atoi(arguments[3]); times > 0; times--) sum += spectrum.of(mono)[0];
        return sum > 0.0f;
    }
    double lufs = 0.0;
    if (loudness.momentary(lufs)) std::printf("{\"lufs\": %.6f", lufs);
    else std::printf("{\"lufs\": null");
    std::printf(", \"bands\": [");
    for (size_t band = 0; band < ui::Spectrum::kBands; band++) std::printf("%s%.4f", band ? ", " : "", static_cast<double>(spectrum.of(mono)[band]));
    std::printf("]}\n");
    return 0;
}
