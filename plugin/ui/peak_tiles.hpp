/* Pictures of the History as the daemon has told them, in tiles of SC_MAX_PEAK_COLUMNS columns, each of a power of two of
   frames, and which tile is wanted next. No drawing, no client. */
#ifndef SIDECHAIN_UI_PEAK_TILES_HPP
#define SIDECHAIN_UI_PEAK_TILES_HPP

#include "sidechain_window.h"

#include <cstdint>
#include <map>
#include <memory>

namespace ui {

class PeakTiles {
public:
    struct Peak {
        float low = 0.0f, high = 0.0f;
        bool known = false; /* it was told */
        bool hole = false;  /* and nothing is there */
    };
    struct Wanted {
        int level = -1;
        uint64_t first_frame = 0, end_frame = 0;
    };
    static constexpr int kFinestLevel = 3; /* 8 frames of a column */
    static constexpr size_t kMostTiles = 192; /* 400 KB */
    static constexpr int kMostAsked = 5;

    static int level_of(double frames_per_column);

    void forget();

    /* The extremes of [first, end) frames at that level; where its tile is not there, at the next coarser one that is. */
    Peak peak(double first, double end, int level) const;
    /* From which frame on nothing was told yet, of the tile of that level that holds `frame`; the frame itself: of none. */
    uint64_t told_until(uint64_t frame, int level) const;

    /* The tile of [first, end) that is to be asked for next: missing, rough, or grown by more than `stale` frames since. */
    Wanted wanted(double first, double end, int level, uint64_t newest, uint64_t stale) const;
    void asked(const Wanted &wanted, uint64_t id);
    bool answered(const sc_event &event); /* false: it is no answer to this */
    uint64_t told() const { return told_; } /* another number as soon as anything else is told */

private:
    struct Tile {
        std::unique_ptr<sc_peaks> peaks; /* none yet: it was asked for */
        uint64_t asked = 0; /* the number under way; 0: none */
        uint64_t used = 0;
        int tries = 0; /* of one that stays rough, or is refused */
    };
    using Key = std::pair<int, uint64_t>; /* level, number from frame 0 on */

    const Tile *tile(int level, uint64_t number) const;
    void make_room();

    mutable std::map<Key, Tile> tiles_;
    mutable uint64_t clock_ = 0;
    uint64_t told_ = 0;
    int under_way_ = 0;
};

} // namespace ui
#endif
