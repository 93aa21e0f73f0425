/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encapsulation.c -- the selected frame as envelopes inside envelopes.
 *
 *   ├─ eth ─┼── ip ──┼─── tcp ───┼── smtp ──┤   the whole frame to scale
 *   Ethernet II · 14 octets ─────────────────┐
 *   │ 0       8       16      24      31     │   headers in rows of 32 bits, all at one scale
 *   │ IPv4 · 20 octets ───────────────────┐  │
 *   │ │ version │ IHL │ …                 │  │
 *
 * envelope.c says what lies where; here rectangles are made of it (lay_out), drawn, and turned back into
 * fields when somebody points at them. All sizes are multiples of the font's height, which projector
 * mode and zoom change for every widget. */
#include "gui/encapsulation.h"

#include <math.h>
#include <string.h>

#include "capture/wire/addr.h"
#include "gui/envelope.h"
#include "gui/mask.h"
#include "gui/pane.h"

/* A field of 128 bits takes four rows; options at most 40 octets, ten rows. */
enum { PARTS_MAX = 11, PAYLOAD_LINES_MAX = 8, PAYLOAD_LINE_OCTETS = 96 };

struct part {
  double x, y, width, height;
};

struct cell {
  struct part parts[PARTS_MAX];
  unsigned n_parts;
  char *label, *value;
  uint32_t field; /* in the decode, or UINT32_MAX */
  unsigned layer, source;
  uint32_t first_octet, n_octets;
  gboolean is_flag;
  gboolean is_payload;
};

struct view {
  GtkWidget *area, *scrolled;
  Session *session;
  struct envelope envelope;
  GArray *cells;       /* struct cell */
  GPtrArray *payload;  /* char *, lines */
  double box_y[ENVELOPE_LAYERS_MAX + 1], box_end[ENVELOPE_LAYERS_MAX + 1];
  double unit; /* height of a line of text */
  double width, height;
  int hovered, focused; /* cells or -1 */
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "encapsulation");
}

static void
clear_cell(gpointer data)
{
  struct cell *c = data;
  g_free(c->label);
  g_free(c->value);
}

static struct cell *
cell_at(struct view *v, int i)
{
  return &g_array_index(v->cells, struct cell, i);
}

/* ---- text ---- */

static PangoLayout *
text(struct view *v, const char *string, double size, gboolean bold, gboolean mono)
{
  PangoLayout *layout = gtk_widget_create_pango_layout(v->area, string);
  PangoFontDescription *font =
      pango_font_description_copy(pango_context_get_font_description(pango_layout_get_context(layout)));
  pango_font_description_set_size(font, (int)(pango_font_description_get_size(font) * size));
  if (bold)
    pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  if (mono)
    pango_font_description_set_family(font, "Noto Sans Mono, DejaVu Sans Mono, Noto Sans Thai, monospace");
  pango_layout_set_font_description(layout, font);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  pango_font_description_free(font);
  return layout;
}

static double
text_height(struct view *v)
{
  g_autoptr(PangoLayout) layout = text(v, "Agกี่", 1, FALSE, FALSE);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  return height;
}

/* Draws within a box, ellipsized, in the present colour; returns the height taken. */
static double
put_text(struct view *v, cairo_t *cr, const char *string, double size, gboolean bold, gboolean mono,
         double x, double y, double width)
{
  g_autoptr(PangoLayout) layout = text(v, string, size, bold, mono);
  pango_layout_set_width(layout, (int)(MAX(width, 1) * PANGO_SCALE));
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  cairo_move_to(cr, x, y);
  pango_cairo_show_layout(cr, layout);
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
  static const char *const named[] = {"eth.type", "ip.proto", "ipv6.nxt", "arp.opcode", "icmp.type",
                                      "vlan.etype", "sll.etype"};
  for (size_t i = 0; index != UINT32_MAX && i < G_N_ELEMENTS(named); i++)
    if (strcmp(field->key, named[i]) == 0)
      return line_value(d, index);
  return raw_value(field, header);
}

