/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_FRAGMENTS_H
#define CAPTURE_TRACE_FRAGMENTS_H

/* Puts IPv4 and IPv6 datagrams together from their fragments (RFC 791 3.2, 8200 4.5). */
#include <glib.h>

#include "capture/trace/trace.h"
#include "capture/wire/frame.h"

enum {
  FRAGMENTS_DATAGRAMS_MAX = 256, /* that wait at the same time; then the oldest is given up */
  FRAGMENTS_PIECES_MAX = 8192,   /* of one datagram: 65,535 octets in pieces of 8 */
  FRAGMENTS_OCTETS_MAX = 65535,
  /* All that wait together, with what says where they came from; then the oldest are given up. */
  FRAGMENTS_HELD_MAX = 4 << 20,
};
/* RFC 791 allows up to 255 s; RFC 8200 asks for 60 s. By the stamps of the capture. */
#define FRAGMENTS_TIMEOUT_NS INT64_C(60000000000)

struct fragments;

struct fragments *fragments_new(void);
void fragments_free(struct fragments *f);

/* A finished datagram; valid until the next call. */
struct fragments_datagram {
  const uint8_t *octets; /* the IP payload */
  uint32_t n_octets;
  uint8_t ip_proto;
  const struct trace_piece *pieces; /* by their octets; they do not overlap and cover everything */
  unsigned n_pieces;
};

/* Feeds one frame whose layers say is_fragment. True when it completes its datagram. */
bool fragments_feed(struct fragments *f, const struct frame_layers *layers, const uint8_t *frame,
                    uint32_t index, int64_t time_ns, struct fragments_datagram *out);

#endif
