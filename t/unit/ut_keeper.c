/* Proves what is kept of an installation through OAuth, against a service that rotates its tokens as strictly as one can: a state is
 * for once and for one browser, a code is sent once, tokens are stored sealed before they are used, and a worker that dies at any
 * step of a refresh leaves either working tokens behind or an end that says "install again", never a loop. */
#include <stdlib.h>
#include <string.h>

#include <apr_base64.h>
#include <apr_file_io.h>
#include <sqlite3.h>

#include "base/nts_json.h"
#include "store_kit.h"
#include "tap/tap.h"
#include "worker/nts_keeper.h"

#define SECRET "client-secret"
#define WORKSPACE "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER "bbbbbbbb-0000-4000-8000-000000000002"
#define SECONDS(n) apr_time_from_sec(n)

static kit_t kit;
static nts_service_t service;
static nts_key_t tokens_key;
static nts_key_t code_key;
static int group_number; /* each test is a group of its own */
static const char *group;

/* ---- the service: strict, or with the former refresh token still good */

static struct {
    const char *code;
    const char *refresh;
    const char *former; /* refresh token */
    int count;
    int lenient;
    int lifetime; /* told as expires_in; 0: not told */
    int no_refresh;
    int as_rfc; /* errors as RFC 6749 has them, not as Notion's other errors */
    const char *workspace;
    const char *bot;
    int asked; /* requests */
    int dead;
} notion;

static nts_http_answer_t *make_answer(int status, const char *body)
{
    nts_http_answer_t *http = apr_pcalloc(kit.p, sizeof(*http));

    http->transport = NTS_HTTP_ANSWERED;
    http->status = status;
    http->body = body;
    http->body_len = strlen(body);
    http->sent_at = http->answered_at = kit_now;
    return http;
}

static nts_http_answer_t *no_answer(nts_transport_t transport)
{
    nts_http_answer_t *http = apr_pcalloc(kit.p, sizeof(*http));

    http->transport = transport;
    http->words = "connection reset";
    return http;
}

static nts_http_answer_t *grant_tokens(void)
{
    nts_json_t *root = nts_json_make_object(kit.p);

    notion.count++;
    notion.former = notion.refresh;
    notion.refresh = apr_psprintf(kit.p, "nrt_secret_%d", notion.count);
    nts_json_add_string(root, "access_token", apr_psprintf(kit.p, "ntn_secret_%d", notion.count));
    nts_json_add_string(root, "token_type", "bearer");
    nts_json_add_string(root, "refresh_token", notion.no_refresh ? NULL : notion.refresh);
    nts_json_add_string(root, "bot_id", notion.bot);
    nts_json_add_string(root, "workspace_id", notion.workspace);
    nts_json_add_string(root, "workspace_name", "Acme");
    if (notion.lifetime) {
        nts_json_add_int(root, "expires_in", notion.lifetime);
    }
    return make_answer(200, nts_json_text(root, kit.p));
}

/* Notion's documents disagree on the form; both say the same. */
static nts_http_answer_t *refuse_grant(void)
{
    if (notion.as_rfc) {
        return make_answer(400, "{\"error\":\"invalid_grant\","
                                "\"error_description\":\"Invalid refresh token.\"}");
    }
    return make_answer(400, "{\"object\":\"error\",\"status\":400,\"code\":\"invalid_grant\","
                            "\"message\":\"Invalid refresh token.\"}");
}

static nts_http_answer_t *serve(const nts_http_request_t *request)
{
    const nts_json_t *root = NULL;
    const char *code, *refresh;

    notion.asked++;
    (void)nts_json_parse(&root, request->body, request->body_len, NULL, kit.p);
    code = nts_json_get_string(root, "code");
    refresh = nts_json_get_string(root, "refresh_token");
    if (code) {
        int is_good = notion.code && strcmp(code, notion.code) == 0;

        notion.code = NULL;
        notion.dead = is_good ? 0 : notion.dead;
        return is_good ? grant_tokens() : refuse_grant();
    }
    if (notion.dead || !refresh) {
        return refuse_grant();
    }
    if (strcmp(refresh, notion.refresh) == 0 ||
        (notion.lenient && notion.former && strcmp(refresh, notion.former) == 0)) {
        return grant_tokens();
    }
    notion.dead = 1; /* a spent one ends the grant */
    return refuse_grant();
}

