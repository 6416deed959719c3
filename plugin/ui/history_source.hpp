/* What the window knows of a History, its plugin's own or one that is over: pictures and bars as the daemon tells them, and what
   the window itself sees of the newest. Asks for what is in sight before it is missed, a little at a time. No drawing. */
#ifndef SIDECHAIN_UI_HISTORY_SOURCE_HPP
#define SIDECHAIN_UI_HISTORY_SOURCE_HPP

#include "bar_map.hpp"
#include "peak_tiles.hpp"
#include "ring_view.hpp"
#include "viewport.hpp"

namespace ui {

class HistorySource {
public:
    const PeakTiles &tiles() const { return tiles_; }
    const BarMap &bars() const { return bars_; }
    uint64_t generation() const { return generation_; } /* of the Ring that frames count in */
    uint64_t oldest(const RingView &ring) const;        /* frame in reach, as far as it is told */
    uint64_t newest(const RingView &ring) const;        /* behind the last frame */
    double rate_hz(const RingView &ring) const;

    /* From now on of a Ring that is gone; or, when nothing is told of one, of the plugin's own. */
    void show(const sc_earlier &ring) { earlier_ = ring; }
    bool own() const { return earlier_.generation == 0; }
    const sc_earlier &earlier() const { return earlier_; }

    /* Takes in what was played since. True when it is another Ring, in which no frame means what it did. */
    bool follow(const sc_info &info, const RingView &ring);

    /* Asks for what `viewport` shows, for all that is in reach in `overview_points` columns, then for what lies beside it. */
    void ask(sc_client *client, const RingView &ring, const Viewport &viewport, double overview_points, uint64_t now_us);

    /* True when it answers what was asked here. */
    bool hear(const sc_event &event, uint64_t now_us);

private:
    bool ask_peaks(sc_client *client, uint64_t newest, double first, double end, int level, uint64_t stale);
    void ask_marks(sc_client *client, const RingView &ring, const Viewport &viewport, uint64_t now_us);

    sc_earlier earlier_ = {}; /* generation 0: the plugin's own is shown */
    PeakTiles tiles_;
    BarMap bars_;
    uint64_t generation_ = 0, oldest_ = UINT64_MAX /* not told yet */, seen_ = 0, marks_asked_ = 0, next_marks_us_ = 0;
    bool attached_ = false;
};

} // namespace ui
#endif
