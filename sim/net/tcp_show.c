/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_show.c -- what a student may see of a connection, and what must always hold.
 *
 * After every event tcp_conn_show() checks the invariants below and tells the watch those values
 * that changed; nothing is formatted when nobody watches. */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

/* ---- invariants ---- */

static bool
has_peer(const struct tcp_conn *c)
{
  return c->state > TCP_SYN_SENT;
}

static bool
pieces_are_apart(const struct tcp_piece *p, unsigned n, uint32_t behind)
{
  for (unsigned i = 0; i < n; i++) {
    if (!seq_lt(p[i].left, p[i].right) || !seq_lt(i ? p[i - 1].right : behind, p[i].left))
      return false;
  }
  return true;
}

static bool
timer_fits(const struct tcp_conn *c)
{
  bool is_open = c->state >= TCP_ESTABLISHED && c->state != TCP_TIME_WAIT;
  if (!is_open && (c->persist_at != TCP_NEVER || c->keepalive_at != TCP_NEVER))
    return false;
  return c->state != TCP_CLOSED || tcp_conn_deadline(c) == TCP_NEVER;
}

/* 1  SND.UNA <= SND.NXT <= what was ever sent (RFC 9293 3.3.1).
 * 2  Nothing was sent that the user did not give.
 * 3  RCV.NXT is not beyond what was announced, FIN apart.
 * 4  The send buffer is within its limit.
 * 5  The congestion window holds a segment, once a connection is open.
 * 6  Early pieces lie behind RCV.NXT, in order, apart from each other.
 * 7  The scoreboard lies between SND.UNA and what was sent, in order, apart; empty without SACK.
 * 8  2 MSL is timed in TIME-WAIT and only there.
 * 9  A closed connection has no timer; persist and keep-alive run in synchronized states alone.
 * 10 What is in flight has a retransmission timer, or waits to be sent at once.
 * 11 Retransmission and persist timers never run together (RFC 9293 3.8.6.1).
 * 12 Reported SACK blocks lie behind RCV.NXT.
 * 13 An idle path has no recovery: recovery ends with the window it repairs. */
unsigned
tcp_conn_check(const struct tcp_conn *c)
{
  if (!seq_le(c->snd_una, c->snd_nxt) || !seq_le(c->snd_nxt, c->snd_max))
    return 1;
  if (c->state != TCP_CLOSED && !seq_le(c->snd_max, tcp_conn_send_end(c)))
    return 2;
  if (has_peer(c) && !seq_le(c->rcv_nxt, c->rcv_edge + 1) && c->state != TCP_SYN_RECEIVED)
    return 3;
  if (c->send.used > c->profile->send_octets)
    return 4;
  if (c->state >= TCP_ESTABLISHED && c->cwnd < c->snd_mss)
    return 5;
  if (!pieces_are_apart(c->pieces, c->n_pieces, c->rcv_nxt))
    return 6;
  if (c->n_sacked > 0 && (!c->use_sack || !pieces_are_apart(c->sacked, c->n_sacked, c->snd_una) ||
                          seq_gt(c->sacked[c->n_sacked - 1].right, c->snd_max)))
    return 7;
  if ((c->time_wait_at != TCP_NEVER) != (c->state == TCP_TIME_WAIT))
    return 8;
  if (!timer_fits(c))
    return 9;
  if (c->state >= TCP_ESTABLISHED && c->snd_una != c->snd_nxt && c->rexmit_at == TCP_NEVER)
    return 10;
  if (c->rexmit_at != TCP_NEVER && c->persist_at != TCP_NEVER)
    return 11;
  for (unsigned i = 0; i < c->n_blocks; i++) {
    if (!seq_gt(c->blocks[i].left, c->rcv_nxt))
      return 12;
  }
  if (c->is_recovering && c->state >= TCP_ESTABLISHED && seq_ge(c->snd_una, c->recover))
    return 13;
  return 0;
}

/* ---- values ---- */

