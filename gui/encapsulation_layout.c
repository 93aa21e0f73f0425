/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encapsulation_layout.c -- where the boxes and cells of the encapsulation view lie.
 *
 *   header octets ──rows of 32 bits──> cells; a field that crosses the end of a row has several
 * parts
 *
 * All sizes are multiples of the height of a line, so projector mode and zoom need no care here. */
#include <string.h>

#include "capture/wire/addr.h"
#include "gui/encapsulation_private.h"
#include "gui/mask.h"

void
encapsulation_cell_clear(gpointer data)
{
  struct encapsulation_cell *c = data;
  g_free(c->label);
  g_free(c->value);
}

static double
text_height(struct encapsulation *v)
{
  g_autoptr(PangoLayout) layout = encapsulation_text(v, "Agกี่", 1, FALSE, FALSE);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  return height;
}

/* ---- values ---- */

static char *
raw_value(const struct wire_field *field, const uint8_t *header)
{
  const uint8_t *p = header + field->first_bit / 8;
  switch (field->kind) {
  case WIRE_ETHER: {
    char out[ETHER_TEXT_MAX];
    return g_strdup(ether_format(p, out));
  }
  case WIRE_IPV4: {
    struct ip_addr addr = ip_addr_v4(p);
    char out[ADDR_TEXT_MAX];
    return g_strdup(ip_addr_format(&addr, out));
  }
  case WIRE_IPV6: {
    struct ip_addr addr = ip_addr_v6(p);
    char out[ADDR_TEXT_MAX];
    return g_strdup(ip_addr_format(&addr, out));
  }
  case WIRE_HEX:
    return g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", (field->n_bits + 3) / 4,
                           (guint64)wire_get(header, field));
  default:
    break;
  }
  guint64 number = wire_get(header, field);
  /* Both lengths count words of four octets. */
  if (strcmp(field->key, "ip.hdr_len") == 0 || strcmp(field->key, "tcp.hdr_len") == 0)
    return g_strdup_printf("%u ×4", (unsigned)number);
  return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

/* What stands behind ": " in the line of the tree: "TCP (6)" rather than 6, where there is room. */
static char *
line_value(struct decode *d, uint32_t index)
{
  g_autofree char *line = decode_line(d, decode_field(d, index));
  const char *colon = line ? strstr(line, ": ") : NULL;
  return g_utf8_make_valid(colon ? colon + 2 : "", -1);
}

static char *
cell_value(struct decode *d, const struct wire_field *field, const uint8_t *header, uint32_t index)
{
  static const char *const named[] = {"eth.type",  "ip.proto",   "ipv6.nxt", "arp.opcode",
                                      "icmp.type", "vlan.etype", "sll.etype"};
  for (size_t i = 0; index != UINT32_MAX && i < G_N_ELEMENTS(named); i++)
    if (strcmp(field->key, named[i]) == 0)
      return line_value(d, index);
  return raw_value(field, header);
}

/* ---- laying out ---- */

double
encapsulation_indent(struct encapsulation *v)
{
  double roominess = (v->width / v->unit - 9) / 10;
  return v->unit * 0.6 * CLAMP(roominess, 0.3, 1);
}

double
encapsulation_rows_x(struct encapsulation *v)
{
  return v->unit * 0.5 + (v->envelope.n_layers + 0.5) * encapsulation_indent(v);
}

double
encapsulation_bit_width(struct encapsulation *v)
{
  return (v->width - 2 * encapsulation_rows_x(v)) / 32;
}

/* Cuts bits [first, first + n) at the ends of rows of 32. */
static void
add_parts(struct encapsulation *v, struct encapsulation_cell *c, unsigned first, unsigned n,
          const double *row_y, const double *row_height)
{
  while (n > 0 && c->n_parts < PARTS_MAX) {
    unsigned in_row = first % 32, take = MIN(n, 32 - in_row), row = first / 32;
    c->parts[c->n_parts++] = (struct encapsulation_part){.x = encapsulation_rows_x(v) +
                                                              in_row * encapsulation_bit_width(v),
                                                         .y = row_y[row],
                                                         .width = take * encapsulation_bit_width(v),
                                                         .height = row_height[row]};
    first += take;
    n -= take;
  }
}

static unsigned
rows_of(uint32_t octets)
{
  return (octets + 3) / 4;
}

