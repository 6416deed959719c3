#include "layout.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr float kHead = 46.0f, kTabBar = 34.0f;
constexpr float kTabWidths[kTabs] = {72.0f, 60.0f, 52.0f}; /* as wide as their names, so that they stand evenly */
constexpr float kRuler = 22.0f, kScale = 16.0f, kOverview = 36.0f, kInfo = 30.0f; /* of the History */
constexpr float kControl = 36.0f, kTwoLines = 42.0f, kOneLine = 24.0f;
constexpr float kLowBelow = 520.0f; /* a window of less height has one line for the status */
constexpr float kWideFrom = 940.0f, kOneRowFrom = 640.0f, kBroadFrom = 520.0f;
constexpr float kMoreWidth = 28.0f; /* of the button that opens a menu */
constexpr float kCardHeight = 188.0f;
constexpr float kSmallestWave = 52.0f, kTallestWave = 170.0f, kTallestWaveWide = 320.0f;

float below(const Box &box, float gap) { return box.bottom() + gap; }

bool in_one_row(float recorder_width) { return recorder_width >= kOneRowFrom; }

} // namespace

Layout::Layout(float width, float height, Tab tab_shown)
{
    tab = tab_shown;
    whole = {0, 0, width, height};
    head = {0, 0, width, kHead};
    tabs = {kMargin, kHead, 0, kTabBar};
    for (int i = 0; i < kTabs; i++) {
        tab_of[i] = {tabs.right(), tabs.y, kTabWidths[i], kTabBar};
        tabs.w += kTabWidths[i];
    }
    tools = {tabs.right() + kMargin, kHead, width - 2 * kMargin - tabs.w - kMargin, kTabBar};

    const float top = tabs.bottom() + kGap, room = height - top;
    const bool listed = tab != Tab::kHistory;
    wide = listed && width >= kWideFrom;
    const float list_width = std::round(std::min(std::max(width * 0.46f, 430.0f), 620.0f));
    const float recorder_width = (wide ? width - list_width : width) - 2 * kMargin;
    const float status_height = height < kLowBelow ? kOneLine : kTwoLines;
    const float beneath = kGap + (in_one_row(recorder_width) ? kControl : 2 * kControl + kGap) + kGap + status_height;
    const float most = room - beneath;
    const float wave_height = !listed ? most : std::round(wide ? std::min(std::max(most - kMargin, kSmallestWave), kTallestWaveWide)
                                                               : std::min(std::max(room * 0.36f - 72.0f, kSmallestWave), kTallestWave));
    recorder = {kMargin, top, recorder_width, wave_height + beneath};
    wave = {recorder.x, top, recorder.w, wave_height};
    place_controls(below(wave, kGap), status_height);
    if (!listed) {
        place_history(wave);
        return;
    }
    feed = wide ? Box{width - list_width, top, list_width - kMargin, room}
                : Box{kMargin, recorder.bottom(), width - 2 * kMargin, height - recorder.bottom()};
    list = feed;
    sync = {tools.x, tools.middle() - 11, 66, 22};
    follow = {sync.right() + kGap, sync.y, 62, 22};
    name = {follow.x, tools.y + 3, std::min(tools.right() - follow.x, 168.0f), tools.h - 7};
}

void Layout::place_history(const Box &room)
{
    info = {room.x, room.bottom() - kInfo, room.w, kInfo};
    overview = {room.x, info.y - kGap - kOverview, room.w, kOverview};
    scale = {room.x, overview.y - kScale - 4, room.w, kScale};
    ruler = {room.x, room.y, room.w, kRuler};
    wave = {room.x, ruler.bottom(), room.w, scale.y - ruler.bottom()};

    listen = {info.x, info.y, 92, info.h};
    keep_all = {info.right() - 76, info.y, 76, info.h};
    zoom_in = {keep_all.x - kGap - info.h, info.y, info.h, info.h};
    zoom_out = {zoom_in.x - 4 - info.h, info.y, info.h, info.h};
    chosen = {listen.right() + 12, info.y, zoom_out.x - listen.right() - 20, info.h};
    whose = {tools.x, tools.middle() - 11, std::min(tools.w * 0.55f, 200.0f), 22};
    newest = {wave.right() - 76, wave.bottom() - 32, 68, 24};
    notice = {wave.x + 8, wave.y + 8, wave.w - 16, 40};
    start = {notice.right() - 90, notice.y + 6, 84, 28};
}

