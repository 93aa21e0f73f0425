/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-peer.c -- a layer and the world outside: OpenSSL used plainly, and peers that misbehave. */
#include <string.h>

#include "sim/mail/machine.h"
#include "sim/tls/tls_certificate.h"
#include "sim/tls/tls_keys.h"
#include "tests/tls/pair.h"
#include "tests/tls/peer.h"

#include <openssl/pem.h>

struct place {
  struct world *world;
  struct tls *tls;
  struct tester *machine; /* inside our layer */
  struct peer *peer;      /* NULL: the test itself is the peer */
  struct pair pair;
};

static void
place_init(struct place *p)
{
  g_autoptr(GError) error = NULL;
  static const struct world_sink sink = {0};
  *p = (struct place){.world = world_new(1, &sink, NULL)};
  p->tls = tls_new(p->world, &error);
  g_assert_no_error(error);
  p->machine = tester_new();
}

static void
place_clear(struct place *p)
{
  pair_clear(&p->pair);
  tls_free(p->tls);
  world_free(p->world);
}

static struct endpoint *
our_server(struct place *p, const struct tls_server_config *config, bool is_implicit)
{
  g_autoptr(GError) error = NULL;
  struct tls_side *side = tls_server_new(p->tls, config, &error);
  g_assert_no_error(error);
  return tls_layer_new(side, &p->machine->endpoint, NULL, is_implicit);
}

/* Ours serves with implicit TLS, the peer is a client. */
static void
serve(struct place *p, const struct tls_server_config *config, int max_version)
{
  place_init(p);
  p->peer = peer_client(tls_authority_pem(p->tls), "mail.a.test", max_version);
  pair_init(&p->pair, &p->peer->endpoint, our_server(p, config, true));
}

static void
serve_and_shake(struct place *p, int max_version)
{
  struct tls_server_config config = {.name = "mail.a.test"};
  serve(p, &config, max_version);
  pair_start(&p->pair);
  pair_run(&p->pair);
  g_assert_true(p->peer->is_done && p->machine->is_started);
}

/* The layer alone, with the test as its peer. */
static struct endpoint *
alone(struct place *p, bool is_implicit)
{
  struct tls_server_config config = {.name = "mail.a.test"};
  place_init(p);
  struct tester *nobody = tester_new();
  pair_init(&p->pair, &nobody->endpoint, our_server(p, &config, is_implicit));
  p->pair.server->ops->start(p->pair.server, 0);
  return p->pair.server;
}

static void
feed(struct endpoint *e, const char *octets, size_t n)
{
  e->ops->input(e, (const uint8_t *)octets, n, 0);
}

static void
check_octets(const GByteArray *heard, const char *text)
{
  g_assert_cmpmem(heard->data, heard->len, text, strlen(text));
}

