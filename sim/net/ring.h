/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_RING_H
#define SIM_NET_RING_H

/* A ring of octets that owns memory only while it holds something: an idle connection costs none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
  uint8_t *octets;
  uint32_t room; /* allocated, a power of two, or 0 */
  uint32_t head; /* index of the first octet */
  uint32_t used;
};

void ring_clear(struct ring *r);
/* Writes n octets at `offset` behind the first one; they count as held when ring_grow() says so. */
void ring_write(struct ring *r, uint32_t offset, const uint8_t *p, uint32_t n);
/* The next n octets behind those held are now held too (they were written before). */
void ring_grow(struct ring *r, uint32_t n);
void ring_append(struct ring *r, const uint8_t *p, uint32_t n);
/* Copies n held octets from `offset`. */
void ring_read(const struct ring *r, uint32_t offset, uint8_t *out, uint32_t n);
/* The first held octets that lie in one piece; returns how many. */
uint32_t ring_peek(const struct ring *r, const uint8_t **out);
/* Drops n octets from the front. `may_free`: nothing was written behind those held. */
void ring_drop(struct ring *r, uint32_t n, bool may_free);

#endif
