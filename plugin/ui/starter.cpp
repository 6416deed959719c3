#include "starter.hpp"

#include <cstring>
#include <fstream>

namespace ui {

static constexpr size_t kMostWords = 4096;
static const char *const kNotForOthers[] = {"LD_", "DYLD_", "PYTHON", "GTK_", "QT_", "VAMP_", "LADSPA_"};

std::vector<std::string> start_command(const std::string &file)
{
    std::vector<std::string> command;
    std::ifstream lines(file);
    if (lines && is_ours_alone(file))
        for (std::string line; std::getline(lines, line);) command.push_back(line);
    if (command.empty() || !is_program(command[0])) return {"sidechain", "up", "--detach"};
    return command;
}

bool is_of_host(const char *variable)
{
    for (const char *start : kNotForOthers)
        if (std::strncmp(variable, start, std::strlen(start)) == 0) return true;
    return false;
}

std::vector<std::string> clean_environment(const char *const *environment)
{
    std::vector<std::string> clean;
    for (; *environment; environment++)
        if (!is_of_host(*environment)) clean.push_back(*environment);
    return clean;
}

void Starter::start()
{
    if (running()) return;
    said_.clear();
    failure_.clear();
    program_ = Program::start(start_command(start_file()), said_);
    if (!program_) end(false);
}

bool Starter::step()
{
    bool worked = false;
    if (!running()) return false;
    program_->read(said_, kMostWords);
    if (!program_->has_ended(worked)) return false;
    program_->read(said_, kMostWords);
    end(worked);
    return true;
}

void Starter::end(bool worked)
{
    program_.reset();
    if (worked) return;
    while (!said_.empty() && (said_.back() == '\n' || said_.back() == '\r')) said_.pop_back();
    const size_t line = said_.rfind('\n');
    failure_ = "It did not start. " + (line == std::string::npos ? said_ : said_.substr(line + 1)) + " Try it in a terminal.";
}

} // namespace ui
