/* nts_sql_mysql_wire.c - a session of MariaDB's: connection info, deadlines, settings.
 *
 * The client library blocks, which is why this runs on the helper thread; but each wait of its own has an end. The server
 * ends a statement before we give it up, so that nothing of ours goes on there unattended.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/mysql/nts_sql_mysql.h"

#define CONNECT_SECONDS 5
#define STATEMENT_SECONDS 15
#define OLDEST 100600 /* SKIP LOCKED, INSERT ... RETURNING */

/* What texts of values, names and statements mean, whatever the server or the account was told to prefer. ANSI_QUOTES and
 * NO_BACKSLASH_ESCAPES make names and literals what they are in the other databases. Zero days are let in: a row that had
 * one can be put back. READ COMMITTED: see nts_sql_mysql_row.c. */
static const char *const settings[] = {
    "SET SESSION sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO,"
    "NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION autocommit = 1, "
    "SESSION innodb_lock_wait_timeout = 2, SESSION lock_wait_timeout = 2, "
    "SESSION max_statement_time = 12, SESSION idle_transaction_timeout = 60, "
    "SESSION sql_select_limit = DEFAULT, SESSION sql_safe_updates = 0, "
    "SESSION sql_auto_is_null = 0, SESSION completion_type = 0, "
    "SESSION foreign_key_checks = 1, SESSION unique_checks = 1, "
    "SESSION group_concat_max_len = 1048576, SESSION lc_messages = 'en_US'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
};

/* --- "host=db.example.org dbname=crm user=notionsync", with words as libpq has them */

typedef struct info_t {
    const char *host;
    const char *port;
    const char *socket;
    const char *dbname;
    const char *user;
    const char *connect_timeout;
    const char *sslmode;
    const char *sslrootcert;
} info_t;

static const char **word_of(info_t *info, const char *name, apr_size_t len)
{
    const struct {
        const char *name;
        const char **value;
    } words[] = { { "host", &info->host },       { "port", &info->port },
                  { "socket", &info->socket },   { "dbname", &info->dbname },
                  { "user", &info->user },       { "connect_timeout", &info->connect_timeout },
                  { "sslmode", &info->sslmode }, { "sslrootcert", &info->sslrootcert } };
    apr_size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0) {
            return words[i].value;
        }
    }
    return NULL;
}

/* x, 'x y', 'it\'s'; *at moves behind it. NULL: a quote that nothing ends. */
static const char *take_value(const char **at, apr_pool_t *p)
{
    const char *from = *at;
    char *value = apr_palloc(p, strlen(from) + 1);
    char *to = value;
    int is_quoted = *from == '\'';

    for (from += is_quoted; *from && (is_quoted ? *from != '\'' : *from != ' '); from++) {
        from += *from == '\\' && from[1];
        *to++ = *from;
    }
    *to = '\0';
    if (is_quoted && *from++ != '\'') {
        return NULL;
    }
    *at = from;
    return value;
}

/* A clause for people about what is wrong with it; NULL: nothing. */
static const char *parse_info(info_t *info, const char *text, apr_pool_t *p)
{
    static const char *const modes[] = { "disable", "prefer", "require", "verify-ca",
                                         "verify-full" };
    apr_int64_t number;
    apr_size_t i;

    memset(info, 0, sizeof(*info));
    while (*(text += strspn(text, " "))) {
        apr_size_t len = strcspn(text, "= ");
        const char **value = text[len] == '=' ? word_of(info, text, len) : NULL;

        if (!value) {
            return apr_psprintf(p, "\"%.*s\" is none of its words", (int)(len < 40 ? len : 40),
                                text);
        }
        text += len + 1;
        *value = take_value(&text, p);
        if (!*value) {
            return "a quote has no end";
        }
    }
    if (!info->dbname || !*info->dbname) {
        return "dbname= is missing";
    }
    if ((info->port && nts_int_parse(&number, info->port, 1, 65535) != APR_SUCCESS) ||
        (info->connect_timeout &&
         nts_int_parse(&number, info->connect_timeout, 1, 60) != APR_SUCCESS)) {
        return "port= or connect_timeout= is out of its range";
    }
    for (i = 0; info->sslmode && strcmp(modes[i], info->sslmode) != 0; i++) {
        if (i + 1 == sizeof(modes) / sizeof(modes[0])) {
            return "sslmode= is none of disable, prefer, require, verify-ca and verify-full";
        }
    }
    if (info->sslmode && strcmp(info->sslmode, "verify-ca") == 0 && !info->sslrootcert) {
        return "sslmode=verify-ca wants sslrootcert=, a file of the authorities to judge by";
    }
    if (info->host && info->socket) {
        return "host= and socket= exclude each other";
    }
    return NULL;
}

const char *nts_sql_mysql_check(const char *database, apr_pool_t *p)
{
    info_t info;

    return parse_info(&info, database, p);
}

/* --- connecting */

