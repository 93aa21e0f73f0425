/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand_form.c -- who types where, before there is a connection.
 *
 *     [I am the client ▾]
 *     at   [Malee's computer ▾]
 *     to   [mail server of office.test ▾] [SMTP, port 25 ▾]
 *     [Connect] */
#include "gui/hand_form.h"

#include "gui/pane.h"
#include "sim/mail/build.h"

struct service {
  const char *key; /* of `services` in a scenario */
  const char *name;
  gboolean has_tls;
};

static const struct service services[] = {
    {"smtp", "SMTP", FALSE},
    {"submission", "Submission", FALSE},
    {"submissions", "Submission, TLS", TRUE},
    {"pop3", "POP3", FALSE},
    {"pop3s", "POP3, TLS", TRUE},
    {"imap", "IMAP", FALSE},
    {"imaps", "IMAP, TLS", TRUE},
};

struct form {
  Session *session;
  GtkWidget *role, *seat_label, *seat, *server_label, *server, *service, *button;
  GArray *seats, *servers; /* guint32 host indexes, as in the choosers */
  GArray *ports;           /* unsigned indexes into services[], as in the chooser */
  gboolean is_filling;
};

static struct form *
form_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "hand-form");
}

static struct mail *
mail_of(const struct form *f)
{
  struct run *r = session_run(f->session);
  return r ? run_mail(r) : NULL;
}

static const char *
title_of(const struct form *f, guint32 host)
{
  struct host_info info = run_host(session_run(f->session), host);
  return lang_text(info.title_en ? info.title_en : info.name,
                   info.title_th ? info.title_th : info.name);
}

static gboolean
is_server(const struct form *f)
{
  return gtk_combo_box_get_active(GTK_COMBO_BOX(f->role)) == 1;
}

/* ---- filling ---- */

static void
set_names(struct form *f)
{
  const struct {
    GtkWidget *widget;
    struct lang_pair name;
  } names[] = {{f->role, {"Your part", "บทบาทของคุณ"}},
               {f->seat, {"Your computer", "เครื่องของคุณ"}},
               {f->server, {"Server", "เซิร์ฟเวอร์"}},
               {f->service, {"Service", "บริการ"}}};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    pane_set_accessible(names[i].widget, lang_pick(names[i].name), NULL);
  gtk_label_set_text(GTK_LABEL(f->seat_label), lang_text("at", "ที่"));
  gtk_label_set_text(GTK_LABEL(f->server_label),
                     is_server(f) ? lang_text("at", "ที่") : lang_text("to", "ไปยัง"));
  gtk_button_set_label(GTK_BUTTON(f->button), is_server(f)
                                                  ? lang_text("Wait for a client", "รอไคลเอนต์")
                                                  : lang_text("Connect", "เชื่อมต่อ"));
  gtk_widget_set_visible(f->seat, !is_server(f));
  gtk_widget_set_visible(f->seat_label, !is_server(f));
}

/* The services of the chosen server. */
static void
fill_services(struct form *f)
{
  int chosen = gtk_combo_box_get_active(GTK_COMBO_BOX(f->server));
  int before = gtk_combo_box_get_active(GTK_COMBO_BOX(f->service));
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(f->service));
  g_array_set_size(f->ports, 0);
  if (chosen < 0)
    return;
  guint32 host = g_array_index(f->servers, guint32, chosen);
  for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
    guint16 port = mail_service_port(mail_of(f), host, services[i].key);
    if (port == 0)
      continue;
    g_autofree char *text =
        g_strdup_printf(lang_text("%s, port %u", "%s พอร์ต %u"), services[i].name, port);
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->service), text);
    g_array_append_val(f->ports, i);
  }
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->service), CLAMP(before, 0, (int)f->ports->len - 1));
}

static void
fill_hosts(struct form *f)
{
  struct run *r = session_run(f->session);
  int seat = gtk_combo_box_get_active(GTK_COMBO_BOX(f->seat));
  int server = gtk_combo_box_get_active(GTK_COMBO_BOX(f->server));
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(f->seat));
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(f->server));
  g_array_set_size(f->seats, 0);
  g_array_set_size(f->servers, 0);
  for (guint32 i = 0; r && i < run_n_hosts(r); i++) {
    enum host_kind kind = run_host(r, i).kind;
    if (kind == HOST_SWITCH || kind == HOST_ROUTER)
      continue;
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->seat), title_of(f, i));
    g_array_append_val(f->seats, i);
  }
  for (unsigned k = 0; r && mail_host(mail_of(f), k) != UINT32_MAX; k++) {
    guint32 host = mail_host(mail_of(f), k);
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->server), title_of(f, host));
    g_array_append_val(f->servers, host);
  }
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->seat), CLAMP(seat, 0, (int)f->seats->len - 1));
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->server), CLAMP(server, 0, (int)f->servers->len - 1));
}

