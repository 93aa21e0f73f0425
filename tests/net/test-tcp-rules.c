/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tcp-rules.c -- what timed scripts cannot show of a connection: SACK blocks that it reports,
 * timestamps that wrap, days of silence, TIME-WAIT that is reused, and what it holds in memory. */
#include "tests/net/tcp-peer.h"

/* ---- SACK blocks that we report: RFC 2018 4, RFC 2883 ---- */

static void
assert_block(const struct rig *r, unsigned i, uint32_t left, uint32_t right)
{
  g_assert_cmpuint(r->s.options.n_sack, >, i);
  g_assert_cmpuint(r->s.options.sack[i].left - IRS, ==, left);
  g_assert_cmpuint(r->s.options.sack[i].right - IRS, ==, right);
}

static void
test_blocks_newest_first(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  peer_data(&r, 1001, 500);
  g_assert_true(out(&r));
  assert_block(&r, 0, 1001, 1501);
  g_assert_cmpuint(r.s.options.n_sack, ==, 1);
  peer_data(&r, 3001, 500);
  g_assert_true(out(&r));
  assert_block(&r, 0, 3001, 3501);
  assert_block(&r, 1, 1001, 1501);
  peer_data(&r, 1501, 500); /* the older block grows and comes first */
  g_assert_true(out(&r));
  assert_block(&r, 0, 1001, 2001);
  assert_block(&r, 1, 3001, 3501);
  g_assert_cmpuint(r.s.options.n_sack, ==, 2);
  peer_data(&r, 1, 1000); /* the first hole is filled: its block is in order now */
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.ack - IRS, ==, 2001);
  assert_block(&r, 0, 3001, 3501);
  g_assert_cmpuint(r.s.options.n_sack, ==, 1);
  peer_data(&r, 2001, 1000);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.options.n_sack, ==, 0);
  tcp_conn_clear(&r.c);
}

static void
test_blocks_tell_duplicates_once(void)
{
  struct rig r;
  rig_open_sack(&r, true);
  peer_data(&r, 1, 500);
  out_all(&r);
  peer_data(&r, 1, 500); /* RFC 2883 4.1: below the ACK */
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.ack - IRS, ==, 501);
  assert_block(&r, 0, 1, 501);
  g_assert_cmpuint(r.s.options.n_sack, ==, 1);
  peer_data(&r, 1501, 500);
  g_assert_true(out(&r));
  assert_block(&r, 0, 1501, 2001); /* told once */
  g_assert_cmpuint(r.s.options.n_sack, ==, 1);
  peer_data(&r, 1501, 500); /* 4.1.2: a duplicate above: the duplicate, then the block it is in */
  g_assert_true(out(&r));
  assert_block(&r, 0, 1501, 2001);
  assert_block(&r, 1, 1501, 2001);
  peer_data(&r, 1001, 750); /* 4.2.1: partly new */
  g_assert_true(out(&r));
  assert_block(&r, 0, 1501, 1751);
  assert_block(&r, 1, 1001, 2001);
  tcp_conn_clear(&r.c);
}

/* Blocks and timestamps next to data: the segment is still no larger than the MSS. */
static void
test_blocks_leave_room_for_data(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  peer_data(&r, 2001, 500);
  peer_data(&r, 4001, 500);
  rig_send(&r, 3 * MSS);
  while (out(&r)) {
    uint8_t options[40];
    size_t n = tcp_options_put(options, &r.s.options);
    g_assert_cmpuint(n + r.s.n_data, <=, MSS);
    g_assert_true(r.s.options.has_timestamps);
  }
  tcp_conn_clear(&r.c);
}

/* ---- timestamps: RFC 7323 ---- */

static bool
is_taken(struct rig *r, uint32_t ts)
{
  uint32_t before = r->c.rcv_nxt;
  r->peer_ts = ts;
  peer_data(r, before - IRS, 10);
  out_all(r);
  return r->c.rcv_nxt != before;
}

static void
test_paws(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  g_assert_true(is_taken(&r, 1000));
  g_assert_false(is_taken(&r, 999));
  g_assert_true(is_taken(&r, 1000 + 0x7fffffffu)); /* the farthest that is ahead */
  g_assert_false(is_taken(&r, 1000));
  g_assert_true(is_taken(&r, 1000 + 0x7fffffffu + 0x70000000)); /* past 2^32 */
  g_assert_false(is_taken(&r, 1000 + 0x7fffffffu));
  /* RFC 7323 5.5: after 24 days of silence the clock may have run half way round */
  r.now_ns += 23 * 86400 * SECOND;
  g_assert_false(is_taken(&r, 0x90000000u));
  r.now_ns += 2 * 86400 * SECOND;
  g_assert_true(is_taken(&r, 0x90000000u));
  g_assert_cmpuint(r.c.ts_recent, ==, 0x90000000u);
  tcp_conn_clear(&r.c);
}

