/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stack_option.c -- options of a socket, and what can be read about its connection. One table
 * says for each option its name in the system's headers, its range, and whether it must come before
 * the connection. */
#include <errno.h>
#include <string.h>

#include "sim/net/tcp_stack_inside.h"

struct option_row {
  const char *name;
  int64_t least, most; /* least > most: not this stack's */
  bool is_early;       /* only before the connection */
};

static const struct option_row rows[] = {
    [TCP_STACK_OPT_NODELAY] = {"TCP_NODELAY", 0, 1, false},
    [TCP_STACK_OPT_CORK] = {"TCP_CORK", 0, 1, false},
    [TCP_STACK_OPT_QUICKACK] = {"TCP_QUICKACK", 0, 1, false},
    [TCP_STACK_OPT_KEEPALIVE] = {"SO_KEEPALIVE", 0, 1, false},
    [TCP_STACK_OPT_KEEPIDLE] = {"TCP_KEEPIDLE", 1, 32767, false},
    [TCP_STACK_OPT_KEEPINTVL] = {"TCP_KEEPINTVL", 1, 32767, false},
    [TCP_STACK_OPT_KEEPCNT] = {"TCP_KEEPCNT", 1, 127, false},
    [TCP_STACK_OPT_USER_TIMEOUT] = {"TCP_USER_TIMEOUT", 0, INT32_MAX, false},
    [TCP_STACK_OPT_RCVBUF] = {"SO_RCVBUF", 1, 1 << 24, true},
    [TCP_STACK_OPT_SNDBUF] = {"SO_SNDBUF", 1, 1 << 24, true},
    [TCP_STACK_OPT_MAXSEG] = {"TCP_MAXSEG", 48, 65495, true},
    [TCP_STACK_OPT_CONGESTION] = {"TCP_CONGESTION", TCP_STACK_RENO, TCP_STACK_CUBIC, true},
    [TCP_STACK_OPT_LINGER] = {"SO_LINGER", -1, 127, false},
    [TCP_STACK_OPT_TTL] = {"IP_TTL", 1, 255, false},
    [TCP_STACK_OPT_DSCP] = {"IP_TOS", 0, 63, false},
    [TCP_STACK_OPT_ECN] = {"TCP_ECN", TCP_ECN_OFF, TCP_ECN_ASK, true},
    [TCP_STACK_OPT_REUSEADDR] = {"SO_REUSEADDR", 0, 1, false},
    [TCP_STACK_OPT_OOBINLINE] = {"SO_OOBINLINE", 1, 1, false},
    [TCP_STACK_OPT_SACK] = {"TCP_SACK", 0, 1, true},
    [TCP_STACK_OPT_TIMESTAMPS] = {"TCP_TIMESTAMPS", 0, 1, true},
    [TCP_STACK_OPT_WSCALE] = {"TCP_WSCALE", -1, 14, true},
};
_Static_assert(G_N_ELEMENTS(rows) == TCP_STACK_N_OPTIONS, "every option has a row");

#define MS INT64_C(1000000)

enum tcp_stack_option
tcp_stack_option_find(const char *name)
{
  unsigned i = 0;
  while (i < TCP_STACK_N_OPTIONS && strcmp(rows[i].name, name) != 0)
    i++;
  return (enum tcp_stack_option)i;
}

/* Options that the engine takes at any time, with the factor to its unit. */
static const struct {
  enum tcp_stack_option option;
  enum tcp_knob knob;
  int64_t factor;
} knobs[] = {
    {TCP_STACK_OPT_NODELAY, TCP_KNOB_NODELAY, 1},
    {TCP_STACK_OPT_CORK, TCP_KNOB_CORK, 1},
    {TCP_STACK_OPT_QUICKACK, TCP_KNOB_QUICKACK, 1},
    {TCP_STACK_OPT_KEEPALIVE, TCP_KNOB_KEEPALIVE, 1},
    {TCP_STACK_OPT_KEEPIDLE, TCP_KNOB_KEEPALIVE_IDLE_NS, 1000 * MS},
    {TCP_STACK_OPT_KEEPINTVL, TCP_KNOB_KEEPALIVE_INTERVAL_NS, 1000 * MS},
    {TCP_STACK_OPT_KEEPCNT, TCP_KNOB_KEEPALIVE_PROBES, 1},
    {TCP_STACK_OPT_USER_TIMEOUT, TCP_KNOB_USER_TIMEOUT_NS, MS},
};

/* The profile of this socket alone, to be changed before the connection. */
static struct tcp_profile *
own_profile(struct tcp_sock *s)
{
  if (!s->profile) {
    s->profile = g_memdup2(s->stack->profile, sizeof *s->stack->profile);
    s->tcp.profile = s->profile;
  }
  return s->profile;
}

