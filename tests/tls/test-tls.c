/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tls.c -- two layers of the simulator with each other: what they agree on, what they refuse,
 * and that the same world gives the same octets. */
#include <string.h>

#include "tests/tls/pair.h"

struct place {
  struct world *world;
  struct tls *tls;
  GString *secrets;
  struct tester *client, *server;
  struct pair pair;
};

static void
take_secret(void *data, const char *line)
{
  g_string_append_printf(data, "%s\n", line);
}

static void
place_init(struct place *p, uint64_t seed)
{
  g_autoptr(GError) error = NULL;
  static const struct world_sink sink = {.secret = take_secret};
  *p = (struct place){.secrets = g_string_new(NULL)};
  p->world = world_new(seed, &sink, p->secrets);
  p->tls = tls_new(p->world, &error);
  g_assert_no_error(error);
}

static void
place_clear(struct place *p)
{
  if (p->client)
    pair_clear(&p->pair);
  tls_free(p->tls);
  world_free(p->world);
  g_string_free(p->secrets, TRUE);
}

static void
place_connect(struct place *p, const struct tls_server_config *server,
              const struct tls_client_config *client, const char *name, bool is_implicit)
{
  g_autoptr(GError) error = NULL;
  struct tls_side *s = tls_server_new(p->tls, server, &error);
  g_assert_no_error(error);
  struct tls_side *c = tls_client_new(p->tls, client, &error);
  g_assert_no_error(error);
  p->client = tester_new();
  p->server = tester_new();
  pair_init(&p->pair, tls_layer_new(c, &p->client->endpoint, name, is_implicit),
            tls_layer_new(s, &p->server->endpoint, NULL, is_implicit));
  pair_start(&p->pair);
}

static bool
has(const GString *events, const char *text)
{
  if (strstr(events->str, text))
    return true;
  g_test_message("no \"%s\" in\n%s", text, events->str);
  return false;
}

static void
check_heard(const struct tester *t, const char *text)
{
  g_autofree char *heard = g_strndup((const char *)t->heard->data, t->heard->len);
  g_assert_cmpstr(heard, ==, text);
}

/* ---- what is agreed on ---- */

static const struct agreement {
  const char *name;
  enum tls_key key;
  enum tls_version min, max;
  const char *says;
  const char *digest; /* of the octets and secrets of seed 1 with OpenSSL 3.0 */
} agreements[] = {
    {"1.3 P-256", TLS_KEY_P256, 0, 0, "tls=TLSv1.3 TLS_AES_256_GCM_SHA384 verified\n",
     "d8ca857431e2a0af"},
    {"1.3 RSA", TLS_KEY_RSA, 0, 0, "tls=TLSv1.3 TLS_AES_256_GCM_SHA384 verified\n",
     "5b46c0e64c6dbad4"},
    {"1.3 Ed25519", TLS_KEY_ED25519, 0, 0, "tls=TLSv1.3 TLS_AES_256_GCM_SHA384 verified\n",
     "4e4f1deed1163f46"},
    {"1.2 P-256", TLS_KEY_P256, 0, TLS_1_2, "tls=TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 verified\n",
     "db225f67632d2cba"},
    {"1.2 RSA", TLS_KEY_RSA, 0, TLS_1_2, "tls=TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 verified\n",
     "eb1d4b98c3882a08"},
    {"1.2 Ed25519", TLS_KEY_ED25519, 0, TLS_1_2,
     "tls=TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 verified\n", "a21c86297cb7f4ff"},
    {"1.1 RSA", TLS_KEY_RSA, TLS_1_0, TLS_1_1, "tls=TLSv1.1 ECDHE-RSA-AES128-SHA verified\n",
     "c895f2958fe54b83"},
    {"1.0 P-256", TLS_KEY_P256, TLS_1_0, TLS_1_0, "tls=TLSv1 ECDHE-ECDSA-AES128-SHA verified\n",
     "3b1e91697d7e2f95"},
};

static void
agree(struct place *p, const struct agreement *a, uint64_t seed, size_t step)
{
  place_init(p, seed);
  struct tls_server_config server = {
      .name = "mail.a.test", .key = a->key, .min = a->min, .max = a->max};
  struct tls_client_config client = {.host = 1, .min = a->min, .max = a->max};
  place_connect(p, &server, &client, "mail.a.test", true);
  p->pair.step = step;
  pair_run(&p->pair);
  tester_say(p->client, "hello\n");
  tester_say(p->server, "welcome\n");
  pair_run(&p->pair);
  p->client->endpoint.wants_close = true;
  pair_run(&p->pair);
}

