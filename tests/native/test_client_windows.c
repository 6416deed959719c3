/* test_client_windows RUN_DIR: the client without a daemon, in a directory that does not exist yet: what Windows alone has. */
#include "alone.h"

#include "security_windows.h"

static const char *why_not_private(const char *path)
{
    wchar_t wide[SC_WIDE_UNITS];
    CHECK(sc_wide(path, wide, SC_WIDE_UNITS));
    HANDLE found = CreateFileW(wide, READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                               FILE_FLAG_BACKUP_SEMANTICS, NULL);
    CHECK(found != INVALID_HANDLE_VALUE);
    const char *why = sc_why_not_private(found, SE_FILE_OBJECT);
    CloseHandle(found);
    return why;
}

static void a_ring_is_private_locked_and_removed(void)
{
    sc_client *client = make(run_dir);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_OK);
    const sc_info info = info_of(client);
    CHECK(info.recording && info.generation != 0 && !info.connected && info.reason[0] == '\0');
    CHECK(!why_not_private(run_dir) && !why_not_private(path_of(&info)));
    const int fd = file_open(path_of(&info));
    CHECK(file_is_locked(fd));
    sc_client_destroy(client); /* also while a daemon has it open */
    CHECK(!file_is_locked(fd));
    close(fd);
    CHECK_EQUAL(files(run_dir), 0);
}

static void a_run_directory_that_is_open_to_others_is_not_used(void)
{
    char path[1024];
    snprintf(path, sizeof path, "%s\\open", run_dir);
    CHECK(CreateDirectoryA(path, NULL) && file_open_to_others(path));
    sc_client *client = make(path);
    CHECK_EQUAL(sc_client_activate(client, 48000.0, 2, 512), SC_ERROR_RUN_DIR);
    CHECK(strstr(info_of(client).reason, "is not used"));
    CHECK_EQUAL(sc_client_process_interleaved(client, samples, 512, NULL), 0);
    sc_client_destroy(client);
    CHECK(RemoveDirectoryA(path));
}

/* Whoever is first has a pipe's name: here the file tells of one that is there no more. */
static void a_name_that_leads_nowhere_is_no_daemon(void)
{
    static const char NAME[] = "\\\\.\\pipe\\sidechain-of-nobody";
    const sc_config config = {.size = sizeof config, .run_dir = run_dir};
    char path[1024];
    sc_client *client;
    snprintf(path, sizeof path, "%s\\plugin.sock", run_dir);
    const int fd = file_make(path, sizeof NAME - 1);
    file_put(fd, 0, NAME, sizeof NAME - 1);
    close(fd);
    CHECK_EQUAL(sc_client_create(&config, &client), SC_OK);
    wait_for_link_reason(client, "No daemon is listening");
    sc_client_destroy(client);
    file_remove(path);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    run_dir = argv[1];
    RUN(a_ring_is_private_locked_and_removed);
    RUN(a_run_directory_that_is_open_to_others_is_not_used);
    RUN(a_name_that_leads_nowhere_is_no_daemon);
    return 0;
}
