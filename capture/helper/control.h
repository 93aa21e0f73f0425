/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_HELPER_CONTROL_H
#define CAPTURE_HELPER_CONTROL_H

/* What the capture helper and its caller say to each other: one message per packet of a
 * SOCK_SEQPACKET socket. Pure: octets in, a struct out, and back. libc only.
 *
 *     octet 0        1         2..3   4..
 *     type           version   zero   body, little endian
 *
 *     from the helper                              from the caller
 *     READY    link 2, zero 2, snap length 4       STOP     nothing
 *     COMMIT   octets 8, frames 8                  ROTATE   nothing; one descriptor beside it
 *     STATS    received 8, dropped by the kernel 8, dropped by the interface 8, written 8
 *     ROTATED  octets 8, frames 8 of the file that was ended
 *     ERROR    code 2, n 2, text n (no NUL)
 *     BYE      octets 8, frames 8 of the last file
 *
 * A session: READY, then COMMIT, STATS and ROTATED in any order, at most one ERROR, BYE. Before
 * READY there may be an ERROR and BYE only. The end of the file on either side is the end of the
 * session: a helper without a caller stops and keeps what it wrote. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CONTROL_VERSION = 1,
  CONTROL_TEXT_MAX = 512, /* libpcap's error texts have at most 256 octets */
  CONTROL_MESSAGE_MAX = 8 + CONTROL_TEXT_MAX,
};

enum control_type {
  CONTROL_READY = 1,
  CONTROL_COMMIT,
  CONTROL_STATS,
  CONTROL_ROTATED,
  CONTROL_ERROR,
  CONTROL_BYE,
  CONTROL_STOP = 64,
  CONTROL_ROTATE,
};

/* Why there is no capture, or why it ended early. The sentence in the user's language is the
 * caller's; `text` is what the system or libpcap said. */
enum control_error {
  CONTROL_ERROR_NONE,
  CONTROL_ERROR_PERMISSION,   /* the helper lacks the right to capture */
  CONTROL_ERROR_NO_INTERFACE, /* no interface of that name */
  CONTROL_ERROR_DOWN,         /* the interface is not up */
  CONTROL_ERROR_FILTER,       /* libpcap does not understand the filter */
  CONTROL_ERROR_VANISHED,     /* the interface went away while capturing */
  CONTROL_ERROR_DISK_FULL,    /* nothing more could be written */
  CONTROL_ERROR_DISK_FLOOR,   /* less free room than was to be left */
  CONTROL_ERROR_OUTPUT,       /* writing failed otherwise, or the pipe's reader went away */
  CONTROL_ERROR_CAPTURE,      /* libpcap failed otherwise */
  CONTROL_ERROR_SANDBOX,      /* rights could not be given up; nothing was captured */
  CONTROL_ERROR_USAGE,        /* arguments or messages that make no sense: our bug */
  CONTROL_N_ERRORS
};

struct control_message {
  enum control_type type;
  uint16_t link; /* READY: LINKTYPE_ number, as in a file */
  uint32_t snap_octets;
  uint64_t n_octets, n_frames; /* COMMIT, ROTATED, BYE */
  uint64_t n_received;         /* STATS: frames that passed the filter, the dropped ones too */
  uint64_t n_dropped_kernel, n_dropped_interface;
  uint64_t n_written;
  enum control_error error; /* ERROR */
  char text[CONTROL_TEXT_MAX + 1];
};

/* Lays a message out in `out`, which has room for CONTROL_MESSAGE_MAX; returns its octets. A text
 * that is too long is cut. */
size_t control_put(const struct control_message *m, uint8_t *out);

/* Reads one packet. False when it is no message of this version: an unknown type, a wrong length, a
 * number out of range. Control characters in a text are replaced by '?'. */
bool control_get(const uint8_t *p, size_t n, struct control_message *out);

/* Whether the helper (or else the caller) is the one who says messages of that type. */
bool control_is_from_helper(enum control_type type);

/* The helper's side of the order of messages: whether `next` may follow what was said. Keep
 * `*said` (0 at first) between calls; it is not changed by a message that may not come. */
bool control_may_follow(unsigned *said, enum control_type next);

#endif