void Layout::place_controls(float first, float status_height)
{
    const bool one_row = in_one_row(recorder.w);
    const float second = one_row ? first : first + kControl + kGap;
    fewer = {recorder.x, first, kControl, kControl};
    more = {fewer.right() + 4, first, kControl, kControl};
    keep = {more.right() + kGap, first, one_row ? 176.0f : recorder.right() - more.right() - kGap, kControl};
    post = {recorder.right() - 124.0f, second, 124.0f, kControl};
    const float title_from = one_row ? keep.right() + 2 * kGap : recorder.x;
    title = {title_from, second, post.x - kGap - title_from, kControl};
    progress = {recorder.x, second + kControl + kGap, recorder.w, 3.0f};
    status = {recorder.x, progress.bottom() + 3, recorder.w, status_height - 6};
}

float RowLayout::height(float list_width) { return list_width >= kBroadFrom ? 80.0f : 128.0f; }

RowLayout::RowLayout(const Box &list, float top)
{
    const bool broad = list.w >= kBroadFrom;
    whole = {list.x, top, list.w, height(list.w) - 6};
    more = {whole.right() - 8 - kMoreWidth, broad ? whole.middle() - 16 : whole.y + 5, kMoreWidth, broad ? 32.0f : 24.0f};
    play = {whole.x + 12, broad ? whole.middle() - 19 : whole.y + 12, 38, 38};
    const float left = play.right() + 14, right = broad ? more.x - 10 : whole.right() - 14;
    const float words = broad ? std::round(std::min((right - left) * 0.42f, 260.0f)) : right - left;
    title = {left, whole.y + 9, broad ? words : more.x - 8 - left, 20};
    byline = {left, whole.y + 30, words, 16};
    facts = broad ? Box{left, whole.y + 51, words, 16} : Box{right - 130, whole.y + 30, 130, 16};
    if (!broad) byline.w = words - 138;
    const float from = broad ? left + words + 18 : whole.x + 14;
    wave = {from, broad ? whole.y + 9 : whole.y + 54, right - from, broad ? 32.0f : 32.0f};
    like = {from - 6, whole.bottom() - 30, 52, kChipHeight};
    reactions = {like.right() + 2, like.y, right - like.right() - 2, kChipHeight};
}

Box chip(const RowLayout &row, int n)
{
    const float step = kChipWidth + 4;
    return {row.reactions.x + static_cast<float>(n) * step, row.reactions.y, kChipWidth, kChipHeight};
}

Box picker(const Box &list, const Box &chip, int cells)
{
    const float w = kPickerCell * static_cast<float>(cells) + 8, h = kPickerCell + 8;
    const float x = std::round(std::min(std::max(chip.centre() - w / 2, list.x), list.right() - w));
    const float above = chip.y - h - 4;
    return {x, above >= list.y ? above : std::min(chip.bottom() + 4, list.bottom() - h), w, h};
}

Box picker_cell(const Box &picker, int n)
{
    return {picker.x + 4 + kPickerCell * static_cast<float>(n), picker.y + 4, kPickerCell, kPickerCell};
}

Box menu_box(const Box &list, const Box &more, int lines, float width)
{
    const float height = kMenuLine * static_cast<float>(lines) + 10;
    const float below = more.bottom() + 2;
    const float y = below + height <= list.bottom() ? below : std::max(std::min(more.y - 2, list.bottom()) - height, kGap);
    return {std::min(std::max(more.right() - width, list.x), list.right() - width), y, width, height};
}

Box menu_line(const Box &menu, int n) { return {menu.x + 4, menu.y + 5 + kMenuLine * static_cast<float>(n), menu.w - 8, kMenuLine}; }

CardLayout::CardLayout(const Box &list, bool acts)
{
    const bool low = list.h < kCardHeight + kMargin; /* then it is packed, and has no footnote */
    const float height = std::min(kCardHeight, list.h - kMargin), gap = low ? 4.0f : kGap;
    whole = {list.x, list.y + std::round(std::max((list.h - kMargin - height) * 0.4f, 0.0f)), list.w, height};
    const float left = whole.x + 20, width = whole.w - 40;
    headline = {left, whole.y + (low ? 6.0f : 14.0f), width, 22};
    words = {left, headline.bottom() + gap, width, 38};
    copy = {left + width - 76, words.bottom() + gap, 76, 36};
    act = {left, copy.y, acts ? 96.0f : 0.0f, 36};
    const float from = acts ? act.right() + kGap : left;
    command = {from, copy.y, copy.x - kGap - from, 36};
    if (!low) footnote = {left, command.bottom() + 10, width, 36};
}

} // namespace ui
