#include "takes_layout.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr float kPostWidth = 104.0f, kMoreWidth = 28.0f, kSmallestWave = 70.0f, kWidestWords = 320.0f;

} // namespace

Box search_box(const Layout &layout)
{
    const Box &tools = layout.tools;
    const float width = std::min(tools.right() - layout.sync.right() - kGap, 280.0f);
    return {tools.right() - width, tools.y + 3, width, tools.h - 7};
}

TakeRowLayout::TakeRowLayout(const Box &list, float top)
{
    whole = {list.x, top, list.w, kHeight - 6};
    play = {whole.x + 10, whole.middle() - 18, 36, 36};
    more = {whole.right() - 8 - kMoreWidth, whole.middle() - 16, kMoreWidth, 32};
    post = {more.x - 4 - kPostWidth, whole.middle() - 16, kPostWidth, 32};
    const float left = play.right() + 12, room = post.x - 10 - left;
    const float words = std::round(std::min(room - kSmallestWave - 10, std::max(room * 0.55f, 150.0f)));
    name = {left, whole.y + 8, std::min(words, kWidestWords), 20};
    facts = {left, whole.y + 31, name.w, 16};
    wave = {name.right() + 10, whole.y + 10, post.x - 10 - name.right() - 10, whole.h - 20};
    edit = {left, whole.middle() - 17, room, 34};
}

Box undo_bar(const Box &list)
{
    const float width = std::min(list.w, 420.0f);
    return {std::round(list.centre() - width / 2), list.bottom() - 50, width, 40};
}

Box undo_button(const Box &bar) { return {bar.right() - 78, bar.y + 5, 72, bar.h - 10}; }

} // namespace ui
