/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-auth.c -- authentication without a protocol: the examples of the RFCs, what each mechanism
 * refuses, the policy's delays and locks. */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/auth.h"
#include "sim/mail/auth_private.h"

#define SECOND INT64_C(1000000000)

static const struct random_stream seed = {.key = {3, 4}};

struct rig {
  struct store *store;
  struct auth_policy policy;
  struct auth_site *site;
  struct endpoint endpoint;
  struct endpoint_security security;
  struct auth_server server;
  GString *events;
};

static void
take_event(void *data, const char *key, const char *value)
{
  g_string_append_printf(data, "%s=%s;", key, value);
}

static void
rig_init(struct rig *r, enum auth_protocol protocol, const char *user, const char *password)
{
  *r = (struct rig){.policy = r->policy, .events = g_string_new(NULL)};
  if (r->policy.mechanisms == 0)
    r->policy = auth_policy_default;
  r->store = store_new(NULL, NULL, NULL);
  store_add_user(r->store, user, password);
  r->site = auth_site_new(&r->policy, r->store, "mail.test", &seed);
  r->endpoint.event = take_event;
  r->endpoint.event_data = r->events;
  auth_server_init(&r->server, r->site, &r->endpoint, protocol, "192.0.2.7");
}

static void
rig_clear(struct rig *r)
{
  auth_server_clear(&r->server);
  auth_site_free(r->site);
  store_free(r->store);
  g_string_free(r->events, TRUE);
}

static char *
encode(const char *p, size_t n)
{
  GString *line = g_string_new(NULL);
  auth_base64(line, p, n);
  return g_string_free(line, FALSE);
}

static char *
decode(const char *line)
{
  size_t n;
  char *text = (char *)auth_unbase64(line, strlen(line), &n);
  g_assert_nonnull(text);
  return text;
}

static struct auth_result
open_with(struct rig *r, const char *mech, const char *text, size_t n, int64_t now_ns)
{
  g_autofree char *line = text ? encode(text, n) : NULL;
  return auth_server_open(&r->server, mech, strlen(mech), line, line ? strlen(line) : 0, now_ns);
}

static struct auth_result
answer(struct rig *r, const char *text, size_t n)
{
  g_autofree char *line = encode(text, n);
  return auth_server_line(&r->server, line, strlen(line), 0);
}

static void
check_challenge(const struct auth_result *result, const char *wanted)
{
  g_assert_cmpint(result->outcome, ==, AUTH_CONTINUE);
  g_autofree char *text = decode(result->challenge);
  g_assert_cmpstr(text, ==, wanted);
}

/* ---- SCRAM: RFC 5802 section 5, RFC 7677 section 3 ---- */