static bool
has(const GString *events, const char *text)
{
  if (strstr(events->str, text))
    return true;
  g_test_message("no \"%s\" in\n%s", text, events->str);
  return false;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- with OpenSSL ---- */

static void
test_openssl_client_verifies_our_server(void)
{
  static const enum tls_key keys[] = {TLS_KEY_P256, TLS_KEY_RSA, TLS_KEY_ED25519};
  static const size_t steps[] = {0, 1, 7};
  for (size_t i = 0; i < G_N_ELEMENTS(versions) * G_N_ELEMENTS(keys) * G_N_ELEMENTS(steps); i++) {
    struct place p;
    struct tls_server_config config = {.name = "mail.a.test", .key = keys[i / 2 % 3]};
    serve(&p, &config, versions[i % 2]);
    p.pair.step = steps[i / 6];
    pair_start(&p.pair);
    pair_run(&p.pair);
    g_assert_true(p.peer->is_done);
    g_assert_cmpint(SSL_get_verify_result(p.peer->ssl), ==, X509_V_OK);
    peer_say(p.peer, "hello");
    tester_say(p.machine, "welcome");
    pair_run(&p.pair);
    check_octets(p.machine->heard, "hello");
    check_octets(p.peer->heard, "welcome");
    g_assert_cmpstr(p.machine->endpoint.security->version, ==, SSL_get_version(p.peer->ssl));
    g_assert_cmpstr(p.machine->endpoint.security->server_name, ==, "mail.a.test");
    p.machine->endpoint.wants_close = true;
    pair_run(&p.pair);
    g_assert_true(p.peer->has_end);
    g_assert_false(p.pair.server->wants_close); /* the peer's close_notify is waited for */
    SSL_shutdown(p.peer->ssl);
    peer_flush(p.peer);
    pair_run(&p.pair);
    g_assert_true(p.pair.server->wants_close);
    place_clear(&p);
  }
}

static char *
pem_of(X509 *certificate)
{
  BIO *text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  char *octets;
  long n = BIO_get_mem_data(text, &octets);
  char *pem = g_strndup(octets, (gsize)n);
  BIO_free(text);
  return pem;
}

static void
test_our_client_verifies_openssl_server(void)
{
  struct tls_authority authority = {0};
  g_assert_true(tls_authority_init(&authority, NULL));
  EVP_PKEY *key = tls_key_load(NULL, TLS_KEY_RSA);
  struct tls_subject subject = {.name = "mail.a.test"};
  X509 *certificate = tls_certificate_issue(&authority, key, &subject);
  g_autofree char *pem = pem_of(certificate);
  for (size_t i = 0; i < 2 * G_N_ELEMENTS(versions); i++) {
    struct place p;
    g_autoptr(GError) error = NULL;
    const char *name = i < 2 ? "mail.a.test" : "other.a.test";
    place_init(&p);
    p.peer = peer_server(tls_keys[TLS_KEY_RSA], pem, versions[i % 2]);
    struct tls_side *side = tls_client_new(p.tls, &(struct tls_client_config){0}, &error);
    g_assert_no_error(error);
    pair_init(&p.pair, tls_layer_new(side, &p.machine->endpoint, name, true), &p.peer->endpoint);
    pair_start(&p.pair);
    pair_run(&p.pair);
    g_assert_true(p.machine->is_started == (i < 2));
    if (i < 2) {
      tester_say(p.machine, "hello");
      pair_run(&p.pair);
      peer_say(p.peer, "welcome");
      pair_run(&p.pair);
      check_octets(p.peer->heard, "hello");
      check_octets(p.machine->heard, "welcome");
      g_assert_cmpstr(SSL_get_servername(p.peer->ssl, TLSEXT_NAMETYPE_host_name), ==, name);
    } else {
      g_assert_cmpuint(p.peer->alert, ==, SSL_AD_BAD_CERTIFICATE);
      g_assert_nonnull(strstr(p.machine->problem, "another name"));
    }
    place_clear(&p);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  tls_authority_clear(&authority);
}

/* ---- what a peer may do in the midst of it ---- */

/* RFC 5246 7.2.2: a warning, and the connection goes on. */
static void
test_renegotiation_is_refused(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_2_VERSION);
  SSL_renegotiate(p.peer->ssl);
  SSL_do_handshake(p.peer->ssl);
  peer_flush(p.peer);
  pair_run(&p.pair);
  g_assert_cmpuint(p.peer->alert, ==, SSL_AD_NO_RENEGOTIATION);
  g_assert_true(has(p.pair.server_events, "TLS alert sent: no_renegotiation (100)"));
  g_assert_cmpuint(p.machine->heard->len, ==, 0);
  place_clear(&p);
}

static void
test_keys_are_renewed(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_3_VERSION);
  for (int i = 0; i < 3; i++) {
    g_assert_cmpint(SSL_key_update(p.peer->ssl, SSL_KEY_UPDATE_REQUESTED), ==, 1);
    peer_say(p.peer, "a");
    pair_run(&p.pair);
    tester_say(p.machine, "b");
    pair_run(&p.pair);
  }
  check_octets(p.machine->heard, "aaa");
  check_octets(p.peer->heard, "bbb");
  place_clear(&p);
}