static void
test_agreement(const void *data)
{
  const struct agreement *a = data;
  struct place p;
  agree(&p, a, 1, 0);
  g_assert_true(has(p.pair.client_events, a->says));
  g_assert_true(has(p.pair.server_events, "tls=handshake\ntls=TLSv1"));
  check_heard(p.server, "hello\n");
  check_heard(p.client, "welcome\n");
  g_assert_true(p.client->is_upgraded && p.client->is_started);
  g_assert_true(p.server->is_upgraded && p.server->is_started);
  /* both say close_notify, and neither is cut off */
  g_assert_true(p.server->has_eof);
  g_assert_true(p.pair.client->wants_close && p.pair.server->wants_close);
  g_assert_true(has(p.pair.client_events, "tls=closed\n"));
  g_assert_true(has(p.pair.server_events, "tls=closed\n"));
  g_assert_null(strstr(p.pair.client_events->str, "log="));
  place_clear(&p);
}

static char *
digest(const struct place *p)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, p->pair.to_server->data, p->pair.to_server->len);
  g_checksum_update(sum, p->pair.to_client->data, p->pair.to_client->len);
  g_checksum_update(sum, (const guchar *)p->secrets->str, -1);
  return g_strdup(g_checksum_get_string(sum));
}

/* The same seed: the same octets and secrets, handed over whole or octet by octet; another seed:
 * others. With OpenSSL 3.0 the digest is a fixed one, which gcc and clang, -O0 and -O3, with and
 * without sanitizers all came to. */
static void
test_repeats(const void *data)
{
  const struct agreement *a = data;
  struct place p;
  g_autofree char *digests[4];
  static const struct {
    uint64_t seed;
    size_t step;
  } runs[] = {{1, 0}, {2, 0}, {1, 1}, {1, 7}};
  for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
    agree(&p, a, runs[i].seed, runs[i].step);
    digests[i] = digest(&p);
    place_clear(&p);
  }
  g_assert_cmpstr(digests[0], ==, digests[2]);
  g_assert_cmpstr(digests[0], ==, digests[3]);
  g_assert_cmpstr(digests[0], !=, digests[1]);
  g_test_message("digest %s", digests[0]);
  if (g_str_has_prefix(tls_library(), "3.0."))
    g_assert_true(g_str_has_prefix(digests[0], a->digest));
  for (size_t i = 1; i < G_N_ELEMENTS(runs); i++)
    g_clear_pointer(&digests[i], g_free);
}

/* ---- STARTTLS ---- */

static void
test_starttls(void)
{
  struct place p;
  place_init(&p, 1);
  struct tls_server_config server = {.name = "mail.a.test"};
  struct tls_client_config client = {.host = 1};
  place_connect(&p, &server, &client, "mail.a.test", false);
  tester_say(p.client, "hi\n");
  pair_run(&p.pair);
  check_heard(p.server, "hi\n");
  g_assert_null(p.pair.client->security);
  tester_say(p.client, "STARTTLS\n");
  pair_run(&p.pair);
  g_assert_true(p.client->is_upgraded && p.server->is_upgraded);
  g_assert_nonnull(p.server->endpoint.security);
  g_assert_cmpstr(p.server->endpoint.security->server_name, ==, "mail.a.test");
  tester_say(p.client, "secret\n");
  pair_run(&p.pair);
  check_heard(p.server, "hi\nSTARTTLS\nsecret\n");
  g_autofree char *wire = g_strndup((char *)p.pair.to_server->data, p.pair.to_server->len);
  g_assert_true(g_str_has_prefix(wire, "hi\nSTARTTLS\n\x16\x03\x01"));
  g_assert_null(g_strstr_len((char *)p.pair.to_server->data, p.pair.to_server->len, "secret"));
  place_clear(&p);
}

/* ---- certificates ---- */

