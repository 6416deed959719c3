/* Starts Sidechain for the window: what `sidechain up --detach` does in a terminal, as the daemon said when it last ran
   (daemon/system/start_file.py), else by PATH. On the UI thread, which waits for nothing but the system's own exec.
   `up --detach` returns as soon as the daemon runs, so the daemon is nobody's child here. */
#ifndef SIDECHAIN_UI_STARTER_HPP
#define SIDECHAIN_UI_STARTER_HPP

#include <memory>
#include <string>
#include <vector>

namespace ui {

/* A program that was started, and what it prints: starter_OS.cpp. */
class Program {
public:
    /* nullptr, with a sentence in `why`. */
    static std::unique_ptr<Program> start(std::vector<std::string> command, std::string &why);

    virtual ~Program() = default; /* lets go of it, and does not wait */

    virtual void read(std::string &said, size_t most) = 0; /* what it has printed since; no more than `most` bytes in all */
    virtual bool has_ended(bool &worked) = 0;
};

class Starter {
public:
    /* False in a sandbox that shows its programs only the files of its own. */
    static bool possible();

    void start();
    bool running() const { return program_ != nullptr; }
    bool step(); /* now and then; true when it has ended just now */

    /* "", or why it did not start: a sentence, and what to do. */
    const std::string &failure() const { return failure_; }

private:
    void end(bool worked);

    std::unique_ptr<Program> program_;
    std::string said_, failure_; /* what it prints is read to its end, for its last line is the reason */
};

/* Where the daemon said how it is started; "" when there is no such place. */
std::string start_file();

/* The command to run: one argument a line of the file, if it is the user's own and nobody else's; else by PATH. */
std::vector<std::string> start_command(const std::string &file);

/* What start_command() asks of the system: whether only this user can write the file, and whether the program is there. */
bool is_ours_alone(const std::string &file);
bool is_program(const std::string &path);

/* Whether a variable, as in "NAME=value", is one that hosts set for their own libraries; their environment without those. */
bool is_of_host(const char *variable);
std::vector<std::string> clean_environment(const char *const *environment);

} // namespace ui
#endif
