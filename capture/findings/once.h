/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_ONCE_H
#define CAPTURE_FINDINGS_ONCE_H

/* What was said of a server, so that it is said once: a row for each rule, server and subject. */
#include "capture/findings/findings.h"

struct once {
  const struct finding_rule *rule;
  const char *subject; /* of a key; may be NULL */
  uint64_t hash;       /* set by the table */
  struct ip_addr server;
  uint16_t port;
  uint32_t last_stream;
  uint32_t index; /* of the finding */
  uint32_t n_streams;
};

struct once_table;
struct once_table *once_new(void);
void once_free(struct once_table *t);

/* The row that has the rule, subject, server and port of `key`, until the next once_add(); NULL:
 * none. *place is for once_add(). */
struct once *once_find(const struct once_table *t, const struct once *key, uint64_t *place);
/* Copies the row, which was not found. */
void once_add(struct once_table *t, const struct once *row, uint64_t place);

unsigned once_n(const struct once_table *t);
const struct once *once_get(const struct once_table *t, unsigned i);

#endif
