/* SPDX-License-Identifier: GPL-3.0-or-later */
/* perspectives.c -- Learn, Inspect, Audit and Present: the same views in four arrangements.
 *
 * A perspective is a tree of panes and tabs whose leaves are slots. A slot is a box with a title
 * that waits for one view; entering a perspective moves each view from where it is into that
 * perspective's slot, so a view keeps its scroll position and state.
 *
 *     Learn    lesson | topology / ladder | (states, mailboxes, dialogue) / (encapsulation, fields)
 *     Inspect  filter / packets / fields | (octets, encapsulation, dialogue, ladder, states)
 *     Audit    findings / packets | (dialogue, fields, octets)
 *     Present  one view large
 */
#include "gui/perspectives.h"

#include <math.h>

#include "gui/packet_list.h"

const struct perspective_row perspective_rows[N_PERSPECTIVES] = {
    [PERSPECTIVE_LEARN] = {"learn", {"Learn", "เรียนรู้"}},
    [PERSPECTIVE_INSPECT] = {"inspect", {"Inspect", "ตรวจดู"}},
    [PERSPECTIVE_AUDIT] = {"audit", {"Audit", "ตรวจสอบความเสี่ยง"}},
    [PERSPECTIVE_PRESENT] = {"present", {"Present", "นำเสนอ"}},
};

/* Pixels; the style's own divider is thinner. */
enum { DIVIDER_THICK = 8 };

struct slot {
  GtkWidget *box;   /* where the view goes; NULL: this perspective has no place for it */
  GtkWidget *page;  /* the tab that holds it, or NULL */
  GtkWidget *label; /* its title or tab */
};

struct perspectives {
  Session *session; /* borrowed: the window keeps it */
  struct settings *settings;
  GtkWidget *stack;
  GtkWidget *views[N_VIEWS]; /* a reference each */
  struct slot slots[N_PERSPECTIVES][N_VIEWS];
  enum perspective current;
  enum view presented;
  GtkWidget *present_box, *chooser;
  GPtrArray *dividers; /* GtkPaned with a name */
  GPtrArray *tabs;     /* GtkNotebook with a name */
};

/* The views that can be shown alone, in the order of the chooser. */
static const enum view presentable[] = {VIEW_TOPOLOGY, VIEW_LADDER, VIEW_LESSON, VIEW_ENCAPSULATION,
                                        VIEW_DIALOGUE, VIEW_STATES, VIEW_PLOT,   VIEW_HOPS,
                                        VIEW_COMPARE,  VIEW_STORE,  VIEW_EVENTS, VIEW_HAND,
                                        VIEW_PACKETS,  VIEW_DETAIL, VIEW_HEX,    VIEW_RISK};

static GtkWidget *
slot(struct perspectives *p, enum perspective perspective, enum view view, gboolean titled)
{
  struct slot *s = &p->slots[perspective][view];
  s->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_size_request(s->box, 60, 40);
  if (titled) {
    s->label = gtk_label_new(lang_pick(view_rows[view].title));
    gtk_label_set_xalign(GTK_LABEL(s->label), 0);
    gtk_style_context_add_class(gtk_widget_get_style_context(s->label), "env-pane-title");
    gtk_box_pack_start(GTK_BOX(s->box), s->label, FALSE, FALSE, 0);
  }
  return s->box;
}

/* What a side needs not to be cut off; a pane that may shrink asks for nothing itself. */
static int
room_needed(GtkWidget *widget, GtkOrientation orientation)
{
  int min;
  if (GTK_IS_PANED(widget)) {
    GtkPaned *paned = GTK_PANED(widget);
    int first = room_needed(gtk_paned_get_child1(paned), orientation);
    int second = room_needed(gtk_paned_get_child2(paned), orientation);
    gboolean along = gtk_orientable_get_orientation(GTK_ORIENTABLE(paned)) == orientation;
    return along ? first + second + DIVIDER_THICK : MAX(first, second);
  }
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    gtk_widget_get_preferred_width(widget, &min, NULL);
  else
    gtk_widget_get_preferred_height(widget, &min, NULL);
  return min;
}

/* Puts the divider where it was, or at its default share, once the size is known; in a window too
 * narrow for the shares, a side that would be cut off takes from one that would not. */