static const struct certificate_case {
  const char *name;
  enum tls_certificate certificate;
  const char *reason, *alert;
} certificate_cases[] = {
    {"expired", TLS_CERTIFICATE_EXPIRED, "has expired", "certificate_expired (45)"},
    {"early", TLS_CERTIFICATE_EARLY, "not valid yet", "bad_certificate (42)"},
    {"self-signed", TLS_CERTIFICATE_SELF_SIGNED, "self-signed", "unknown_ca (48)"},
    {"wrong name", TLS_CERTIFICATE_WRONG_NAME, "for another name", "bad_certificate (42)"},
    {"weak", TLS_CERTIFICATE_WEAK, "too short", "bad_certificate (42)"},
};

static void
play_certificate(struct place *p, const struct certificate_case *c, bool is_lenient,
                 enum tls_version max)
{
  place_init(p, 1);
  struct tls_server_config server = {
      .name = "mail.a.test", .certificate = c->certificate, .max = max};
  struct tls_client_config client = {.host = 1, .is_lenient = is_lenient};
  place_connect(p, &server, &client, "mail.a.test", true);
  pair_run(&p->pair);
}

static void
test_certificate(const void *data)
{
  const struct certificate_case *c = data;
  for (enum tls_version max = TLS_1_2; max <= TLS_1_3; max++) {
    struct place p;
    play_certificate(&p, c, false, max);
    g_assert_false(p.client->is_upgraded || p.server->is_upgraded);
    g_assert_false(p.client->is_started || p.server->is_started);
    g_assert_true(p.pair.client->wants_close && p.pair.server->wants_close);
    g_assert_nonnull(strstr(p.client->problem, c->reason));
    g_assert_true(has(p.pair.client_events, c->reason));
    g_assert_true(has(p.pair.server_events, c->alert));
    place_clear(&p);
    play_certificate(&p, c, true, max);
    g_assert_true(p.client->is_upgraded && p.server->is_upgraded);
    g_assert_nonnull(strstr(p.client->endpoint.security->problem, c->reason));
    g_assert_false(p.client->endpoint.security->is_peer_verified);
    g_assert_true(has(p.pair.client_events, " unverified: "));
    place_clear(&p);
  }
}

/* Dates are judged by the world's clock: in 2041 the certificate that was not valid yet is good,
 * and in 2046 the good one has expired. */
static void
test_dates_follow_virtual_time(void)
{
  static const int64_t year_ns = INT64_C(31557600000000000);
  static const struct {
    enum tls_certificate certificate;
    int years; /* behind 2026 */
    bool is_good;
  } cases[] = {{TLS_CERTIFICATE_EARLY, 13, false},
               {TLS_CERTIFICATE_EARLY, 15, true},
               {TLS_CERTIFICATE_GOOD, 18, true},
               {TLS_CERTIFICATE_GOOD, 20, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct place p;
    g_autoptr(GError) error = NULL;
    place_init(&p, 1);
    struct tls_server_config server = {.name = "mail.a.test", .certificate = cases[i].certificate};
    struct tls_client_config client = {.host = 1};
    struct tls_side *s = tls_server_new(p.tls, &server, &error);
    struct tls_side *c = tls_client_new(p.tls, &client, &error);
    g_assert_no_error(error);
    p.client = tester_new();
    p.server = tester_new();
    pair_init(&p.pair, tls_layer_new(c, &p.client->endpoint, "mail.a.test", true),
              tls_layer_new(s, &p.server->endpoint, NULL, true));
    p.pair.now_ns = cases[i].years * year_ns;
    pair_start(&p.pair);
    pair_run(&p.pair);
    g_assert_true(p.client->is_upgraded == cases[i].is_good);
    place_clear(&p);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(agreements); i++) {
    g_autofree char *name = g_strdup_printf("/tls/agreement/%s", agreements[i].name);
    g_test_add_data_func(name, &agreements[i], test_agreement);
    g_autofree char *again = g_strdup_printf("/tls/repeats/%s", agreements[i].name);
    g_test_add_data_func(again, &agreements[i], test_repeats);
  }
  g_test_add_func("/tls/starttls", test_starttls);
  g_test_add_func("/tls/dates-follow-virtual-time", test_dates_follow_virtual_time);
  for (size_t i = 0; i < G_N_ELEMENTS(certificate_cases); i++) {
    g_autofree char *name = g_strdup_printf("/tls/certificate/%s", certificate_cases[i].name);
    g_test_add_data_func(name, &certificate_cases[i], test_certificate);
  }
  return g_test_run();
}
