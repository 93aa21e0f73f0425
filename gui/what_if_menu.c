/* SPDX-License-Identifier: GPL-3.0-or-later */
/* what_if_menu.c -- the entries of a context menu that change what is to come. The window carries
 * them out (actions.c, what_if.c); views only offer them. */
#include "gui/what_if_menu.h"

#include "gui/hosts.h"

const struct run_flight *
what_if_flights(Session *s, const uint32_t **indexes, uint32_t *n)
{
  size_t n_all;
  *n = 0;
  if (!session_run(s) || session_frame(s) == SESSION_NONE)
    return NULL;
  *n = hosts_flights(hosts_of(s), session_frame(s), indexes);
  return run_flights(session_run(s), &n_all);
}

gboolean
what_if_is_possible(Session *session)
{
  const uint32_t *indexes;
  uint32_t n;
  return what_if_flights(session, &indexes, &n) && n > 0;
}

static void
add_action(GtkMenuShell *menu, const char *label, const char *action)
{
  GtkWidget *item = gtk_menu_item_new_with_label(label);
  gtk_actionable_set_action_name(GTK_ACTIONABLE(item), action);
  gtk_menu_shell_append(menu, item);
}

void
what_if_menu_add(GtkMenuShell *menu, Session *session)
{
  if (!what_if_is_possible(session))
    return;
  g_autofree char *drop =
      g_strdup_printf(lang_text("Lose frame %u", "ทำให้เฟรม %u สูญหาย"), session_frame(session) + 1);
  add_action(menu, drop, "win.drop-packet");
  add_action(menu, lang_text("What if…", "จะเป็นอย่างไรถ้า…"), "win.what-if");
}

void
what_if_popup(GtkWidget *widget, Session *session, const GdkEvent *event)
{
  if (!what_if_is_possible(session))
    return;
  GtkWidget *menu = gtk_menu_new();
  gtk_menu_attach_to_widget(GTK_MENU(menu), widget, NULL);
  what_if_menu_add(GTK_MENU_SHELL(menu), session);
  g_signal_connect(menu, "selection-done", G_CALLBACK(gtk_widget_destroy), NULL);
  gtk_widget_show_all(menu);
  if (event)
    gtk_menu_popup_at_pointer(GTK_MENU(menu), event);
  else
    gtk_menu_popup_at_widget(GTK_MENU(menu), widget, GDK_GRAVITY_CENTER, GDK_GRAVITY_CENTER, NULL);
}
