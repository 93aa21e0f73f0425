/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pane.c -- what the inspecting panes share.
 *
 * A playing session emits signals many times between two drawings. A pane collects them as news and
 * is updated once, right before the next drawing, and not at all while nobody sees it:
 *
 *   session ──signal──> hear() ──> news |= … ──idle, mapped──> run() ──> update(pane, news)
 *                                       └────────map──────────────┘
 */
#include "gui/pane.h"

#include <string.h>

struct attachment {
  GtkWidget *pane; /* owns this */
  Session *session;
  pane_update update;
  unsigned wanted;
  unsigned news;
  guint idle;
};

static const struct {
  const char *signal;
  unsigned news;
} pane_signals[] = {
    {"loaded", PANE_LOADED},
    {"frames-added", PANE_FRAMES},
    {"selection-changed", PANE_SELECTION},
    {"time-changed", PANE_TIME},
    {"filter-changed", PANE_FILTER},
    {"look-changed", PANE_LOOK},
};

static void
run(struct attachment *a)
{
  if (a->idle) {
    g_source_remove(a->idle);
    a->idle = 0;
  }
  unsigned news = a->news;
  a->news = 0;
  if (news)
    a->update(a->pane, news);
}

static gboolean
run_idle(gpointer data)
{
  struct attachment *a = data;
  a->idle = 0;
  if (gtk_widget_get_mapped(a->pane))
    run(a);
  return G_SOURCE_REMOVE;
}

static void
hear(struct attachment *a, unsigned news)
{
  if (!(a->wanted & news))
    return;
  a->news |= news;
  if (!gtk_widget_get_mapped(a->pane))
    return;
  if (news & PANE_LOADED)
    run(a);
  else if (!a->idle)
    a->idle = g_idle_add_full(GDK_PRIORITY_REDRAW - 5, run_idle, a, NULL);
}

static struct attachment *
attachment_of(gpointer pane)
{
  return g_object_get_data(G_OBJECT(pane), "pane-attachment");
}

#define HEAR(name, news)                                                                           \
  static void hear_##name(gpointer pane, Session *session)                                         \
  {                                                                                                \
    hear(attachment_of(pane), news);                                                               \
  }
HEAR(loaded, PANE_LOADED)
HEAR(frames, PANE_FRAMES)
HEAR(selection, PANE_SELECTION)
HEAR(time, PANE_TIME)
HEAR(filter, PANE_FILTER)
HEAR(look, PANE_LOOK)
#undef HEAR

static void
on_map(GtkWidget *pane, struct attachment *a)
{
  run(a);
}

static void
attachment_free(gpointer data)
{
  struct attachment *a = data;
  if (a->idle)
    g_source_remove(a->idle);
  g_object_unref(a->session);
  g_free(a);
}

void
pane_attach(GtkWidget *pane, Session *session, unsigned wanted, pane_update update)
{
  static void (*const hears[])(gpointer, Session *) = {hear_loaded, hear_frames, hear_selection,
                                                       hear_time,   hear_filter, hear_look};
  struct attachment *a = g_new0(struct attachment, 1);
  a->pane = pane;
  a->session = g_object_ref(session);
  a->update = update;
  a->wanted = wanted;
  a->news = wanted;
  g_object_set_data_full(G_OBJECT(pane), "pane-attachment", a, attachment_free);
  for (size_t i = 0; i < G_N_ELEMENTS(pane_signals); i++)
    if (wanted & pane_signals[i].news)
      g_signal_connect_object(session, pane_signals[i].signal, G_CALLBACK(hears[i]), pane,
                              G_CONNECT_SWAPPED);
  g_signal_connect(pane, "map", G_CALLBACK(on_map), a);
}

void
pane_flush(GtkWidget *pane)
{
  struct attachment *a = attachment_of(pane);
  if (a)
    run(a);
}

void
pane_set_source(cairo_t *cr, GdkRGBA color, double alpha)
{
  cairo_set_source_rgba(cr, color.red, color.green, color.blue, color.alpha * alpha);
}

GtkWidget *
pane_label(const char *css_class, gboolean selectable)
{
  GtkWidget *label = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable(GTK_LABEL(label), selectable);
  if (css_class)
    gtk_style_context_add_class(gtk_widget_get_style_context(label), css_class);
  return label;
}

GtkWidget *
pane_scrolled(GtkWidget *child)
{
  GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);
  gtk_widget_set_vexpand(scrolled, TRUE);
  gtk_widget_set_hexpand(scrolled, TRUE);
  gtk_container_add(GTK_CONTAINER(scrolled), child);
  return scrolled;
}

static void
destroy_child(GtkWidget *child, gpointer data)
{
  gtk_widget_destroy(child);
}

void
pane_clear(GtkWidget *container)
{
  gtk_container_foreach(GTK_CONTAINER(container), destroy_child, NULL);
}

void
pane_set_accessible(GtkWidget *widget, const char *name, const char *description)
{
  AtkObject *object = gtk_widget_get_accessible(widget);
  if (name)
    atk_object_set_name(object, name);
  if (description)
    atk_object_set_description(object, description);
}

/* ---- filters from fields ---- */

