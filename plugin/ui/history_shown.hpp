/* What the drawings of the History share: what is to be shown, where a frame stands, and what was loud there. */
#ifndef SIDECHAIN_UI_HISTORY_SHOWN_HPP
#define SIDECHAIN_UI_HISTORY_SHOWN_HPP

#include "bar_map.hpp"
#include "canvas.hpp"
#include "peak_tiles.hpp"
#include "ring_view.hpp"
#include "selection.hpp"
#include "viewport.hpp"

#include <string>
#include <vector>

namespace ui {

struct HistoryShown {
    const Viewport &viewport;
    const PeakTiles &tiles;
    const BarMap &bars;
    const Selection &selection;
    const RingView &ring; /* an empty one for a History that is over */
    const Pointer &pointer;
    double oldest, newest, rate_hz;
    double heard; /* the frame that is listened to; below 0: nothing is */
    bool goes_on, listens, can_listen, can_keep_all; /* goes_on: it is of what is played now */
    std::string chosen, hint;     /* what is chosen; what the keys of now would do */
    std::string notice, start;    /* over the waveform: why there is so little of it, and the button that mends it */
};

inline float x_in(const Box &box, const HistoryShown &shown, double frame) { return box.x + static_cast<float>(shown.viewport.x_of(frame)); }

/* The extremes of [first, end) frames, as the daemon has told them or the window sees them itself. */
PeakTiles::Peak peak_of(const HistoryShown &shown, uint64_t first, uint64_t end, int level);

/* A shape from left to right, filled in upright pieces. Filled as one, it would be drawn as a fan of triangles that each reach
   through all of it, a hundred times its own area; and each piece is two calls of OpenGL, which a driver takes its time for. */
class Outline {
public:
    static constexpr size_t kTogether = 14; /* columns of a piece */
    static constexpr size_t kOverlap = 3;   /* with the next: their softened edges are not to be seen as a seam */

    void add(float x, float top, float bottom) { places_.push_back({x, top, bottom}); }
    void fill(Canvas &canvas, const Colour &colour) const;

private:
    struct Place {
        float x, top, bottom;
    };
    std::vector<Place> places_;
};

/* The parts around the waveform, each at its place in the layout. */
void draw_bars(Canvas &canvas, const Layout &layout, const HistoryShown &shown);
/* Where the transport stood, and where the host did; tempo and meter where they change. */
void draw_transport(Canvas &canvas, const Layout &layout, const HistoryShown &shown);
void draw_time(Canvas &canvas, const Layout &layout, const HistoryShown &shown);
void draw_info(Canvas &canvas, const Layout &layout, const HistoryShown &shown); /* what is chosen, and what can be done with it */

/* The frame at a place of the overview. */
double overview_frame(const Box &overview, const HistoryShown &shown, double x);

} // namespace ui
#endif
