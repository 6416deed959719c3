/* starter.hpp on Linux. posix_spawn and not fork: a fork makes every page of the host copy-on-write, and its audio thread
   would pay for that at its next blocks. */
#include "starter.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char **environ;

namespace ui {

namespace {

std::vector<char *> pointers(std::vector<std::string> &texts)
{
    std::vector<char *> all;
    for (std::string &text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

/* A session of its own, no signal held back, no file of the host's but the pipe: those without CLOEXEC are closed by
   `up --detach` before the daemon begins. Returns an errno. */
int spawn(pid_t &child, int words, std::vector<std::string> &command, std::vector<std::string> &environment)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t manners;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, words, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, words, STDERR_FILENO);
    posix_spawnattr_init(&manners);
    posix_spawnattr_setsigmask(&manners, &none);
    posix_spawnattr_setsigdefault(&manners, &all);
    posix_spawnattr_setflags(&manners, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(&child, command[0].c_str(), &files, &manners, pointers(command).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&manners);
    return error;
}

class Child final : public Program {
public:
    Child(pid_t child, int words) : child_(child), words_(words) {}
    ~Child() override
    {
        close(words_);
        if (child_ > 0) waitpid(child_, nullptr, WNOHANG); /* if it is not over yet, its entry stays until the host ends */
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

    void read(std::string &said, size_t most) override
    {
        char part[512];
        for (ssize_t count; (count = ::read(words_, part, sizeof part)) > 0;)
            if (said.size() < most) said.append(part, static_cast<size_t>(count));
    }

    bool has_ended(bool &worked) override
    {
        int status = 0;
        const pid_t ended = waitpid(child_, &status, WNOHANG);
        if (ended == 0) return false;
        child_ = -1;
        worked = ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0); /* a host that reaps all children: the link will show it */
        return true;
    }

private:
    pid_t child_;
    int words_;
};

} // namespace

std::string start_file()
{
    const char *data = std::getenv("XDG_DATA_HOME"), *home = std::getenv("HOME");
    if (data && data[0] == '/') return std::string(data) + "/sidechain/start";
    return home ? std::string(home) + "/.local/share/sidechain/start" : "";
}

bool is_ours_alone(const std::string &file)
{
    struct stat facts;
    return stat(file.c_str(), &facts) == 0 && facts.st_uid == getuid() && !(facts.st_mode & (S_IWGRP | S_IWOTH));
}

bool is_program(const std::string &path) { return access(path.c_str(), X_OK) == 0; }

bool Starter::possible() { return access("/.flatpak-info", F_OK) != 0 && !std::getenv("SNAP"); }

std::unique_ptr<Program> Program::start(std::vector<std::string> command, std::string &why)
{
    int ends[2];
    pid_t child = -1;
    std::vector<std::string> environment = clean_environment(environ);
    int error = pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
    if (error == 0) {
        error = spawn(child, ends[1], command, environment);
        close(ends[1]);
        if (error == 0) return std::make_unique<Child>(child, ends[0]);
        close(ends[0]);
    }
    why = command[0] + (error == ENOENT ? " is not there." : std::string(": ") + std::strerror(error) + ".");
    return nullptr;
}

} // namespace ui
