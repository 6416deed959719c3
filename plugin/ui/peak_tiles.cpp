#include "peak_tiles.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr uint64_t kColumns = SC_MAX_PEAK_COLUMNS;
constexpr int kCoarser = 8; /* levels that are looked at in place of one that is not there */
constexpr int kMostTries = 12;

uint64_t tile_frames(int level) { return kColumns << level; }

bool is_hole(const sc_peaks &peaks, uint32_t column) { return peaks.holes[column / 8] >> (column % 8) & 1u; }

} // namespace

int PeakTiles::level_of(double frames_per_column)
{
    return std::max(static_cast<int>(std::floor(std::log2(std::max(frames_per_column, 1.0)))), kFinestLevel);
}

void PeakTiles::forget()
{
    tiles_.clear();
    told_++;
    under_way_ = 0;
}

const PeakTiles::Tile *PeakTiles::tile(int level, uint64_t number) const
{
    const auto found = tiles_.find({level, number});
    if (found == tiles_.end()) return nullptr;
    found->second.used = ++clock_;
    return &found->second;
}

PeakTiles::Peak PeakTiles::peak(double first, double end, int level) const
{
    Peak sum;
    if (end <= 0.0) return sum;
    for (int at = level; at < level + kCoarser; at++) {
        const auto from = static_cast<uint64_t>(std::max(first, 0.0)) >> at;
        const uint64_t to = std::max(from + 1, (static_cast<uint64_t>(end) + (uint64_t{1} << at) - 1) >> at);
        const Tile *of = nullptr;
        uint64_t number = UINT64_MAX;
        for (uint64_t column = from; column < to; column++) {
            if (column / kColumns != number) of = tile(at, number = column / kColumns);
            const auto place = static_cast<uint32_t>(column % kColumns);
            if (!of || !of->peaks || place >= of->peaks->columns || (column + 1) << at > of->peaks->newest_frame) continue;
            const bool hole = is_hole(*of->peaks, place);
            const float low = static_cast<float>(of->peaks->peaks[place].low) / 32767.0f, high = static_cast<float>(of->peaks->peaks[place].high) / 32767.0f;
            sum = sum.known ? Peak{std::min(sum.low, low), std::max(sum.high, high), true, sum.hole && hole} : Peak{low, high, true, hole};
        }
        if (sum.known) return sum;
    }
    return sum;
}

uint64_t PeakTiles::told_until(uint64_t frame, int level) const
{
    const Tile *found = tile(level, frame / tile_frames(level));
    return found && found->peaks ? std::min(found->peaks->newest_frame, found->peaks->end_frame) : frame;
}

/* From the middle outwards: it is what one looks at. */
PeakTiles::Wanted PeakTiles::wanted(double first, double end, int level, uint64_t newest, uint64_t stale) const
{
    if (under_way_ >= kMostAsked || newest == 0 || end <= 0.0) return {};
    const uint64_t frames = tile_frames(level);
    const auto low = static_cast<uint64_t>(std::max(first, 0.0)) / frames;
    const uint64_t high = std::min(static_cast<uint64_t>(end), newest - 1) / frames, middle = (low + high) / 2;
    for (uint64_t away = 0; away <= high - std::min(low, high) + 1; away++)
        for (const uint64_t number : {middle + away, middle - away}) {
            if (number < low || number > high) continue;
            const Tile *there = tile(level, number);
            const Wanted found = {level, number * frames, (number + 1) * frames};
            if (!there) return found;
            if (there->asked || there->tries >= kMostTries) continue;
            const sc_peaks *peaks = there->peaks.get();
            const uint64_t told = peaks ? std::min(peaks->newest_frame, peaks->end_frame) : 0, now = std::min(newest, found.end_frame);
            if (!peaks || peaks->coarse || (told < now && (now - told > stale || now == found.end_frame))) return found;
        }
    return {};
}

void PeakTiles::asked(const Wanted &wanted, uint64_t id)
{
    Tile &of = tiles_[{wanted.level, wanted.first_frame / tile_frames(wanted.level)}];
    of.asked = id;
    of.used = ++clock_;
    under_way_++;
}

bool PeakTiles::answered(const sc_event &event)
{
    if (event.kind != SC_EVENT_PEAKS && event.kind != SC_EVENT_ASK_FAILED) return false;
    for (auto &[key, of] : tiles_) {
        if (event.id == 0 || of.asked != event.id) continue;
        of.asked = 0;
        under_way_--;
        const bool told = event.kind == SC_EVENT_PEAKS;
        of.tries = told && !event.peaks.coarse ? 0 : of.tries + 1;
        if (told) of.peaks = std::make_unique<sc_peaks>(event.peaks), told_++;
        make_room();
        return true;
    }
    return false;
}

void PeakTiles::make_room()
{
    while (tiles_.size() > kMostTiles) {
        const auto oldest = std::min_element(tiles_.begin(), tiles_.end(), [](const auto &one, const auto &other) {
            return (one.second.asked ? UINT64_MAX : one.second.used) < (other.second.asked ? UINT64_MAX : other.second.used);
        });
        tiles_.erase(oldest);
    }
}

} // namespace ui
