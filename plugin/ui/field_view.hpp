/* A line of text that is edited, in the window: drawn, clicked into, and typed in. What it holds: text_field.hpp. */
#ifndef SIDECHAIN_UI_FIELD_VIEW_HPP
#define SIDECHAIN_UI_FIELD_VIEW_HPP

#include "canvas.hpp"
#include "text_field.hpp"
#include "view.hpp"

namespace ui {

void draw_field(Canvas &canvas, const Box &box, const TextField &field, const Pointer &pointer, const char *placeholder);

/* Where in its text a click at x falls, in bytes. */
size_t field_place(Canvas &canvas, const Box &box, const TextField &field, double x);

/* Does what a key does to the text, with the clipboard. Enter, Escape and Tab are not its business. */
void edit_field(TextField &field, Services &services, unsigned key, unsigned held);

} // namespace ui
#endif