/* ---- laying out ---- */

static double
indent(struct view *v)
{
  return v->unit * 0.6;
}

static double
rows_x(struct view *v)
{
  return v->unit * 0.5 + (v->envelope.n_layers + 0.5) * indent(v);
}

static double
bit_width(struct view *v)
{
  return (v->width - 2 * rows_x(v)) / 32;
}

/* Cuts bits [first, first + n) at the ends of rows of 32. */
static void
add_parts(struct view *v, struct cell *c, unsigned first, unsigned n, const double *row_y,
          const double *row_height)
{
  while (n > 0 && c->n_parts < PARTS_MAX) {
    unsigned in_row = first % 32, take = MIN(n, 32 - in_row), row = first / 32;
    c->parts[c->n_parts++] = (struct part){.x = rows_x(v) + in_row * bit_width(v),
                                           .y = row_y[row],
                                           .width = take * bit_width(v),
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
add_options(struct view *v, struct decode *d, unsigned layer, const double *row_y,
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
        struct cell c = {.label = g_strdup(f->def->name), .value = line_value(d, i), .field = i,
                         .layer = layer, .source = l->source, .first_octet = f->first,
                         .n_octets = f->n_octets};
        add_parts(v, &c, (f->first - l->first) * 8, f->n_octets * 8, row_y, row_height);
        g_array_append_val(v->cells, c);
      }
    }
  if (depth != UINT_MAX)
    return;
  struct cell c = {.label = g_strdup(lang_text("Options", "ตัวเลือก (options)")),
                   .value = pane_format_octets(end - first), .field = UINT32_MAX, .layer = layer,
                   .source = l->source, .first_octet = first, .n_octets = end - first};
  add_parts(v, &c, l->header->n_octets * 8u, (end - first) * 8, row_y, row_height);
  g_array_append_val(v->cells, c);
}

static double
add_header(struct view *v, struct decode *d, unsigned layer, double y)
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
    struct cell c = {.label = g_strdup(field->label), .value = cell_value(d, field, header, index),
                     .field = index, .layer = layer, .source = l->source,
                     .first_octet = l->first + field->first_bit / 8,
                     .n_octets = (field->n_bits + 7u) / 8, .is_flag = field->n_bits == 1};
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
read_payload(struct view *v, struct decode *d)
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
add_payload(struct view *v, struct decode *d, double y)
{
  const struct envelope *e = &v->envelope;
  read_payload(v, d);
  v->box_y[e->n_layers] = y;
  double height = v->unit * (1.6 + 1.15 * MAX(v->payload->len, 1));
  struct cell c = {.label = g_strdup(""), .value = g_strdup(""), .field = UINT32_MAX,
                   .layer = e->n_layers, .source = e->payload_source,
                   .first_octet = e->payload_first, .n_octets = e->payload_octets,
                   .is_payload = TRUE, .n_parts = 1};
  c.parts[0] = (struct part){rows_x(v) - indent(v) / 2, y, v->width - 2 * rows_x(v) + indent(v), height};
  if (e->payload_octets > 0)
    g_array_append_val(v->cells, c);
  else
    clear_cell(&c);
  v->box_end[e->n_layers] = y + height;
  return y + height;
}

static void
lay_out(struct view *v)
{
  struct decode *d = session_decode(v->session);
  g_array_set_size(v->cells, 0);
  v->hovered = -1;
  v->unit = text_height(v);
  /* Narrower than this, the names of the fields do not fit: then one scrolls sideways. */
  v->width = MAX(gtk_widget_get_allocated_width(v->scrolled) - 2, v->unit * 26);
  envelope_open(&v->envelope, d);
  double y = v->unit * 4.6;
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

/* ---- drawing ---- */

static const char *
layer_color(struct view *v, unsigned layer)
{
  if (layer == v->envelope.n_layers) {
    struct decode *d = session_row_decode(v->session);
    decode_summary_only(d, session_frame(v->session));
    return style_protocol(d->summary.protocol);
  }
  const char *protocol = v->envelope.layers[layer].header->protocol;
  if (strcmp(protocol, "ip") == 0 || strcmp(protocol, "ipv6") == 0)
    return "tls";
  if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0)
    return "tcp";
  return g_str_has_prefix(protocol, "icmp") ? "icmp" : "arp";
}

/* The application's name; the transport's protocol names nothing inside itself. */
static char *
payload_name(struct view *v)
{
  struct decode *d = session_decode(v->session);
  const char *key = NULL;
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->depth == 0 && f->def->type == FIELD_PROTOCOL && strcmp(f->def->key, "frame") != 0)
      key = f->def->key;
  }
  const struct envelope *e = &v->envelope;
  if (e->n_layers > 0 && key && strcmp(key, e->layers[e->n_layers - 1].header->protocol) == 0)
    key = NULL;
  return key ? g_ascii_strup(key, -1) : g_strdup(lang_text("Data", "ข้อมูล"));
}

