/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tcp-recovery.c -- what timed scripts cannot show of a sender: CUBIC's numbers, the
 * scoreboard of RFC 6675, reactions to marks, and a path that grows narrow. */
#include "tests/net/tcp-peer.h"

/* ---- CUBIC: RFC 9438 figures 1 and 2, computed by hand with C = 0.4, beta = 0.7 ---- */

static void
assert_near(uint32_t got, double segments)
{
  double off = got / (double)MSS - segments;
  if (off < -0.02 || off > 0.02)
    g_error("%u octets, expected %.3f segments", got, segments);
}

static void
test_cubic_curve(void)
{
  /* K = cbrt((100 - 70) / 0.4) = cbrt(75) = 4.2172 s */
  uint32_t k = tcp_cubic_k_ms(100 * MSS, 70 * MSS, MSS);
  g_assert_cmpuint(k, ==, 4217);
  g_assert_cmpuint(tcp_cubic_k_ms(1000 * MSS, 700 * MSS, MSS), ==, 9085); /* cbrt(750) = 9.0856 */
  g_assert_cmpuint(tcp_cubic_k_ms(70 * MSS, 100 * MSS, MSS), ==, 0);
  assert_near(tcp_cubic_window(100 * MSS, k, 0, MSS), 70.0);      /* 100 - 0.4 * 75 */
  assert_near(tcp_cubic_window(100 * MSS, k, 2000, MSS), 95.640); /* 100 - 0.4 * 2.2172^3 = 4.360 */
  assert_near(tcp_cubic_window(100 * MSS, k, 4217, MSS), 100.0);  /* the plateau */
  assert_near(tcp_cubic_window(100 * MSS, k, 8434, MSS), 130.0);  /* as far behind it */
  assert_near(tcp_cubic_window(100 * MSS, k, 10000, MSS), 177.353); /* 100 + 0.4 * 5.7828^3 */
  /* neither a large window nor a long time overflows */
  g_assert_cmpuint(tcp_cubic_window(1u << 30, 0, INT64_MAX / 2, 65535), ==, 1u << 30);
  g_assert_cmpuint(tcp_cubic_window(0, 100000, 0, 65535), ==, 0);
}

static void
test_cubic_decrease(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  struct tcp_conn *c = &r.c;
  c->cwnd = 100 * MSS;
  c->snd_nxt = c->snd_max = c->snd_una + 100 * MSS;
  g_assert_cmpuint(tcp_cubic_reduce(c), ==, 70 * MSS); /* 0.7 of what is in flight */
  g_assert_cmpuint(c->cubic.w_max, ==, 100 * MSS);
  /* fast convergence: less than before, so room is made for others: 80 * 0.85 */
  c->cwnd = 80 * MSS;
  tcp_cubic_reduce(c);
  g_assert_cmpuint(c->cubic.w_max, ==, 68 * MSS);
  g_assert_cmpuint(c->cubic.cwnd_prior, ==, 80 * MSS);
  c->cwnd = 90 * MSS; /* more than 68 */
  tcp_cubic_reduce(c);
  g_assert_cmpuint(c->cubic.w_max, ==, 90 * MSS);
  c->snd_nxt = c->snd_max = c->snd_una + MSS;
  g_assert_cmpuint(tcp_cubic_reduce(c), ==, 2 * MSS); /* never below two segments */
  c->snd_nxt = c->snd_max = c->snd_una;
  tcp_conn_clear(c);
}

static void
test_cubic_friendly(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  struct tcp_conn *c = &r.c;
  /* Short round trips: Reno's estimate leads. W_max = 20, so cwnd = 14; one window of ACKs adds
   * alpha = 3 * 0.3 / 1.7 = 0.5294 segments. */
  c->cubic.w_max = c->cubic.cwnd_prior = 20 * MSS;
  c->cwnd = 14 * MSS;
  c->srtt_us = 1000;
  for (int i = 0; i < 14; i++)
    tcp_cubic_acked(c, MSS, r.now_ns);
  assert_near(c->cwnd, 14.52); /* cwnd grows meanwhile, so it is a little less than 0.5294 */
  /* Past the window before the loss, alpha is 1. */
  c->cwnd = c->cubic.w_est = 20 * MSS;
  c->cubic.est_grown = 0;
  for (int i = 0; i < 20; i++)
    tcp_cubic_acked(c, MSS, r.now_ns);
  g_assert_cmpuint(c->cwnd, >, 20 * MSS + 900);
  g_assert_cmpuint(c->cwnd, <=, 21 * MSS);
  tcp_conn_clear(c);
}

