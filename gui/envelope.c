/* SPDX-License-Identifier: GPL-3.0-or-later */
/* envelope.c -- which headers a decoded frame consists of.
 *
 *   | eth 14 | ip 20 | tcp 32 | payload 26 | padding |
 *     first                     payload_first
 *
 * The protocol fields of the decode name the layers; lengths are read from the headers themselves,
 * so that the drawing shows what stands on the wire. */
#include "gui/envelope.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

static const struct wire_header *
table_of(const struct decode *d, const struct field *f)
{
  static const struct wire_header *const tables[] = {&eth_header,    &vlan_header, &arp_header,
                                                     &ipv4_header,   &ipv6_header, &icmp_header,
                                                     &icmpv6_header, &udp_header,  &tcp_header};
  const char *key = f->def->key;
  if (strcmp(key, "sll") == 0)
    return trace_link(d->trace, d->frame) == LINK_LINUX_SLL2 ? &sll2_header : &sll_header;
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
    if (strcmp(tables[i]->protocol, key) == 0)
      return tables[i];
  return NULL;
}

/* The header's own length: IPv4 and TCP say it in a nibble. */
static uint32_t
header_length(const struct wire_header *table, const uint8_t *p, uint32_t n)
{
  uint32_t length = table->n_octets;
  if (table == &ipv4_header)
    length = (p[0] & 0x0fu) * 4u;
  else if (table == &tcp_header)
    length = (p[12] >> 4) * 4u;
  return CLAMP(length, table->n_octets, n);
}

/* Where what the header carries ends: IP says it, the rest goes to the end of the source. */
static uint32_t
carried_end(const struct wire_header *table, const uint8_t *p, uint32_t first, uint32_t end)
{
  uint64_t says = end;
  if (table == &ipv4_header && get_be16(p + 2) >= IPV4_OCTETS)
    says = (uint64_t)first + get_be16(p + 2);
  else if (table == &ipv6_header && get_be16(p + 4) > 0)
    says = (uint64_t)first + IPV6_OCTETS + get_be16(p + 4);
  else if (table == &arp_header)
    says = (uint64_t)first + ARP_OCTETS;
  return (uint32_t)MIN(says, end);
}

static void
add_layer(struct envelope *e, const struct decode *d, uint32_t index, uint32_t *end)
{
  const struct field *f = decode_field(d, index);
  const struct wire_header *table = table_of(d, f);
  if (!table || e->n_layers == ENVELOPE_LAYERS_MAX || f->source >= d->n_sources)
    return;
  const GByteArray *octets = d->sources[f->source].octets;
  if (e->n_layers == 0 || f->source != e->layers[e->n_layers - 1].source)
    *end = octets->len;
  if (f->first > *end || *end - f->first < table->n_octets)
    return;
  const uint8_t *p = octets->data + f->first;
  uint32_t carried = carried_end(table, p, f->first, *end);
  if (carried < *end && e->n_layers > 0 && f->source == e->layers[e->n_layers - 1].source)
    e->padding_octets += *end - carried;
  *end = MAX(carried, f->first + table->n_octets);
  struct envelope_layer *layer = &e->layers[e->n_layers++];
  *layer = (struct envelope_layer){
      .header = table, .field = index, .source = f->source, .first = f->first};
  layer->header_octets = header_length(table, p, *end - f->first);
  layer->inside_octets = *end - f->first - layer->header_octets;
  e->header_octets += layer->header_octets;
  e->payload_source = f->source;
  e->payload_first = f->first + layer->header_octets;
  e->payload_octets = layer->inside_octets;
}

void
envelope_open(struct envelope *e, const struct decode *d)
{
  memset(e, 0, sizeof *e);
  uint32_t end = 0;
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->depth == 0 && f->def->type == FIELD_PROTOCOL)
      add_layer(e, d, i, &end);
  }
  /* Outer layers hold no padding of inner ones. */
  for (unsigned i = 0; i + 1 < e->n_layers; i++)
    if (e->layers[i].source == e->layers[e->n_layers - 1].source)
      e->layers[i].inside_octets = end - e->layers[i].first - e->layers[i].header_octets;
  if (e->n_layers == 0 && d->n_sources > 0)
    e->payload_octets = d->sources[0].octets ? d->sources[0].octets->len : 0;
  e->total_octets = e->header_octets + e->payload_octets + e->padding_octets;
}

uint32_t
envelope_field(const struct decode *d, const struct envelope_layer *layer,
               const struct wire_field *field)
{
  for (unsigned i = layer->field; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (i > layer->field && f->depth == 0)
      break;
    if (f->source == layer->source && strcmp(f->def->key, field->key) == 0)
      return i;
  }
  return UINT32_MAX;
}

unsigned
envelope_overhead_percent(const struct envelope *e)
{
  uint64_t overhead = (uint64_t)e->header_octets + e->padding_octets;
  return e->total_octets ? (unsigned)((overhead * 100 + e->total_octets / 2) / e->total_octets) : 0;
}
