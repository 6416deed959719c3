/* Starts Sidechain for the window: what `sidechain up --detach` does in a terminal, as the daemon said when it last ran
   (daemon/system/start_file.py), else by PATH. On the UI thread, which waits for nothing but the system's own exec.

   posix_spawn and not fork: a fork makes every page of the host copy-on-write, and its audio thread would pay for that at
   its next blocks. `up --detach` returns as soon as the daemon runs, so the daemon is nobody's child here. */
#ifndef SIDECHAIN_UI_STARTER_HPP
#define SIDECHAIN_UI_STARTER_HPP

#include <string>
#include <sys/types.h>
#include <vector>

namespace ui {

class Starter {
public:
    Starter() = default;
    ~Starter();
    Starter(const Starter &) = delete;
    Starter &operator=(const Starter &) = delete;

    /* False in a sandbox that shows its programs only the files of its own. */
    static bool possible();

    void start();
    bool running() const { return child_ > 0; }
    bool step(); /* now and then; true when it has ended just now */

    /* "", or why it did not start: a sentence, and what to do. */
    const std::string &failure() const { return failure_; }

private:
    void listen();
    void end(bool worked);

    pid_t child_ = -1;
    int words_ = -1; /* what it prints; read to its end, for its last line is the reason */
    std::string said_, failure_;
};

/* The command to run: one argument a line of the file, if it is the user's own and nobody else's; else by PATH. */
std::vector<std::string> start_command(const std::string &file);

/* The host's environment without what it has set for its own libraries. */
std::vector<std::string> clean_environment(const char *const *environment);

} // namespace ui
#endif
