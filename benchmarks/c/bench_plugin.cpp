/* bench_plugin FORMAT BINARY BUNDLE INSTANCES FRAMES SECONDS ADDRESS LIBZMQ: what one cycle of a host costs that has so many
   instances of the built plugin, by the format's own process(), beside the same bytes moved otherwise:

     copy      memcpy of each block: input to output, and both channels into private memory as large as a Ring
     plugin    process() of each instance: input to output, and into its Ring
     message   memcpy of input to output, and zmq_send of both channels to a PULL socket in another process

   The three take turns within each cycle's time, in random order. Prints one JSON object: for each the nanoseconds of one
   instance at p50, p99 and p99.9. */
#include "formats.hpp"

extern "C" {
#include "zmq_load.h"
}

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <pthread.h>
#include <vector>

namespace {

constexpr double kRateHz = 48000.0;
constexpr size_t kHistoryFrames = 1u << 21;
constexpr int kWarmUp = 50;
enum Way { kCopy, kPlugin, kMessage, kWays };
constexpr const char *kNames[kWays] = {"copy", "plugin", "message"};

struct Track { /* of one instance */
    std::unique_ptr<Plugin> plugin;
    std::vector<float> both; /* input: one channel behind the other, so that one message holds them */
    std::vector<float> out[2];
    float *areas[2]; /* of its private history, one for each channel */
};

struct Bench {
    std::vector<Track> tracks;
    std::vector<uint32_t> ns[kWays];
    sc_zmq zmq;
    void *socket;
    uint32_t frames;
    uint64_t cycles, dropped = 0;
};

uint64_t now_ns()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

void sleep_until(uint64_t at_ns)
{
    const timespec at = {static_cast<time_t>(at_ns / 1000000000u), static_cast<long>(at_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) continue;
}

void pass_on(Track &track, size_t bytes)
{
    for (int i = 0; i < 2; i++) std::memcpy(track.out[i].data(), track.both.data() + i * track.both.size() / 2, bytes);
}

void hand_over(Bench &b, Track &track, Way way, const Spot &spot)
{
    const size_t bytes = b.frames * sizeof(float);
    if (way == kPlugin) {
        float *in[2] = {track.both.data(), track.both.data() + b.frames}, *out[2] = {track.out[0].data(), track.out[1].data()};
        track.plugin->process(in, out, b.frames, spot);
        return;
    }
    pass_on(track, bytes);
    if (way == kCopy) {
        const size_t at = static_cast<size_t>(spot.frame) % kHistoryFrames;
        for (int i = 0; i < 2; i++) std::memcpy(track.areas[i] + at, track.both.data() + i * b.frames, bytes);
    } else {
        b.dropped += b.zmq.send(b.socket, track.both.data(), 2 * bytes, SC_ZMQ_DONTWAIT) < 0;
    }
}

void *run(void *argument)
{
    Bench &b = *static_cast<Bench *>(argument);
    int order[kWays] = {kCopy, kPlugin, kMessage};
    uint32_t random = 1;
    const double turn_ns = b.frames / kRateHz * 1e9 / kWays;
    const uint64_t start = now_ns();
    for (uint64_t cycle = 0; cycle < b.cycles + kWarmUp; cycle++) {
        for (int turn = 0; turn < kWays; turn++) {
            random = random * 1664525u + 1013904223u;
            std::swap(order[turn], order[turn + static_cast<int>((random >> 16) % static_cast<uint32_t>(kWays - turn))]);
            const Way way = static_cast<Way>(order[turn]);
            sleep_until(start + static_cast<uint64_t>(turn_ns * (static_cast<double>(cycle) * kWays + turn)));
            for (Track &track : b.tracks) std::fill(track.both.begin(), track.both.end(), static_cast<float>(cycle));
            Spot spot;
            spot.playing = true;
            spot.frame = static_cast<int64_t>(cycle * b.frames);
            spot.ppq = static_cast<double>(spot.frame) * 2.0 / kRateHz;
            spot.bar_start_ppq = 4.0 * static_cast<double>(static_cast<int64_t>(spot.ppq / 4.0));
            const uint64_t before = now_ns();
            for (Track &track : b.tracks) hand_over(b, track, way, spot);
            std::atomic_thread_fence(std::memory_order_seq_cst);
            if (cycle >= kWarmUp) b.ns[way].push_back(static_cast<uint32_t>((now_ns() - before) / b.tracks.size()));
        }
    }
    return nullptr;
}

float *private_area()
{
    auto *area = static_cast<float *>(std::malloc(kHistoryFrames * sizeof(float)));
    std::memset(area, 1, kHistoryFrames * sizeof(float)); /* 0 would make it an untouched calloc */
    return area;
}

void open(Bench &b, Library &library, int instances, const char *address, const char *libzmq)
{
    char reason[256] = "";
    if (!sc_zmq_load(libzmq, &b.zmq, reason, sizeof reason)) std::exit((std::fprintf(stderr, "%s\n", reason), 1));
    b.socket = b.zmq.socket(b.zmq.ctx_new(), SC_ZMQ_PUSH);
    const int none = 0;
    b.zmq.setsockopt(b.socket, SC_ZMQ_LINGER, &none, sizeof none);
    if (b.zmq.connect(b.socket, address) != 0) std::exit(1);
    for (auto &ns : b.ns) ns.reserve(b.cycles);
    b.tracks.resize(static_cast<size_t>(instances));
    for (Track &track : b.tracks) {
        track.plugin = library.make();
        track.plugin->activate(kRateHz, b.frames);
        track.both.resize(2 * b.frames);
        for (int i = 0; i < 2; i++) {
            track.out[i].resize(b.frames);
            track.areas[i] = private_area();
        }
    }
}

void report(Bench &b)
{
    std::printf("{\"cycles\": %llu, \"dropped\": %llu", static_cast<unsigned long long>(b.cycles),
                static_cast<unsigned long long>(b.dropped));
    for (int way = 0; way < kWays; way++) {
        auto &ns = b.ns[way];
        std::sort(ns.begin(), ns.end());
        const size_t last = ns.size() - 1;
        std::printf(", \"%s\": [%u, %u, %u]", kNames[way], ns[last / 2], ns[last * 99 / 100], ns[last * 999 / 1000]);
    }
    std::puts("}");
}

} // namespace

int main(int count, char **arguments)
{
    if (count != 9) return 2;
    static Bench b;
    b.frames = static_cast<uint32_t>(std::atoi(arguments[5]));
    b.cycles = static_cast<uint64_t>(std::atof(arguments[6]) * kRateHz / b.frames);
    Library library(arguments[1], arguments[2], arguments[3]);
    open(b, library, std::atoi(arguments[4]), arguments[7], arguments[8]);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run, &b) != 0) return 1;
    const sched_param priority = {10}; /* as bench_ring.c */
    pthread_setschedparam(thread, SCHED_FIFO, &priority);
    pthread_join(thread, nullptr);
    report(b);
    for (Track &track : b.tracks) {
        track.plugin->deactivate();
        track.plugin.reset();
    }
    return 0;
}
