/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encapsulation_draw.c -- draws the boxes and cells that encapsulation_layout.c placed. */
#include <string.h>

#include "gui/encapsulation_private.h"

PangoLayout *
encapsulation_text(struct encapsulation *v, const char *string, double size, gboolean bold,
                   gboolean mono)
{
  PangoLayout *layout = gtk_widget_create_pango_layout(v->area, string);
  PangoFontDescription *font = pango_font_description_copy(
      pango_context_get_font_description(pango_layout_get_context(layout)));
  pango_font_description_set_size(font,
                                  (int)(pango_font_description_get_size(font) * size * v->scale));
  if (bold)
    pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  if (mono)
    pango_font_description_set_family(
        font, "Noto Sans Mono, DejaVu Sans Mono, Noto Sans Thai, monospace");
  pango_layout_set_font_description(layout, font);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  pango_font_description_free(font);
  return layout;
}

/* Draws within a box, ellipsized, in the present colour; returns the height taken. */
static double
put_text(struct encapsulation *v, cairo_t *cr, const char *string, double size, gboolean bold,
         gboolean mono, double x, double y, double width)
{
  g_autoptr(PangoLayout) layout = encapsulation_text(v, string, size, bold, mono);
  pango_layout_set_width(layout, (int)(MAX(width, 1) * PANGO_SCALE));
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  cairo_move_to(cr, x, y);
  pango_cairo_show_layout(cr, layout);
  return height;
}

/* ---- drawing ---- */

static const char *
layer_color(struct encapsulation *v, unsigned layer)
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
payload_name(struct encapsulation *v)
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
draw_bar_piece(struct encapsulation *v, cairo_t *cr, const char *name, const char *color,
               uint32_t octets, double *x, double per_octet)
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
draw_bar(struct encapsulation *v, cairo_t *cr)
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

char *
encapsulation_sentence(struct encapsulation *v)
{
  const struct envelope *e = &v->envelope;
  g_autofree char *headers = pane_format_count(e->header_octets + e->padding_octets);
  g_autofree char *total = pane_format_octets(e->total_octets);
  g_autofree char *inside = pane_format_octets(e->payload_octets);
  if (e->payload_octets == 0)
    return g_strdup_printf(
        lang_text("All %s are envelopes: this frame carries nothing but its headers.",
                  "ทั้ง %s เป็นซองห่อหุ้ม เฟรมนี้มีเพียงส่วนหัว ไม่ได้บรรทุกข้อมูลใด"),
        total);
  return g_strdup_printf(
      lang_text("%1$s of %2$s are envelopes: %3$u %% overhead. %4$s are what the innermost layer "
                "carries.",
                "ซองห่อหุ้มใช้ไป %1$s จาก %2$s คิดเป็นส่วนเกิน %3$u %% ข้อมูลที่ชั้นในสุดบรรทุกมีอยู่ %4$s"),
      headers, total, envelope_overhead_percent(e), inside);
}

static void
draw_box(struct encapsulation *v, cairo_t *cr, unsigned layer)
{
  const struct envelope *e = &v->envelope;
  double x = v->unit * 0.5 + layer * encapsulation_indent(v);
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
    title = g_strdup_printf(
        lang_text("%1$s · header %2$s, inside %3$s", "%1$s · ส่วนหัว %2$s ข้างใน %3$s"),
        e->layers[layer].header->title, octets, inside);
  }
  style_set_source(cr, v->area, color);
  put_text(v, cr, title, 1.0, TRUE, FALSE, x + v->unit * 0.4, y + v->unit * 0.2, width - v->unit);
  if (layer == 0 && e->padding_octets > 0) {
    g_autofree char *octets = pane_format_octets(e->padding_octets);
    g_autofree char *padding =
        g_strdup_printf(lang_text("Padding · %s, so that the frame is as long as Ethernet asks",
                                  "ส่วนเติม · %s เพื่อให้เฟรมยาวตามที่อีเทอร์เน็ตกำหนด"),
                        octets);
    style_set_source(cr, v->area, "faint");
    put_text(v, cr, padding, 0.92, FALSE, FALSE, x + v->unit * 0.4, v->box_end[0] - v->unit * 1.6,
             width - v->unit);
  }
}

/* 2: this very field is selected; 1: it lies in what is selected. */
static int
selection_of(struct encapsulation *v, const struct encapsulation_cell *c)
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
    if (encapsulation_cell(v, (int)i)->field == index)
      return 0;
  return 1;
}

