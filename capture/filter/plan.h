/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_PLAN_H
#define CAPTURE_FILTER_PLAN_H

/* How each test of a filter is answered without decoding. Private to this folder: plan.c decides
 * it, scan.c runs it. */
#include "capture/filter/column.h"
#include "capture/filter/search.h"

/* Protocols without which a key cannot occur. */
enum family {
  FAMILY_TCP = 1 << 0,
  FAMILY_UDP = 1 << 1,
  FAMILY_IP4 = 1 << 2,
  FAMILY_IP6 = 1 << 3,
  FAMILY_NO_FLOW = 1 << 4, /* ARP, ICMP: in no frame of a flow */
  FAMILY_SMTP = 1 << 5,
  FAMILY_POP = 1 << 6,
  FAMILY_IMAP = 1 << 7,
  FAMILY_TLS = 1 << 8,
  FAMILY_MESSAGE = 1 << 9, /* Internet messages: inside SMTP, POP3 and IMAP */
};
enum { FAMILIES_APP = FAMILY_SMTP | FAMILY_POP | FAMILY_IMAP | FAMILY_TLS | FAMILY_MESSAGE };

enum octets_of { OCTETS_NONE, OCTETS_FRAME, OCTETS_PAYLOAD };

/* A test; or several, joined, of which each asks for the flow alone: they are one question. */
struct leaf {
  const struct filter_node *test;
  enum filter_scope scope;
  unsigned families; /* false where one of them is not there */
  bool is_column;    /* of SCOPE_FRAME and SCOPE_RECORD: `column` answers it */
  struct column_test column;
  enum octets_of octets; /* contains or matches in these octets can be asked without decoding */
  struct filter_search search;
  GByteArray *flows;           /* enum verdict by filter_block_slots(); those of SCOPE_RECORD
                                  with the same families share one */
  uint8_t here[VERDICT_BLOCK]; /* what the index said of the block's frames */
};

struct plan {
  enum filter_kind kind;
  struct plan *a, *b; /* of and, or: the cheaper one first */
  struct leaf *leaf;
};

struct plan *filter_plan_new(const struct filter_node *node);
void filter_plan_free(struct plan *plan);

/* What the flow alone says of a test in one direction. Of a SCOPE_RECORD it is what it says of the
 * protocols: true where the record has to be asked. */
enum verdict filter_leaf_flow(const struct leaf *leaf, const struct filter_row *row);

#endif