static void
test_paws_exempts_rst(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  struct tcp_segment s = peer_segment(&r, 1, 1, 0);
  s.options.ts_value = 1;
  s.flags = TCP_RST;
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpint(r.c.outcome, ==, TCP_OUTCOME_RESET);
  tcp_conn_clear(&r.c);
}

static void
test_ts_recent_rule(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  r.peer_ts = 2000;
  peer_data(&r, 1, 100); /* the ACK is delayed */
  r.peer_ts = 2005;
  peer_data(&r, 101, 50);
  /* 4.3: of those that one ACK answers the first is echoed */
  wait_until(&r, r.c.ack_at);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.options.ts_echo, ==, 2000);
  r.peer_ts = 2010;
  peer_data(&r, 1001, 100); /* early: beyond the last ACK */
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.options.ts_echo, ==, 2000);
  tcp_conn_clear(&r.c);
}

static void
test_ts_missing(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("freebsd"), 0);
  struct tcp_segment s = peer_segment(&r, 1, 1, 10);
  s.options.has_timestamps = false;
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpuint(r.c.rcv_nxt - IRS, ==, 1); /* RFC 7323 3.2: silently dropped */
  g_assert_false(out(&r));
  tcp_conn_clear(&r.c);
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  s = peer_segment(&r, 1, 1, 10);
  s.options.has_timestamps = false;
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpuint(r.c.rcv_nxt - IRS, ==, 11); /* Linux takes it */
  tcp_conn_clear(&r.c);
}

/* Karn's rule forbids timing a repeat; its echo says which of the two was answered. */
static void
test_rtt_by_echo(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  rig_send(&r, 100);
  g_assert_true(out(&r));
  wait_until(&r, r.c.rexmit_at);
  g_assert_true(out(&r));
  g_assert_cmpuint(r.c.backoff, ==, 1);
  uint32_t echo = r.s.options.ts_value;
  int64_t srtt = r.c.srtt_us;
  r.now_ns += 180 * MS;
  struct tcp_segment s = peer_segment(&r, 1, 101, 0);
  s.options.ts_echo = echo;
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpint(r.c.srtt_us, ==, (7 * srtt + 180000) / 8);
  g_assert_cmpuint(r.c.backoff, ==, 0);
  tcp_conn_clear(&r.c);
}

/* ---- TIME-WAIT: RFC 6191, 1337 ---- */

static void
to_time_wait(struct rig *r)
{
  tcp_conn_close(&r->c, r->now_ns);
  out_all(r);
  struct tcp_segment s = peer_segment(r, 1, 2, 0);
  s.flags |= TCP_FIN;
  tcp_conn_input(&r->c, &s, r->now_ns);
  g_assert_cmpint(r->c.state, ==, TCP_TIME_WAIT);
  out_all(r);
}

static void
test_reuse(void)
{
  static const struct {
    const char *profile; /* of the old connection: freebsd has timestamps */
    int32_t seq, ts;     /* of the new SYN, counted from the old connection's last */
    bool has_ts, may;
  } rows[] = {
      {"freebsd", -1000, 1, true, true},  /* newer timestamp: the numbers do not matter */
      {"freebsd", -1000, 0, true, false}, /* the same instant: numbers decide */
      {"freebsd", 1000, 0, true, true},
      {"freebsd", 1000, -1, true, false}, /* older: a duplicate */
      {"freebsd", 1000, 0, false, true},  /* without: numbers decide */
      {"freebsd", -1000, 0, false, false},
      {"rfc", -1000, 5, true, false}, /* this side does no timestamps: numbers decide */
      {"rfc", 1000, 0, false, true},
      {"rfc", 0, 0, false, false}, /* the very number of the FIN's end is not behind it */
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct rig r;
    rig_open(&r, tcp_profile_by_name(rows[i].profile), 0);
    to_time_wait(&r);
    struct tcp_segment s = {.seq = r.c.rcv_nxt + (uint32_t)rows[i].seq, .flags = TCP_SYN};
    s.options.has_timestamps = rows[i].has_ts;
    s.options.ts_value = r.c.ts_recent + (uint32_t)rows[i].ts;
    if (tcp_conn_may_reuse(&r.c, &s) != rows[i].may)
      g_error("row %u", i);
    s.flags |= TCP_ACK;
    g_assert_false(tcp_conn_may_reuse(&r.c, &s));
    tcp_conn_clear(&r.c);
  }
}