static void
fill_roles(struct form *f)
{
  int role = MAX(gtk_combo_box_get_active(GTK_COMBO_BOX(f->role)), 0);
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(f->role));
  gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->role),
                                 lang_text("I am the client", "ฉันเป็นไคลเอนต์"));
  gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->role),
                                 lang_text("I am the server", "ฉันเป็นเซิร์ฟเวอร์"));
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->role), role);
}

void
hand_form_fill(GtkWidget *form)
{
  struct form *f = form_of(form);
  f->is_filling = TRUE;
  fill_roles(f);
  fill_hosts(f);
  fill_services(f);
  f->is_filling = FALSE;
  set_names(f);
  gtk_widget_set_sensitive(f->button, f->servers->len > 0);
}

/* ---- choosing ---- */

static void
changed(GtkComboBox *combo, struct form *f)
{
  if (f->is_filling)
    return;
  f->is_filling = TRUE;
  if (GTK_WIDGET(combo) == f->server)
    fill_services(f);
  f->is_filling = FALSE;
  set_names(f);
}

gboolean
hand_form_choice(GtkWidget *form, struct hand_choice *out)
{
  struct form *f = form_of(form);
  struct run *r = session_run(f->session);
  int seat = gtk_combo_box_get_active(GTK_COMBO_BOX(f->seat));
  int server = gtk_combo_box_get_active(GTK_COMBO_BOX(f->server));
  int service = gtk_combo_box_get_active(GTK_COMBO_BOX(f->service));
  if (!r || seat < 0 || server < 0 || service < 0)
    return FALSE;
  guint32 at = g_array_index(f->servers, guint32, server);
  const struct service *s = &services[g_array_index(f->ports, unsigned, service)];
  struct host_info info = run_host(r, at);
  *out = (struct hand_choice){.is_server = is_server(f), .has_tls = s->has_tls};
  out->port = mail_service_port(mail_of(f), at, s->key);
  out->seat = is_server(f) ? info.name : run_host(r, g_array_index(f->seats, guint32, seat)).name;
  out->server = ip_addr_format(&info.addr, out->text);
  return TRUE;
}

GtkWidget *
hand_form_button(GtkWidget *form)
{
  return form_of(form)->button;
}

/* ---- life ---- */

static void
form_free(gpointer data)
{
  struct form *f = data;
  g_array_unref(f->seats);
  g_array_unref(f->servers);
  g_array_unref(f->ports);
  g_object_unref(f->session);
  g_free(f);
}

/* A chooser must not be as wide as its longest entry: the pane may be narrow. */
static GtkWidget *
chooser(struct form *f)
{
  GtkWidget *combo = gtk_combo_box_text_new();
  g_autoptr(GList) cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(combo));
  for (GList *l = cells; l; l = l->next)
    g_object_set(l->data, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
  gtk_widget_set_hexpand(combo, TRUE);
  g_signal_connect(combo, "changed", G_CALLBACK(changed), f);
  return combo;
}

GtkWidget *
hand_form_new(Session *session, void (*begin)(gpointer data), gpointer data)
{
  GtkWidget *grid = gtk_grid_new();
  struct form *f = g_new0(struct form, 1);
  f->session = g_object_ref(session);
  f->seats = g_array_new(FALSE, FALSE, sizeof(guint32));
  f->servers = g_array_new(FALSE, FALSE, sizeof(guint32));
  f->ports = g_array_new(FALSE, FALSE, sizeof(unsigned));
  g_object_set_data_full(G_OBJECT(grid), "hand-form", f, form_free);
  gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
  gtk_grid_set_column_spacing(GTK_GRID(grid), 8);
  g_object_set(grid, "margin", 10, NULL);
  f->role = chooser(f);
  f->seat = chooser(f);
  f->server = chooser(f);
  f->service = chooser(f);
  f->seat_label = pane_label("env-faint", FALSE);
  f->server_label = pane_label("env-faint", FALSE);
  f->button = gtk_button_new_with_label("");
  g_signal_connect_swapped(f->button, "clicked", G_CALLBACK(begin), data);
  gtk_grid_attach(GTK_GRID(grid), f->role, 0, 0, 2, 1);
  gtk_grid_attach(GTK_GRID(grid), f->seat_label, 0, 1, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), f->seat, 1, 1, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), f->server_label, 0, 2, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), f->server, 1, 2, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), f->service, 1, 3, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), f->button, 1, 4, 1, 1);
  gtk_widget_show_all(grid);
  gtk_widget_set_no_show_all(f->seat, TRUE);
  gtk_widget_set_no_show_all(f->seat_label, TRUE);
  return grid;
}