static void
test_cubic_growth_is_bounded(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  struct tcp_conn *c = &r.c;
  /* Long after the plateau the curve is far above: a round trip adds half at most. */
  c->cubic.w_max = 20 * MSS;
  c->cwnd = 20 * MSS;
  c->srtt_us = 100000;
  tcp_cubic_acked(c, 0, r.now_ns);
  int64_t later = r.now_ns + 60 * SECOND;
  for (int i = 0; i < 20; i++)
    tcp_cubic_acked(c, MSS, later);
  g_assert_cmpuint(c->cwnd, >=, 30 * MSS);
  g_assert_cmpuint(c->cwnd, <, 33 * MSS); /* exp(1/2) of 20: the target moves with cwnd */
  tcp_conn_clear(c);
}

/* RFC 9438 4.8 and 4.2: after a timeout the curve starts where it is, and idle time is no time. */
static void
test_cubic_timeout_and_idle(void)
{
  struct rig r;
  struct tcp_profile p = tcp_profile_default;
  p.control = TCP_CUBIC;
  rig_open(&r, &p, 0);
  rig_send(&r, 10 * MSS);
  out_all(&r);
  wait_until(&r, r.c.rexmit_at);
  g_assert_cmpuint(r.c.ssthresh, ==, 7 * MSS);
  g_assert_cmpuint(r.c.cubic.w_max, ==, 0);
  peer_ack(&r, 10001);
  r.c.cwnd = r.c.ssthresh;
  tcp_cubic_acked(&r.c, MSS, r.now_ns);
  g_assert_cmpuint(r.c.cubic.k_ms, ==, 0);
  g_assert_cmpuint(r.c.cubic.w_max, ==, 7 * MSS);
  int64_t epoch_ns = r.c.cubic.epoch_ns, sent_ns = r.c.last_send_ns;
  r.now_ns += 100 * SECOND;
  rig_send(&r, 10);
  g_assert_cmpint(r.c.cubic.epoch_ns, ==, epoch_ns + r.now_ns - sent_ns);
  tcp_conn_clear(&r.c);
}

/* ---- the scoreboard: RFC 6675 ---- */

static void
test_sack_pipe(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  rig_send(&r, 10 * MSS);
  g_assert_cmpuint(out_all(&r), ==, 10);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 10 * MSS);
  r.now_ns += 100 * MS;
  /* 1 and 4 are lost; 2, 3 and 5 arrive */
  peer_sack(&r, 1, 1001, 2001, 0, 0);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 9 * MSS);
  peer_sack(&r, 1, 1001, 3001, 0, 0);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 8 * MSS);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_SLOW_START);
  g_assert_false(out(&r));
  peer_sack(&r, 1, 4001, 5001, 1001, 3001); /* the third: DupThresh */
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_RECOVERY);
  g_assert_cmpuint(r.c.ssthresh, ==, 5 * MSS);
  g_assert_cmpuint(r.c.cwnd, ==, 5 * MSS);
  /* Lost is what lies below more than two segments' worth of SACKed octets: [1, 1001). The hole at
   * 3001 has but one segment above it. */
  g_assert_cmpuint(tcp_sack_lost_edge(&r.c) - ISS, ==, 1001);
  assert_out(&r, 1, 1000);
  /* 10 sent, 3 SACKed, 1 lost, 1 repeated: 7, and the window is 5 */
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 7 * MSS);
  g_assert_false(out(&r));
  peer_sack(&r, 1, 4001, 6001, 1001, 3001);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 6 * MSS);
  g_assert_false(out(&r));
  /* The third octet-thousand above the hole makes it lost: pipe falls by two, so it may leave. */
  peer_sack(&r, 1, 4001, 7001, 1001, 3001);
  g_assert_cmpuint(tcp_sack_lost_edge(&r.c) - ISS, ==, 4001);
  assert_out(&r, 3001, 1000);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 5 * MSS);
  g_assert_false(out(&r));
  /* All behind the holes arrived: the repeats remain in flight. */
  peer_sack(&r, 1, 4001, 10001, 1001, 3001);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 2 * MSS);
  peer_sack(&r, 3001, 4001, 10001, 0, 0);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 1 * MSS);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_RECOVERY);
  peer_ack(&r, 10001);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_AVOIDANCE);
  g_assert_cmpuint(r.c.cwnd, ==, 5 * MSS);
  g_assert_null(r.c.sacked);
  tcp_conn_clear(&r.c);
}

static void
test_sack_next_segment_order(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  rig_send(&r, 13 * MSS);
  g_assert_cmpuint(out_all(&r), ==, 10);
  r.now_ns += 100 * MS;
  /* 1 and 8 are lost, and 10 may be: SACKed are 2..7 and 9 */
  peer_sack(&r, 1, 1001, 7001, 8001, 9001);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_RECOVERY);
  assert_out(&r, 1, 1000);     /* rule 1: what is lost */
  assert_out(&r, 10001, 1000); /* rule 2: new octets; pipe was 3 of 5 */
  assert_out(&r, 11001, 1000);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 5 * MSS);
  g_assert_false(out(&r));
  peer_sack(&r, 1001, 1001, 7001, 8001, 9001); /* the ACK did not take the SACKed: it reneged */
  g_assert_cmpuint(r.c.n_sacked, <=, 1);
  tcp_conn_clear(&r.c);
}

