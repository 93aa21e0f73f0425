/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hex_pane.c -- the octets of the selected frame.
 *
 *   [Frame 74] [Reassembled stream 1,234] [Decoded base64 12]          one button per source
 *   0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ........ ......E.
 *   0x000e · Version: 4                                                field under pointer or caret
 *
 * The text is laid out so that the column of an octet is arithmetic in both directions. A source
 * longer than a page is shown a page at a time: filling 16 KiB takes a few milliseconds. */
#include "gui/hex_pane.h"

#include <string.h>

#include "gui/mask.h"
#include "gui/pane.h"

enum { PER_LINE = 16, PAGE_OCTETS = 16 * 1024 };

struct hex {
  GtkWidget *pane;
  Session *session;
  GtkWidget *sources, *text, *status, *pager, *page_label, *previous, *next;
  GtkTextBuffer *buffer;
  GtkTextTag *tag_offset, *tag_field, *tag_secret, *tag_hover;
  struct mask mask;
  unsigned source;     /* shown */
  uint32_t page_first; /* first octet of the page shown */
  uint32_t page_n;
  int digits; /* of the offset column */
  uint32_t frame_shown;
  gboolean is_own;
};

static struct hex *
hex_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "hex-pane");
}

static const struct source *
source_shown(struct hex *h)
{
  struct decode *d = session_decode(h->session);
  return h->source < d->n_sources ? &d->sources[h->source] : NULL;
}

static uint32_t
n_octets(struct hex *h)
{
  const struct source *s = source_shown(h);
  return s && s->octets ? s->octets->len : 0;
}

/* ---- layout: columns of a line, in characters ---- */

static int
hex_column(struct hex *h, uint32_t in_line)
{
  return h->digits + 2 + (int)in_line * 3 + (in_line >= PER_LINE / 2);
}

static int
text_column(struct hex *h, uint32_t in_line)
{
  return h->digits + 2 + PER_LINE * 3 + 2 + (int)in_line + (in_line >= PER_LINE / 2);
}

/* The octet under a line and column of the text, or SESSION_NONE between the columns. */
static uint32_t
octet_at(struct hex *h, int line, int column)
{
  uint32_t first = (uint32_t)line * PER_LINE;
  for (uint32_t i = 0; i < PER_LINE; i++) {
    int at = hex_column(h, i);
    if ((column >= at && column < at + 2) || column == text_column(h, i))
      return first + i < h->page_n ? h->page_first + first + i : SESSION_NONE;
  }
  return SESSION_NONE;
}

static void
append_line(struct hex *h, GString *out, uint32_t first, uint32_t n)
{
  const GByteArray *octets = source_shown(h)->octets;
  g_string_append_printf(out, "%0*x  ", h->digits, first);
  for (uint32_t i = 0; i < PER_LINE; i++) {
    if (i == PER_LINE / 2)
      g_string_append_c(out, ' ');
    if (i >= n)
      g_string_append(out, "   ");
    else if (mask_has(&h->mask, h->source, first + i))
      g_string_append(out, "** ");
    else
      g_string_append_printf(out, "%02x ", octets->data[first + i]);
  }
  g_string_append(out, " ");
  for (uint32_t i = 0; i < n; i++) {
    if (i == PER_LINE / 2)
      g_string_append_c(out, ' ');
    uint8_t c = octets->data[first + i];
    if (mask_has(&h->mask, h->source, first + i))
      g_string_append_c(out, '*');
    else
      g_string_append_c(out, c >= 0x20 && c < 0x7f ? (char)c : '.');
  }
}

/* ---- tags ---- */

static void
tag_columns(struct hex *h, GtkTextTag *tag, int line, int from, int to)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_iter_at_line_offset(h->buffer, &start, line, from);
  gtk_text_buffer_get_iter_at_line_offset(h->buffer, &end, line, to);
  gtk_text_buffer_apply_tag(h->buffer, tag, &start, &end);
}

