/* starter.hpp on Windows. Tried under Wine. */
#include "starter.hpp"

#include "security_windows.h"

#include <cwchar>

namespace ui {

namespace {

std::wstring wide(const std::string &text)
{
    std::wstring made(text.size() + 1, L'\0');
    return sc_wide(text.c_str(), made.data(), static_cast<int>(made.size())) ? made.c_str() : L"";
}

std::string variable(const wchar_t *name)
{
    wchar_t value[SC_WIDE_UNITS];
    char narrow[3 * SC_WIDE_UNITS];
    const DWORD units = GetEnvironmentVariableW(name, value, SC_WIDE_UNITS);
    return units > 0 && units < SC_WIDE_UNITS && sc_narrow(value, narrow, sizeof narrow) ? narrow : "";
}

/* One argument, as CommandLineToArgvW takes it apart again. */
std::string quoted(const std::string &argument)
{
    std::string text = "\"";
    size_t slashes = 0;
    for (const char each : argument) {
        if (each == '\\') {
            slashes++;
            continue;
        }
        text.append(each == '"' ? 2 * slashes + 1 : slashes, '\\') += each;
        slashes = 0;
    }
    return text.append(2 * slashes, '\\') + '"';
}

std::wstring command_line(const std::vector<std::string> &command)
{
    std::string line;
    for (const std::string &argument : command) line += (line.empty() ? "" : " ") + quoted(argument);
    return wide(line);
}

/* Without what the host has set for its own libraries, as CreateProcess takes it. */
std::wstring environment()
{
    std::wstring block;
    wchar_t *all = GetEnvironmentStringsW();
    for (const wchar_t *each = all; each && *each; each += std::wcslen(each) + 1) {
        char start[16] = "";
        for (size_t i = 0; i + 1 < sizeof start && each[i] && each[i] < 128; i++) start[i] = static_cast<char>(each[i]);
        if (!is_of_host(start)) block.append(each).push_back(L'\0');
    }
    if (all) FreeEnvironmentStringsW(all);
    return block.append(1, L'\0');
}

class Child final : public Program {
public:
    Child(HANDLE process, HANDLE words) : process_(process), words_(words) {}
    ~Child() override
    {
        CloseHandle(process_);
        CloseHandle(words_);
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

    void read(std::string &said, size_t most) override
    {
        char part[512];
        DWORD there = 0, count = 0;
        while (PeekNamedPipe(words_, nullptr, 0, nullptr, &there, nullptr) && there > 0 &&
               ReadFile(words_, part, sizeof part, &count, nullptr) && count > 0)
            if (said.size() < most) said.append(part, count);
    }

    bool has_ended(bool &worked) override
    {
        DWORD code = 1;
        if (WaitForSingleObject(process_, 0) == WAIT_TIMEOUT) return false;
        worked = GetExitCodeProcess(process_, &code) && code == 0;
        return true;
    }

private:
    HANDLE process_, words_;
};

/* Nothing of the host's is inherited but the pipe: a list says so. */
bool spawn(std::wstring line, HANDLE words, PROCESS_INFORMATION &made)
{
    SIZE_T bytes = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &bytes);
    std::vector<char> room(bytes);
    STARTUPINFOEXW how = {};
    how.StartupInfo.cb = sizeof how;
    how.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    how.StartupInfo.hStdOutput = how.StartupInfo.hStdError = words;
    how.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(room.data());
    if (!InitializeProcThreadAttributeList(how.lpAttributeList, 1, 0, &bytes)) return false;
    std::wstring around = environment();
    const DWORD manners = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
    const bool started =
        UpdateProcThreadAttribute(how.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &words, sizeof words, nullptr, nullptr) &&
        CreateProcessW(nullptr, line.data(), nullptr, nullptr, TRUE, manners, around.data(), nullptr, &how.StartupInfo, &made);
    const DWORD error = GetLastError();
    DeleteProcThreadAttributeList(how.lpAttributeList);
    SetLastError(error);
    return started;
}

std::string why_not(const std::string &program, DWORD error)
{
    char said[200];
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND) return program + " is not there.";
    return program + ": " + sc_system_says(error, said, sizeof said) + ".";
}

} // namespace

/* platformdirs' place of the data, where the daemon writes it. */
std::string start_file()
{
    const std::string data = variable(L"LOCALAPPDATA");
    return data.empty() ? "" : data + "\\sidechain\\sidechain\\start";
}

bool is_ours_alone(const std::string &file)
{
    const HANDLE found = CreateFileW(wide(file).c_str(), READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                     OPEN_EXISTING, 0, nullptr);
    if (found == INVALID_HANDLE_VALUE) return false;
    const bool ours = !sc_why_not_private(found, SE_FILE_OBJECT);
    CloseHandle(found);
    return ours;
}

bool is_program(const std::string &path)
{
    const DWORD kind = GetFileAttributesW(wide(path).c_str());
    return kind != INVALID_FILE_ATTRIBUTES && !(kind & FILE_ATTRIBUTE_DIRECTORY);
}

bool Starter::possible() { return true; }

std::unique_ptr<Program> Program::start(std::vector<std::string> command, std::string &why)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, nullptr, TRUE};
    HANDLE ours, theirs;
    PROCESS_INFORMATION made;
    if (!CreatePipe(&ours, &theirs, &inherited, 0)) {
        why = why_not(command[0], GetLastError());
        return nullptr;
    }
    SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0);
    const bool started = spawn(command_line(command), theirs, made);
    const DWORD error = GetLastError();
    CloseHandle(theirs);
    if (!started) {
        CloseHandle(ours);
        why = why_not(command[0], error);
        return nullptr;
    }
    CloseHandle(made.hThread);
    return std::make_unique<Child>(made.hProcess, ours);
}

} // namespace ui
