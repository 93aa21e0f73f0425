/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_LEDGER_H
#define CAPTURE_FINDINGS_LEDGER_H

/* Records of any kind in the order in which they came, in memory of a fixed size: beyond it the
 * older ones go to a temporary file that has no name, and are read from there again. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LEDGER_RECORD_MAX = 1 << 15,
  LEDGER_BLOCKS_IN_MEMORY = 32, /* of 64 KiB: two megabytes */
};

struct ledger;

/* Without `may_spill` everything stays in memory, whatever it takes: for what must not lie on a
 * disk. */
struct ledger *ledger_new(bool may_spill);
void ledger_free(struct ledger *l);

/* Appends a record of at most LEDGER_RECORD_MAX octets, which are copied. */
void ledger_add(struct ledger *l, const void *octets, size_t n);
uint32_t ledger_n(const struct ledger *l);

/* The octets of a record, aligned to 8, until the next call with this ledger; NULL when the
 * temporary file cannot be read any more. */
const void *ledger_get(struct ledger *l, uint32_t index);

/* Writes over n octets of a record, from its octet `at` on. */
void ledger_patch(struct ledger *l, uint32_t index, size_t at, const void *octets, size_t n);

#endif
