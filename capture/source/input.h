/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_INPUT_H
#define CAPTURE_SOURCE_INPUT_H

/* The octets of a capture file in order, in large chunks, with a buffer that records are read from
 * in place. What cannot be read twice (gzip, a pipe, "-") is spooled once to an unlinked temporary
 * file while it is read, so that single frames can be read again by offset. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
  INPUT_CHUNK = 1 << 16,    /* leaves room in a level-2 cache for what pass 1 remembers */
  INPUT_NEED_MAX = 1 << 19, /* most that input_need() may be asked for: a record with its header */
};
enum { INPUT_N_PROBES = 2, INPUT_PROBE = 4096 };
#define INPUT_SPOOL_MAX                                                                            \
  (INT64_C(8) << 30) /* a gzip bomb fills no disk: 50 times the largest real file seen */

struct input {
  uint8_t *buffer;
  size_t n, at;    /* buffer[at..n) is not used yet */
  uint64_t base;   /* offset in the file (unpacked) of buffer[0] */
  bool ended;      /* nothing follows the buffer */
  GError *trouble; /* why it ended, when not by the end of the file */
  int fd;          /* for reading by offset: the file, or the spool */
  int source;      /* read from: same as fd when not spooled */
  void *gz;        /* gzFile, or NULL */
  uint64_t size;   /* of the file as it lies on the disk; 0 for a pipe */
  bool is_growing; /* input_follow(): only the first `limit` octets are there for us */
  uint64_t limit;
  int64_t mtime_ns;
  uint64_t n_read;                 /* where reading ended, after input_settle() */
  uint8_t *probes[INPUT_N_PROBES]; /* the file's first and last octets, to know it again */
  size_t probe_octets;
  void (*tap)(void *data, const uint8_t *octets, size_t n); /* input_tap(); NULL: nobody */
  void *tap_data;
};

/* Opens a file, or stdin for "-". G_FILE_ERROR. */
struct input *input_new(const char *path, GError **error);
void input_free(struct input *in);

/* Fills the buffer until at least n octets are there, or returns false when the file ends before.
 */
bool input_fill(struct input *in, size_t n);

/* Moves over n octets; false when the file ends before. */
bool input_skip(struct input *in, uint64_t n);

/* Gives `tap` every octet of the file once, in order, in the chunks in which it is read; those that
 * are in the buffer already at once. Before anything was used. False when what is read is not what
 * lies on the disk (gzip). */
bool input_tap(struct input *in, void (*tap)(void *data, const uint8_t *octets, size_t n),
               void *data);

/* For a file that another program still writes: its first `limit` octets (never fewer than before)
 * are whole, and reading ends there until the next call. Not for what is spooled. */
void input_follow(struct input *in, uint64_t limit);

/* 0..1, by what was read of the file on the disk. */
double input_fraction(const struct input *in);

/* After the last octet was read: notes what the file looks like now. False when it changed while it
 * was read in any other way than by growing. */
bool input_settle(struct input *in);

/* Whether in->fd still holds what was read: the same size and time of change, or grown behind it as
 * a file does that is still being written; while input_follow() goes on, that it has not shrunk.
 * Always true for a spool. */
bool input_is_same(struct input *in);

static inline bool
input_need(struct input *in, size_t n)
{
  return in->n - in->at >= n || input_fill(in, n);
}

static inline const uint8_t *
input_here(const struct input *in)
{
  return in->buffer + in->at;
}

static inline uint64_t
input_position(const struct input *in)
{
  return in->base + in->at;
}

#endif
