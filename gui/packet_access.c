/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_access.c -- the packet list as a table for screen readers.
 *
 * The list manages its descendants: cells are made when somebody asks for one and live as long as
 * that somebody holds them, so a million rows cost nothing here either. A cell remembers its row
 * and column and reads its text from the view each time.
 *
 *   PacketViewAccessible (AtkTable, AtkSelection) ──ref_at(row, column)──> PacketCell (name,
 * component) */
#include <gtk/gtk-a11y.h>

#include "gui/packet_view.h"

/* ---- one cell ---- */

#define PACKET_TYPE_CELL (packet_cell_get_type())
G_DECLARE_FINAL_TYPE(PacketCell, packet_cell, PACKET, CELL, AtkObject)

struct _PacketCell {
  AtkObject parent;
  PacketView *view; /* weak */
  uint32_t row;
  enum packet_column column;
  char *name;
};

static void
cell_extents(AtkComponent *component, int *x, int *y, int *width, int *height, AtkCoordType type)
{
  PacketCell *cell = PACKET_CELL(component);
  GdkRectangle area;
  *x = *y = *width = *height = 0;
  if (!cell->view || !packet_view_row_area(cell->view, cell->row, &area))
    return;
  int view_x, view_y;
  atk_component_get_extents(ATK_COMPONENT(gtk_widget_get_accessible(GTK_WIDGET(cell->view))),
                            &view_x, &view_y, NULL, NULL, type);
  *x = view_x + packet_view_column_x(cell->view, cell->column);
  *y = view_y + area.y;
  *width = packet_view_column_width(cell->view, cell->column);
  *height = area.height;
}

static gboolean
cell_grab_focus(AtkComponent *component)
{
  PacketCell *cell = PACKET_CELL(component);
  if (!cell->view)
    return FALSE;
  gtk_widget_grab_focus(GTK_WIDGET(cell->view));
  packet_view_select_row(cell->view, cell->row);
  return TRUE;
}

static void
cell_component_init(AtkComponentIface *iface)
{
  iface->get_extents = cell_extents;
  iface->grab_focus = cell_grab_focus;
}

static gboolean
cell_do_action(AtkAction *action, int i)
{
  return i == 0 && cell_grab_focus(ATK_COMPONENT(action));
}

static int
cell_n_actions(AtkAction *action)
{
  return 1;
}

static const char *
cell_action_name(AtkAction *action, int i)
{
  return i == 0 ? "select" : NULL;
}

static void
cell_action_init(AtkActionIface *iface)
{
  iface->do_action = cell_do_action;
  iface->get_n_actions = cell_n_actions;
  iface->get_name = cell_action_name;
}

G_DEFINE_TYPE_WITH_CODE(PacketCell, packet_cell, ATK_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(ATK_TYPE_COMPONENT, cell_component_init)
                            G_IMPLEMENT_INTERFACE(ATK_TYPE_ACTION, cell_action_init))

static const char *
cell_name(AtkObject *object)
{
  PacketCell *cell = PACKET_CELL(object);
  g_free(cell->name);
  cell->name = cell->view ? packet_view_cell_text(cell->view, cell->row, cell->column) : NULL;
  return cell->name ? cell->name : "";
}

static AtkObject *
cell_parent(AtkObject *object)
{
  PacketCell *cell = PACKET_CELL(object);
  return cell->view ? gtk_widget_get_accessible(GTK_WIDGET(cell->view)) : NULL;
}

static int
cell_index(AtkObject *object)
{
  PacketCell *cell = PACKET_CELL(object);
  int64_t index = (int64_t)cell->row * PACKET_N_COLUMNS + (int64_t)cell->column;
  return index <= G_MAXINT ? (int)index : -1;
}

static AtkStateSet *
cell_states(AtkObject *object)
{
  PacketCell *cell = PACKET_CELL(object);
  AtkStateSet *set = ATK_OBJECT_CLASS(packet_cell_parent_class)->ref_state_set(object);
  if (!cell->view || cell->row >= packet_view_n_rows(cell->view)) {
    atk_state_set_add_state(set, ATK_STATE_DEFUNCT);
    return set;
  }
  atk_state_set_add_state(set, ATK_STATE_TRANSIENT);
  atk_state_set_add_state(set, ATK_STATE_ENABLED);
  atk_state_set_add_state(set, ATK_STATE_SENSITIVE);
  atk_state_set_add_state(set, ATK_STATE_SELECTABLE);
  atk_state_set_add_state(set, ATK_STATE_FOCUSABLE);
  GdkRectangle area;
  if (packet_view_row_area(cell->view, cell->row, &area)) {
    atk_state_set_add_state(set, ATK_STATE_VISIBLE);
    atk_state_set_add_state(set, ATK_STATE_SHOWING);
  }
  if (packet_view_selected_row(cell->view) == cell->row)
    atk_state_set_add_state(set, ATK_STATE_SELECTED);
  return set;
}

