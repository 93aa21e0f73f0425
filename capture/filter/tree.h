/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_TREE_H
#define CAPTURE_FILTER_TREE_H

/* A compiled filter: tests joined by and, or, xor, not; each compares expressions. Private to this
 * folder: parse.c builds it, check.c gives every expression its class, match.c walks it. */
#include "capture/filter/filter.h"
#include "capture/wire/addr.h"

enum {
  FILTER_TEXT_MAX = 65536,   /* octets of a filter: longer ones are a mistake */
  FILTER_DEPTH_MAX = 64,     /* brackets and signs inside one another: the stack's limit */
  FILTER_TESTS_MAX = 4096,   /* chains of and/or are walked by recursion */
  FILTER_CHAIN_MAX = 64,     /* arithmetic operators in one row, for the same reason */
  FILTER_SLICES_MAX = 64,    /* runs in one pair of brackets */
  FILTER_ENTRIES_MAX = 1024, /* members of one set */
  FILTER_ARGS_MAX = 16,      /* of one function */
};

enum filter_op {
  OP_PRESENT,
  OP_EQ,
  OP_NE,
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
  FUNCTION_UPPER,
  FUNCTION_STRING,
  FUNCTION_MAX,
  FUNCTION_MIN,
  FUNCTION_ABS,
  FUNCTION_N
};

/* first and last may be negative: counted from the end. `to_end`: all behind first. */
struct filter_slice {
  int32_t first;
  int32_t n_octets; /* when not `by_last` */
  int32_t last;     /* inclusive, when `by_last` */
  bool by_last, to_end;
};

/* What values are compared as. */
enum filter_class {
  CLASS_UNTYPED, /* a literal whose other side is not known yet */
  CLASS_NUMBER,
  CLASS_BOOL,
  CLASS_SPAN, /* ns */
  CLASS_TIME, /* ns since 1970 */
  CLASS_ETHER,
  CLASS_IPV4,
  CLASS_IPV6,
  CLASS_OCTETS,
  CLASS_PROTOCOL,
  CLASS_TEXT,
  CLASS_NOTHING, /* a mark: present or not */
};

/* Every number of every key, and what arithmetic makes of two of them, without wrapping. */
#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 filter_number;
#else
typedef int64_t filter_number; /* SIMPLIFIED: numbers of 2^63 and more are negative there */
#endif

/* One value, of a literal or of a frame. Octets are borrowed from the decode, unless `made`. */
struct filter_value {
  filter_number number; /* NUMBER, BOOL, SPAN, TIME */
  const uint8_t *octets;
  size_t n_octets;
  const char *word;    /* what a decoder calls the number: "TCP"; borrowed */
  uint8_t *made;       /* g_free() with the value; `octets` points here */
  uint8_t prefix_bits; /* of an address: how many bits count */
};

enum filter_literal { LITERAL_WORD, LITERAL_QUOTED, LITERAL_RAW, LITERAL_CHAR };

enum filter_expr_kind {
  EXPR_LITERAL,
  EXPR_FIELD,
  EXPR_REFERENCE, /* ${key}: of the selected frame */
  EXPR_SLICE,
  EXPR_FUNCTION,
  EXPR_ARITHMETIC,
  EXPR_NEGATED
};

struct filter_expr {
  enum filter_expr_kind kind;
  enum filter_class class;
  uint32_t first, n;           /* octets of the filter's text */
  const struct field_def *def; /* FIELD, REFERENCE */
  uint16_t row_key;            /* FIELD: see filter_row_key() */
  struct filter_slice *slices; /* SLICE; of a FIELD: its layers, 1 is the outermost */
  unsigned n_slices;
  enum filter_function function;
  char arithmetic; /* + - * / % & */
  struct filter_expr **args;
  unsigned n_args;
  enum filter_literal literal;
  GString *text;             /* LITERAL, escapes resolved */
  struct filter_value value; /* LITERAL, once check.c knew its class */
  GArray *referred;          /* REFERENCE: struct filter_value */
};

struct filter_entry {
  struct filter_expr *from, *to; /* of a set; `to` is NULL for a single value */
};

enum filter_kind { NODE_AND, NODE_OR, NODE_XOR, NODE_NOT, NODE_TEST, NODE_ALL };

struct filter_node {
  enum filter_kind kind;
  struct filter_node *a, *b;
  enum filter_op op;
  bool all;                /* every pair of values has to fit, not one */
  uint32_t op_first, op_n; /* octets of the operator in the text */
  struct filter_expr *left, *right;
  bool right_is_shared; /* `a < b < c`: the right side is the next test's left one, freed there */
  struct filter_entry *entries;
  unsigned n_entries;
  GRegex *regex;
};

struct filter {
  struct filter_node *root;
  GPtrArray *references; /* struct filter_expr, borrowed */
};

void filter_node_free(struct filter_node *node);
void filter_expr_free(struct filter_expr *expr);
void filter_value_clear(struct filter_value *value);

/* ---- lex.c ---- */

enum filter_token {
  T_END,
  T_WORD,
  T_LITERAL, /* quoted, raw or character: `literal` says which */
  T_OP,
  T_ARITHMETIC,
  T_AND,
  T_OR,
  T_XOR,
  T_NOT,
  T_IN,
  T_ANY,
  T_ALL,
  T_OPEN,
  T_CLOSE,
  T_LBRACE,
  T_RBRACE,
  T_COMMA,
  T_RANGE,
  T_LBRACKET,
  T_LAYER,
  T_REFERENCE, /* ${key}; the value is the key */
  T_BAD
};

