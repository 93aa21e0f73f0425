/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TRACE_PACKETS_H
#define TESTS_TRACE_PACKETS_H

/* Frames and capture files for the tests of this folder, put together octet by octet. */
#include <glib.h>

#include "capture/trace/trace.h"
#include "capture/wire/tcp.h"

/* Octets written as text: "45 00 00 28". Blanks are ignored. */
GByteArray *packets_hex(const char *text);

/* One TCP segment between 10.0.0.1:1000 (from 0) and 10.0.0.2:25 (from 1), raw IPv4. */
struct packets_segment {
  unsigned from;
  uint32_t seq, ack;
  uint16_t flags;
  int window;               /* 0: 1000; -1: zero */
  int scale;                /* of a SYN: window scale + 1; 0: none */
  const char *text;         /* payload, or NULL */
  int64_t after_ns;         /* since the segment before */
  const GByteArray *octets; /* instead of `text`: payload that is none */
};
GByteArray *packets_tcp(const struct packets_segment *s);

/* The same segment's datagram in fragments of n octets (a multiple of 8): GByteArray in a
 * GPtrArray. */
GPtrArray *packets_fragments(const GByteArray *datagram, uint16_t id, unsigned n);

/* Appends frames to a trace. */
struct packets_feed {
  struct trace *trace;
  int64_t time_ns;
};
struct packets_feed packets_begin(enum link_type link);
uint32_t packets_append(struct packets_feed *f, const GByteArray *frame, int64_t after_ns);
uint32_t packets_segment(struct packets_feed *f, struct packets_segment s);

/* Every field of two records is equal. */
void packets_assert_same_frame(const struct trace_frame *a, const struct trace_frame *b);

/* trace_element_next() behind every `step`th element finds what a look at each element finds. */
void packets_assert_next_elements(const struct trace *t, uint32_t step);

/* Writes the frames of interface 0 as pcapng. */
void packets_write(const char *path, const struct trace *t);

/* The output of a program, or NULL when it is not installed. */
char *packets_run(const char *const *argv);

#endif