static void
test_sack_rules_3_and_4(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  rig_send(&r, 8 * MSS);
  g_assert_cmpuint(out_all(&r), ==, 8);
  r.now_ns += 100 * MS;
  /* 1, 6 and 8 are missing: SACKed are 2..5 and 7; nothing new waits */
  peer_sack(&r, 1, 1001, 5001, 6001, 7001);
  assert_out(&r, 1, 1000);    /* rule 1 */
  assert_out(&r, 5001, 1000); /* rule 3: not lost by the rules, but missing */
  g_assert_false(out(&r));    /* pipe: 6 twice, 8 once, 1 once: 4 of 4 */
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 4 * MSS);
  peer_sack(&r, 5001, 6001, 7001, 0, 0);
  g_assert_cmpuint(tcp_sack_pipe(&r.c), ==, 3 * MSS);
  assert_out(&r, 7001, 1000); /* rule 4: the tail, once */
  peer_sack(&r, 7001, 6001, 6001, 0, 0);
  g_assert_false(out(&r));
  tcp_conn_clear(&r.c);
}

/* Small segments: octets say nothing, three ranges above do. */
static void
test_sack_three_ranges(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  tcp_conn_set(&r.c, TCP_KNOB_NODELAY, 1, r.now_ns);
  for (int i = 0; i < 8; i++) {
    rig_send(&r, 100);
    assert_out(&r, 1 + 100 * (uint32_t)i, 100);
  }
  peer_sack(&r, 1, 101, 201, 301, 401);
  g_assert_cmpuint(tcp_sack_lost_edge(&r.c) - ISS, ==, 1); /* two: nothing is lost */
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_SLOW_START);
  peer_sack(&r, 1, 501, 601, 301, 401);
  g_assert_cmpuint(tcp_sack_lost_edge(&r.c) - ISS, ==, 101);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_RECOVERY); /* at the second duplicate ACK */
  assert_out(&r, 1, 100);
  tcp_conn_clear(&r.c);
}

static void
test_sack_after_timeout(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  rig_send(&r, 6 * MSS);
  out_all(&r);
  r.now_ns += 100 * MS;
  peer_sack(&r, 1, 2001, 4001, 0, 0);
  out_all(&r);
  wait_until(&r, r.c.rexmit_at);
  g_assert_cmpint(tcp_conn_phase(&r.c), ==, TCP_LOSS);
  g_assert_cmpuint(r.c.cwnd, ==, MSS);
  assert_out(&r, 1, 1000);
  g_assert_false(out(&r));
  peer_sack(&r, 1001, 2001, 4001, 0, 0);
  g_assert_cmpuint(r.c.cwnd, ==, 2 * MSS);
  assert_out(&r, 1001, 1000);
  assert_out(&r, 4001, 1000); /* what is SACKed is not sent again */
  g_assert_false(out(&r));
  peer_ack(&r, 5001);
  assert_out(&r, 5001, 1000);
  peer_ack(&r, 6001);
  g_assert_cmpint(tcp_conn_phase(&r.c), !=, TCP_LOSS);
  tcp_conn_clear(&r.c);
}

static void
test_sack_wild_blocks(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  rig_send(&r, 4 * MSS);
  out_all(&r);
  peer_sack(&r, 1, 4001, 5001, 0, 0);                     /* beyond what was sent */
  peer_sack(&r, 1, 3001, 2001, 0, 0);                     /* backwards */
  peer_sack(&r, 1, 1 + 0x40000000, 1 + 0xa0000000, 0, 0); /* half way round */
  peer_sack(&r, 1, 0xfffffff0u, 2001, 0, 0);              /* from before the window */
  g_assert_cmpuint(r.c.n_sacked, ==, 0);
  peer_sack(&r, 1, 3001, 4001, 0, 0);
  g_assert_cmpuint(r.c.n_sacked, ==, 1);
  tcp_conn_clear(&r.c);
}

/* ---- ECN: RFC 3168 ---- */

