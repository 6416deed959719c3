#include "playing.hpp"

#include <algorithm>

namespace ui {

bool Playing::follow(sc_client *client)
{
    sc_preview preview = {};
    sc_client_preview(client, &preview);
    const bool was = state != kNothing;
    target = preview.target;
    state = preview.state == SC_PREVIEW_NONE ? kNothing : preview.state == SC_PREVIEW_LOADING ? kLoading : kSounding;
    if (state == kSounding)
        share = preview.frames ? static_cast<float>(static_cast<double>(preview.heard_frames) / static_cast<double>(preview.frames)) : 1.0f;
    return was || state != kNothing;
}

void Playing::hear(const sc_event &event)
{
    if (event.kind == SC_EVENT_PREVIEW_LOADING) share = static_cast<float>(event.loading.fraction);
}

void draw_outline(Canvas &canvas, const Box &box, const uint8_t *outline, uint32_t columns, float heard)
{
    if (columns == 0) return;
    const auto bars = static_cast<int>(box.w / 3.0f);
    for (int i = 0; i < bars; i++) {
        const auto from = static_cast<uint32_t>(i) * columns / static_cast<uint32_t>(bars);
        const auto to = std::max(from + 1, static_cast<uint32_t>(i + 1) * columns / static_cast<uint32_t>(bars));
        const uint8_t loudest = *std::max_element(outline + from, outline + to);
        const float tall = std::max(box.h * static_cast<float>(loudest) / 127.0f, 2.0f);
        canvas.fill(Box{box.x + 3.0f * static_cast<float>(i), box.middle() - tall / 2, 2, tall},
                    static_cast<float>(i) < heard * static_cast<float>(bars) ? kWarm : kWave, 1);
    }
}

} // namespace ui
