/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-segments.c -- one TCP connection under arbitrary segments, calls and times.
 *
 *     first octet: bits 0..1 which make of TCP, bit 2 it opens; then steps: what (1), value (2)
 *     what 0..7: a call (see act); else a segment: flags are the octet itself, `value` chooses data
 *     and window, then 4 octets: where its numbers lie relative to what is expected
 *
 * tcp_conn_check() after each step; what it sends fits the segment size that was agreed on. */
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/tcp_conn.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS_MAX = 400, SEGMENTS_MAX = 70000, CALLS = 8, DATA_MAX = 4096 };
#define MS INT64_C(1000000)

const struct fuzz_seed fuzz_seeds[] = {
    {"talk", TEXT_SEED("\0"
                       "\x10\0\0\0\0\0\0" /* the handshake's last ACK */
                       "\x18\1\0\0\0\0\0" /* 256 octets */
                       "\0\4\0"           /* sends 1,024 */
                       "\x10\0\0\0\0\x7f\xff"
                       "\2\0\x64"
                       "\x11\0\0\0\0\0\0\3\0\0")},
    {"opener", TEXT_SEED("\5\x12\0\0\0\0\0\0\0\x10\0\x10\0\0\0\0\0\0\1\0\xff\3\0\0\2\x03\xe8")},
    {"holes", TEXT_SEED("\1\x10\0\0\0\0\0\0\x18\1\0\4\0\0\0\x18\1\0\x08\0\0\0\x18\1\0\2\0\0\0"
                        "\x18\1\0\0\0\0\0\1\xff\xff")},
    {"reset", TEXT_SEED("\2\x10\0\0\0\0\0\0\4\0\0\0\1\0\0\4\0\0\0\0\0\0")},
    {NULL, NULL, 0}};

static const uint8_t data[DATA_MAX];

static void
check(const struct tcp_conn *c)
{
  unsigned broken = tcp_conn_check(c);
  if (broken)
    g_error("invariant %u of the TCP block is broken", broken);
}

static void
act(struct tcp_conn *c, unsigned what, uint32_t value, int64_t *now_ns)
{
  const uint8_t *p;
  uint32_t have = tcp_conn_peek(c, &p);
  switch (what) {
  case 0:
    tcp_conn_send(c, data, value % DATA_MAX, *now_ns);
    break;
  case 1:
    if (have > 0)
      tcp_conn_drop(c, MIN(have, value + 1), *now_ns);
    break;
  case 2:
    *now_ns += value * MS;
    break;
  case 3:
    tcp_conn_close(c, *now_ns);
    break;
  case 4:
    tcp_conn_too_big(c, c->snd_una, value);
    break;
  case 5:
    tcp_conn_send_urgent(c, data, value % 100, *now_ns);
    break;
  case 6:
    tcp_conn_set(c, (enum tcp_knob)(value % (TCP_KNOB_KEEPALIVE + 1)), value >> 8 & 1, *now_ns);
    break;
  default:
    if (tcp_conn_deadline(c) != TCP_NEVER)
      *now_ns = MAX(*now_ns, tcp_conn_deadline(c));
    tcp_conn_timer(c, *now_ns);
  }
}

static void
segment(struct tcp_conn *c, uint8_t flags, uint32_t value, const uint8_t *place, int64_t now_ns)
{
  int32_t seq = (int16_t)get_be16(place), ack = (int16_t)get_be16(place + 2);
  struct tcp_segment s = {.seq = c->rcv_nxt + (uint32_t)seq,
                          .ack = ack == INT16_MAX ? c->snd_max : c->snd_una + (uint32_t)ack,
                          .flags = flags,
                          .window = (uint16_t)(value << 4),
                          .data = data,
                          .n_data = value >> 3 & 1 ? 0 : value % DATA_MAX,
                          .urgent = (uint16_t)seq,
                          .ip_ecn = value & 3};
  s.options.has_timestamps = value >> 4 & 1;
  s.options.ts_value = c->ts_recent + (value >> 5 & 1);
  s.options.n_sack = value >> 6 & 3;
  for (unsigned i = 0; i < s.options.n_sack; i++) {
    s.options.sack[i].left = c->snd_una + (uint32_t)ack * (i + 1);
    s.options.sack[i].right = s.options.sack[i].left + (uint32_t)seq;
  }
  tcp_conn_input(c, &s, now_ns);
}

static void
send_all(struct tcp_conn *c, int64_t now_ns)
{
  static uint8_t out[65536];
  struct tcp_segment s;
  for (unsigned n = 0; tcp_conn_pop(c, &s, out, now_ns); n++) {
    g_assert_cmpuint(n, <, SEGMENTS_MAX);
    g_assert_cmpuint(s.n_data, <=, sizeof out);
    check(c);
  }
}

/* g_error() ends in a trap, of which libFuzzer keeps no input. */
static void
on_trap(int number)
{
  abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static const char *const makes[] = {"linux", "freebsd", "minimal", "rfc"};
  signal(SIGTRAP, on_trap);
  if (n == 0)
    return 0;
  const struct tcp_profile *profile = tcp_profile_by_name(makes[p[0] & 3]);
  struct tcp_conn c;
  int64_t now_ns = 0;
  tcp_conn_init(&c, profile, NULL, NULL);
  struct tcp_segment syn = {.seq = 0xfffffff0u, .flags = TCP_SYN, .window = 5000};
  syn.options = (struct tcp_options){.has_mss = true,
                                     .mss = 1460,
                                     .has_sack_permitted = true,
                                     .has_timestamps = true,
                                     .has_wscale = true,
                                     .wscale = 7};
  if (p[0] & 4)
    tcp_conn_connect(&c, 0xffffff00u, now_ns);
  else
    tcp_conn_accept(&c, &syn, 0xffffff00u, now_ns);
  size_t at = 1;
  for (unsigned step = 0; step < STEPS_MAX && at + 3 <= n; step++) {
    send_all(&c, now_ns);
    uint8_t what = p[at];
    uint32_t value = get_be16(p + at + 1);
    at += 3;
    if (what < CALLS && !(what == 4 && at + 4 <= n && value == 0)) {
      act(&c, what, value, &now_ns);
    } else if (at + 4 <= n) {
      segment(&c, what, value, p + at, now_ns);
      at += 4;
    }
    check(&c);
  }
  for (unsigned i = 0; i < STEPS_MAX && tcp_conn_deadline(&c) != TCP_NEVER; i++) {
    now_ns = MAX(now_ns, tcp_conn_deadline(&c));
    tcp_conn_timer(&c, now_ns);
    send_all(&c, now_ns);
    check(&c);
  }
  tcp_conn_clear(&c);
  return 0;
}
