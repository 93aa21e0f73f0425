/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-imap-client.c -- the IMAP client: against servers that misbehave, and coupled to our server
 * in its three ways of working, with other sessions that change the mailbox meanwhile. */
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/imap_change.h"
#include "sim/mail/imap_client.h"
#include "tests/endpoints/script.h"

static const char *folder;

struct record {
  int result; /* 0: not done, 1 good, -1 bad */
  GString *events;
};

static void
note_done(void *data, bool is_good)
{
  ((struct record *)data)->result = is_good ? 1 : -1;
}

static void
note_event(void *data, const char *key, const char *value)
{
  g_string_append_printf(((struct record *)data)->events, "%s=%s\n", key, value);
}

static struct endpoint *
client_new(struct imap_client_config config, struct record *r)
{
  *r = (struct record){.events = g_string_new(NULL)};
  config.login.user = "bob";
  config.login.password = "secret";
  config.done = note_done;
  config.data = r;
  struct endpoint *e = imap_client_new(&config);
  e->event = note_event;
  e->event_data = r;
  return e;
}

static void
record_clear(struct record *r)
{
  g_string_free(r->events, TRUE);
}

/* ---- servers that misbehave ---- */

#define CAPS "[CAPABILITY IMAP4rev1 UIDPLUS]"
#define HELLO "* OK " CAPS " hi\r\n"
#define IN "a001 OK " CAPS " in\r\n"
#define OPENED "* 1 EXISTS\r\n* OK [UIDVALIDITY 7]\r\na002 OK [READ-WRITE]\r\n"
#define HEADER                                                                                     \
  "* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9 ENVELOPE (NIL \"hello\" NIL NIL NIL NIL NIL NIL NIL "   \
  "NIL) BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 4 1))\r\n"
#define LISTED HEADER "a003 OK\r\n"
#define TEXT "* 1 FETCH (UID 5 BODY[1] {4}\r\nhi\r\n)\r\na004 OK\r\n"
#define SEEN "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\na005 OK\r\n"
#define BYE "* BYE\r\na006 OK\r\n"

/* What the client is told to do: opens INBOX, then reads, downloads or searches. */
static const struct imap_step reads[] = {{.kind = IMAP_STEP_OPEN, .name = "INBOX"},
                                         {.kind = IMAP_STEP_READ, .which = "unseen"}};
static const struct imap_step downloads[] = {{.kind = IMAP_STEP_OPEN, .name = "INBOX"},
                                             {.kind = IMAP_STEP_DOWNLOAD, .which = "all"}};

