/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HAND_FORM_H
#define GUI_HAND_FORM_H

/* Who types where: the part of the by-hand pane that is filled in before a connection. */
#include "gui/session.h"

/* What was chosen. Names belong to the session's run. */
struct hand_choice {
  gboolean is_server;
  const char *seat;   /* the host at which the person sits */
  const char *server; /* the address of the server's host as text, or NULL for is_server */
  guint16 port;
  gboolean has_tls; /* the port speaks TLS from the beginning */
  char text[64];    /* room for `server` */
};

/* The widget; `begin` is called when its button is pressed. */
GtkWidget *hand_form_new(Session *session, void (*begin)(gpointer data), gpointer data);
/* Fills in the hosts and services of the session's run, in the current language. */
void hand_form_fill(GtkWidget *form);
/* FALSE when nothing can be chosen: no run, or one without mail hosts. */
gboolean hand_form_choice(GtkWidget *form, struct hand_choice *out);
GtkWidget *hand_form_button(GtkWidget *form);

#endif