static void
test_rst_in_time_wait(void)
{
  struct rig r;
  for (int i = 0; i < 2; i++) {
    rig_open(&r, tcp_profile_by_name(i ? "linux" : "freebsd"), 0);
    to_time_wait(&r);
    struct tcp_segment s = {.seq = r.c.rcv_nxt, .flags = TCP_RST};
    tcp_conn_input(&r.c, &s, r.now_ns);
    g_assert_cmpint(r.c.state, ==, i ? TCP_CLOSED : TCP_TIME_WAIT);
    tcp_conn_clear(&r.c);
  }
}

/* ---- ECN: RFC 3168 ---- */

static void
test_ecn_receiver(void)
{
  struct rig r;
  struct tcp_profile p = tcp_profile_default;
  p.ecn = TCP_ECN_ASK;
  rig_open(&r, &p, TCP_ECE);
  struct tcp_segment s = peer_segment(&r, 1, 1, 1000);
  s.ip_ecn = 3; /* congestion experienced */
  tcp_conn_input(&r.c, &s, r.now_ns);
  for (uint32_t at = 1001; at < 4001; at += 1000) {
    peer_data(&r, at, 1000);
    while (out(&r)) {
      g_assert_true(r.s.flags & TCP_ECE); /* in every ACK ... */
      g_assert_cmpuint(r.s.ip_ecn, ==, 0);
    }
  }
  s = peer_segment(&r, 4001, 1, 1000);
  s.flags |= TCP_CWR;
  tcp_conn_input(&r.c, &s, r.now_ns);
  wait_until(&r, r.now_ns + SECOND);
  g_assert_true(out(&r));
  g_assert_false(r.s.flags & TCP_ECE); /* ... until CWR */
  tcp_conn_clear(&r.c);
}

static void
test_ecn_is_agreed(void)
{
  static const struct {
    enum tcp_ecn ecn;
    uint16_t syn, want;
  } rows[] = {{TCP_ECN_ANSWER, TCP_ECE | TCP_CWR, TCP_ECE},
              {TCP_ECN_ANSWER, 0, 0},
              {TCP_ECN_ANSWER, TCP_ECE, 0},
              {TCP_ECN_OFF, TCP_ECE | TCP_CWR, 0}};
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct rig r = {.profile = tcp_profile_default, .now_ns = SECOND};
    r.profile.ecn = rows[i].ecn;
    tcp_conn_init(&r.c, &r.profile, NULL, NULL);
    struct tcp_segment s = {.seq = IRS, .flags = TCP_SYN | rows[i].syn, .window = 1000};
    tcp_conn_accept(&r.c, &s, ISS, r.now_ns);
    g_assert_true(out(&r));
    g_assert_cmpuint(r.s.flags & (TCP_ECE | TCP_CWR), ==, rows[i].want);
    tcp_conn_clear(&r.c);
  }
}

/* ---- silence: keep-alive, user timeout ---- */

static void
test_keepalive(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  g_assert_cmpint(tcp_conn_deadline(&r.c), ==, TCP_NEVER); /* off unless asked for */
  tcp_conn_set(&r.c, TCP_KNOB_KEEPALIVE, 1, r.now_ns);
  int64_t start = r.now_ns;
  g_assert_cmpint(tcp_conn_deadline(&r.c), ==, start + 7200 * SECOND);
  wait_until(&r, tcp_conn_deadline(&r.c));
  g_assert_true(out(&r));
  g_assert_cmpuint(r.s.seq - ISS, ==, 0); /* SND.NXT - 1: old, so the peer must answer */
  g_assert_cmpuint(r.s.n_data, ==, 0);
  peer_ack(&r, 1); /* it lives: all begins anew */
  g_assert_cmpint(tcp_conn_deadline(&r.c), ==, r.now_ns + 7200 * SECOND);
  for (unsigned i = 0; i < 9; i++) {
    int64_t due = i ? r.now_ns + 75 * SECOND : r.now_ns + 7200 * SECOND;
    g_assert_cmpint(tcp_conn_deadline(&r.c), ==, due);
    wait_until(&r, due);
    g_assert_cmpuint(out_all(&r), ==, 1);
    g_assert_cmpint(r.c.state, ==, TCP_ESTABLISHED);
  }
  wait_until(&r, r.now_ns + 75 * SECOND);
  g_assert_cmpint(r.c.outcome, ==, TCP_OUTCOME_TIMED_OUT);
  g_assert_true(out(&r));
  g_assert_true(r.s.flags & TCP_RST);
  tcp_conn_clear(&r.c);
}

