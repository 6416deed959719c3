/* check_formats FORMAT BINARY BUNDLE hold N: opens N instances, lets each hear one block, prints "held", and keeps them until
   its standard input ends.
   check_formats FORMAT BINARY BUNDLE SECONDS SEED: plays noise through one instance in blocks of 0 to 16384 frames, at up to
   16 times real time, while the transport stops, starts, jumps, changes tempo and meter, and renders offline; then once more
   at another rate. Ends with 1 unless all that came out is what went in, to the bit. Prints the calls that a real-time thread
   must not make, counted in process() when built with TRAP; a build with RealtimeSanitizer ends at the first. */
#include "formats.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#ifdef TRAP
extern "C" {
#  include "trap.h"
}
#else
static void trap_arm() {}
static long trap_disarm() { return 0; }
#endif

#if defined(__clang__) && __clang_major__ >= 20
#  define REALTIME [[clang::nonblocking]]
#else
#  define REALTIME
#endif

static constexpr uint32_t kLongest = 16384;
static constexpr double kSpeed = 16.0;

/* The whole of the format's process(), not only ours within it. */
static void process(Plugin &plugin, float **in, float **out, uint32_t frames, const Spot &spot) REALTIME
{
    plugin.process(in, out, frames, spot);
}

static Spot move_on(Spot spot, uint32_t frames, double rate_hz, std::mt19937 &random)
{
    if (spot.playing) {
        spot.frame += frames;
        spot.ppq += frames * spot.bpm / 60.0 / rate_hz;
    }
    switch (random() % 24) {
    case 0: spot.playing = !spot.playing; break;
    case 1: spot.bpm = 60.0 + random() % 120; break;
    case 2: spot.numerator = 3 + static_cast<int>(random() % 5), spot.denominator = 8; break;
    case 3: spot.ppq = random() % 64; break;
    case 4: spot.offline = true; break;
    default: spot.offline = false; break;
    }
    const double bar = spot.numerator * 4.0 / spot.denominator;
    spot.bar_start_ppq = bar * static_cast<double>(static_cast<int64_t>(spot.ppq / bar));
    return spot;
}

static long play(Plugin &plugin, double rate_hz, double seconds, std::mt19937 &random)
{
    std::vector<float> memory[4];
    float *channels[4];
    for (int i = 0; i < 4; i++) memory[i].resize(kLongest), channels[i] = memory[i].data();
    Spot spot;
    spot.playing = true;
    long calls = 0;
    uint64_t played = 0;
    const auto began = std::chrono::steady_clock::now();
    plugin.activate(rate_hz, kLongest);
    while (static_cast<double>(played) < seconds * rate_hz) {
        const uint32_t sizes[] = {0, 1, 64, static_cast<uint32_t>(random() % (kLongest + 1))}, frames = sizes[random() % 4];
        for (int i = 0; i < 2; i++)
            for (uint32_t at = 0; at < frames; at++) memory[i][at] = static_cast<float>(random()) / 4294967296.0f - 0.5f;
        trap_arm();
        process(plugin, channels, channels + 2, frames, spot);
        calls += trap_disarm();
        for (uint32_t i = 0; i < Library::channels(); i++)
            if (frames && std::memcmp(channels[i], channels[2 + i], frames * sizeof(float)) != 0) {
                std::fputs("what came out is not what went in\n", stderr);
                std::exit(1);
            }
        played += frames;
        spot = move_on(spot, frames, rate_hz, random);
        std::this_thread::sleep_until(began + std::chrono::duration<double>(static_cast<double>(played) / rate_hz / kSpeed));
    }
    plugin.deactivate();
    return calls;
}

static void hold(Library &library, int instances)
{
    std::vector<float> memory[4];
    float *channels[4];
    for (int i = 0; i < 4; i++) memory[i].resize(512), channels[i] = memory[i].data();
    std::vector<std::unique_ptr<Plugin>> plugins;
    for (int i = 0; i < instances; i++) {
        plugins.push_back(library.make());
        plugins.back()->activate(48000.0, 512);
        plugins.back()->process(channels, channels + 2, 512, Spot());
    }
    std::puts("held");
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
    for (auto &plugin : plugins) plugin->deactivate();
}

int main(int count, char **arguments)
{
    if (count != 6) return 2;
    if (std::strcmp(arguments[4], "hold") == 0) {
        Library library(arguments[1], arguments[2], arguments[3]);
        hold(library, std::atoi(arguments[5]));
        return 0;
    }
    std::mt19937 random(static_cast<unsigned>(std::atoi(arguments[5])));
    const double seconds = std::atof(arguments[4]);
    long calls = 0;
    {
        Library library(arguments[1], arguments[2], arguments[3]);
        const std::unique_ptr<Plugin> plugin = library.make();
        for (double rate_hz : {48000.0, 48000.0, 96000.0}) calls += play(*plugin, rate_hz, seconds / 3, random);
    }
    std::printf("calls %ld\n", calls);
    return 0;
}
