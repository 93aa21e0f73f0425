/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-clients.c -- the client machines, coupled to our servers in memory and to servers that
 * misbehave. */
#include <string.h>

#include "sim/mail/pop.h"
#include "sim/mail/pop_client.h"
#include "sim/mail/smtp.h"
#include "tests/endpoints/script.h"

static const char *folder;

static struct auth_site *
auth_new(struct store *store)
{
  static const struct random_stream random = {.key = {1, 2}};
  return auth_site_new(NULL, store, "mail.test", &random);
}

/* ---- coupling ---- */

/* Moves what one has to say to the other in pieces of `cut` octets (0: all). True when something
 * moved. */
static bool
move(struct endpoint *from, struct endpoint *to, size_t cut)
{
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

/* Runs both until nobody has anything to say and the client is through. */
static void
couple(struct endpoint *client, struct endpoint *server, size_t cut)
{
  server->ops->start(server, 0);
  client->ops->start(client, 0);
  bool a, b;
  do {
    a = move(server, client, cut);
    b = move(client, server, cut);
  } while (a || b);
  g_assert_true(client->wants_close);
  g_assert_true(server->wants_close);
  client->ops->free(client);
  server->ops->free(server);
}

/* A server that says its lines one after the other, whatever the client says; then it closes. */
static char *
against(struct endpoint *client, const char *const *lines)
{
  g_autoptr(GString) said = g_string_new(NULL);
  client->ops->start(client, 0);
  for (; *lines && !client->wants_close; lines++) {
    client->ops->input(client, (const uint8_t *)*lines, strlen(*lines), 0);
    g_string_append_len(said, (const char *)client->out->data, client->out->len);
    g_byte_array_set_size(client->out, 0);
  }
  if (!client->wants_close)
    client->ops->eof(client, 0);
  g_assert_true(client->wants_close);
  client->ops->free(client);
  return g_string_free(g_steal_pointer(&said), FALSE);
}

/* ---- SMTP ---- */

struct site {
  GBytes *octets;
  unsigned n_messages, n_recipients;
};

static const char *
site_recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  return strstr(r->address, "nobody") ? "550 5.1.1 No such user here" : NULL;
}

static const char *
site_message(void *data, const struct smtp_session *session, const struct smtp_message *m,
             int64_t now_ns, const char **refusal)
{
  struct site *s = data;
  s->n_messages++;
  s->n_recipients = m->envelope->n_recipients;
  g_clear_pointer(&s->octets, g_bytes_unref);
  s->octets = g_bytes_ref(m->octets);
  return "Q1";
}

struct outcome {
  unsigned n_calls;
  enum smtp_outcome outcomes[4];
  unsigned codes[4];
};

static void
smtp_done(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct outcome *o = data;
  o->n_calls++;
  for (unsigned i = 0; i < n && i < 4; i++) {
    o->outcomes[i] = results[i].outcome;
    o->codes[i] = results[i].code;
  }
}

static struct endpoint *
smtp_client(struct outcome *o, GBytes *octets, enum auth_mechanism mech, const char *password)
{
  static const struct envelope_recipient to[] = {{.address = "bob@b.test"},
                                                 {.address = "nobody@b.test"}};
  struct smtp_client_config config = {
      .name = "pc.test",
      .user = mech ? "alice" : NULL,
      .password = password,
      .mech = mech,
      .envelope = {.sender = "alice@a.test", .recipients = to, .n_recipients = 2},
      .octets = octets,
      .done = smtp_done,
      .data = o};
  *o = (struct outcome){0};
  return smtp_client_new(&config);
}

/* What is behind the Received header that the server put on top. */
static const char *
behind_received(GBytes *octets, gsize *n)
{
  gsize n_all;
  const char *p = g_bytes_get_data(octets, &n_all);
  const char *end = strstr(p, "+0000\r\n");
  *n = n_all - (gsize)(end + 7 - p);
  return end + 7;
}

