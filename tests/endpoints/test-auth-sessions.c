/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-auth-sessions.c -- our clients log in at our servers: every mechanism in every protocol, in
 * clear and as under TLS, with a right and with a wrong secret, whole and octet by octet.
 *
 * TLS itself is not run here: both machines are told that it is there, as its layer does. */
#include <string.h>

#include "sim/mail/imap.h"
#include "sim/mail/imap_client.h"
#include "sim/mail/pop.h"
#include "sim/mail/pop_client.h"
#include "sim/mail/smtp.h"

static const struct random_stream seed = {.key = {5, 6}};

struct meeting {
  enum auth_protocol protocol;
  enum auth_mechanism mech;
  bool is_secure, is_wrong, is_single;
};

struct rig {
  const struct meeting *m;
  struct store *store, *local;
  struct auth_site *site;
  struct endpoint *server, *client;
  struct endpoint_security at_server, at_client;
  GString *events; /* of the server */
  GString *said;   /* by the client */
  int result;      /* 1 good, -1 bad */
};

static void
take_event(void *data, const char *key, const char *value)
{
  g_string_append_printf(data, "%s=%s;", key, value);
}

static void
note_done(void *data, bool is_good)
{
  ((struct rig *)data)->result = is_good ? 1 : -1;
}

static void
note_results(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  note_done(data, results[0].outcome == SMTP_OUTCOME_ACCEPTED);
}

static const char *
recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  return NULL;
}

static const char *
message(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
        const char **refusal)
{
  return "Q1";
}

static struct endpoint *
make_server(struct rig *r)
{
  struct smtp_server_config smtp = {.role = SMTP_ROLE_SUBMISSION,
                                    .name = "mail.test",
                                    .peer = "192.0.2.7",
                                    .auth = r->site,
                                    .is_auth_required = true,
                                    .site = {.recipient = recipient, .message = message}};
  struct pop_server_config pop = {.name = "mail.test", .store = r->store, .auth = r->site};
  struct imap_server_config imap = {.name = "mail.test", .store = r->store, .auth = r->site};
  return r->m->protocol == AUTH_SMTP   ? smtp_server_new(&smtp)
         : r->m->protocol == AUTH_POP3 ? pop_server_new(&pop)
                                       : imap_server_new(&imap);
}

static struct endpoint *
make_client(struct rig *r, GBytes *octets)
{
  static struct envelope_recipient to[] = {{.address = (char *)"bob@mail.test"}};
  const char *password = r->m->is_wrong ? "wrong" : "secret";
  const char *token = r->m->is_wrong ? "old" : "ya29";
  struct auth_login login = {.user = "bob", .password = password, .token = token, .random = &seed};
  struct smtp_client_config smtp = {
      .name = "pc.test",
      .user = "bob",
      .password = password,
      .token = token,
      .mech = r->m->mech,
      .random = &seed,
      .envelope = {.sender = (char *)"bob@mail.test", .recipients = to, .n_recipients = 1},
      .octets = octets,
      .done = note_results,
      .data = r};
  struct pop_client_config pop = {.login = login,
                                  .mech = r->m->mech,
                                  .into = store_find(store_first_user(r->local), "INBOX"),
                                  .keeps = true,
                                  .done = note_done,
                                  .data = r};
  struct imap_client_config imap = {
      .login = login, .mech = r->m->mech, .done = note_done, .data = r};
  return r->m->protocol == AUTH_SMTP   ? smtp_client_new(&smtp)
         : r->m->protocol == AUTH_POP3 ? pop_client_new(&pop)
                                       : imap_client_new(&imap);
}

/* True when something moved. */
static bool
move(struct rig *r, struct endpoint *from, struct endpoint *to)
{
  size_t n = r->m->is_single ? MIN(1, from->out->len) : from->out->len;
  if (n == 0)
    return false;
  g_autofree uint8_t *octets = g_memdup2(from->out->data, n);
  g_byte_array_remove_range(from->out, 0, (guint)n);
  if (from == r->client)
    g_string_append_len(r->said, (const char *)octets, (gssize)n);
  to->ops->input(to, octets, n, 0);
  return true;
}

