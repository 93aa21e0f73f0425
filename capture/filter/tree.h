/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_TREE_H
#define CAPTURE_FILTER_TREE_H

/* A compiled filter: a tree of tests. Private to this folder: parse.c builds it, match.c walks it.
 */
#include "capture/filter/filter.h"
#include "capture/wire/addr.h"

enum {
  FILTER_TEXT_MAX = 65536,   /* octets of a filter: longer ones are a mistake */
  FILTER_DEPTH_MAX = 64,     /* parentheses and nots inside one another: the stack's limit */
  FILTER_SLICES_MAX = 8,     /* runs in one pair of brackets */
  FILTER_ENTRIES_MAX = 1024, /* members of one set */
};

enum filter_op {
  OP_PRESENT,
  OP_EQ,     /* one occurrence fits */
  OP_ALL_EQ, /* === every occurrence fits */
  OP_NE,     /* != no occurrence is equal */
  OP_ANY_NE, /* !== one occurrence differs */
  OP_GT,
  OP_LT,
  OP_GE,
  OP_LE,
  OP_CONTAINS,
  OP_MATCHES,
  OP_IN,
};

enum filter_function {
  FUNCTION_NONE,
  FUNCTION_LEN,
  FUNCTION_COUNT,
  FUNCTION_LOWER,
  FUNCTION_UPPER
};

/* first and last may be negative: counted from the end. `to_end`: all behind first. */
struct filter_slice {
  int32_t first;
  int32_t n_octets; /* when not `by_last` */
  int32_t last;     /* inclusive, when `by_last` */
  bool by_last, to_end;
};

struct filter_operand {
  enum filter_function function;
  const struct field_def *def;
  bool has_mask;
  uint64_t mask;
  struct filter_slice slices[FILTER_SLICES_MAX];
  unsigned n_slices;
};

/* What an operand's values are compared as. */
enum filter_class {
  CLASS_NUMBER,
  CLASS_SIGNED,
  CLASS_OCTETS,
  CLASS_TEXT,
  CLASS_ADDRESS,
  CLASS_NOTHING
};

struct filter_value {
  enum filter_class class;
  uint64_t number;
  uint8_t *octets; /* OCTETS, TEXT (UTF-8 as on the wire) and ADDRESS */
  size_t n_octets;
  unsigned prefix_bits; /* ADDRESS: how many of its bits count */
  char *word;           /* a number that was given as its word: "TCP" */
};

struct filter_entry {
  struct filter_value from, to; /* of a set; to.class is CLASS_NOTHING for a single value */
};

enum filter_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST, NODE_ALL };

struct filter_node {
  enum filter_kind kind;
  struct filter_node *a, *b;
  struct filter_operand left;
  enum filter_op op;
  bool right_is_field;
  struct filter_operand right;
  struct filter_entry *entries; /* one for a plain comparison */
  unsigned n_entries;
  GRegex *regex;
};

struct filter {
  struct filter_node *root;
};

void filter_node_free(struct filter_node *node);
enum filter_class filter_operand_class(const struct filter_operand *operand);

/* Reads a literal for a class of values; `quoted`: it stood between quotes, escapes are resolved.
 * False when it is none; *hint then says what is expected, in the current language. */
bool filter_value_parse(struct filter_value *out, const struct filter_operand *operand,
                        enum filter_op op, const char *text, size_t n, bool quoted,
                        const char **hint);
void filter_value_clear(struct filter_value *value);

#endif
