/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-tls.c -- TLS handshakes through the simulated network, as a ratio to OpenSSL alone in the
 * same process; and what a pair of idle connections takes.
 *
 * The floor is both ends of a handshake by plain OpenSSL over memory buffers, the certificate
 * verified, and close_notify. Ours adds two hosts, TCP's opening and closing, the layers, the key
 * log and randomness that repeats. Nothing is asserted. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "sim/mail/machine.h"
#include "sim/mail/port.h"
#include "sim/tls/tls_certificate.h"
#include "sim/tls/tls_keys.h"

enum { HANDSHAKES = 400, ROUNDS = 3, PAIRS = 400 };

static double
cpu_s(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the floor ---- */

static SSL *
plain_end(SSL_CTX *context, bool is_server)
{
  SSL *ssl = SSL_new(context);
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl, in, out);
  if (is_server)
    SSL_set_accept_state(ssl);
  else
    SSL_set_connect_state(ssl);
  return ssl;
}

static void
carry(SSL *from, SSL *to)
{
  uint8_t octets[16384];
  int n;
  while ((n = BIO_read(SSL_get_wbio(from), octets, sizeof octets)) > 0)
    BIO_write(SSL_get_rbio(to), octets, n);
}

static void
plain_handshake(SSL_CTX *server_context, SSL_CTX *client_context)
{
  SSL *server = plain_end(server_context, true), *client = plain_end(client_context, false);
  SSL_set1_host(client, "mail.test");
  for (int i = 0; i < 4; i++) {
    SSL_do_handshake(client);
    carry(client, server);
    SSL_do_handshake(server);
    carry(server, client);
  }
  if (!SSL_is_init_finished(client) || !SSL_is_init_finished(server))
    fprintf(stderr, "the plain handshake failed\n");
  SSL_shutdown(client);
  carry(client, server);
  SSL_shutdown(server);
  SSL_free(client);
  SSL_free(server);
}

static double
measure_plain(enum tls_key key, int version)
{
  struct tls_authority authority = {0};
  struct tls_subject subject = {.name = "mail.test"};
  SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
  EVP_PKEY *private = tls_key_load(NULL, key);
  tls_authority_init(&authority, NULL);
  X509 *certificate = tls_certificate_issue(&authority, private, &subject);
  SSL_CTX_use_certificate(server, certificate);
  SSL_CTX_use_PrivateKey(server, private);
  SSL_CTX_set_max_proto_version(server, version);
  SSL_CTX_set_num_tickets(server, 0);
  SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
  SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(client), authority.certificate);
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    double start = cpu_s();
    for (int i = 0; i < HANDSHAKES; i++)
      plain_handshake(server, client);
    best = MIN(best, (cpu_s() - start) / HANDSHAKES);
  }
  X509_free(certificate);
  EVP_PKEY_free(private);
  tls_authority_clear(&authority);
  SSL_CTX_free(server);
  SSL_CTX_free(client);
  return best;
}

/* ---- through the simulated network ---- */

/* A machine that has nothing to say: it closes when TLS is there, or stays. */
struct quiet {
  struct endpoint endpoint;
  bool closes;
  unsigned *n_shaken;
};

static void
quiet_start(struct endpoint *e, int64_t now_ns)
{
  struct quiet *q = (struct quiet *)e;
  ++*q->n_shaken;
  e->wants_close = q->closes;
}

static void
quiet_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
}

static void
quiet_end(struct endpoint *e, int64_t now_ns)
{
  e->wants_close = true;
}

static void
quiet_free(struct endpoint *e)
{
  machine_clear(e);
  g_free(e);
}

static const struct endpoint_ops quiet_ops = {.protocol = "quiet",
                                              .start = quiet_start,
                                              .input = quiet_input,
                                              .eof = quiet_end,
                                              .timeout = quiet_end,
                                              .free = quiet_free};

struct rig {
  struct world *world;
  struct tree_node *tree;
  struct net *net;
  struct ports *ports;
  struct tls *tls;
  struct tls_side *server, *client;
  unsigned n_shaken, n_begun;
  unsigned n;
  bool closes, is_clear;
};

static struct endpoint *
quiet_new(struct rig *r, bool closes)
{
  struct quiet *q = g_new0(struct quiet, 1);
  machine_init(&q->endpoint, &quiet_ops);
  q->closes = closes;
  q->n_shaken = &r->n_shaken;
  return &q->endpoint;
}

