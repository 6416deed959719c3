/* The source's side of one drag in X11: XDND 5 (freedesktop.org, "Drag-and-Drop Protocol for the X Window System") and its
   selection (ICCCM 2), on a connection of its own. With XCB, because an error of a window that has vanished is then an event
   like others; Xlib would hand it to the host's handler, which may end the host. One thread at a time. */
#ifndef SIDECHAIN_UI_XDND_SOURCE_HPP
#define SIDECHAIN_UI_XDND_SOURCE_HPP

#include "drag_source.hpp"

#include <vector>
#include <xcb/xcb.h>

namespace ui {

class XdndSource {
public:
    static constexpr uint64_t kStatusLimitUs = 10000000; /* that a target, on a busy machine too, has to say whether it takes what was let go over it */
    static constexpr uint64_t kFileLimitUs = 45000000;   /* that the file may take after that */
    static constexpr uint64_t kFinishLimitUs = 20000000; /* that a target may take to fetch what was dropped */
    static constexpr size_t kMaxWaiting = 8;             /* questions that wait for the file */

    /* The button is down over `window` since time_ms. */
    XdndSource(xcb_window_t window, uint32_t time_ms);
    ~XdndSource();
    XdndSource(const XdndSource &) = delete;
    XdndSource &operator=(const XdndSource &) = delete;

    int descriptor() const { return xcb_get_file_descriptor(connection_); }

    void move(int x, int y, uint32_t time_ms); /* pixels from the window's corner */
    void drop(int x, int y, uint32_t time_ms, uint64_t now_us);
    void cancel();
    void offer(const std::string &path, uint64_t now_us);

    /* Answers what has come in, and ends what takes too long. Now and then, and whenever descriptor() can be read. */
    void step(uint64_t now_us);

    DragSource::State state() const;
    bool ended() const { return phase_ == Phase::kTaken || phase_ == Phase::kNotTaken; }

private:
    enum Atom { kAware, kProxy, kSelection, kEnter, kPosition, kStatus, kLeave, kDrop, kFinished, kCopy, kUriList, kTargets, kTimestamp, kAtoms };
    enum class Phase { kDragging, kAsking, kWaitingForFile, kDropped, kTaken, kNotTaken };

    struct Target {
        xcb_window_t window = XCB_NONE, messages = XCB_NONE; /* the latter: its proxy's, or its own */
        uint32_t version = 0;
        bool there() const { return window != XCB_NONE; }
    };

    bool begin(xcb_window_t window);
    void intern();
    void own_selection();
    void grab_keyboard(xcb_window_t window);

    void point(int root_x, int root_y, uint32_t time_ms);
    void let_go(uint64_t now_us);
    void look_at_button(uint64_t now_us);
    Target target_at(int root_x, int root_y);
    Target target_of(xcb_window_t window);
    bool property(xcb_window_t window, Atom name, uint32_t &value);

    void say(Atom what, uint32_t flags = 0, uint32_t second = 0, uint32_t third = 0, uint32_t fourth = 0);
    void enter();
    void tell_position();
    void leave();
    void decide(uint64_t now_us); /* let go: what comes next */
    void end(bool taken);

    void take(const xcb_generic_event_t &event, uint64_t now_us);
    void take_message(const xcb_client_message_event_t &message, uint64_t now_us);
    void answer(const xcb_selection_request_event_t &request, bool refuse);
    void answer_waiting(bool refuse);

    xcb_connection_t *connection_ = nullptr;
    xcb_window_t root_ = XCB_NONE, own_ = XCB_NONE, pressed_in_ = XCB_NONE;
    xcb_atom_t atoms_[kAtoms] = {};
    xcb_keycode_t escape_ = 0;

    Phase phase_ = Phase::kDragging;
    Target target_;
    bool takes_ = false;             /* as the target said last */
    bool asked_ = false;             /* a position was told, and no status has come */
    bool moved_since_ = false;       /* then another is to be told */
    bool served_ = false;            /* the target has the file's name */
    bool fetched_ = false;           /* since the drop: only a word is missing */
    int root_x_ = 0, root_y_ = 0;
    uint32_t time_ms_ = 0;
    uint64_t since_us_ = 0, looked_us_ = 0; /* when the phase began; when the button was looked at */
    bool seen_down_ = false, seen_up_ = false;
    std::string uris_;               /* "": the file is not there yet */
    std::vector<xcb_selection_request_event_t> waiting_;
};

/* "file:///a%20folder/%C3%A4.wav\r\n" (RFC 2483, RFC 8089). */
std::string uri_list(const std::string &path);

} // namespace ui
#endif