static void
divider_sized(GtkWidget *paned, GdkRectangle *place, gpointer data)
{
  gboolean across =
      gtk_orientable_get_orientation(GTK_ORIENTABLE(paned)) == GTK_ORIENTATION_HORIZONTAL;
  int size = across ? place->width : place->height;
  if (size < 100 || g_object_get_data(G_OBJECT(paned), "placed"))
    return;
  int share = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(paned), "share"));
  g_object_set_data(G_OBJECT(paned), "placed", GINT_TO_POINTER(1));
  GtkOrientation orientation = gtk_orientable_get_orientation(GTK_ORIENTABLE(paned));
  int first = room_needed(gtk_paned_get_child1(GTK_PANED(paned)), orientation);
  int second = room_needed(gtk_paned_get_child2(GTK_PANED(paned)), orientation);
  int position = size * share / 1000;
  if (first + second + DIVIDER_THICK <= size)
    position = CLAMP(position, first, size - second - DIVIDER_THICK);
  gtk_paned_set_position(GTK_PANED(paned), position);
}

/* `share` is the first child's part in thousandths. */
static GtkWidget *
divide(struct perspectives *p, const char *name, GtkOrientation orientation, int share,
       GtkWidget *first, GtkWidget *second)
{
  GtkWidget *paned = gtk_paned_new(orientation);
  gtk_widget_set_name(paned, name);
  share = CLAMP(settings_int(p->settings, name, share), 50, 950);
  g_object_set_data(G_OBJECT(paned), "share", GINT_TO_POINTER(share));
  gtk_paned_pack1(GTK_PANED(paned), first, TRUE, TRUE);
  gtk_paned_pack2(GTK_PANED(paned), second, TRUE, TRUE);
  g_signal_connect(paned, "size-allocate", G_CALLBACK(divider_sized), NULL);
  g_ptr_array_add(p->dividers, paned);
  return paned;
}

static GtkWidget *
tabs(struct perspectives *p, const char *name, enum perspective perspective, const enum view *views,
     unsigned n)
{
  GtkWidget *notebook = gtk_notebook_new();
  gtk_widget_set_name(notebook, name);
  gtk_notebook_set_scrollable(GTK_NOTEBOOK(notebook), TRUE);
  gtk_notebook_set_show_border(GTK_NOTEBOOK(notebook), FALSE);
  for (unsigned i = 0; i < n; i++) {
    struct slot *s = &p->slots[perspective][views[i]];
    /* The widest page must not decide for all: it scrolls. */
    s->page = gtk_scrolled_window_new(NULL, NULL);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(s->page), GTK_POLICY_AUTOMATIC,
                                   GTK_POLICY_NEVER);
    gtk_container_add(GTK_CONTAINER(s->page), slot(p, perspective, views[i], FALSE));
    s->label = gtk_label_new(lang_pick(view_rows[views[i]].title));
    gtk_notebook_append_page(GTK_NOTEBOOK(notebook), s->page, s->label);
  }
  gtk_widget_show_all(notebook);
  gtk_notebook_set_current_page(GTK_NOTEBOOK(notebook), settings_int(p->settings, name, 0));
  g_ptr_array_add(p->tabs, notebook);
  return notebook;
}

static GtkWidget *
learn(struct perspectives *p)
{
  static const enum view right[] = {VIEW_STATES,   VIEW_HAND, VIEW_STORE, VIEW_EVENTS,
                                    VIEW_DIALOGUE, VIEW_PLOT, VIEW_RISK};
  static const enum view low[] = {VIEW_ENCAPSULATION, VIEW_DETAIL, VIEW_HEX, VIEW_HOPS};
  enum perspective in = PERSPECTIVE_LEARN;
  GtkWidget *middle = divide(p, "learn-middle", GTK_ORIENTATION_VERTICAL, 450,
                             slot(p, in, VIEW_TOPOLOGY, TRUE), slot(p, in, VIEW_LADDER, TRUE));
  GtkWidget *side = divide(p, "learn-side", GTK_ORIENTATION_VERTICAL, 550,
                           tabs(p, "learn-tabs", in, right, G_N_ELEMENTS(right)),
                           tabs(p, "learn-low", in, low, G_N_ELEMENTS(low)));
  GtkWidget *rest = divide(p, "learn-rest", GTK_ORIENTATION_HORIZONTAL, 640, middle, side);
  return divide(p, "learn", GTK_ORIENTATION_HORIZONTAL, 260, slot(p, in, VIEW_LESSON, FALSE), rest);
}

