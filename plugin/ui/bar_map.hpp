/* Where bars begin in the History, as the daemon has told it: marks by frame, which parts are told, what is wanted next; and
   where a place snaps to. No drawing, no client. */
#ifndef SIDECHAIN_UI_BAR_MAP_HPP
#define SIDECHAIN_UI_BAR_MAP_HPP

#include "sidechain_window.h"

#include <cstdint>
#include <vector>

namespace ui {

enum class Snap { kBar, kBeat, kFree };

class BarMap {
public:
    struct Span {
        uint64_t first = 0, end = 0;
        bool empty() const { return first >= end; }
    };

    void forget();
    void take(const sc_marks &marks);
    /* What the window sees by itself behind what was told: bar lines, newest first. */
    void take_live(const std::vector<int64_t> &lines);

    /* The first part of [first, end) that was not told, if any. */
    Span wanted(uint64_t first, uint64_t end) const;
    uint64_t told_until(uint64_t frame) const; /* the end of the told part that holds it; the frame itself when none does */

    const std::vector<sc_mark> &marks() const { return marks_; } /* rising */
    const std::vector<uint64_t> &lines() const { return lines_; } /* frames at which bars begin, rising */
    /* Where a bar line is that stood at `frame` until the last word of it: hosts round, and the daemon is a frame nearer. */
    uint64_t now_at(uint64_t frame) const;
    /* The last mark at or before a frame; nullptr: nothing is known there. */
    const sc_mark *in_force(uint64_t frame) const;

    /* The nearest bar line or beat; the frame itself where there is none near. */
    uint64_t snapped(uint64_t frame, Snap snap, uint64_t most_frames) const;
    /* So many bar lines (or beats) further: negative, back. The frame itself when there are not so many. */
    uint64_t stepped(uint64_t frame, Snap snap, int steps) const;

    /* Whole bars from line to line within; 0 when an end is no bar line, or the transport did not run throughout. */
    uint32_t bars_in(uint64_t first, uint64_t end) const;

private:
    void find_lines();
    std::vector<uint64_t> beats_about(size_t line) const;
    size_t place(uint64_t frame) const; /* of the first mark at or behind it */

    std::vector<sc_mark> marks_;
    std::vector<Span> told_; /* rising, apart */
    std::vector<uint64_t> lines_, live_; /* rising: all bar lines; those of them that only the window has seen */
    std::vector<uint64_t> before_;       /* what lines_ was before the last word of it */
};

} // namespace ui
#endif
