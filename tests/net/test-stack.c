/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-stack.c -- the TCP stack through its public header alone, as a foreign program uses it: two
 * instances joined by a wire of IP packets, without anything of the simulator. */
#include "sim/net/tcp_stack.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define MS INT64_C(1000000)

struct pair {
  struct tcp_stack *a, *b;
  struct ip_addr a_addr, b_addr;
  int64_t now_ns;
  unsigned n_packets, lose_every; /* 0: none is lost */
};

static void
pair_init(struct pair *p, unsigned version, const char *profile_a, const char *profile_b)
{
  *p = (struct pair){0};
  g_assert_true(ip_addr_parse(version == 6 ? "2001:db8::a" : "10.0.0.1", &p->a_addr));
  g_assert_true(ip_addr_parse(version == 6 ? "2001:db8::b" : "10.0.0.2", &p->b_addr));
  p->a = tcp_stack_new(&(struct tcp_stack_config){.profile_name = profile_a, .isn_key = {1, 2}});
  p->b = tcp_stack_new(&(struct tcp_stack_config){.profile_name = profile_b, .isn_key = {3, 4}});
  g_assert_true(tcp_stack_add_addr(p->a, &p->a_addr));
  g_assert_true(tcp_stack_add_addr(p->b, &p->b_addr));
}

static void
pair_clear(struct pair *p)
{
  tcp_stack_free(p->a);
  tcp_stack_free(p->b);
}

static bool
carry(struct pair *p, struct tcp_stack *from, struct tcp_stack *to)
{
  uint8_t packet[1500];
  size_t n = tcp_stack_pop(from, packet, sizeof packet);
  if (n == 0)
    return false;
  p->n_packets++;
  if (p->lose_every == 0 || p->n_packets % p->lose_every != 0)
    tcp_stack_input(to, packet, n, p->now_ns);
  return true;
}

/* Lets packets and time pass until neither moves anything, or `until_ns`. */
static void
pair_run(struct pair *p, int64_t until_ns)
{
  for (;;) {
    while (carry(p, p->a, p->b) || carry(p, p->b, p->a))
      p->now_ns += MS / 100;
    int64_t next = MIN(tcp_stack_deadline(p->a), tcp_stack_deadline(p->b));
    if (next > until_ns)
      return;
    p->now_ns = MAX(p->now_ns, next);
    tcp_stack_timer(p->a, p->now_ns);
    tcp_stack_timer(p->b, p->now_ns);
  }
}

static struct tcp_sock *
listen_on(struct tcp_stack *t, uint16_t port)
{
  struct tcp_sock *s = tcp_sock_new(t, 0);
  g_assert_cmpint(tcp_sock_bind(s, NULL, port), ==, 0);
  g_assert_cmpint(tcp_sock_listen(s, 5), ==, 0);
  return s;
}

/* Octets of a to b, both ends close; what came is compared. */
static void
transfer(struct pair *p, size_t n)
{
  g_autofree uint8_t *out = g_malloc(n), *in = g_malloc(n + 1);
  for (size_t i = 0; i < n; i++)
    out[i] = (uint8_t)(i * 37 + (i >> 8));
  struct tcp_sock *l = listen_on(p->b, 25), *c = tcp_sock_new(p->a, 0), *s = NULL;
  g_assert_cmpint(tcp_sock_connect(c, &p->b_addr, 25, p->now_ns), ==, -EINPROGRESS);
  pair_run(p, p->now_ns + 100 * MS);
  g_assert_cmpint(tcp_sock_accept(l, &s), ==, 0);
  size_t sent = 0, got = 0;
  for (unsigned turns = 0; got < n && turns < 100000; turns++) {
    int64_t m = sent < n ? tcp_sock_send(c, out + sent, n - sent, 0, p->now_ns) : 0;
    sent += m > 0 ? (size_t)m : 0;
    pair_run(p, p->now_ns + 50 * MS);
    m = tcp_sock_recv(s, in + got, n + 1 - got, 0, p->now_ns);
    got += m > 0 ? (size_t)m : 0;
    p->now_ns += MS;
  }
  g_assert_cmpmem(in, got, out, n);
  tcp_sock_close(c, p->now_ns);
  pair_run(p, p->now_ns + 5000 * MS);
  g_assert_cmpint(tcp_sock_recv(s, in, 1, 0, p->now_ns), ==, 0);
  tcp_sock_close(s, p->now_ns);
  tcp_sock_close(l, p->now_ns);
  pair_run(p, p->now_ns + 300000 * MS);
  g_assert_cmpuint(tcp_stack_n_conns(p->a) + tcp_stack_n_conns(p->b), ==, 0);
  g_assert_cmpint(tcp_stack_deadline(p->a), ==, TCP_STACK_NEVER);
}