static GtkWidget *
inspect(struct perspectives *p)
{
  static const enum view right[] = {VIEW_HEX,      VIEW_ENCAPSULATION, VIEW_DIALOGUE, VIEW_LADDER,
                                    VIEW_TOPOLOGY, VIEW_STATES,        VIEW_HOPS,     VIEW_PLOT,
                                    VIEW_STORE,    VIEW_EVENTS,        VIEW_HAND};
  enum perspective in = PERSPECTIVE_INSPECT;
  GtkWidget *low =
      divide(p, "inspect-low", GTK_ORIENTATION_HORIZONTAL, 480, slot(p, in, VIEW_DETAIL, TRUE),
             tabs(p, "inspect-tabs", in, right, G_N_ELEMENTS(right)));
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *filter = slot(p, in, VIEW_FILTER, FALSE);
  gtk_style_context_add_class(gtk_widget_get_style_context(filter), "env-top-bar");
  gtk_widget_set_size_request(filter, -1, -1);
  gtk_box_pack_start(GTK_BOX(box), filter, FALSE, FALSE, 0);
  gtk_box_pack_start(
      GTK_BOX(box),
      divide(p, "inspect", GTK_ORIENTATION_VERTICAL, 500, slot(p, in, VIEW_PACKETS, FALSE), low),
      TRUE, TRUE, 0);
  return box;
}

static GtkWidget *
audit(struct perspectives *p)
{
  static const enum view right[] = {VIEW_DIALOGUE, VIEW_DETAIL, VIEW_HEX};
  enum perspective in = PERSPECTIVE_AUDIT;
  GtkWidget *low =
      divide(p, "audit-low", GTK_ORIENTATION_HORIZONTAL, 520, slot(p, in, VIEW_PACKETS, TRUE),
             tabs(p, "audit-tabs", in, right, G_N_ELEMENTS(right)));
  return divide(p, "audit", GTK_ORIENTATION_VERTICAL, 580, slot(p, in, VIEW_RISK, TRUE), low);
}

static void
chosen(GtkComboBox *chooser, struct perspectives *p)
{
  int i = gtk_combo_box_get_active(chooser);
  if (i >= 0)
    perspectives_present(p, presentable[i]);
}

static void
fill_chooser(struct perspectives *p)
{
  GtkComboBoxText *chooser = GTK_COMBO_BOX_TEXT(p->chooser);
  g_signal_handlers_block_by_func(chooser, chosen, p);
  gtk_combo_box_text_remove_all(chooser);
  for (unsigned i = 0; i < G_N_ELEMENTS(presentable); i++) {
    gtk_combo_box_text_append_text(chooser, lang_pick(view_rows[presentable[i]].title));
    if (presentable[i] == p->presented)
      gtk_combo_box_set_active(GTK_COMBO_BOX(chooser), (int)i);
  }
  atk_object_set_name(gtk_widget_get_accessible(p->chooser),
                      lang_text("View shown large", "มุมมองที่แสดงขนาดใหญ่"));
  g_signal_handlers_unblock_by_func(chooser, chosen, p);
}

static GtkWidget *
present(struct perspectives *p)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  p->chooser = gtk_combo_box_text_new();
  gtk_style_context_add_class(gtk_widget_get_style_context(bar), "env-top-bar");
  gtk_box_pack_start(GTK_BOX(bar), p->chooser, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), bar, FALSE, FALSE, 0);
  p->present_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  gtk_box_pack_start(GTK_BOX(box), p->present_box, TRUE, TRUE, 0);
  g_signal_connect(p->chooser, "changed", G_CALLBACK(chosen), p);
  fill_chooser(p);
  return box;
}

static void
perspectives_free(GtkWidget *widget, struct perspectives *p)
{
  for (int i = 0; i < N_VIEWS; i++)
    g_clear_object(&p->views[i]);
  g_ptr_array_unref(p->dividers);
  g_ptr_array_unref(p->tabs);
  g_free(p);
}

struct perspectives *
perspectives_new(Session *session, struct settings *settings)
{
  struct perspectives *p = g_new0(struct perspectives, 1);
  p->session = session;
  p->settings = settings;
  p->presented = VIEW_TOPOLOGY;
  p->current = N_PERSPECTIVES;
  p->dividers = g_ptr_array_new();
  p->tabs = g_ptr_array_new();
  for (int i = 0; i < N_VIEWS; i++) {
    p->views[i] = g_object_ref_sink(view_make((enum view)i, session));
    gtk_widget_set_name(p->views[i], view_rows[i].id);
  }
  packet_list_set_filter_entry(p->views[VIEW_PACKETS], p->views[VIEW_FILTER]);
  GtkWidget *(*const make[])(struct perspectives *) = {learn, inspect, audit, present};
  p->stack = gtk_stack_new();
  for (int i = 0; i < N_PERSPECTIVES; i++) {
    GtkWidget *root = make[i](p);
    gtk_widget_show_all(root);
    gtk_stack_add_named(GTK_STACK(p->stack), root, perspective_rows[i].id);
  }
  g_signal_connect(p->stack, "destroy", G_CALLBACK(perspectives_free), p);
  perspectives_enter(p, PERSPECTIVE_LEARN);
  return p;
}

