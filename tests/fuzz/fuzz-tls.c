/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-tls.c -- octets from a hostile peer to a TLS layer: before, in and behind the handshake.
 *
 * The first octet chooses the side and how far our own other side goes before the hostile octets
 * begin. They are fed in one piece and octet by octet: both must end alike, the machine must hear
 * nothing that was not encrypted, and the end of the connection must end the layer. */
#include <glib.h>
#include <string.h>

#include "sim/mail/machine.h"
#include "sim/tls/tls.h"
#include "tests/fuzz/fuzz.h"

enum { TO_CLIENT = 1, STARTED = 2, OPEN = 4, OUT_MAX = 1 << 20 };

const struct fuzz_seed fuzz_seeds[] = {
    {"server", TEXT_SEED("\0\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")},
    {"client", TEXT_SEED("\1\x16\x03\x03\x00\x05\x02\x00\x00\x01\x03")},
    {"server behind a hello", TEXT_SEED("\2\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x03xyz")},
    {"client behind a hello", TEXT_SEED("\3\x15\x03\x03\x00\x02\x02\x28")},
    {"open server", TEXT_SEED("\4\x17\x03\x03\x00\x13"
                              "0123456789abcdefghi")},
    {"open client", TEXT_SEED("\5\x15\x03\x03\x00\x02\x01\x00")},
    {NULL, NULL, 0}};

/* A machine that may hear nothing. */
struct deaf {
  struct endpoint endpoint;
  unsigned n_heard;
};

static void
deaf_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  ((struct deaf *)e)->n_heard += (unsigned)n;
}

static void
deaf_end(struct endpoint *e, int64_t now_ns)
{
  e->wants_close = true;
}

static void
deaf_start(struct endpoint *e, int64_t now_ns)
{
}

static void
deaf_free(struct endpoint *e)
{
  machine_clear(e);
  g_free(e);
}

static const struct endpoint_ops deaf_ops = {.protocol = "deaf",
                                             .start = deaf_start,
                                             .input = deaf_input,
                                             .eof = deaf_end,
                                             .timeout = deaf_end,
                                             .free = deaf_free};

static struct endpoint *
layer(struct tls_side *side, const char *name, struct deaf **machine)
{
  *machine = g_new0(struct deaf, 1);
  machine_init(&(*machine)->endpoint, &deaf_ops);
  return tls_layer_new(side, &(*machine)->endpoint, name, true);
}

static void
hand_over(struct endpoint *from, struct endpoint *to)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_byte_array_append(octets, from->out->data, from->out->len);
  g_byte_array_set_size(from->out, 0);
  if (octets->len > 0)
    to->ops->input(to, octets->data, octets->len, 0);
}

static bool
play(struct tls_side *server_side, struct tls_side *client_side, uint8_t how, const uint8_t *p,
     size_t n, size_t step)
{
  struct deaf *server_machine, *client_machine;
  struct endpoint *server = layer(server_side, NULL, &server_machine);
  struct endpoint *client = layer(client_side, "a.test", &client_machine);
  server->ops->start(server, 0);
  client->ops->start(client, 0);
  for (int i = 0; i < (how & OPEN ? 3 : how & STARTED ? 1 : 0); i++) {
    hand_over(client, server);
    if (i > 0 || how & (OPEN | TO_CLIENT))
      hand_over(server, client);
  }
  struct endpoint *e = how & TO_CLIENT ? client : server;
  const struct deaf *m = how & TO_CLIENT ? client_machine : server_machine;
  for (size_t at = 0; at < n; at += step)
    e->ops->input(e, p + at, MIN(step, n - at), 0);
  bool wants_close = e->wants_close;
  g_assert_cmpuint(m->n_heard, ==, 0);
  g_assert_cmpuint(e->out->len, <, OUT_MAX);
  e->ops->eof(e, 0);
  g_assert_true(e->wants_close);
  server->ops->free(server);
  client->ops->free(client);
  return wants_close;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static const struct world_sink sink = {0};
  static struct world *world; /* made once: setting up costs more than a handshake */
  static struct tls *tls;
  static struct tls_side *server, *client;
  if (n < 1)
    return 0;
  if (!tls) {
    world = world_new(1, &sink, NULL);
    tls = tls_new(world, NULL);
    server = tls_server_new(tls, &(struct tls_server_config){.name = "a.test"}, NULL);
    client = tls_client_new(tls, &(struct tls_client_config){.host = 1}, NULL);
    g_assert_nonnull(client);
  }
  bool whole = play(server, client, p[0], p + 1, n - 1, n);
  bool pieces = play(server, client, p[0], p + 1, n - 1, 1);
  g_assert_true(whole == pieces);
  return 0;
}
