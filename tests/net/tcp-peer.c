/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp-peer.c -- plays the other end of one connection by hand. */
#include "tests/net/tcp-peer.h"

const uint8_t tcp_peer_text[65536];

bool
out(struct rig *r)
{
  return tcp_conn_pop(&r->c, &r->s, r->data, r->now_ns);
}

unsigned
out_all(struct rig *r)
{
  unsigned n = 0;
  while (out(r))
    n++;
  return n;
}

void
wait_until(struct rig *r, int64_t now_ns)
{
  r->now_ns = now_ns;
  tcp_conn_timer(&r->c, now_ns);
}

/* A segment of the peer's at its number `at` (1 is the first octet), which acknowledges ours up to
 * `ack`. */
struct tcp_segment
peer_segment(const struct rig *r, uint32_t at, uint32_t ack, uint32_t n)
{
  struct tcp_segment s = {.seq = IRS + at,
                          .ack = ISS + ack,
                          .flags = TCP_ACK,
                          .window = WINDOW,
                          .data = tcp_peer_text,
                          .n_data = n};
  s.options.has_timestamps = r->c.use_ts;
  s.options.ts_value = r->peer_ts;
  s.options.ts_echo = tcp_conn_ts(&r->c, r->now_ns);
  return s;
}

void
peer_ack(struct rig *r, uint32_t ack)
{
  struct tcp_segment s = peer_segment(r, 1, ack, 0);
  tcp_conn_input(&r->c, &s, r->now_ns);
}

/* With one or two SACK blocks, in octets of ours; the second is absent when its ends are equal. */
void
peer_sack(struct rig *r, uint32_t ack, uint32_t a, uint32_t b, uint32_t a2, uint32_t b2)
{
  struct tcp_segment s = peer_segment(r, 1, ack, 0);
  s.options.n_sack = a2 == b2 ? 1 : 2;
  s.options.sack[0].left = ISS + a;
  s.options.sack[0].right = ISS + b;
  s.options.sack[1].left = ISS + a2;
  s.options.sack[1].right = ISS + b2;
  tcp_conn_input(&r->c, &s, r->now_ns);
}

void
peer_data(struct rig *r, uint32_t at, uint32_t n)
{
  struct tcp_segment s = peer_segment(r, at, r->c.snd_una - ISS, n);
  tcp_conn_input(&r->c, &s, r->now_ns);
}

/* An ESTABLISHED connection that we opened; the round trip of the SYN was 100 ms. */
void
rig_open(struct rig *r, const struct tcp_profile *profile, uint16_t flags)
{
  *r = (struct rig){.profile = *profile, .now_ns = SECOND, .peer_ts = 1000};
  r->profile.mss = MSS;
  tcp_conn_init(&r->c, &r->profile, NULL, NULL);
  tcp_conn_connect(&r->c, ISS, r->now_ns);
  g_assert_true(out(r));
  r->now_ns += 100 * MS;
  struct tcp_segment s = {.seq = IRS,
                          .ack = ISS + 1,
                          .flags = TCP_SYN | TCP_ACK | flags,
                          .window = WINDOW,
                          .options = {.has_mss = true,
                                      .mss = MSS,
                                      .has_sack_permitted = true,
                                      .has_timestamps = true,
                                      .ts_value = r->peer_ts}};
  s.options.ts_echo = r->s.options.ts_value;
  tcp_conn_input(&r->c, &s, r->now_ns);
  g_assert_cmpint(r->c.state, ==, TCP_ESTABLISHED);
  out_all(r);
}

/* SACK without timestamps, so that a segment holds 1000 octets. */
void
rig_open_sack(struct rig *r, bool rescue)
{
  struct tcp_profile p = tcp_profile_default;
  p.sack = true;
  p.sack_rescue = rescue;
  rig_open(r, &p, 0);
}

void
rig_send(struct rig *r, uint32_t n)
{
  g_assert_cmpuint(tcp_conn_send(&r->c, tcp_peer_text, n, r->now_ns), ==, n);
}

void
assert_out(struct rig *r, uint32_t at, uint32_t n)
{
  g_assert_true(out(r));
  g_assert_cmpuint(r->s.seq - ISS, ==, at);
  g_assert_cmpuint(r->s.n_data, ==, n);
}
