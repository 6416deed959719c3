/* How long a frame of the whole window takes to draw while its History scrolls, on an X server: time_history WIDTH HEIGHT FRAMES.
   Prints milliseconds of this thread's processor time in our drawing, and of the whole process in a frame (with a software
   OpenGL, that is the rasteriser as well), and what a frame took by the wall clock. */
#include "Application.hpp"
#include "NanoVG.hpp"
#include "StandaloneWindow.hpp"
#include "history_view.hpp"
#include "recorder_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

using namespace DGL_NAMESPACE;

namespace {

double ms(clockid_t clock)
{
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double share(std::vector<double> values, double part)
{
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(static_cast<double>(values.size() - 1) * part)];
}

constexpr uint64_t kRate = 48000, kFrames = 600 * kRate, kBar = 96000;

class Timed final : public NanoStandaloneWindow {
public:
    Timed(Application &app, unsigned width, unsigned height, int frames) : NanoStandaloneWindow(app), canvas_(*this), frames_(frames)
    {
        loadSharedResources();
        setSize(width, height);
        sc_marks bars = {};
        bars.end_frame = kFrames;
        for (uint64_t line = 0; line < kFrames;) {
            bars.first_frame = line;
            bars.count = 0;
            for (; line < kFrames && bars.count < SC_MAX_MARKS; line += kBar)
                bars.marks[bars.count++] = {line, 120.0, static_cast<int32_t>(line / kBar) + 1, 4, 4, SC_MARK_LINE | SC_MARK_PLAYING | SC_MARK_NUMBERED};
            bars.end_frame = std::min(line, kFrames);
            bars_.take(bars);
        }
    }
    bool done() const { return static_cast<int>(drawn_.size()) >= frames_; }
    void report() const
    {
        std::printf("{\"draw_ms_p50\": %.2f, \"draw_ms_p99\": %.2f, \"process_ms_p50\": %.2f, \"wall_ms_p50\": %.2f, \"wall_ms_p99\": %.2f}\n",
                    share(drawn_, 0.5), share(drawn_, 0.99), share(process_, 0.5), share(wall_, 0.5), share(wall_, 0.99));
    }

protected:
    void onNanoDisplay() override
    {
        const double cpu = ms(CLOCK_THREAD_CPUTIME_ID), process = ms(CLOCK_PROCESS_CPUTIME_ID), wall = ms(CLOCK_MONOTONIC);
        if (begun_) process_.push_back(process - last_process_), wall_.push_back(wall - last_wall_);
        last_process_ = process, last_wall_ = wall, begun_ = true;
        const ui::Layout layout(static_cast<float>(getWidth()), static_cast<float>(getHeight()), ui::Tab::kHistory);
        viewport_.show(0.0, kFrames, layout.wave.w);
        viewport_.drag(-7.3);
        fill_tiles(layout);
        const ui::Pointer pointer;
        selection_.set(200 * kBar, 208 * kBar);
        canvas_.fill(layout.whole, ui::kGround);
        ui::draw_head(canvas_, layout, status_, ring_, hearing_, pointer);
        ui::draw_controls(canvas_, layout, status_, {true, true, "Keep 8 bars", title_, pointer});
        view_.draw(canvas_, layout, {viewport_, tiles_, bars_, selection_, ring_, pointer, 0.0, kFrames, kRate, -1.0, true, false, true, true,
                                     "8 bars", "", "", ""});
        drawn_.push_back(ms(CLOCK_THREAD_CPUTIME_ID) - cpu);
    }

private:
    /* What the daemon would have told. */
    void fill_tiles(const ui::Layout &layout)
    {
        const int level = ui::PeakTiles::level_of(viewport_.frames_per_point()), whole = ui::PeakTiles::level_of(kFrames / static_cast<double>(layout.overview.w));
        for (const int each : {level, whole})
            for (ui::PeakTiles::Wanted wanted; (wanted = tiles_.wanted(each == whole ? 0.0 : viewport_.first(), each == whole ? kFrames : viewport_.end(), each, kFrames, kRate)).level >= 0;) {
                static sc_event told;
                told = {};
                told.kind = SC_EVENT_PEAKS;
                told.id = ++id_;
                told.peaks.first_frame = wanted.first_frame, told.peaks.end_frame = wanted.end_frame, told.peaks.newest_frame = kFrames;
                told.peaks.columns = SC_MAX_PEAK_COLUMNS;
                for (auto &peak : told.peaks.peaks) peak.high = static_cast<int16_t>(std::rand() % 32767), peak.low = static_cast<int16_t>(-(std::rand() % 32767));
                tiles_.asked(wanted, id_);
                tiles_.answered(told);
            }
    }

    ui::Canvas canvas_;
    ui::Viewport viewport_;
    ui::PeakTiles tiles_;
    ui::BarMap bars_;
    ui::Selection selection_;
    RingView ring_;
    ui::Hearing hearing_;
    ui::HistoryView view_;
    ui::Status status_;
    ui::TextField title_;
    int frames_;
    uint64_t id_ = 0;
    bool begun_ = false;
    double last_process_ = 0.0, last_wall_ = 0.0;
    std::vector<double> drawn_, process_, wall_;
};

} // namespace

int main(int count, char **arguments)
{
    if (count != 4) return 2;
    Application app(true);
    Timed window(app, static_cast<unsigned>(std::atoi(arguments[1])), static_cast<unsigned>(std::atoi(arguments[2])), std::atoi(arguments[3]));
    window.show();
    while (!window.done()) {
        window.repaint();
        app.idle();
    }
    window.report();
    window.close();
    return 0;
}
