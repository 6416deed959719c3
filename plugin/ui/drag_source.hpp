/* A file dragged out of the window into another program's: what a system has to do for it, and the one way it does. For X11:
   drag_source_x11.cpp; for Windows: drag_source_windows.cpp; for others: a file that has begin() of its own. */
#ifndef SIDECHAIN_UI_DRAG_SOURCE_HPP
#define SIDECHAIN_UI_DRAG_SOURCE_HPP

#include <cstdint>
#include <memory>
#include <string>

namespace ui {

/* One drag, from the press of the button to its end. All of it is called on the UI thread, and returns at once: whoever is
   asked for something, another program or the system, is waited for elsewhere, and only for so long. */
class DragSource {
public:
    enum class State {
        kNobody,   /* there is nobody under the pointer who takes things */
        kRefusing, /* there is, and it does not take this */
        kTaking,
        kDropping, /* let go; it is being handed over, or waits for the file */
        kFetched,  /* it has been told where the file is, and only has to say that it is done */
        kTaken,    /* the ends: */
        kNotTaken,
        kTooEarly  /* let go before the file was there, where a drop cannot wait for it */
    };

    /* The button was pressed in `window`, the system's own handle, at time_ms of the system's events. nullptr where nothing
       can be dragged. */
    static std::unique_ptr<DragSource> begin(uintptr_t window, uint32_t time_ms);

    virtual ~DragSource() = default; /* lets go, if it has not ended */

    /* x, y: pixels from that window's upper left corner, also outside of it. */
    virtual void move(int x, int y, uint32_t time_ms) = 0;
    virtual void drop(int x, int y, uint32_t time_ms) = 0;
    virtual void cancel() = 0;

    /* The file is there: it may come after the drop, on X11. Or there will be none. */
    virtual void offer(const std::string &path) = 0;
    virtual void withdraw() = 0;

    virtual State state() const = 0;

protected:
    DragSource() = default;
};

} // namespace ui
#endif