/* Marks octets [first, first + n) of the source, as far as they are on this page. */
static void
tag_octets(struct hex *h, GtkTextTag *tag, uint32_t first, uint32_t n)
{
  uint64_t end = MIN((uint64_t)first + n, (uint64_t)h->page_first + h->page_n);
  uint64_t at = MAX(first, h->page_first);
  while (at < end) {
    uint32_t in_page = (uint32_t)(at - h->page_first);
    int line = (int)(in_page / PER_LINE);
    uint32_t from = in_page % PER_LINE;
    uint32_t to = (uint32_t)MIN(PER_LINE, from + (end - at)) - 1;
    tag_columns(h, tag, line, hex_column(h, from), hex_column(h, to) + 2);
    tag_columns(h, tag, line, text_column(h, from), text_column(h, to) + 1);
    at += to - from + 1;
  }
}

static void
untag(struct hex *h, GtkTextTag *tag)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds(h->buffer, &start, &end);
  gtk_text_buffer_remove_tag(h->buffer, tag, &start, &end);
}

static void
color_tags(struct hex *h)
{
  GdkRGBA accent = style_color(h->text, "client"), muted = style_color(h->text, "faint");
  GdkRGBA risk = style_color(h->text, "risk");
  GdkRGBA field = accent, hover = accent;
  field.alpha = 0.32;
  hover.alpha = 0.14;
  g_object_set(h->tag_field, "background-rgba", &field, "weight", PANGO_WEIGHT_BOLD, NULL);
  g_object_set(h->tag_hover, "background-rgba", &hover, NULL);
  g_object_set(h->tag_offset, "foreground-rgba", &muted, NULL);
  g_object_set(h->tag_secret, "foreground-rgba", &risk, NULL);
}

/* ---- filling ---- */

static void
fill(struct hex *h)
{
  uint32_t n = n_octets(h);
  if (h->page_first >= n)
    h->page_first = 0;
  h->page_n = MIN(n - h->page_first, PAGE_OCTETS);
  h->digits = n > 0x10000 ? 8 : 4;
  GString *out = g_string_sized_new(h->page_n * 5 + 64);
  for (uint32_t at = 0; at < h->page_n; at += PER_LINE) {
    if (at > 0)
      g_string_append_c(out, '\n');
    append_line(h, out, h->page_first + at, MIN(PER_LINE, h->page_n - at));
  }
  h->is_own = TRUE;
  gtk_text_buffer_set_text(h->buffer, out->str, (int)out->len);
  for (uint32_t line = 0; line * PER_LINE < h->page_n; line++)
    tag_columns(h, h->tag_offset, (int)line, 0, h->digits);
  for (uint32_t i = h->page_first; i < h->page_first + h->page_n; i++)
    if (mask_has(&h->mask, h->source, i))
      tag_octets(h, h->tag_secret, i, 1);
  h->is_own = FALSE;
  g_string_free(out, TRUE);

  gtk_widget_set_visible(h->pager, n > PAGE_OCTETS);
  g_autofree char *all = pane_format_octets(n);
  g_autofree char *page =
      g_strdup_printf(lang_text("page %1$u of %2$u, %3$s in all", "หน้า %1$u จาก %2$u รวม %3$s"),
                      h->page_first / PAGE_OCTETS + 1, (n + PAGE_OCTETS - 1) / PAGE_OCTETS, all);
  gtk_label_set_text(GTK_LABEL(h->page_label), page);
  gtk_widget_set_sensitive(h->previous, h->page_first > 0);
  gtk_widget_set_sensitive(h->next, h->page_first + PAGE_OCTETS < n);
}

static void show_selection(struct hex *h);

static void
on_source(GtkToggleButton *button, struct hex *h)
{
  if (h->is_own || !gtk_toggle_button_get_active(button))
    return;
  h->source = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "source"));
  h->page_first = 0;
  fill(h);
  show_selection(h);
}

