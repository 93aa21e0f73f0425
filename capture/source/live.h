/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_LIVE_H
#define CAPTURE_SOURCE_LIVE_H

/* A capture from an interface, seen from the program that asked for it: starts the helper
 * (capture/helper/dump.c), gives it an open file, and reads what it says. Nothing here needs a
 * right.
 *
 *     live_new ─> (poll live_fd ─> live_next*)* ─> LIVE_ENDED ─> live_free
 *                      live_stop, live_rotate at any time
 *
 * The helper must be started before the program gives up rights of its own (no_new_privs): it would
 * not get its capability any more. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LIVE_ERROR (live_error_quark())
GQuark live_error_quark(void);

enum live_error {
  LIVE_ERROR_HELPER,     /* there is no helper, or it could not be started, or it broke off */
  LIVE_ERROR_PERMISSION, /* the helper has no right to capture */
  LIVE_ERROR_INTERFACE,  /* there is none of that name, or it is down */
  LIVE_ERROR_FILTER,
  LIVE_ERROR_VANISHED, /* the interface went away; what was captured is kept */
  LIVE_ERROR_DISK,     /* full, or less free than was to be left; what was captured is kept */
  LIVE_ERROR_OUTPUT,   /* the file or pipe took no more */
  LIVE_ERROR_CAPTURE,  /* anything else libpcap says */
};

enum {
  LIVE_SNAP_OCTETS = 262144,   /* whole frames: decoders want them, and a ring block holds many */
  LIVE_RING_OCTETS = 16 << 20, /* nothing lost at 190,000 frames/s; 2 MiB lose 1 % */
};
#define LIVE_FLOOR_OCTETS (UINT64_C(64) << 20) /* room left on the disk for everybody else */

struct live_options {
  const char *interface;
  const char *filter;    /* libpcap expression; NULL or "": every frame */
  uint32_t snap_octets;  /* 0: LIVE_SNAP_OCTETS */
  uint32_t ring_octets;  /* 0: LIVE_RING_OCTETS */
  uint64_t floor_octets; /* free room at which the capture ends; 0: none */
  bool is_promiscuous;
};

struct live_state {
  bool is_ready, has_ended;
  uint16_t link;                         /* LINKTYPE_, from LIVE_READY on */
  uint64_t n_octets, n_frames;           /* of the current file, whole and written */
  uint64_t n_done_octets, n_done_frames; /* of the file ended by the last LIVE_ROTATED */
  /* As of the last LIVE_STATS: frames that passed the filter (the dropped ones too), frames lost
   * because the helper was too slow, or because the card was, and frames in all files. */
  uint64_t n_received, n_dropped_kernel, n_dropped_interface, n_written;
};

enum live_event {
  LIVE_NOTHING, /* nothing is waiting */
  LIVE_READY,   /* capturing now */
  LIVE_COMMIT,  /* more of the file is whole */
  LIVE_STATS,
  LIVE_ROTATED, /* the last file is closed, the one given to live_rotate() has begun */
  LIVE_TROUBLE, /* `error` says why the capture ends; LIVE_ENDED follows */
  LIVE_ENDED,
};

struct live;

/* Starts the helper. `output` (borrowed) is open for writing: a file, which the helper empties when
 * it begins, or a pipe. NULL and LIVE_ERROR_HELPER when it cannot be started; whether it may
 * capture shows with LIVE_READY or LIVE_TROUBLE. */
struct live *live_new(const struct live_options *options, int output, GError **error);

/* Ends the capture if it goes on (bounded: some seconds for a helper that hangs). */
void live_free(struct live *l);
typedef struct live live_owned;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(live_owned, live_free)

/* To poll for input. */
int live_fd(const struct live *l);

/* The next event; never waits. LIVE_ENDED is given again and again. */
enum live_event live_next(struct live *l, GError **error);

const struct live_state *live_state(const struct live *l);

/* Frames up to now come into the file; then LIVE_ENDED. Harmless when it ended. */
void live_stop(struct live *l);

/* Goes on in another empty file (borrowed): LIVE_ROTATED follows. False when the helper does not
 * listen. */
bool live_rotate(struct live *l, int output);

#endif
