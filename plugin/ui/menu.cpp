#include "menu.hpp"

#include <algorithm>

namespace ui {

void draw_menu(Canvas &canvas, const Box &menu, const std::vector<MenuLine> &lines, const Pointer &pointer)
{
    canvas.fill(Box{menu.x - 5, menu.y - 3, menu.w + 10, menu.h + 12}, Colour(0.0f, 0.0f, 0.0f, 0.22f), 14);
    canvas.fill(Box{menu.x - 1, menu.y - 1, menu.w + 2, menu.h + 2}, kLine, 11);
    canvas.fill(menu, kRaised, 10);
    const bool marks = std::any_of(lines.begin(), lines.end(), [](const MenuLine &line) { return line.marked; });
    const float left = marks ? 20.0f : 10.0f; /* of all: names stand beneath each other */
    int n = 0;
    for (const MenuLine &line : lines) {
        const Box box = menu_line(menu, n++);
        const bool over = pointer.over(box);
        if (over) canvas.fill(box, kHover, 7);
        if (line.marked) canvas.disc(box.x + 10, box.middle(), 3, kWarm);
        const float beside = canvas.write(Box{box.x + box.w / 2, box.y, box.w / 2 - 10, box.h}, kSmallSize, kDim, line.beside, Align::kRight);
        canvas.write(Box{box.x + left, box.y, box.w - left - 16 - beside, box.h}, kTextSize, line.takes_away && over ? kRed : kInk, line.words);
    }
}

void draw_more(Canvas &canvas, const Box &box, bool lit)
{
    if (lit) canvas.fill(box, kRaised, 8);
    for (int i = -1; i <= 1; i++) canvas.disc(box.centre() + 6.0f * static_cast<float>(i), box.middle(), 1.8f, lit ? kInk : kFaint);
}

} // namespace ui
