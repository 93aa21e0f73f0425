/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_HELPER_BLOCKS_H
#define CAPTURE_HELPER_BLOCKS_H

/* pcapng blocks laid out one behind the other in a buffer of fixed size, which holds whole blocks
 * only. For the capture helper, which has neither GLib nor an allocator once it runs;
 * capture/source/writer.h is for everybody else. draft-ietf-opsawg-pcapng. */
#include <stddef.h>
#include <stdint.h>

enum {
  BLOCKS_FRAME_MAX = 262144,             /* libpcap's largest snap length */
  BLOCKS_TEXT_MAX = 16384,               /* of a filter or a name; longer ones are cut */
  BLOCKS_ROOM = BLOCKS_FRAME_MAX + 1024, /* enough for any one block */
};

struct blocks {
  uint8_t *octets; /* `max` octets, at least BLOCKS_ROOM; the caller's */
  size_t n, max;
};

/* Every function below needs room for its block: `max - n` is at least BLOCKS_ROOM. */

/* `os` may be empty. */
void blocks_section(struct blocks *b, const char *os);

/* Nanosecond stamps. `filter` and `os` may be empty. */
void blocks_interface(struct blocks *b, uint16_t link, uint32_t snap_octets, const char *name,
                      const char *filter, const char *os);

/* Of interface 0; time since 1970-01-01 UTC. */
void blocks_packet(struct blocks *b, int64_t time_ns, const uint8_t *octets, uint32_t captured,
                   uint32_t wire);

struct blocks_counters {
  int64_t start_ns, now_ns;
  uint64_t n_received; /* passed the filter, the dropped ones too */
  uint64_t n_dropped_kernel, n_dropped_interface;
  uint64_t n_written;
};

/* Of interface 0. */
void blocks_statistics(struct blocks *b, const struct blocks_counters *c);

#endif
