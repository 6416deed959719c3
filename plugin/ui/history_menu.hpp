/* Whose History is shown: the plugin's own, or of a Ring that is gone. A button with a menu, right of the tabs. */
#ifndef SIDECHAIN_UI_HISTORY_MENU_HPP
#define SIDECHAIN_UI_HISTORY_MENU_HPP

#include "canvas.hpp"
#include "menu.hpp"
#include "sidechain_window.h"

#include <vector>

namespace ui {

class HistoryMenu {
public:
    enum class Pressed { kElsewhere, kHere, kChosen };

    bool open() const { return open_; }
    void close() { open_ = false; }

    bool hear(const sc_event &event); /* true when it answers what was asked here */
    /* kChosen: `ring` is what was; without a generation: the plugin's own. */
    Pressed press(const Layout &layout, const Pointer &pointer, sc_client *client, sc_earlier &ring);
    /* shown: of what is shown now; without a generation: the plugin's own. */
    void draw(Canvas &canvas, const Layout &layout, const Pointer &pointer, const sc_earlier &shown, uint64_t now_us) const;

private:
    std::vector<MenuLine> lines(const sc_earlier &shown, uint64_t now_us) const;
    Box box(const Layout &layout) const;

    std::vector<sc_earlier> rings_; /* those that sounded last come first */
    uint64_t asked_ = 0;
    bool open_ = false, told_ = false;
};

} // namespace ui
#endif
