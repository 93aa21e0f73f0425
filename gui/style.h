/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_STYLE_H
#define GUI_STYLE_H

/* Colours, fonts and sizes of every view. Colours have names (see light.css): "paper", "ink",
 * "faint", "line", "band", "client", "server", "risk", "select", "select_line", and one per
 * protocol. */
#include "gui/session.h"

/* Puts the style sheets on the default screen and keeps them right as the look changes. Once. */
void style_install(Session *session);

/* The colour with that name in the current look; ink when the name is unknown. */
GdkRGBA style_color(GtkWidget *widget, const char *name);
void style_set_source(cairo_t *cr, GtkWidget *widget, const char *name);
/* The same with an opacity of 0..1. */
void style_set_source_alpha(cairo_t *cr, GtkWidget *widget, const char *name, double alpha);

/* The colour name for a protocol as decode_summary names it: "SMTP" -> "smtp", "ICMPv6" -> "icmp".
 */
const char *style_protocol(const char *protocol);

/* A layout whose text is `pixels` high before scaling, whatever the screen's resolution says: Cairo
 * views multiply by session_scale() themselves. */
PangoLayout *style_layout(GtkWidget *widget, double pixels, gboolean mono);
/* The height of a row of text "Agกี่" of that size: Thai vowels and tone marks stack. */
double style_row_height(GtkWidget *widget, double pixels, gboolean mono);

#endif