/* ---- workers */

static apr_pool_t *request_pool;

static nts_keeper_t *start_as(const nts_key_t *key)
{
    nts_keeper_config_t config = { 0 };
    const nts_random_t *random = &nts_random_system;

    config.service = &service;
    config.oauth = nts_connector_find(NTS_SERVICE_NOTION)->oauth;
    config.client_secret = SECRET;
    config.tokens_key = key;
    config.code_key = &code_key;
    config.store = kit_connect(&kit, kit.p);
    config.group = group;
    config.clock = &kit_clock;
    config.random = random;
    if (nts_store_own_group(&config.epoch, config.store, group) != APR_SUCCESS) {
        exit(1);
    }
    return nts_keeper_create(&config, kit.p);
}

/* Another worker has the group from here on, whatever became of the one before. */
static nts_keeper_t *start(void)
{
    return start_as(&tokens_key);
}

static const nts_http_request_t *next(nts_keeper_t *k)
{
    return nts_keeper_next(k, request_pool);
}

/* Its next request is answered by the service. Zero: it has none. */
static int step(nts_keeper_t *k)
{
    const nts_http_request_t *request = next(k);

    if (!request) {
        return 0;
    }
    nts_keeper_take(k, serve(request));
    return 1;
}

/* A service of its own, which nobody has installed. */
static void begin(void)
{
    memset(&notion, 0, sizeof(notion));
    notion.workspace = WORKSPACE;
    notion.bot = "cccccccc-0000-4000-8000-000000000003";
    notion.refresh = "none";
    group = apr_psprintf(kit.p, "group %d", ++group_number);
    service = *kit.notion;
    service.id = 1000 + group_number;
    service.oauth_client = "client-id";
    service.oauth_redirect = "https://example.org/notionsync/oauth";
}

/* What httpd's child stores when a browser comes back. */
static void come_back(const char *code)
{
    if (code) {
        notion.code = code;
    }
    tap_int(nts_store_put_attempt(kit.store, &service, &code_key, code, "ada", NULL), APR_SUCCESS,
            "a browser comes back");
}

static nts_keeper_t *install(void)
{
    nts_keeper_t *k;

    begin();
    come_back("code_secret_1");
    k = start();
    tap_ok(step(k), "the code is exchanged");
    return k;
}

static const char *attempt_state(void)
{
    nts_oauth_attempt_t attempt;

    (void)nts_store_get_attempt(&attempt, kit.store, service.id, kit.p);
    return attempt.state;
}

static nts_oauth_grant_t grant(void)
{
    nts_oauth_grant_t found;

    (void)nts_store_get_grant(&found, kit.store, service.id, kit.p);
    return found;
}

static const char *code_of(const nts_keeper_t *k)
{
    const char *code = nts_keeper_why(k)->code;

    return code ? code : "none";
}

/* It refuses everything, and asks for nothing, however long. */
static int is_buried(nts_keeper_t *k)
{
    int asked = notion.asked;
    int i;

    for (i = 0; i < 50; i++) {
        kit_now += SECONDS(600);
        nts_keeper_look(k);
        nts_keeper_retry(k);
        nts_keeper_refused(k, nts_keeper_generation(k));
        if (step(k) || nts_keeper_state(k) != NTS_KEEPER_REFUSE || nts_keeper_wakes(k)) {
            return 0;
        }
    }
    return notion.asked == asked && strcmp(code_of(k), "oauth.ended") == 0 &&
           strstr(nts_keeper_why(k)->advice, "https://example.org/notionsync/oauth/") != NULL &&
           strcmp(grant().state, "dead") == 0;
}

/* ---- states */