/* A close_notify ends one direction only (RFC 8446 6.1): what the machine still says is heard. */
static void
test_half_closed(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
    struct place p;
    serve_and_shake(&p, versions[i]);
    p.machine->closes_at_eof = false;
    peer_say(p.peer, "last");
    SSL_shutdown(p.peer->ssl);
    peer_flush(p.peer);
    pair_run(&p.pair);
    check_octets(p.machine->heard, "last");
    g_assert_true(p.machine->has_eof);
    g_assert_false(p.pair.server->wants_close);
    tester_say(p.machine, "still here");
    p.machine->endpoint.wants_close = true;
    pair_run(&p.pair);
    check_octets(p.peer->heard, "still here");
    g_assert_true(p.peer->has_end && p.pair.server->wants_close);
    place_clear(&p);
  }
}

static void
test_an_end_without_close_notify_is_told(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_3_VERSION);
  peer_say(p.peer, "half a mess");
  pair_run(&p.pair);
  p.pair.server->ops->eof(p.pair.server, 0);
  g_assert_true(p.machine->has_eof);
  g_assert_true(has(p.pair.server_events, "without close_notify"));
  g_assert_true(has(p.pair.server_events, "tls=cut\n"));
  g_assert_true(p.pair.server->wants_close);
  place_clear(&p);
}

static void
test_nobody_answers_our_close_notify(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_3_VERSION);
  p.machine->endpoint.wants_close = true;
  p.pair.server->ops->flush(p.pair.server, 5);
  g_assert_cmpint(p.pair.server->deadline_ns, ==, 5 + TLS_CLOSE_WAIT_NS);
  p.pair.server->ops->timeout(p.pair.server, 5 + TLS_CLOSE_WAIT_NS);
  g_assert_true(p.pair.server->wants_close);
  place_clear(&p);
}

static void
test_an_altered_record_ends_the_connection(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
    struct place p;
    serve_and_shake(&p, versions[i]);
    peer_say(p.peer, "hello");
    p.peer->endpoint.out->data[p.peer->endpoint.out->len - 1] ^= 1;
    pair_run(&p.pair);
    g_assert_cmpuint(p.machine->heard->len, ==, 0);
    g_assert_cmpuint(p.peer->alert, ==, SSL_AD_BAD_RECORD_MAC);
    g_assert_true(has(p.pair.server_events, "TLS alert sent: bad_record_mac (20)"));
    g_assert_true(p.machine->has_eof && p.pair.server->wants_close);
    place_clear(&p);
  }
}

/* ---- before and during the handshake ---- */

/* A command in clear behind the go-ahead, in a segment of its own: the layer takes it for a record,
 * which it is not. The machine never hears it. */
static void
test_clear_text_behind_the_go_ahead(void)
{
  struct place p;
  struct endpoint *e = alone(&p, false);
  feed(e, "STARTTLS\n", 9);
  check_octets(e->out, "GO\n");
  g_byte_array_set_size(e->out, 0);
  feed(e, "MAIL FROM:<mallory@evil.test>\r\n", 31);
  check_octets(p.machine->heard, "STARTTLS\n");
  g_assert_false(p.machine->is_upgraded);
  g_assert_nonnull(p.machine->problem);
  g_assert_true(e->wants_close);
  g_assert_cmpuint(e->out->len, ==, 0); /* who speaks no TLS would not understand an alert */
  place_clear(&p);
}

/* A whole hello of that version, mostly zeros. */
static const char ssl_2[48] = "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10";

