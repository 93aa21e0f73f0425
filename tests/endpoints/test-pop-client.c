/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-pop-client.c -- the POP3 client: against servers that misbehave, and coupled to our server
 * over several sessions. */
#include <string.h>

#include "sim/mail/pop.h"
#include "sim/mail/pop_client.h"
#include "tests/endpoints/script.h"

static const char *folder;

/* A device: what it keeps and knows over its sessions, and what the last one told. */
struct device {
  struct store *store;
  struct mailbox *into;
  GHashTable *known;
  int result; /* 1 good, -1 bad */
  GString *events;
};

static void
device_init(struct device *d)
{
  d->store = store_new("pc", NULL, NULL);
  d->into = store_find(store_add_user(d->store, "local", NULL), "INBOX");
  d->known = pop_known_new();
  d->events = g_string_new(NULL);
}

static void
device_clear(struct device *d)
{
  store_free(d->store);
  g_hash_table_unref(d->known);
  g_string_free(d->events, TRUE);
}

static void
note_done(void *data, bool is_good)
{
  ((struct device *)data)->result = is_good ? 1 : -1;
}

static void
note_event(void *data, const char *key, const char *value)
{
  g_string_append_printf(((struct device *)data)->events, "%s=%s\n", key, value);
}

static struct endpoint *
client_new(struct pop_client_config config, struct device *d)
{
  config.login.user = "bob";
  config.login.password = "secret";
  config.into = d->into;
  config.known = d->known;
  config.done = note_done;
  config.data = d;
  d->result = 0;
  g_string_truncate(d->events, 0);
  struct endpoint *e = pop_client_new(&config);
  e->event = note_event;
  e->event_data = d;
  return e;
}

/* ---- servers that misbehave ---- */

#define IN "+OK hi\r\n", "+OK\r\n", "+OK\r\n"

