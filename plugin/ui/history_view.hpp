/* Draws the History: waveform with bars above and time below it, all that is in reach, what is chosen. Draws only what is in
   sight, and decides nothing. */
#ifndef SIDECHAIN_UI_HISTORY_VIEW_HPP
#define SIDECHAIN_UI_HISTORY_VIEW_HPP

#include "bar_map.hpp"
#include "canvas.hpp"
#include "peak_tiles.hpp"
#include "ring_view.hpp"
#include "selection.hpp"
#include "viewport.hpp"

#include <string>

namespace ui {

class HistoryView {
public:
    struct Shown {
        const Viewport &viewport;
        const PeakTiles &tiles;
        const BarMap &bars;
        const Selection &selection;
        const RingView &ring;
        const Pointer &pointer;
        double oldest, newest, rate_hz;
        double heard; /* the frame that is listened to; below 0: nothing is */
        bool listens, can_listen, can_keep_all;
        std::string chosen, hint;     /* what is chosen; what the keys of now would do */
        std::string notice, start;    /* over the waveform: why there is so little of it, and the button that mends it */
    };
    void draw(Canvas &canvas, const Layout &layout, const Shown &shown);

    /* Quiet music is drawn larger, in steps: how much just now, in dB. Eased by pass(); true while it moves. */
    float gain_db() const { return wanted_db_; }
    bool pass(float seconds);

private:
    struct Columns;
    void draw_wave(Canvas &canvas, const Box &box, const Shown &shown);
    void choose_gain(float loudest);

    float wanted_db_ = 0.0f, shown_db_ = 0.0f;
};

/* The frames of a column in the overview, and where a frame stands in it. */
double overview_frame(const Box &overview, const HistoryView::Shown &shown, double x);

} // namespace ui
#endif
