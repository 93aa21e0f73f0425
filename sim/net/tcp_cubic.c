/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_cubic.c -- congestion avoidance by CUBIC, RFC 9438, in integers.
 *
 *   cwnd                                     _/    W_cubic(t) = C (t - K)^3 + W_max
 *    │ \      W_max  ______-----------------'      C = 0.4 segments/s^3, beta = 0.7
 *    │  \     __----'   plateau      probing       K = cube root of ((W_max - cwnd) / C)
 *    │   └---'  recovering
 *    └───┬─────────────┬────────────────────> t
 *      epoch           K
 *
 * Windows are octets, times milliseconds. Where Reno would be faster, its estimate W_est is used.
 * Not here: HyStart. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

#define CWND_MAX (UINT32_C(1) << 30)
/* 100 s from the plateau is 400,000 segments: more than any window; keeps products in 64 bits. */
#define T_MAX_MS INT64_C(100000)
#define NEVER_BEGUN TCP_NEVER

/* beta = 7/10; alpha = 3 (1 - beta) / (1 + beta) = 9/17; fast convergence (1 + beta) / 2 = 17/20 */
enum { BETA = 7, BETA_OF = 10, ALPHA = 9, ALPHA_OF = 17, CONVERGE = 17, CONVERGE_OF = 20 };

static uint32_t
cube_root(uint64_t x)
{
  uint64_t y = 0;
  for (int s = 63; s >= 0; s -= 3) {
    y *= 2;
    uint64_t b = 3 * y * (y + 1) + 1;
    if (x >> s >= b) {
      x -= b << s;
      y++;
    }
  }
  return (uint32_t)y;
}

uint32_t
tcp_cubic_k_ms(uint32_t w_max, uint32_t cwnd, uint32_t mss)
{
  if (w_max <= cwnd)
    return 0;
  /* K^3 = segments / 0.4 s^3 = segments * 2.5e9 ms^3 */
  return cube_root((uint64_t)(w_max - cwnd) * UINT64_C(2500000000) / mss);
}

uint32_t
tcp_cubic_window(uint32_t w_max, uint32_t k_ms, int64_t t_ms, uint32_t mss)
{
  int64_t d = CLAMP(t_ms - (int64_t)k_ms, -T_MAX_MS, T_MAX_MS);
  /* 0.4 d^3 / 1e9 segments; d^3 is at most 1e15, so the product stays below 2^63. */
  int64_t octets = d * d * d / 1000 * 4 * (int64_t)mss / 10000000;
  return (uint32_t)CLAMP((int64_t)w_max + octets, 0, (int64_t)CWND_MAX);
}

void
tcp_cubic_reset(struct tcp_conn *c)
{
  c->cubic.epoch_ns = NEVER_BEGUN;
  c->cubic.w_max = c->cubic.cwnd_prior = 0;
}

uint32_t
tcp_cubic_reduce(struct tcp_conn *c)
{
  uint32_t flight = tcp_congestion_flight(c);
  bool gives_way = c->cwnd < c->cubic.w_max; /* another flow took some: RFC 9438 4.7 */
  c->cubic.epoch_ns = NEVER_BEGUN;
  c->cubic.cwnd_prior = c->cwnd;
  c->cubic.w_max = gives_way ? (uint32_t)((uint64_t)c->cwnd * CONVERGE / CONVERGE_OF) : c->cwnd;
  return MAX((uint32_t)((uint64_t)flight * BETA / BETA_OF), 2u * c->snd_mss);
}

static void
begin_epoch(struct tcp_conn *c, int64_t now_ns)
{
  c->cubic.epoch_ns = now_ns;
  c->cubic.w_est = c->cwnd;
  c->cubic.grown = c->cubic.est_grown = 0;
  c->cubic.k_ms = tcp_cubic_k_ms(c->cubic.w_max, c->cwnd, c->snd_mss);
  if (c->cubic.w_max < c->cwnd)
    c->cubic.w_max = c->cwnd;
}

/* RFC 9438 4.3: what Reno with the same mean window would have. */
static void
grow_estimate(struct tcp_conn *c, uint32_t n_acked)
{
  bool is_past = c->cubic.w_est >= c->cubic.cwnd_prior;
  uint64_t share = (uint64_t)n_acked * c->snd_mss * (is_past ? ALPHA_OF : ALPHA);
  uint64_t whole = (uint64_t)c->cwnd * ALPHA_OF;
  c->cubic.est_grown += share;
  c->cubic.w_est += (uint32_t)(c->cubic.est_grown / whole);
  c->cubic.est_grown %= whole;
}

void
tcp_cubic_acked(struct tcp_conn *c, uint32_t n_acked, int64_t now_ns)
{
  if (c->cubic.epoch_ns == NEVER_BEGUN)
    begin_epoch(c, now_ns);
  int64_t t_ms = (now_ns - c->cubic.epoch_ns) / 1000000, rtt_ms = c->srtt_us / 1000;
  uint32_t w_max = c->cubic.w_max, k_ms = c->cubic.k_ms;
  grow_estimate(c, n_acked);
  if (tcp_cubic_window(w_max, k_ms, t_ms, c->snd_mss) < c->cubic.w_est) {
    c->cwnd = MAX(c->cwnd, c->cubic.w_est);
    return;
  }
  /* In one round trip to where the curve will be, but never half again as much. */
  uint32_t target = tcp_cubic_window(w_max, k_ms, t_ms + rtt_ms, c->snd_mss);
  target = CLAMP(target, c->cwnd, c->cwnd + c->cwnd / 2);
  c->cubic.grown += (uint64_t)n_acked * (target - c->cwnd);
  uint32_t more = (uint32_t)(c->cubic.grown / c->cwnd);
  c->cubic.grown %= c->cwnd;
  c->cwnd += more;
}
