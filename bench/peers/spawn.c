/* Programs that are run: the duration is that of the process, from before its start until its work is done.
   spawn add|weight SERVICES DESTINATIONS COUNT: ipvsadm for each of so many changes
   spawn restore FILE: ipvsadm -R
   spawn keepalived SERVICES DESTINATIONS FILE: until the last service has all its destinations, looked at every 2 ms */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

extern char** environ;

static pid_t start_program(const char* const* words, const char* input) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  /* A group of its own, to end it with its children, none of which is left to clean the table up. */
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid;
  if (posix_spawnp(&pid, words[0], &files, &attributes, (char* const*)words, environ) != 0) fail(words[0]);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return pid;
}

static void run_program(const char* const* words, const char* input) {
  int status;
  const pid_t pid = start_program(words, input);
  if (waitpid(pid, &status, 0) != pid || status != 0) fail(words[0]);
}

static void name(char* text, uint32_t address) {
  sprintf(text, "%u.%u.%u.%u:%d", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, kPort);
}

static void change(const struct table* table, size_t count, const char* option, double* us) {
  char service[32], server[32];
  name(service, vip(0));
  for (size_t i = 0; i < count; ++i) {
    const bool adds = strcmp(option, "-a") == 0;
    name(server, rip(table, 0, adds ? (uint32_t)i : 0));
    const char* weight = adds ? "1" : i % 2 == 0 ? "2" : "3";
    const char* const words[] = {"ipvsadm", option, "-t", service, "-r", server, "-g", "-w", weight, NULL};
    const double start = now_us();
    run_program(words, "/dev/null");
    us[i] = now_us() - start;
  }
}

static void wait_for_last(const struct table* table) {
  struct raw* raw = raw_open();
  for (size_t found = 0; found < table->destinations;) {
    struct destination_list list = {0};
    usleep(2000);
    raw_read_destinations(raw, vip(table->services - 1), &list);
    found = list.count;
    free(list.rows);
  }
  raw_close(raw);
}

int main(int count, char** words) {
  const char* what = count > 2 ? words[1] : "";
  const struct table table = {count > 3 ? (uint32_t)atoi(words[2]) : 0, count > 3 ? (uint32_t)atoi(words[3]) : 0};
  if (strcmp(what, "restore") == 0) {
    const char* const restore[] = {"ipvsadm", "-R", NULL};
    const double start = now_us();
    run_program(restore, words[2]);
    const double us = now_us() - start;
    print_result(&us, 1, 0);
  } else if (strcmp(what, "keepalived") == 0 && count > 4) {
    char pid_file[64], checkers_file[64];
    sprintf(pid_file, "/tmp/keepalived-%d.pid", getpid());
    sprintf(checkers_file, "/tmp/keepalived-%d-checkers.pid", getpid());
    const char* const keepalived[] = {"keepalived", "--dont-fork", "--check",        "--use-file",  words[4],
                                      "--pid",      pid_file,      "--checkers_pid", checkers_file, NULL};
    const double start = now_us();
    const pid_t pid = start_program(keepalived, "/dev/null");
    wait_for_last(&table);
    const double us = now_us() - start;
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    print_result(&us, 1, 0);
  } else if (count > 4 && (strcmp(what, "add") == 0 || strcmp(what, "weight") == 0)) {
    const size_t repeats = (size_t)atoi(words[4]);
    double* us = calloc(repeats, sizeof *us);
    struct raw* raw = raw_open();
    put_service(raw, 0);
    if (strcmp(what, "weight") == 0) put_destination(raw, IPVS_CMD_NEW_DEST, vip(0), rip(&table, 0, 0), 1);
    raw_send(raw);
    change(&table, repeats, strcmp(what, "add") == 0 ? "-a" : "-e", us);
    print_result(us, repeats, 0);
  } else {
    fprintf(stderr, "spawn: expected add, weight, restore or keepalived and what it needs, found '%s'\n", what);
    return 2;
  }
  return 0;
}
