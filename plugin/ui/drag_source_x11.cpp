/* A drag on X11, on a thread of its own as long as it lasts. Not on the UI thread: a target in the same program may wait there
   for what was dropped (Qt does), and nobody could give it. The two share a few words under a lock. */
#include "xdnd_source.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ui {

namespace {

constexpr int kStepMs = 50;

uint64_t steady_us()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

class DragSourceX11 final : public DragSource {
public:
    DragSourceX11(xcb_window_t window, uint32_t time_ms, const int (&wake)[2]) : wake_{wake[0], wake[1]}
    {
        sigset_t all, before; /* signals are the host's */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        try {
            thread_ = std::thread([this, window, time_ms] { run(window, time_ms); });
        } catch (const std::system_error &) {
            state_ = State::kNotTaken;
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    ~DragSourceX11() override
    {
        cancel();
        if (thread_.joinable()) thread_.join();
        for (const int end : wake_) close(end);
    }

    void move(int x, int y, uint32_t time_ms) override
    {
        tell([=](Words &words) { words.moved = true, words.x = x, words.y = y, words.time_ms = time_ms; });
    }
    void drop(int x, int y, uint32_t time_ms) override
    {
        tell([=](Words &words) { words.dropped = true, words.x = x, words.y = y, words.time_ms = time_ms; });
    }
    void cancel() override
    {
        tell([](Words &words) { words.cancelled = true; });
    }
    void offer(const std::string &path) override
    {
        tell([&](Words &words) { words.path = path; });
    }
    void withdraw() override
    {
        tell([](Words &words) { words.withdrawn = true; });
    }
    State state() const override { return state_; }

private:
    /* What the UI thread has said since the other looked. */
    struct Words {
        bool moved = false, dropped = false, cancelled = false, withdrawn = false;
        int x = 0, y = 0;
        uint32_t time_ms = 0;
        std::string path;
    };

    template <class Say> void tell(Say say)
    {
        {
            const std::lock_guard<std::mutex> held(lock_);
            say(words_);
        }
        while (write(wake_[1], "", 1) < 0 && errno == EINTR) {} /* a full pipe wakes as well */
    }

    Words told()
    {
        char bytes[64];
        while (read(wake_[0], bytes, sizeof bytes) > 0) {}
        Words words;
        const std::lock_guard<std::mutex> held(lock_);
        std::swap(words, words_);
        return words;
    }

    void run(xcb_window_t window, uint32_t time_ms)
    {
        XdndSource source(window, time_ms);
        while (!source.ended()) {
            const Words words = told();
            const uint64_t now_us = steady_us();
            if (!words.path.empty()) source.offer(words.path, now_us);
            if (words.dropped) source.drop(words.x, words.y, words.time_ms, now_us);
            else if (words.moved) source.move(words.x, words.y, words.time_ms);
            if (words.cancelled || words.withdrawn) source.cancel();
            source.step(now_us);
            state_ = source.state();
            pollfd both[] = {{source.descriptor(), POLLIN, 0}, {wake_[0], POLLIN, 0}};
            if (!source.ended()) poll(both, 2, kStepMs);
        }
        state_ = source.state();
    }

    const int wake_[2]; /* a pipe */
    std::mutex lock_;
    Words words_;
    std::atomic<State> state_{State::kNobody};
    std::thread thread_;
};

} // namespace

std::unique_ptr<DragSource> DragSource::begin(uintptr_t window, uint32_t time_ms)
{
    int wake[2];
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) return nullptr;
    return std::make_unique<DragSourceX11>(static_cast<xcb_window_t>(window), time_ms, wake);
}

} // namespace ui