static void
meet(struct rig *r, const struct meeting *m)
{
  struct auth_policy policy = auth_policy_default;
  *r = (struct rig){.m = m, .events = g_string_new(NULL), .said = g_string_new(NULL)};
  policy.mechanisms |= 1u << AUTH_ANONYMOUS;
  g_strlcpy(policy.anonymous, "bob", sizeof policy.anonymous);
  r->store = store_new(NULL, NULL, NULL);
  r->local = store_new("pc", NULL, NULL);
  store_add_user(r->store, "bob", "secret");
  store_add_user(r->local, "local", NULL);
  r->site = auth_site_new(&policy, r->store, "mail.test", &seed);
  auth_site_add_token(r->site, "bob", "ya29", ENDPOINT_NEVER);
  g_autoptr(GBytes) octets = g_bytes_new_static("Subject: x\r\n\r\nx\r\n", 17);
  r->server = make_server(r);
  r->client = make_client(r, octets);
  r->server->event = take_event;
  r->server->event_data = r->events;
  r->at_server = (struct endpoint_security){
      .version = "TLSv1.3", .peer_name = "bob@mail.test", .is_peer_verified = !m->is_wrong};
  r->at_client = (struct endpoint_security){.version = "TLSv1.3", .is_peer_verified = true};
  if (m->is_secure) {
    r->server->security = &r->at_server;
    r->client->security = &r->at_client;
  }
  r->server->ops->start(r->server, 0);
  r->client->ops->start(r->client, 0);
  bool a, b;
  do {
    a = move(r, r->server, r->client);
    b = move(r, r->client, r->server);
  } while (a || b);
}

static void
part(struct rig *r)
{
  r->client->ops->free(r->client);
  r->server->ops->free(r->server);
  auth_site_free(r->site);
  store_free(r->store);
  store_free(r->local);
  g_string_free(r->events, TRUE);
  g_string_free(r->said, TRUE);
}

static void
test_meeting(gconstpointer data)
{
  const struct meeting *m = data;
  struct rig r;
  meet(&r, m);
  bool needs_secret = m->mech != AUTH_ANONYMOUS;
  bool is_good = !(m->is_wrong && needs_secret) && (m->mech != AUTH_EXTERNAL || m->is_secure);
  g_autofree char *wanted = g_strdup_printf("auth=%s done bob%s;", auth_name(m->mech),
                                            m->mech == AUTH_EXTERNAL ? "@mail.test" : "");
  g_assert_cmpint(r.result, ==, is_good ? 1 : -1);
  g_assert_true((strstr(r.events->str, wanted) != NULL) == is_good);
  g_assert_true((strstr(r.events->str, "user=bob;") != NULL) == is_good);
  bool shows = m->mech == AUTH_COMMAND;
  g_assert_true((strstr(r.said->str, m->is_wrong ? "wrong" : "secret") != NULL) == shows);
  part(&r);
}

/* The strongest that both know. */
static void
test_best(gconstpointer data)
{
  struct meeting m = *(const struct meeting *)data;
  struct rig r;
  m.mech = AUTH_BEST;
  meet(&r, &m);
  g_assert_cmpint(r.result, ==, 1);
  /* a client with a token and a password takes SCRAM: nothing readable crosses the wire */
  g_assert_nonnull(strstr(r.events->str, "auth=SCRAM-SHA-256 done bob;"));
  part(&r);
}

int
main(int argc, char **argv)
{
  static const char *const protocols[] = {"smtp", "pop3", "imap"};
  g_test_init(&argc, &argv, NULL);
  for (int p = 0; p < AUTH_N_PROTOCOLS; p++) {
    for (int mech = AUTH_ANONYMOUS; mech < AUTH_N_MECHANISMS; mech++) {
      bool is_spoken = mech == AUTH_APOP                                ? p == AUTH_POP3
                       : mech == AUTH_COMMAND || mech == AUTH_ANONYMOUS ? p != AUTH_SMTP
                                                                        : true;
      for (int way = 0; is_spoken && way < 8; way++) {
        struct meeting *m = g_new(struct meeting, 1); /* lives as long as the program */
        *m = (struct meeting){.protocol = (enum auth_protocol)p,
                              .mech = (enum auth_mechanism)mech,
                              .is_secure = way & 1,
                              .is_wrong = way & 2,
                              .is_single = way & 4};
        g_autofree char *path = g_strdup_printf(
            "/login/%s/%s/%s%s%s", protocols[p], auth_name(m->mech), m->is_secure ? "tls" : "clear",
            m->is_wrong ? "-refused" : "", m->is_single ? "-by-octet" : "");
        g_test_add_data_func_full(path, m, test_meeting, g_free);
      }
    }
    struct meeting *best = g_new(struct meeting, 1);
    *best = (struct meeting){.protocol = (enum auth_protocol)p};
    g_autofree char *path = g_strdup_printf("/login/%s/best", protocols[p]);
    g_test_add_data_func_full(path, best, test_best, g_free);
  }
  return g_test_run();
}
