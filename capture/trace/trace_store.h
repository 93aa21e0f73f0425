/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_TRACE_STORE_H
#define CAPTURE_TRACE_TRACE_STORE_H

/* What a trace holds; for trace.c, trace_load.c and trace_read.c only. */
#include "capture/source/reader.h"
#include "capture/tls/keylog.h"
#include "capture/trace/elements.h"
#include "capture/trace/pass1.h"
#include "capture/trace/records.h"
#include "capture/trace/trace.h"

#define TRACE_FRAMES_MAX BLOCKS_ITEMS_MAX /* TRACE_NONE is no index */

enum {
  STORE_ARENA = 1 << 20, /* octets per block; no frame lies across two */
};

_Static_assert((int)STORE_ARENA >= (int)READER_FRAME_MAX,
               "a frame fits into one block of the arena");

struct trace_datagram_entry {
  uint32_t frame;
  uint32_t first_piece, n_pieces; /* in datagram_pieces */
};

/* One record that was opened. */
struct trace_record {
  uint64_t offset;   /* of the record in its side's stream */
  uint64_t at;       /* of its contents in plain_side.octets */
  uint64_t app_at;   /* how much application data was opened before it */
  uint32_t n_octets; /* of its contents */
  uint32_t frame;
  uint8_t type;
};

/* What was opened of one side of a flow. */
struct plain_side {
  GByteArray *octets;
  GArray *records; /* struct trace_record, by offset */
  uint64_t n_app;  /* octets of application data */
};

struct plain_flow {
  struct plain_side opened[2];   /* by enum side: out of TLS */
  struct plain_side inflated[2]; /* out of DEFLATE */
};

/* The contents of records of one trace that are kept in memory: many hours of mail. */
#define TRACE_PLAIN_MAX (UINT64_C(256) << 20)

struct trace {
  struct records records;
  struct elements elements;
  struct trace_frame
      *feeding;       /* the record of the frame that pass 1 looks at; NULL between frames */
  GArray *interfaces; /* struct trace_interface */
  GPtrArray *arena;
  uint64_t arena_used;
  struct reader *reader; /* of a file, kept to read octets again */
  GArray *datagrams;     /* struct trace_datagram_entry, by frame */
  GArray *datagram_pieces;
  GArray *streams[2]; /* uint32_t: flow index by tcp.stream and by udp.stream */
  struct pass1 *pass;
  struct findings *findings;
  bool has_news;              /* findings were told of something since mark_findings() */
  unsigned n_findings_marked; /* whose frames have TRACE_FRAME_RISK */
  struct keylog *keys;
  size_t n_secrets_read; /* octets of the reader's secrets that are in `keys` */
  GHashTable *plain;     /* flow index -> struct plain_flow* */
  uint64_t n_plain_octets;
  struct trace_damage damage;
  uint32_t first_cut_frame;
  GHashTable *comments; /* frame index -> char *; NULL while there are none */
  size_t n_comment_octets;
  uint32_t n_elements_in_frames; /* those behind it came out at the end */
  bool is_finished;
};

/* What was opened of a flow, or NULL. */
static inline const struct plain_flow *
trace_plain_flow(const struct trace *t, uint32_t flow)
{
  return g_hash_table_lookup(t->plain, GUINT_TO_POINTER(flow));
}

/* Runs pass 1 over a frame and stores its record. */
uint32_t trace_feed(struct trace *t, const struct pass1_input *in);

#endif