static void
test_user_timeout(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  tcp_conn_set(&r.c, TCP_KNOB_USER_TIMEOUT_NS, 10 * SECOND, r.now_ns);
  rig_send(&r, 100);
  out_all(&r);
  int64_t start = r.now_ns;
  while (r.c.state == TCP_ESTABLISHED) {
    wait_until(&r, tcp_conn_deadline(&r.c));
    out_all(&r);
  }
  g_assert_cmpint(r.c.outcome, ==, TCP_OUTCOME_TIMED_OUT);
  g_assert_cmpint(r.now_ns - start, ==, 10 * SECOND);
  tcp_conn_clear(&r.c);
}

static void
test_cork(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  tcp_conn_set(&r.c, TCP_KNOB_CORK, 1, r.now_ns);
  rig_send(&r, 1500);
  assert_out(&r, 1, 1000);
  g_assert_false(out(&r));
  peer_ack(&r, 1001);
  g_assert_false(out(&r)); /* Nagle would let it go */
  wait_until(&r, r.now_ns + 200 * MS);
  assert_out(&r, 1001, 500);
  rig_send(&r, 10);
  peer_ack(&r, 1501);
  g_assert_false(out(&r));
  tcp_conn_set(&r.c, TCP_KNOB_CORK, 0, r.now_ns);
  assert_out(&r, 1501, 10);
  tcp_conn_clear(&r.c);
}

/* ---- urgent data: RFC 9293 3.8.5 ---- */

static void
test_urgent(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  rig_send(&r, 500);
  g_assert_cmpuint(tcp_conn_send_urgent(&r.c, tcp_peer_text, 1, r.now_ns), ==, 1);
  assert_out(&r, 1, 501);
  g_assert_true(r.s.flags & TCP_URG);
  g_assert_cmpuint(r.s.urgent, ==, 501); /* behind the last urgent octet */
  peer_ack(&r, 502);
  rig_send(&r, 10);
  assert_out(&r, 502, 10);
  g_assert_false(r.s.flags & TCP_URG);
  struct tcp_segment s = peer_segment(&r, 1, 512, 100);
  s.flags |= TCP_URG;
  s.urgent = 150; /* the mark may lie in what comes later */
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpuint(tcp_conn_urgent(&r.c), ==, 150);
  s.seq += 100;
  s.n_data = 0;
  s.urgent = 5; /* it never moves back */
  tcp_conn_input(&r.c, &s, r.now_ns);
  g_assert_cmpuint(tcp_conn_urgent(&r.c), ==, 150);
  tcp_conn_drop(&r.c, 100, r.now_ns);
  g_assert_cmpuint(tcp_conn_urgent(&r.c), ==, 50);
  peer_data(&r, 101, 100);
  tcp_conn_drop(&r.c, 60, r.now_ns);
  g_assert_cmpuint(tcp_conn_urgent(&r.c), ==, 0);
  tcp_conn_clear(&r.c);
}

static void
test_urgent_is_told_to_a_closed_window(void)
{
  struct rig r;
  rig_open(&r, &tcp_profile_default, 0);
  struct tcp_segment s = peer_segment(&r, 1, 1, 0);
  s.window = 0;
  tcp_conn_input(&r.c, &s, r.now_ns);
  tcp_conn_send_urgent(&r.c, tcp_peer_text, 3, r.now_ns);
  assert_out(&r, 1, 0);
  g_assert_true(r.s.flags & TCP_URG);
  g_assert_cmpuint(r.s.urgent, ==, 3);
  tcp_conn_clear(&r.c);
}

/* ---- data on a SYN: RFC 9293 3.4 ---- */

static void
test_data_on_syn(void)
{
  for (int i = 0; i < 2; i++) {
    struct rig r = {.profile = *tcp_profile_by_name(i ? "linux" : "rfc"), .now_ns = SECOND};
    tcp_conn_init(&r.c, &r.profile, NULL, NULL);
    struct tcp_segment s = {
        .seq = IRS, .flags = TCP_SYN, .window = 1000, .data = tcp_peer_text, .n_data = 30};
    tcp_conn_accept(&r.c, &s, ISS, r.now_ns);
    g_assert_true(out(&r));
    uint32_t kept = i ? 0 : 30;
    g_assert_cmpuint(r.s.ack - IRS, ==, 1 + kept);
    const uint8_t *p;
    g_assert_cmpuint(tcp_conn_peek(&r.c, &p), ==, 0); /* not before the handshake is done */
    s = peer_segment(&r, 1 + kept, 1, 0);
    tcp_conn_input(&r.c, &s, r.now_ns);
    g_assert_cmpint(r.c.state, ==, TCP_ESTABLISHED);
    g_assert_cmpuint(tcp_conn_peek(&r.c, &p), ==, kept);
    tcp_conn_clear(&r.c);
  }
}