static char *
quote(const char *value)
{
  GString *out = g_string_new("\"");
  for (const char *p = value; *p; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
  return g_string_free(out, FALSE);
}

/* Where a value is too long or holds line ends, the presence of the field is the better filter. */
enum { FILTER_VALUE_MAX = 120 };

static gboolean
value_is_plain(const char *value)
{
  if (!*value || strlen(value) > FILTER_VALUE_MAX)
    return FALSE;
  for (const char *p = value; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      return FALSE;
  return TRUE;
}

char *
pane_filter_for_field(struct decode *d, const struct field *f)
{
  const char *key = f->def->key;
  if (!key || !*key)
    return NULL;
  if ((f->flags & FIELD_FLAG_SECRET) && !d->reveal)
    return g_strdup(key);
  switch (f->def->type) {
  case FIELD_PROTOCOL:
  case FIELD_NONE:
  case FIELD_TIME:
    return g_strdup(key);
  case FIELD_BOOL:
    return g_strdup_printf("%s == %d", key, f->number != 0);
  case FIELD_UINT:
  case FIELD_HEX:
  case FIELD_ETHER:
  case FIELD_IPV4:
  case FIELD_IPV6:
  case FIELD_SPAN:
  case FIELD_FRAME: {
    const char *value = decode_value(d, f);
    return value && *value ? g_strdup_printf("%s == %s", key, value) : g_strdup(key);
  }
  case FIELD_TEXT: {
    const char *value = decode_value(d, f);
    if (!value || !value_is_plain(value) || (!d->reveal && strstr(value, SECRET_MASK)))
      return g_strdup(key);
    g_autofree char *quoted = quote(value);
    return g_strdup_printf("%s == %s", key, quoted);
  }
  case FIELD_OCTETS:
    return g_strdup(key);
  }
  return g_strdup(key);
}

static void
apply_filter(GtkMenuItem *item, gpointer data)
{
  const char *text = g_object_get_data(G_OBJECT(item), "filter");
  session_set_filter(data, text, NULL);
}

static void
add_filter_item(GtkMenuShell *menu, Session *session, const char *label, char *filter)
{
  GtkWidget *item = gtk_menu_item_new_with_label(label);
  gtk_widget_set_tooltip_text(item, filter);
  g_object_set_data_full(G_OBJECT(item), "filter", filter, g_free);
  g_signal_connect_object(item, "activate", G_CALLBACK(apply_filter), session, 0);
  gtk_menu_shell_append(menu, item);
}

void
pane_menu_add_filters(GtkMenuShell *menu, Session *session, const char *filter)
{
  g_autofree char *label =
      g_strdup_printf(lang_text("Apply as filter: %s", "ใช้เป็นตัวกรอง: %s"), filter);
  add_filter_item(menu, session, label, g_strdup(filter));
  const char *old = session_filter(session);
  if (!old || !*old)
    old = NULL;
  if (old)
    add_filter_item(
        menu, session,
        lang_text("… and this, with the present filter", "… และเงื่อนไขนี้ ร่วมกับตัวกรองปัจจุบัน"),
        g_strdup_printf("(%s) and %s", old, filter));
  add_filter_item(menu, session, lang_text("… and not this", "… และไม่เอาเงื่อนไขนี้"),
                  old ? g_strdup_printf("(%s) and not (%s)", old, filter)
                      : g_strdup_printf("not (%s)", filter));
}

/* ---- numbers and texts ---- */

char *
pane_format_time(int64_t time_ns)
{
  int64_t us = time_ns / 1000;
  const char *sign = us < 0 ? "-" : "";
  if (us < 0)
    us = -us;
  return g_strdup_printf("%s%" G_GINT64_FORMAT ".%06d", sign, us / 1000000, (int)(us % 1000000));
}

char *
pane_format_count(uint64_t n)
{
  char digits[24];
  g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, n);
  size_t length = strlen(digits);
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      g_string_append_c(out, ',');
    g_string_append_c(out, digits[i]);
  }
  return g_string_free(out, FALSE);
}

char *
pane_format_octets(uint64_t n)
{
  g_autofree char *count = pane_format_count(n);
  return g_strdup_printf(
      n == 1 ? lang_text("%s octet", "%s ออกเตต") : lang_text("%s octets", "%s ออกเตต"), count);
}

static gboolean
is_bidi_control(gunichar c)
{
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

char *
pane_text_from_octets(const uint8_t *p, size_t n, size_t n_max)
{
  size_t end = MIN(n, n_max);
  GString *out = g_string_sized_new(end + 8);
  for (size_t i = 0; i < end;) {
    if (p[i] < 0x20) {
      g_string_append_unichar(out, p[i] == '\t' ? ' ' : 0x2400u + p[i]);
      i++;
      continue;
    }
    if (p[i] == 0x7f) {
      g_string_append_unichar(out, 0x2421);
      i++;
      continue;
    }
    const char *at = (const char *)p + i;
    gunichar c = g_utf8_get_char_validated(at, (gssize)(n - i));
    if (c == (gunichar)-1 || c == (gunichar)-2) {
      g_string_append_printf(out, "\\x%02x", p[i]);
      i++;
    } else if (is_bidi_control(c) || (c >= 0x80 && c < 0xa0)) {
      g_string_append_printf(out, "\\u%04x", c);
      i += (size_t)(g_utf8_next_char(at) - at);
    } else {
      g_string_append_unichar(out, c);
      i += (size_t)(g_utf8_next_char(at) - at);
    }
  }
  if (end < n)
    g_string_append(out, "…");
  return g_string_free(out, FALSE);
}