static void
set_plain(struct tcp_sock *s, enum tcp_stack_option option, int64_t value)
{
  switch (option) {
  case TCP_STACK_OPT_RCVBUF:
    own_profile(s)->receive_octets = (uint32_t)value;
    break;
  case TCP_STACK_OPT_SNDBUF:
    own_profile(s)->send_octets = (uint32_t)value;
    break;
  case TCP_STACK_OPT_MAXSEG:
    s->maxseg = (uint16_t)value;
    break;
  case TCP_STACK_OPT_CONGESTION:
    own_profile(s)->control = value == TCP_STACK_CUBIC ? TCP_CUBIC : TCP_RENO;
    break;
  case TCP_STACK_OPT_LINGER:
    s->linger_s = (int8_t)value;
    break;
  case TCP_STACK_OPT_TTL:
    s->ttl = (uint8_t)value;
    break;
  case TCP_STACK_OPT_DSCP:
    s->dscp = (uint8_t)value;
    break;
  case TCP_STACK_OPT_ECN:
    own_profile(s)->ecn = (enum tcp_ecn)value;
    break;
  case TCP_STACK_OPT_REUSEADDR:
    s->is_reusable = value;
    break;
  case TCP_STACK_OPT_SACK:
    own_profile(s)->sack = value;
    break;
  case TCP_STACK_OPT_TIMESTAMPS:
    own_profile(s)->timestamps = value;
    break;
  case TCP_STACK_OPT_WSCALE:
    own_profile(s)->wscale = (int8_t)value;
    break;
  default:
    break; /* knobs; and options with one possible value */
  }
}

int
tcp_sock_set(struct tcp_sock *s, enum tcp_stack_option option, int64_t value, int64_t now_ns)
{
  const struct option_row *row = &rows[option];
  if (row->least > row->most)
    return -ENOPROTOOPT;
  if (value < row->least || value > row->most)
    return -EINVAL;
  if (row->is_early && s->kind == SOCK_CONN)
    return -EISCONN;
  for (unsigned i = 0; i < G_N_ELEMENTS(knobs); i++)
    if (knobs[i].option == option)
      tcp_conn_set(&s->tcp, knobs[i].knob, value * knobs[i].factor, now_ns);
  set_plain(s, option, value);
  if (s->kind == SOCK_CONN)
    sock_work(s, now_ns);
  return 0;
}

int
tcp_sock_get(const struct tcp_sock *s, enum tcp_stack_option option, int64_t *value)
{
  const struct tcp_conn *c = &s->tcp;
  const struct tcp_profile *p = c->profile;
  const int64_t values[] = {
      [TCP_STACK_OPT_NODELAY] = c->is_nodelay,
      [TCP_STACK_OPT_CORK] = c->is_corked,
      [TCP_STACK_OPT_QUICKACK] = c->is_quickack,
      [TCP_STACK_OPT_KEEPALIVE] = c->is_keepalive,
      [TCP_STACK_OPT_KEEPIDLE] = c->keepalive_idle_ns / (1000 * MS),
      [TCP_STACK_OPT_KEEPINTVL] = c->keepalive_interval_ns / (1000 * MS),
      [TCP_STACK_OPT_KEEPCNT] = c->keepalive_probes,
      [TCP_STACK_OPT_USER_TIMEOUT] = c->user_timeout_ns / MS,
      [TCP_STACK_OPT_RCVBUF] = p->receive_octets,
      [TCP_STACK_OPT_SNDBUF] = p->send_octets,
      [TCP_STACK_OPT_MAXSEG] = s->kind == SOCK_CONN ? c->snd_mss : MIN(s->maxseg, p->mss),
      [TCP_STACK_OPT_CONGESTION] = p->control == TCP_CUBIC ? TCP_STACK_CUBIC : TCP_STACK_RENO,
      [TCP_STACK_OPT_LINGER] = s->linger_s,
      [TCP_STACK_OPT_TTL] = s->ttl,
      [TCP_STACK_OPT_DSCP] = s->dscp,
      [TCP_STACK_OPT_ECN] = p->ecn,
      [TCP_STACK_OPT_REUSEADDR] = s->is_reusable,
      [TCP_STACK_OPT_OOBINLINE] = 1,
      [TCP_STACK_OPT_SACK] = p->sack,
      [TCP_STACK_OPT_TIMESTAMPS] = p->timestamps,
      [TCP_STACK_OPT_WSCALE] = p->wscale,
  };
  _Static_assert(G_N_ELEMENTS(values) == TCP_STACK_N_OPTIONS, "every option can be read");
  if (rows[option].least > rows[option].most)
    return -ENOPROTOOPT;
  *value = values[option];
  return 0;
}

void
tcp_sock_info(const struct tcp_sock *s, struct tcp_stack_info *out)
{
  const struct tcp_conn *c = &s->tcp;
  uint32_t unsent_from =
      seq_gt(c->snd_max, tcp_conn_data_end(c)) ? tcp_conn_data_end(c) : c->snd_max;
  bool scales = c->use_scale;
  *out = (struct tcp_stack_info){
      .state = s->kind == SOCK_LISTEN ? tcp_state_name(TCP_LISTEN) : tcp_state_name(c->state),
      .snd_mss = c->snd_mss,
      .advertised_mss = c->mss,
      .cwnd = c->cwnd,
      .ssthresh = c->ssthresh,
      .flight = c->snd_nxt - c->snd_una,
      .snd_wnd = c->snd_wnd,
      .rcv_wnd = seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge - c->rcv_nxt : 0,
      .unsent = s->kind == SOCK_CONN ? tcp_conn_data_end(c) - unsent_from : 0,
      .srtt_us = c->srtt_us,
      .rttvar_us = c->rttvar_us,
      .rto_us = tcp_rtt_timeout(c, c->backoff) / 1000,
      .backoff = c->backoff,
      .snd_scale = scales ? (int8_t)c->snd_scale : -1,
      .rcv_scale = scales ? (int8_t)c->rcv_scale : -1,
      .has_timestamps = c->use_ts,
      .has_sack = c->use_sack,
      .has_ecn = c->use_ecn,
      .is_recovering = c->is_recovering};
}
