#include "history_tab.hpp"

#include "recorder_view.hpp"

namespace ui {

void HistoryTab::draw(Canvas &canvas) { draw_wave(canvas, around_.layout.wave, around_.ring, around_.bars); }

} // namespace ui