/* Fields that tile the options of a header: the shallowest ones that lie inside. */
static void
add_options(struct encapsulation *v, struct decode *d, unsigned layer, const double *row_y,
            const double *row_height)
{
  const struct envelope_layer *l = &v->envelope.layers[layer];
  uint32_t first = l->first + l->header->n_octets, end = l->first + l->header_octets;
  unsigned depth = UINT_MAX;
  for (int pass = 0; pass < 2; pass++)
    for (unsigned i = l->field + 1; i < decode_n_fields(d) && decode_field(d, i)->depth > 0; i++) {
      const struct field *f = decode_field(d, i);
      if (f->source != l->source || f->n_octets == 0 || f->first < first ||
          f->first + f->n_octets > end || f->n_octets == end - first ||
          (f->flags & FIELD_FLAG_HIDDEN))
        continue;
      if (pass == 0) {
        depth = MIN(depth, f->depth);
      } else if (f->depth == depth) {
        struct encapsulation_cell c = {.label = g_strdup(lang_pick(f->def->name)),
                                       .value = line_value(d, i),
                                       .field = i,
                                       .layer = layer,
                                       .source = l->source,
                                       .first_octet = f->first,
                                       .n_octets = f->n_octets};
        add_parts(v, &c, (f->first - l->first) * 8, f->n_octets * 8, row_y, row_height);
        g_array_append_val(v->cells, c);
      }
    }
  if (depth != UINT_MAX)
    return;
  struct encapsulation_cell c = {.label = g_strdup(lang_text("Options", "ตัวเลือก (options)")),
                                 .value = pane_format_octets(end - first),
                                 .field = UINT32_MAX,
                                 .layer = layer,
                                 .source = l->source,
                                 .first_octet = first,
                                 .n_octets = end - first};
  add_parts(v, &c, l->header->n_octets * 8u, (end - first) * 8, row_y, row_height);
  g_array_append_val(v->cells, c);
}

static double
add_header(struct encapsulation *v, struct decode *d, unsigned layer, double y)
{
  const struct envelope_layer *l = &v->envelope.layers[layer];
  const uint8_t *header = d->sources[l->source].octets->data + l->first;
  double row_y[32], row_height[32];
  unsigned n_rows = MIN(rows_of(l->header_octets), 32u);
  for (unsigned r = 0; r < n_rows; r++) {
    row_height[r] = v->unit * 1.95;
    for (unsigned i = 0; i < l->header->n_fields; i++)
      if (l->header->fields[i].first_bit / 32 == r && l->header->fields[i].n_bits == 1)
        row_height[r] = v->unit * 3.1;
    row_y[r] = y;
    y += row_height[r];
  }
  for (unsigned i = 0; i < l->header->n_fields; i++) {
    const struct wire_field *field = &l->header->fields[i];
    uint32_t index = envelope_field(d, l, field);
    struct encapsulation_cell c = {.label = g_strdup(field->label),
                                   .value = cell_value(d, field, header, index),
                                   .field = index,
                                   .layer = layer,
                                   .source = l->source,
                                   .first_octet = l->first + field->first_bit / 8,
                                   .n_octets = (field->n_bits + 7u) / 8,
                                   .is_flag = field->n_bits == 1};
    add_parts(v, &c, field->first_bit, field->n_bits, row_y, row_height);
    g_array_append_val(v->cells, c);
  }
  if (l->header_octets > l->header->n_octets)
    add_options(v, d, layer, row_y, row_height);
  return y;
}