static void
draw_bar_piece(struct view *v, cairo_t *cr, const char *name, const char *color, uint32_t octets,
               double *x, double per_octet)
{
  double width = octets * per_octet;
  if (octets == 0)
    return;
  style_set_source_alpha(cr, v->area, color, 0.22);
  cairo_rectangle(cr, *x, v->unit * 0.5, width, v->unit * 1.5);
  cairo_fill_preserve(cr);
  style_set_source(cr, v->area, color);
  cairo_set_line_width(cr, 1);
  cairo_stroke(cr);
  style_set_source(cr, v->area, "ink");
  g_autofree char *label = g_strdup_printf("%s %u", name, octets);
  if (width > v->unit * 1.6)
    put_text(v, cr, label, 0.9, FALSE, FALSE, *x + v->unit * 0.25, v->unit * 0.7,
             width - v->unit * 0.3);
  *x += width;
}

static void
draw_bar(struct view *v, cairo_t *cr)
{
  const struct envelope *e = &v->envelope;
  double x = v->unit * 0.5, per_octet = (v->width - v->unit) / MAX(e->total_octets, 1u);
  for (unsigned i = 0; i < e->n_layers; i++)
    draw_bar_piece(v, cr, e->layers[i].header->title, layer_color(v, i), e->layers[i].header_octets,
                   &x, per_octet);
  g_autofree char *name = payload_name(v);
  draw_bar_piece(v, cr, name, layer_color(v, e->n_layers), e->payload_octets, &x, per_octet);
  draw_bar_piece(v, cr, lang_text("padding", "ส่วนเติม"), "faint", e->padding_octets, &x, per_octet);
}

static char *
overhead_sentence(struct view *v)
{
  const struct envelope *e = &v->envelope;
  g_autofree char *headers = pane_format_count(e->header_octets + e->padding_octets);
  g_autofree char *total = pane_format_octets(e->total_octets);
  g_autofree char *inside = pane_format_octets(e->payload_octets);
  return g_strdup_printf(
      lang_text("%1$s of %2$s are envelopes: %3$u %% overhead. %4$s are what the innermost layer carries.",
                "ซองห่อหุ้มใช้ไป %1$s จาก %2$s คิดเป็นส่วนเกิน %3$u %% ข้อมูลที่ชั้นในสุดบรรทุกมีอยู่ %4$s"),
      headers, total, envelope_overhead_percent(e), inside);
}