static void
packet_cell_finalize(GObject *object)
{
  PacketCell *cell = PACKET_CELL(object);
  g_clear_weak_pointer(&cell->view);
  g_free(cell->name);
  G_OBJECT_CLASS(packet_cell_parent_class)->finalize(object);
}

static void
packet_cell_class_init(PacketCellClass *class)
{
  AtkObjectClass *object = ATK_OBJECT_CLASS(class);
  G_OBJECT_CLASS(class)->finalize = packet_cell_finalize;
  object->get_name = cell_name;
  object->get_parent = cell_parent;
  object->get_index_in_parent = cell_index;
  object->ref_state_set = cell_states;
}

static void
packet_cell_init(PacketCell *cell)
{
  atk_object_set_role(ATK_OBJECT(cell), ATK_ROLE_TABLE_CELL);
}

static AtkObject *
cell_new(PacketView *view, uint32_t row, enum packet_column column)
{
  PacketCell *cell = g_object_new(PACKET_TYPE_CELL, NULL);
  g_set_weak_pointer(&cell->view, view);
  cell->row = row;
  cell->column = column;
  return ATK_OBJECT(cell);
}

/* ---- the table ---- */

typedef struct {
  GtkWidgetAccessible parent;
} PacketViewAccessible;
typedef struct {
  GtkWidgetAccessibleClass parent;
} PacketViewAccessibleClass;

static PacketView *
view_of(gpointer object)
{
  GtkWidget *widget = gtk_accessible_get_widget(GTK_ACCESSIBLE(object));
  return widget ? PACKET_VIEW(widget) : NULL;
}

static AtkObject *
table_ref_at(AtkTable *table, int row, int column)
{
  PacketView *view = view_of(table);
  if (!view || row < 0 || (uint32_t)row >= packet_view_n_rows(view) || column < 0 ||
      column >= PACKET_N_COLUMNS)
    return NULL;
  return cell_new(view, (uint32_t)row, (enum packet_column)column);
}

static int
table_n_rows(AtkTable *table)
{
  PacketView *view = view_of(table);
  return view ? (int)MIN(packet_view_n_rows(view), (uint32_t)G_MAXINT) : 0;
}

static int
table_n_columns(AtkTable *table)
{
  return PACKET_N_COLUMNS;
}

static int
table_index_at(AtkTable *table, int row, int column)
{
  int64_t index = (int64_t)row * PACKET_N_COLUMNS + column;
  return index >= 0 && index <= G_MAXINT ? (int)index : -1;
}

static int
table_column_at_index(AtkTable *table, int index)
{
  return index < 0 ? -1 : index % PACKET_N_COLUMNS;
}

static int
table_row_at_index(AtkTable *table, int index)
{
  return index < 0 ? -1 : index / PACKET_N_COLUMNS;
}

static int
table_extent(AtkTable *table, int row, int column)
{
  return 1;
}

static const char *
table_column_description(AtkTable *table, int column)
{
  PacketView *view = view_of(table);
  if (!view || column < 0 || column >= PACKET_N_COLUMNS)
    return NULL;
  return packet_view_column_title(view, (enum packet_column)column);
}

static gboolean
table_is_row_selected(AtkTable *table, int row)
{
  PacketView *view = view_of(table);
  return view && row >= 0 && packet_view_selected_row(view) == (uint32_t)row;
}

static gboolean
table_is_selected(AtkTable *table, int row, int column)
{
  return table_is_row_selected(table, row);
}

static int
table_selected_rows(AtkTable *table, int **rows)
{
  PacketView *view = view_of(table);
  uint32_t row = view ? packet_view_selected_row(view) : SESSION_NONE;
  if (row == SESSION_NONE)
    return 0;
  *rows = g_new(int, 1);
  **rows = (int)row;
  return 1;
}

static gboolean
table_add_row_selection(AtkTable *table, int row)
{
  PacketView *view = view_of(table);
  if (!view || row < 0 || (uint32_t)row >= packet_view_n_rows(view))
    return FALSE;
  packet_view_select_row(view, (uint32_t)row);
  return TRUE;
}