static apr_status_t take_state(const char *hash, const char *browser, const char *by)
{
    apr_int64_t found;

    return nts_store_take_oauth_state(&found, kit.store, hash, browser, by);
}

static void test_states(void)
{
    int i, good = 0;

    begin();
    (void)nts_store_put_oauth_state(kit.store, service.id, "h1", "b1", "ada");
    tap_int(take_state("h0", "b1", "ada"), APR_ENOENT, "a state that nobody made");
    tap_int(take_state("h1", "b1", "ada"), APR_SUCCESS, "one that comes back");
    tap_int(take_state("h1", "b1", "ada"), APR_ENOENT, "comes back once");
    (void)nts_store_put_oauth_state(kit.store, service.id, "h2", "b2", "ada");
    tap_int(take_state("h2", "b1", "ada"), APR_EACCES, "of another browser");
    tap_int(take_state("h2", "b2", "ada"), APR_ENOENT, "which has used it up");
    (void)nts_store_put_oauth_state(kit.store, service.id, "h3", "b3", "ada");
    tap_int(take_state("h3", "b3", "ben"), APR_EACCES, "of another user");
    (void)nts_store_put_oauth_state(kit.store, service.id, "h4", "b4", "ada");
    kit_now += SECONDS(600) - 1;
    (void)nts_store_put_oauth_state(kit.store, service.id, "h5", "b5", "ada");
    tap_int(take_state("h4", "b4", "ada"), APR_SUCCESS, "just in time");
    kit_now += SECONDS(600);
    tap_int(take_state("h5", "b5", "ada"), APR_ENOENT, "just too late");
    (void)nts_store_put_oauth_state(kit.store, service.id, "h6", "b6", "ada");
    kit_now -= SECONDS(3600);
    tap_int(take_state("h6", "b6", "ada"), APR_ENOENT,
            "a clock that was set back makes none last longer");
    for (i = 0; i < 30; i++) {
        kit_now++;
        (void)nts_store_put_oauth_state(kit.store, service.id, apr_psprintf(kit.p, "m%d", i), "b",
                                        "ada");
    }
    for (i = 0; i < 30; i++) {
        good += take_state(apr_psprintf(kit.p, "m%d", i), "b", "ada") == APR_SUCCESS;
    }
    tap_int(good, 20, "no service has more than twenty");
}

/* ---- installing */

static void test_not_installed(void)
{
    nts_keeper_t *k;

    begin();
    k = start();
    tap_int(nts_keeper_state(k), NTS_KEEPER_REFUSE, "nothing was installed");
    tap_str(code_of(k), "oauth.not_installed", "which it says");
    tap_ok(!next(k) && !nts_keeper_wakes(k), "and nothing is asked");
}

static void test_request(void)
{
    const nts_http_request_t *request;
    nts_keeper_t *k;
    char plain[100];

    begin();
    come_back("code_secret_1");
    k = start();
    request = next(k);
    tap_ok(request != NULL, "a code is exchanged");
    tap_str(request->url,
            apr_pstrcat(kit.p, service.endpoint ? service.endpoint : "https://api.notion.com",
                        "/v1/oauth/token", NULL),
            "there");
    tap_str(request->body,
            "{\"grant_type\":\"authorization_code\",\"code\":\"code_secret_1\",\"redirect_uri\":"
            "\"https://example.org/notionsync/oauth\"}",
            "with the redirect address of the configuration");
    plain[apr_base64_decode(plain, request->headers[0].value + strlen("Basic "))] = '\0';
    tap_str(plain, "client-id:" SECRET, "by the client");
    tap_ok(!next(k), "one at a time");
    nts_keeper_take(k, serve(request));
    tap_str(nts_connector_find(NTS_SERVICE_NOTION)->oauth->authorize(&service, "a b", kit.p),
            apr_pstrcat(kit.p, service.endpoint ? service.endpoint : "https://api.notion.com",
                        "/v1/oauth/"
                        "authorize?client_id=client-id&redirect_uri=https%3A%2F%2Fexample.org%"
                        "2Fnotionsync%2Foauth"
                        "&response_type=code&owner=user&state=a%20b",
                        NULL),
            "where the browser was sent");
}

