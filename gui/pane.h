/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PANE_H
#define GUI_PANE_H

/* What the inspecting panes share: listening to the session, small widgets, and the words for
 * filters that fields offer. */
#include "gui/session.h"
#include "gui/style.h"

enum pane_news {
  PANE_LOADED = 0x01,
  PANE_FRAMES = 0x02,
  PANE_SELECTION = 0x04,
  PANE_TIME = 0x08,
  PANE_FILTER = 0x10,
  PANE_LOOK = 0x20,
};

/* `news`: what changed since the last call, enum pane_news or'ed. */
typedef void (*pane_update)(GtkWidget *pane, unsigned news);

/* Calls `update` for the wanted signals of the session: at once for "loaded" (what was shown is
 * gone), else once before the next drawing however many signals came, and only while the pane is
 * mapped; what a hidden pane missed comes when it is mapped again. The first call, with all that is
 * wanted, comes when the pane is mapped for the first time. */
void pane_attach(GtkWidget *pane, Session *session, unsigned wanted, pane_update update);

/* Updates that wait are done now (tests, screenshots). */
void pane_flush(GtkWidget *pane);

void pane_set_source(cairo_t *cr, GdkRGBA color, double alpha);

/* A label that wraps, selectable or not, left aligned, of these CSS classes (NULL-terminated). */
GtkWidget *pane_label(const char *css_class, gboolean selectable);

/* A scrolled window around a child, without a frame. */
GtkWidget *pane_scrolled(GtkWidget *child);

/* Destroys all children. */
void pane_clear(GtkWidget *container);

void pane_set_accessible(GtkWidget *widget, const char *name, const char *description);

/* A filter that this field fits: `ip.ttl == 64`, `smtp.req.command == "EHLO"`; only the key for
 * fields without value, and for secrets that are not revealed. NULL for fields that no filter can
 * name. */
char *pane_filter_for_field(struct decode *d, const struct field *f);

/* Appends the entries "Apply as filter", "… and this", "… and not this" for a filter text (copied).
 */
void pane_menu_add_filters(GtkMenuShell *menu, Session *session, const char *filter);

/* "0.123456" */
char *pane_format_time(int64_t time_ns);
/* "1,234"; in the language's digits and separators. */
char *pane_format_count(uint64_t n);
/* "1,234 octets", "1 octet". */
char *pane_format_octets(uint64_t n);

/* Text of octets for people: valid UTF-8 stays (bidi controls isolated), control octets become ␍ ␊
 * and the like, what is no UTF-8 becomes \xNN; at most n_max octets are read, "…" behind what is
 * cut. */
char *pane_text_from_octets(const uint8_t *p, size_t n, size_t n_max);

#endif
