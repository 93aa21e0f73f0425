/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_FLOW_H
#define CAPTURE_TRACE_FLOW_H

/* Conversations of pass 1: the table that finds a frame's flow and what is known of each flow. */
#include <glib.h>

#include "capture/trace/trace.h"
#include "capture/wire/frame.h"

/* A segment that came before the octets in front of it. */
struct stream_held {
  struct stream_held *next; /* by offset; pieces do not overlap */
  uint64_t offset;
  uint32_t n_octets;
  uint32_t frame;
  uint32_t frame_offset;
  int64_t time_ns;
  uint8_t octets[];
};

/* What waits in one direction behind a hole, counted; there only while something waits. */
struct stream_hole {
  struct stream_held *first, *last;
  uint32_t held_octets, n_held;
  int64_t acked_since_ns; /* when the other end first acknowledged beyond the hole; 0: not yet */
  int64_t held_since_ns;
};

/* What one end of a TCP flow sent, as stream.c keeps it. */
struct flow_side {
  struct stream_hole *hole; /* NULL: nothing waits */
  uint64_t next_offset;     /* delivered so far */
  uint32_t base_seq;        /* of stream offset 0; before has_base what is known of it */
  uint32_t fin_low;         /* low 32 bits of the offset at which its FIN stands */
  bool has_base;
  bool has_isn; /* base_seq says something; only passes that forget keep it */
  bool fin_known;
  bool is_ended;     /* its FIN and everything before it was delivered */
  bool is_smooth;    /* its next segment is plain work: see watch_segment() */
  uint8_t all_flags; /* enum tcp_flag of all its segments, FIN to CWR */
  uint8_t ttl;       /* of its first datagram (IPv6: hop limit) */
  bool ttl_changed;
};

struct flowsession; /* flowsession.c: the application session and where its octets came from */

/* Both ends in one order, whichever sent the frame, so that one comparison finds either direction.
 * An IPv4 end is one number of address and port; only equality matters. `rest`, from bit 0 on: 8
 * bits version, 8 protocol (0: the flow was removed), 16 interface, and of IPv6 16 port of high, 16
 * port of low: one word, because it is made in a register and compared at once. */
struct flow_key {
  uint64_t low[2], high[2];
  uint64_t rest;
};

static inline uint8_t
flow_key_version(const struct flow_key *k)
{
  return (uint8_t)k->rest;
}

static inline uint8_t
flow_key_proto(const struct flow_key *k)
{
  return (uint8_t)(k->rest >> 8);
}

/* What every pass needs of a flow: two lines of the cache. */
struct flow {
  struct flow_key key;
  struct flowsession *session;
  uint32_t stream;    /* Wireshark's number: tcp.stream or udp.stream, counted apart */
  uint32_t last_unit; /* when its last frame came, see flow_unit() */
  uint32_t last_frame;
  bool first_is_swapped; /* whether ends[0], which sent the first frame, is the key's high end */
  uint8_t client;        /* 0 or 1: which end is the client */
  bool is_closed;        /* both ends sent FIN, or one RST */
  bool session_is_over;
  struct flow_side sides[2];
};
_Static_assert(sizeof(struct flow) == 128, "two lines of the cache");

/* The numbers of one end, as sequence.c judges them. */
struct flow_numbers {
  int64_t next_seq_time_ns; /* when next_seq was last raised */
  int64_t last_ack_time_ns; /* of its last segment */
  uint32_t next_seq;        /* highest seen, one behind its last octet */
  uint32_t last_ack;
  uint32_t max_seq_to_ack; /* highest without a hole in front of it */
  int32_t dup_acks;        /* -1: an ACK of unseen octets was told once */
  uint16_t window;         /* as it stood in its last segment */
  uint16_t last_analysis;  /* enum trace_analysis of its last segment */
  int8_t window_scale;     /* -1: not known; -2: not used */
  bool has_isn, has_next_seq, has_max_seq, has_window;
  bool last_was_syn; /* the window of a SYN is not scaled */
};

/* What a trace knows of a flow besides, six lines in all. A pass that forgets has none. */
struct flow_record {
  struct flow flow;
  struct flow_numbers numbers[2];
  int64_t syn_time_ns;
  int64_t first_rtt_ns; /* from SYN to the handshake's last ACK; 0: not seen */
  struct trace_flow seen;
  uint8_t unused[24]; /* blocks begin at a page, so that every record begins at a line */
};
_Static_assert(sizeof(struct flow_record) == 384, "six lines of the cache");

/* A frame's key, made once per frame. */
struct flow_lookup {
  struct flow_key key;
  uint32_t hash;
  bool is_swapped; /* the source is the key's high end */
};

struct flow_table;

/* `by_interface`: the same addresses and ports on two interfaces are two flows. `with_records`:
 * every flow is the start of a struct flow_record. */
struct flow_table *flow_table_new(bool by_interface, bool with_records);
void flow_table_free(struct flow_table *t);
void flow_table_set_by_interface(struct flow_table *t, bool by_interface);

void flow_table_lookup(const struct flow_table *t, const struct frame_layers *layers,
                       uint16_t interface, struct flow_lookup *out);

/* Addresses that lie in a frame, 4 or 16 octets each by `version`. */
struct flow_ends {
  const uint8_t *src, *dst;
  uint16_t src_port, dst_port;
  uint8_t version, proto;
};

/* The newest flow with this key, or NULL; *index is its number. */
struct flow *flow_table_find(const struct flow_table *t, const struct flow_lookup *lookup,
                             uint32_t *index);
/* Adds a flow whose ends[0] is the lookup's source; it hides an older one with the same key. */
struct flow *flow_table_add(struct flow_table *t, const struct flow_lookup *lookup,
                            uint32_t *index);

/* Gives the flow that may come with this key the next stream number now, when there is none yet. */
void flow_table_reserve(struct flow_table *t, const struct flow_lookup *lookup);
/* Forgets a flow; its index is used again. The caller frees what hangs on it first. */
void flow_table_remove(struct flow_table *t, uint32_t index);

/* Flows that were not removed. */
uint32_t flow_table_n_live(const struct flow_table *t);
/* Index 0..flow_table_n() covers every flow, those that flow_is_free() too. */
uint32_t flow_table_n(const struct flow_table *t);
struct flow *flow_table_get(const struct flow_table *t, uint32_t index);
static inline bool
flow_is_free(const struct flow *f)
{
  return flow_key_proto(&f->key) == 0;
}

/* The record of a flow in a table that has them. */
static inline struct flow_record *
flow_record(struct flow *f)
{
  return (struct flow_record *)(void *)f; /* a record begins with its flow, at its own alignment */
}

/* Address and port of an end. */
void flow_end(const struct flow *f, unsigned end, struct ip_addr *addr, uint16_t *port);

/* Time in units of 1.07 s (2^30 ns), fine enough to tell idle flows. */
static inline uint32_t
flow_unit(int64_t time_ns)
{
  return (uint32_t)((uint64_t)time_ns >> 30);
}

/* The direction of a frame in its flow: 0 from ends[0]. */
static inline unsigned
flow_direction(const struct flow *f, const struct flow_lookup *lookup)
{
  return f->first_is_swapped != lookup->is_swapped;
}

uint32_t flow_table_n_streams(const struct flow_table *t, uint8_t proto);

#endif
