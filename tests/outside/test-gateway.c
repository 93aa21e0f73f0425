/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-gateway.c -- real sockets on the loopback interface, simulated TCP between them.
 *
 *     real client ── 127.0.0.1 ── gateway ── lossy link ── echo of a simulated host
 *     simulated client ── link ── gateway ── 127.0.0.1 ── real server of the test
 *
 * The peers are plain sockets of this process, driven by the same loop as the world. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/outside/gateway.h"
#include "sim/outside/tun.h"

static const char scenario[] =
    "hosts:\n"
    "  gate: {address: 10.9.1.2/24}\n"
    "  server: {address: 10.9.1.9/24, small_services: [echo, discard, chargen]}\n"
    "links:\n"
    "  wire: {ends: [gate, server], rate: 400Mbit/s, delay: 200us, loss: 0.5%, queue: 1000}\n";

struct rig {
  struct tree_node *tree;
  struct world *world;
  struct net *net;
  struct outside_loop *loop;
  struct outside_gateway *gateway;
  uint32_t gate, server;
  struct ip_addr server_addr;
  unsigned n_zero_windows; /* ACKs with a window of 0 from the gateway's host */
};

static void
count_zero_windows(void *data, const struct world_frame *f)
{
  struct rig *r = data;
  /* Ethernet 14, IPv4 20: flags at 47, window at 48 */
  if (f->from_host == r->gate && f->n_octets >= 54 && f->octets[23] == 6 &&
      (f->octets[47] & 0x07) == 0 && f->octets[48] == 0 && f->octets[49] == 0)
    r->n_zero_windows++;
}

static void
rig_open(struct rig *r)
{
  g_autoptr(GError) error = NULL;
  static const struct world_sink sink = {.frame = count_zero_windows};
  *r = (struct rig){0};
  r->tree = tree_parse(scenario, strlen(scenario), "s.yaml", &error);
  g_assert_no_error(error);
  r->world = world_new(7, &sink, r);
  r->net = net_new(r->world, r->tree, &error);
  g_assert_no_error(error);
  r->gate = net_find_host(r->net, "gate");
  r->server = net_find_host(r->net, "server");
  r->server_addr = net_host_info(r->net, r->server).addr;
  r->loop = outside_loop_new(r->world);
  r->gateway = outside_gateway_new(r->net, r->loop);
}

static void
rig_close(struct rig *r)
{
  outside_gateway_free(r->gateway);
  outside_loop_free(r->loop);
  net_free(r->net);
  world_free(r->world);
  tree_free(r->tree);
}

/* A turn that ends soon, so that the test's own sockets are served. */
static void
turn(struct rig *r)
{
  g_assert_true(outside_loop_turn(r->loop, world_now(r->world) + 5000000));
}