static int holds(const char *path, const char *text)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *bytes;
    apr_size_t len, i;
    int found = 0;

    if (apr_file_open(&file, path, APR_READ, 0, kit.p) != APR_SUCCESS) {
        return 0;
    }
    (void)apr_file_info_get(&info, APR_FINFO_SIZE, file);
    bytes = apr_palloc(kit.p, (apr_size_t)info.size + 1);
    (void)apr_file_read_full(file, bytes, (apr_size_t)info.size, &len);
    (void)apr_file_close(file);
    for (i = 0; i + strlen(text) <= len && !found; i++) {
        found = memcmp(bytes + i, text, strlen(text)) == 0;
    }
    return found;
}

static int is_stored(const char *text)
{
    return holds(kit.config.params, text) ||
           holds(apr_pstrcat(kit.p, kit.config.params, "-wal", NULL), text);
}

static void test_install(void)
{
    nts_keeper_t *k = install();
    const char *code;

    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "requests may go");
    tap_str(nts_keeper_token(k), "ntn_secret_1", "with the token");
    tap_str(attempt_state(), "done", "the attempt is done");
    tap_str(grant().workspace, WORKSPACE, "its workspace is pinned");
    tap_str(grant().by, "ada", "who did it is known");
    tap_int(nts_store_get_secret(&code, kit.store, &service, NTS_OAUTH_CODE, &code_key, kit.p),
            APR_ENOENT, "the code is gone");
    tap_ok(!is_stored("ntn_secret") && !is_stored("nrt_secret") && !is_stored("code_secret"),
           "nothing is stored as it is");
    tap_int(nts_store_get_secret(&code, kit.store, &service, NTS_OAUTH_TOKENS, &code_key, kit.p),
            APR_EMISMATCH, "what opens codes opens no tokens");
    k = start();
    tap_str(nts_keeper_token(k), "ntn_secret_1", "a successor has it");
    tap_ok(!step(k), "and asks for nothing");
    k = start_as(&code_key);
    tap_str(code_of(k), "oauth.sealed", "with another key of the server it cannot be opened");
    tap_int(nts_keeper_state(k), NTS_KEEPER_REFUSE, "and nothing is asked");
}

static void test_code_once(void)
{
    nts_keeper_t *k;

    begin();
    come_back("code_secret_1");
    k = start();
    (void)serve(next(k));
    nts_keeper_take(k, no_answer(NTS_HTTP_FATE_UNKNOWN));
    tap_str(attempt_state(), "failed", "an answer that is lost is the end of the attempt");
    nts_keeper_look(k);
    tap_ok(!next(k), "the code is not sent again");
    begin();
    come_back("code_secret_1");
    k = start();
    (void)serve(next(k)); /* and dies */
    k = start();
    tap_str(attempt_state(), "failed", "so is a worker that dies before the answer");
    tap_ok(!next(k) && notion.asked == 1, "the code is not sent again");
    begin();
    come_back("code_secret_1");
    kit_now += SECONDS(601);
    k = start();
    tap_ok(!next(k), "an old code is not sent at all");
    tap_str(attempt_state(), "failed", "its attempt has failed");
    come_back("code_secret_2");
    nts_keeper_look(k);
    tap_ok(step(k), "the next attempt has a code of its own");
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "and works");
}

