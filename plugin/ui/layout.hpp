/* Where everything in the window stands, for any size from the smallest up, in points. Values only: no drawing. */
#ifndef SIDECHAIN_UI_LAYOUT_HPP
#define SIDECHAIN_UI_LAYOUT_HPP

namespace ui {

constexpr float kMinWidth = 480.0f, kMinHeight = 400.0f;
constexpr float kMargin = 16.0f, kGap = 8.0f;

struct Box {
    float x = 0.0f, y = 0.0f, w = 0.0f, h = 0.0f;
    float right() const { return x + w; }
    float bottom() const { return y + h; }
    float middle() const { return y + h / 2; }
    float centre() const { return x + w / 2; }
    bool holds(double px, double py) const { return px >= x && px < x + w && py >= y && py < y + h; }
    Box inset(float by) const { return {x + by, y + by, w - 2 * by, h - 2 * by}; }
};

/* The window. Wide: the recorder beside the feed; else above it. */
struct Layout {
    Layout(float width, float height);

    bool wide;
    Box whole, head, recorder, feed;
    Box wave, fewer, more, keep, title, post, progress, status; /* of the recorder */
    Box feed_head, sync, list;                                  /* of the feed */
};

/* A row of the feed, within the list. Broad: the waveform stands beside the words; else below them. */
struct RowLayout {
    RowLayout(const Box &list, float top);
    static float height(float list_width);

    Box whole, play, title, byline, facts, wave, like, reactions;
};

constexpr float kChipWidth = 44.0f, kChipHeight = 24.0f, kPickerCell = 34.0f;

/* The box of the nth chip of `reactions`; the one behind the last opens the picker. */
Box chip(const RowLayout &row, int n);

/* The panel to choose a reaction from, at a row's chips but within the list. */
Box picker(const Box &list, const Box &chip, int cells);
Box picker_cell(const Box &picker, int n);

/* The panel that stands in place of the feed, and the command in it with its button. */
struct CardLayout {
    CardLayout(const Box &list, bool starts);

    Box whole, headline, words, start, command, copy, footnote; /* start: empty unless it starts something */
};

} // namespace ui
#endif