static int
connect_to(uint16_t port)
{
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  g_assert_cmpint(connect(fd, (struct sockaddr *)(void *)&at, sizeof at), ==, 0);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static uint16_t
open_inward(struct rig *r, uint16_t to_port)
{
  g_autoptr(GError) error = NULL;
  uint16_t port =
      outside_gateway_listen(r->gateway, "127.0.0.1", 0, r->gate, &r->server_addr, to_port, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(port, !=, 0);
  return port;
}

/* A peer that sends a known pattern and checks what comes back. */
struct peer {
  int fd;
  size_t n_total, n_sent, n_got;
  uint32_t state; /* of the pattern that is sent, */
  uint32_t check; /* and of the one that is expected */
  bool has_closed, is_done;
};

static uint8_t
next_octet(uint32_t *state)
{
  *state = *state * 1103515245u + 12345u;
  return (uint8_t)(*state >> 16);
}

static void
peer_send(struct peer *p)
{
  while (p->n_sent < p->n_total) {
    uint8_t octets[4096];
    size_t n = MIN(sizeof octets, p->n_total - p->n_sent);
    uint32_t state = p->state;
    for (size_t i = 0; i < n; i++)
      octets[i] = next_octet(&state);
    ssize_t taken = send(p->fd, octets, n, MSG_NOSIGNAL);
    if (taken <= 0)
      return;
    for (ssize_t i = 0; i < taken; i++)
      next_octet(&p->state);
    p->n_sent += (size_t)taken;
  }
  if (!p->has_closed)
    shutdown(p->fd, SHUT_WR);
  p->has_closed = true;
}

static void
peer_receive(struct peer *p)
{
  uint8_t octets[65536];
  ssize_t n;
  while ((n = recv(p->fd, octets, sizeof octets, 0)) > 0) {
    for (ssize_t i = 0; i < n; i++)
      g_assert_cmpuint(octets[i], ==, next_octet(&p->check));
    p->n_got += (size_t)n;
  }
  p->is_done = p->is_done || n == 0;
  g_assert_true(n == 0 || errno == EAGAIN);
}

static void
test_megabytes_both_ways(void)
{
  struct rig r;
  rig_open(&r);
  struct peer p = {.n_total = 4 << 20, .state = 1, .check = 1};
  p.fd = connect_to(open_inward(&r, 7));
  while (!p.is_done) {
    peer_send(&p);
    turn(&r);
    peer_receive(&p);
  }
  g_assert_cmpuint(p.n_got, ==, p.n_total);
  struct outside_gateway_counts c = outside_gateway_counts(r.gateway);
  g_assert_cmpuint(c.n_inward, ==, p.n_total);
  g_assert_cmpuint(c.n_outward, ==, p.n_total);
  close(p.fd);
  rig_close(&r);
}

/* Who does not read closes the simulated window, and loses nothing by it. */
static void
test_slow_reader_closes_the_window(void)
{
  struct rig r;
  rig_open(&r);
  int fd = connect_to(open_inward(&r, 19));
  for (unsigned i = 0; i < 20000 && r.n_zero_windows == 0; i++)
    turn(&r);
  g_assert_cmpuint(r.n_zero_windows, >, 0);
  /* It reads at last: everything is there, in the order of RFC 864. */
  size_t n_got = 0;
  while (n_got < 1 << 20) {
    uint8_t octets[8192];
    ssize_t n = recv(fd, octets, sizeof octets, 0);
    for (ssize_t i = 0; i < n; i++, n_got++) {
      size_t line = n_got / 74, column = n_got % 74;
      uint8_t expected = column == 72   ? '\r'
                         : column == 73 ? '\n'
                                        : (uint8_t)(' ' + (line % 95 + column) % 95);
      g_assert_cmpuint(octets[i], ==, expected);
    }
    if (n < 0)
      turn(&r);
  }
  close(fd);
  rig_close(&r);
}

static void
test_a_hundred_at_once_and_one_that_stalls(void)
{
  enum { N = 100 };
  struct rig r;
  rig_open(&r);
  uint16_t echo = open_inward(&r, 7), chargen = open_inward(&r, 19);
  int stalled = connect_to(chargen); /* never reads */
  struct peer *peers = g_new0(struct peer, N);
  for (unsigned i = 0; i < N; i++) {
    peers[i] = (struct peer){.n_total = 20000, .state = i, .check = i};
    peers[i].fd = connect_to(echo);
  }
  for (unsigned n_done = 0; n_done < N;) {
    n_done = 0;
    turn(&r);
    for (unsigned i = 0; i < N; i++) {
      if (!peers[i].is_done) {
        peer_send(&peers[i]);
        peer_receive(&peers[i]);
      }
      n_done += peers[i].is_done;
    }
  }
  for (unsigned i = 0; i < N; i++) {
    g_assert_cmpuint(peers[i].n_got, ==, 20000);
    close(peers[i].fd);
  }
  g_assert_cmpuint(outside_gateway_counts(r.gateway).n_accepted, ==, N + 1);
  close(stalled);
  g_free(peers);
  rig_close(&r);
}

/* Nobody listens there: the real client is reset, as the simulated SYN was. */
static void
test_refusal_is_passed_on(void)
{
  struct rig r;
  rig_open(&r);
  int fd = connect_to(open_inward(&r, 4444));
  uint8_t octet;
  ssize_t n = -1;
  for (unsigned i = 0; i < 2000 && n < 0; i++) {
    turn(&r);
    n = recv(fd, &octet, 1, 0);
    if (n < 0 && errno != EAGAIN)
      break;
  }
  g_assert_cmpint(n, ==, -1);
  g_assert_cmpint(errno, ==, ECONNRESET);
  g_assert_cmpuint(outside_gateway_counts(r.gateway).n_refused, ==, 1);
  g_assert_cmpuint(outside_gateway_counts(r.gateway).n_open, ==, 0);
  close(fd);
  rig_close(&r);
}

/* ---- outward: a simulated client reaches a real server ---- */

struct client {
  GByteArray *got;
  bool is_over;
};

static void
client_connected(void *data, struct conn *c)
{
  conn_send(c, (const uint8_t *)"EHLO\r\n", 6);
  conn_shutdown(c);
}

static void
client_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct client *client = data;
  g_byte_array_append(client->got, p, (guint)n);
}

static void
client_ended(void *data, struct conn *c, enum conn_end how)
{
  struct client *client = data;
  g_assert_cmpint(how, ==, CONN_CLOSED_BY_PEER);
  client->is_over = true;
  conn_close(c);
}

static void
test_simulated_client_reaches_a_real_server(void)
{
  static const struct conn_ops ops = {
      .connected = client_connected, .received = client_received, .ended = client_ended};
  struct rig r;
  rig_open(&r);
  int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n_at = sizeof at;
  g_assert_cmpint(bind(door, (struct sockaddr *)(void *)&at, n_at), ==, 0);
  g_assert_cmpint(listen(door, 1), ==, 0);
  getsockname(door, (struct sockaddr *)(void *)&at, &n_at);
  g_assert_true(outside_gateway_forward(r.gateway, r.gate, 25, "127.0.0.1", ntohs(at.sin_port)));

  struct client client = {.got = g_byte_array_new()};
  struct ip_addr gate = net_host_info(r.net, r.gate).addr;
  struct conn *c = net_connect(r.net, r.server, &gate, 25, &ops, &client);
  g_assert_nonnull(c);
  int fd = -1;
  char got[16];
  size_t n_got = 0;
  bool has_answered = false;
  for (unsigned i = 0; i < 4000 && !client.is_over; i++) {
    turn(&r);
    if (fd < 0)
      fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 || has_answered)
      continue;
    ssize_t n = recv(fd, got + n_got, sizeof got - n_got, 0);
    if (n > 0)
      n_got += (size_t)n;
    if (n == 0) { /* the client's half-close came through */
      g_assert_cmpint(send(fd, "250 hello\r\n", 11, MSG_NOSIGNAL), ==, 11);
      close(fd);
      has_answered = true;
    }
  }
  g_assert_true(client.is_over);
  g_assert_cmpmem(got, n_got, "EHLO\r\n", 6);
  g_assert_cmpmem(client.got->data, client.got->len, "250 hello\r\n", 11);
  g_byte_array_unref(client.got);
  close(door);
  rig_close(&r);
}

