/* Where things stand in the list of takes, in points. Values only: no drawing. */
#ifndef SIDECHAIN_UI_TAKES_LAYOUT_HPP
#define SIDECHAIN_UI_TAKES_LAYOUT_HPP

#include "layout.hpp"

namespace ui {

/* The field to search in, right of the tabs. */
Box search_box(const Layout &layout);

/* A row, within the list. Edited: the field stands in the place of name and facts. */
struct TakeRowLayout {
    TakeRowLayout(const Box &list, float top);
    static constexpr float kHeight = 64.0f;

    Box whole, play, name, facts, wave, post, more, edit;
};

/* The bar that says what was discarded, at the foot of the list, and the button in it. */
Box undo_bar(const Box &list);
Box undo_button(const Box &bar);

} // namespace ui
#endif