static void
draw_box(struct view *v, cairo_t *cr, unsigned layer)
{
  const struct envelope *e = &v->envelope;
  double x = v->unit * 0.5 + layer * indent(v);
  double width = v->width - 2 * x, y = v->box_y[layer], height = v->box_end[layer] - y;
  const char *color = layer_color(v, layer);
  style_set_source(cr, v->area, "paper");
  cairo_rectangle(cr, x, y, width, height);
  cairo_fill_preserve(cr);
  style_set_source_alpha(cr, v->area, color, 0.10);
  cairo_fill_preserve(cr);
  style_set_source(cr, v->area, color);
  cairo_set_line_width(cr, MAX(1.2, v->unit / 14));
  cairo_stroke(cr);
  g_autofree char *title = NULL;
  if (layer == e->n_layers) {
    g_autofree char *name = payload_name(v);
    g_autofree char *octets = pane_format_octets(e->payload_octets);
    title = g_strdup_printf("%s · %s", name, octets);
  } else {
    g_autofree char *octets = pane_format_octets(e->layers[layer].header_octets);
    g_autofree char *inside = pane_format_octets(e->layers[layer].inside_octets);
    title = g_strdup_printf(lang_text("%1$s · header %2$s, inside %3$s", "%1$s · ส่วนหัว %2$s ข้างใน %3$s"),
                            e->layers[layer].header->title, octets, inside);
  }
  style_set_source(cr, v->area, color);
  put_text(v, cr, title, 1.0, TRUE, FALSE, x + v->unit * 0.4, y + v->unit * 0.2, width - v->unit);
  if (layer == 0 && e->padding_octets > 0) {
    g_autofree char *octets = pane_format_octets(e->padding_octets);
    g_autofree char *padding = g_strdup_printf(
        lang_text("Padding · %s, so that the frame is as long as Ethernet asks",
                  "ส่วนเติม · %s เพื่อให้เฟรมยาวตามที่อีเทอร์เน็ตกำหนด"),
        octets);
    style_set_source(cr, v->area, "faint");
    put_text(v, cr, padding, 0.92, FALSE, FALSE, x + v->unit * 0.4, v->box_end[0] - v->unit * 1.6,
             width - v->unit);
  }
}

/* 2: this very field is selected; 1: it lies in what is selected. */
static int
selection_of(struct view *v, const struct cell *c)
{
  struct decode *d = session_decode(v->session);
  uint32_t index = session_field(v->session);
  if (index == SESSION_NONE || index >= decode_n_fields(d))
    return 0;
  if (index == c->field)
    return 2;
  const struct field *f = decode_field(d, index);
  if (f->source != c->source || f->n_octets == 0)
    return 0;
  if (c->is_payload)
    return f->first >= c->first_octet && f->first < c->first_octet + c->n_octets;
  if (c->first_octet < f->first || c->first_octet + c->n_octets > f->first + f->n_octets)
    return 0;
  /* Of several cells in one octet only the one with the selected key is meant. */
  for (guint i = 0; i < v->cells->len; i++)
    if (cell_at(v, (int)i)->field == index)
      return 0;
  return 1;
}

static void
draw_flag(struct view *v, cairo_t *cr, const struct cell *c)
{
  const struct part *p = &c->parts[0];
  g_autoptr(PangoLayout) label = text(v, c->label, 0.72, FALSE, FALSE);
  g_autoptr(PangoLayout) value = text(v, c->value, 0.95, TRUE, TRUE);
  int width, height, value_width, value_height;
  pango_layout_get_pixel_size(label, &width, &height);
  pango_layout_get_pixel_size(value, &value_width, &value_height);
  style_set_source(cr, v->area, "faint");
  cairo_save(cr);
  cairo_translate(cr, p->x + p->width / 2 - height / 2.0, p->y + p->height - value_height - 1);
  cairo_rotate(cr, -G_PI / 2);
  cairo_move_to(cr, 0, 0);
  pango_cairo_show_layout(cr, label);
  cairo_restore(cr);
  style_set_source(cr, v->area, "ink");
  cairo_move_to(cr, p->x + (p->width - value_width) / 2, p->y + p->height - value_height);
  pango_cairo_show_layout(cr, value);
}

