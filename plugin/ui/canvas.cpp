#include "canvas.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

using DGL_NAMESPACE::NanoVG;
using DGL_NAMESPACE::Rectangle;

/* The first bytes of UTF-8, without the part of a character that they may end in. */
static std::string whole_characters(const std::string &text, size_t bytes)
{
    while (bytes > 0 && bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) bytes--;
    return text.substr(0, bytes);
}

void Canvas::fill(const Box &box, const Colour &colour, float radius)
{
    vg_.beginPath();
    if (radius > 0.0f) vg_.roundedRect(box.x, box.y, box.w, box.h, radius);
    else vg_.rect(box.x, box.y, box.w, box.h);
    vg_.fillColor(colour);
    vg_.fill();
}

void Canvas::frame(const Box &box, const Colour &colour, float radius, float width)
{
    const Box inner = box.inset(width / 2);
    vg_.beginPath();
    vg_.roundedRect(inner.x, inner.y, inner.w, inner.h, radius);
    vg_.strokeColor(colour);
    vg_.strokeWidth(width);
    vg_.stroke();
}

void Canvas::disc(float x, float y, float radius, const Colour &colour)
{
    vg_.beginPath();
    vg_.circle(x, y, radius);
    vg_.fillColor(colour);
    vg_.fill();
}

void Canvas::line(float x, float top, float bottom, const Colour &colour)
{
    fill(Box{std::round(x / pixel) * pixel, top, pixel, bottom - top}, colour);
}

void Canvas::bars(const std::vector<Bar> &bars, float width, const Colour &colour)
{
    constexpr float kLeast = 0.1f; /* a line of no length is not drawn at all */
    vg_.beginPath();
    for (const Bar &bar : bars) {
        const float top = bar.top + width / 2;
        vg_.moveTo(bar.x, top);
        vg_.lineTo(bar.x, std::max(bar.bottom - width / 2, top + kLeast));
    }
    vg_.lineCap(NanoVG::ROUND);
    vg_.strokeColor(colour);
    vg_.strokeWidth(width);
    vg_.stroke();
    vg_.lineCap(NanoVG::BUTT);
}

void Canvas::stencil(const Box &box, const DGL_NAMESPACE::NanoImage &picture, const Colour &colour)
{
    if (!picture.isValid()) return;
    const float x = std::round(box.x / pixel) * pixel, y = std::round(box.y / pixel) * pixel;
    const float w = static_cast<float>(picture.getSize().getWidth()) * pixel, h = static_cast<float>(picture.getSize().getHeight()) * pixel;
    NanoVG::Paint paint = vg_.imagePattern(x, y, w, h, 0.0f, picture, 1.0f);
    paint.innerColor = paint.outerColor = colour;
    vg_.beginPath();
    vg_.rect(x, y, w, h);
    vg_.fillPaint(paint);
    vg_.fill();
}

void Canvas::use(float size, const Colour &colour, Align align)
{
    const int across = align == Align::kLeft     ? NanoVG::ALIGN_LEFT
                       : align == Align::kCentre ? NanoVG::ALIGN_CENTER
                                                 : NanoVG::ALIGN_RIGHT;
    vg_.fontSize(size);
    vg_.fillColor(colour);
    vg_.textAlign(across | NanoVG::ALIGN_MIDDLE);
}

float Canvas::width(float size, const std::string &words)
{
    Rectangle<float> bounds;
    vg_.fontSize(size);
    vg_.textAlign(NanoVG::ALIGN_LEFT | NanoVG::ALIGN_MIDDLE);
    return words.empty() ? 0.0f : vg_.textBounds(0, 0, words.c_str(), nullptr, bounds);
}

/* The longest beginning that fits with an ellipsis, at the size in use. Found by halves: this is done for each line in each frame. */
Canvas::Fitted Canvas::fitted(float room, const std::string &words)
{
    Rectangle<float> bounds;
    const auto wide = [&](const std::string &shown) { return vg_.textBounds(0, 0, shown.c_str(), nullptr, bounds); };
    if (const float whole = wide(words); whole <= room) return {words, whole};
    Fitted found = {"", 0.0f};
    for (size_t low = 0, high = words.size(); low + 1 < high;) {
        const size_t middle = low + (high - low) / 2;
        const std::string shown = whole_characters(words, middle) + "…";
        const float taken = wide(shown);
        if (taken <= room) found = {shown, taken};
        (taken <= room ? low : high) = middle;
    }
    return found;
}

float Canvas::write(const Box &box, float size, const Colour &colour, const std::string &words, Align align, bool strong)
{
    if (words.empty() || box.w <= 0.0f) return 0.0f;
    use(size, colour, Align::kLeft);
    const Fitted shown = fitted(box.w, words);
    if (shown.words.empty()) return 0.0f;
    const float x = align == Align::kLeft ? box.x : align == Align::kRight ? box.right() - shown.wide : box.centre() - shown.wide / 2;
    const float at = std::round(x / pixel) * pixel, y = std::round((box.middle() + size * 0.04f) / pixel) * pixel;
    vg_.text(at, y, shown.words.c_str(), nullptr);
    if (strong) vg_.text(at + 0.35f, y, shown.words.c_str(), nullptr); /* there is one weight of the font: print it twice */
    return shown.wide;
}

float Canvas::paragraph(const Box &box, float size, const Colour &colour, const std::string &words, Align align)
{
    const float step = std::round(size * 1.35f);
    const auto lines = std::max(1, static_cast<int>(box.h / step));
    size_t from = 0;
    int line = 0;
    for (; line < lines && from < words.size(); line++) {
        size_t end = words.size();
        if (line + 1 < lines)
            while (end > from && width(size, words.substr(from, end - from)) > box.w) {
                const size_t space = words.rfind(' ', end - 1);
                if (space == std::string::npos || space <= from) break;
                end = space;
            }
        write(Box{box.x, box.y + step * static_cast<float>(line), box.w, step}, size, colour, words.substr(from, end - from), align);
        from = end + (end < words.size());
    }
    return step * static_cast<float>(line);
}

void Canvas::button(const Box &box, const std::string &words, bool primary, bool hovered, bool enabled)
{
    Colour ground = primary ? kWarm : hovered && enabled ? kHover : kRaised;
    fill(box, ground, 9);
    if (primary && hovered) fill(box, Colour(1.0f, 1.0f, 1.0f, 0.12f), 9);
    write(box.inset(8), 14, !enabled ? kFaint : primary ? kWarmInk : kInk, words, Align::kCentre, primary);
}

void Canvas::clip(const Box &box)
{
    vg_.save();
    vg_.intersectScissor(box.x, box.y, box.w, box.h);
}

void Canvas::unclip() { vg_.restore(); }

} // namespace ui