static apr_status_t refuse(nts_sql_error_t *error, MYSQL *mysql, const char *words)
{
    memset(error, 0, sizeof(*error));
    error->kind = NTS_SQL_UNREACHABLE;
    error->words = words;
    if (mysql) {
        mysql_close(mysql);
    }
    return APR_EGENERAL;
}

/* Whatever the reason, the way out is time or a person at the server: tried again, with pauses. */
static apr_status_t refuse_failed(nts_sql_error_t *error, MYSQL *mysql, apr_pool_t *p)
{
    return refuse(error, mysql, apr_pstrdup(p, mysql_error(mysql)));
}

/* The library's first initialisation is not safe on several threads at once. */
static void begin_library(void)
{
    (void)mysql_library_init(0, NULL, NULL);
}

static void set_number(MYSQL *mysql, enum mysql_option option, const char *text, int otherwise)
{
    apr_int64_t number = otherwise;
    unsigned int value;

    if (text) {
        (void)nts_int_parse(&number, text, 1, 65535);
    }
    value = (unsigned int)number;
    (void)mysql_options(mysql, option, &value);
}

/*
 * prefer: where the server offers it, which a session asks for that names any ciphers (with none of these options it would not).
 * A socket of this machine needs none. A certificate is looked at where one is named to judge it by; verify-full also
 * compares the name, and takes the machine's authorities if none is named.
 */
static void set_encryption(MYSQL *mysql, const info_t *info)
{
    const char *mode = info->sslmode ? info->sslmode : "prefer";
    my_bool verifies = strcmp(mode, "verify-full") == 0;
    my_bool requires = strcmp(mode, "prefer") != 0;

    if (strcmp(mode, "disable") == 0 || (info->socket && !info->sslmode)) {
        return;
    }
    (void)mysql_ssl_set(mysql, NULL, NULL, info->sslrootcert, NULL, "HIGH:!aNULL");
    (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &requires);
    (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies);
}

static int connect_to(MYSQL *mysql, const info_t *info, const char *secret)
{
    apr_int64_t port = 0;
    unsigned int off = 0;
    unsigned int tcp = MYSQL_PROTOCOL_TCP;

    set_number(mysql, MYSQL_OPT_CONNECT_TIMEOUT, info->connect_timeout, CONNECT_SECONDS);
    set_number(mysql, MYSQL_OPT_READ_TIMEOUT, NULL, STATEMENT_SECONDS);
    set_number(mysql, MYSQL_OPT_WRITE_TIMEOUT, NULL, STATEMENT_SECONDS);
    (void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off); /* no server may ask for our files */
    (void)mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "notionsync");
    set_encryption(mysql, info);
    if (info->host && !info->socket) {
        (void)mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &tcp); /* also to localhost */
    }
    if (info->port) {
        (void)nts_int_parse(&port, info->port, 1, 65535);
    }
    return mysql_real_connect(mysql, info->socket ? NULL : info->host, info->user, secret,
                              info->dbname, (unsigned int)port, info->socket,
                              CLIENT_FOUND_ROWS) != NULL;
}

static int say_settings(MYSQL *mysql)
{
    apr_size_t i;

    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (mysql_query(mysql, settings[i]) != 0) {
            return 0;
        }
    }
    return 1;
}

apr_status_t nts_sql_mysql_open(nts_sql_db_t **db, const char *database, const char *secret,
                                nts_sql_error_t *error, apr_pool_t *p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *problem;
    nts_sql_db_t *made;
    MYSQL *mysql;
    info_t info;

    *db = NULL;
    (void)pthread_once(&once, begin_library);
    problem = parse_info(&info, database, p);
    if (problem) {
        return refuse(error, NULL, apr_pstrcat(p, "the connection info: ", problem, NULL));
    }
    mysql = mysql_init(NULL);
    if (!mysql) {
        return refuse(error, NULL, "no memory");
    }
    if (!connect_to(mysql, &info, secret)) {
        return refuse_failed(error, mysql, p);
    }
    if (!mariadb_connection(mysql) || mysql_get_server_version(mysql) < OLDEST) {
        return refuse(error, mysql,
                      "the server is MySQL, or older than MariaDB 10.6, which is the first that "
                      "will do");
    }
    if (!say_settings(mysql)) {
        return refuse_failed(error, mysql, p);
    }
    made = apr_pcalloc(p, sizeof(*made));
    made->mysql = mysql;
    made->p = p;
    made->home = info.dbname;
    made->prints = apr_hash_make(p);
    apr_pool_create(&made->prepared_pool, p);
    made->prepared = apr_hash_make(made->prepared_pool);
    *db = made;
    return APR_SUCCESS;
}

void nts_sql_mysql_close(nts_sql_db_t *db)
{
    nts_sql_mysql_forget_prepared(db);
    mysql_close(db->mysql);
    db->mysql = NULL;
}

/* Between two asks a server has nothing to say but goodbye. */
int nts_sql_mysql_is_current(nts_sql_db_t *db)
{
    struct pollfd fd = { (int)mysql_get_socket(db->mysql), POLLIN, 0 };

    return fd.fd >= 0 && poll(&fd, 1, 0) == 0;
}
