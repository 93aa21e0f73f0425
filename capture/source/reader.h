/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_READER_H
#define CAPTURE_SOURCE_READER_H

/* Reads the frames of a capture file in order: pcap (micro- and nanoseconds, either byte order,
 * with or without the fields of "modified" pcap) and pcapng, plain, gzipped or from a pipe. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SOURCE_ERROR (source_error_quark())
GQuark source_error_quark(void);

enum source_error {
  SOURCE_ERROR_EMPTY,   /* no octets at all */
  SOURCE_ERROR_FORMAT,  /* begins like no capture that is read */
  SOURCE_ERROR_CUT,     /* ends inside a record */
  SOURCE_ERROR_DAMAGED, /* a length or mark that cannot be; what follows cannot be found */
  SOURCE_ERROR_GZIP,
  SOURCE_ERROR_READ,    /* the system failed to read */
  SOURCE_ERROR_SPOOL,   /* the unpacked octets could not be kept */
  SOURCE_ERROR_CHANGED, /* another program changed the file while it was read */
  SOURCE_ERROR_TOO_BIG, /* unpacks to more than INPUT_SPOOL_MAX */
};

enum {
  READER_FRAME_MAX = 262144,     /* libpcap's largest snap length; longer records are damage */
  READER_INTERFACES_MAX = 65535, /* the trace counts them in 16 bits */
  READER_NAMES_MAX = 65536,      /* a large network's worth */
  READER_COMMENT_MAX = 65536,    /* octets of all comments of one frame */
};

enum reader_status { READER_FRAME, READER_END, READER_FAILED };

/* octets are valid until the next call. */
struct reader_frame {
  const uint8_t *octets;
  uint64_t position; /* of the octets, for pread() of reader_fd() */
  int64_t time_ns;   /* since 1970-01-01 UTC */
  uint32_t captured_octets;
  uint32_t wire_octets; /* at least captured_octets */
  uint16_t interface;
  uint16_t link;      /* of the interface */
  uint32_t n_options; /* of a pcapng block that has some, for reader_comment() */
  const uint8_t *options;
};

struct reader_interface {
  char *name; /* NULL when the file does not say */
  char *description;
  char *filter; /* libpcap expression that the frames passed */
  uint16_t link;
  uint32_t snap_octets; /* 0: no limit */
};

/* A name resolution record: who the file says has that address. */
struct reader_name {
  uint8_t version; /* 4 or 6 */
  uint8_t octets[16];
  char *name;
};

/* Frames that were lost while the file was recorded, over all interfaces, as its last statistics
 * say. */
struct reader_drops {
  bool is_known; /* the file has statistics */
  uint64_t n_interface, n_kernel;
};

struct reader;

/* Opens `path` ("-" is stdin) and reads its header. NULL with G_FILE_ERROR or SOURCE_ERROR. */
struct reader *reader_new(const char *path, GError **error);
void reader_free(struct reader *r);

/* Opens a pcapng file that is still being written and of which the first `n_octets` are whole
 * blocks; reader_next() says END behind them. Later more are whole: reader_follow(), then
 * reader_next() goes on. */
struct reader *reader_new_growing(const char *path, uint64_t n_octets, GError **error);
void reader_follow(struct reader *r, uint64_t n_octets);

/* The next frame. FAILED: no more frames follow, `error` says where and why in the current
 * language. */
enum reader_status reader_next(struct reader *r, struct reader_frame *out, GError **error);

/* Interfaces known so far: those of a pcapng file appear while it is read. The pointer holds until
 * the next call of reader_next(). */
uint32_t reader_n_interfaces(const struct reader *r);
const struct reader_interface *reader_interface(const struct reader *r, uint32_t index);

/* The lines of TLS key logs (capture/tls/keylog.h) that a pcapng file holds, as far as it was read;
 * NULL when there are none. The array only grows. */
const GByteArray *reader_secrets(const struct reader *r);

/* The comments of a frame that reader_next() just gave, one per line; NULL when it has none. Free
 * with g_free(). */
char *reader_comment(const struct reader *r, const struct reader_frame *frame);

/* What the file says of itself, as far as it was read: the comment of its first section (NULL),
 * names of addresses (struct reader_name), losses. */
const char *reader_section_comment(const struct reader *r);
const GArray *reader_names(const struct reader *r);
struct reader_drops reader_drops(const struct reader *r);

/* Records that were passed over because they contradict themselves. */
uint64_t reader_n_bad_records(const struct reader *r);

/* 0..1 of the file that was read. */
double reader_fraction(const struct reader *r);

/* Before the first frame: `tap` gets every octet of the file once, in order, while it is read.
 * False for a gzipped file, whose octets on the disk are not those that are read. */
bool reader_tap(struct reader *r, void (*tap)(void *data, const uint8_t *octets, size_t n),
                void *data);
/* After the last frame: reads what is left of the file, for the tap. False when that fails. */
bool reader_drain(struct reader *r);

/* Reads n octets at a position of an earlier frame; false when the file is no longer the one that
 * was opened or cannot be read: `out` then holds nothing of use. Does not disturb reader_next(). */
bool reader_octets(const struct reader *r, uint64_t position, uint8_t *out, size_t n);
/* As many of n octets as there are; 0 when the file is no longer the one that was opened. */
size_t reader_octets_ahead(const struct reader *r, uint64_t position, uint8_t *out, size_t n);

/* Whether reader_octets() can still read: the file neither changed nor shrank. */
bool reader_is_same(const struct reader *r);

/* After the last frame: frees what only reader_next() needs; reader_octets() goes on working. False
 * and SOURCE_ERROR_CHANGED when the file changed while it was read, other than by growing. */
bool reader_rest(struct reader *r, GError **error);

#endif
