/* What the window draws: the history as peaks, and where bars begin, read from the Ring's own file on the UI thread.
   So a window costs the audio thread nothing. Not a reader to be trusted with Takes: that is the daemon's. */
#ifndef SIDECHAIN_RING_VIEW_HPP
#define SIDECHAIN_RING_VIEW_HPP

#include "sidechain.h"

#include <cstdint>
#include <vector>

class RingView {
public:
    struct Peak {
        float low, high;
    };
    static constexpr uint32_t kPeakFrames = 256;

    ~RingView() { close(); }

    /* Follows the client's newest Ring, and takes in what was written since the last call. */
    void update(const sc_info &info);

    /* What its peaks are known of: [first_frame, end_frame). */
    uint64_t first_frame() const { return taken_ > begun_ + capacity_ / 2 ? taken_ - capacity_ / 2 : begun_; }
    uint64_t end_frame() const { return taken_; }
    double rate_hz() const { return rate_hz_; }
    uint64_t generation() const { return generation_; }
    uint32_t channels() const { return channels_; }

    /* What stands from `first` on, interleaved, in one piece: `frames` is how many are wanted, and then how many these are. nullptr: it
       is not in [first_frame, end_frame). */
    const float *samples(uint64_t first, size_t &frames) const;

    /* Lowest and highest sample of all channels in [begin, end), from whole peaks; silence where nothing is known. */
    Peak peak(int64_t begin, int64_t end) const;

    /* Frames of bar lines, newest first, at most `most`. Empty when the host says no position or stands. */
    std::vector<int64_t> bar_lines(size_t most) const;

private:
    const float *audio() const;
    void open(const sc_info &info);
    void close();

    const uint8_t *base_ = nullptr;
    uint64_t bytes_ = 0, generation_ = 0, capacity_ = 0, begun_ = 0, taken_ = 0;
    uint32_t channels_ = 0;
    double rate_hz_ = 0.0;
    std::vector<Peak> peaks_;
};

#endif
