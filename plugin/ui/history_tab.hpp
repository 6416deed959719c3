/* The tab History: what was played, large. */
#ifndef SIDECHAIN_UI_HISTORY_TAB_HPP
#define SIDECHAIN_UI_HISTORY_TAB_HPP

#include "view.hpp"

namespace ui {

class HistoryTab final : public View {
public:
    using View::View;

    void draw(Canvas &canvas) override;
};

} // namespace ui
#endif
