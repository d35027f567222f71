/* server_kit.h - programs of a database server, run by a test in the folder of sql_kit.h. */
#ifndef SERVER_KIT_H
#define SERVER_KIT_H

#include <sys/types.h>

/** The server that runs, to be ended with the test; 0: none. */
extern pid_t server;

/** Ends the test, and the server. */
void cannot(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/** Servers refuse to run as root: a folder or file that belongs to who runs them, and the log. */
void give_to_server(const char *path);
void make_log(void);
/** A program in the background, with its output in the log; @a input NULL: it reads nothing. */
pid_t spawn(const char *const *argv, const char *input);
/** Zero: it failed. */
int run_program(const char *const *argv, const char *input);
void show_log(void);

#endif /* SERVER_KIT_H */