static void
test_ecn_sender(void)
{
  struct rig r;
  struct tcp_profile p = tcp_profile_default;
  p.ecn = TCP_ECN_ASK;
  rig_open(&r, &p, TCP_ECE);
  g_assert_true(r.c.use_ecn);
  rig_send(&r, 30 * MSS);
  while (out(&r)) {
    g_assert_cmpuint(r.s.ip_ecn, ==, 2); /* ECT(0) */
    g_assert_false(r.s.flags & TCP_CWR);
  }
  struct tcp_segment s = peer_segment(&r, 1, 1001, 0);
  s.flags |= TCP_ECE;
  tcp_conn_input(&r.c, &s, r.now_ns);
  uint32_t cwnd = r.c.cwnd;
  g_assert_cmpuint(cwnd, ==, 10 * MSS / 2); /* of what was in flight when the mark came back */
  s.ack += MSS;
  tcp_conn_input(&r.c, &s, r.now_ns); /* the same window: no second time */
  g_assert_cmpuint(r.c.cwnd, ==, cwnd);
  while (!out(&r)) {
    s.ack += MSS;
    tcp_conn_input(&r.c, &s, r.now_ns);
  }
  g_assert_true(r.s.flags & TCP_CWR); /* the first new segment says that we reacted */
  peer_ack(&r, r.s.seq - ISS);
  while (out(&r))
    g_assert_false(r.s.flags & TCP_CWR);
  wait_until(&r, r.c.rexmit_at);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.ip_ecn, ==, 0); /* 6.1.5: repeats are not marked capable */
  tcp_conn_clear(&r.c);
}

/* A FIN without data is not marked capable, and a SYN asks but once (RFC 3168 6.1.4, 6.1.1.1). */
static void
test_ecn_syn_and_fin(void)
{
  struct rig r;
  struct tcp_profile p = tcp_profile_default;
  p.ecn = TCP_ECN_ASK;
  rig_open(&r, &p, TCP_ECE);
  tcp_conn_close(&r.c, r.now_ns);
  g_assert_true(out(&r));
  g_assert_true(r.s.flags & TCP_FIN);
  g_assert_cmpuint(r.s.ip_ecn, ==, 0);
  tcp_conn_clear(&r.c);
  tcp_conn_init(&r.c, &r.profile, NULL, NULL);
  tcp_conn_connect(&r.c, ISS, r.now_ns);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.flags, ==, TCP_SYN | TCP_ECE | TCP_CWR);
  wait_until(&r, r.c.rexmit_at);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.flags, ==, TCP_SYN);
  tcp_conn_clear(&r.c);
}

/* ---- path MTU: RFC 1191, 8201, 5927 ---- */

static void
test_too_big(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  g_assert_false(tcp_conn_too_big(&r.c, r.c.snd_una, 600)); /* nothing is in flight */
  g_assert_cmpuint(tcp_conn_packet_octets(&r.c), ==, MSS + 40);
  rig_send(&r, 2 * (MSS - 12));
  g_assert_cmpuint(out_all(&r), ==, 2);
  g_assert_false(tcp_conn_too_big(&r.c, r.c.snd_una - 1, 600));
  g_assert_false(tcp_conn_too_big(&r.c, r.c.snd_max, 600));
  g_assert_false(tcp_conn_too_big(&r.c, r.c.snd_una, 1500)); /* no news */
  uint32_t cwnd = r.c.cwnd;
  g_assert_true(tcp_conn_too_big(&r.c, r.c.snd_una, 600));
  g_assert_cmpuint(r.c.cwnd, ==, cwnd); /* no sign of congestion */
  assert_out(&r, 1, 600 - 20 - 20 - 12);
  g_assert_true(tcp_conn_too_big(&r.c, r.c.snd_una, 1)); /* a claim that no link of today makes */
  assert_out(&r, 1, 256 - 20 - 20 - 12);
  tcp_conn_clear(&r.c);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cubic/curve", test_cubic_curve);
  g_test_add_func("/cubic/decrease-and-fast-convergence", test_cubic_decrease);
  g_test_add_func("/cubic/reno-friendly", test_cubic_friendly);
  g_test_add_func("/cubic/growth-is-bounded", test_cubic_growth_is_bounded);
  g_test_add_func("/cubic/timeout-and-idle", test_cubic_timeout_and_idle);
  g_test_add_func("/sack/pipe", test_sack_pipe);
  g_test_add_func("/sack/three-ranges", test_sack_three_ranges);
  g_test_add_func("/sack/next-segment-order", test_sack_next_segment_order);
  g_test_add_func("/sack/missing-octets-and-rescue", test_sack_rules_3_and_4);
  g_test_add_func("/sack/after-timeout", test_sack_after_timeout);
  g_test_add_func("/sack/wild-blocks-are-ignored", test_sack_wild_blocks);
  g_test_add_func("/ecn/sender", test_ecn_sender);
  g_test_add_func("/ecn/syn-and-fin", test_ecn_syn_and_fin);
  g_test_add_func("/path-mtu", test_too_big);
  return g_test_run();
}