static gboolean
is_text(const uint8_t *p, uint32_t n)
{
  uint32_t odd = 0;
  for (uint32_t i = 0; i < n; i++)
    odd += (p[i] < 0x20 && p[i] != '\r' && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f;
  return odd * 20 <= n;
}

static char *
payload_line(const uint8_t *p, const struct mask *mask, unsigned source, uint32_t first, uint32_t n,
             gboolean as_text)
{
  if (as_text) {
    g_autofree uint8_t *copy = g_memdup2(p + first, n);
    for (uint32_t i = 0; i < n; i++)
      if (mask_has(mask, source, first + i))
        copy[i] = '*';
    return pane_text_from_octets(copy, n, PAYLOAD_LINE_OCTETS);
  }
  GString *out = g_string_new(NULL);
  for (uint32_t i = 0; i < n; i++) {
    if (mask_has(mask, source, first + i))
      g_string_append(out, "** ");
    else
      g_string_append_printf(out, "%02x ", p[first + i]);
  }
  return g_string_free(out, FALSE);
}

static void
read_payload(struct encapsulation *v, struct decode *d)
{
  const struct envelope *e = &v->envelope;
  struct mask mask;
  g_ptr_array_set_size(v->payload, 0);
  if (e->payload_octets == 0 || e->payload_source >= d->n_sources)
    return;
  mask_init(&mask, d);
  const uint8_t *p = d->sources[e->payload_source].octets->data;
  uint32_t at = e->payload_first, end = at + e->payload_octets;
  gboolean as_text = is_text(p + at, MIN(e->payload_octets, 1024u));
  while (at < end && v->payload->len < PAYLOAD_LINES_MAX) {
    uint32_t n = MIN(end - at, 16u);
    if (as_text) {
      const uint8_t *lf = memchr(p + at, '\n', end - at);
      n = lf ? (uint32_t)(lf - (p + at)) + 1 : end - at;
    }
    g_ptr_array_add(v->payload, payload_line(p, &mask, e->payload_source, at, n, as_text));
    at += n;
  }
  if (at < end) {
    g_autofree char *rest = pane_format_octets(end - at);
    g_ptr_array_add(v->payload, g_strdup_printf(lang_text("… and %s more", "… และอีก %s"), rest));
  }
  mask_clear(&mask);
}

static double
add_payload(struct encapsulation *v, struct decode *d, double y)
{
  const struct envelope *e = &v->envelope;
  read_payload(v, d);
  v->box_y[e->n_layers] = y;
  double height = v->unit * (1.6 + 1.15 * MAX(v->payload->len, 1));
  struct encapsulation_cell c = {.label = g_strdup(""),
                                 .value = g_strdup(""),
                                 .field = UINT32_MAX,
                                 .layer = e->n_layers,
                                 .source = e->payload_source,
                                 .first_octet = e->payload_first,
                                 .n_octets = e->payload_octets,
                                 .is_payload = TRUE,
                                 .n_parts = 1};
  c.parts[0] = (struct encapsulation_part){
      encapsulation_rows_x(v) - encapsulation_indent(v) / 2, y,
      v->width - 2 * encapsulation_rows_x(v) + encapsulation_indent(v), height};
  if (e->payload_octets > 0)
    g_array_append_val(v->cells, c);
  else
    encapsulation_cell_clear(&c);
  v->box_end[e->n_layers] = y + height;
  return y + height;
}

static double
sentence_height(struct encapsulation *v)
{
  g_autoptr(PangoLayout) layout = encapsulation_sentence_layout(v);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  return height;
}

void
encapsulation_lay_out(struct encapsulation *v)
{
  struct decode *d = session_decode(v->session);
  g_array_set_size(v->cells, 0);
  v->hovered = -1;
  v->room = gtk_widget_get_allocated_width(v->scrolled);
  v->scale = 1;
  double scale = (v->room - 2) / (text_height(v) * ENCAPSULATION_WIDTH_ROOMY);
  v->scale = CLAMP(scale, ENCAPSULATION_SCALE_MIN, 1);
  v->unit = text_height(v);
  v->width = MAX(v->room - 2, v->unit * ENCAPSULATION_WIDTH_MIN);
  envelope_open(&v->envelope, d);
  double y = v->unit * 3.3 + sentence_height(v);
  for (unsigned i = 0; i < v->envelope.n_layers; i++) {
    v->box_y[i] = y;
    y = add_header(v, d, i, y + v->unit * 1.7) + v->unit * 0.45;
  }
  if (decode_n_fields(d) > 0)
    y = add_payload(v, d, y);
  for (unsigned i = v->envelope.n_layers; i-- > 0;) {
    y += v->unit * 0.45;
    if (i == 0 && v->envelope.padding_octets > 0)
      y += v->unit * 1.5;
    v->box_end[i] = y;
  }
  v->height = y + v->unit;
  if (v->focused >= (int)v->cells->len)
    v->focused = -1;
  gtk_widget_set_size_request(v->area, (int)v->width, (int)v->height);
  gtk_widget_queue_draw(v->area);
}
