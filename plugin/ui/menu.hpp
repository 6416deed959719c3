/* A panel of lines to choose from, at the control that opened it. */
#ifndef SIDECHAIN_UI_MENU_HPP
#define SIDECHAIN_UI_MENU_HPP

#include "canvas.hpp"

#include <string>
#include <vector>

namespace ui {

struct MenuLine {
    std::string words, beside = ""; /* beside: at its right, in small */
    bool marked = false;            /* it is what holds now */
    bool takes_away = false;
};

void draw_menu(Canvas &canvas, const Box &menu, const std::vector<MenuLine> &lines, const Pointer &pointer);

/* The button that opens it: three points, lit while it is open. */
void draw_more(Canvas &canvas, const Box &box, bool lit);

} // namespace ui
#endif