GtkWidget *
perspectives_widget(struct perspectives *p)
{
  return p->stack;
}

static void
move_view(struct perspectives *p, enum view view, GtkWidget *to)
{
  GtkWidget *from = gtk_widget_get_parent(p->views[view]);
  if (from == to)
    return;
  if (from)
    gtk_container_remove(GTK_CONTAINER(from), p->views[view]);
  if (to)
    gtk_box_pack_start(GTK_BOX(to), p->views[view], TRUE, TRUE, 0);
}

static void
place_views(struct perspectives *p)
{
  for (int i = 0; i < N_VIEWS; i++) {
    GtkWidget *to = p->slots[p->current][i].box;
    if (p->current == PERSPECTIVE_PRESENT)
      to = (enum view)i == p->presented ? p->present_box : NULL;
    move_view(p, (enum view)i, to);
  }
}

enum perspective
perspectives_current(const struct perspectives *p)
{
  return p->current;
}

void
perspectives_enter(struct perspectives *p, enum perspective perspective)
{
  if (perspective == p->current)
    return;
  p->current = perspective;
  place_views(p);
  gtk_stack_set_visible_child_name(GTK_STACK(p->stack), perspective_rows[perspective].id);
}

enum view
perspectives_presented(const struct perspectives *p)
{
  return p->presented;
}

void
perspectives_present(struct perspectives *p, enum view view)
{
  if (view >= N_VIEWS || view == VIEW_FILTER)
    return;
  p->presented = view;
  fill_chooser(p);
  if (p->current == PERSPECTIVE_PRESENT)
    place_views(p);
}

GtkWidget *
perspectives_view(struct perspectives *p, enum view view)
{
  return p->views[view];
}

void
perspectives_show_view(struct perspectives *p, enum view view)
{
  if (p->current == PERSPECTIVE_PRESENT) {
    perspectives_present(p, view);
    return;
  }
  if (!p->slots[p->current][view].box) {
    int in = PERSPECTIVE_LEARN;
    while (in < PERSPECTIVE_PRESENT && !p->slots[in][view].box)
      in++;
    perspectives_enter(p, (enum perspective)in);
  }
  GtkWidget *page = p->slots[p->current][view].page;
  GtkWidget *notebook = page ? gtk_widget_get_ancestor(page, GTK_TYPE_NOTEBOOK) : NULL;
  if (notebook)
    gtk_notebook_set_current_page(GTK_NOTEBOOK(notebook),
                                  gtk_notebook_page_num(GTK_NOTEBOOK(notebook), page));
}

void
perspectives_relabel(struct perspectives *p)
{
  for (int i = 0; i < N_PERSPECTIVES; i++)
    for (int v = 0; v < N_VIEWS; v++)
      if (p->slots[i][v].label)
        gtk_label_set_text(GTK_LABEL(p->slots[i][v].label), lang_pick(view_rows[v].title));
  fill_chooser(p);
}

void
perspectives_remember(struct perspectives *p, struct settings *settings)
{
  for (guint i = 0; i < p->dividers->len; i++) {
    GtkWidget *paned = p->dividers->pdata[i];
    gboolean across =
        gtk_orientable_get_orientation(GTK_ORIENTABLE(paned)) == GTK_ORIENTATION_HORIZONTAL;
    int size =
        across ? gtk_widget_get_allocated_width(paned) : gtk_widget_get_allocated_height(paned);
    if (g_object_get_data(G_OBJECT(paned), "placed") && size > 100)
      settings_set_int(settings, gtk_widget_get_name(paned),
                       gtk_paned_get_position(GTK_PANED(paned)) * 1000 / size);
  }
  for (guint i = 0; i < p->tabs->len; i++)
    settings_set_int(settings, gtk_widget_get_name(p->tabs->pdata[i]),
                     gtk_notebook_get_current_page(p->tabs->pdata[i]));
}
