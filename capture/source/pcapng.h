/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_PCAPNG_H
#define CAPTURE_SOURCE_PCAPNG_H

/* The blocks of a pcapng file, read one after the other. Used by reader.c only. */
#include "capture/source/input.h"
#include "capture/source/reader.h"
#include "capture/wire/bytes.h"

/* What turns an interface's stamps into nanoseconds. */
struct pcapng_clock {
  uint64_t multiply; /* decimal resolutions of 1 ns and coarser; 0: use the others */
  uint64_t divide;   /* finer decimal ones; 0 when finer than any stamp can count */
  uint8_t shift;     /* binary ones: units of 2^-shift seconds; 0: decimal */
  int64_t offset_ns;
};

/* The latest statistics of one interface. */
struct pcapng_drops {
  bool is_known;
  uint64_t n_interface, n_kernel;
};

struct pcapng {
  bool is_big_endian;
  GArray *local;       /* uint32_t: index in `interfaces` of each interface of this section */
  GArray *clocks;      /* struct pcapng_clock, beside `interfaces` */
  GArray *interfaces;  /* struct reader_interface, borrowed from the reader */
  GByteArray *secrets; /* lines of TLS key logs seen so far, or NULL */
  GArray *names;       /* struct reader_name */
  GArray *drops;       /* struct pcapng_drops, beside `interfaces` */
  char *comment;       /* of the first section, or NULL */
  uint64_t n_bad_records;
  uint64_t n_blocks;
  uint64_t pending_octets; /* rest of the block whose frame was handed out */
};

/* Octets of names, statistics and section options that are looked at in one block. */
enum { PCAPNG_NOTES_MAX = 1 << 17 };

/* Octets of secrets that are kept: some 100,000 connections. */
enum { PCAPNG_SECRETS_MAX = 64 << 20 };

void pcapng_init(struct pcapng *ng, GArray *interfaces);
void pcapng_clear(struct pcapng *ng);

enum pcapng_status { PCAPNG_FRAME, PCAPNG_END, PCAPNG_CUT, PCAPNG_DAMAGED };
enum pcapng_status pcapng_next(struct pcapng *ng, struct input *in, struct reader_frame *out);

static inline uint16_t
pcapng_get16(const struct pcapng *ng, const uint8_t *p)
{
  return ng->is_big_endian ? get_be16(p) : get_le16(p);
}

static inline uint32_t
pcapng_get32(const struct pcapng *ng, const uint8_t *p)
{
  return ng->is_big_endian ? get_be32(p) : get_le32(p);
}

/* An interface's number over the whole file, or UINT32_MAX. */
static inline uint32_t
pcapng_interface_index(const struct pcapng *ng, uint32_t local)
{
  return local < ng->local->len ? g_array_index(ng->local, uint32_t, local) : UINT32_MAX;
}

/* Steps over the options at p[*at..n): false behind the last whole one. */
struct pcapng_option {
  uint16_t code, n_octets;
  const uint8_t *octets;
};
bool pcapng_option(const struct pcapng *ng, const uint8_t *p, size_t n, size_t *at,
                   struct pcapng_option *out);

/* Text of a file as valid UTF-8, cut to `max` octets. Free with g_free(). */
char *pcapng_text(const uint8_t *octets, size_t n, size_t max);

/* ---- what stands beside the frames (pcapng_notes.c) ---- */
/* A block at the input's place whose `n` octets without the closing length are in the buffer. */
void pcapng_notes_section(struct pcapng *ng, const uint8_t *block, size_t n);
void pcapng_notes_names(struct pcapng *ng, const uint8_t *block, size_t n);
void pcapng_notes_statistics(struct pcapng *ng, const uint8_t *block, size_t n);
void pcapng_notes_init(struct pcapng *ng);
void pcapng_notes_clear(struct pcapng *ng);
char *pcapng_notes_comment(const struct pcapng *ng, const uint8_t *options, size_t n);

/* For if_tsresol (the octet as it stands) and if_tsoffset in seconds. */
struct pcapng_clock pcapng_clock(uint8_t resolution, int64_t offset_s);
int64_t pcapng_time_ns(const struct pcapng_clock *clock, uint64_t stamp);

#endif
