/* SPDX-License-Identifier: GPL-3.0-or-later */
/* field.c -- reads and writes the named bit ranges of a header.
 *
 *     octet      0               1
 *     bit        0 1 2 3 4 5 6 7 8 9 ...        first_bit counts from the left,
 *               |version|  IHL  |   DSCP   ..   as the diagrams of the RFCs do
 */
#include "capture/wire/field.h"

#include <assert.h>
#include <string.h>

uint64_t
wire_get(const uint8_t *header, const struct wire_field *field)
{
  assert(field->n_bits <= 64);
  uint64_t value = 0;
  unsigned bit = field->first_bit;
  unsigned left = field->n_bits;
  while (left > 0) {
    unsigned in_octet = 8 - bit % 8;
    unsigned take = left < in_octet ? left : in_octet;
    unsigned part = (unsigned)(header[bit / 8] >> (in_octet - take)) & ((1u << take) - 1);
    value = value << take | part;
    bit += take;
    left -= take;
  }
  return value;
}

void
wire_put(uint8_t *header, const struct wire_field *field, uint64_t value)
{
  assert(field->n_bits <= 64);
  unsigned bit = field->first_bit;
  unsigned left = field->n_bits;
  while (left > 0) {
    unsigned in_octet = 8 - bit % 8;
    unsigned take = left < in_octet ? left : in_octet;
    unsigned shift = in_octet - take;
    unsigned mask = ((1u << take) - 1) << shift;
    unsigned part = (unsigned)(value >> (left - take)) & ((1u << take) - 1);
    header[bit / 8] = (uint8_t)((header[bit / 8] & ~mask) | part << shift);
    bit += take;
    left -= take;
  }
}

const struct wire_field *
wire_find(const struct wire_header *header, const char *key)
{
  for (unsigned i = 0; i < header->n_fields; i++)
    if (strcmp(header->fields[i].key, key) == 0)
      return &header->fields[i];
  return NULL;
}

const char *
wire_name_find(const struct wire_name *rows, size_t n, unsigned number)
{
  for (size_t i = 0; i < n; i++)
    if (rows[i].number == number)
      return rows[i].name;
  return NULL;
}

bool
wire_tiles(const struct wire_header *header)
{
  unsigned bit = 0;
  for (unsigned i = 0; i < header->n_fields; i++) {
    if (header->fields[i].first_bit != bit)
      return false;
    bit += header->fields[i].n_bits;
  }
  return bit == header->n_octets * 8u;
}
