/* The administrator's command line. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("notionsyncctl %s\n", NTS_VERSION);
        return 0;
    }
    (void)fputs("usage: notionsyncctl --version\n", stderr);
    return EXIT_USAGE;
}
