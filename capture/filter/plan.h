/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_PLAN_H
#define CAPTURE_FILTER_PLAN_H

/* How each test of a filter is answered without decoding. Private to this folder: plan.c decides
 * it, scan.c runs it. */
#include "capture/filter/tree.h"

/* Three-valued: what the index knows of a test. OPEN: pass 2 has to say. */
enum verdict { VERDICT_FALSE, VERDICT_TRUE, VERDICT_OPEN, VERDICT_UNASKED };

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

/* A test over numbers that a loop can make: key op number, key in { numbers }, key & mask. It fits
 * when the (masked) number lies in one of the ranges, or with `is_outside` in none. */
struct simple_test {
  bool is_simple, has_mask, is_outside;
  uint16_t key; /* filter_row_key() */
  int64_t mask;
  int64_t (*ranges)[2]; /* both ends included */
  unsigned n_ranges;
};

enum octets_of { OCTETS_NONE, OCTETS_FRAME, OCTETS_PAYLOAD };

struct leaf {
  const struct filter_node *test;
  enum filter_scope scope;
  unsigned families; /* false where one of them is not there */
  struct simple_test simple;
  enum octets_of octets; /* contains or matches in these octets can be asked without decoding */
  GByteArray *flows;     /* enum verdict by flow index * 2 + direction */
};

struct plan {
  enum filter_kind kind;
  struct plan *a, *b;
  struct leaf *leaf;
};

struct plan *filter_plan_new(const struct filter_node *node);
void filter_plan_free(struct plan *plan);

/* What the flow alone says of a test in one direction. */
enum verdict filter_leaf_flow(const struct leaf *leaf, const struct filter_row *row);

#endif