static const struct scram_example {
  const char *mech, *nonce, *salt, *first, *server_first, *final, *verifier;
} scram_examples[] = {
    {"SCRAM-SHA-1", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {"SCRAM-SHA-256", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void
test_scram_server_says_what_the_rfc_says(gconstpointer data)
{
  const struct scram_example *x = data;
  struct rig r = {0};
  rig_init(&r, AUTH_SMTP, "user", "pencil");
  auth_site_fix(r.site, NULL, x->nonce, x->salt);
  struct auth_result result = open_with(&r, x->mech, x->first, strlen(x->first), 0);
  check_challenge(&result, x->server_first);
  result = answer(&r, x->final, strlen(x->final));
  check_challenge(&result, x->verifier);
  result = answer(&r, "", 0);
  g_assert_cmpint(result.outcome, ==, AUTH_DONE);
  g_assert_cmpstr(result.user->name, ==, "user");
  g_autofree char *event = g_strdup_printf("auth=%s done user;", x->mech);
  g_assert_cmpstr(r.events->str, ==, event);
  rig_clear(&r);
}

static void
test_scram_server_refuses(void)
{
  static const struct {
    const char *first, *error; /* error NULL: malformed */
  } firsts[] = {
      {"p=tls-unique,,n=user,r=abc", "e=channel-binding-not-supported"},
      {"n,,m=x,n=user,r=abc", "e=extensions-not-supported"},
      {"n,,n=us=er,r=abc", "e=invalid-encoding"},
      {"n,a=us=4,n=user,r=abc", "e=invalid-encoding"},
      {"n,,n=,r=abc", "e=invalid-encoding"},
      {"n,,n=a\xc2\x80,r=abc", "e=invalid-username-encoding"},
      {"x,,n=user,r=abc", NULL},
      {"n,n=user,r=abc", NULL},
      {"n,,r=abc,n=user", NULL},
      {"n,,n=user,r=", NULL},
      {"n,,n=user,r=a b", NULL},
      {"n,,n=user", NULL},
      {"\xff", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(firsts); i++) {
    struct rig r = {0};
    rig_init(&r, AUTH_SMTP, "user", "pencil");
    struct auth_result result =
        open_with(&r, "SCRAM-SHA-256", firsts[i].first, strlen(firsts[i].first), 0);
    if (firsts[i].error) {
      check_challenge(&result, firsts[i].error);
      result = answer(&r, "", 0);
      g_assert_cmpint(result.outcome, ==, AUTH_FAILED);
    } else {
      g_assert_cmpint(result.outcome, ==, AUTH_MALFORMED);
    }
    rig_clear(&r);
  }
}

/* Wrong finals behind a good first message. */
static void
test_scram_server_refuses_finals(void)
{
  static const struct {
    const char *final, *error;
  } finals[] = {
      {"c=eSws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
       "e=channel-bindings-dont-match"},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7k,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
       "e=other-error"},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=w0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
       "e=invalid-proof"},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=", "e=invalid-proof"},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j", NULL},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=,x=1",
       NULL},
      {"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", NULL},
  };
  const struct scram_example *x = &scram_examples[0];
  for (size_t i = 0; i < G_N_ELEMENTS(finals); i++) {
    struct rig r = {0};
    rig_init(&r, AUTH_SMTP, "user", "pencil");
    auth_site_fix(r.site, NULL, x->nonce, x->salt);
    open_with(&r, x->mech, x->first, strlen(x->first), 0);
    struct auth_result result = answer(&r, finals[i].final, strlen(finals[i].final));
    if (finals[i].error) {
      check_challenge(&result, finals[i].error);
      result = answer(&r, "", 0);
      g_assert_cmpint(result.outcome, ==, AUTH_FAILED);
    } else {
      g_assert_cmpint(result.outcome, ==, AUTH_MALFORMED);
    }
    rig_clear(&r);
  }
}