static const struct bad_case {
  const char *name;
  const char *lines[14];
  int result;
  guint n_kept;
  const char *says, *never, *event;
  struct pop_client_config config;
} bad_cases[] = {
    {"a-good-one-for-comparison",
     {IN, "+OK 1 3\r\n", "+OK\r\n1 a\r\n.\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK\r\na\r\n.\r\n",
      "+OK gone\r\n", "+OK bye\r\n"},
     1,
     1,
     "USER bob\r\nPASS secret\r\nSTAT\r\nUIDL\r\nLIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n",
     "CAPA",
     NULL,
     {.keeps = false}},
    {"fewer-octets-than-promised",
     {IN, "+OK 1 9\r\n", "-ERR\r\n", "+OK\r\n1 9\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK bye\r\n"},
     -1,
     1,
     "RETR 1\r\nQUIT",
     "DELE",
     "suspicion=message 1: LIST promised 9 octets, 3 came",
     {.keeps = false}},
    {"more-octets-than-promised",
     {IN, "+OK 1 3\r\n", "-ERR\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK 3 octets\r\nabcdef\r\n.\r\n",
      "+OK bye\r\n"},
     -1,
     1,
     "RETR 1\r\nQUIT",
     "DELE",
     "suspicion=message 1",
     {.keeps = false}},
    {"a-sum-that-is-not-true",
     {IN, "+OK 1 99\r\n", "-ERR\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK\r\n",
      "+OK bye\r\n"},
     1,
     1,
     "DELE 1",
     "RETR 2",
     "suspicion=STAT counted 1 messages with 99",
     {.keeps = false}},
    {"a-message-that-list-leaves-out",
     {IN, "+OK 2 3\r\n", "-ERR\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK\r\n",
      "-ERR no such message\r\n", "+OK bye\r\n"},
     -1,
     1,
     "RETR 2\r\nQUIT",
     "DELE 2",
     "suspicion=STAT counted 2",
     {.keeps = false}},
    {"the-same-uidl-twice",
     {IN, "+OK 2 6\r\n", "+OK\r\n1 same\r\n2 same\r\n.\r\n", "+OK\r\n1 3\r\n2 3\r\n.\r\n",
      "+OK\r\na\r\n.\r\n", "+OK\r\n", "+OK\r\nb\r\n.\r\n", "+OK\r\n", "+OK bye\r\n"},
     1,
     2,
     "RETR 2",
     "CAPA",
     "suspicion=two messages have the UIDL \"same\"",
     {.keeps = false}},
    {"an-answer-that-nobody-asked-for",
     {"+OK hi\r\n", "+OK\r\n+OK\r\n+OK\r\n"},
     -1,
     0,
     "PASS",
     "UIDL",
     "log=",
     {.keeps = false}},
    {"neither-ok-nor-err", {"220 smtp here\r\n"}, -1, 0, "", "USER", "log=", {.keeps = false}},
    {"huge-stat", {IN, "+OK 4000000000 1\r\n"}, -1, 0, "STAT", "UIDL", "log=", {.keeps = false}},
    {"stat-without-a-number",
     {IN, "+OK many\r\n"},
     -1,
     0,
     "STAT",
     "UIDL",
     "log=",
     {.keeps = false}},
    {"no-stls-when-tls-is-required",
     {"+OK hi\r\n", "+OK\r\nUSER\r\n.\r\n", "+OK bye\r\n"},
     -1,
     0,
     "CAPA\r\nQUIT",
     "USER",
     "log=",
     {.tls_use = TLS_REQUIRED}},
    {"stls-refused-when-tls-is-required",
     {"+OK hi\r\n", "+OK\r\nSTLS\r\n.\r\n", "-ERR later\r\n", "+OK bye\r\n"},
     -1,
     0,
     "STLS\r\nQUIT",
     "USER",
     "log=STLS: later",
     {.tls_use = TLS_REQUIRED}},
    {"octets-behind-the-go-ahead-of-stls",
     {"+OK hi\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK go\r\n+OK\r\nUSER\r\n.\r\n"},
     -1,
     0,
     "STLS\r\n",
     "USER",
     "suspicion=",
     {.tls_use = TLS_OPPORTUNISTIC}},
    {"no-password-in-clear-when-careful",
     {"+OK hi\r\n", "+OK bye\r\n"},
     -1,
     0,
     "QUIT",
     "USER",
     "log=",
     {.is_careful = true}},
    {"apop-without-a-stamp",
     {"+OK hi\r\n", "+OK bye\r\n"},
     -1,
     0,
     "QUIT",
     "secret",
     "log=",
     {.mech = AUTH_APOP}},
    {"apop-as-rfc-1939-has-it",
     {"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", "+OK\r\n", "+OK 0 0\r\n",
      "+OK bye\r\n"},
     1,
     0,
     "APOP bob ",
     "PASS",
     "auth=APOP",
     {.mech = AUTH_APOP}},
    {"close-in-a-message",
     {IN, "+OK 1 9\r\n", "-ERR\r\n", "+OK\r\n1 9\r\n.\r\n", "+OK\r\nhalf a me"},
     -1,
     0,
     "RETR 1",
     "DELE",
     "log=the connection ended early",
     {.keeps = false}},
    {"quit-refused",
     {IN, "+OK 0 0\r\n", "-ERR some deleted messages not removed\r\n"},
     -1,
     0,
     "QUIT",
     "LIST",
     "log=QUIT: some deleted",
     {.keeps = false}},
    {"maildrop-locked",
     {"+OK\r\n", "+OK\r\n", "-ERR [IN-USE] another session\r\n", "+OK bye\r\n"},
     -1,
     0,
     "PASS secret\r\nQUIT",
     "STAT",
     "log=PASS: [IN-USE]",
     {.keeps = false}},
    {"headers-first-and-one-wanted",
     {IN, "+OK 2 40\r\n", "-ERR\r\n", "+OK\r\n1 10\r\n2 30\r\n.\r\n",
      "+OK\r\nSubject: no\r\n\r\n.\r\n", "+OK\r\nSubject: yes\r\n\r\n.\r\n",
      "+OK\r\n..dots\r\n\r\nabcdefghijklmnopqrs\r\n.\r\n", "+OK\r\n", "+OK bye\r\n"},
     1,
     1,
     "TOP 1 0\r\nTOP 2 0\r\nRETR 2\r\nDELE 2\r\nQUIT",
     "RETR 1",
     "header=2 size=30 subject=yes",
     {.peeks = true, .wanted = "yes"}},
    {"too-large-is-left",
     {IN, "+OK 2 13\r\n", "-ERR\r\n", "+OK\r\n1 10\r\n2 3\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK\r\n",
      "+OK bye\r\n"},
     1,
     1,
     "RETR 2\r\nDELE 2\r\nQUIT",
     "RETR 1",
     "log=message 1 with 10",
     {.n_octets_max = 5}},
    {"the-line-drops-before-quit",
     {IN, "+OK 1 3\r\n", "+OK\r\n1 a\r\n.\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK\r\na\r\n.\r\n",
      "+OK\r\n"},
     -1,
     1,
     "DELE 1\r\n",
     "QUIT",
     "log=the line drops",
     {.drops = true}},
    {"pipelined-when-it-may-be",
     {"+OK\r\n", "+OK\r\nUSER\r\nPIPELINING\r\nUIDL\r\n.\r\n", "+OK\r\n", "+OK\r\n", "+OK 2 6\r\n",
      "+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\n1 3\r\n2 3\r\n.\r\n", "+OK\r\na\r\n.\r\n+OK\r\nb\r\n.\r\n",
      "+OK\r\n+OK\r\n", "+OK bye\r\n"},
     1,
     2,
     "UIDL\r\nLIST\r\nRETR 1\r\nRETR 2\r\nDELE ",
     "STLS",
     NULL,
     {.pipelines = true}},
    {"not-pipelined-when-it-may-not",
     {"+OK\r\n", "+OK\r\nUSER\r\n.\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 3\r\n", "+OK\r\n1 a\r\n.\r\n",
      "+OK\r\n1 3\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK\r\n", "+OK bye\r\n"},
     1,
     1,
     "RETR 1\r\nDELE 1\r\n",
     "STLS",
     NULL,
     {.pipelines = true}},
};

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
  client->ops->free(client);
  return g_string_free(g_steal_pointer(&said), FALSE);
}

