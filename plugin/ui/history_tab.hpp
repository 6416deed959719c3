/* The tab History: scroll back through all that is in reach, choose a part of it by eye and ear, keep it. Asks the daemon for
   what is in sight, and has it drawn; what pointer and keys do: history_input.cpp; how it looks: history_view. */
#ifndef SIDECHAIN_UI_HISTORY_TAB_HPP
#define SIDECHAIN_UI_HISTORY_TAB_HPP

#include "history_menu.hpp"
#include "history_source.hpp"
#include "history_view.hpp"
#include "selection.hpp"
#include "view.hpp"
#include "viewport.hpp"

namespace ui {

class HistoryTab final : public View {
public:
    HistoryTab(Surroundings &around, Services &services) : View(around, services), chosen_(around.chosen) {}

    void draw(Canvas &canvas) override;
    bool hear(const sc_event &event) override;
    bool step(bool shown) override;
    bool press(const Press &press) override;
    bool moved(unsigned held) override;
    bool wheel(const Wheel &wheel) override;
    bool key(unsigned key, unsigned held) override;
    void leave() override;

    void grow(int bars); /* what is chosen, at its beginning */

private:
    enum class Drag { kNone, kScroll, kOverview, kHandle, kNew };

    bool follow_ring(bool shown);
    bool follow_preview();
    void choose();

    void show(const sc_earlier &ring);
    double rate_hz() const { return source_.rate_hz(around_.ring); }
    HistoryShown shown() const;
    uint64_t frame_here() const;
    uint64_t snapped_here(unsigned held) const;
    Selection::Handle handle_here() const;
    bool press_buttons();
    void press_wave(const Press &press);
    void let_go(const Press &press);
    void select_bar(uint64_t frame);
    bool arrow(int direction, unsigned held);
    void listen();
    void toggle_listen();
    void may_drag_out();
    void keep_all();

    Chosen &chosen_;
    HistorySource source_;
    const BarMap &bars_ = source_.bars();
    Viewport viewport_;
    Selection selection_;
    HistoryView view_;
    HistoryMenu menu_;
    Measured measured_;

    uint64_t keep_all_asked_ = 0, passed_us_ = 0;
    bool focused_ = false;
    Drag drag_ = Drag::kNone;
    double press_x_ = 0.0, last_x_ = 0.0;
    uint64_t press_frame_ = 0;
    unsigned held_ = 0;

    sc_preview_state heard_state_ = SC_PREVIEW_NONE;
    BarMap::Span heard_span_;
    double heard_ = -1.0; /* the frame that is heard; below 0: none */
};

} // namespace ui
#endif
