/* The window's pictures, as paths: sharp at every size, and independent of what emoji fonts a computer has. Each is
   drawn in a square of 24 units, scaled into its box. */
#include "canvas.hpp"

namespace ui {

namespace {

/* Within it, 24 units are the box. */
class Unit {
public:
    Unit(Canvas &canvas, const Box &box) : vg_(canvas.vg())
    {
        vg_.save();
        vg_.translate(box.x, box.y);
        vg_.scale(box.w / 24.0f, box.h / 24.0f);
        vg_.beginPath();
    }
    ~Unit() { vg_.restore(); }
    Canvas::Vg *operator->() { return &vg_; }
    void paint(const Colour &colour)
    {
        vg_.fillColor(colour);
        vg_.fill();
        vg_.beginPath();
    }
    void pen(const Colour &colour, float width)
    {
        vg_.lineCap(Canvas::Vg::ROUND);
        vg_.lineJoin(Canvas::Vg::ROUND);
        vg_.strokeColor(colour);
        vg_.strokeWidth(width);
        vg_.stroke();
        vg_.beginPath();
    }

private:
    Canvas::Vg &vg_;
};

void heart(Unit &at, float x, float y, float size)
{
    const float s = size / 24.0f;
    at->moveTo(x + 12 * s, y + 21 * s);
    at->bezierTo(x + 5 * s, y + 15.5f * s, x + 2 * s, y + 12.3f * s, x + 2 * s, y + 8.4f * s);
    at->bezierTo(x + 2 * s, y + 5.2f * s, x + 4.4f * s, y + 3.2f * s, x + 7.2f * s, y + 3.2f * s);
    at->bezierTo(x + 9.2f * s, y + 3.2f * s, x + 11 * s, y + 4.3f * s, x + 12 * s, y + 6.2f * s);
    at->bezierTo(x + 13 * s, y + 4.3f * s, x + 14.8f * s, y + 3.2f * s, x + 16.8f * s, y + 3.2f * s);
    at->bezierTo(x + 19.6f * s, y + 3.2f * s, x + 22 * s, y + 5.2f * s, x + 22 * s, y + 8.4f * s);
    at->bezierTo(x + 22 * s, y + 12.3f * s, x + 19 * s, y + 15.5f * s, x + 12 * s, y + 21 * s);
    at->closePath();
}

void draw_music(Unit &at)
{
    at->ellipse(7.5f, 18.2f, 3.6f, 2.8f);
    at.paint(kGreen);
    at->ellipse(17.5f, 16.2f, 3.6f, 2.8f);
    at.paint(kGreen);
    at->moveTo(10.2f, 18);
    at->lineTo(10.2f, 6.2f);
    at->lineTo(20.2f, 4.2f);
    at->lineTo(20.2f, 16);
    at.pen(kGreen, 1.9f);
    at->moveTo(10.2f, 8.6f);
    at->lineTo(20.2f, 6.6f);
    at.pen(kGreen, 2.6f);
}

void draw_fire(Unit &at)
{
    at->moveTo(12.6f, 1.8f);
    at->bezierTo(13.4f, 6.2f, 19.4f, 8.6f, 19.4f, 14.6f);
    at->bezierTo(19.4f, 19, 16.2f, 22.2f, 12, 22.2f);
    at->bezierTo(7.8f, 22.2f, 4.6f, 19, 4.6f, 14.8f);
    at->bezierTo(4.6f, 11.8f, 6.2f, 9.6f, 7.8f, 8);
    at->bezierTo(8.2f, 10, 9, 11, 10, 11.4f);
    at->bezierTo(9.6f, 7.8f, 10.4f, 4.2f, 12.6f, 1.8f);
    at->closePath();
    at.paint(kWarm);
    at->moveTo(12.4f, 12);
    at->bezierTo(13.2f, 14.2f, 15.8f, 15, 15.8f, 18);
    at->bezierTo(15.8f, 20.4f, 14.2f, 21.6f, 12.1f, 21.6f);
    at->bezierTo(9.9f, 21.6f, 8.4f, 20.2f, 8.4f, 18);
    at->bezierTo(8.4f, 15.4f, 11, 14.6f, 12.4f, 12);
    at->closePath();
    at.paint(kYellow);
}

void draw_love(Unit &at)
{
    at->circle(12, 12, 10);
    at.paint(kYellow);
    heart(at, 3.6f, 5.2f, 8.2f);
    at.paint(kRed);
    heart(at, 12.2f, 5.2f, 8.2f);
    at.paint(kRed);
    at->moveTo(6.4f, 14.4f);
    at->bezierTo(7.4f, 20.6f, 16.6f, 20.6f, 17.6f, 14.4f);
    at->closePath();
    at.paint(kWarmInk);
}

void draw_rocket(Unit &at)
{
    at->moveTo(8.2f, 15.8f);
    at->lineTo(3.4f, 20.6f);
    at->lineTo(8.6f, 19.4f);
    at->closePath();
    at.paint(kWarm);
    at->moveTo(7.4f, 11.2f);
    at->lineTo(3.6f, 12.6f);
    at->lineTo(6.8f, 8.4f);
    at->lineTo(10.4f, 7.8f);
    at->closePath();
    at.paint(kRed);
    at->moveTo(12.8f, 16.6f);
    at->lineTo(11.4f, 20.4f);
    at->lineTo(15.6f, 17.2f);
    at->lineTo(16.2f, 13.6f);
    at->closePath();
    at.paint(kRed);
    at->moveTo(21.6f, 2.4f);
    at->bezierTo(15.4f, 2.2f, 10.8f, 4.8f, 6.8f, 13.4f);
    at->lineTo(10.6f, 17.2f);
    at->bezierTo(19.2f, 13.2f, 21.8f, 8.6f, 21.6f, 2.4f);
    at->closePath();
    at.paint(kBlue);
    at->circle(15.6f, 8.4f, 2.1f);
    at.paint(kGround);
}

void draw_hundred(Unit &at)
{
    at->moveTo(3.2f, 7);
    at->lineTo(5.6f, 5.2f);
    at->lineTo(5.0f, 14);
    at.pen(kRed, 2.2f);
    at->ellipse(11.2f, 9.6f, 2.4f, 4.4f);
    at.pen(kRed, 2.2f);
    at->ellipse(18.4f, 9.2f, 2.4f, 4.4f);
    at.pen(kRed, 2.2f);
    at->moveTo(3.4f, 18.6f);
    at->bezierTo(8.4f, 16.8f, 14.6f, 16.2f, 20.8f, 16.6f);
    at.pen(kRed, 1.8f);
    at->moveTo(6.4f, 21.4f);
    at->bezierTo(10.4f, 20.2f, 14.2f, 19.9f, 18, 20.1f);
    at.pen(kRed, 1.6f);
}

} // namespace

void draw_reaction(Canvas &canvas, const Box &box, unsigned reaction)
{
    Unit at(canvas, box);
    switch (reaction) {
    case 0: return draw_music(at);
    case 1: heart(at, 0, 0, 24); return at.paint(kRed);
    case 2: return draw_fire(at);
    case 3: return draw_love(at);
    case 4: return draw_rocket(at);
    default: return draw_hundred(at);
    }
}

void draw_play(Canvas &canvas, const Box &box, const Colour &colour)
{
    Unit at(canvas, box);
    at->moveTo(8.2f, 5.2f);
    at->lineTo(8.2f, 18.8f);
    at->lineTo(19.4f, 12);
    at->closePath();
    at.paint(colour);
}

void draw_stop(Canvas &canvas, const Box &box, const Colour &colour)
{
    Unit at(canvas, box);
    at->roundedRect(7, 7, 10, 10, 1.6f);
    at.paint(colour);
}

void draw_zoom(Canvas &canvas, const Box &box, const Colour &colour, bool in)
{
    Unit at(canvas, box);
    at->circle(10.5f, 10.5f, 7.0f);
    at->moveTo(15.8f, 15.8f);
    at->lineTo(21, 21);
    at->moveTo(7.5f, 10.5f);
    at->lineTo(13.5f, 10.5f);
    if (in) {
        at->moveTo(10.5f, 7.5f);
        at->lineTo(10.5f, 13.5f);
    }
    at.pen(colour, 2.0f);
}

void draw_heart(Canvas &canvas, const Box &box, const Colour &colour, bool filled)
{
    Unit at(canvas, box);
    heart(at, 0, 0, 24);
    if (filled) at.paint(colour);
    else at.pen(colour, 2.0f);
}

void draw_add_reaction(Canvas &canvas, const Box &box, const Colour &colour)
{
    Unit at(canvas, box);
    at->arc(11, 13, 8.4f, -0.5f, 4.9f, Canvas::Vg::CW);
    at.pen(colour, 1.8f);
    at->circle(8.2f, 11.4f, 1.3f);
    at.paint(colour);
    at->circle(13.8f, 11.4f, 1.3f);
    at.paint(colour);
    at->moveTo(7.2f, 15.2f);
    at->bezierTo(8.6f, 18.4f, 13.4f, 18.4f, 14.8f, 15.2f);
    at.pen(colour, 1.7f);
    at->moveTo(18.6f, 2.4f);
    at->lineTo(18.6f, 8.8f);
    at->moveTo(15.4f, 5.6f);
    at->lineTo(21.8f, 5.6f);
    at.pen(colour, 1.8f);
}

/* The mark of the web pages. */
void draw_mark(Canvas &canvas, const Box &box)
{
    Unit at(canvas, box);
    at->roundedRect(0, 0, 24, 24, 6);
    at.paint(kWarm);
    at->moveTo(3.75f, 6.75f);
    at->lineTo(3.75f, 17.25f);
    for (float x : {7.5f, 15.0f}) {
        at->moveTo(x, 15.75f);
        at->bezierTo(x, 10.5f, x + 1.875f, 6.75f, x + 4.125f, 6.75f);
    }
    at.pen(kWarmInk, 2.25f);
}

} // namespace ui
