/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_TCP_PEER_H
#define TESTS_NET_TCP_PEER_H

/* One connection and a peer that is played by hand: its segments come from peer_*(), ours are taken
 * with out(). Octets count from 1 on both sides; the sequence numbers wrap early, for ISS and IRS
 * lie shortly before 2^32. */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
enum { MSS = 1000, ISS = 0xfffff000u, IRS = 0xffffff00u, WINDOW = 60000 };

struct rig {
  struct tcp_profile profile;
  struct tcp_conn c;
  struct tcp_segment s; /* the last that left */
  uint8_t data[65536];
  int64_t now_ns;
  uint32_t peer_ts;
};

extern const uint8_t tcp_peer_text[65536];

/* out: the next segment of ours, into r->s; out_all: how many left. rig_open: ESTABLISHED, opened
 * by us, after a round trip of 100 ms; `flags` are the SYN,ACK's own; rig_open_sack: with SACK and
 * without timestamps, so that a segment holds 1000 octets. peer_ack: a bare ACK up to `ack`;
 * peer_sack: with one SACK block, or with two when the second is not empty. */
bool out(struct rig *r);
unsigned out_all(struct rig *r);
void wait_until(struct rig *r, int64_t now_ns);
struct tcp_segment peer_segment(const struct rig *r, uint32_t at, uint32_t ack, uint32_t n);
void peer_ack(struct rig *r, uint32_t ack);
void peer_sack(struct rig *r, uint32_t ack, uint32_t a, uint32_t b, uint32_t a2, uint32_t b2);
void peer_data(struct rig *r, uint32_t at, uint32_t n);
void rig_open(struct rig *r, const struct tcp_profile *profile, uint16_t flags);
void rig_open_sack(struct rig *r, bool rescue);
void rig_send(struct rig *r, uint32_t n);
void assert_out(struct rig *r, uint32_t at, uint32_t n);

#endif