static void
table_init(AtkTableIface *iface)
{
  iface->ref_at = table_ref_at;
  iface->get_n_rows = table_n_rows;
  iface->get_n_columns = table_n_columns;
  iface->get_index_at = table_index_at;
  iface->get_column_at_index = table_column_at_index;
  iface->get_row_at_index = table_row_at_index;
  iface->get_column_extent_at = table_extent;
  iface->get_row_extent_at = table_extent;
  iface->get_column_description = table_column_description;
  iface->is_row_selected = table_is_row_selected;
  iface->is_selected = table_is_selected;
  iface->get_selected_rows = table_selected_rows;
  iface->add_row_selection = table_add_row_selection;
}

static gboolean
selection_add(AtkSelection *selection, int i)
{
  return table_add_row_selection(ATK_TABLE(selection), i / PACKET_N_COLUMNS);
}

static AtkObject *
selection_ref(AtkSelection *selection, int i)
{
  PacketView *view = view_of(selection);
  uint32_t row = view ? packet_view_selected_row(view) : SESSION_NONE;
  if (row == SESSION_NONE || i < 0 || i >= PACKET_N_COLUMNS)
    return NULL;
  return cell_new(view, row, (enum packet_column)i);
}

static int
selection_count(AtkSelection *selection)
{
  PacketView *view = view_of(selection);
  return view && packet_view_selected_row(view) != SESSION_NONE ? PACKET_N_COLUMNS : 0;
}

static gboolean
selection_is_child_selected(AtkSelection *selection, int i)
{
  return table_is_row_selected(ATK_TABLE(selection), i / PACKET_N_COLUMNS);
}

static void
selection_init(AtkSelectionIface *iface)
{
  iface->add_selection = selection_add;
  iface->ref_selection = selection_ref;
  iface->get_selection_count = selection_count;
  iface->is_child_selected = selection_is_child_selected;
}

G_DEFINE_TYPE_WITH_CODE(PacketViewAccessible, packet_view_accessible, GTK_TYPE_WIDGET_ACCESSIBLE,
                        G_IMPLEMENT_INTERFACE(ATK_TYPE_TABLE, table_init)
                            G_IMPLEMENT_INTERFACE(ATK_TYPE_SELECTION, selection_init))

static int
view_n_children(AtkObject *object)
{
  PacketView *view = view_of(object);
  int64_t n = view ? (int64_t)packet_view_n_rows(view) * PACKET_N_COLUMNS : 0;
  return (int)MIN(n, G_MAXINT);
}

static AtkObject *
view_ref_child(AtkObject *object, int i)
{
  return table_ref_at(ATK_TABLE(object), i / PACKET_N_COLUMNS, i % PACKET_N_COLUMNS);
}

static AtkStateSet *
view_states(AtkObject *object)
{
  AtkStateSet *set = ATK_OBJECT_CLASS(packet_view_accessible_parent_class)->ref_state_set(object);
  atk_state_set_add_state(set, ATK_STATE_MANAGES_DESCENDANTS);
  return set;
}

static void
view_initialize(AtkObject *object, gpointer data)
{
  ATK_OBJECT_CLASS(packet_view_accessible_parent_class)->initialize(object, data);
  atk_object_set_role(object, ATK_ROLE_TABLE);
}

static void
packet_view_accessible_class_init(PacketViewAccessibleClass *class)
{
  AtkObjectClass *object = ATK_OBJECT_CLASS(class);
  object->initialize = view_initialize;
  object->get_n_children = view_n_children;
  object->ref_child = view_ref_child;
  object->ref_state_set = view_states;
}

static void
packet_view_accessible_init(PacketViewAccessible *accessible)
{
}

void
packet_access_rows_inserted(AtkObject *table, uint32_t first, uint32_t n)
{
  if (ATK_IS_TABLE(table))
    g_signal_emit_by_name(table, "row-inserted", (int)MIN(first, (uint32_t)G_MAXINT),
                          (int)MIN(n, (uint32_t)G_MAXINT));
}

void
packet_access_reset(AtkObject *table)
{
  if (ATK_IS_TABLE(table))
    g_signal_emit_by_name(table, "model-changed");
}

void
packet_access_selection_changed(AtkObject *table)
{
  PacketView *view = ATK_IS_TABLE(table) ? view_of(table) : NULL;
  if (!view)
    return;
  g_signal_emit_by_name(table, "selection-changed");
  uint32_t row = packet_view_selected_row(view);
  if (row == SESSION_NONE)
    return;
  g_autoptr(AtkObject) cell = cell_new(view, row, PACKET_INFO);
  g_signal_emit_by_name(table, "active-descendant-changed", cell);
}