enum value {
  SND_UNA,
  SND_NXT,
  SND_WND,
  SND_UP,
  RCV_NXT,
  RCV_WND,
  RCV_UP,
  CWND,
  SSTHRESH,
  FLIGHT,
  PIPE,
  RTO_MS,
  SRTT_MS,
  RTTVAR_MS,
  TS_RECENT,
  N_VALUES
};
static const char *const value_keys[] = {
    [SND_UNA] = "snd_una", [SND_NXT] = "snd_nxt",     [SND_WND] = "snd_wnd",
    [SND_UP] = "snd_up",   [RCV_NXT] = "rcv_nxt",     [RCV_WND] = "rcv_wnd",
    [RCV_UP] = "rcv_up",   [CWND] = "cwnd",           [SSTHRESH] = "ssthresh",
    [FLIGHT] = "flight",   [PIPE] = "pipe",           [RTO_MS] = "rto_ms",
    [SRTT_MS] = "srtt_ms", [RTTVAR_MS] = "rttvar_ms", [TS_RECENT] = "ts_recent",
};
_Static_assert(G_N_ELEMENTS(value_keys) == N_VALUES, "every value has a key");

enum text { PHASE, CONTROL, RTXQ, SACK, TIMER, N_TEXTS };
static const char *const text_keys[] = {
    [PHASE] = "phase", [CONTROL] = "control", [RTXQ] = "rtxq", [SACK] = "sack", [TIMER] = "timer"};
_Static_assert(G_N_ELEMENTS(text_keys) == N_TEXTS, "every text has a key");

/* A text is cut at this length, behind a whole range: a screen shows no more. */
enum { TEXT_MAX = 240 };

struct tcp_shown {
  uint32_t values[N_VALUES];
  uint32_t told; /* bit per value: it was told at least once */
  char texts[N_TEXTS][TEXT_MAX];
};

static void
show(struct tcp_conn *c, enum value which, uint32_t value)
{
  struct tcp_shown *s = c->shown;
  if ((s->told & 1u << which) && s->values[which] == value)
    return;
  s->told |= 1u << which;
  s->values[which] = value;
  c->watch(c->watch_data, c, value_keys[which], NULL, value);
}

static void
show_text(struct tcp_conn *c, enum text which, const char *text)
{
  char *before = c->shown->texts[which];
  if (strcmp(before, text) == 0)
    return;
  g_strlcpy(before, text, TEXT_MAX);
  c->watch(c->watch_data, c, text_keys[which], text, 0);
}

static uint32_t
in_ms(int64_t us)
{
  return (uint32_t)((us + 500) / 1000);
}

/* ---- texts ---- */

/* "1:1461, 1461:2921 sacked": ranges count from the SYN's number, as Wireshark shows them. */
struct ranges {
  char text[TEXT_MAX];
  int n;
  uint32_t base;
  uint32_t left, right; /* waits: the next one may continue it */
  const char *mark;
};

static void
ranges_flush(struct ranges *r)
{
  if (!seq_lt(r->left, r->right))
    return;
  char one[64];
  int n = g_snprintf(one, sizeof one, "%s%u:%u%s%s", r->n ? ", " : "", r->left - r->base,
                     r->right - r->base, *r->mark ? " " : "", r->mark);
  if (r->n + n < TEXT_MAX) {
    memcpy(r->text + r->n, one, (size_t)n + 1);
    r->n += n;
  }
  r->left = r->right;
}

static void
ranges_add(struct ranges *r, uint32_t left, uint32_t right, const char *mark)
{
  if (!seq_lt(left, right))
    return;
  if (r->right != left || r->mark != mark) {
    ranges_flush(r);
    r->left = left;
    r->mark = mark;
  }
  r->right = right;
}

static uint32_t
earlier(uint32_t a, uint32_t b)
{
  return seq_lt(a, b) ? a : b;
}

/* What is not SACKed of [left, right): repeated up to one number, lost up to another. */
static void
add_missing(struct ranges *r, uint32_t left, uint32_t right, uint32_t repeated, uint32_t lost)
{
  static const char is_repeated[] = "retransmitted", is_lost[] = "lost", is_in_flight[] = "";
  uint32_t a = seq_gt(repeated, left) ? earlier(repeated, right) : left;
  uint32_t b = seq_gt(lost, a) ? earlier(lost, right) : a;
  ranges_add(r, left, a, is_repeated);
  ranges_add(r, a, b, is_lost);
  ranges_add(r, b, right, is_in_flight);
}