static void
test_bad_server(gconstpointer data)
{
  const struct bad_case *c = data;
  static const size_t steps[] = {1 << 20, 1, 7};
  bool is_injected = strncmp(c->name, "octets-behind", 13) == 0;
  for (size_t i = 0; i < (is_injected ? 1 : G_N_ELEMENTS(steps)); i++) {
    struct device d = {0};
    device_init(&d);
    g_autofree char *said = against(client_new(c->config, &d), c->lines, steps[i]);
    if (d.result != c->result || d.into->messages->len != c->n_kept || !strstr(said, c->says) ||
        strstr(said, c->never))
      g_error("%s by %zu: result %d, kept %u, said\n%stold\n%s", c->name, steps[i], d.result,
              d.into->messages->len, said, d.events->str);
    if (c->event && !strstr(d.events->str, c->event))
      g_error("%s: \"%s\" is not told in\n%s", c->name, c->event, d.events->str);
    if (!c->event)
      g_assert_null(strstr(d.events->str, "suspicion="));
    g_assert_null(strstr(d.events->str, "secret"));
    device_clear(&d);
  }
}

static void
test_apop_digest_of_rfc_1939(void)
{
  /* RFC 1939 section 7: the stamp, the secret "tanstaaf" and this digest. */
  static const char *const lines[] = {"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n",
                                      "+OK\r\n", NULL};
  struct device d = {0};
  device_init(&d);
  struct pop_client_config config = {
      .login = {.user = "mrose", .password = "tanstaaf"}, .mech = AUTH_APOP, .into = d.into};
  g_autofree char *said = against(pop_client_new(&config), lines, 100);
  g_assert_nonnull(strstr(said, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"));
  device_clear(&d);
}

static void
test_early_close_at_every_octet(void)
{
  g_autoptr(GString) all = g_string_new(NULL);
  for (const char *const *line = bad_cases[0].lines; *line; line++)
    g_string_append(all, *line);
  for (gsize n = 0; n < all->len; n++) {
    struct device d = {0};
    device_init(&d);
    g_autofree char *part = g_strndup(all->str, n);
    const char *const lines[] = {part, NULL};
    g_free(against(client_new((struct pop_client_config){.keeps = false}, &d), lines, 64));
    g_assert_cmpint(d.result, ==, -1);
    device_clear(&d);
  }
}

/* ---- with our server, over several sessions ---- */

static bool
move(struct endpoint *from, struct endpoint *to, size_t cut, int64_t now_ns)
{
  size_t n = from->out->len;
  if (n == 0)
    return false;
  if (cut > 0)
    n = MIN(n, cut);
  g_autofree uint8_t *octets = g_memdup2(from->out->data, n);
  g_byte_array_remove_range(from->out, 0, (guint)n);
  to->ops->input(to, octets, n, now_ns);
  return true;
}

static void
session(struct store *store, struct pop_client_config config, struct device *d, size_t cut,
        int64_t now_ns)
{
  struct random_stream random = {0};
  struct auth_site *auth = auth_site_new(NULL, store, "mail.test", &random);
  struct pop_server_config server = {.name = "mail.test", .store = store, .auth = auth};
  struct endpoint *s = pop_server_new(&server);
  struct endpoint *c = client_new(config, d);
  bool a, b;
  s->ops->start(s, now_ns);
  c->ops->start(c, now_ns);
  do {
    a = move(s, c, cut, now_ns);
    b = move(c, s, cut, now_ns);
  } while (a || b);
  s->ops->eof(s, now_ns);
  g_assert_true(c->wants_close);
  c->ops->free(c);
  s->ops->free(s);
  auth_site_free(auth);
}

static struct mailbox *
maildrop_new(struct store **store)
{
  g_autoptr(GBytes) plain = script_message(folder, "plain.eml");
  g_autoptr(GBytes) thai = script_message(folder, "thai.eml");
  *store = store_new(NULL, NULL, NULL);
  struct mailbox *inbox = store_find(store_add_user(*store, "bob", "secret"), "INBOX");
  store_append(inbox, plain, 0, 0, 0);
  store_append(inbox, thai, 0, 0, 0);
  return inbox;
}

static void
test_left_on_the_server_and_fetched_once(void)
{
  for (int pipelines = 0; pipelines < 2; pipelines++) {
    struct store *store;
    struct mailbox *inbox = maildrop_new(&store);
    struct device d = {0};
    device_init(&d);
    struct pop_client_config config = {.keeps = true, .pipelines = pipelines};
    for (int i = 0; i < 3; i++) {
      session(store, config, &d, (size_t)i, 0);
      g_assert_cmpint(d.result, ==, 1);
      g_assert_cmpuint(d.into->messages->len, ==, 2);
      g_assert_cmpuint(inbox->messages->len, ==, 2);
    }
    device_clear(&d);
    store_free(store);
  }
}

static void
test_what_is_here_is_deleted_after_a_dropped_session(void)
{
  struct store *store;
  struct mailbox *inbox = maildrop_new(&store);
  struct device d = {0};
  device_init(&d);
  session(store, (struct pop_client_config){.drops = true}, &d, 0, 0);
  g_assert_cmpuint(inbox->messages->len, ==, 2);
  session(store, (struct pop_client_config){.drops = false}, &d, 0, 0);
  g_assert_cmpint(d.result, ==, 1);
  g_assert_cmpuint(inbox->messages->len, ==, 0);
  g_assert_cmpuint(d.into->messages->len, ==, 2);
  device_clear(&d);
  store_free(store);
}

static void
test_deleted_after_its_days(void)
{
  const int64_t day_ns = INT64_C(86400) * 1000000000;
  struct store *store;
  struct mailbox *inbox = maildrop_new(&store);
  struct device d = {0};
  device_init(&d);
  struct pop_client_config config = {.delete_after_ns = 7 * day_ns};
  session(store, config, &d, 0, 0);
  g_assert_cmpuint(inbox->messages->len, ==, 2);
  session(store, config, &d, 0, 7 * day_ns - 1);
  g_assert_cmpuint(inbox->messages->len, ==, 2);
  session(store, config, &d, 0, 7 * day_ns);
  g_assert_cmpuint(inbox->messages->len, ==, 0);
  g_assert_cmpuint(d.into->messages->len, ==, 2);
  device_clear(&d);
  store_free(store);
}

static void
test_unstable_uidls_store_nothing_twice(void)
{
  static const char *const first[] = {
      IN,        "+OK 1 3\r\n", "+OK\r\n1 a\r\n.\r\n", "+OK\r\n1 3\r\n.\r\n", "+OK\r\nx\r\n.\r\n",
      "+OK\r\n", NULL};
  static const char *const second[] = {IN,
                                       "+OK 1 3\r\n",
                                       "+OK\r\n1 OTHER\r\n.\r\n",
                                       "+OK\r\n1 3\r\n.\r\n",
                                       "+OK\r\nx\r\n.\r\n",
                                       "+OK\r\n",
                                       NULL};
  struct device d = {0};
  device_init(&d);
  struct pop_client_config config = {.keeps = true};
  g_free(against(client_new(config, &d), first, 100));
  g_assert_cmpuint(d.into->messages->len, ==, 1);
  g_assert_null(strstr(d.events->str, "suspicion="));
  g_free(against(client_new(config, &d), second, 100));
  g_assert_cmpuint(d.into->messages->len, ==, 1);
  g_assert_nonnull(strstr(d.events->str, "suspicion=message 1 is here already"));
  g_autofree char *said = against(client_new(config, &d), second, 100);
  g_assert_null(strstr(said, "RETR")); /* the other one is known now, too */
  device_clear(&d);
}

static void
test_every_mechanism_gets_in(void)
{
  static const enum auth_mechanism mechs[] = {AUTH_NONE,     AUTH_PLAIN,       AUTH_LOGIN,
                                              AUTH_CRAM_MD5, AUTH_SCRAM_SHA_1, AUTH_SCRAM_SHA_256,
                                              AUTH_APOP,     AUTH_BEST};
  struct random_stream random = {0};
  for (size_t i = 0; i < G_N_ELEMENTS(mechs); i++) {
    struct store *store;
    maildrop_new(&store);
    struct device d = {0};
    device_init(&d);
    struct pop_client_config config = {.login = {.random = &random}, .mech = mechs[i]};
    session(store, config, &d, i % 2, 0);
    if (d.result != 1)
      g_error("%s: %s", auth_name(mechs[i]), d.events->str);
    g_assert_cmpuint(d.into->messages->len, ==, 2);
    device_clear(&d);
    store_free(store);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_getenv("ENDPOINTS_FOLDER");
  for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
    g_autofree char *path = g_strdup_printf("/pop-client/bad-server/%s", bad_cases[i].name);
    g_test_add_data_func(path, &bad_cases[i], test_bad_server);
  }
  g_test_add_func("/pop-client/apop-digest-of-rfc-1939", test_apop_digest_of_rfc_1939);
  g_test_add_func("/pop-client/early-close-at-every-octet", test_early_close_at_every_octet);
  g_test_add_func("/pop-client/left-on-the-server-and-fetched-once",
                  test_left_on_the_server_and_fetched_once);
  g_test_add_func("/pop-client/what-is-here-is-deleted-after-a-dropped-session",
                  test_what_is_here_is_deleted_after_a_dropped_session);
  g_test_add_func("/pop-client/deleted-after-its-days", test_deleted_after_its_days);
  g_test_add_func("/pop-client/unstable-uidls-store-nothing-twice",
                  test_unstable_uidls_store_nothing_twice);
  g_test_add_func("/pop-client/every-mechanism-gets-in", test_every_mechanism_gets_in);
  return g_test_run();
}
