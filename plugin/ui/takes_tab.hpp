/* The tab of takes: the library as a list that is searched, listened to, kept in order, posted, and dragged out of. */
#ifndef SIDECHAIN_UI_TAKES_TAB_HPP
#define SIDECHAIN_UI_TAKES_TAB_HPP

#include "takes_view.hpp"
#include "view.hpp"

namespace ui {

class TakesTab final : public View {
public:
    static constexpr uint64_t kUndoUs = 20000000; /* that a discarded take can be had back here */

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
    enum class Editing { kNothing, kName, kTags };

    std::string in_place() const; /* of rows: why there are none, or "" */
    void ask_for_rows();
    bool told_of_ask(const sc_event &event);

    bool press_in_field(bool extend);
    void act(const TakeHit &hit);
    void carry_out(TakeDeed deed, const TakeEntry &entry);
    void play(const sc_take &take);
    void post_or_undo(const TakeEntry &entry);
    void discard(const sc_take &take);
    void take_back(); /* the one that was discarded last */
    void offer_undo();
    void gone(const char *take_id);
    void copy_path(const sc_take &take);
    void drag(const sc_take &take);

    void edit(Editing what, const sc_take &take);
    void end_edit(bool keep);
    bool edit_key(unsigned key, unsigned held);
    bool search_key(unsigned key, unsigned held);
    void move_selection(int by);
    bool scroll_by(float points);
    void ask(uint64_t id); /* a failure of it is said */

    Takes takes_;
    TakesView view_;
    Playing playing_;
    TextField search_, field_;
    Editing editing_ = Editing::kNothing;
    TextField *clicked_ = nullptr; /* its caret is placed when it is drawn: only then are widths known */
    bool extends_ = false;
    std::vector<uint64_t> asks_;
    uint64_t copying_ = 0; /* the path that is asked for to be copied */
    struct Discard {
        uint64_t asked;
        std::string take_id, name;
    };
    std::vector<Discard> discarding_, discarded_; /* asked for; done, and can be had back, the newest last */
    uint64_t undo_until_us_ = 0;
    bool was_there_ = false;
};

} // namespace ui
#endif
