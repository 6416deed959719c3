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

struct Pointer {
    double x = -1.0, y = -1.0;
    bool over(const Box &box) const { return box.holds(x, y); }
};

/* What the window shows beneath its tabs; one at a time. In the order in which they stand. */
enum class Tab { kHistory, kTakes, kFeed };
constexpr int kTabs = 3;
constexpr const char *kTabNames[kTabs] = {"History", "Takes", "Feed"};

/* The window. On top head and tabs. With History the waveform has all the room above the recorder's controls; with a list
   the recorder is a strip above it, in a wide window beside it. What a tab does not show is an empty box. */
struct Layout {
    Layout(float width, float height, Tab tab);

    Tab tab;
    bool wide;
    Box whole, head, tabs, tools; /* tools: right of the tabs, of the one that is shown */
    Box tab_of[kTabs];
    Box recorder, wave, fewer, more, keep, title, post, progress, status;
    Box feed, sync, follow, name, list; /* of a tab that is a list: the feed; sync and follow stand in the tools, name in its place */

    /* Of the History: bar numbers above the waveform, time below it, all that is in reach below that, then what is chosen and
       what can be done with it. `newest` and `notice` lie on the waveform. */
    Box ruler, scale, overview, info, listen, zoom_out, zoom_in, keep_all, chosen;
    Box newest, notice, start, whose; /* whose: in the tools, which History it is */

private:
    void place_history(const Box &room);
    void place_controls(float top, float status_height);
};

/* A row of the feed, within the list. Broad: the waveform stands beside the words; else below them. */
struct RowLayout {
    RowLayout(const Box &list, float top);
    static float height(float list_width);

    Box whole, play, title, byline, facts, wave, like, reactions, more;
};

constexpr float kChipWidth = 44.0f, kChipHeight = 24.0f, kPickerCell = 34.0f;

/* The box of the nth chip of `reactions`; the one behind the last opens the picker. */
Box chip(const RowLayout &row, int n);

/* The panel to choose a reaction from, at a row's chips but within the list. */
Box picker(const Box &list, const Box &chip, int cells);
Box picker_cell(const Box &picker, int n);

constexpr float kMenuWidth = 176.0f, kMenuLine = 28.0f;

/* A menu of so many lines, at the control that opened it, below or above; within the list's width and the window's height, at whose
   foot lists end. And a line of it. */
Box menu_box(const Box &list, const Box &more, int lines, float width = kMenuWidth);
Box menu_line(const Box &menu, int n);

/* The panel that stands in place of the feed, and the command in it with its button. */
struct CardLayout {
    CardLayout(const Box &list, bool acts);

    Box whole, headline, words, act, command, copy, footnote; /* act: empty unless it has a button for what is to be done */
};

} // namespace ui
#endif