static void
test_transfers(void)
{
  static const char *const names[] = {"linux", "freebsd", "minimal", "rfc"};
  for (unsigned version = 4; version <= 6; version += 2)
    for (unsigned i = 0; i < 16; i++) {
      struct pair p;
      pair_init(&p, version, names[i / 4], names[i % 4]);
      transfer(&p, 100000);
      pair_clear(&p);
    }
}

static void
test_losses(void)
{
  for (unsigned version = 4; version <= 6; version += 2)
    for (unsigned every = 3; every < 30; every += 4) {
      struct pair p;
      pair_init(&p, version, "linux", "freebsd");
      p.lose_every = every;
      struct tcp_sock *l = listen_on(p.b, 25), *c = tcp_sock_new(p.a, 0), *s = NULL;
      uint8_t octets[40000], in[40001];
      memset(octets, 7, sizeof octets);
      tcp_sock_connect(c, &p.b_addr, 25, 0);
      pair_run(&p, 60000 * MS);
      g_assert_cmpint(tcp_sock_accept(l, &s), ==, 0);
      g_assert_cmpint(tcp_sock_send(c, octets, sizeof octets, 0, p.now_ns), ==, sizeof octets);
      pair_run(&p, p.now_ns + 600000 * MS);
      int64_t got = tcp_sock_recv(s, in, sizeof in, 0, p.now_ns);
      g_assert_cmpmem(in, (size_t)got, octets, sizeof octets);
      pair_clear(&p);
    }
}

static void
test_errors(void)
{
  struct pair p;
  pair_init(&p, 4, "linux", "linux");
  g_assert_null(tcp_stack_new(&(struct tcp_stack_config){.profile_name = "amiga"}));
  struct tcp_sock *c = tcp_sock_new(p.a, 4), *out;
  uint8_t octet = 1;
  struct ip_addr v6;
  ip_addr_parse("2001:db8::1", &v6);
  g_assert_cmpint(tcp_sock_send(c, &octet, 1, 0, 0), ==, -ENOTCONN);
  g_assert_cmpint(tcp_sock_recv(c, &octet, 1, 0, 0), ==, -ENOTCONN);
  g_assert_cmpint(tcp_sock_shutdown(c, TCP_STACK_WR, 0), ==, -ENOTCONN);
  g_assert_cmpint(tcp_sock_accept(c, &out), ==, -EINVAL);
  g_assert_cmpint(tcp_sock_connect(c, &v6, 25, 0), ==, -EAFNOSUPPORT);
  g_assert_cmpint(tcp_sock_connect(c, &p.b_addr, 0, 0), ==, -EADDRNOTAVAIL);
  g_assert_cmpint(tcp_sock_set(c, TCP_STACK_OPT_TTL, 0, 0), ==, -EINVAL);
  g_assert_cmpint(tcp_sock_set(c, TCP_STACK_OPT_OOBINLINE, 0, 0), ==, -EINVAL);
  g_assert_cmpint(tcp_sock_connect(c, &p.b_addr, 25, 0), ==, -EINPROGRESS);
  g_assert_cmpint(tcp_sock_set(c, TCP_STACK_OPT_RCVBUF, 1000, 0), ==, -EISCONN);
  pair_run(&p, 10 * MS); /* nobody listens */
  g_assert_cmpuint(tcp_sock_poll(c) & TCP_STACK_ERR, ==, TCP_STACK_ERR);
  g_assert_cmpint(tcp_sock_error(c), ==, ECONNREFUSED);
  struct tcp_sock *d = tcp_sock_new(p.a, 6);
  g_assert_cmpint(tcp_sock_connect(d, &v6, 25, 0), ==, -ENETUNREACH); /* no address of version 6 */
  pair_clear(&p);
}

