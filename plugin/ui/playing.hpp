/* What plays through the host's monitors: a post, a take or a part of the History; and a sound drawn in short. */
#ifndef SIDECHAIN_UI_PLAYING_HPP
#define SIDECHAIN_UI_PLAYING_HPP

#include "canvas.hpp"
#include "sidechain_window.h"

#include <string>

namespace ui {

struct Playing {
    enum State { kNothing, kLoading, kSounding } state = kNothing;
    std::string target;  /* its id */
    float share = 0.0f;  /* that is loaded, then that was heard */

    bool is(const char *id) const { return state != kNothing && target == id; }
    float heard(const char *id) const { return is(id) && state == kSounding ? share : 0.0f; }

    bool follow(sc_client *client); /* whether it has changed, or moves */
    void hear(const sc_event &event);
};

/* The control *Preview in sync*, where lists of what can be played have it. */
void draw_in_sync(Canvas &canvas, const Box &box, bool on, const Pointer &pointer);

/* The loudest samples of a sound, column by column (0 to 127); the part that was heard is lit. */
void draw_outline(Canvas &canvas, const Box &box, const uint8_t *outline, uint32_t columns, float heard);

} // namespace ui
#endif
