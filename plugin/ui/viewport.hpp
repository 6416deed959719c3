/* Which frames of the History are in sight, and how wide each is: scrolling and zooming as values. No drawing. */
#ifndef SIDECHAIN_UI_VIEWPORT_HPP
#define SIDECHAIN_UI_VIEWPORT_HPP

#include <cstdint>

namespace ui {

class Viewport {
public:
    static constexpr double kFinest = 16.0; /* frames of a point */
    static constexpr double kLiveEdge = 0.06; /* of the width that is free behind the newest frame */

    /* What there is to be seen: [oldest, newest) frames, on so many points. Whoever looks at the newest goes on doing so. */
    void show(double oldest, double newest, double width);

    double oldest() const { return oldest_; }
    double newest() const { return newest_; }
    double first() const { return first_; } /* at the left edge */
    double end() const { return first_ + width_ * frames_per_point_; }
    double frames_per_point() const { return frames_per_point_; }
    double x_of(double frame) const { return (frame - first_) / frames_per_point_; } /* points from the left edge */
    double frame_at(double x) const { return first_ + x * frames_per_point_; }
    bool live() const { return live_; } /* the newest is in sight, and stays there */

    void scroll(double points);            /* eased; positive: to newer ones */
    void drag(double points);              /* at once */
    void zoom(double factor, double x);    /* more than 1: closer; the frame at x stays where it is */
    void look_at(double frame, double frames_wide); /* in the middle; at once */
    void go_to_newest();                   /* eased */
    void go_to_oldest();
    void reveal(double first, double end); /* scroll as far as is needed, if it is not in sight */

    /* Time goes on; true while something moves. */
    bool pass(double seconds);

private:
    double widest() const;
    double newest_first() const; /* `first_` when the newest is in sight */
    void bound();
    void aim(double first);

    double oldest_ = 0.0, newest_ = 0.0, width_ = 1.0;
    double first_ = 0.0, frames_per_point_ = 0.0, target_ = 0.0;
    bool live_ = true, moving_ = false;
};

} // namespace ui
#endif
