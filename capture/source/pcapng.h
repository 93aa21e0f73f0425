/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_PCAPNG_H
#define CAPTURE_SOURCE_PCAPNG_H

/* The blocks of a pcapng file, read one after the other. Used by reader.c only. */
#include "capture/source/input.h"
#include "capture/source/reader.h"

/* What turns an interface's stamps into nanoseconds. */
struct pcapng_clock {
  uint64_t multiply; /* decimal resolutions of 1 ns and coarser; 0: use the others */
  uint64_t divide;   /* finer decimal ones; 0 when finer than any stamp can count */
  uint8_t shift;     /* binary ones: units of 2^-shift seconds; 0: decimal */
  int64_t offset_ns;
};

struct pcapng {
  bool is_big_endian;
  GArray *local;       /* uint32_t: index in `interfaces` of each interface of this section */
  GArray *clocks;      /* struct pcapng_clock, beside `interfaces` */
  GArray *interfaces;  /* struct reader_interface, borrowed from the reader */
  GByteArray *secrets; /* lines of TLS key logs seen so far, or NULL */
  uint64_t n_bad_records;
  uint64_t n_blocks;
  uint64_t pending_octets; /* rest of the block whose frame was handed out */
};

/* Octets of secrets that are kept: some 100,000 connections. */
enum { PCAPNG_SECRETS_MAX = 64 << 20 };

void pcapng_init(struct pcapng *ng, GArray *interfaces);
void pcapng_clear(struct pcapng *ng);

enum pcapng_status { PCAPNG_FRAME, PCAPNG_END, PCAPNG_CUT, PCAPNG_DAMAGED };
enum pcapng_status pcapng_next(struct pcapng *ng, struct input *in, struct reader_frame *out);

/* For if_tsresol (the octet as it stands) and if_tsoffset in seconds. */
struct pcapng_clock pcapng_clock(uint8_t resolution, int64_t offset_s);
int64_t pcapng_time_ns(const struct pcapng_clock *clock, uint64_t stamp);

#endif