static const struct garbage {
  const char *name;
  const char *octets;
  size_t n;
} garbages[] = {
    {"a web browser", "GET / HTTP/1.1\r\n\r\n", 18},
    {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0", 12},
    {"SSL 2", ssl_2, sizeof ssl_2},
    {"a record that is too long", "\x16\x03\x01\xff\xff\x01", 6},
    {"application data first", "\x17\x03\x03\x00\x05hello", 10},
    {"an alert first", "\x15\x03\x03\x00\x02\x02\x28", 7},
};

static void
test_garbage(const void *data)
{
  const struct garbage *g = data;
  for (size_t step = 1; step <= g->n; step += g->n - 1) {
    struct place p;
    struct endpoint *e = alone(&p, true);
    for (size_t i = 0; i < g->n; i += step)
      feed(e, g->octets + i, MIN(step, g->n - i));
    g_assert_true(e->wants_close);
    g_assert_nonnull(p.machine->problem);
    g_assert_false(p.machine->is_started);
    g_assert_cmpuint(p.machine->heard->len, ==, 0);
    feed(e, "more", 4); /* nobody listens any more */
    place_clear(&p);
  }
}

/* A handshake message that announces much and never ends, in records of full size. */
static void
test_an_endless_handshake(void)
{
  struct place p;
  struct endpoint *e = alone(&p, true);
  g_autofree char *record = g_malloc0(5 + 16384);
  memcpy(record, "\x16\x03\x01\x40\x00", 5);
  memcpy(record + 5, "\x01\x01\x00\x00", 4); /* a client hello of 65,536 octets */
  for (int i = 0; i < 20 && !e->wants_close; i++)
    feed(e, record, 5 + 16384);
  g_assert_true(e->wants_close);
  g_assert_nonnull(p.machine->problem);
  place_clear(&p);
}

static void
test_a_handshake_that_stops(void)
{
  struct place p;
  struct endpoint *e = alone(&p, true);
  g_assert_cmpint(e->deadline_ns, ==, TLS_HANDSHAKE_WAIT_NS);
  e->ops->timeout(e, TLS_HANDSHAKE_WAIT_NS);
  g_assert_true(has(p.pair.server_events, "takes too long"));
  g_assert_true(e->wants_close);
  place_clear(&p);
  e = alone(&p, true);
  e->ops->eof(e, 1);
  g_assert_true(has(p.pair.server_events, "ended during the handshake"));
  g_assert_true(e->wants_close);
  place_clear(&p);
}

/* Every prefix of a good client hello, then the end: never an assertion, always an end. */
static void
test_every_cut_of_a_client_hello(void)
{
  struct place p;
  struct tls_server_config config = {.name = "mail.a.test"};
  serve(&p, &config, TLS1_3_VERSION);
  p.peer->endpoint.ops->start(&p.peer->endpoint, 0);
  g_autoptr(GByteArray) hello = g_byte_array_new();
  g_byte_array_append(hello, p.peer->endpoint.out->data, p.peer->endpoint.out->len);
  place_clear(&p);
  g_assert_cmpuint(hello->len, >, 100);
  for (guint n = 0; n < hello->len; n += 13) {
    struct endpoint *e = alone(&p, true);
    feed(e, (const char *)hello->data, n);
    e->ops->eof(e, 0);
    g_assert_true(e->wants_close);
    place_clear(&p);
  }
}

/* ---- certificates of clients ---- */

static void
test_client_certificates(void)
{
  static const struct {
    enum tls_ask ask;
    const char *user, *name;
    bool is_good;
  } cases[] = {{TLS_ASK_NONE, "alice@a.test", NULL, true},
               {TLS_ASK_OPTIONAL, NULL, NULL, true},
               {TLS_ASK_OPTIONAL, "alice@a.test", "alice@a.test", true},
               {TLS_ASK_REQUIRED, "alice@a.test", "alice@a.test", true},
               {TLS_ASK_REQUIRED, NULL, NULL, false}};
  for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
    struct place p;
    g_autoptr(GError) error = NULL;
    place_init(&p);
    enum tls_version max = i % 2 ? TLS_1_2 : TLS_1_3;
    struct tls_server_config server = {.name = "mail.a.test", .ask = cases[i / 2].ask, .max = max};
    struct tls_client_config config = {.user = cases[i / 2].user, .host = 1};
    struct tls_side *side = tls_client_new(p.tls, &config, &error);
    g_assert_no_error(error);
    struct tester *client = tester_new();
    struct endpoint *s = our_server(&p, &server, true);
    pair_init(&p.pair, tls_layer_new(side, &client->endpoint, "mail.a.test", true), s);
    pair_start(&p.pair);
    pair_run(&p.pair);
    g_assert_true(p.machine->is_upgraded == cases[i / 2].is_good);
    if (cases[i / 2].is_good) {
      g_assert_cmpstr(s->security->peer_name, ==, cases[i / 2].name);
      g_assert_true(s->security->is_peer_verified == (cases[i / 2].name != NULL));
    } else {
      g_assert_true(has(p.pair.client_events, "TLS alert received: "));
    }
    place_clear(&p);
  }
}

