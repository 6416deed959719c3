/* Draws the History: waveform with bars above and time below it, all that is in reach, what is chosen. Draws only what is in
   sight, and decides nothing. */
#ifndef SIDECHAIN_UI_HISTORY_VIEW_HPP
#define SIDECHAIN_UI_HISTORY_VIEW_HPP

#include "history_overview.hpp"

namespace ui {

class HistoryView {
public:
    void draw(Canvas &canvas, const Layout &layout, const HistoryShown &shown);

    /* Quiet music is drawn larger, in steps: how much just now, in dB. Eased by pass(); true while it moves. */
    float gain_db() const { return wanted_db_; }
    bool pass(float seconds);

private:
    void draw_wave(Canvas &canvas, const Box &box, const HistoryShown &shown);
    void choose_gain(float loudest);

    HistoryOverview overview_;
    float wanted_db_ = 0.0f, shown_db_ = 0.0f;
};

} // namespace ui
#endif
