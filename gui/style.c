/* SPDX-License-Identifier: GPL-3.0-or-later */
/* style.c -- style sheets for light, dark and projector, and their colours for Cairo.
 *
 * Four sheets lie in the program's resources: style.css for all looks, light.css or dark.css for
 * colours, projector.css over them. Projector mode and zoom change gtk-xft-dpi, which scales every
 * widget's text; Cairo views scale by session_scale() and ask for text in pixels. */
#include "gui/style.h"

#include <string.h>

#include "gui/gui-resources.h"

#define RESOURCE_FOLDER "/org/enveloscope/Enveloscope/"
#define SANS "Noto Sans, Noto Sans Thai, Loma, sans-serif"
#define MONO "Noto Sans Mono, DejaVu Sans Mono, Noto Sans Thai, monospace"

/* Providers as they were before any session: the two that carry a look, and the screen's own dpi.
 */
struct style {
  GtkCssProvider *colors, *base, *projector;
  int dpi;
  gboolean has_projector;
};

static void
load(GtkCssProvider *provider, const char *name)
{
  g_autofree char *path = g_strconcat(RESOURCE_FOLDER, name, NULL);
  gtk_css_provider_load_from_resource(provider, path);
}

static void
add(GtkCssProvider *provider, int over)
{
  gtk_style_context_add_provider_for_screen(gdk_screen_get_default(), GTK_STYLE_PROVIDER(provider),
                                            GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + (guint)over);
}

static void
apply(Session *session, struct style *style)
{
  GtkSettings *settings = gtk_settings_get_default();
  load(style->colors, session_dark(session) ? "dark.css" : "light.css");
  load(style->base, "style.css"); /* @env_… are resolved anew */
  if (session_projector(session) != style->has_projector) {
    style->has_projector = session_projector(session);
    if (style->has_projector)
      add(style->projector, 2);
    else
      gtk_style_context_remove_provider_for_screen(gdk_screen_get_default(),
                                                   GTK_STYLE_PROVIDER(style->projector));
  }
  g_object_set(settings, "gtk-application-prefer-dark-theme", session_dark(session), "gtk-xft-dpi",
               (int)(style->dpi * session_scale(session)), NULL);
}

static void
free_style(gpointer data)
{
  struct style *style = data;
  g_object_unref(style->colors);
  g_object_unref(style->base);
  g_object_unref(style->projector);
  g_free(style);
}

void
style_install(Session *session)
{
  g_resources_register(gui_get_resource());
  struct style *style = g_new0(struct style, 1);
  style->colors = gtk_css_provider_new();
  style->base = gtk_css_provider_new();
  style->projector = gtk_css_provider_new();
  g_object_get(gtk_settings_get_default(), "gtk-xft-dpi", &style->dpi, NULL);
  if (style->dpi <= 0)
    style->dpi = 96 * PANGO_SCALE;
  load(style->projector, "projector.css");
  add(style->colors, 0);
  add(style->base, 1);
  g_object_set_data_full(G_OBJECT(session), "style", style, free_style);
  g_signal_connect(session, "look-changed", G_CALLBACK(apply), style);
  apply(session, style);
}

GdkRGBA
style_color(GtkWidget *widget, const char *name)
{
  GtkStyleContext *context = gtk_widget_get_style_context(widget);
  char full[64];
  GdkRGBA color = {0.13, 0.15, 0.17, 1};
  g_snprintf(full, sizeof full, "env_%s", name);
  if (!gtk_style_context_lookup_color(context, full, &color))
    gtk_style_context_lookup_color(context, "env_ink", &color);
  return color;
}

void
style_set_source(cairo_t *cr, GtkWidget *widget, const char *name)
{
  style_set_source_alpha(cr, widget, name, 1);
}

void
style_set_source_alpha(cairo_t *cr, GtkWidget *widget, const char *name, double alpha)
{
  GdkRGBA c = style_color(widget, name);
  cairo_set_source_rgba(cr, c.red, c.green, c.blue, c.alpha * alpha);
}

const char *
style_protocol(const char *protocol)
{
  static const struct {
    const char *begins, *color;
  } rows[] = {{"SMTP", "smtp"}, {"POP", "pop"},  {"IMAP", "imap"}, {"IMF", "smtp"},
              {"DNS", "dns"},   {"MDNS", "dns"}, {"ARP", "arp"},   {"ICMP", "icmp"},
              {"TLS", "tls"},   {"SSL", "tls"},  {"TCP", "tcp"}};
  for (size_t i = 0; protocol && i < G_N_ELEMENTS(rows); i++)
    if (g_ascii_strncasecmp(protocol, rows[i].begins, strlen(rows[i].begins)) == 0)
      return rows[i].color;
  return "other";
}

PangoLayout *
style_layout(GtkWidget *widget, double pixels, gboolean mono)
{
  PangoLayout *layout = gtk_widget_create_pango_layout(widget, NULL);
  PangoFontDescription *font = pango_font_description_from_string(mono ? MONO : SANS);
  pango_font_description_set_absolute_size(font, pixels * PANGO_SCALE);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  return layout;
}

double
style_row_height(GtkWidget *widget, double pixels, gboolean mono)
{
  g_autoptr(PangoLayout) layout = style_layout(widget, pixels, mono);
  pango_layout_set_text(layout, "Agกี่", -1);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  return height;
}
