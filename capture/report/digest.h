/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_REPORT_DIGEST_H
#define CAPTURE_REPORT_DIGEST_H

/* The SHA-256 of a file, by which a report names the capture that it speaks of. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;

/* A digest that takes its octets in pieces, in order. */
struct digest *digest_new(void);
void digest_free(struct digest *d); /* NULL is fine */
void digest_feed(struct digest *d, const uint8_t *octets, size_t n);

/* Once, behind the last octet: writes 64 hex digits and NUL; false (and "") when the library
 * failed.
 */
bool digest_end(struct digest *d, char out[65]);

/* Reads a whole file: 64 hex digits and NUL; false (and "") when it cannot be read. */
bool digest_file(const char *path, char out[65]);

#endif
