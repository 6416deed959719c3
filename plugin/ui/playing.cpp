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

void draw_in_sync(Canvas &canvas, const Box &box, bool on, const Pointer &pointer)
{
    canvas.frame(box, on ? kWarm : pointer.over(box) ? kFaint : kLine, 11);
    canvas.write(box, kSmallSize, on ? kWarm : kDim, "In sync", Align::kCentre);
}

void draw_outline(Canvas &canvas, const Box &box, const uint8_t *outline, uint32_t columns, float heard)
{
    constexpr float kPitch = 3.0f, kWidth = 2.0f;
    if (columns == 0) return;
    const auto bars = static_cast<int>(box.w / kPitch);
    std::vector<Canvas::Bar> lit, others;
    for (int i = 0; i < bars; i++) {
        const auto from = static_cast<uint32_t>(i) * columns / static_cast<uint32_t>(bars);
        const auto to = std::max(from + 1, static_cast<uint32_t>(i + 1) * columns / static_cast<uint32_t>(bars));
        const uint8_t loudest = *std::max_element(outline + from, outline + to);
        const float half = std::max(box.h * static_cast<float>(loudest) / 127.0f, kWidth) / 2;
        const Canvas::Bar bar = {box.x + kPitch * static_cast<float>(i) + kWidth / 2, box.middle() - half, box.middle() + half};
        (static_cast<float>(i) < heard * static_cast<float>(bars) ? lit : others).push_back(bar);
    }
    canvas.bars(others, kWidth, kWave);
    canvas.bars(lit, kWidth, kWarm);
}

} // namespace ui