static void
test_smtp_delivers_octet_for_octet(void)
{
  static const enum auth_mechanism mechs[] = {AUTH_NONE, AUTH_PLAIN, AUTH_LOGIN, AUTH_CRAM_MD5};
  struct store *store = store_new(NULL, NULL, NULL);
  struct auth_site *auth = auth_new(store);
  store_add_user(store, "alice", "secret");
  g_autoptr(GBytes) octets = script_message(folder, "plain.eml");
  for (size_t i = 0; i < 2 * G_N_ELEMENTS(mechs); i++) {
    struct site site = {0};
    struct outcome o;
    struct smtp_server_config config = {
        .role = SMTP_ROLE_SUBMISSION,
        .name = "mail.test",
        .peer = "192.0.2.1",
        .auth = auth,
        .is_auth_required = mechs[i / 2] != AUTH_NONE,
        .site = {.data = &site, .recipient = site_recipient, .message = site_message}};
    couple(smtp_client(&o, octets, mechs[i / 2], "secret"), smtp_server_new(&config), i % 2);
    g_assert_cmpuint(o.n_calls, ==, 1);
    g_assert_cmpint(o.outcomes[0], ==, SMTP_OUTCOME_ACCEPTED);
    g_assert_cmpint(o.outcomes[1], ==, SMTP_OUTCOME_PERMANENT);
    g_assert_cmpuint(o.codes[1], ==, 550);
    g_assert_cmpuint(site.n_messages, ==, 1);
    gsize n, n_sent;
    const char *got = behind_received(site.octets, &n);
    const char *wanted = g_bytes_get_data(octets, &n_sent);
    g_assert_cmpmem(got, n, wanted, n_sent);
    g_bytes_unref(site.octets);
  }
  auth_site_free(auth);
  store_free(store);
}

static void
test_smtp_wrong_password(void)
{
  struct store *store = store_new(NULL, NULL, NULL);
  struct auth_site *auth = auth_new(store);
  store_add_user(store, "alice", "secret");
  g_autoptr(GBytes) octets = script_message(folder, "short.eml");
  struct site site = {0};
  struct outcome o;
  struct smtp_server_config config = {
      .role = SMTP_ROLE_SUBMISSION,
      .name = "mail.test",
      .auth = auth,
      .is_auth_required = true,
      .site = {.data = &site, .recipient = site_recipient, .message = site_message}};
  couple(smtp_client(&o, octets, AUTH_PLAIN, "wrong"), smtp_server_new(&config), 0);
  g_assert_cmpint(o.outcomes[0], ==, SMTP_OUTCOME_PERMANENT);
  g_assert_cmpuint(o.codes[0], ==, 535);
  g_assert_cmpuint(site.n_messages, ==, 0);
  auth_site_free(auth);
  store_free(store);
}

