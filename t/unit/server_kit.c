/* server_kit.c - what the tests of real database servers share. */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server_kit.h"
#include "sql_kit.h"

pid_t server;

void cannot(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fputs("Bail out! cannot see to it that ", stdout);
    (void)vprintf(fmt, args);
    (void)puts("");
    va_end(args);
    (void)fflush(stdout);
    if (server) {
        (void)kill(server, SIGQUIT);
    }
    _exit(1);
}

void give_to_server(const char *path)
{
    const struct passwd *nobody = getpwnam("nobody");

    if (geteuid() == 0 && nobody && chown(path, nobody->pw_uid, nobody->pw_gid) != 0) {
        cannot("%s is given away", path);
    }
}

void make_log(void)
{
    FILE *log = fopen(path_of("log"), "w");

    if (!log || fclose(log) != 0 || chmod(path_of("log"), 0666) != 0 ||
        chmod(path_of("."), 0755) != 0) {
        cannot("there is a log");
    }
}

static void become_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");

    if (geteuid() == 0 && nobody &&
        (setgroups(0, NULL) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)) {
        _exit(126);
    }
}

pid_t spawn(const char *const *argv, const char *input)
{
    const char *log = path_of("log");
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int from = open(input ? input : "/dev/null", O_RDONLY);
        int fd;

        become_nobody();
        (void)prctl(PR_SET_PDEATHSIG, SIGINT); /* a test that crashes leaves no server behind */
        fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (from < 0 || fd < 0 || dup2(from, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 ||
            chdir("/") != 0) {
            _exit(125);
        }
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid;
}

int run_program(const char *const *argv, const char *input)
{
    pid_t pid = spawn(argv, input);
    int status = -1;

    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void show_log(void)
{
    FILE *log = fopen(path_of("log"), "r");
    char line[1000];

    while (log && fgets(line, sizeof(line), log)) {
        (void)printf("# %s", line);
    }
    if (log) {
        (void)fclose(log);
    }
}