static void
show_queue(struct tcp_conn *c)
{
  static const char is_sacked[] = "sacked";
  struct ranges r = {.base = c->iss, .left = c->snd_una, .right = c->snd_una, .mark = ""};
  uint32_t repeated = c->snd_una, lost = c->snd_una;
  if (c->is_recovering) {
    repeated = c->use_sack ? c->high_rxt : c->snd_una + MIN(c->snd_mss, c->snd_max - c->snd_una);
    lost = c->use_sack ? tcp_sack_lost_edge(c) : c->snd_una;
  } else if (c->is_lost) {
    repeated = earlier(c->snd_nxt, c->recover);
    lost = c->recover;
  }
  uint32_t at = c->snd_una;
  for (unsigned i = 0; i < c->n_sacked; i++) {
    add_missing(&r, at, c->sacked[i].left, repeated, lost);
    ranges_add(&r, c->sacked[i].left, c->sacked[i].right, is_sacked);
    at = c->sacked[i].right;
  }
  add_missing(&r, at, c->snd_max, repeated, lost);
  ranges_flush(&r);
  show_text(c, RTXQ, r.n ? r.text : "empty");
}

static void
show_pieces(struct tcp_conn *c)
{
  struct ranges r = {.base = c->irs, .mark = ""};
  for (unsigned i = 0; i < c->n_pieces; i++) {
    ranges_flush(&r);
    r.left = c->pieces[i].left;
    r.right = c->pieces[i].right;
  }
  ranges_flush(&r);
  show_text(c, SACK, r.n ? r.text : "none");
}

static void
show_timers(struct tcp_conn *c)
{
  const struct {
    const char *name;
    int64_t at;
  } timers[] = {{"retransmit", c->rexmit_at},    {"persist", c->persist_at},
                {"delayed-ack", c->ack_at},      {"time-wait", c->time_wait_at},
                {"keep-alive", c->keepalive_at}, {"cork", c->cork_at}};
  char text[TEXT_MAX];
  int n = 0;
  text[0] = '\0';
  for (size_t i = 0; i < G_N_ELEMENTS(timers); i++) {
    if (timers[i].at != TCP_NEVER)
      n += g_snprintf(text + n, (gulong)(TEXT_MAX - n), "%s%s=%" G_GINT64_FORMAT, n ? " " : "",
                      timers[i].name, timers[i].at / 1000000);
  }
  show_text(c, TIMER, n ? text : "none");
}

static void
show_all(struct tcp_conn *c)
{
  static const char *const phases[] = {[TCP_SLOW_START] = "slow-start",
                                       [TCP_AVOIDANCE] = "avoidance",
                                       [TCP_RECOVERY] = "recovery",
                                       [TCP_LOSS] = "loss"};
  if (!c->shown)
    c->shown = g_new0(struct tcp_shown, 1);
  show(c, SND_UNA, c->snd_una);
  show(c, SND_NXT, c->snd_nxt);
  show(c, CWND, c->cwnd);
  show(c, SSTHRESH, c->ssthresh);
  show(c, FLIGHT, c->snd_nxt - c->snd_una);
  show(c, RTO_MS, in_ms(tcp_rtt_timeout(c, c->backoff) / 1000));
  show_text(c, CONTROL, c->profile->control == TCP_CUBIC ? "cubic" : "reno");
  show_text(c, PHASE, phases[tcp_conn_phase(c)]);
  show_queue(c);
  show_timers(c);
  if (c->rtt_known) {
    show(c, SRTT_MS, in_ms(c->srtt_us));
    show(c, RTTVAR_MS, in_ms(c->rttvar_us));
  }
  if (!has_peer(c))
    return;
  show(c, SND_WND, c->snd_wnd);
  show(c, RCV_NXT, c->rcv_nxt);
  show(c, RCV_WND, seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge - c->rcv_nxt : 0);
  show_pieces(c);
  if (c->use_sack)
    show(c, PIPE, tcp_sack_pipe(c));
  if (c->use_ts)
    show(c, TS_RECENT, c->ts_recent);
  if (c->is_urgent)
    show(c, SND_UP, c->snd_up);
  if (c->has_rcv_up)
    show(c, RCV_UP, c->rcv_up);
}

void
tcp_conn_show(struct tcp_conn *c)
{
#ifndef G_DISABLE_ASSERT
  unsigned broken = tcp_conn_check(c);
  if (broken)
    g_error("tcp: invariant %u of tcp_show.c does not hold in %s", broken,
            tcp_state_name(c->state));
#endif
  if (c->watch)
    show_all(c);
}