static void test_other_workspace(void)
{
    nts_keeper_t *k = install();
    nts_oauth_attempt_t attempt;

    notion.workspace = OTHER;
    come_back("code_secret_2");
    nts_keeper_look(k);
    tap_ok(step(k), "an installation in another workspace");
    tap_str(attempt_state(), "held", "is held");
    tap_str(grant().held, OTHER, "and named");
    tap_str(nts_keeper_token(k), "ntn_secret_1", "what was granted before is used on");
    (void)nts_store_get_attempt(&attempt, kit.store, service.id, kit.p);
    tap_int(nts_store_answer_held(kit.store, service.id, attempt.number - 1, 1), APR_ENOENT,
            "nobody confirms a former one");
    tap_int(nts_store_answer_held(kit.store, service.id, attempt.number, 1), APR_SUCCESS,
            "it is confirmed");
    k = start();
    tap_str(nts_keeper_token(k), "ntn_secret_2", "and used, by a successor too");
    tap_str(grant().workspace, OTHER, "the other workspace is pinned");
    tap_ok(!grant().held, "nothing is held");
    tap_int(nts_store_answer_held(kit.store, service.id, attempt.number, 1), APR_ENOENT,
            "it is not confirmed twice");
    notion.workspace = WORKSPACE;
    come_back("code_secret_3");
    nts_keeper_look(k);
    (void)step(k);
    (void)nts_store_get_attempt(&attempt, kit.store, service.id, kit.p);
    tap_int(nts_store_answer_held(kit.store, service.id, attempt.number, 0), APR_SUCCESS,
            "another is discarded");
    nts_keeper_look(k);
    tap_ok(!grant().held && strcmp(nts_keeper_token(k), "ntn_secret_2") == 0,
           "and changes nothing");
}

/* ---- refreshing */

static void test_refresh(void)
{
    nts_keeper_t *k = install();
    int first = nts_keeper_generation(k);

    nts_keeper_accepted(k, first);
    nts_keeper_refused(k, first - 1);
    tap_ok(!next(k), "a token that is not used any more may be refused");
    nts_keeper_refused(k, first);
    tap_int(nts_keeper_state(k), NTS_KEEPER_WAIT, "the one in use is refused: requests wait");
    tap_ok(step(k), "it is refreshed");
    tap_str(nts_keeper_token(k), "ntn_secret_2", "and replaced");
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "requests go on");
    nts_keeper_refused(k, first);
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE,
            "what was sent with the former one tells nothing new");
    tap_str(nts_keeper_token(start()), "ntn_secret_2", "a successor has the new one");
}

static void test_refused_at_once(void)
{
    nts_keeper_t *k = install();

    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)step(k);
    kit_now += SECONDS(20);
    nts_keeper_refused(k, nts_keeper_generation(k));
    tap_ok(is_buried(k), "a fresh token that is refused too is the end, not the next refresh");
    k = start();
    tap_ok(is_buried(k), "for a successor as well");
    come_back("code_secret_2");
    nts_keeper_look(k);
    tap_ok(step(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "until it is installed again");
}

static void test_revoked(int as_rfc)
{
    nts_keeper_t *k = install();

    notion.as_rfc = as_rfc;
    notion.dead = 1;
    nts_keeper_refused(k, nts_keeper_generation(k));
    tap_ok(step(k), "the installation was removed in Notion");
    tap_ok(is_buried(k), "which is the end");
    tap_str(nts_keeper_why(k)->words, "Invalid refresh token.", "in the service's words");
    k = install();
    notion.no_refresh = 1;
    come_back("code_secret_2");
    nts_keeper_look(k);
    (void)step(k);
    nts_keeper_refused(k, nts_keeper_generation(k));
    tap_ok(is_buried(k), "without a refresh token, 401 is the end");
}

/* ---- dying in the middle of a refresh */

static void test_death_before_sending(void)
{
    nts_keeper_t *k = install();

    nts_keeper_refused(k, nts_keeper_generation(k));
    tap_ok(next(k) != NULL, "a refresh is about to be sent");
    tap_str(grant().state, "refreshing", "which is stored first");
    k = start();
    tap_int(nts_keeper_state(k), NTS_KEEPER_WAIT, "a successor waits");
    tap_ok(step(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "sends it, and has tokens");
}

static void test_death_before_storing(int lenient)
{
    nts_keeper_t *k = install();

    notion.lenient = lenient;
    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)serve(next(k)); /* the service has rotated; the answer is nobody's */
    k = start();
    tap_ok(step(k), "a successor tries the token that it knows");
    if (lenient) {
        tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "which a lenient service still takes");
        return;
    }
    tap_ok(is_buried(k), "a strict one does not: the end");
    tap_ok(strstr(nts_keeper_why(k)->what, "the answer to a refresh was lost") != NULL,
           "which says why");
    tap_ok(is_buried(start()), "for whoever comes after, too");
}

