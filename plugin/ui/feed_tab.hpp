/* The tab Feed: its rows, what plays, and what a click on them does. */
#ifndef SIDECHAIN_UI_FEED_TAB_HPP
#define SIDECHAIN_UI_FEED_TAB_HPP

#include "feed.hpp"
#include "feed_view.hpp"
#include "view.hpp"

namespace ui {

class FeedTab final : public View {
public:
    using View::View;

    void draw(Canvas &canvas) override;
    bool hear(const sc_event &event) override;
    bool step(bool shown) override;
    bool press(const Press &press) override;
    bool wheel(const Wheel &wheel) override;
    bool key(unsigned key, unsigned held) override;
    void leave() override { view_.picking.clear(); }
    void pressed_elsewhere() override { leave(); }

private:
    void ask_for_rows();
    bool scroll_by(float points);
    void act(const Hit &hit);
    void drag_row(size_t row);
    void copy_command();

    Feed feed_;
    FeedView view_;
    Playing playing_;
    std::string account_; /* whose rows they are */
    uint64_t copied_until_us_ = 0;
    bool was_online_ = false, was_posted_ = false;
};

} // namespace ui
#endif
