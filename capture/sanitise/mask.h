/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SANITISE_MASK_H
#define CAPTURE_SANITISE_MASK_H

/* What a secret is replaced by: as many octets, of the same kind, so that every parser reads the
 * copy as it read the original. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Overwrites p[0..n). With `is_base64` the text is a message of SASL (or of HTTP's Basic) in
 * base64: it is decoded, only its secret part is overwritten, and encoded again; what cannot be
 * read so is overwritten as a whole. Quotes around a quoted string stay. */
void mask_secret(uint8_t *p, size_t n, bool is_base64);

#endif