static void test_death_after_storing(void)
{
    nts_keeper_t *k = install();

    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)step(k);
    k = start();
    tap_str(nts_keeper_token(k), "ntn_secret_2", "what was stored is used");
    tap_ok(!next(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "without another refresh");
}

static void test_frozen(void)
{
    nts_keeper_t *k = install();
    const nts_http_request_t *request;
    nts_keeper_t *other;

    nts_keeper_refused(k, nts_keeper_generation(k));
    request = next(k);
    other = start(); /* takes over while the first is frozen */
    tap_ok(step(other) && nts_keeper_state(other) == NTS_KEEPER_USE, "another worker refreshes");
    nts_keeper_take(k, serve(request));
    tap_int(nts_keeper_state(k), NTS_KEEPER_WAIT,
            "what the frozen one hears it cannot store, nor use");
    tap_ok(!next(k), "nor does it ask again");
    tap_str(nts_keeper_token(start()), "ntn_secret_2", "the store has the other's");
}

/* ---- trouble */

static void test_lost_answer(void)
{
    nts_keeper_t *k = install();
    int i;

    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)serve(next(k));
    nts_keeper_take(k, no_answer(NTS_HTTP_FATE_UNKNOWN));
    tap_int(nts_keeper_state(k), NTS_KEEPER_REFUSE, "an answer is lost: requests are answered");
    tap_int(nts_keeper_why(k)->remedy, NTS_REMEDY_RETRY, "with a later");
    tap_ok(!next(k) && nts_keeper_wakes(k) >= kit_now + SECONDS(10), "after a pause");
    kit_now += SECONDS(600);
    tap_ok(step(k) && is_buried(k), "the token turns out to be spent: the end");
    k = install();
    nts_keeper_refused(k, nts_keeper_generation(k));
    for (i = 0; i < 20; i++) {
        apr_time_t from = kit_now;

        kit_now = nts_keeper_wakes(k) > kit_now ? nts_keeper_wakes(k) : kit_now;
        if (!next(k) || (i > 9 && kit_now - from < SECONDS(300))) {
            break;
        }
        nts_keeper_take(k, i % 2 ? make_answer(503, "") : no_answer(NTS_HTTP_NOT_SENT));
    }
    tap_int(i, 20, "while the service is away it is asked more and more seldom");
    kit_now = nts_keeper_wakes(k);
    tap_ok(step(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "and then goes on");
    tap_int(nts_keeper_why(k)->remedy, NTS_REMEDY_NONE, "nothing is wrong any more");
}

static void test_client(void)
{
    nts_keeper_t *k = install();
    apr_time_t from;

    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)next(k);
    nts_keeper_take(k, make_answer(401, "{\"error\":\"invalid_client\"}"));
    tap_str(code_of(k), "oauth.client", "a wrong client secret");
    tap_int(nts_keeper_state(k), NTS_KEEPER_REFUSE, "stops everything");
    from = kit_now;
    tap_ok(nts_keeper_wakes(k) >= from + SECONDS(60), "and is not tried again at once");
    tap_str(nts_keeper_token(start()), "ntn_secret_1", "the tokens are kept");
}

