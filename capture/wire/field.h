/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_FIELD_H
#define CAPTURE_WIRE_FIELD_H

/* A header is a table of named bit ranges. One row serves the encoder, the decoder, the hex
 * highlighter and the header drawing. Bits are counted from the first octet, most significant
 * bit first (as RFC diagrams do). The rows of one table tile their header without gap or overlap.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
  WIRE_UINT,  /* decimal */
  WIRE_HEX,   /* hexadecimal */
  WIRE_FLAG,  /* one bit */
  WIRE_ETHER, /* 48 bits, aa:bb:cc:dd:ee:ff */
  WIRE_IPV4,  /* 32 bits, dotted */
  WIRE_IPV6,  /* 128 bits; wire_get() and wire_put() do not apply */
};

struct wire_field {
  const char *key;   /* Wireshark's name where it has one: "ip.ttl" */
  const char *label; /* short, for the header drawing: "TTL" */
  uint16_t first_bit;
  uint16_t n_bits;
  enum wire_kind kind;
};

struct wire_header {
  const char *protocol; /* "ip" */
  const char *title;    /* "IPv4" */
  uint16_t n_octets;    /* of the fixed part that the table tiles */
  uint16_t n_fields;
  const struct wire_field *fields;
};

/* The number in a field of at most 64 bits. `header` holds at least the table's n_octets. */
uint64_t wire_get(const uint8_t *header, const struct wire_field *field);

/* Stores the low n_bits of `value`; neighbouring bits stay as they are. */
void wire_put(uint8_t *header, const struct wire_field *field, uint64_t value);

/* The row with that key, or NULL. */
const struct wire_field *wire_find(const struct wire_header *header, const char *key);

/* Names of the numbers of a field: record types, cipher suites, alerts. */
struct wire_name {
  uint16_t number;
  const char *name;
};

/* The name of a number in a table of `n` rows, or NULL; WIRE_NAME takes an array. */
const char *wire_name_find(const struct wire_name *rows, size_t n, unsigned number);
#define WIRE_NAME(rows, number) wire_name_find(rows, sizeof(rows) / sizeof(rows)[0], number)

/* True when the rows cover every bit of the header exactly once, in order (for the tests). */
bool wire_tiles(const struct wire_header *header);

#endif
