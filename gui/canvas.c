/* SPDX-License-Identifier: GPL-3.0-or-later */
/* canvas.c -- a drawing area with accessible items.
 *
 *     Canvas (GtkDrawingArea) ── accessible ──> CanvasAccessible (GtkWidgetAccessible)
 *                                                  └─ children: CanvasItem (AtkObject, component,
 * action)
 *
 * Items are made when somebody asks for them and asked for their names each time, so a canvas costs
 * nothing when no screen reader runs. */
#include "gui/canvas.h"

#include <gtk/gtk-a11y.h>

/* More items than a screen holds are no help to anybody. */
enum { CANVAS_ITEMS_MAX = 4096 };

#define CANVAS_TYPE (canvas_get_type())
G_DECLARE_FINAL_TYPE(Canvas, canvas, ENVELOSCOPE, CANVAS, GtkDrawingArea)
#define CANVAS_ACCESSIBLE_TYPE (canvas_accessible_get_type())
G_DECLARE_FINAL_TYPE(CanvasAccessible, canvas_accessible, ENVELOSCOPE, CANVAS_ACCESSIBLE,
                     GtkWidgetAccessible)
#define CANVAS_ITEM_TYPE (canvas_item_get_type())
G_DECLARE_FINAL_TYPE(CanvasItem, canvas_item, ENVELOSCOPE, CANVAS_ITEM, AtkObject)

struct _Canvas {
  GtkDrawingArea parent;
  const struct canvas_ops *ops;
  void *data;
};

struct _CanvasAccessible {
  GtkWidgetAccessible parent;
  GPtrArray *items; /* CanvasItem or NULL */
};

struct _CanvasItem {
  AtkObject parent;
  GtkWidget *canvas; /* NULL when it is gone */
  unsigned index;
  char *name;
};

static void canvas_item_component(AtkComponentIface *iface);
static void canvas_item_action(AtkActionIface *iface);

G_DEFINE_TYPE(Canvas, canvas, GTK_TYPE_DRAWING_AREA)
G_DEFINE_TYPE(CanvasAccessible, canvas_accessible, GTK_TYPE_WIDGET_ACCESSIBLE)
G_DEFINE_TYPE_WITH_CODE(CanvasItem, canvas_item, ATK_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(ATK_TYPE_COMPONENT, canvas_item_component)
                            G_IMPLEMENT_INTERFACE(ATK_TYPE_ACTION, canvas_item_action))

static unsigned
count_items(GtkWidget *widget)
{
  Canvas *c = widget ? ENVELOSCOPE_CANVAS(widget) : NULL;
  return c && c->ops ? MIN(c->ops->n_items(c->data), (unsigned)CANVAS_ITEMS_MAX) : 0;
}

/* ---- one item ---- */

static Canvas *
item_canvas(CanvasItem *item)
{
  if (!item->canvas || item->index >= count_items(item->canvas))
    return NULL;
  return ENVELOSCOPE_CANVAS(item->canvas);
}

static const char *
item_get_name(AtkObject *object)
{
  CanvasItem *item = ENVELOSCOPE_CANVAS_ITEM(object);
  Canvas *c = item_canvas(item);
  g_free(item->name);
  item->name = c ? c->ops->item_name(c->data, item->index) : NULL;
  return item->name ? item->name : "";
}

static int
item_get_index(AtkObject *object)
{
  return (int)ENVELOSCOPE_CANVAS_ITEM(object)->index;
}

static AtkStateSet *
item_get_states(AtkObject *object)
{
  CanvasItem *item = ENVELOSCOPE_CANVAS_ITEM(object);
  AtkStateSet *states = ATK_OBJECT_CLASS(canvas_item_parent_class)->ref_state_set(object);
  Canvas *c = item_canvas(item);
  if (!c) {
    atk_state_set_add_state(states, ATK_STATE_DEFUNCT);
    return states;
  }
  atk_state_set_add_state(states, ATK_STATE_ENABLED);
  atk_state_set_add_state(states, ATK_STATE_SENSITIVE);
  atk_state_set_add_state(states, ATK_STATE_SELECTABLE);
  atk_state_set_add_state(states, ATK_STATE_VISIBLE);
  if (gtk_widget_get_mapped(item->canvas))
    atk_state_set_add_state(states, ATK_STATE_SHOWING);
  if (c->ops->item_is_selected && c->ops->item_is_selected(c->data, item->index))
    atk_state_set_add_state(states, ATK_STATE_SELECTED);
  return states;
}

static void
item_get_extents(AtkComponent *component, int *x, int *y, int *width, int *height,
                 AtkCoordType type)
{
  CanvasItem *item = ENVELOSCOPE_CANVAS_ITEM(component);
  Canvas *c = item_canvas(item);
  GdkRectangle place = {-1, -1, -1, -1};
  if (c && c->ops->item_place(c->data, item->index, &place)) {
    int left, top;
    atk_component_get_extents(ATK_COMPONENT(gtk_widget_get_accessible(item->canvas)), &left, &top,
                              width, height, type);
    place.x += left;
    place.y += top;
  }
  *x = place.x;
  *y = place.y;
  *width = place.width;
  *height = place.height;
}

static gboolean
item_do_action(AtkAction *action, int i)
{
  CanvasItem *item = ENVELOSCOPE_CANVAS_ITEM(action);
  Canvas *c = item_canvas(item);
  if (!c || i != 0)
    return FALSE;
  c->ops->item_activate(c->data, item->index);
  return TRUE;
}

static int
item_n_actions(AtkAction *action)
{
  return 1;
}

static const char *
item_action_name(AtkAction *action, int i)
{
  return i == 0 ? "click" : NULL;
}

static void
canvas_item_component(AtkComponentIface *iface)
{
  iface->get_extents = item_get_extents;
}