static const struct smtp_case {
  const char *name;
  const char *lines[10];
  enum smtp_outcome outcome;
  unsigned code;
  const char *says, *never; /* in what the client said */
} smtp_cases[] = {
    {"250-in-place-of-354-gets-no-content",
     {"220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n"},
     SMTP_OUTCOME_TEMPORARY,
     0,
     "DATA\r\n",
     "Subject"},
    {"different-codes-in-one-reply",
     {"220 x\r\n", "250-a\r\n251 b\r\n"},
     SMTP_OUTCOME_TEMPORARY,
     0,
     "EHLO",
     "MAIL"},
    {"no-reply-at-all", {"hello there\r\n"}, SMTP_OUTCOME_TEMPORARY, 0, "", "EHLO"},
    {"close-before-the-greeting", {NULL}, SMTP_OUTCOME_TEMPORARY, 0, "", "EHLO"},
    {"close-behind-the-content-promises-nothing",
     {"220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "550 no\r\n", "354 go\r\n"},
     SMTP_OUTCOME_TEMPORARY,
     0,
     "\r\n.\r\n",
     "QUIT"},
    {"421-means-later",
     {"220 x\r\n", "421 closing\r\n"},
     SMTP_OUTCOME_TEMPORARY,
     421,
     "EHLO",
     "MAIL"},
    {"554-greeting",
     {"554 no service\r\n", "221 bye\r\n"},
     SMTP_OUTCOME_PERMANENT,
     554,
     "QUIT",
     "EHLO"},
    {"helo-when-ehlo-is-unknown",
     {"220 x\r\n", "500 what?\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "550 no\r\n",
      "354 go\r\n", "250 taken\r\n", "221 bye\r\n"},
     SMTP_OUTCOME_ACCEPTED,
     250,
     "HELO pc.test\r\nMAIL FROM:<alice@a.test>\r\n",
     "SIZE="},
    {"too-small-a-server-is-not-bothered",
     {"220 x\r\n", "250-x\r\n250 SIZE 10\r\n", "221 bye\r\n"},
     SMTP_OUTCOME_PERMANENT,
     0,
     "QUIT",
     "MAIL"},
    {"mail-refused-for-now",
     {"220 x\r\n", "250 x\r\n", "451 busy\r\n", "221 bye\r\n"},
     SMTP_OUTCOME_TEMPORARY,
     451,
     "QUIT",
     "RCPT"},
};

static void
test_smtp_case(gconstpointer data)
{
  const struct smtp_case *c = data;
  g_autoptr(GBytes) octets = script_message(folder, "short.eml");
  struct outcome o;
  g_autofree char *said = against(smtp_client(&o, octets, AUTH_NONE, NULL), c->lines);
  g_assert_cmpuint(o.n_calls, ==, 1);
  g_assert_cmpint(o.outcomes[0], ==, c->outcome);
  g_assert_cmpuint(o.codes[0], ==, c->code);
  g_assert_nonnull(strstr(said, c->says));
  g_assert_null(strstr(said, c->never));
}

static char *
endless(void)
{
  char *line = g_malloc(3 << 20);
  memset(line, 'x', 3 << 20);
  line[(3 << 20) - 1] = '\0';
  memcpy(line, "220 ", 4);
  return line;
}

/* ---- POP3 ---- */

static void
note_done(void *data, bool is_good)
{
  *(int *)data = is_good ? 1 : -1;
}

struct local {
  struct store *store;
  struct mailbox *mailbox;
  int result; /* 0: not done, 1 good, -1 bad */
};

static void
local_init(struct local *l)
{
  l->result = 0;
  l->store = store_new("pc", NULL, NULL);
  l->mailbox = store_find(store_add_user(l->store, "local", NULL), "INBOX");
}

static struct endpoint *
pop_client(struct local *l, bool keeps)
{
  struct pop_client_config config = {.login = {.user = "bob", .password = "secret"},
                                     .into = l->mailbox,
                                     .keeps = keeps,
                                     .done = note_done,
                                     .data = &l->result};
  return pop_client_new(&config);
}

static void
check_same_octets(const struct mailbox *b, guint i, GBytes *wanted)
{
  g_assert_cmpuint(b->messages->len, >, i);
  const struct store_message *m = b->messages->pdata[i];
  g_assert_true(g_bytes_equal(m->octets, wanted));
}

static void
test_pop_fetches_octet_for_octet(void)
{
  for (int keeps = 0; keeps < 2; keeps++) {
    for (size_t cut = 0; cut < 2; cut++) {
      struct store *store = store_new(NULL, NULL, NULL);
      struct auth_site *auth = auth_new(store);
      struct mailbox *inbox = store_find(store_add_user(store, "bob", "secret"), "INBOX");
      g_autoptr(GBytes) plain = script_message(folder, "plain.eml");
      g_autoptr(GBytes) thai = script_message(folder, "thai.eml");
      store_append(inbox, plain, 0, 0, 0);
      store_append(inbox, thai, 0, 0, 0);
      struct local l;
      local_init(&l);
      struct pop_server_config config = {.name = "mail.test", .store = store, .auth = auth};
      couple(pop_client(&l, keeps), pop_server_new(&config), cut);
      g_assert_cmpint(l.result, ==, 1);
      check_same_octets(l.mailbox, 0, plain);
      check_same_octets(l.mailbox, 1, thai);
      g_assert_cmpuint(inbox->messages->len, ==, keeps ? 2 : 0);
      store_free(l.store);
      auth_site_free(auth);
      store_free(store);
    }
  }
}

static const struct pop_case {
  const char *name;
  const char *lines[10];
  int result;
  guint n_kept;
  const char *says, *never;
} pop_cases[] = {
    {"wrong-octet-count-is-not-deleted",
     {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 5\r\n", "-ERR\r\n", "+OK\r\n1 5\r\n.\r\n",
      "+OK\r\nabcdefgh\r\n.\r\n", "+OK bye\r\n"},
     -1,
     1,
     "RETR 1\r\nQUIT",
     "DELE"},
    {"listing-what-stat-did-not-count",
     {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 3\r\n", "+OK\r\n1 a\r\n9999999 b\r\n.\r\n",
      "+OK\r\n1 3\r\n2 7\r\n.\r\n", "+OK\r\na\r\n.\r\n", "+OK gone\r\n", "+OK bye\r\n"},
     1,
     1,
     "DELE 1\r\nQUIT",
     "RETR 2"},
    {"neither-ok-nor-err", {"220 smtp here\r\n"}, -1, 0, "", "USER"},
    {"huge-stat", {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 4000000000 1\r\n"}, -1, 0, "STAT", "UIDL"},
    {"close-inside-a-message",
     {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 3\r\n", "-ERR\r\n", "+OK\r\n1 3\r\n.\r\n",
      "+OK\r\nhalf a mess"},
     -1,
     0,
     "RETR 1",
     "DELE"},
    {"password-refused",
     {"+OK\r\n", "+OK\r\n", "-ERR no\r\n", "+OK bye\r\n"},
     -1,
     0,
     "QUIT",
     "STAT"},
    {"an-empty-maildrop",
     {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 0 0\r\n", "+OK bye\r\n"},
     1,
     0,
     "STAT\r\nQUIT",
     "LIST"},
};

static void
test_pop_case(gconstpointer data)
{
  const struct pop_case *c = data;
  struct local l;
  local_init(&l);
  g_autofree char *said = against(pop_client(&l, false), c->lines);
  g_assert_cmpint(l.result, ==, c->result);
  g_assert_cmpuint(l.mailbox->messages->len, ==, c->n_kept);
  g_assert_nonnull(strstr(said, c->says));
  g_assert_null(strstr(said, c->never));
  store_free(l.store);
}

static void
test_endless_lines(void)
{
  g_autofree char *line = endless();
  const char *const lines[] = {line, line, NULL};
  struct local l;
  struct outcome o;
  g_autoptr(GBytes) octets = script_message(folder, "short.eml");
  g_free(against(smtp_client(&o, octets, AUTH_NONE, NULL), lines));
  g_assert_cmpint(o.outcomes[0], ==, SMTP_OUTCOME_TEMPORARY);
  local_init(&l);
  g_free(against(pop_client(&l, false), lines));
  g_assert_cmpint(l.result, ==, -1);
  store_free(l.store);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_getenv("ENDPOINTS_FOLDER");
  g_assert_nonnull(folder);
  g_test_add_func("/clients/smtp/delivers-octet-for-octet-with-every-mechanism",
                  test_smtp_delivers_octet_for_octet);
  g_test_add_func("/clients/smtp/a-wrong-password-is-permanent", test_smtp_wrong_password);
  for (size_t i = 0; i < G_N_ELEMENTS(smtp_cases); i++) {
    g_autofree char *path = g_strdup_printf("/clients/smtp/bad-server/%s", smtp_cases[i].name);
    g_test_add_data_func(path, &smtp_cases[i], test_smtp_case);
  }
  g_test_add_func("/clients/pop/fetches-octet-for-octet", test_pop_fetches_octet_for_octet);
  for (size_t i = 0; i < G_N_ELEMENTS(pop_cases); i++) {
    g_autofree char *path = g_strdup_printf("/clients/pop/bad-server/%s", pop_cases[i].name);
    g_test_add_data_func(path, &pop_cases[i], test_pop_case);
  }
  g_test_add_func("/clients/endless-lines-are-left", test_endless_lines);
  return g_test_run();
}
