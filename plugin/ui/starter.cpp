#include "starter.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char **environ;

namespace ui {

namespace {

constexpr size_t kMostWords = 4096;
const char *const kNotForOthers[] = {"LD_", "PYTHON", "GTK_", "QT_", "VAMP_", "LADSPA_"};

std::string start_file()
{
    const char *data = std::getenv("XDG_DATA_HOME"), *home = std::getenv("HOME");
    if (data && data[0] == '/') return std::string(data) + "/sidechain/start";
    return home ? std::string(home) + "/.local/share/sidechain/start" : "";
}

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

} // namespace

std::vector<std::string> start_command(const std::string &file)
{
    struct stat facts;
    std::vector<std::string> command;
    std::ifstream lines(file);
    if (lines && stat(file.c_str(), &facts) == 0 && facts.st_uid == getuid() && !(facts.st_mode & (S_IWGRP | S_IWOTH)))
        for (std::string line; std::getline(lines, line);) command.push_back(line);
    if (command.empty() || access(command[0].c_str(), X_OK) != 0) return {"sidechain", "up", "--detach"};
    return command;
}

std::vector<std::string> clean_environment(const char *const *environment)
{
    std::vector<std::string> clean;
    for (; *environment; environment++) {
        bool others = true;
        for (const char *start : kNotForOthers) others = others && std::strncmp(*environment, start, std::strlen(start)) != 0;
        if (others) clean.push_back(*environment);
    }
    return clean;
}

Starter::~Starter()
{
    if (words_ >= 0) close(words_);
    if (running()) waitpid(child_, nullptr, WNOHANG); /* if it is not over yet, its entry stays until the host ends */
}

bool Starter::possible() { return access("/.flatpak-info", F_OK) != 0 && !std::getenv("SNAP"); }

void Starter::start()
{
    int ends[2];
    if (running()) return;
    said_.clear();
    failure_.clear();
    std::vector<std::string> command = start_command(start_file()), environment = clean_environment(environ);
    int error = pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
    if (error == 0) {
        error = spawn(child_, ends[1], command, environment);
        close(ends[1]);
        words_ = ends[0];
    }
    if (error == 0) return;
    said_ = command[0] + (error == ENOENT ? " is not there." : std::string(": ") + std::strerror(error) + ".");
    end(false);
}

void Starter::listen()
{
    char part[512];
    for (ssize_t count; (count = read(words_, part, sizeof part)) > 0;)
        if (said_.size() < kMostWords) said_.append(part, static_cast<size_t>(count));
}

bool Starter::step()
{
    int status = 0;
    if (!running()) return false;
    listen();
    const pid_t ended = waitpid(child_, &status, WNOHANG);
    if (ended == 0) return false;
    listen();
    end(ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)); /* a host that reaps all children: the link will show it */
    return true;
}

void Starter::end(bool worked)
{
    child_ = -1;
    if (words_ >= 0) close(words_);
    words_ = -1;
    if (worked) return;
    while (!said_.empty() && said_.back() == '\n') said_.pop_back();
    const size_t line = said_.rfind('\n');
    failure_ = "It did not start. " + (line == std::string::npos ? said_ : said_.substr(line + 1)) + " Try it in a terminal.";
}

} // namespace ui