static void
test_bad_addresses_are_named(void)
{
  struct rig r;
  rig_open(&r);
  g_autoptr(GError) error = NULL;
  g_assert_cmpuint(
      outside_gateway_listen(r.gateway, "elsewhere", 25, r.gate, &r.server_addr, 25, &error), ==,
      0);
  g_assert_nonnull(strstr(error->message, "elsewhere port 25"));
  g_clear_error(&error);
  uint16_t port = open_inward(&r, 7);
  g_assert_cmpuint(
      outside_gateway_listen(r.gateway, "127.0.0.1", port, r.gate, &r.server_addr, 7, &error), ==,
      0);
  g_assert_nonnull(strstr(error->message, "choose another port"));
  g_assert_false(outside_gateway_forward(r.gateway, r.gate, 26, "mx.example", 25));
  rig_close(&r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/gateway/megabytes-both-ways", test_megabytes_both_ways);
  g_test_add_func("/gateway/slow-reader-closes-the-window", test_slow_reader_closes_the_window);
  g_test_add_func("/gateway/a-hundred-at-once-and-one-that-stalls",
                  test_a_hundred_at_once_and_one_that_stalls);
  g_test_add_func("/gateway/refusal-is-passed-on", test_refusal_is_passed_on);
  g_test_add_func("/gateway/simulated-client-reaches-a-real-server",
                  test_simulated_client_reaches_a_real_server);
  g_test_add_func("/gateway/bad-addresses-are-named", test_bad_addresses_are_named);
  return g_test_run();
}
