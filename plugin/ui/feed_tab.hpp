/* The tab Feed: its rows, what plays, and what a click on them does. */
#ifndef SIDECHAIN_UI_FEED_TAB_HPP
#define SIDECHAIN_UI_FEED_TAB_HPP

#include "feed.hpp"
#include "feed_view.hpp"
#include "view.hpp"

#include <map>

namespace ui {

class FeedTab final : public View {
public:
    using View::View;

    void draw(Canvas &canvas) override;
    bool hear(const sc_event &event) override;
    bool step(bool shown) override;
    bool press(const Press &press) override;
    bool covers() const override { return !view_.menu_of.empty(); }
    bool wheel(const Wheel &wheel) override;
    bool key(unsigned key, unsigned held) override;
    bool type(const char *text) override;
    void leave() override;
    void pressed_elsewhere() override { leave(); }

private:
    void ask_for_rows();
    bool scroll_by(float points);
    bool place_caret(const Press &press); /* into the name of somebody to follow */
    bool name_key(unsigned key, unsigned held);
    void act(const Hit &hit);
    void play(const sc_item &item);
    void carry_out(PostDeed deed, const sc_item &item);
    void follow_named();
    void follow(const std::string &name, bool on);
    void ask(uint64_t id, const std::string &done); /* done: what is said then; a failure is said anyway */
    bool told_of_ask(const sc_event &event);
    static Draggable draggable(const sc_item &item);
    void drag_row(size_t row);
    void copy_command();

    Feed feed_;
    FeedView view_;
    Playing playing_;
    std::string account_; /* whose rows they are */
    TextField name_; /* of somebody to follow */
    bool clicked_ = false, extends_ = false; /* its caret is placed when it is drawn: only then are widths known */
    std::map<uint64_t, std::string> asks_;
    uint64_t copying_ = 0; /* the path that is asked for to be copied */
    uint64_t copied_until_us_ = 0;
    bool was_online_ = false, was_posted_ = false;
};

} // namespace ui
#endif
