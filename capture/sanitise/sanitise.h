/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SANITISE_SANITISE_H
#define CAPTURE_SANITISE_SANITISE_H

/* A copy of a capture without the secrets of its logins: same frames, same lengths, same stamps,
 * right checksums. */
#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

struct sanitised {
  uint32_t n_frames;
  uint32_t n_secrets;   /* places in streams that were overwritten */
  uint32_t n_changed;   /* frames that differ from the original */
  uint32_t n_key_logs;  /* blocks with secrets of TLS that were blanked */
  uint32_t n_elsewhere; /* secrets whose octets stand in other places too: they were left */
  char *incomplete;     /* why not all could be read; NULL otherwise. Free it */
};

/* Copies `in` ("-": stdin; gzip is unpacked) to `out` and overwrites there. `out` appears only when
 * all is done, with the mode that the umask gives; until then a neighbour of mode 0600 holds the
 * work. False and `error` (SOURCE_ERROR, G_FILE_ERROR) when there is no such copy. */
bool sanitise_file(const char *in, const char *out, struct sanitised *done, GError **error);

#endif
