/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-sasl.c -- a hostile peer of each mechanism, at the server and at the client.
 *
 *     first octet: the mechanism; bit 7: our client is tried, else our server; then lines
 *
 * Nobody who does not know the secret gets in, whatever is said; a client trusts no server that has
 * not proved itself; a server ends each exchange, and what it says is base64. */
#include <glib.h>
#include <string.h>

#include "sim/mail/auth.h"
#include "sim/mail/auth_private.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"plain", TEXT_SEED("\4AGJvYgB3cm9uZw==\n=\n*\n")},
    {"login", TEXT_SEED("\3Ym9i\nd3Jvbmc=\n")},
    {"cram", TEXT_SEED("\6\nYm9iIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm\n")},
    {"xoauth2", TEXT_SEED("\7dXNlcj1ib2IBYXV0aD1CZWFyZXIgeAEB\n\n")},
    {"oauthbearer", TEXT_SEED("\10bixhPWJvYiwBYXV0aD1CZWFyZXIgeAEB\nAQ==\n")},
    {"scram-1", TEXT_SEED("\11biwsbj1ib2Iscj1hYmM=\nYz1iaXdzLHI9YWJjLHA9YQ==\n")},
    {"scram-256", TEXT_SEED("\12cD10bHMtdW5pcXVlLCxuPWJvYixyPWFiYw==\n\n")},
    {"external", TEXT_SEED("\13Ym9i\n")},
    {"anonymous", TEXT_SEED("\1c2lyaGM=\n")},
    {"client-scram", TEXT_SEED("\212cj1hYmMscz1BQUFBLGk9NDA5Ng==\ndj1hYmM=\n")},
    {"client-cram", TEXT_SEED("\206PDFAYT4=\nPDFAYT4=\n")},
    {"client-xoauth2", TEXT_SEED("\207e30=\ne30=\n")},
    {NULL, NULL, 0},
};

static const struct random_stream seed = {.key = {7, 8}};

static void
check_base64(const char *text)
{
  size_t n;
  g_autofree uint8_t *octets = auth_unbase64(text, strlen(text), &n);
  g_assert_nonnull(octets);
}

static void
try_server(enum auth_mechanism mech, char **lines)
{
  struct auth_policy policy = auth_policy_default;
  struct endpoint_security security = {.peer_name = "bob@a.test", .is_peer_verified = true};
  struct endpoint e = {.security = &security};
  struct auth_server s;
  struct store *store = store_new(NULL, NULL, NULL);
  store_add_user(store, "bob", "Oqu5sei7Iengoh1hee8t");
  policy.failures_max = 1000;
  struct auth_site *site = auth_site_new(&policy, store, "a.test", &seed);
  auth_site_add_token(site, "bob", "ohb3Phoh7tohS5aiQu4u", ENDPOINT_NEVER);
  auth_server_init(&s, site, &e, AUTH_IMAP, "192.0.2.1");
  const char *name = auth_name(mech);
  for (char **line = lines; *line; line++) {
    struct auth_result r = s.is_open ? auth_server_line(&s, *line, strlen(*line), 0)
                                     : auth_server_open(&s, name, strlen(name),
                                                        **line ? *line : NULL, strlen(*line), 0);
    if (r.outcome == AUTH_CONTINUE)
      check_base64(r.challenge);
    else
      g_assert_false(s.is_open);
    /* only the certificate speaks for itself */
    g_assert_true(r.outcome != AUTH_DONE || mech == AUTH_EXTERNAL);
    g_assert_true(r.outcome < AUTH_N_OUTCOMES);
  }
  auth_server_clear(&s);
  auth_site_free(site);
  store_free(store);
}

static void
try_client(enum auth_mechanism mech, char **lines)
{
  struct auth_client c;
  auth_client_init(&c, &(struct auth_login){.user = "bob",
                                            .password = "Oqu5sei7Iengoh1hee8t",
                                            .token = "ohb3Phoh7tohS5aiQu4u",
                                            .random = &seed});
  auth_client_begin(&c, mech);
  g_autofree char *initial = auth_client_initial(&c);
  if (initial && strcmp(initial, "=") != 0)
    check_base64(initial);
  for (char **line = lines; *line; line++) {
    g_autofree char *answer = auth_client_step(&c, *line, strlen(*line));
    if (!answer) {
      g_assert_nonnull(c.problem);
      break;
    }
    check_base64(answer);
  }
  g_assert_true(auth_client_may_trust(&c) ==
                (mech < AUTH_SCRAM_SHA_1 || mech > AUTH_SCRAM_SHA_256));
  auth_client_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n < 1 || n > 16384)
    return 0;
  enum auth_mechanism mech = (enum auth_mechanism)((p[0] & 0x7f) % AUTH_N_MECHANISMS);
  if (!auth_is_sasl(mech))
    return 0;
  g_autofree char *text = g_strndup((const char *)p + 1, n - 1);
  g_auto(GStrv) lines = g_strsplit(text, "\n", 20);
  if (p[0] & 0x80)
    try_client(mech, lines);
  else
    try_server(mech, lines);
  return 0;
}