static void
draw_flag(struct encapsulation *v, cairo_t *cr, const struct encapsulation_cell *c)
{
  const struct encapsulation_part *p = &c->parts[0];
  double size = MIN(0.72, p->width / v->unit * 1.75); /* it lies on its side in its one bit */
  g_autoptr(PangoLayout) label = encapsulation_text(v, c->label, size, FALSE, FALSE);
  g_autoptr(PangoLayout) value = encapsulation_text(v, c->value, 0.95, TRUE, TRUE);
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
draw_cell(struct encapsulation *v, cairo_t *cr, int i)
{
  const struct encapsulation_cell *c = encapsulation_cell(v, i);
  int selected = selection_of(v, c);
  const struct encapsulation_part *widest = &c->parts[0];
  for (unsigned k = 0; k < c->n_parts; k++) {
    const struct encapsulation_part *p = &c->parts[k];
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
  /* The rest of a field that crosses the end of a row. */
  for (unsigned k = 0; k < c->n_parts; k++)
    if (&c->parts[k] != widest) {
      g_autofree char *rest =
          g_strdup_printf(&c->parts[k] < widest ? lang_text("(%s begins)", "(%s เริ่มที่นี่)")
                                                : lang_text("(%s, the rest)", "(%s ส่วนที่เหลือ)"),
                          c->label);
      if (c->n_parts <= 2)
        put_text(v, cr, rest, 0.72, FALSE, FALSE, c->parts[k].x + pad,
                 c->parts[k].y + v->unit * 0.1, c->parts[k].width - pad);
    }
  put_text(v, cr, c->label, 0.76, FALSE, FALSE, widest->x + pad, widest->y + v->unit * 0.1,
           widest->width - pad);
  style_set_source(cr, v->area, "ink");
  put_text(v, cr, c->value, 0.95, FALSE, TRUE, widest->x + pad,
           widest->y + widest->height - v->unit * 1.1, widest->width - pad);
}

static void
draw_ruler(struct encapsulation *v, cairo_t *cr)
{
  style_set_source(cr, v->area, "faint");
  double y = v->box_y[0] - v->unit * 0.95;
  for (int bit = 0; bit <= 24; bit += 8) {
    g_autofree char *number = g_strdup_printf(lang_text("bit %d", "บิต %d"), bit);
    put_text(v, cr, number, 0.72, FALSE, FALSE,
             encapsulation_rows_x(v) + bit * encapsulation_bit_width(v), y,
             8 * encapsulation_bit_width(v));
  }
}

static void
draw_payload(struct encapsulation *v, cairo_t *cr)
{
  double x = v->unit * 0.9 + v->envelope.n_layers * encapsulation_indent(v);
  double y = v->box_y[v->envelope.n_layers] + v->unit * 1.5;
  style_set_source(cr, v->area, v->payload->len ? "ink" : "faint");
  if (v->payload->len == 0)
    put_text(v, cr,
             lang_text("Nothing inside: the headers themselves are the message.",
                       "ไม่มีข้อมูลข้างใน: ตัวส่วนหัวเองคือสิ่งที่ต้องการบอก"),
             0.95, FALSE, FALSE, x, y, v->width - 2 * x);
  for (guint i = 0; i < v->payload->len; i++)
    put_text(v, cr, g_ptr_array_index(v->payload, i), 0.92, FALSE, TRUE, x, y + i * v->unit * 1.15,
             v->width - 2 * x);
}

PangoLayout *
encapsulation_sentence_layout(struct encapsulation *v)
{
  g_autofree char *sentence = encapsulation_sentence(v);
  PangoLayout *layout = encapsulation_text(v, sentence, 0.92, FALSE, FALSE);
  pango_layout_set_single_paragraph_mode(layout, FALSE);
  pango_layout_set_width(layout, (int)((v->width - v->unit) * PANGO_SCALE));
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  return layout;
}

/* Between the bar and the ruler. */
static void
draw_sentence(struct encapsulation *v, cairo_t *cr)
{
  g_autoptr(PangoLayout) layout = encapsulation_sentence_layout(v);
  cairo_move_to(cr, v->unit * 0.5, v->unit * 2.2);
  pango_cairo_show_layout(cr, layout);
}

void
encapsulation_draw(struct encapsulation *v, cairo_t *cr)
{
  GtkWidget *area = v->area;
  style_set_source(cr, area, "paper");
  cairo_paint(cr);
  if (decode_n_fields(session_decode(v->session)) == 0) {
    style_set_source(cr, area, "faint");
    put_text(v, cr, lang_text("Select a frame to open its envelopes.", "เลือกเฟรมเพื่อเปิดดูซองทีละชั้น"),
             1, FALSE, FALSE, v->unit, v->unit, v->width - 2 * v->unit);
    return;
  }
  draw_bar(v, cr);
  style_set_source(cr, area, "ink");
  draw_sentence(v, cr);
  for (unsigned i = 0; i <= v->envelope.n_layers; i++)
    draw_box(v, cr, i);
  if (v->envelope.n_layers > 0)
    draw_ruler(v, cr);
  for (guint i = 0; i < v->cells->len; i++)
    draw_cell(v, cr, (int)i);
  draw_payload(v, cr);
}
