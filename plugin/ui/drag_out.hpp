/* What is dragged out of the window: from a press on something that can be, through asking the daemon for its file, to the
   drop. How a system drags is drag_source.hpp; where things are, the views know. On the UI thread. */
#ifndef SIDECHAIN_UI_DRAG_OUT_HPP
#define SIDECHAIN_UI_DRAG_OUT_HPP

#include "drag_source.hpp"
#include "layout.hpp"
#include "sidechain_window.h"

namespace ui {

/* A take, a post of the feed, or frames of this plugin's History. */
struct Draggable {
    sc_export_kind kind = SC_EXPORT_TAKE;
    std::string target;                                      /* TAKE, ITEM: its id */
    uint64_t generation = 0, first_frame = 0, end_frame = 0; /* HISTORY */
    std::string name;                                        /* for the person; "": it has none */
};

/* Asks the daemon for its file: a number that the answer carries, or 0. */
uint64_t ask_for_file(sc_client *client, const Draggable &what, bool show);

class DragOut {
public:
    static constexpr double kThreshold = 5.0; /* points that a press may shake without being a drag */

    struct Moved {
        Pointer at;          /* in points */
        int x, y;            /* in the window's pixels */
        uint32_t time_ms;
    };

    void press(const Draggable &what, const Pointer &at, uint32_t time_ms);

    /* Each is true while there is a drag: then nobody else is to hear of the pointer. */
    bool move(const Moved &moved, uintptr_t window, sc_client *client);
    bool release(const Moved &moved);

    void cancel();
    bool hear(const sc_event &event); /* true when it answers what is asked here */
    bool step();                      /* now and then; true when it looks otherwise than before */

    bool dragging() const { return source_ != nullptr; }
    DragSource::State state() const { return state_; }

    std::string words() const;  /* while it lasts: what to do, or "" */
    std::string result();       /* what came of the last one, once; "" when there is nothing to say */

private:
    bool begin(uintptr_t window, sc_client *client);
    void end(bool taken);
    std::string named() const;

    Draggable what_;
    Pointer pressed_;
    bool armed_ = false; /* pressed, and not yet moved far enough */
    uint32_t time_ms_ = 0;
    uint64_t asked_ = 0;
    bool has_file_ = false;
    DragSource::State state_ = DragSource::State::kNobody;
    std::unique_ptr<DragSource> source_;
    std::string result_, note_;
};

} // namespace ui
#endif
