/* Draws the head of the window with its tabs, and the recorder: meter, waveform with bar lines, controls, status. */
#ifndef SIDECHAIN_UI_RECORDER_VIEW_HPP
#define SIDECHAIN_UI_RECORDER_VIEW_HPP

#include "canvas.hpp"
#include "hearing.hpp"
#include "ring_view.hpp"
#include "status.hpp"
#include "text_field.hpp"

namespace ui {

struct Controls {
    bool can_fewer, can_more;
    std::string keep; /* what the button says */
    const TextField &title;
    const Pointer &pointer;
};

void draw_head(Canvas &canvas, const Layout &layout, const Status &status, const RingView &ring, const Hearing &hearing, const Pointer &pointer);
void draw_toast(Canvas &canvas, const Box &whole, const std::string &words); /* nothing without words */
void draw_wave(Canvas &canvas, const Box &box, const RingView &ring, int bars);
void draw_controls(Canvas &canvas, const Layout &layout, const Status &status, const Controls &controls);

/* Whether the post button does something now. */
bool can_post(const Status &status);

} // namespace ui
#endif