struct filter_reading {
  const char *text;
  size_t n;
  size_t at;    /* behind the current token */
  size_t first; /* of the current token */
  enum filter_token token;
  enum filter_op op;           /* of T_OP */
  bool all;                    /* of T_OP: every pair has to fit */
  char arithmetic;             /* of T_ARITHMETIC */
  enum filter_literal literal; /* of T_LITERAL */
  GString *value;              /* of T_WORD, T_LITERAL and T_REFERENCE */
  unsigned depth;
  unsigned n_tests;
  GPtrArray *references;
  struct filter_error *error;
  bool failed;
};

void filter_next_token(struct filter_reading *r);

/* The first error is kept; later ones are consequences. */
void filter_fail(struct filter_reading *r, size_t first, size_t n, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The current token is not what was expected. */
void filter_fail_here(struct filter_reading *r, const char *expected);
void filter_fail_unknown_key(struct filter_reading *r, size_t first, const char *key);

/* The words that are operators or operands of the language, for completion and documentation; NULL
 * behind the last. */
extern const char *const filter_words[];

/* ---- check.c ---- */

/* Gives the expressions of a test their classes and its literals their values; fails the reading
 * where they do not fit. */
void filter_check_test(struct filter_reading *r, struct filter_node *t);

enum filter_class filter_class_of(const struct field_def *def);
/* Whether values of this class are runs of octets that can be cut with [ ]. */
bool filter_class_is_octets(enum filter_class class);

/* ---- value.c ---- */

/* Reads a literal as a value of a class. `def` (may be NULL) is the key it is compared with, for
 * its words and width. False when it is none; *hint then says what is expected, in the current
 * language. `for_search`: behind `contains`, where an address may be a part of one. */
bool filter_literal_read(struct filter_expr *literal, enum filter_class class,
                         const struct field_def *def, bool for_search, const char **hint);

/* ---- words.c ---- */

/* How many bits the numbers of a key have: 8, 16, 24, 32 or 64 (when nothing is known). */
unsigned filter_key_bits(const struct field_def *def);
/* The number that a key's values call `word` (case ignored); false when they do not. Keys without
 * words: *has_words is false. */
bool filter_key_word(const struct field_def *def, const char *word, uint64_t *number,
                     bool *has_words);
/* The words of a key in the order of their numbers, at most `max`; how many. */
unsigned filter_key_words(const struct field_def *def, const char **words, uint64_t *numbers,
                          unsigned max);

/* ---- function.c ---- */
extern const char *const filter_function_names[FUNCTION_N + 1]; /* NULL at the end */
enum filter_function filter_function_find(const char *word);

/* ---- row.c: what the index says about a frame without reading its octets ---- */

/* What has to be known for a key's values. */
enum filter_scope {
  SCOPE_NONE,   /* only pass 2 knows */
  SCOPE_FRAME,  /* the record of any frame */
  SCOPE_FLOW,   /* the flow and the direction */
  SCOPE_RECORD, /* the record of a frame of a flow */
};

enum { FILTER_ROW_VALUES_MAX = 2 }; /* ip.addr, tcp.port */

struct filter_row {
  const struct trace *trace;
  uint32_t index;
  struct trace_frame frame;
  const struct trace_flow *flow; /* NULL: none. Of a frame without a flow that outer.c could tell:
                                    addresses, and the protocol above IP; version 0 for ARP */
};

/* A key's number for filter_row_values(), 0 when the index does not hold it. */
uint16_t filter_row_key(const struct field_def *def, enum filter_scope *scope);
/* The key's values in that frame, in the order of pass 2; how many. Octets are borrowed from the
 * row's flow. */
unsigned filter_row_values(const struct filter_row *row, uint16_t key,
                           struct filter_value out[FILTER_ROW_VALUES_MAX]);

/* Where the numbers of a key of SCOPE_FRAME or SCOPE_RECORD, which has one of them, stand in the
 * records of many frames. */
struct filter_column {
  enum {
    COLUMN_NONE, /* nowhere */
    COLUMN_ONE,  /* 1 in every frame: whether the key is there is all that may be asked */
    COLUMN_NUMBER,
    COLUMN_VALUE,
    COLUMN_FLAG, /* 1 where one of `bits` is set in the value, else 0; of a mark: else absent */
    COLUMN_TIME,
    COLUMN_TIME_DELTA,
    COLUMN_TIME_RELATIVE
  } kind;
  enum trace_column value;
  uint16_t bits;
};
struct filter_column filter_row_column(uint16_t key);

/* ---- match.c ---- */

/* What a test looks at: a decoded frame, or its row when all its keys are indexed. */
struct filter_subject {
  const struct decode *d;
  const struct filter_row *row;
};

bool filter_test_matches(const struct filter_node *t, const struct filter_subject *s);
/* Tests joined by and, or, xor, not. */
bool filter_node_matches(const struct filter_node *n, const struct filter_subject *s);
/* The one number of an expression without keys; false when it has none, or several. */
bool filter_constant(const struct filter_expr *e, filter_number *out);
/* <0, 0, >0 of two values of one class. */
int filter_value_compare(enum filter_class class, const struct filter_value *a,
                         const struct filter_value *b);
bool filter_op_holds(enum filter_op op, int order);

#endif