static struct endpoint *
make_server(void *data, const char *peer)
{
  struct rig *r = data;
  struct endpoint *e = quiet_new(r, false);
  return r->is_clear ? e : tls_layer_new(r->server, e, NULL, true);
}

static void
begin(void *data)
{
  struct rig *r = data;
  struct host_info to = net_host_info(r->net, 1);
  struct endpoint *e = quiet_new(r, r->closes);
  ports_connect(r->ports, 0, &to.addr, 993,
                r->is_clear ? e : tls_layer_new(r->client, e, "mail.test", true), NULL, NULL);
  if (++r->n_begun < r->n)
    world_at(r->world, world_now(r->world) + 20000000, WORLD_APP, 0, begin, r);
}

static void
rig_init(struct rig *r, enum tls_key key, enum tls_version max, unsigned n, bool closes)
{
  static const char yaml[] = "hosts:\n"
                             "  a: {kind: pc, address: 10.0.0.1/24}\n"
                             "  b: {kind: server, address: 10.0.0.2/24}\n"
                             "links:\n"
                             "  wire: {ends: [a, b], rate: 1Gbit/s, delay: 1ms}\n";
  *r = (struct rig){.n = n, .closes = closes};
  r->tree = tree_parse(yaml, sizeof yaml - 1, "bench", NULL);
  r->world = world_new(1, NULL, NULL);
  r->net = net_new(r->world, r->tree, NULL);
  r->ports = ports_new(r->net);
  r->tls = tls_new(r->world, NULL);
  struct tls_server_config server = {.host = 1, .name = "mail.test", .key = key, .max = max};
  r->server = tls_server_new(r->tls, &server, NULL);
  r->client = tls_client_new(r->tls, &(struct tls_client_config){.host = 0}, NULL);
  ports_listen(r->ports, 1, 993, make_server, r);
  world_at(r->world, 0, WORLD_APP, 0, begin, r);
}

static void
rig_clear(struct rig *r)
{
  if (r->n_shaken != 2 * r->n)
    fprintf(stderr, "only %u of %u ends shook hands\n", r->n_shaken, 2 * r->n);
  ports_free(r->ports);
  tls_free(r->tls);
  net_free(r->net);
  world_free(r->world);
  tree_free(r->tree);
}

static double
measure_simulated(enum tls_key key, enum tls_version max)
{
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    struct rig r;
    rig_init(&r, key, max, HANDSHAKES, true);
    double start = cpu_s();
    world_run(r.world, INT64_MAX);
    best = MIN(best, (cpu_s() - start) / HANDSHAKES);
    rig_clear(&r);
  }
  return best;
}

static size_t
measure_pair(bool is_clear)
{
  struct rig r;
  rig_init(&r, TLS_KEY_P256, TLS_1_3, PAIRS, false);
  r.is_clear = is_clear;
  size_t before = mallinfo2().uordblks;
  world_run(r.world, INT64_C(1000000000) * 30);
  size_t taken = (mallinfo2().uordblks - before) / PAIRS;
  rig_clear(&r);
  return taken;
}

int
main(void)
{
  static const struct {
    const char *name;
    enum tls_key key;
    enum tls_version max;
    int version;
  } cases[] = {{"TLS 1.3, P-256", TLS_KEY_P256, TLS_1_3, TLS1_3_VERSION},
               {"TLS 1.2, P-256", TLS_KEY_P256, TLS_1_2, TLS1_2_VERSION},
               {"TLS 1.3, RSA-2048", TLS_KEY_RSA, TLS_1_3, TLS1_3_VERSION},
               {"TLS 1.3, Ed25519", TLS_KEY_ED25519, TLS_1_3, TLS1_3_VERSION}};
  printf("TLS handshakes, both ends, best of %d rounds; OpenSSL %s\n"
         "  %-24s %14s %14s %8s\n",
         ROUNDS, tls_library(), "", "plain /CPU-s", "simulated", "x plain");
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    double plain = measure_plain(cases[i].key, cases[i].version);
    double simulated = measure_simulated(cases[i].key, cases[i].max);
    printf("  %-24s %14.0f %14.0f %8.2f\n", cases[i].name, 1 / plain, 1 / simulated,
           simulated / plain);
    fflush(stdout);
  }
  size_t clear = measure_pair(true), open = measure_pair(false);
  printf("octets per idle pair of connections: %zu in clear, %zu under TLS\n", clear, open);
  return 0;
}
