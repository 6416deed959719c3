/* Below the waveform: all that is in reach, what is chosen of it, and which part is in sight. Its shape is a picture, drawn anew only
   when something of it has changed: as paths it was half of a frame's work. */
#ifndef SIDECHAIN_UI_HISTORY_OVERVIEW_HPP
#define SIDECHAIN_UI_HISTORY_OVERVIEW_HPP

#include "history_shown.hpp"

#include <cstdint>

namespace ui {

class HistoryOverview {
public:
    void draw(Canvas &canvas, const Layout &layout, const HistoryShown &shown);

private:
    /* What the picture shows. */
    struct Drawn {
        unsigned width = 0, height = 0; /* pixels */
        double oldest = 0.0, newest = 0.0;
        uint64_t told = 0;
    };

    bool is_of(const Drawn &now) const;
    void draw_picture(Canvas &canvas, const HistoryShown &shown, const Drawn &now, float points);

    DGL_NAMESPACE::NanoImage picture_; /* how much of each pixel the shape covers */
    Drawn drawn_;
};

} // namespace ui
#endif