static void
canvas_item_action(AtkActionIface *iface)
{
  iface->do_action = item_do_action;
  iface->get_n_actions = item_n_actions;
  iface->get_name = item_action_name;
}

static void
canvas_item_init(CanvasItem *item)
{
}

static void
canvas_item_finalize(GObject *object)
{
  CanvasItem *item = ENVELOSCOPE_CANVAS_ITEM(object);
  if (item->canvas)
    g_object_remove_weak_pointer(G_OBJECT(item->canvas), (gpointer *)&item->canvas);
  g_free(item->name);
  G_OBJECT_CLASS(canvas_item_parent_class)->finalize(object);
}

static void
canvas_item_class_init(CanvasItemClass *class)
{
  G_OBJECT_CLASS(class)->finalize = canvas_item_finalize;
  ATK_OBJECT_CLASS(class)->get_name = item_get_name;
  ATK_OBJECT_CLASS(class)->get_index_in_parent = item_get_index;
  ATK_OBJECT_CLASS(class)->ref_state_set = item_get_states;
}

static AtkObject *
item_new(AtkObject *parent, GtkWidget *canvas, unsigned index)
{
  CanvasItem *item = g_object_new(CANVAS_ITEM_TYPE, NULL);
  item->canvas = canvas;
  item->index = index;
  g_object_add_weak_pointer(G_OBJECT(canvas), (gpointer *)&item->canvas);
  atk_object_set_role(ATK_OBJECT(item), ATK_ROLE_LIST_ITEM);
  atk_object_set_parent(ATK_OBJECT(item), parent);
  return ATK_OBJECT(item);
}

/* ---- the canvas to assistive technology ---- */

static int
accessible_n_children(AtkObject *object)
{
  return (int)count_items(gtk_accessible_get_widget(GTK_ACCESSIBLE(object)));
}

static AtkObject *
accessible_ref_child(AtkObject *object, int i)
{
  CanvasAccessible *a = ENVELOSCOPE_CANVAS_ACCESSIBLE(object);
  GtkWidget *widget = gtk_accessible_get_widget(GTK_ACCESSIBLE(object));
  if (!widget || i < 0 || i >= accessible_n_children(object))
    return NULL;
  if ((guint)i >= a->items->len)
    g_ptr_array_set_size(a->items, i + 1);
  if (!a->items->pdata[i])
    a->items->pdata[i] = item_new(object, widget, (unsigned)i);
  return g_object_ref(a->items->pdata[i]);
}

static void
canvas_accessible_init(CanvasAccessible *a)
{
  a->items = g_ptr_array_new();
}

static void
canvas_accessible_finalize(GObject *object)
{
  CanvasAccessible *a = ENVELOSCOPE_CANVAS_ACCESSIBLE(object);
  for (guint i = 0; i < a->items->len; i++)
    if (a->items->pdata[i])
      g_object_unref(a->items->pdata[i]);
  g_ptr_array_unref(a->items);
  G_OBJECT_CLASS(canvas_accessible_parent_class)->finalize(object);
}

static void
canvas_accessible_class_init(CanvasAccessibleClass *class)
{
  G_OBJECT_CLASS(class)->finalize = canvas_accessible_finalize;
  ATK_OBJECT_CLASS(class)->get_n_children = accessible_n_children;
  ATK_OBJECT_CLASS(class)->ref_child = accessible_ref_child;
}

/* ---- the canvas ---- */

static gboolean
canvas_draw(GtkWidget *widget, cairo_t *cr)
{
  Canvas *c = ENVELOSCOPE_CANVAS(widget);
  int width = gtk_widget_get_allocated_width(widget);
  int height = gtk_widget_get_allocated_height(widget);
  GtkStyleContext *style = gtk_widget_get_style_context(widget);
  gtk_render_background(style, cr, 0, 0, width, height);
  c->ops->draw(c->data, cr, width, height);
  if (gtk_widget_has_visible_focus(widget))
    gtk_render_focus(style, cr, 1, 1, width - 2, height - 2);
  return GDK_EVENT_PROPAGATE;
}

static void
canvas_init(Canvas *c)
{
  gtk_widget_set_can_focus(GTK_WIDGET(c), TRUE);
  gtk_widget_add_events(GTK_WIDGET(c), GDK_BUTTON_PRESS_MASK | GDK_SCROLL_MASK |
                                           GDK_SMOOTH_SCROLL_MASK | GDK_POINTER_MOTION_MASK |
                                           GDK_LEAVE_NOTIFY_MASK);
  GtkStyleContext *style = gtk_widget_get_style_context(GTK_WIDGET(c));
  gtk_style_context_add_class(style, "env-canvas");
  gtk_style_context_add_class(style, "env-paper");
}

static void
canvas_class_init(CanvasClass *class)
{
  GTK_WIDGET_CLASS(class)->draw = canvas_draw;
  gtk_widget_class_set_accessible_type(GTK_WIDGET_CLASS(class), CANVAS_ACCESSIBLE_TYPE);
}

GtkWidget *
canvas_new(const struct canvas_ops *ops, void *data)
{
  Canvas *c = g_object_new(CANVAS_TYPE, NULL);
  c->ops = ops;
  c->data = data;
  return GTK_WIDGET(c);
}

void
canvas_say(GtkWidget *canvas, const char *name, const char *sentence)
{
  AtkObject *a = gtk_widget_get_accessible(canvas);
  atk_object_set_role(a, ATK_ROLE_LIST);
  atk_object_set_name(a, name);
  atk_object_set_description(a, sentence ? sentence : "");
}

void
canvas_items_changed(GtkWidget *canvas)
{
  g_signal_emit_by_name(gtk_widget_get_accessible(canvas), "visible-data-changed");
}
