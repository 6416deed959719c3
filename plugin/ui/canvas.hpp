/* What the views draw with: NanoVG, in points, with the few shapes and kinds of text that the window is made of. */
#ifndef SIDECHAIN_UI_CANVAS_HPP
#define SIDECHAIN_UI_CANVAS_HPP

#include "NanoVG.hpp"
#include "layout.hpp"
#include "palette.hpp"

#include <string>
#include <vector>

namespace ui {

enum class Align { kLeft, kCentre, kRight };

class Canvas {
public:
    using Vg = DGL_NAMESPACE::NanoVG;

    explicit Canvas(Vg &vg) : vg_(vg) {}
    Vg &vg() { return vg_; }

    void fill(const Box &box, const Colour &colour, float radius = 0.0f);
    void frame(const Box &box, const Colour &colour, float radius, float width = 1.0f);
    void disc(float x, float y, float radius, const Colour &colour);
    void line(float x, float top, float bottom, const Colour &colour); /* upright, one pixel, sharp at any scale */

    /* Upright bars with round ends, all in one path: of one each, a driver would have some calls for each. */
    struct Bar {
        float x, top, bottom; /* x: of its middle */
    };
    void bars(const std::vector<Bar> &bars, float width, const Colour &colour);

    /* A picture in one colour, of the box's size in pixels: each grey says how much of that pixel is covered. */
    void stencil(const Box &box, const DGL_NAMESPACE::NanoImage &picture, const Colour &colour);

    /* One line of text in a box, on its middle; cut with an ellipsis when it does not fit. Returns its width. */
    float write(const Box &box, float size, const Colour &colour, const std::string &words, Align align = Align::kLeft,
                bool strong = false);
    /* Several lines, broken at words; the last is cut with an ellipsis. Returns the height used. */
    float paragraph(const Box &box, float size, const Colour &colour, const std::string &words, Align align = Align::kLeft);
    float width(float size, const std::string &words);

    void button(const Box &box, const std::string &words, bool primary, bool hovered, bool enabled = true);
    void clip(const Box &box);
    void unclip();

    static constexpr float kPixel = 1.0f;
    float pixel = 1.0f; /* of the screen, in points */

private:
    void use(float size, const Colour &colour, Align align);
    struct Fitted {
        std::string words;
        float wide;
    };
    Fitted fitted(float room, const std::string &words);

    Vg &vg_;
};

/* Pictures, each within a square box. */
void draw_play(Canvas &canvas, const Box &box, const Colour &colour);
void draw_stop(Canvas &canvas, const Box &box, const Colour &colour);
void draw_zoom(Canvas &canvas, const Box &box, const Colour &colour, bool in); /* a magnifying glass with + or − */
void draw_heart(Canvas &canvas, const Box &box, const Colour &colour, bool filled);
void draw_add_reaction(Canvas &canvas, const Box &box, const Colour &colour);
void draw_mark(Canvas &canvas, const Box &box);
void draw_reaction(Canvas &canvas, const Box &box, unsigned reaction); /* by its place in the protocol's list */

} // namespace ui
#endif