static char *
source_name(const struct source *s)
{
  g_autofree char *count = pane_format_count(s->octets ? s->octets->len : 0);
  switch (s->kind) {
  case SOURCE_DATAGRAM:
    return g_strdup_printf(lang_text("Reassembled datagram (%s)", "ดาตาแกรมที่ประกอบใหม่ (%s)"),
                           count);
  case SOURCE_STREAM:
    return g_strdup_printf(lang_text("Reassembled stream (%s)", "สตรีมที่ประกอบใหม่ (%s)"), count);
  case SOURCE_BASE64:
    return g_strdup_printf(lang_text("Decoded base64 (%s)", "ถอดรหัส base64 แล้ว (%s)"), count);
  case SOURCE_QUOTED:
    return g_strdup_printf(
        lang_text("Decoded quoted-printable (%s)", "ถอดรหัส quoted-printable แล้ว (%s)"), count);
  case SOURCE_MESSAGE:
    return g_strdup_printf(lang_text("The letter (%s)", "ตัวจดหมาย (%s)"), count);
  case SOURCE_INFLATED:
    return g_strdup_printf(lang_text("Inflated (%s)", "คลายการบีบอัดแล้ว (%s)"), count);
  case SOURCE_OPENED:
    return g_strdup_printf(lang_text("Decrypted TLS (%s)", "TLS ที่ถอดรหัสลับแล้ว (%s)"), count);
  default:
    return g_strdup_printf(lang_text("Frame (%s)", "เฟรม (%s)"), count);
  }
}

static void
make_source_buttons(struct hex *h)
{
  struct decode *d = session_decode(h->session);
  pane_clear(h->sources);
  GSList *group = NULL;
  for (unsigned i = 0; i < d->n_sources; i++) {
    g_autofree char *name = source_name(&d->sources[i]);
    GtkWidget *button = gtk_radio_button_new_with_label(group, name);
    group = gtk_radio_button_get_group(GTK_RADIO_BUTTON(button));
    gtk_toggle_button_set_mode(GTK_TOGGLE_BUTTON(button), FALSE);
    gtk_label_set_ellipsize(GTK_LABEL(gtk_bin_get_child(GTK_BIN(button))), PANGO_ELLIPSIZE_END);
    gtk_widget_set_tooltip_text(button, name);
    g_object_set_data(G_OBJECT(button), "source", GUINT_TO_POINTER(i));
    g_signal_connect(button, "toggled", G_CALLBACK(on_source), h);
    gtk_box_pack_start(GTK_BOX(h->sources), button, FALSE, FALSE, 0);
  }
  gtk_widget_show_all(h->sources);
  gtk_widget_set_visible(h->sources, d->n_sources > 1);
}

static void
press_source_button(struct hex *h)
{
  GList *buttons = gtk_container_get_children(GTK_CONTAINER(h->sources));
  GtkWidget *button = g_list_nth_data(buttons, h->source);
  h->is_own = TRUE;
  if (button)
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), TRUE);
  h->is_own = FALSE;
  g_list_free(buttons);
}

/* ---- selection and hovering ---- */

/* The deepest visible field whose octets hold this one. */
static const struct field *
field_at(struct hex *h, uint32_t octet)
{
  struct decode *d = session_decode(h->session);
  const struct field *found = NULL;
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->source != h->source || f->n_octets == 0 || (f->flags & FIELD_FLAG_HIDDEN) ||
        octet < f->first || octet - f->first >= f->n_octets)
      continue;
    if (!found || f->depth >= found->depth)
      found = f;
  }
  return found;
}

static void
show_status(struct hex *h, const struct field *f, uint32_t octet)
{
  if (!f) {
    gtk_label_set_text(GTK_LABEL(h->status), "");
    return;
  }
  g_autofree char *line = decode_line(session_decode(h->session), f);
  g_autofree char *valid = g_utf8_make_valid(line, -1);
  g_autofree char *text = g_strdup_printf("0x%04x · %s", octet, valid);
  gtk_label_set_text(GTK_LABEL(h->status), text);
}