static void test_limited(void)
{
    nts_keeper_t *k = install();
    nts_http_answer_t *http = make_answer(429, "{\"code\":\"rate_limited\"}");
    static const nts_http_header_t headers[] = { { "Retry-After", "100" } };

    http->headers = headers;
    http->header_count = 1;
    nts_keeper_refused(k, nts_keeper_generation(k));
    (void)next(k);
    nts_keeper_take(k, http);
    tap_ok(nts_keeper_wakes(k) >= kit_now + SECONDS(100), "Retry-After is waited for");
    tap_str(grant().state, "good", "nothing was spent");
    kit_now += SECONDS(101);
    tap_ok(step(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "and then it is refreshed");
}

static void test_expiry(void)
{
    nts_keeper_t *k;

    begin();
    notion.lifetime = 3600;
    come_back("code_secret_1");
    k = start();
    (void)step(k);
    kit_now += SECONDS(3600 - 301);
    tap_ok(!next(k) && nts_keeper_wakes(k) == kit_now + SECONDS(1),
           "an expiry that is known is not waited for");
    kit_now += SECONDS(1);
    nts_keeper_refused(k, -1);
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "the token is still good");
    tap_ok(step(k), "and refreshed five minutes before");
    tap_str(nts_keeper_token(k), "ntn_secret_2", "in time");
    nts_keeper_accepted(k, nts_keeper_generation(k));
    kit_now += SECONDS(3600 - 300);
    (void)next(k);
    nts_keeper_take(k, no_answer(NTS_HTTP_NOT_SENT));
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "if that does not work, the token is used on");
    kit_now += SECONDS(300);
    tap_int(nts_keeper_state(k), NTS_KEEPER_REFUSE, "until it has expired");
    tap_ok(step(k) && nts_keeper_state(k) == NTS_KEEPER_USE, "which is tried again");
}

/* ---- a store that takes nothing */

static void sql(const char *statement)
{
    sqlite3 *db;

    if (sqlite3_open(kit.config.params, &db) != SQLITE_OK ||
        sqlite3_exec(db, statement, NULL, NULL, NULL) != SQLITE_OK) {
        tap_ok(0, "%s: %s", statement, sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
}

static void test_store(void)
{
    nts_keeper_t *k = install();
    const nts_http_request_t *request;

    nts_keeper_refused(k, nts_keeper_generation(k));
    request = next(k);
    sql("CREATE TRIGGER full BEFORE INSERT ON secret BEGIN SELECT RAISE(ABORT, 'full'); END");
    nts_keeper_take(k, serve(request));
    tap_int(nts_keeper_state(k), NTS_KEEPER_WAIT, "tokens that cannot be stored are not used");
    tap_str(nts_keeper_token(k), "ntn_secret_1", "nor given out");
    kit_now += SECONDS(1);
    nts_keeper_retry(k);
    tap_int(nts_keeper_state(k), NTS_KEEPER_WAIT, "it is tried again");
    tap_ok(nts_keeper_wakes(k) > kit_now, "and again");
    sql("DROP TRIGGER full");
    kit_now += SECONDS(1);
    nts_keeper_retry(k);
    tap_int(nts_keeper_state(k), NTS_KEEPER_USE, "until it works");
    tap_str(nts_keeper_token(start()), "ntn_secret_2", "and they are stored");
    nts_keeper_refused(k = start(), 0);
    sql("CREATE TRIGGER full BEFORE INSERT ON oauth_grant BEGIN SELECT RAISE(ABORT, 'full'); END");
    tap_ok(!next(k), "what cannot be stored as begun is not begun");
    sql("DROP TRIGGER full");
    kit_now += SECONDS(1);
    tap_ok(step(k), "but later");
}

int main(void)
{
    apr_pool_t *p;

    (void)apr_initialize();
    atexit(apr_terminate);
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    (void)apr_pool_create(&request_pool, p);
    memset(&tokens_key, 1, sizeof(tokens_key));
    memset(&code_key, 2, sizeof(code_key));
    test_states();
    test_not_installed();
    test_request();
    test_install();
    test_code_once();
    test_other_workspace();
    test_refresh();
    test_refused_at_once();
    test_revoked(0);
    test_revoked(1);
    test_death_before_sending();
    test_death_before_storing(0);
    test_death_before_storing(1);
    test_death_after_storing();
    test_frozen();
    test_lost_answer();
    test_client();
    test_limited();
    test_expiry();
    test_store();
    return tap_done();
}
