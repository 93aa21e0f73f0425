/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_ENVELOPE_H
#define GUI_ENVELOPE_H

/* The envelopes of a decoded frame, outermost first: which headers lie where, what they hold. Pure.
 */
#include "capture/decode/decode.h"
#include "capture/wire/field.h"

/* Link, VLAN tags, network, transport: no frame that is read nests deeper. */
enum { ENVELOPE_LAYERS_MAX = 12 };

struct envelope_layer {
  const struct wire_header *header;
  uint32_t field; /* index of its protocol field in the decode */
  unsigned source;
  uint32_t first;         /* first octet of the header in its source */
  uint32_t header_octets; /* options included */
  uint32_t inside_octets; /* what it carries, padding not counted */
};

struct envelope {
  struct envelope_layer layers[ENVELOPE_LAYERS_MAX];
  unsigned n_layers;
  unsigned payload_source; /* what the innermost header carries */
  uint32_t payload_first, payload_octets;
  uint32_t padding_octets; /* behind what IP counts, in an Ethernet frame */
  uint32_t header_octets;  /* of all layers */
  uint32_t total_octets;   /* headers + payload + padding */
};

void envelope_open(struct envelope *e, const struct decode *d);

/* The field of the decode that a row of a layer's table stands for, or UINT32_MAX. */
uint32_t envelope_field(const struct decode *d, const struct envelope_layer *layer,
                        const struct wire_field *field);

/* Share of headers and padding in percent, rounded; 0 for an empty frame. */
unsigned envelope_overhead_percent(const struct envelope *e);

#endif
