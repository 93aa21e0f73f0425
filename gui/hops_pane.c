/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hops_pane.c -- the layers of the devices that the selected packet meets.
 *
 *     [Alice's computer] → [switch] → [router] → [mail server]     the journey; one device is
 * chosen Delivered to … in, read upwards ↑      out, read downwards ↓ application transport network
 * looked at the address     TTL went down ip.ttl  64 → 63 link
 *
 * The host that is selected in another view is the device that is shown, when it is on the journey.
 */
#include "gui/hops_pane.h"

#include "gui/pane.h"
#include "lessons/hops.h"

enum { DEVICES_MAX = 64 }; /* of one journey: a TTL is spent long before */

struct hops_pane {
  Session *session;
  GtkWidget *way, *journey, *fate, *grid, *scrolled, *empty;
  struct hops *hops; /* of `frame` in `generation`; NULL: none */
  char *trouble;     /* why there is none */
  unsigned generation, device;
  uint32_t frame, host;
  gboolean is_filling;
};

static struct hops_pane *
pane_of(GtkWidget *pane)
{
  return g_object_get_data(G_OBJECT(pane), "hops-pane");
}

static const struct hop *
device_at(const struct hops_pane *p, unsigned i)
{
  return p->hops->devices->pdata[i];
}

static const char *
device_name(const struct hops_pane *p, unsigned i)
{
  struct host_info host = run_host(session_run(p->session), device_at(p, i)->host);
  return lang_text(host.title_en ? host.title_en : host.name,
                   host.title_th ? host.title_th : host.name);
}

/* ---- one device ---- */

static void
add_changes(GtkWidget *card, const struct hop_step *step)
{
  for (guint i = 0; step->changes && i < step->changes->len; i++) {
    const struct hop_change *c = step->changes->pdata[i];
    GtkWidget *label = pane_label("env-mono", TRUE);
    g_autofree char *text = g_strdup_printf("%s  %s → %s", c->key, c->before, c->after);
    gtk_label_set_text(GTK_LABEL(label), text);
    gtk_style_context_add_class(gtk_widget_get_style_context(label), "env-changed");
    gtk_box_pack_start(GTK_BOX(card), label, FALSE, FALSE, 0);
  }
}

static GtkWidget *
make_card(const struct hop *hop, enum hop_layer layer, enum hop_way way)
{
  GtkWidget *card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
  gboolean any = FALSE;
  gtk_widget_set_hexpand(card, TRUE);
  for (guint i = 0; i < hop->steps->len; i++) {
    const struct hop_step *step = hop->steps->pdata[i];
    if (step->layer != layer || step->way != way)
      continue;
    GtkWidget *label = pane_label(NULL, TRUE);
    gtk_label_set_text(GTK_LABEL(label), step->sentence);
    gtk_box_pack_start(GTK_BOX(card), label, FALSE, FALSE, 0);
    add_changes(card, step);
    any = TRUE;
  }
  if (any)
    gtk_style_context_add_class(gtk_widget_get_style_context(card), "env-card");
  else
    gtk_container_add(GTK_CONTAINER(card), gtk_label_new("–")); /* this layer had nothing to do */
  return card;
}

static void
fill_device(struct hops_pane *p)
{
  const struct hop *hop = device_at(p, p->device);
  const char *heads[] = {lang_text("In: read upwards ↑", "ขาเข้า: อ่านขึ้น ↑"),
                         lang_text("Out: read downwards ↓", "ขาออก: อ่านลง ↓")};
  pane_clear(p->grid);
  g_autoptr(GtkSizeGroup) columns = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL); /* as wide */
  for (int way = 0; way < 2; way++) {
    GtkWidget *head = pane_label("env-heading", FALSE);
    gtk_label_set_text(GTK_LABEL(head), heads[way]);
    gtk_grid_attach(GTK_GRID(p->grid), head, 1 + way, 0, 1, 1);
  }
  for (int layer = N_HOP_LAYERS - 1, row = 1; layer >= 0; layer--, row++) {
    GtkWidget *name = pane_label("env-faint", FALSE);
    gtk_label_set_text(GTK_LABEL(name), hop_layer_name((enum hop_layer)layer));
    gtk_widget_set_valign(name, GTK_ALIGN_START);
    gtk_grid_attach(GTK_GRID(p->grid), name, 0, row, 1, 1);
    for (int way = 0; way < 2; way++) {
      GtkWidget *card = make_card(hop, (enum hop_layer)layer, (enum hop_way)way);
      gtk_size_group_add_widget(columns, card);
      gtk_grid_attach(GTK_GRID(p->grid), card, 1 + way, row, 1, 1);
    }
  }
  gtk_widget_show_all(p->grid);
}

/* ---- the journey ---- */

static void
device_toggled(GtkToggleButton *button, struct hops_pane *p)
{
  if (p->is_filling || !gtk_toggle_button_get_active(button))
    return;
  p->device = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "device"));
  fill_device(p);
  p->host = device_at(p, p->device)->host;
  session_select_host(p->session, p->host);
}

