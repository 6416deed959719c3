/* The recorder's controls, which stand in the window whatever tab is shown: how many bars, keep, title, post. */
#ifndef SIDECHAIN_UI_RECORDER_PANEL_HPP
#define SIDECHAIN_UI_RECORDER_PANEL_HPP

#include "text_field.hpp"
#include "view.hpp"

namespace ui {

class RecorderPanel final : public View {
public:
    RecorderPanel(Surroundings &around, Services &services) : View(around, services), status_(around.status) {}

    void draw(Canvas &canvas) override;
    bool hear(const sc_event &event) override;
    bool press(const Press &press) override;
    bool wheel(const Wheel &wheel) override;
    bool key(unsigned key, unsigned held) override; /* all while the title is focused, and Tab into it */
    bool type(const char *text) override;
    void leave() override { title_.focused = false; }

    /* A click in the title needs the widths of its characters. */
    void place_caret(Canvas &canvas, bool extend);

    void keep(bool posts); /* what is chosen in the History, else the last bars */

private:
    bool has_span() const; /* something is chosen where it can be seen */
    void change_bars(int by);
    void post_or_undo();
    void post();
    bool edit(unsigned key, unsigned held);

    Status &status_; /* of what is asked for here */
    TextField title_;
    bool was_posted_ = false;
    sc_span kept_ = {}; /* what was chosen when it was kept last */
};

} // namespace ui
#endif