static const struct bad_case {
  const char *name;
  const char *lines[12];
  int result;
  const char *says, *never; /* in what the client said */
  const char *event;        /* what it told; NULL: anything */
  enum tls_use tls_use;
  bool downloads;
  uint32_t chunk;
} bad_cases[] = {
    {"a-good-one-for-comparison",
     {HELLO, IN, OPENED, LISTED, TEXT, SEEN, BYE},
     1,
     "a005 UID STORE 5 +FLAGS (\\Seen)\r\na006 LOGOUT",
     "a007",
     NULL},
    {"bye-for-a-greeting", {"* BYE too busy\r\n"}, -1, "", "LOGIN", "log="},
    {"a-greeting-of-smtp", {"220 mail.test ESMTP\r\n"}, -1, "", "LOGIN", "log="},
    {"preauth-in-clear-when-tls-is-required",
     {"* PREAUTH " CAPS " hi\r\n", "a001 OK\r\n"},
     -1,
     "",
     "a001",
     "suspicion=PREAUTH",
     TLS_REQUIRED},
    {"no-starttls-when-tls-is-required",
     {HELLO, "* BYE\r\na001 OK\r\n"},
     -1,
     "a001 LOGOUT",
     "secret",
     "log=",
     TLS_REQUIRED},
    {"starttls-refused-when-tls-is-required",
     {"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", "a001 NO later\r\n", "a002 OK\r\n"},
     -1,
     "STARTTLS",
     "secret",
     "log=",
     TLS_REQUIRED},
    {"octets-behind-the-go-ahead-of-starttls",
     {"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n",
      "a001 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na002 OK\r\n"},
     -1,
     "STARTTLS",
     "secret",
     "suspicion=",
     TLS_OPPORTUNISTIC},
    {"no-login-where-it-is-disabled",
     {"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n", "* BYE\r\na001 OK\r\n"},
     -1,
     "a001 LOGOUT",
     "secret",
     "log="},
    {"another-tag", {HELLO, "b001 OK\r\n"}, -1, "LOGIN", "SELECT", "log="},
    {"the-same-tag-twice", {HELLO, IN IN}, -1, "LOGIN", "FETCH", "log="},
    {"login-refused",
     {HELLO, "a001 NO wrong\r\n", "* BYE\r\na002 OK\r\n"},
     -1,
     "LOGOUT",
     "SELECT",
     NULL},
    {"a-complaint-holds-no-password",
     {HELLO, "a001 NO wrong\r\n"},
     -1,
     "LOGIN \"bob\" \"secret\"",
     "SELECT",
     "log=LOGIN: wrong"},
    {"continuation-that-nobody-asked-for", {HELLO, "+ go on\r\n"}, -1, "LOGIN", "SELECT", "log="},
    {"bye-in-between",
     {HELLO, IN, "* BYE shutting down\r\n"},
     -1,
     "SELECT",
     "FETCH",
     "log=BYE shutting"},
    {"a-literal-of-four-gigabytes",
     {HELLO, IN, OPENED, "* 1 FETCH (UID 1 ENVELOPE {4294967295}\r\n"},
     -1,
     "FETCH 1:*",
     "BODY.PEEK",
     "log="},
    {"a-number-that-wraps-round",
     {HELLO, IN, OPENED, "* 1 FETCH (UID 5 BODY[1] {18446744073709551620}\r\n"},
     -1,
     "FETCH 1:*",
     "BODY.PEEK",
     "log="},
    {"more-messages-than-can-be",
     {HELLO, IN, "* 4294967295 EXISTS\r\na002 OK\r\n"},
     -1,
     "SELECT",
     "FETCH",
     "log="},
    {"fewer-messages-without-expunge",
     {HELLO, IN, "* 3 EXISTS\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 7]\r\na002 OK\r\n", LISTED, TEXT,
      SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=EXISTS falls from 3 to 1"},
    {"a-fetch-without-end",
     {HELLO, IN, OPENED, "* 1 FETCH (((((((\r\n" LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion="},
    {"fetch-of-what-does-not-exist",
     {HELLO, IN, OPENED, "* 9 FETCH (UID 77 FLAGS ())\r\n* 0 FETCH (UID 1)\r\n" LISTED, TEXT, SEEN,
      BYE},
     1,
     "a006 LOGOUT",
     "UID FETCH 77",
     "suspicion=FETCH of message 9"},
    {"expunge-of-what-does-not-exist",
     {HELLO, IN, OPENED, "* 2 EXPUNGE\r\n* 0 EXPUNGE\r\n" LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=EXPUNGE of message 2"},
    {"expunge-while-it-is-read",
     {HELLO, IN, OPENED, LISTED, "* 1 EXPUNGE\r\n" TEXT, "* BYE\r\na005 OK\r\n"},
     1,
     "a005 LOGOUT",
     "STORE",
     "suspicion="},
    {"a-uid-that-changes",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 6 FLAGS ())\r\n" TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=message 1 had UID 5"},
    {"octets-that-nobody-asked-for",
     {HELLO, IN, OPENED, "* 1 FETCH (UID 5 BODY[] {3}\r\nxyz)\r\n" LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=octets of BODY[]"},
    {"the-text-twice",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 5 BODY[1] {4}\r\nhi\r\n)\r\n" TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=octets of BODY[1]"},
    {"a-size-that-is-not-true",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 5 BODY[] {3}\r\nxyz)\r\na004 OK\r\n",
      "* BYE\r\na005 OK\r\n"},
     1,
     "BODY.PEEK[]",
     "a006",
     "suspicion=RFC822.SIZE of UID 5 is 9, and 3",
     TLS_NEVER,
     true},
    {"a-piece-from-another-place",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 5 BODY[]<4> {4}\r\nabcd)\r\na004 OK\r\n",
      "* BYE\r\na005 OK\r\n"},
     -1,
     "BODY.PEEK[]<0.4>",
     "a006",
     "suspicion=octets of BODY[] from 4",
     TLS_NEVER,
     true,
     4},
    {"a-piece-that-is-too-long",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 5 BODY[]<0> {5}\r\nabcde)\r\na004 OK\r\n",
      "* BYE\r\na005 OK\r\n"},
     -1,
     "BODY.PEEK[]<0.4>",
     "a006",
     "suspicion=octets of BODY[] from 0",
     TLS_NEVER,
     true,
     4},
    {"nil-for-a-text",
     {HELLO, IN, OPENED, LISTED, "* 1 FETCH (UID 5 BODY[1] NIL)\r\na004 OK\r\n", SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     NULL},
    {"nil-wherever-it-fits",
     {HELLO, IN, OPENED,
      "* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
      "BODYSTRUCTURE (NIL NIL NIL NIL NIL NIL NIL))\r\na003 OK\r\n",
      TEXT, SEEN, BYE},
     1,
     "BODY.PEEK[1]",
     "a007",
     NULL},
    {"nil-where-it-does-not-fit",
     {HELLO, IN, OPENED,
      "* 1 FETCH\r\n* 1 FETCH NIL\r\n* 1 FETCH (NIL NIL)\r\n* 1 FETCH (UID NIL FLAGS "
      "NIL)\r\n" LISTED,
      TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=a FETCH response makes no sense"},
    {"unsolicited-data-of-every-kind",
     {HELLO, IN,
      "* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* 0 RECENT\r\n* LIST () \"/\" x\r\n* LSUB () NIL x\r\n"
      "* STATUS x (MESSAGES 1)\r\n* CAPABILITY IMAP4rev1 UIDPLUS\r\n* NAMESPACE NIL NIL NIL\r\n"
      "* OK [UNSEEN 1] x\r\n* OK [XNEW a b] x\r\n* ENABLED\r\n* OK [UIDVALIDITY 7]\r\na002 OK\r\n",
      LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     NULL},
    {"an-unknown-response",
     {HELLO, IN, OPENED, "* XYZZY plugh\r\n* 3 XYZZY\r\n" LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=\"XYZZY\""},
    {"a-search-result-that-nobody-asked-for",
     {HELLO, IN, OPENED, "* SEARCH 1 2 3\r\n" LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=the result of a search"},
    {"data-of-a-folder-that-is-not-open",
     {HELLO, "* 5 EXISTS\r\n* 1 EXPUNGE\r\n* 1 FETCH (FLAGS ())\r\n* VANISHED 1:9\r\n" IN, OPENED,
      LISTED, TEXT, SEEN, BYE},
     1,
     "a006 LOGOUT",
     "a007",
     "suspicion=EXISTS, but no folder is open"},
    {"twenty-suspicions-are-enough",
     {HELLO, IN, OPENED,
      "* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n"
      "* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n* X\r\n" LISTED},
     -1,
     "FETCH 1:*",
     "BODY.PEEK",
     "log=too much"},
    {"close-before-the-greeting", {NULL}, -1, "", "LOGIN", "log="},
    {"select-refused",
     {HELLO, IN, "a002 NO no such folder\r\n", "* BYE\r\na003 OK\r\n"},
     -1,
     "a003 LOGOUT",
     "FETCH",
     "log=SELECT INBOX: no such folder"},
};

/* The client against lines that come one after the other, whatever it says; each in pieces of
 * `step`. Gives what it said. */
static char *
against(struct endpoint *client, const char *const *lines, size_t step)
{
  g_autoptr(GString) said = g_string_new(NULL);
  client->ops->start(client, 0);
  for (; *lines && !client->wants_close; lines++) {
    size_t n = strlen(*lines);
    for (size_t at = 0; at < n && !client->wants_close; at += step)
      client->ops->input(client, (const uint8_t *)*lines + at, MIN(step, n - at), 0);
    g_string_append_len(said, (const char *)client->out->data, client->out->len);
    g_byte_array_set_size(client->out, 0);
  }
  if (!client->wants_close)
    client->ops->eof(client, 0);
  g_assert_true(client->wants_close);
  client->ops->free(client);
  return g_string_free(g_steal_pointer(&said), FALSE);
}

static struct imap_client_config
config_of(const struct bad_case *c)
{
  return (struct imap_client_config){.tls_use = c->tls_use,
                                     .steps = c->downloads ? downloads : reads,
                                     .n_steps = 2,
                                     .chunk = c->chunk};
}

static void
test_bad_server(gconstpointer data)
{
  const struct bad_case *c = data;
  static const size_t steps[] = {1 << 20, 1, 7};
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    struct record r;
    bool is_octets = strcmp(c->name, "octets-behind-the-go-ahead-of-starttls") == 0;
    if (is_octets && i > 0)
      break; /* octet by octet they come while the handshake is under way: TLS sees them */
    g_autofree char *said = against(client_new(config_of(c), &r), c->lines, steps[i]);
    if (r.result != c->result || !strstr(said, c->says) || strstr(said, c->never))
      g_error("%s: result %d, said\n%stold\n%s", c->name, r.result, said, r.events->str);
    if (c->event && !strstr(r.events->str, c->event))
      g_error("%s: \"%s\" is not told in\n%s", c->name, c->event, r.events->str);
    if (!c->event)
      g_assert_null(strstr(r.events->str, "suspicion="));
    g_assert_null(strstr(r.events->str, "secret"));
    record_clear(&r);
  }
}

/* The good dialogue is cut at every octet. */
static void
test_early_close_at_every_octet(void)
{
  const struct bad_case *good = &bad_cases[0];
  g_autoptr(GString) all = g_string_new(NULL);
  for (const char *const *line = good->lines; *line; line++)
    g_string_append(all, *line);
  for (gsize n = 0; n < all->len; n++) {
    struct record r;
    g_autofree char *part = g_strndup(all->str, n);
    const char *const lines[] = {part, NULL};
    g_free(against(client_new(config_of(good), &r), lines, 64));
    bool was_bye = n >= all->len - strlen("a006 OK\r\n");
    g_assert_cmpint(r.result, ==, was_bye ? 1 : -1);
    record_clear(&r);
  }
}

static void
test_endless_line(void)
{
  g_autofree char *line = g_strnfill(3 << 20, 'x');
  memcpy(line, "* OK ", 5);
  const char *const lines[] = {line, line, NULL};
  struct record r;
  g_free(against(client_new(config_of(&bad_cases[0]), &r), lines, 1 << 20));
  g_assert_cmpint(r.result, ==, -1);
  record_clear(&r);
}

/* ---- with our server ---- */

struct host {
  struct store *store;
  struct auth_site *auth;
  struct mailbox *inbox;
};

static void
host_init(struct host *h)
{
  struct random_stream random = {0};
  h->store = store_new(NULL, NULL, NULL);
  h->inbox = store_find(store_add_user(h->store, "bob", "secret"), "INBOX");
  h->auth = auth_site_new(NULL, h->store, "mail.test", &random);
}

static void
host_clear(struct host *h)
{
  auth_site_free(h->auth);
  store_free(h->store);
}

static bool
move(struct endpoint *from, struct endpoint *to, size_t cut)
{
  if (from->ops->flush)
    from->ops->flush(from, 0);
  size_t n = from->out->len;
  if (n == 0)
    return false;
  if (cut > 0)
    n = MIN(n, cut);
  g_autofree uint8_t *octets = g_memdup2(from->out->data, n);
  g_byte_array_remove_range(from->out, 0, (guint)n);
  to->ops->input(to, octets, n, 0);
  return true;
}

/* One session. `cut`: octets at once, 0 for all. `stop_after`: the line drops when the server has
 * said so much; 0: never. */
static void
session(struct host *h, struct imap_client_config config, size_t cut, guint stop_after,
        struct record *r)
{
  struct imap_server_config server = {.name = "mail.test", .store = h->store, .auth = h->auth};
  struct endpoint *s = imap_server_new(&server);
  struct endpoint *c = client_new(config, r);
  guint n = 0;
  s->ops->start(s, 0);
  c->ops->start(c, 0);
  bool a, b;
  do {
    guint before = s->out->len;
    a = move(s, c, cut);
    n += before - MIN(before, s->out->len);
    b = (stop_after == 0 || n < stop_after) && move(c, s, cut);
  } while ((a || b) && (stop_after == 0 || n < stop_after));
  if (!c->wants_close)
    c->ops->eof(c, 0);
  s->ops->eof(s, 0);
  g_assert_true(c->wants_close);
  c->ops->free(c);
  s->ops->free(s);
}

static struct store_message *
add(struct host *h, const char *file)
{
  g_autoptr(GBytes) octets = script_message(folder, file);
  return store_append(h->inbox, octets, 0, 0, 0);
}

/* The cache of INBOX says exactly what the store says. */
static void
check_same(const struct imap_cache *cache, const struct host *h)
{
  const struct imap_folder *f = imap_cache_folder((struct imap_cache *)cache, "INBOX", false);
  g_assert_nonnull(f);
  g_assert_cmpuint(f->uid_validity, ==, h->inbox->uid_validity);
  g_assert_cmpuint(f->messages->len, ==, h->inbox->messages->len);
  for (guint i = 0; i < f->messages->len; i++) {
    const struct imap_cached *m = f->messages->pdata[i];
    const struct store_message *there = h->inbox->messages->pdata[i];
    g_assert_cmpuint(m->uid, ==, there->uid);
    g_assert_cmpuint(m->flags, ==, there->flags);
    g_assert_cmpuint(m->server_flags, ==, there->flags);
    GBytes *octets = imap_cached_piece(m, "");
    g_assert_true(octets && g_bytes_equal(octets, there->octets));
  }
  g_assert_cmpuint(cache->changes->len, ==, 0);
}

static void
test_online_reads_texts_only(void)
{
  for (size_t cut = 0; cut < 2; cut++) {
    struct host h;
    struct record r;
    host_init(&h);
    store_set_flags(h.inbox, add(&h, "plain.eml"), FLAG_SEEN, 0);
    add(&h, "thai.eml");
    add(&h, "plain.eml");
    struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
    session(&h, (struct imap_client_config){.cache = cache}, cut, 0, &r);
    g_assert_cmpint(r.result, ==, 1);
    const struct imap_folder *f = imap_cache_folder(cache, "INBOX", false);
    const struct imap_cached *thai = imap_folder_message(f, 2);
    g_assert_cmpstr(thai->subject, ==, "สวัสดี");
    g_autoptr(GBytes) text = g_bytes_new_static("4Liq4Lin4Lix4Liq4LiU4Li1", 24);
    g_assert_true(g_bytes_equal(imap_cached_piece(thai, "1"), text));
    g_assert_null(imap_cached_piece(thai, ""));
    g_assert_cmpint(imap_folder_message(f, 1)->held, ==, IMAP_HELD_HEADER);
    for (guint i = 0; i < 3; i++)
      g_assert_cmpuint(((struct store_message *)h.inbox->messages->pdata[i])->flags, ==, FLAG_SEEN);
    imap_cache_free(cache);
    record_clear(&r);
    host_clear(&h);
  }
}

static void
test_offline_downloads_and_deletes(void)
{
  for (int keeps = 0; keeps < 2; keeps++) {
    struct host h;
    struct record r;
    host_init(&h);
    add(&h, "plain.eml");
    add(&h, "thai.eml");
    struct store *local = store_new("pc", NULL, NULL);
    struct mailbox *into = store_find(store_add_user(local, "local", NULL), "INBOX");
    struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
    struct imap_client_config config = {
        .cache = cache, .mode = IMAP_OFFLINE, .keeps = keeps, .into = into};
    session(&h, config, 0, 0, &r);
    if (r.result != 1)
      g_error("%s", r.events->str);
    record_clear(&r);
    session(&h, config, 1, 0, &r);
    g_assert_cmpint(r.result, ==, 1);
    g_assert_cmpuint(h.inbox->messages->len, ==, keeps ? 2 : 0);
    g_assert_cmpuint(into->messages->len, ==, 2); /* the second session brought nothing twice */
    g_autoptr(GBytes) thai = script_message(folder, "thai.eml");
    g_assert_true(g_bytes_equal(((struct store_message *)into->messages->pdata[1])->octets, thai));
    imap_cache_free(cache);
    store_free(local);
    record_clear(&r);
    host_clear(&h);
  }
}

/* ---- resynchronisation ---- */

/* What a client knows of the extensions. */
static const char *const ways[] = {NULL, "QRESYNC", "QRESYNC CONDSTORE",
                                   "QRESYNC CONDSTORE UIDPLUS MOVE LITERAL+ LIST-EXTENDED"};

static void
change_elsewhere(struct host *h, GRand *rand)
{
  for (int i = g_rand_int_range(rand, 0, 6); i > 0; i--) {
    guint n = h->inbox->messages->len;
    int what = g_rand_int_range(rand, 0, n ? 4 : 1);
    struct store_message *m =
        n ? h->inbox->messages->pdata[g_rand_int_range(rand, 0, (gint)n)] : NULL;
    if (what == 0)
      add(h, g_rand_boolean(rand) ? "plain.eml" : "short.eml");
    else if (what == 1)
      store_expunge(h->inbox, m);
    else
      store_set_flags(h->inbox, m, (unsigned)g_rand_int_range(rand, 0, FLAG_ALL + 1), 0);
  }
}

/* Whatever happened on the server meanwhile, and wherever the line dropped in between, after a
 * whole session the cache is what the server has. */
static void
test_synchronises_with_anything(gconstpointer data)
{
  const char *ignores = data;
  for (guint32 seed = 1; seed <= 40; seed++) {
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    struct host h;
    struct record r;
    host_init(&h);
    struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
    struct imap_client_config config = {.cache = cache,
                                        .mode = IMAP_DISCONNECTED,
                                        .ignores = ignores,
                                        .chunk = seed % 3 ? 0 : 100,
                                        .pipelines = seed % 2};
    for (int round = 0; round < 6; round++) {
      change_elsewhere(&h, rand);
      if (round % 2) {
        session(&h, config, 0, (guint)g_rand_int_range(rand, 1, 3000), &r);
        record_clear(&r);
        change_elsewhere(&h, rand);
      }
      session(&h, config, seed % 5 ? 0 : 1, 0, &r);
      if (r.result != 1 || strstr(r.events->str, "suspicion"))
        g_error("seed %u round %d:\n%s", seed, round, r.events->str);
      check_same(cache, &h);
      record_clear(&r);
    }
    imap_cache_free(cache);
    host_clear(&h);
  }
}

static void
test_uid_validity_change_throws_the_cache_away(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
    struct host h;
    struct record r;
    host_init(&h);
    add(&h, "plain.eml");
    add(&h, "thai.eml");
    struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
    struct imap_client_config config = {
        .cache = cache, .mode = IMAP_DISCONNECTED, .ignores = ways[i]};
    session(&h, config, 0, 0, &r);
    record_clear(&r);
    const char *why;
    struct imap_step flag = {.kind = IMAP_STEP_FLAG, .which = "1", .flags = FLAG_FLAGGED};
    g_assert_true(imap_step_do_local(cache, "INBOX", &flag, &why));
    /* The same UIDs mean other messages now. */
    store_expunge(h.inbox, h.inbox->messages->pdata[0]);
    store_expunge(h.inbox, h.inbox->messages->pdata[0]);
    h.inbox->uid_validity++;
    h.inbox->uid_next = 1;
    add(&h, "thai.eml");
    session(&h, config, 0, 0, &r);
    g_assert_cmpint(r.result, ==, 1);
    g_assert_nonnull(strstr(r.events->str, "sync=INBOX: UIDVALIDITY"));
    g_assert_nonnull(strstr(r.events->str, "conflict=1 changes"));
    check_same(cache, &h);
    g_assert_cmpuint(((struct store_message *)h.inbox->messages->pdata[0])->flags, ==, 0);
    imap_cache_free(cache);
    record_clear(&r);
    host_clear(&h);
  }
}

/* ---- what was done on the train ---- */

static void
do_local(struct imap_cache *cache, struct imap_step step)
{
  const char *why = NULL;
  if (!imap_step_do_local(cache, "INBOX", &step, &why))
    g_error("%s", why ? why : "?");
}

static void
test_changes_without_a_line_are_replayed(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
    for (int pipelines = 0; pipelines < 2; pipelines++) {
      struct host h;
      struct record r;
      host_init(&h);
      for (int k = 0; k < 4; k++)
        add(&h, "plain.eml");
      struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
      struct imap_client_config config = {
          .cache = cache, .mode = IMAP_DISCONNECTED, .ignores = ways[i], .pipelines = pipelines};
      session(&h, config, 0, 0, &r);
      record_clear(&r);
      g_autoptr(GBytes) draft = script_message(folder, "thai.eml");
      do_local(cache, (struct imap_step){.kind = IMAP_STEP_READ, .which = "1"});
      do_local(cache, (struct imap_step){.kind = IMAP_STEP_FLAG,
                                         .which = "2",
                                         .flags = FLAG_FLAGGED,
                                         .keywords = "$Work "});
      do_local(cache, (struct imap_step){.kind = IMAP_STEP_MOVE, .which = "3", .to = "คลัง/๒๕๖๙"});
      do_local(cache, (struct imap_step){.kind = IMAP_STEP_DELETE, .which = "4"});
      do_local(cache, (struct imap_step){.kind = IMAP_STEP_APPEND,
                                         .name = "\\Drafts",
                                         .octets = draft,
                                         .flags = FLAG_DRAFT,
                                         .keywords = "",
                                         .ns = -1});
      const struct imap_folder *inbox = imap_cache_folder(cache, "INBOX", false);
      g_assert_true(imap_folder_message(inbox, 4)->is_leaving); /* shown before it is said */
      g_assert_cmpuint(imap_folder_message(inbox, 1)->flags, ==, FLAG_SEEN);
      session(&h, config, 0, 0, &r);
      if (r.result != 1)
        g_error("%s:\n%s", ways[i] ? ways[i] : "", r.events->str);
      check_same(cache, &h);
      g_assert_cmpuint(h.inbox->messages->len, ==, 2);
      const struct store_message *two = h.inbox->messages->pdata[1];
      g_assert_cmpuint(two->flags, ==, FLAG_FLAGGED);
      g_assert_cmpuint(two->keywords, ==, store_keyword(h.inbox, "$Work", false));
      struct store_user *bob = store_find_user(h.store, "bob");
      g_assert_cmpuint(store_find(bob, "คลัง/๒๕๖๙")->messages->len, ==, 1);
      const struct store_message *there = store_find(bob, "Drafts")->messages->pdata[0];
      g_assert_true(g_bytes_equal(there->octets, draft));
      g_assert_cmpuint(there->flags, ==, FLAG_DRAFT);
      imap_cache_free(cache);
      record_clear(&r);
      host_clear(&h);
    }
  }
}

static void
test_conflicts_are_told_and_nothing_is_lost(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
    struct host h;
    struct record r;
    host_init(&h);
    for (int k = 0; k < 3; k++)
      add(&h, "plain.eml");
    struct imap_cache *cache = imap_cache_new("pc", NULL, NULL);
    struct imap_client_config config = {
        .cache = cache, .mode = IMAP_DISCONNECTED, .ignores = ways[i]};
    session(&h, config, 0, 0, &r);
    record_clear(&r);
    do_local(cache, (struct imap_step){.kind = IMAP_STEP_DELETE, .which = "1"});
    do_local(cache,
             (struct imap_step){.kind = IMAP_STEP_FLAG, .which = "2", .flags = FLAG_FLAGGED});
    do_local(cache,
             (struct imap_step){.kind = IMAP_STEP_FLAG, .which = "3", .flags = FLAG_FLAGGED});
    /* Meanwhile somebody answers the first, deletes the second and reads the third. */
    store_set_flags(h.inbox, h.inbox->messages->pdata[0], FLAG_ANSWERED, 0);
    store_expunge(h.inbox, h.inbox->messages->pdata[1]);
    store_set_flags(h.inbox, h.inbox->messages->pdata[1], FLAG_SEEN, 0);
    session(&h, config, 0, 0, &r);
    g_assert_nonnull(strstr(r.events->str, "conflict=delete INBOX UID 1:"));
    g_assert_nonnull(strstr(r.events->str, "conflict=flag INBOX UID 2:"));
    check_same(cache, &h);
    g_assert_cmpuint(h.inbox->messages->len, ==, 2);
    const struct store_message *first = h.inbox->messages->pdata[0];
    const struct store_message *third = h.inbox->messages->pdata[1];
    g_assert_cmpuint(first->flags, ==, FLAG_ANSWERED);
    g_assert_cmpuint(third->flags, ==, FLAG_SEEN | FLAG_FLAGGED); /* both devices' flags */
    imap_cache_free(cache);
    record_clear(&r);
    host_clear(&h);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_getenv("ENDPOINTS_FOLDER");
  for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
    g_autofree char *path = g_strdup_printf("/imap-client/bad-server/%s", bad_cases[i].name);
    g_test_add_data_func(path, &bad_cases[i], test_bad_server);
  }
  g_test_add_func("/imap-client/early-close-at-every-octet", test_early_close_at_every_octet);
  g_test_add_func("/imap-client/endless-line", test_endless_line);
  g_test_add_func("/imap-client/online/reads-texts-only", test_online_reads_texts_only);
  g_test_add_func("/imap-client/offline/downloads-and-deletes", test_offline_downloads_and_deletes);
  for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
    g_autofree char *path =
        g_strdup_printf("/imap-client/disconnected/synchronises-with-anything/%zu", i);
    g_test_add_data_func(path, ways[i], test_synchronises_with_anything);
  }
  g_test_add_func("/imap-client/disconnected/uid-validity-change",
                  test_uid_validity_change_throws_the_cache_away);
  g_test_add_func("/imap-client/disconnected/changes-are-replayed",
                  test_changes_without_a_line_are_replayed);
  g_test_add_func("/imap-client/disconnected/conflicts-are-told",
                  test_conflicts_are_told_and_nothing_is_lost);
  return g_test_run();
}