static void
show_selection(struct hex *h)
{
  struct decode *d = session_decode(h->session);
  uint32_t index = session_field(h->session);
  untag(h, h->tag_field);
  if (index == SESSION_NONE || index >= decode_n_fields(d)) {
    show_status(h, NULL, 0);
    return;
  }
  const struct field *f = decode_field(d, index);
  if (f->n_octets == 0 || f->source >= d->n_sources) {
    show_status(h, NULL, 0);
    return;
  }
  if (f->source != h->source) {
    h->source = f->source;
    h->page_first = 0;
    press_source_button(h);
    fill(h);
  }
  if (f->first < h->page_first || f->first >= h->page_first + h->page_n) {
    h->page_first = f->first / PAGE_OCTETS * PAGE_OCTETS;
    fill(h);
  }
  tag_octets(h, h->tag_field, f->first, f->n_octets);
  show_status(h, f, f->first);
  GtkTextIter iter;
  uint32_t in_page = f->first - h->page_first;
  gtk_text_buffer_get_iter_at_line_offset(h->buffer, &iter, (int)(in_page / PER_LINE),
                                          hex_column(h, in_page % PER_LINE));
  gtk_text_view_scroll_to_iter(GTK_TEXT_VIEW(h->text), &iter, 0.05, FALSE, 0, 0);
}

static void
on_mark_set(GtkTextBuffer *buffer, GtkTextIter *iter, GtkTextMark *mark, struct hex *h)
{
  if (h->is_own || mark != gtk_text_buffer_get_insert(buffer) || !gtk_widget_has_focus(h->text) ||
      gtk_text_buffer_get_has_selection(buffer))
    return;
  uint32_t octet = octet_at(h, gtk_text_iter_get_line(iter), gtk_text_iter_get_line_offset(iter));
  if (octet != SESSION_NONE)
    session_select_octet(h->session, h->source, octet);
}

static gboolean
on_motion(GtkWidget *text, GdkEventMotion *event, struct hex *h)
{
  int x, y;
  GtkTextIter iter;
  gtk_text_view_window_to_buffer_coords(GTK_TEXT_VIEW(text), GTK_TEXT_WINDOW_TEXT, (int)event->x,
                                        (int)event->y, &x, &y);
  untag(h, h->tag_hover);
  uint32_t octet = SESSION_NONE;
  if (gtk_text_view_get_iter_at_location(GTK_TEXT_VIEW(text), &iter, x, y))
    octet = octet_at(h, gtk_text_iter_get_line(&iter), gtk_text_iter_get_line_offset(&iter));
  const struct field *f = octet != SESSION_NONE ? field_at(h, octet) : NULL;
  if (f) {
    tag_octets(h, h->tag_hover, f->first, f->n_octets);
    show_status(h, f, octet);
  }
  return FALSE;
}

static gboolean
on_leave(GtkWidget *text, GdkEventCrossing *event, struct hex *h)
{
  untag(h, h->tag_hover);
  show_selection(h);
  return FALSE;
}

static void
turn_page(struct hex *h, int by)
{
  h->page_first = (uint32_t)((int64_t)h->page_first + (int64_t)by * PAGE_OCTETS);
  fill(h);
}

static void
on_previous(GtkButton *button, struct hex *h)
{
  turn_page(h, -1);
}

static void
on_next(GtkButton *button, struct hex *h)
{
  turn_page(h, 1);
}

/* ---- the whole ---- */

static void
update(GtkWidget *pane, unsigned news)
{
  struct hex *h = hex_of(pane);
  if (news & PANE_LOOK) {
    color_tags(h);
    pane_set_accessible(
        h->text, lang_text("Octets of the frame", "ออกเตตของเฟรม"),
        lang_text("Offset, hexadecimal and text columns", "คอลัมน์ตำแหน่ง เลขฐานสิบหก และตัวอักษร"));
    gtk_button_set_label(GTK_BUTTON(h->previous), lang_text("Previous page", "หน้าก่อน"));
    gtk_button_set_label(GTK_BUTTON(h->next), lang_text("Next page", "หน้าถัดไป"));
  }
  uint32_t frame = session_frame(h->session);
  if ((news & (PANE_LOADED | PANE_LOOK)) || frame != h->frame_shown) {
    mask_clear(&h->mask);
    mask_init(&h->mask, session_decode(h->session));
    if (frame != h->frame_shown || (news & PANE_LOADED)) {
      h->source = 0;
      h->page_first = 0;
    }
    h->frame_shown = frame;
    make_source_buttons(h);
    press_source_button(h);
    fill(h);
  }
  show_selection(h);
}