/* ---- much ---- */

enum { SLICE = 700 << 10, SLICES = 9 };

/* A machine that makes its answer piece by piece, as IMAP does with a long FETCH. */
static unsigned n_slices;

static void
make_slice(struct endpoint *e, int64_t now_ns)
{
  if (n_slices == SLICES || e->out->len > 0)
    return;
  g_autofree uint8_t *octets = g_malloc(SLICE);
  memset(octets, 'a' + (int)n_slices++, SLICE);
  machine_send(e, octets, SLICE);
}

/* A peer that does not read holds the machine back: what waits never grows beyond a slice and the
 * limit of the binding. */
static void
test_much_waits_for_the_reader(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_3_VERSION);
  struct endpoint_ops ops = *p.machine->endpoint.ops;
  ops.flush = make_slice;
  p.machine->endpoint.ops = &ops;
  n_slices = 0;
  struct endpoint *e = p.pair.server;
  guint most = 0;
  while (e->out->len > 0 || n_slices < SLICES) {
    e->ops->flush(e, 0);
    e->ops->flush(e, 0);
    most = MAX(most, e->out->len);
    guint n = MIN(e->out->len, 60000);
    p.peer->endpoint.ops->input(&p.peer->endpoint, e->out->data, n, 0);
    g_byte_array_remove_range(e->out, 0, n);
  }
  g_assert_cmpuint(p.peer->heard->len, ==, SLICE * SLICES);
  for (guint i = 0; i < SLICES; i++)
    g_assert_cmpuint(p.peer->heard->data[i * SLICE + SLICE - 1], ==, 'a' + i);
  g_assert_cmpuint(most, <, MACHINE_OUT_MAX + 2 * SLICE);
  place_clear(&p);
}

/* ---- another machine ---- */

static void
test_a_machine_is_replaced(void)
{
  struct place p;
  serve_and_shake(&p, TLS1_3_VERSION);
  struct tester *other = tester_new();
  tester_say(p.machine, "one ");
  tester_say(other, "two");
  struct endpoint *before = p.pair.server->ops->replace(p.pair.server, &other->endpoint);
  g_assert_true(before == &p.machine->endpoint);
  before->ops->free(before);
  peer_say(p.peer, "hello");
  pair_run(&p.pair);
  check_octets(p.peer->heard, "one two");
  check_octets(other->heard, "hello");
  g_assert_nonnull(other->endpoint.security);
  place_clear(&p);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/openssl/client", test_openssl_client_verifies_our_server);
  g_test_add_func("/openssl/server", test_our_client_verifies_openssl_server);
  g_test_add_func("/open/renegotiation-is-refused", test_renegotiation_is_refused);
  g_test_add_func("/open/keys-are-renewed", test_keys_are_renewed);
  g_test_add_func("/open/half-closed", test_half_closed);
  g_test_add_func("/open/cut-off", test_an_end_without_close_notify_is_told);
  g_test_add_func("/open/no-answer-to-close-notify", test_nobody_answers_our_close_notify);
  g_test_add_func("/open/altered-record", test_an_altered_record_ends_the_connection);
  g_test_add_func("/handshake/clear-text-behind-go-ahead", test_clear_text_behind_the_go_ahead);
  for (size_t i = 0; i < G_N_ELEMENTS(garbages); i++) {
    g_autofree char *name = g_strdup_printf("/handshake/garbage/%s", garbages[i].name);
    g_test_add_data_func(name, &garbages[i], test_garbage);
  }
  g_test_add_func("/handshake/endless", test_an_endless_handshake);
  g_test_add_func("/handshake/stops", test_a_handshake_that_stops);
  g_test_add_func("/handshake/every-cut", test_every_cut_of_a_client_hello);
  g_test_add_func("/client-certificates", test_client_certificates);
  g_test_add_func("/much", test_much_waits_for_the_reader);
  g_test_add_func("/replaced", test_a_machine_is_replaced);
  return g_test_run();
}