static void
draw_cell(struct view *v, cairo_t *cr, int i)
{
  const struct cell *c = cell_at(v, i);
  int selected = selection_of(v, c);
  const struct part *widest = &c->parts[0];
  for (unsigned k = 0; k < c->n_parts; k++) {
    const struct part *p = &c->parts[k];
    if (p->width > widest->width)
      widest = p;
    cairo_rectangle(cr, p->x + 0.5, p->y + 0.5, p->width, p->height);
    if (!c->is_payload) {
      style_set_source(cr, v->area, "paper");
      cairo_fill_preserve(cr);
    }
    if (selected) {
      style_set_source(cr, v->area, "select");
      cairo_fill_preserve(cr);
    } else if (i == v->hovered) {
      style_set_source(cr, v->area, "band");
      cairo_fill_preserve(cr);
    }
    style_set_source(cr, v->area, selected == 2 ? "select_line" : "line");
    cairo_set_line_width(cr, selected == 2 ? 2 : 1);
    cairo_stroke(cr);
    if (i == v->focused && gtk_widget_has_visible_focus(v->area))
      gtk_render_focus(gtk_widget_get_style_context(v->area), cr, p->x + 2, p->y + 2, p->width - 3,
                       p->height - 3);
  }
  if (c->is_payload || c->n_parts == 0)
    return;
  if (c->is_flag) {
    draw_flag(v, cr, c);
    return;
  }
  double pad = v->unit * 0.2;
  style_set_source(cr, v->area, "faint");
  put_text(v, cr, c->label, 0.76, FALSE, FALSE, widest->x + pad, widest->y + v->unit * 0.1,
           widest->width - pad);
  style_set_source(cr, v->area, "ink");
  put_text(v, cr, c->value, 0.95, FALSE, TRUE, widest->x + pad,
           widest->y + widest->height - v->unit * 1.1, widest->width - pad);
}

static void
draw_ruler(struct view *v, cairo_t *cr)
{
  style_set_source(cr, v->area, "faint");
  double y = v->box_y[0] - v->unit * 0.95;
  for (int bit = 0; bit <= 24; bit += 8) {
    g_autofree char *number = g_strdup_printf(lang_text("bit %d", "บิต %d"), bit);
    put_text(v, cr, number, 0.72, FALSE, FALSE, rows_x(v) + bit * bit_width(v), y, v->unit * 4);
  }
}

static void
draw_payload(struct view *v, cairo_t *cr)
{
  double x = v->unit * 0.9 + v->envelope.n_layers * indent(v);
  double y = v->box_y[v->envelope.n_layers] + v->unit * 1.5;
  style_set_source(cr, v->area, v->payload->len ? "ink" : "faint");
  if (v->payload->len == 0)
    put_text(v, cr,
             lang_text("Nothing inside: the headers themselves are the message.",
                       "ไม่มีข้อมูลข้างใน: ตัวส่วนหัวเองคือสิ่งที่ต้องการบอก"),
             0.95, FALSE, FALSE, x, y, v->width - 2 * x);
  for (guint i = 0; i < v->payload->len; i++)
    put_text(v, cr, g_ptr_array_index(v->payload, i), 0.92, FALSE, TRUE, x,
             y + i * v->unit * 1.15, v->width - 2 * x);
}

static gboolean
on_draw(GtkWidget *area, cairo_t *cr, struct view *v)
{
  style_set_source(cr, area, "paper");
  cairo_paint(cr);
  if (decode_n_fields(session_decode(v->session)) == 0) {
    style_set_source(cr, area, "faint");
    put_text(v, cr,
             lang_text("Select a frame to open its envelopes.", "เลือกเฟรมเพื่อเปิดดูซองทีละชั้น"), 1,
             FALSE, FALSE, v->unit, v->unit, v->width - 2 * v->unit);
    return FALSE;
  }
  draw_bar(v, cr);
  style_set_source(cr, area, "ink");
  g_autofree char *sentence = overhead_sentence(v);
  put_text(v, cr, sentence, 0.95, FALSE, FALSE, v->unit * 0.5, v->unit * 2.25, v->width - v->unit);
  for (unsigned i = 0; i <= v->envelope.n_layers; i++)
    draw_box(v, cr, i);
  if (v->envelope.n_layers > 0)
    draw_ruler(v, cr);
  for (guint i = 0; i < v->cells->len; i++)
    draw_cell(v, cr, (int)i);
  draw_payload(v, cr);
  return FALSE;
}

