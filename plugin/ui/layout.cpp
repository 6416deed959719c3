#include "layout.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr float kHead = 46.0f, kControl = 36.0f, kTwoLines = 42.0f, kOneLine = 24.0f, kFeedHead = 36.0f;
constexpr float kLowBelow = 520.0f; /* a window of less height has one line for the status */
constexpr float kWideFrom = 940.0f, kOneRowFrom = 640.0f, kBroadFrom = 520.0f;
constexpr float kSmallestWave = 52.0f, kTallestWave = 170.0f, kTallestWaveWide = 320.0f;

float below(const Box &box, float gap) { return box.bottom() + gap; }

} // namespace

Layout::Layout(float width, float height)
{
    wide = width >= kWideFrom;
    whole = {0, 0, width, height};
    head = {0, 0, width, kHead};
    const float room = height - kHead;
    const float feed_width = std::round(std::min(std::max(width * 0.46f, 430.0f), 620.0f));
    const float recorder_width = (wide ? width - feed_width : width) - 2 * kMargin;
    const bool one_row = recorder_width >= kOneRowFrom;
    const float controls = one_row ? kControl : 2 * kControl + kGap;
    const float status_height = height < kLowBelow ? kOneLine : kTwoLines;
    const float beneath = kGap + controls + kGap + status_height;
    const float wave_height = std::round(wide ? std::min(std::max(room - beneath - kMargin, kSmallestWave), kTallestWaveWide)
                                   : std::min(std::max(room * 0.36f - 72.0f, kSmallestWave), kTallestWave));
    recorder = {kMargin, kHead, recorder_width, wave_height + beneath};

    wave = {recorder.x, recorder.y, recorder.w, wave_height};
    const float first = below(wave, kGap), second = one_row ? first : first + kControl + kGap;
    fewer = {recorder.x, first, kControl, kControl};
    more = {fewer.right() + 4, first, kControl, kControl};
    keep = {more.right() + kGap, first, one_row ? 176.0f : recorder.right() - more.right() - kGap, kControl};
    post = {recorder.right() - 124.0f, second, 124.0f, kControl};
    const float title_from = one_row ? keep.right() + 2 * kGap : recorder.x;
    title = {title_from, second, post.x - kGap - title_from, kControl};
    progress = {recorder.x, second + kControl + kGap, recorder.w, 3.0f};
    status = {recorder.x, progress.bottom() + 3, recorder.w, status_height - 6};

    feed = wide ? Box{width - feed_width, kHead, feed_width - kMargin, room}
                : Box{kMargin, recorder.bottom(), width - 2 * kMargin, height - recorder.bottom()};
    feed_head = {feed.x, feed.y, feed.w, wide ? kFeedHead - 8 : kFeedHead};
    sync = {feed_head.x + 46, feed_head.middle() - 11, 66, 22};
    list = {feed.x, feed_head.bottom(), feed.w, feed.bottom() - feed_head.bottom()};
}

float RowLayout::height(float list_width) { return list_width >= kBroadFrom ? 80.0f : 128.0f; }

RowLayout::RowLayout(const Box &list, float top)
{
    const bool broad = list.w >= kBroadFrom;
    whole = {list.x, top, list.w, height(list.w) - 6};
    play = {whole.x + 12, broad ? whole.middle() - 19 : whole.y + 12, 38, 38};
    const float left = play.right() + 14, right = whole.right() - 14;
    const float words = broad ? std::round(std::min((right - left) * 0.42f, 260.0f)) : right - left;
    title = {left, whole.y + 9, words, 20};
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

CardLayout::CardLayout(const Box &list, bool starts)
{
    const float height = std::min(188.0f, list.h - kMargin);
    whole = {list.x, list.y + std::round(std::max((list.h - kMargin - height) * 0.4f, 0.0f)), list.w, height};
    const float left = whole.x + 20, width = whole.w - 40;
    headline = {left, whole.y + 14, width, 22};
    words = {left, headline.bottom() + 6, width, 34};
    copy = {left + width - 76, words.bottom() + 8, 76, 36};
    start = {left, copy.y, starts ? 96.0f : 0.0f, 36};
    const float from = starts ? start.right() + kGap : left;
    command = {from, copy.y, copy.x - kGap - from, 36};
    footnote = {left, command.bottom() + 10, width, 34};
}

} // namespace ui
