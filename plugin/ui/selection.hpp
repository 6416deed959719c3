/* What of the History is chosen: the last bars, moving on with what is played, or a span with two handles that snap. */
#ifndef SIDECHAIN_UI_SELECTION_HPP
#define SIDECHAIN_UI_SELECTION_HPP

#include "bar_map.hpp"

#include <string>

namespace ui {

class Selection {
public:
    enum class Handle { kNone, kFirst, kEnd };

    /* The last bars again. */
    void release();
    bool fixed() const { return fixed_; }
    Handle held() const { return held_; }

    uint64_t first() const { return first_; }
    uint64_t end() const { return end_; }
    bool empty() const { return first_ >= end_; }

    /* The last `bars` whole bars, or nothing where there are none; only while it is not fixed. */
    void follow(const BarMap &bars, int count);

    /* Ends that were on bar lines go with them when they are told again. */
    void settle(const BarMap &bars);

    void begin(uint64_t frame);        /* a new one from there, its end held */
    void set(uint64_t first, uint64_t end);
    void take(Handle handle) { held_ = handle; }
    void drag(uint64_t frame);         /* the held handle; past the other one, it is that one that is held */
    void let_go() { held_ = Handle::kNone; }

private:
    uint64_t first_ = 0, end_ = 0;
    bool fixed_ = false;
    Handle held_ = Handle::kNone;
};

/* What is known of a span. Unknown is 0. */
struct Measured {
    uint32_t bars = 0;
    double bpm = 0.0; /* 0, too, where it changes */
    double seconds = 0.0;
};
Measured measured(const BarMap &bars, uint64_t first, uint64_t end, double rate_hz);

std::string words(const Measured &span);        /* "8 bars · 104 BPM · 18.5 s" */
std::string short_words(const Measured &span);  /* "8 bars", "18.5 s" */
std::string seconds_text(double seconds);       /* "0.8 s", "18.5 s", "3:20 min" */
std::string clock_text(double seconds);         /* "0:05", "3:20", "1:02:03" */
std::string tempo_text(double bpm);             /* "104", "92.5" */

} // namespace ui
#endif