/* ---- pointing and keys ---- */

static int
cell_under(struct view *v, double x, double y)
{
  for (int i = (int)v->cells->len - 1; i >= 0; i--) {
    const struct cell *c = cell_at(v, i);
    for (unsigned k = 0; k < c->n_parts; k++)
      if (x >= c->parts[k].x && x < c->parts[k].x + c->parts[k].width && y >= c->parts[k].y &&
          y < c->parts[k].y + c->parts[k].height)
        return i;
  }
  return -1;
}

static void
select_cell(struct view *v, int i)
{
  const struct cell *c = cell_at(v, i);
  if (c->field != UINT32_MAX)
    session_select_field(v->session, c->field);
  else
    session_select_octet(v->session, c->source, c->first_octet);
}

static gboolean
on_press(GtkWidget *area, GdkEventButton *event, struct view *v)
{
  gtk_widget_grab_focus(area);
  int i = cell_under(v, event->x, event->y);
  if (event->button != 1 || i < 0)
    return FALSE;
  v->focused = i;
  select_cell(v, i);
  gtk_widget_queue_draw(area);
  return TRUE;
}

static gboolean
on_motion(GtkWidget *area, GdkEventMotion *event, struct view *v)
{
  int i = cell_under(v, event->x, event->y);
  if (i != v->hovered) {
    v->hovered = i;
    gtk_widget_queue_draw(area);
  }
  return FALSE;
}

static gboolean
on_leave(GtkWidget *area, GdkEventCrossing *event, struct view *v)
{
  v->hovered = -1;
  gtk_widget_queue_draw(area);
  return FALSE;
}

static gboolean
on_tooltip(GtkWidget *area, int x, int y, gboolean keyboard, GtkTooltip *tooltip, struct view *v)
{
  int i = keyboard ? v->focused : cell_under(v, x, y);
  struct decode *d = session_decode(v->session);
  if (i < 0 || cell_at(v, i)->field >= decode_n_fields(d))
    return FALSE;
  const struct field *f = decode_field(d, cell_at(v, i)->field);
  g_autofree char *line = decode_line(d, f);
  g_autofree char *explain = decode_explain(d, f);
  g_autofree char *all = g_strdup_printf("%s\n%s", line, explain);
  g_autofree char *valid = g_utf8_make_valid(all, -1);
  gtk_tooltip_set_text(tooltip, valid);
  return TRUE;
}

/* The nearest cell whose first part lies above or below. */
static int
cell_in_row(struct view *v, int from, int direction)
{
  const struct part *p = &cell_at(v, from)->parts[0];
  double x = p->x + p->width / 2, best = G_MAXDOUBLE;
  int found = from;
  for (int i = 0; i < (int)v->cells->len; i++) {
    const struct part *q = &cell_at(v, i)->parts[0];
    double dy = (q->y - p->y) * direction;
    double dx = x < q->x ? q->x - x : x > q->x + q->width ? x - q->x - q->width : 0;
    if (dy > 1 && dy * 100 + dx < best) {
      best = dy * 100 + dx;
      found = i;
    }
  }
  return found;
}

