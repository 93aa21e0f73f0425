/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-storms.c -- one connection under arbitrary segments, calls and times: no invariant breaks. */
#include "sim/core/world.h"
#include "sim/net/tcp_conn.h"

enum { STORMS = 400, STORM_STEPS = 300 };

/* A number near one that matters, or anywhere. */
static uint32_t
near(struct random_stream *r, uint32_t a, uint32_t b)
{
  switch (random_below(r, 6)) {
  case 0:
    return a;
  case 1:
    return b;
  case 2:
    return a + (uint32_t)random_below(r, 3000) - 1500;
  case 3:
    return b + (uint32_t)random_below(r, 3000) - 1500;
  case 4:
    return a + (uint32_t)random_below(r, (uint64_t)(b - a) + 1);
  default:
    return (uint32_t)random_next(r);
  }
}

/* Options that fit, nearly fit, or are nonsense. */
static void
storm_options(const struct tcp_conn *c, struct random_stream *r, struct tcp_options *o)
{
  o->has_mss = random_below(r, 2);
  o->mss = (uint16_t)random_next(r);
  o->has_wscale = random_below(r, 2);
  o->wscale = (uint8_t)random_next(r);
  o->has_sack_permitted = random_below(r, 4) > 0;
  o->has_timestamps = random_below(r, 16) > 0;
  o->ts_value = c->ts_recent + (uint32_t)random_below(r, 4) - (random_below(r, 8) == 0);
  o->ts_echo = random_below(r, 2) ? (uint32_t)random_below(r, 100000) : (uint32_t)random_next(r);
  o->n_sack = (uint8_t)random_below(r, TCP_SACK_MAX + 1);
  for (unsigned i = 0; i < o->n_sack; i++) {
    o->sack[i].left = near(r, c->snd_una, c->snd_max);
    o->sack[i].right = random_below(r, 2) ? o->sack[i].left + (uint32_t)random_below(r, 3000)
                                          : near(r, c->snd_una, c->snd_max);
  }
}

static void
storm_input(struct tcp_conn *c, struct random_stream *r, int64_t now_ns)
{
  static const uint8_t data[4000];
  static const uint16_t flags[] = {
      TCP_ACK,           TCP_ACK | TCP_PSH,          TCP_ACK | TCP_FIN, TCP_SYN, TCP_SYN | TCP_ACK,
      TCP_ACK,           TCP_FIN | TCP_PSH,          TCP_ACK | TCP_URG, 0,       TCP_ACK | TCP_ECE,
      TCP_ACK | TCP_CWR, TCP_SYN | TCP_ECE | TCP_CWR};
  struct tcp_segment s = {.seq = near(r, c->rcv_nxt, c->rcv_edge),
                          .ack = near(r, c->snd_una, c->snd_max),
                          .flags = flags[random_below(r, G_N_ELEMENTS(flags))],
                          .window = (uint16_t)(random_below(r, 3) ? random_next(r) : 0),
                          .data = data,
                          .n_data = (uint32_t)(random_below(r, 2) ? random_below(r, 4000) : 0)};
  if (random_below(r, 400) == 0)
    s.flags = TCP_RST;
  s.urgent = (uint16_t)random_next(r);
  s.ip_ecn = (uint8_t)random_below(r, 4);
  storm_options(c, r, &s.options);
  tcp_conn_input(c, &s, now_ns);
}

static void
storm_step(struct tcp_conn *c, struct random_stream *r, int64_t *now_ns)
{
  static const uint8_t data[9000];
  const uint8_t *p;
  uint32_t have = tcp_conn_peek(c, &p);
  switch (random_below(r, 14)) {
  case 5:
    tcp_conn_set(c, (enum tcp_knob)random_below(r, TCP_KNOB_KEEPALIVE + 1),
                 (int64_t)random_below(r, 2), *now_ns);
    break;
  case 6:
    tcp_conn_send_urgent(c, data, random_below(r, 100), *now_ns);
    break;
  case 0:
    tcp_conn_send(c, data, random_below(r, sizeof data), *now_ns);
    break;
  case 1:
    if (have > 0)
      tcp_conn_drop(c, 1 + (uint32_t)random_below(r, have), *now_ns);
    break;
  case 2:
    if (tcp_conn_deadline(c) != TCP_NEVER)
      *now_ns = MAX(*now_ns, tcp_conn_deadline(c));
    tcp_conn_timer(c, *now_ns);
    break;
  case 3:
    if (random_below(r, 30) == 0)
      tcp_conn_close(c, *now_ns);
    break;
  case 4:
    tcp_conn_too_big(c, c->snd_una, (uint32_t)random_below(r, 2000));
    break;
  default:
    storm_input(c, r, *now_ns);
  }
}

/* Nothing here is asserted but what tcp_conn_show() asserts after each call, and that sending ends.
 */
static void
test_storms(void)
{
  struct world *dice = world_new(1, NULL, NULL);
  for (uint32_t seed = 0; seed < STORMS; seed++) {
    struct random_stream r = world_random(dice, seed, "storm");
    static const char *const profiles[] = {"linux", "freebsd", "minimal", "rfc"};
    struct tcp_profile profile =
        *tcp_profile_by_name(profiles[random_below(&r, G_N_ELEMENTS(profiles))]);
    profile.receive_octets = 1 + (uint32_t)random_below(&r, 70000);
    profile.wscale = (int8_t)((int)random_below(&r, 16) - 1);
    profile.ecn = (enum tcp_ecn)random_below(&r, 3);
    struct tcp_conn c;
    int64_t now_ns = 0;
    tcp_conn_init(&c, &profile, NULL, NULL);
    struct tcp_segment syn = {.seq = (uint32_t)random_next(&r), .flags = TCP_SYN, .window = 5000};
    storm_options(&c, &r, &syn.options);
    if (random_below(&r, 2))
      tcp_conn_accept(&c, &syn, (uint32_t)random_next(&r), now_ns);
    else
      tcp_conn_connect(&c, (uint32_t)random_next(&r), now_ns);
    for (int step = 0; step < STORM_STEPS; step++) {
      static uint8_t out[65536];
      struct tcp_segment s;
      unsigned n = 0;
      while (tcp_conn_pop(&c, &s, out, now_ns))
        g_assert_cmpuint(++n, <, 70000);
      now_ns += (int64_t)random_below(&r, 500) * 1000000;
      storm_step(&c, &r, &now_ns);
    }
    tcp_conn_clear(&c);
  }
  world_free(dice);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/storms/arbitrary-segments-break-no-invariant", test_storms);
  return g_test_run();
}