/* A server that is not what it says: the client leaves, and says why. */
static void
test_scram_client_is_not_fooled(void)
{
  static const struct {
    const char *first, *final, *problem;
  } servers[] = {
      {"r=OTHERmore,s=QSXCR+Q6sek8bf92,i=4096", NULL, "nonce"},
      {"r=%s,s=QSXCR+Q6sek8bf92,i=4096", NULL, "nonce"},
      {"m=x,r=%smore,s=QSXCR+Q6sek8bf92,i=4096", NULL, "extension"},
      {"r=%smore,s=,i=4096", NULL, "salt"},
      {"r=%smore,s=QSXCR+Q6sek8bf92,i=4095", NULL, "iteration"},
      {"r=%smore,s=QSXCR+Q6sek8bf92,i=99999999", NULL, "iteration"},
      {"r=%smore,s=QSXCR+Q6sek8bf92", NULL, "no sense"},
      {"r=%smore,s=QSXCR+Q6sek8bf92,i=4096", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "signature"},
      {"r=%smore,s=QSXCR+Q6sek8bf92,i=4096", "x", "signature"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(servers); i++) {
    struct auth_client c;
    auth_client_init(&c,
                     &(struct auth_login){.user = "user", .password = "pencil", .random = &seed});
    auth_client_begin(&c, AUTH_SCRAM_SHA_1);
    g_autofree char *initial = auth_client_initial(&c), *first = decode(initial);
    g_assert_true(g_str_has_prefix(first, "n,,n=user,r="));
    g_autofree char *said = g_strdup_printf(servers[i].first, first + 12);
    g_autofree char *line = encode(said, strlen(said));
    g_autofree char *next = auth_client_step(&c, line, strlen(line));
    if (servers[i].final) {
      g_assert_nonnull(next);
      g_autofree char *last = encode(servers[i].final, strlen(servers[i].final));
      g_autofree char *none = auth_client_step(&c, last, strlen(last));
      g_assert_null(none);
    } else {
      g_assert_null(next);
    }
    g_assert_nonnull(strstr(c.problem, servers[i].problem));
    g_assert_false(auth_client_may_trust(&c));
    auth_client_clear(&c);
  }
}

/* ---- the other examples ---- */

static void
test_rfc_4616_plain(void)
{
  static const struct {
    const char *user, *password;
    const char *said;
    size_t n;
    enum auth_outcome outcome;
  } cases[] = {
      {"tim", "tanstaaftanstaaf", "\0tim\0tanstaaftanstaaf", 21, AUTH_DONE},
      {"Kurt", "xipj3plmq", "Ursel\0Kurt\0xipj3plmq", 20, AUTH_FORBIDDEN},
      {"Kurt", "xipj3plmq", "kurt\0Kurt\0xipj3plmq", 19, AUTH_DONE},
      {"Kurt", "xipj3plmq", "Ursel\0Kurt\0xipj3plmr", 20, AUTH_FAILED},
      {"IX", "p", "\0I\xc2\xadX\0p", 7, AUTH_DONE}, /* RFC 4013 3: mapped to nothing */
      {"tim", "t", "tim\0t", 5, AUTH_MALFORMED},
      {"tim", "t", "\0tim\0t\0", 7, AUTH_MALFORMED},
      {"tim", "t", "\0\0t", 3, AUTH_MALFORMED},
      {"tim", "t", "\0tim\0", 5, AUTH_MALFORMED},
      {"tim", "t", "\0tim\0\xff", 6, AUTH_MALFORMED},
      {"tim", "", "\0tim\0x", 6, AUTH_FAILED},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rig r = {0};
    rig_init(&r, AUTH_IMAP, cases[i].user, cases[i].password);
    struct auth_result result = open_with(&r, "PLAIN", cases[i].said, cases[i].n, 0);
    g_assert_cmpint(result.outcome, ==, cases[i].outcome);
    rig_clear(&r);
  }
}

static void
test_rfc_2195_and_1939_digests(void)
{
  char digest[33];
  auth_mech_cram("tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>", digest);
  g_assert_cmpstr(digest, ==, "b913a602c7eda7a495b4e6e7334d3890");
  auth_mech_apop("tanstaaf", "<1896.697170952@dbc.mtview.ca.us>", digest);
  g_assert_cmpstr(digest, ==, "c4c9334bac560ecc979e58001b3e22fb");
  g_autofree char *apop =
      auth_client_apop("POP3 server ready <1896.697170952@dbc.mtview.ca.us>", "tanstaaf");
  g_assert_cmpstr(apop, ==, "c4c9334bac560ecc979e58001b3e22fb");
  g_assert_null(auth_client_apop("POP3 server ready", "tanstaaf"));
  g_assert_null(auth_client_apop("<no-host>", "tanstaaf"));
}

/* RFC 7628 section 4: the examples' tokens and lines. */
static void
test_rfc_7628_bearer(void)
{
  static const char token[] = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
  static const char good[] = "n,a=user@example.com,\001host=server.example.com\001port=143\001"
                             "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001";
  static const char line[] =
      "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZG"
      "OWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
  struct rig r = {0};
  rig_init(&r, AUTH_IMAP, "user@example.com", "unused");
  g_assert_false(auth_server_offers(&r.server, AUTH_OAUTHBEARER)); /* no token, no mechanism */
  auth_site_add_token(r.site, "user@example.com", token, 300 * SECOND);
  g_assert_true(auth_server_offers(&r.server, AUTH_OAUTHBEARER));
  struct auth_client c;
  auth_client_init(&c, &(struct auth_login){.user = "user@example.com",
                                            .token = token,
                                            .host = "server.example.com",
                                            .port = 143});
  auth_client_begin(&c, AUTH_OAUTHBEARER);
  g_autofree char *said = auth_client_initial(&c);
  g_assert_cmpstr(said, ==, line);
  auth_client_clear(&c);
  struct auth_result result = open_with(&r, "OAUTHBEARER", good, sizeof good - 1, 0);
  g_assert_cmpint(result.outcome, ==, AUTH_DONE);
  /* too old: 4.3, answered by a lone ^A */
  result = open_with(&r, "OAUTHBEARER", good, sizeof good - 1, 300 * SECOND);
  check_challenge(&result, "{\"status\":\"invalid_token\",\"scope\":\"mail\"}");
  result = auth_server_line(&r.server, "AQ==", 4, 300 * SECOND);
  g_assert_cmpint(result.outcome, ==, AUTH_FAILED);
  rig_clear(&r);
}

static void
test_xoauth2_error_is_answered_by_nothing(void)
{
  struct rig r = {0};
  rig_init(&r, AUTH_SMTP, "bob", "secret");
  auth_site_add_token(r.site, "bob", "ya29", ENDPOINT_NEVER);
  struct auth_client c;
  auth_client_init(&c, &(struct auth_login){.user = "bob", .token = "old"});
  auth_client_begin(&c, AUTH_XOAUTH2);
  g_autofree char *said = auth_client_initial(&c), *text = decode(said);
  g_assert_cmpstr(text, ==, "user=bob\001auth=Bearer old\001\001");
  struct auth_result result = auth_server_open(&r.server, "XOAUTH2", 7, said, strlen(said), 0);
  g_assert_cmpint(result.outcome, ==, AUTH_CONTINUE);
  g_autofree char *empty = auth_client_step(&c, result.challenge, strlen(result.challenge));
  g_assert_cmpstr(empty, ==, "");
  result = auth_server_line(&r.server, empty, 0, 0);
  g_assert_cmpint(result.outcome, ==, AUTH_FAILED);
  g_assert_nonnull(strstr(r.events->str, "auth=XOAUTH2 failed bob;"));
  auth_client_clear(&c);
  rig_clear(&r);
}

static void
test_rfc_4013_saslprep(void)
{
  static const struct {
    const char *given, *wanted;
  } cases[] = {
      {"I\xc2\xadX", "IX"},
      {"user", "user"},
      {"USER", "USER"},
      {"\xc2\xaa", "a"},
      {"\xe2\x85\xa8", "IX"},
      {"\x07", NULL},
      {"\xd8\xa7"
       "1",
       NULL},
      {"\xd8\xa7"
       "1\xd8\xa8",
       "\xd8\xa7"
       "1\xd8\xa8"},
      {"a\xc2\xa0"
       "b",
       "a b"},
      {"\xee\x80\x80", NULL},
      {"\xef\xbf\xbd", NULL},
      {"\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa",
       "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *got = auth_prep(cases[i].given);
    g_assert_cmpstr(got, ==, cases[i].wanted);
  }
}

/* ---- what is offered, and what a refusal says ---- */

static void
test_policy_before_and_inside_tls(void)
{
  struct rig r = {.policy = auth_policy_default};
  r.policy.wants_tls = true;
  rig_init(&r, AUTH_IMAP, "bob", "secret");
  g_autoptr(GString) list = g_string_new(NULL);
  auth_server_list(&r.server, "AUTH=", list);
  g_assert_cmpstr(list->str, ==, " AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=CRAM-MD5");
  g_assert_false(auth_server_offers(&r.server, AUTH_COMMAND));
  g_assert_cmpint(open_with(&r, "PLAIN", "\0bob\0secret", 11, 0).outcome, ==, AUTH_TLS_NEEDED);
  g_assert_cmpint(auth_server_command(&r.server, "bob", "secret", 0).outcome, ==, AUTH_TLS_NEEDED);
  g_assert_cmpint(open_with(&r, "EXTERNAL", "", 0, 0).outcome, ==, AUTH_TLS_NEEDED);
  g_assert_cmpint(open_with(&r, "GSSAPI", NULL, 0, 0).outcome, ==, AUTH_UNKNOWN);
  r.security = (struct endpoint_security){.version = "TLSv1.3", .peer_name = "bob@mail.test"};
  r.endpoint.security = &r.security;
  g_assert_cmpint(open_with(&r, "PLAIN", "\0bob\0secret", 11, 0).outcome, ==, AUTH_DONE);
  g_assert_cmpint(open_with(&r, "EXTERNAL", "", 0, 0).outcome, ==, AUTH_UNKNOWN); /* unverified */
  r.security.is_peer_verified = true;
  g_assert_cmpint(auth_server_open(&r.server, "EXTERNAL", 8, "=", 1, 0).outcome, ==, AUTH_DONE);
  g_assert_cmpint(open_with(&r, "EXTERNAL", "alice", 5, 0).outcome, ==, AUTH_FORBIDDEN);
  rig_clear(&r);
}

static void
test_a_mechanism_below_all_others_is_too_weak(void)
{
  struct rig r = {.policy = auth_policy_default};
  r.policy.mechanisms = 1u << AUTH_SCRAM_SHA_256 | 1u << AUTH_SCRAM_SHA_1;
  rig_init(&r, AUTH_SMTP, "bob", "secret");
  g_assert_cmpint(open_with(&r, "PLAIN", NULL, 0, 0).outcome, ==, AUTH_TOO_WEAK);
  g_assert_cmpint(open_with(&r, "EXTERNAL", NULL, 0, 0).outcome, ==, AUTH_UNKNOWN);
  g_assert_cmpstr(auth_reply(AUTH_SMTP, AUTH_TOO_WEAK), ==,
                  "534 5.7.9 Authentication mechanism is too weak");
  rig_clear(&r);
}

static void
test_anonymous_reads_one_account(void)
{
  struct rig r = {.policy = auth_policy_default};
  rig_init(&r, AUTH_POP3, "guest", "");
  g_assert_cmpint(open_with(&r, "ANONYMOUS", "sirhc", 5, 0).outcome, ==, AUTH_UNKNOWN);
  rig_clear(&r);
  r.policy.mechanisms |= 1u << AUTH_ANONYMOUS;
  g_strlcpy(r.policy.anonymous, "guest", sizeof r.policy.anonymous);
  rig_init(&r, AUTH_POP3, "guest", "");
  struct auth_result result = open_with(&r, "ANONYMOUS", "sirhc", 5, 0);
  g_assert_cmpint(result.outcome, ==, AUTH_DONE);
  g_assert_true(result.is_read_only);
  rig_clear(&r);
  rig_init(&r, AUTH_SMTP, "guest", "");
  g_assert_cmpint(open_with(&r, "ANONYMOUS", "sirhc", 5, 0).outcome, ==, AUTH_UNKNOWN);
  rig_clear(&r);
}

/* ---- delays and locks ---- */

static struct auth_result
try_password(struct rig *r, const char *password, int64_t now_ns)
{
  struct auth_result result = auth_server_command(&r->server, "bob", password, now_ns);
  if (result.outcome == AUTH_HELD)
    result = auth_server_release(&r->server);
  return result;
}

static void
test_delay_doubles_until_its_maximum(void)
{
  static const int64_t wanted_s[] = {2, 4, 8, 10, 10};
  struct rig r = {.policy = auth_policy_default};
  r.policy.delay_ns = 2 * SECOND;
  r.policy.delay_doubles = true;
  r.policy.delay_max_ns = 10 * SECOND;
  r.policy.failures_max = 100;
  rig_init(&r, AUTH_POP3, "bob", "secret");
  for (size_t i = 0; i < G_N_ELEMENTS(wanted_s); i++) {
    /* a new connection does not begin anew */
    auth_server_clear(&r.server);
    auth_server_init(&r.server, r.site, &r.endpoint, AUTH_POP3, "192.0.2.7");
    struct auth_result result = auth_server_command(&r.server, "bob", "no", 0);
    g_assert_cmpint(result.outcome, ==, AUTH_HELD);
    g_assert_true(r.server.is_held);
    g_assert_cmpint(r.server.until_ns, ==, wanted_s[i] * SECOND);
    g_assert_cmpint(auth_server_release(&r.server).outcome, ==, AUTH_FAILED);
  }
  g_assert_cmpint(auth_server_command(&r.server, "bob", "secret", 0).outcome, ==, AUTH_DONE);
  auth_server_command(&r.server, "bob", "no", 0);
  g_assert_cmpint(r.server.until_ns, ==, 2 * SECOND);
  rig_clear(&r);
}

static void
test_lock_by_account_and_its_end(void)
{
  struct rig r = {.policy = auth_policy_default};
  r.policy.lock_after = 3;
  r.policy.lock_ns = 60 * SECOND;
  r.policy.failures_max = 100;
  rig_init(&r, AUTH_IMAP, "bob", "secret");
  store_add_user(r.store, "alice", "secret");
  for (int i = 0; i < 3; i++)
    g_assert_cmpint(try_password(&r, "no", 0).outcome, ==, AUTH_FAILED);
  g_assert_nonnull(strstr(r.events->str, "log=3 failures in a row: locked for 60 s"));
  g_assert_cmpint(try_password(&r, "secret", 59 * SECOND).outcome, ==, AUTH_LOCKED);
  g_assert_cmpint(auth_server_command(&r.server, "alice", "secret", 0).outcome, ==, AUTH_DONE);
  g_assert_cmpint(try_password(&r, "secret", 60 * SECOND).outcome, ==, AUTH_DONE);
  rig_clear(&r);
}

static void
test_lock_by_peer_counts_over_accounts(void)
{
  struct rig r = {.policy = auth_policy_default};
  r.policy.lock_after = 2;
  r.policy.lock_of = AUTH_LOCK_PEER;
  rig_init(&r, AUTH_IMAP, "bob", "secret");
  auth_server_command(&r.server, "x", "no", 0);
  auth_server_command(&r.server, "y", "no", 0);
  g_assert_cmpint(try_password(&r, "secret", 1).outcome, ==, AUTH_LOCKED);
  auth_server_clear(&r.server);
  auth_server_init(&r.server, r.site, &r.endpoint, AUTH_IMAP, "192.0.2.8");
  g_assert_cmpint(try_password(&r, "secret", 1).outcome, ==, AUTH_DONE);
  rig_clear(&r);
}

/* A locked account says nothing about the password, not even by SCRAM's last words. */
static void
test_locked_scram_keeps_its_signature(void)
{
  const struct scram_example *x = &scram_examples[1];
  struct rig r = {.policy = auth_policy_default};
  r.policy.lock_after = 1;
  rig_init(&r, AUTH_SMTP, "user", "pencil");
  auth_site_fix(r.site, NULL, x->nonce, x->salt);
  open_with(&r, "PLAIN", "\0user\0x", 7, 0);
  open_with(&r, x->mech, x->first, strlen(x->first), 0);
  g_assert_cmpint(answer(&r, x->final, strlen(x->final)).outcome, ==, AUTH_LOCKED);
  rig_clear(&r);
}

static void
test_states_of_accounts(void)
{
  struct rig r = {0};
  rig_init(&r, AUTH_POP3, "bob", "secret");
  auth_site_set_account(r.site, "bob", AUTH_ACCOUNT_DISABLED);
  g_assert_cmpint(try_password(&r, "secret", 0).outcome, ==, AUTH_DISABLED);
  g_assert_cmpint(try_password(&r, "wrong", 0).outcome, ==, AUTH_FAILED);
  auth_site_set_account(r.site, "bob", AUTH_ACCOUNT_EXPIRED);
  g_assert_cmpint(try_password(&r, "secret", 0).outcome, ==, AUTH_EXPIRED);
  rig_clear(&r);
}

/* ---- the client's choice ---- */

static void
test_best_is_the_strongest_that_is_possible(void)
{
  static const struct {
    const char *offered;
    bool is_careful, is_secure, has_token;
    enum auth_mechanism wanted, chosen;
  } cases[] = {
      {"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1", false, false, false, AUTH_BEST, AUTH_SCRAM_SHA_1},
      {"LOGIN PLAIN", false, false, false, AUTH_BEST, AUTH_PLAIN},
      {"LOGIN PLAIN", true, false, false, AUTH_BEST, AUTH_NONE},
      {"LOGIN PLAIN", true, true, false, AUTH_BEST, AUTH_PLAIN},
      {"LOGIN PLAIN", true, false, false, AUTH_PLAIN, AUTH_NONE},
      {"PLAIN XOAUTH2 GSSAPI", false, false, false, AUTH_BEST, AUTH_PLAIN},
      {"PLAIN XOAUTH2 GSSAPI", false, false, true, AUTH_BEST, AUTH_XOAUTH2},
      {"PLAIN", false, false, false, AUTH_CRAM_MD5, AUTH_NONE},
      {"EXTERNAL ANONYMOUS", false, true, false, AUTH_BEST, AUTH_NONE},
      {"best NTLM", false, true, false, AUTH_BEST, AUTH_NONE},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct auth_client c;
    auth_client_init(&c, &(struct auth_login){.user = "u",
                                              .password = "p",
                                              .token = cases[i].has_token ? "t" : NULL,
                                              .random = &seed});
    g_auto(GStrv) words = g_strsplit(cases[i].offered, " ", -1);
    for (char **word = words; *word; word++)
      auth_client_offered(&c, *word, strlen(*word));
    struct lang_pair why = {0};
    g_assert_cmpint(
        auth_client_choose(&c, cases[i].wanted, cases[i].is_careful, cases[i].is_secure, &why), ==,
        cases[i].chosen);
    g_assert_true((cases[i].chosen == AUTH_NONE) == (why.th != NULL));
    auth_client_clear(&c);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(scram_examples); i++) {
    g_autofree char *path = g_strdup_printf("/scram/example-of-the-rfc/%s", scram_examples[i].mech);
    g_test_add_data_func(path, &scram_examples[i], test_scram_server_says_what_the_rfc_says);
  }
  g_test_add_func("/scram/server-refuses-first-messages", test_scram_server_refuses);
  g_test_add_func("/scram/server-refuses-final-messages", test_scram_server_refuses_finals);
  g_test_add_func("/scram/client-is-not-fooled", test_scram_client_is_not_fooled);
  g_test_add_func("/plain/rfc-4616", test_rfc_4616_plain);
  g_test_add_func("/digests/rfc-2195-and-1939", test_rfc_2195_and_1939_digests);
  g_test_add_func("/bearer/rfc-7628", test_rfc_7628_bearer);
  g_test_add_func("/bearer/xoauth2", test_xoauth2_error_is_answered_by_nothing);
  g_test_add_func("/saslprep/rfc-4013", test_rfc_4013_saslprep);
  g_test_add_func("/policy/before-and-inside-tls", test_policy_before_and_inside_tls);
  g_test_add_func("/policy/too-weak", test_a_mechanism_below_all_others_is_too_weak);
  g_test_add_func("/policy/anonymous", test_anonymous_reads_one_account);
  g_test_add_func("/policy/delay-doubles", test_delay_doubles_until_its_maximum);
  g_test_add_func("/policy/lock-of-an-account", test_lock_by_account_and_its_end);
  g_test_add_func("/policy/lock-of-a-peer", test_lock_by_peer_counts_over_accounts);
  g_test_add_func("/policy/locked-scram", test_locked_scram_keeps_its_signature);
  g_test_add_func("/policy/states-of-accounts", test_states_of_accounts);
  g_test_add_func("/client/best", test_best_is_the_strongest_that_is_possible);
  return g_test_run();
}
