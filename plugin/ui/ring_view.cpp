#include "ring_view.hpp"

#include "layout_gen.h"
#include "system.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

template <class T> T field(const uint8_t *at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

uint64_t word(const uint8_t *at)
{
    return __atomic_load_n(reinterpret_cast<const uint64_t *>(at), __ATOMIC_ACQUIRE);
}

struct Position {
    int64_t frame;
    double ppq, bpm, bar_start, bar;
    bool rolls;
};

/* A record that is not being written just now; `rolls` only with all that bar lines need. */
bool read_position(const uint8_t *slot, uint64_t index, Position &position)
{
    constexpr uint32_t kNeeded = SC_TRANSPORT_PLAYING | SC_TRANSPORT_VALID_PPQ | SC_TRANSPORT_VALID_BPM |
                                 SC_TRANSPORT_VALID_METER;
    uint8_t copy[SC_RECORD_BYTES];
    if (word(slot) != 2 * index + 2) return false;
    std::memcpy(copy, slot, sizeof copy);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (word(slot) != 2 * index + 2) return false;
    const uint32_t flags = field<uint16_t>(copy + SC_RECORD_FLAGS_OFFSET);
    if (flags & SC_FLAG_LOOP_RANGE) return false;
    const uint8_t numerator = copy[SC_RECORD_NUMERATOR_OFFSET], denominator = copy[SC_RECORD_DENOMINATOR_OFFSET];
    position.frame = field<int64_t>(copy + SC_RECORD_RING_FRAME_OFFSET);
    position.ppq = field<double>(copy + SC_RECORD_PPQ_OFFSET);
    position.bpm = field<double>(copy + SC_RECORD_BPM_OFFSET);
    position.bar_start = flags & SC_TRANSPORT_VALID_BAR_START ? field<double>(copy + SC_RECORD_BAR_START_PPQ_OFFSET) : 0.0;
    position.bar = denominator ? 4.0 * numerator / denominator : 0.0;
    position.rolls = (flags & kNeeded) == kNeeded && position.bar > 0.0;
    return true;
}

} // namespace

void RingView::close()
{
    if (base_) sys::unmap_file(base_, bytes_);
    base_ = nullptr;
    generation_ = begun_ = taken_ = 0;
    peaks_.clear();
}

void RingView::open(const sc_info &info)
{
    close();
    generation_ = info.generation;
    base_ = sys::map_file(info.run_dir, info.segment, bytes_);
    if (!base_) return;
    capacity_ = info.capacity_frames;
    channels_ = info.channels;
    rate_hz_ = info.sample_rate_hz;
    peaks_.assign(capacity_ / kPeakFrames, Peak{0.0f, 0.0f});
}

const float *RingView::audio() const
{
    return reinterpret_cast<const float *>(base_ + field<uint64_t>(base_ + SC_IDENTITY_AUDIO_OFFSET_OFFSET));
}

const float *RingView::samples(uint64_t first, size_t &frames) const
{
    if (!base_ || first < first_frame() || first >= taken_) return nullptr;
    const uint64_t slot = first & (capacity_ - 1);
    frames = static_cast<size_t>(std::min({static_cast<uint64_t>(frames), taken_ - first, capacity_ - slot}));
    return audio() + slot * channels_;
}

void RingView::update(const sc_info &info)
{
    if (info.generation != generation_) open(info);
    if (!base_) return;
    const float *const audio = this->audio();
    const uint64_t commit = word(base_ + SC_COMMIT_OFFSET) / kPeakFrames * kPeakFrames;
    if (commit > taken_ + capacity_ / 2) begun_ = taken_ = commit - capacity_ / 2; /* the window was not looked at for long */
    for (; taken_ < commit; taken_ += kPeakFrames) {
        const float *from = audio + (taken_ & (capacity_ - 1)) * channels_;
        const auto found = std::minmax_element(from, from + kPeakFrames * channels_);
        peaks_[taken_ / kPeakFrames % peaks_.size()] = {*found.first, *found.second};
    }
}

RingView::Peak RingView::peak(int64_t begin, int64_t end) const
{
    Peak sum{0.0f, 0.0f};
    const auto taken = static_cast<int64_t>(taken_), oldest = taken - static_cast<int64_t>(capacity_ / 2);
    if (end <= std::max(oldest, int64_t{0})) return sum;
    begin = std::max({begin, oldest, int64_t{0}}) / kPeakFrames;
    end = std::min(end, taken) / kPeakFrames;
    for (int64_t i = begin; i < std::max(end, begin + 1) && i * kPeakFrames < taken; i++) {
        const Peak &each = peaks_[static_cast<size_t>(i) % peaks_.size()];
        sum = {std::min(sum.low, each.low), std::max(sum.high, each.high)};
    }
    return sum;
}

std::vector<int64_t> RingView::bar_lines(size_t most) const
{
    std::vector<int64_t> lines;
    if (!base_) return lines;
    const uint64_t count = word(base_ + SC_TIMELINE_COMMIT_OFFSET);
    const uint32_t slots = field<uint32_t>(base_ + SC_IDENTITY_TIMELINE_CAPACITY_OFFSET);
    const uint64_t last = count > slots / 2 ? count - slots / 2 : 0;
    auto until = static_cast<int64_t>(taken_);
    for (uint64_t index = count; index-- > last && lines.size() < most;) {
        Position at;
        if (!read_position(base_ + SC_HEADER_BYTES + index % slots * SC_RECORD_BYTES, index, at)) continue;
        if (at.rolls) {
            const double frames = 60.0 * rate_hz_ / at.bpm; /* of a quarter */
            const double end_ppq = at.ppq + static_cast<double>(until - at.frame) / frames;
            for (double line = std::floor((end_ppq - at.bar_start) / at.bar) * at.bar + at.bar_start;
                 line >= at.ppq && lines.size() < most; line -= at.bar) {
                const auto frame = at.frame + std::llround((line - at.ppq) * frames);
                if (frame < until && (lines.empty() || lines.back() - frame > kPeakFrames)) lines.push_back(frame);
            }
        }
        until = at.frame;
    }
    return lines;
}