static void
on_style(GtkWidget *text, struct hex *h)
{
  color_tags(h);
}

static void
hex_free(gpointer data)
{
  struct hex *h = data;
  mask_clear(&h->mask);
  g_object_unref(h->session);
  g_object_unref(h->buffer);
  g_free(h);
}

static GtkWidget *
make_text(struct hex *h)
{
  h->text = gtk_text_view_new();
  h->buffer = g_object_ref(gtk_text_view_get_buffer(GTK_TEXT_VIEW(h->text)));
  gtk_text_view_set_editable(GTK_TEXT_VIEW(h->text), FALSE);
  gtk_text_view_set_monospace(GTK_TEXT_VIEW(h->text), TRUE);
  gtk_text_view_set_left_margin(GTK_TEXT_VIEW(h->text), 8);
  gtk_text_view_set_top_margin(GTK_TEXT_VIEW(h->text), 4);
  gtk_style_context_add_class(gtk_widget_get_style_context(h->text), "env-paper");
  gtk_style_context_add_class(gtk_widget_get_style_context(h->text), "env-mono");
  h->tag_offset = gtk_text_buffer_create_tag(h->buffer, NULL, NULL);
  h->tag_secret = gtk_text_buffer_create_tag(h->buffer, NULL, NULL);
  h->tag_hover = gtk_text_buffer_create_tag(h->buffer, NULL, NULL);
  h->tag_field = gtk_text_buffer_create_tag(h->buffer, NULL, NULL);
  gtk_widget_add_events(h->text, GDK_POINTER_MOTION_MASK | GDK_LEAVE_NOTIFY_MASK);
  g_signal_connect(h->buffer, "mark-set", G_CALLBACK(on_mark_set), h);
  g_signal_connect(h->text, "motion-notify-event", G_CALLBACK(on_motion), h);
  g_signal_connect(h->text, "leave-notify-event", G_CALLBACK(on_leave), h);
  g_signal_connect(h->text, "style-updated", G_CALLBACK(on_style), h);
  return pane_scrolled(h->text);
}

GtkWidget *
hex_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct hex *h = g_new0(struct hex, 1);
  h->pane = pane;
  h->session = g_object_ref(session);
  h->frame_shown = SESSION_NONE;
  g_object_set_data_full(G_OBJECT(pane), "hex-pane", h, hex_free);

  h->sources = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(h->sources), "linked");
  gtk_widget_set_no_show_all(h->sources, TRUE);
  gtk_box_pack_start(GTK_BOX(pane), h->sources, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), make_text(h), TRUE, TRUE, 0);

  h->pager = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  h->previous = gtk_button_new_with_label("");
  h->next = gtk_button_new_with_label("");
  h->page_label = gtk_label_new(NULL);
  gtk_box_pack_start(GTK_BOX(h->pager), h->previous, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(h->pager), h->page_label, TRUE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(h->pager), h->next, FALSE, FALSE, 0);
  gtk_widget_show_all(h->pager);
  gtk_widget_set_no_show_all(h->pager, TRUE);
  gtk_widget_hide(h->pager);
  gtk_box_pack_start(GTK_BOX(pane), h->pager, FALSE, FALSE, 0);
  g_signal_connect(h->previous, "clicked", G_CALLBACK(on_previous), h);
  g_signal_connect(h->next, "clicked", G_CALLBACK(on_next), h);

  h->status = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(h->status), 0);
  gtk_label_set_ellipsize(GTK_LABEL(h->status), PANGO_ELLIPSIZE_END);
  gtk_widget_set_margin_start(h->status, 8);
  gtk_style_context_add_class(gtk_widget_get_style_context(h->status), "env-faint");
  gtk_box_pack_start(GTK_BOX(pane), h->status, FALSE, FALSE, 2);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
