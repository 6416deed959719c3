#include "field_view.hpp"

#include "Base.hpp"

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

constexpr float kSize = 14.0f, kInset = 12.0f;

/* How far its text is moved to the left, so that the caret is seen. */
float shift_of(Canvas &canvas, const Box &box, const TextField &field)
{
    return std::max(0.0f, canvas.width(kSize, field.text().substr(0, field.caret())) - (box.w - 2 * kInset) + 2);
}

void edit_with_control(TextField &field, Services &services, unsigned key)
{
    const std::string selected = field.selected();
    if (key == 'a') field.select_all();
    if ((key == 'c' || key == 'x') && !selected.empty()) services.copy(selected);
    if (key == 'x' && !selected.empty()) field.erase(true);
    if (key != 'v') return;
    const std::string text = services.pasted();
    field.insert(text.data(), text.size());
}

} // namespace

void draw_field(Canvas &canvas, const Box &box, const TextField &field, const Pointer &pointer, const char *placeholder)
{
    canvas.fill(box, kPanel, 9);
    canvas.frame(box, field.focused ? kWarm : pointer.over(box) ? kFaint : kLine, 9);
    const Box inner = {box.x + kInset, box.y, box.w - 2 * kInset, box.h};
    canvas.clip(inner);
    if (field.text().empty()) canvas.write(inner, kSize, kFaint, placeholder);
    const float before = canvas.width(kSize, field.text().substr(0, field.caret())), shift = shift_of(canvas, box, field);
    const float margin = std::round(box.h / 4);
    if (field.focused && field.low() != field.high()) {
        const float from = canvas.width(kSize, field.text().substr(0, field.low()));
        const float to = canvas.width(kSize, field.text().substr(0, field.high()));
        canvas.fill(Box{inner.x - shift + from, box.y + margin - 1, to - from, box.h - 2 * margin + 2}, Colour(0xff, 0x9f, 0x5a, 0.35f), 3);
    }
    canvas.write(Box{inner.x - shift, box.y, 4000, box.h}, kSize, kInk, field.text());
    if (field.focused) canvas.line(inner.x - shift + before + 0.5f, box.y + margin, box.bottom() - margin, kWarm);
    canvas.unclip();
}

size_t field_place(Canvas &canvas, const Box &box, const TextField &field, double x)
{
    const auto &text = field.text();
    const auto wanted = static_cast<float>(x) - box.x - kInset + shift_of(canvas, box, field);
    size_t at = 0;
    while (at < text.size()) {
        size_t next = at + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) next++;
        const float middle = (canvas.width(kSize, text.substr(0, at)) + canvas.width(kSize, text.substr(0, next))) / 2;
        if (middle > wanted) break;
        at = next;
    }
    return at;
}

void edit_field(TextField &field, Services &services, unsigned key, unsigned held)
{
    using Move = TextField::Move;
    const bool extend = held & DGL_NAMESPACE::kModifierShift;
    if (held & DGL_NAMESPACE::kModifierControl) return edit_with_control(field, services, key);
    switch (key) {
    case DGL_NAMESPACE::kKeyBackspace: field.erase(true); break;
    case DGL_NAMESPACE::kKeyDelete: field.erase(false); break;
    case DGL_NAMESPACE::kKeyLeft: field.move(Move::kLeft, extend); break;
    case DGL_NAMESPACE::kKeyRight: field.move(Move::kRight, extend); break;
    case DGL_NAMESPACE::kKeyHome: field.move(Move::kStart, extend); break;
    case DGL_NAMESPACE::kKeyEnd: field.move(Move::kEnd, extend); break;
    default: break;
    }
}

} // namespace ui