static void
fill_journey(struct hops_pane *p)
{
  GtkWidget *first = NULL;
  pane_clear(p->journey);
  p->is_filling = TRUE;
  for (unsigned i = 0; i < MIN(p->hops->devices->len, (guint)DEVICES_MAX); i++) {
    GtkWidget *button =
        gtk_radio_button_new_with_label_from_widget(GTK_RADIO_BUTTON(first), device_name(p, i));
    if (first)
      gtk_container_add(GTK_CONTAINER(p->journey), gtk_label_new("→"));
    else
      first = button;
    gtk_toggle_button_set_mode(GTK_TOGGLE_BUTTON(button), FALSE);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), i == p->device);
    g_object_set_data(G_OBJECT(button), "device", GUINT_TO_POINTER(i));
    g_signal_connect(button, "toggled", G_CALLBACK(device_toggled), p);
    gtk_container_add(GTK_CONTAINER(p->journey), button);
  }
  p->is_filling = FALSE;
  gtk_widget_show_all(p->journey);
}

/* ---- following the session ---- */

static void
load(struct hops_pane *p)
{
  g_autoptr(GError) error = NULL;
  g_clear_pointer(&p->hops, hops_free);
  g_clear_pointer(&p->trouble, g_free);
  p->generation = session_generation(p->session);
  p->frame = session_frame(p->session);
  p->device = 0;
  if (!session_run(p->session)) {
    p->trouble =
        g_strdup(lang_text("A capture is taken at one place: what the devices did is not in it. "
                           "Simulated runs show it.",
                           "ไฟล์ดักจับบันทึกจากจุดเดียว จึงไม่เห็นว่าอุปกรณ์แต่ละตัวทำอะไร "
                           "แต่การจำลองแสดงให้เห็นได้"));
    return;
  }
  if (p->frame == SESSION_NONE) {
    p->trouble = g_strdup(lang_text("Select a frame to follow it from device to device.",
                                    "เลือกเฟรมเพื่อติดตามไปทีละอุปกรณ์"));
    return;
  }
  p->hops = hops_new(session_run(p->session), p->frame, &error);
  if (!p->hops || p->hops->devices->len == 0) {
    p->trouble = g_strdup(error ? error->message
                                : lang_text("This frame met no device.", "เฟรมนี้ไม่ผ่านอุปกรณ์ใด"));
    g_clear_pointer(&p->hops, hops_free);
  }
}

/* The selected host's device, when it is on the journey. */
static void
follow_host(struct hops_pane *p)
{
  uint32_t host = session_host(p->session);
  for (unsigned i = 0; p->hops && i < p->hops->devices->len; i++)
    if (device_at(p, i)->host == host)
      p->device = i;
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct hops_pane *p = pane_of(pane);
  gboolean other = p->generation != session_generation(p->session) ||
                   p->frame != session_frame(p->session) || (news & (PANE_LOADED | PANE_LOOK));
  if (!other && p->host == session_host(p->session))
    return;
  p->host = session_host(p->session);
  if (other)
    load(p);
  follow_host(p);
  gtk_widget_set_visible(p->empty, p->hops == NULL);
  gtk_widget_set_visible(p->scrolled, p->hops != NULL);
  gtk_widget_set_visible(p->way, p->hops != NULL);
  gtk_widget_set_visible(p->fate, p->hops != NULL);
  gtk_label_set_text(GTK_LABEL(p->empty), p->trouble ? p->trouble : "");
  if (!p->hops)
    return;
  gtk_label_set_text(GTK_LABEL(p->fate), p->hops->fate_sentence);
  fill_journey(p);
  fill_device(p);
}

static void
pane_free(gpointer data)
{
  struct hops_pane *p = data;
  g_clear_pointer(&p->hops, hops_free);
  g_free(p->trouble);
  g_object_unref(p->session);
  g_free(p);
}

GtkWidget *
hops_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  struct hops_pane *p = g_new0(struct hops_pane, 1);
  p->session = g_object_ref(session);
  p->frame = p->host = SESSION_NONE;
  p->generation = UINT_MAX;
  g_object_set_data_full(G_OBJECT(pane), "hops-pane", p, pane_free);
  gtk_style_context_add_class(gtk_widget_get_style_context(pane), "env-paper");
  p->journey = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  g_object_set(p->journey, "margin", 8, NULL);
  p->way = gtk_scrolled_window_new(NULL, NULL);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(p->way), GTK_POLICY_AUTOMATIC,
                                 GTK_POLICY_NEVER);
  gtk_container_add(GTK_CONTAINER(p->way), p->journey);
  p->fate = pane_label("env-heading", TRUE);
  p->grid = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(p->grid), 10);
  gtk_grid_set_row_spacing(GTK_GRID(p->grid), 8);
  g_object_set(p->grid, "margin", 10, NULL);
  p->empty = pane_label("env-faint", FALSE);
  g_object_set(p->empty, "margin", 16, "yalign", 0.0, NULL);
  g_object_set(p->fate, "margin-start", 10, "margin-end", 10, NULL);
  p->scrolled = pane_scrolled(p->grid);
  gtk_box_pack_start(GTK_BOX(pane), p->empty, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->way, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->fate, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->scrolled, TRUE, TRUE, 0);
  gtk_widget_show_all(pane);
  gtk_widget_set_no_show_all(p->empty, TRUE);
  gtk_widget_set_no_show_all(p->scrolled, TRUE);
  gtk_widget_set_no_show_all(p->way, TRUE);
  gtk_widget_set_no_show_all(p->fate, TRUE);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  return pane;
}