static gboolean
on_key(GtkWidget *area, GdkEventKey *event, struct view *v)
{
  int n = (int)v->cells->len;
  if (n == 0 || (event->state & (GDK_CONTROL_MASK | GDK_MOD1_MASK)))
    return FALSE;
  int at = v->focused;
  switch (event->keyval) {
  case GDK_KEY_Right:
    at = MIN(at + 1, n - 1);
    break;
  case GDK_KEY_Left:
    at = MAX(at - 1, 0);
    break;
  case GDK_KEY_Down:
    at = at < 0 ? 0 : cell_in_row(v, at, 1);
    break;
  case GDK_KEY_Up:
    at = at < 0 ? 0 : cell_in_row(v, at, -1);
    break;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    if (at >= 0)
      select_cell(v, at);
    return TRUE;
  default:
    return FALSE;
  }
  v->focused = at;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(v->scrolled));
  const struct part *p = &cell_at(v, at)->parts[0];
  gtk_adjustment_clamp_page(adjustment, p->y - v->unit * 2, p->y + p->height + v->unit);
  gtk_widget_queue_draw(area);
  return TRUE;
}

/* ---- the whole ---- */

/* The drawing in words, for those who do not see it. */
static void
describe(struct view *v)
{
  g_autofree char *sentence = overhead_sentence(v);
  GString *out = g_string_new(sentence);
  for (unsigned i = 0; i < v->envelope.n_layers; i++) {
    g_autofree char *octets = pane_format_octets(v->envelope.layers[i].header_octets);
    g_string_append_printf(out, " %s: %s;", v->envelope.layers[i].header->title, octets);
  }
  for (guint i = 0; i < v->payload->len; i++)
    g_string_append_printf(out, " %s", (char *)g_ptr_array_index(v->payload, i));
  pane_set_accessible(v->area, lang_text("Encapsulation of the frame", "การห่อหุ้มข้อมูลของเฟรม"), out->str);
  g_string_free(out, TRUE);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  lay_out(v);
  describe(v);
}

static void
on_allocate(GtkWidget *scrolled, GtkAllocation *allocation, struct view *v)
{
  if (fabs(v->width - MAX(allocation->width - 2, v->unit * 26)) > 0.5)
    lay_out(v);
}

static void
view_free(gpointer data)
{
  struct view *v = data;
  g_object_unref(v->session);
  g_array_unref(v->cells);
  g_ptr_array_unref(v->payload);
  g_free(v);
}

GtkWidget *
encapsulation_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->cells = g_array_new(FALSE, TRUE, sizeof(struct cell));
  g_array_set_clear_func(v->cells, clear_cell);
  v->payload = g_ptr_array_new_with_free_func(g_free);
  v->hovered = v->focused = -1;
  g_object_set_data_full(G_OBJECT(pane), "encapsulation", v, view_free);
  v->area = gtk_drawing_area_new();
  gtk_widget_set_can_focus(v->area, TRUE);
  gtk_widget_set_has_tooltip(v->area, TRUE);
  gtk_style_context_add_class(gtk_widget_get_style_context(v->area), "env-canvas");
  gtk_widget_add_events(v->area, GDK_BUTTON_PRESS_MASK | GDK_POINTER_MOTION_MASK |
                                     GDK_LEAVE_NOTIFY_MASK | GDK_KEY_PRESS_MASK);
  g_signal_connect(v->area, "draw", G_CALLBACK(on_draw), v);
  g_signal_connect(v->area, "button-press-event", G_CALLBACK(on_press), v);
  g_signal_connect(v->area, "motion-notify-event", G_CALLBACK(on_motion), v);
  g_signal_connect(v->area, "leave-notify-event", G_CALLBACK(on_leave), v);
  g_signal_connect(v->area, "key-press-event", G_CALLBACK(on_key), v);
  g_signal_connect(v->area, "query-tooltip", G_CALLBACK(on_tooltip), v);
  v->scrolled = pane_scrolled(v->area);
  gtk_box_pack_start(GTK_BOX(pane), v->scrolled, TRUE, TRUE, 0);
  g_signal_connect(v->scrolled, "size-allocate", G_CALLBACK(on_allocate), v);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