static uint32_t
first_number(uint64_t key, const char *to, uint16_t port, int64_t now_ns)
{
  struct ip_addr us, them;
  uint8_t packet[1500];
  ip_addr_parse("10.0.0.1", &us);
  ip_addr_parse(to, &them);
  struct tcp_stack *t = tcp_stack_new(&(struct tcp_stack_config){.isn_key = {key, 0}});
  tcp_stack_add_addr(t, &us);
  struct tcp_sock *s = tcp_sock_new(t, 4);
  tcp_sock_bind(s, NULL, port);
  tcp_sock_connect(s, &them, 25, now_ns);
  g_assert_cmpuint(tcp_stack_pop(t, packet, sizeof packet), >, 40);
  tcp_stack_free(t);
  return (uint32_t)packet[24] << 24 | (uint32_t)packet[25] << 16 | (uint32_t)packet[26] << 8 |
         packet[27];
}

/* RFC 6528 3: M ticks every 4 microseconds; F depends on all four numbers and the secret. */
static void
test_isn(void)
{
  uint32_t isn = first_number(1, "10.0.0.2", 2000, 0);
  g_assert_cmpuint(first_number(1, "10.0.0.2", 2000, 0), ==, isn);
  g_assert_cmpuint(first_number(1, "10.0.0.2", 2000, 4000), ==, isn + 1);
  g_assert_cmpuint(first_number(1, "10.0.0.2", 2000, INT64_C(3600000000000)), ==, isn + 900000000u);
  g_assert_cmpuint(first_number(2, "10.0.0.2", 2000, 0), !=, isn);
  g_assert_cmpuint(first_number(1, "10.0.0.3", 2000, 0), !=, isn);
  g_assert_cmpuint(first_number(1, "10.0.0.2", 2001, 0), !=, isn);
}

/* What is cut or bent anywhere is ignored or answered, and never believed: the connection lives. */
static void
test_damage(void)
{
  for (unsigned version = 4; version <= 6; version += 2) {
    struct pair p;
    pair_init(&p, version, "linux", "linux");
    struct tcp_sock *l = listen_on(p.b, 25), *c = tcp_sock_new(p.a, 0), *s = NULL;
    tcp_sock_connect(c, &p.b_addr, 25, 0);
    pair_run(&p, 10 * MS);
    g_assert_cmpint(tcp_sock_accept(l, &s), ==, 0);
    uint8_t packet[1500], bent[1500], in[10];
    tcp_sock_send(c, (const uint8_t *)"hello", 5, 0, p.now_ns);
    size_t n = tcp_stack_pop(p.a, packet, sizeof packet);
    for (size_t cut = 0; cut < n; cut++)
      tcp_stack_input(p.b, packet, cut, p.now_ns);
    size_t tcp = version == 6 ? 40 : 20;
    for (size_t i = tcp; i < n; i++)
      for (unsigned bit = 0; bit < 8; bit++) {
        memcpy(bent, packet, n);
        bent[i] ^= (uint8_t)(1 << bit);
        tcp_stack_input(p.b, bent, n, p.now_ns);
      }
    g_assert_cmpint(tcp_sock_recv(s, in, sizeof in, 0, p.now_ns), ==, -EAGAIN);
    g_assert_true(tcp_stack_input(p.b, packet, n, p.now_ns));
    g_assert_cmpint(tcp_sock_recv(s, in, sizeof in, 0, p.now_ns), ==, 5);
    g_assert_cmpmem(in, 5, "hello", 5);
    pair_clear(&p);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/stack/every-make-talks-to-every-make", test_transfers);
  g_test_add_func("/stack/every-nth-packet-is-lost", test_losses);
  g_test_add_func("/stack/errors-have-their-number", test_errors);
  g_test_add_func("/stack/isn-is-a-clock-and-a-hash", test_isn);
  g_test_add_func("/stack/damage-is-not-believed", test_damage);
  return g_test_run();
}
