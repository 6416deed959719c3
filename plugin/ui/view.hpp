/* What stands beneath a tab of the window. One view is shown at a time; it gets the events of pointer and keyboard that
   neither the tabs nor the recorder's controls want, and draws itself. All views hear what the client tells.

   To add a tab: a row in layout.hpp (Tab, kTabNames), a View, and its line in window.cpp (Window::views_).
   Everything runs on the UI thread and may ask the client by sidechain_window.h, which never waits. */
#ifndef SIDECHAIN_UI_VIEW_HPP
#define SIDECHAIN_UI_VIEW_HPP

#include "canvas.hpp"
#include "drag_out.hpp"
#include "hearing.hpp"
#include "layout.hpp"
#include "ring_view.hpp"
#include "status.hpp"

namespace ui {

/* What is chosen in the History, for whoever keeps it. fixed: a span; else the last bars. */
struct Chosen {
    bool fixed = false;
    sc_span span = {};
    std::string words; /* "8 bars" */
};

/* The window as its views see it. */
struct Surroundings {
    sc_client *client = nullptr; /* the plugin's; nullptr when the host gives no access to it */
    Layout layout{kMinWidth, kMinHeight, Tab::kFeed};
    Status status;
    RingView ring;
    Hearing hearing; /* of the ring */
    Pointer pointer;
    uint64_t now_us = 0, steady_us = 0; /* Unix time; a clock that nobody sets */
    Chosen chosen;
    int bars = 8; /* the host's controls */
    bool post_on_keep = false, in_sync = false;
};

/* What a view may have the window do. */
class Services {
public:
    virtual void toast(const std::string &words) = 0; /* a line that goes away by itself */
    virtual bool copy(const std::string &text) = 0;   /* to the clipboard */
    virtual void start_sidechain() = 0;
    virtual void claim() = 0; /* in the browser */
    virtual void set_bars(int bars) = 0;              /* controls of the host's; bars is moved into 1 to SC_MAX_BARS */
    virtual void set_in_sync(bool on) = 0;
    virtual void focus_keyboard() = 0; /* keys come to the window, where the host lets them */
    virtual std::string pasted() = 0;  /* the text of the clipboard */
    /* Said in a press on something that can be dragged out of the window: it is, as soon as the pointer has moved. */
    virtual void may_drag(const Draggable &what) = 0;
    virtual void keep(bool posts) = 0; /* what is chosen */
    virtual void grow_choice(int bars) = 0;

protected:
    ~Services() = default;
};

/* held: of DGL_NAMESPACE::Modifier. */
struct Press {
    bool down; /* else the button was let go, wherever the pointer is */
    unsigned held;
    unsigned time_ms;
};

struct Wheel {
    double across, along; /* steps: right, and away from the hand */
    unsigned held;
};

class View {
public:
    View(const Surroundings &around, Services &services) : around_(around), services_(services) {}
    virtual ~View() = default;
    View(const View &) = delete;
    View &operator=(const View &) = delete;

    virtual void draw(Canvas &canvas) = 0;

    /* From the client, also while the view is not shown; true when it answers what this view has asked. */
    virtual bool hear(const sc_event &) { return false; }
    /* Now and then, some 60 times a second; true when it has to be drawn anew. shown: it is. */
    virtual bool step(bool /*shown*/) { return false; }

    /* Each says whether it was meant: what was not is the host's. The pointer is in the surroundings. */
    virtual bool press(const Press &) { return false; }
    virtual bool covers() const { return false; } /* a menu of it lies over everything: presses are its, wherever they are */
    virtual bool moved(unsigned /*held*/) { return false; } /* the pointer */
    virtual bool wheel(const Wheel &) { return false; }
    virtual bool key(unsigned /*key*/, unsigned /*held*/) { return false; }
    virtual bool type(const char * /*text*/) { return false; }
    /* Another tab was chosen, or something else is typed in. */
    virtual void leave() {}
    virtual void pressed_elsewhere() {} /* a control that stands with every tab */

protected:
    const Surroundings &around_;
    Services &services_;
};

} // namespace ui
#endif