/* ---- what is shown, what is held ---- */

struct seen {
  char rtxq[300], phase[40], sack[300];
};

static void
note(void *data, const struct tcp_conn *c, const char *key, const char *words, uint64_t value)
{
  struct seen *seen = data;
  if (strcmp(key, "rtxq") == 0)
    g_strlcpy(seen->rtxq, words, sizeof seen->rtxq);
  else if (strcmp(key, "phase") == 0)
    g_strlcpy(seen->phase, words, sizeof seen->phase);
  else if (strcmp(key, "sack") == 0)
    g_strlcpy(seen->sack, words, sizeof seen->sack);
}

static void
test_queue_is_shown(void)
{
  struct rig r;
  struct seen seen = {0};
  rig_open_sack(&r, true);
  r.c.watch = note;
  r.c.watch_data = &seen;
  rig_send(&r, 6 * MSS);
  out_all(&r);
  g_assert_cmpstr(seen.rtxq, ==, "1:6001");
  peer_sack(&r, 1, 1001, 2001, 0, 0);
  g_assert_cmpstr(seen.rtxq, ==, "1:1001, 1001:2001 sacked, 2001:6001");
  peer_sack(&r, 1, 3001, 5001, 1001, 2001);
  g_assert_cmpstr(seen.phase, ==, "recovery");
  g_assert_cmpstr(seen.rtxq, ==,
                  "1:1001 lost, 1001:2001 sacked, 2001:3001, 3001:5001 sacked, 5001:6001");
  g_assert_true(out(&r));
  g_assert_cmpstr(seen.rtxq, ==,
                  "1:1001 retransmitted, 1001:2001 sacked, 2001:3001, 3001:5001 sacked, 5001:6001");
  peer_ack(&r, 6001);
  g_assert_cmpstr(seen.rtxq, ==, "empty");
  peer_data(&r, 1001, 100);
  peer_data(&r, 2001, 100);
  g_assert_cmpstr(seen.sack, ==, "1001:1101, 2001:2101");
  peer_data(&r, 1, 2000);
  g_assert_cmpstr(seen.sack, ==, "none");
  tcp_conn_clear(&r.c);
}

/* At most 4 kB for an idle connection, all in; the stack around it takes part of that. */
static void
test_idle_connection_is_small(void)
{
  struct rig r;
  rig_open(&r, tcp_profile_by_name("linux"), 0);
  rig_send(&r, 5000);
  out_all(&r);
  peer_ack(&r, 5001);
  peer_data(&r, 1001, 500);
  peer_data(&r, 1, 1000);
  tcp_conn_drop(&r.c, 1500, r.now_ns);
  g_assert_null(r.c.send.octets);
  g_assert_null(r.c.receive.octets);
  g_assert_null(r.c.sacked);
  g_assert_null(r.c.shown);
  g_assert_cmpuint(sizeof r.c, <=, 1536);
  tcp_conn_clear(&r.c);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/blocks/newest-first", test_blocks_newest_first);
  g_test_add_func("/blocks/duplicates-are-told-once", test_blocks_tell_duplicates_once);
  g_test_add_func("/blocks/leave-room-for-data", test_blocks_leave_room_for_data);
  g_test_add_func("/timestamps/paws", test_paws);
  g_test_add_func("/timestamps/paws-exempts-rst", test_paws_exempts_rst);
  g_test_add_func("/timestamps/first-of-an-ack-is-echoed", test_ts_recent_rule);
  g_test_add_func("/timestamps/missing", test_ts_missing);
  g_test_add_func("/timestamps/echo-times-a-repeat", test_rtt_by_echo);
  g_test_add_func("/time-wait/reuse", test_reuse);
  g_test_add_func("/time-wait/rst", test_rst_in_time_wait);
  g_test_add_func("/ecn/receiver", test_ecn_receiver);
  g_test_add_func("/ecn/agreed", test_ecn_is_agreed);
  g_test_add_func("/silence/keep-alive", test_keepalive);
  g_test_add_func("/silence/user-timeout", test_user_timeout);
  g_test_add_func("/cork", test_cork);
  g_test_add_func("/urgent/in-band", test_urgent);
  g_test_add_func("/urgent/told-to-a-closed-window", test_urgent_is_told_to_a_closed_window);
  g_test_add_func("/data-on-syn", test_data_on_syn);
  g_test_add_func("/shown/retransmission-queue", test_queue_is_shown);
  g_test_add_func("/memory/idle-connection", test_idle_connection_is_small);
  return g_test_run();
}
