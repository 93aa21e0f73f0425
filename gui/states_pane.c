/* SPDX-License-Identifier: GPL-3.0-or-later */
/* states_pane.c -- the states at the time cursor: TCP of both ends, and the mail protocol.
 *
 *              CLOSED                     the diagram of RFC 9293 figure 5; the state of each end
 *        LISTEN      SYN-SENT             is filled in its colour and carries its letter, C or S
 *     SYN-RECEIVED  ESTABLISHED
 *     FIN-WAIT-1  CLOSING  CLOSE-WAIT
 *     FIN-WAIT-2  TIME-WAIT  LAST-ACK
 *
 * Below it the protocol's states as a row of words, what the current one allows, and in runs the
 * variables of both simulated TCPs. */
#include "gui/states_pane.h"

#include <math.h>
#include <string.h>

#include "capture/wire/mail.h"
#include "gui/flow_view.h"
#include "gui/pane.h"

enum { GRID_ROWS = 5, STATES_MAX = 12 };

/* In heights of a line: the width at which the diagram's letters are as large as the window's. */
#define DIAGRAM_ROOMY 14.5
#define DIAGRAM_SCALE_MIN 0.5

static const struct {
  enum tcp_view_state state;
  double column, row;
} places[] = {
    {TCP_VIEW_CLOSED, 1, 0},       {TCP_VIEW_LISTEN, 0, 1},      {TCP_VIEW_SYN_SENT, 2, 1},
    {TCP_VIEW_SYN_RECEIVED, 0, 2}, {TCP_VIEW_ESTABLISHED, 1, 2}, {TCP_VIEW_FIN_WAIT_1, 0, 3},
    {TCP_VIEW_CLOSING, 1, 3},      {TCP_VIEW_CLOSE_WAIT, 2, 3},  {TCP_VIEW_FIN_WAIT_2, 0, 4},
    {TCP_VIEW_TIME_WAIT, 1, 4},    {TCP_VIEW_LAST_ACK, 2, 4},
};

static const struct {
  enum tcp_view_state from, to;
} arrows[] = {
    {TCP_VIEW_CLOSED, TCP_VIEW_LISTEN},
    {TCP_VIEW_CLOSED, TCP_VIEW_SYN_SENT},
    {TCP_VIEW_LISTEN, TCP_VIEW_SYN_RECEIVED},
    {TCP_VIEW_SYN_SENT, TCP_VIEW_ESTABLISHED},
    {TCP_VIEW_SYN_RECEIVED, TCP_VIEW_ESTABLISHED},
    {TCP_VIEW_ESTABLISHED, TCP_VIEW_FIN_WAIT_1},
    {TCP_VIEW_ESTABLISHED, TCP_VIEW_CLOSE_WAIT},
    {TCP_VIEW_FIN_WAIT_1, TCP_VIEW_FIN_WAIT_2},
    {TCP_VIEW_FIN_WAIT_1, TCP_VIEW_CLOSING},
    {TCP_VIEW_FIN_WAIT_2, TCP_VIEW_TIME_WAIT},
    {TCP_VIEW_CLOSING, TCP_VIEW_TIME_WAIT},
    {TCP_VIEW_CLOSE_WAIT, TCP_VIEW_LAST_ACK},
};

/* The simulated TCP's variables (sim/core/world.h), in the order in which a lesson needs them. */
static const struct {
  const char *key;
  struct lang_pair meaning;
  gboolean is_list; /* of ranges: it may take several lines */
} variables[] = {
    {"phase", {"what congestion control is doing", "การควบคุมความคับคั่งกำลังทำอะไรอยู่"}, TRUE},
    {"snd_una",
     {"oldest octet sent and not yet acknowledged", "ออกเตตแรกสุดที่ส่งแล้วแต่ยังไม่ได้รับการตอบรับ"}},
    {"snd_nxt", {"next octet to send", "ออกเตตถัดไปที่จะส่ง"}},
    {"flight",
     {"octets under way, not yet acknowledged", "จำนวนออกเตตที่กำลังเดินทางและยังไม่ได้รับการตอบรับ"}},
    {"snd_wnd", {"window that the other end allows", "ขนาดหน้าต่างที่อีกฝั่งอนุญาต"}},
    {"cwnd",
     {"congestion window: what the network is trusted to bear",
      "หน้าต่างความคับคั่ง: ปริมาณที่คาดว่าเครือข่ายรับไหว"}},
    {"ssthresh",
     {"where slow start ends and careful growth begins; before the first loss as high as a window "
      "can be",
      "จุดที่จบ slow start แล้วเริ่มเพิ่มอย่างระมัดระวัง ก่อนการสูญหายครั้งแรกสูงเท่าที่หน้าต่างเป็นได้"}},
    {"rcv_nxt", {"next octet expected", "ออกเตตถัดไปที่รอรับ"}},
    {"rcv_wnd", {"room offered to the other end", "ที่ว่างซึ่งเสนอให้อีกฝั่ง"}},
    {"srtt_ms", {"smoothed round-trip time in milliseconds", "เวลาไปกลับเฉลี่ยแบบถ่วงน้ำหนัก (มิลลิวินาที)"}},
    {"rttvar_ms",
     {"how much the round-trip time varies, in milliseconds", "ความแปรปรวนของเวลาไปกลับ (มิลลิวินาที)"}},
    {"rto_ms", {"retransmission timeout in milliseconds", "เวลารอก่อนส่งซ้ำ (มิลลิวินาที)"}},
    {"timer",
     {"the timer that runs, and when it rings (ms of virtual time)",
      "ตัวจับเวลาที่กำลังเดิน และเวลาที่จะครบกำหนด (มิลลิวินาทีของเวลาเสมือน)"},
     TRUE},
    {"rtxq",
     {"retransmission queue: sent, kept until it is acknowledged",
      "คิวส่งซ้ำ: ส่งแล้วแต่ยังเก็บไว้จนกว่าจะได้รับการตอบรับ"},
     TRUE},
    {"sack",
     {"pieces that arrived early and are told of (SACK)", "ข้อมูลที่มาถึงก่อนลำดับและแจ้งให้ผู้ส่งทราบ (SACK)"},
     TRUE},
    {"control", {"method of congestion control", "วิธีควบคุมความคับคั่ง"}},
    {"ts_recent", {"timestamp to echo (RFC 7323)", "ค่าประทับเวลาที่จะสะท้อนกลับ (RFC 7323)"}},
};

struct view {
  Session *session;
  struct flow_view flow;
  GtkWidget *title, *empty, *body, *diagram, *sentence[2], *note;
  GtkWidget *app_title, *chips, *chip[STATES_MAX], *app_sentence;
  GtkWidget *variables_title, *grid, *value[G_N_ELEMENTS(variables)][2];
  GtkWidget *key[G_N_ELEMENTS(variables)], *heads[2], *meaning[G_N_ELEMENTS(variables)];
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "states-pane");
}

/* ---- the diagram ---- */

/* A drawing area that is as high as its width makes it. */
typedef struct {
  GtkDrawingArea parent;
} Diagram;
typedef struct {
  GtkDrawingAreaClass parent;
} DiagramClass;

static GType diagram_get_type(void);
G_DEFINE_TYPE(Diagram, diagram, GTK_TYPE_DRAWING_AREA)

struct box {
  double x, y, width, height;
};

static double
line_height(GtkWidget *widget)
{
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, "Agกี่");
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  return height;
}

/* Letters and distances shrink where the pane is narrower than the diagram likes to be. */
static double
scale_at(GtkWidget *area, int width)
{
  double scale = width / (line_height(area) * DIAGRAM_ROOMY);
  return CLAMP(scale, DIAGRAM_SCALE_MIN, 1);
}

static double
diagram_scale(GtkWidget *area)
{
  return scale_at(area, gtk_widget_get_allocated_width(area));
}

static double
diagram_unit(GtkWidget *area)
{
  return line_height(area) * diagram_scale(area);
}

static GtkSizeRequestMode
diagram_request_mode(GtkWidget *area)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
diagram_width(GtkWidget *area, int *min, int *natural)
{
  double line = line_height(area);
  *min = (int)(line * DIAGRAM_ROOMY * DIAGRAM_SCALE_MIN);
  *natural = (int)(line * DIAGRAM_ROOMY);
}

static void
diagram_height_for_width(GtkWidget *area, int width, int *min, int *natural)
{
  *min = *natural = (int)(line_height(area) * scale_at(area, width) * (GRID_ROWS * 2.25 + 0.8));
}

static void
diagram_height(GtkWidget *area, int *min, int *natural)
{
  diagram_height_for_width(area, (int)(line_height(area) * DIAGRAM_ROOMY), min, natural);
}

static void
diagram_init(Diagram *diagram)
{
}

static void
diagram_class_init(DiagramClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
  widget->get_request_mode = diagram_request_mode;
  widget->get_preferred_width = diagram_width;
  widget->get_preferred_height = diagram_height;
  widget->get_preferred_height_for_width = diagram_height_for_width;
}

static struct box
box_of(GtkWidget *area, enum tcp_view_state state)
{
  double width = gtk_widget_get_allocated_width(area), unit = diagram_unit(area);
  struct box b = {.width = MIN((width - unit) / 3.25, unit * 8.5), .height = unit * 1.35};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
    if (places[i].state == state) {
      double gap = (width - unit - 3 * b.width) / 2;
      b.x = unit / 2 + places[i].column * (b.width + gap);
      b.y = unit * 0.9 + places[i].row * unit * 2.25;
    }
  return b;
}

/* From edge to edge along the line between the centres. */
static void
draw_arrow(GtkWidget *area, cairo_t *cr, enum tcp_view_state from, enum tcp_view_state to)
{
  struct box a = box_of(area, from), b = box_of(area, to);
  double ax = a.x + a.width / 2, ay = a.y + a.height / 2;
  double bx = b.x + b.width / 2, by = b.y + b.height / 2;
  double dx = bx - ax, dy = by - ay;
  double cut = fabs(dx) > 1 ? MIN(a.width / 2 / fabs(dx), 1) : 1;
  if (fabs(dy) > 1)
    cut = MIN(cut, a.height / 2 / fabs(dy));
  double x1 = ax + dx * cut, y1 = ay + dy * cut, x2 = bx - dx * cut, y2 = by - dy * cut;
  double angle = atan2(y2 - y1, x2 - x1), head = diagram_unit(area) * 0.38;
  cairo_move_to(cr, x1, y1);
  cairo_line_to(cr, x2, y2);
  cairo_stroke(cr);
  cairo_move_to(cr, x2, y2);
  cairo_line_to(cr, x2 - head * cos(angle - 0.45), y2 - head * sin(angle - 0.45));
  cairo_line_to(cr, x2 - head * cos(angle + 0.45), y2 - head * sin(angle + 0.45));
  cairo_close_path(cr);
  cairo_fill(cr);
}

/* A disc with the end's letter: filled for the client, a square for the server. */
static void
draw_letter(GtkWidget *area, cairo_t *cr, enum side side, double x, double y, double size)
{
  style_set_source(cr, area, side == SIDE_CLIENT ? "client" : "server");
  if (side == SIDE_CLIENT)
    cairo_arc(cr, x + size / 2, y + size / 2, size / 2, 0, 2 * G_PI);
  else
    cairo_rectangle(cr, x, y, size, size);
  cairo_fill(cr);
  g_autoptr(PangoLayout) letter =
      gtk_widget_create_pango_layout(area, side == SIDE_CLIENT ? "C" : "S");
  g_autoptr(PangoAttrList) bold = pango_attr_list_new();
  pango_attr_list_insert(bold, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
  pango_attr_list_insert(bold, pango_attr_scale_new(0.85 * diagram_scale(area)));
  pango_layout_set_attributes(letter, bold);
  int width, height;
  pango_layout_get_pixel_size(letter, &width, &height);
  style_set_source(cr, area, "paper");
  cairo_move_to(cr, x + (size - width) / 2, y + (size - height) / 2);
  pango_cairo_show_layout(cr, letter);
}

static void
size_name(PangoLayout *name, double scale, gboolean is_bold, int *width, int *height)
{
  g_autoptr(PangoAttrList) attributes = pango_attr_list_new();
  pango_attr_list_insert(attributes, pango_attr_scale_new(scale));
  if (is_bold)
    pango_attr_list_insert(attributes, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes(name, attributes);
  pango_layout_get_pixel_size(name, width, height);
}

static void
draw_state(struct view *v, cairo_t *cr, enum tcp_view_state state)
{
  GtkWidget *area = v->diagram;
  struct box b = box_of(area, state);
  gboolean client = v->flow.tcp[SIDE_CLIENT] == state, server = v->flow.tcp[SIDE_SERVER] == state;
  const char *color = client ? "client" : server ? "server" : "line";
  style_set_source(cr, area, "paper");
  cairo_rectangle(cr, b.x, b.y, b.width, b.height);
  cairo_fill_preserve(cr);
  if (client || server) {
    style_set_source_alpha(cr, area, color, 0.16);
    cairo_fill_preserve(cr);
  }
  style_set_source(cr, area, color);
  cairo_set_line_width(cr, client || server ? 2.4 : 1);
  cairo_stroke(cr);
  double size = b.height * 0.66;
  g_autoptr(PangoLayout) name = gtk_widget_create_pango_layout(area, tcp_view_states[state].name);
  double letters = 0.86 * diagram_scale(area);
  int width, height;
  size_name(name, letters, client || server, &width, &height);
  if (width > b.width - 4)
    size_name(name, letters * (b.width - 4) / width, client || server, &width, &height);
  style_set_source(cr, area, client || server ? "ink" : "faint");
  cairo_move_to(cr, b.x + (b.width - width) / 2, b.y + (b.height - height) / 2);
  pango_cairo_show_layout(cr, name);
  if (client)
    draw_letter(area, cr, SIDE_CLIENT, b.x - size * 0.4, b.y - size * 0.5, size);
  if (server)
    draw_letter(area, cr, SIDE_SERVER, b.x + b.width - size * 0.6, b.y - size * 0.5, size);
}

static gboolean
on_draw(GtkWidget *area, cairo_t *cr, struct view *v)
{
  style_set_source(cr, area, "paper");
  cairo_paint(cr);
  style_set_source_alpha(cr, area, "faint", 0.7);
  cairo_set_line_width(cr, 1.2);
  for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++)
    draw_arrow(area, cr, arrows[i].from, arrows[i].to);
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
    draw_state(v, cr, places[i].state);
  return FALSE;
}

static gboolean
on_tooltip(GtkWidget *area, int x, int y, gboolean keyboard, GtkTooltip *tooltip, struct view *v)
{
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    struct box b = box_of(area, places[i].state);
    if (x < b.x || x > b.x + b.width || y < b.y || y > b.y + b.height)
      continue;
    gtk_tooltip_set_text(tooltip, lang_pick(tcp_view_states[places[i].state].meaning));
    return TRUE;
  }
  return FALSE;
}

/* ---- words ---- */

static void
show_tcp(struct view *v)
{
  static const struct lang_pair ends[] = {{"Client", "ไคลเอนต์"}, {"Server", "เซิร์ฟเวอร์"}};
  GString *twin = g_string_new(NULL);
  for (int side = 0; side < 2; side++) {
    const struct tcp_view_state_info *info = &tcp_view_states[v->flow.tcp[side]];
    g_autofree char *text =
        g_strdup_printf(lang_text("%1$s: %2$s. %3$s", "%1$s: %2$s — %3$s"), lang_pick(ends[side]),
                        info->name, lang_pick(info->meaning));
    gtk_label_set_text(GTK_LABEL(v->sentence[side]), text);
    g_string_append_printf(twin, "%s ", text);
  }
  pane_set_accessible(v->diagram, lang_text("TCP states of both ends", "สถานะ TCP ของทั้งสองฝั่ง"),
                      twin->str);
  g_string_free(twin, TRUE);
  const char *note = "";
  if (v->flow.was_reset)
    note = lang_text("The connection was reset (RST): it ended at once on both sides.",
                     "การเชื่อมต่อถูกรีเซ็ต (RST) จึงสิ้นสุดทันทีทั้งสองฝั่ง");
  else if (v->flow.mid_stream)
    note = lang_text(
        "The start of this connection was not captured; the states are what the segments allow.",
        "ไม่ได้ดักจับช่วงเริ่มต้นของการเชื่อมต่อนี้ สถานะที่แสดงอนุมานจากเซกเมนต์ที่มี");
  else if (!v->flow.is_run)
    note = lang_text("Inferred from the segments up to the time cursor.",
                     "อนุมานจากเซกเมนต์จนถึงตัวชี้เวลา");
  gtk_label_set_text(GTK_LABEL(v->note), note);
  gtk_widget_set_visible(v->note, *note != '\0');
  gtk_widget_queue_draw(v->diagram);
}

/* The TLS state is no station of the protocol's own way: shown only when it is reached. */
static gboolean
state_is_shown(const struct flow_view *f, unsigned i)
{
  return i < f->n_states && (i == f->state || strcmp(f->states[i].name, "TLS") != 0);
}

static void
show_app(struct view *v)
{
  const struct flow_view *f = &v->flow;
  gboolean has = f->states != NULL;
  gtk_widget_set_visible(v->app_title, has);
  gtk_widget_set_visible(v->chips, has);
  gtk_widget_set_visible(v->app_sentence, has);
  if (!has)
    return;
  g_autofree char *title = g_strdup_printf(
      lang_text("%s: state of the session", "%s: สถานะของเซสชัน"), flow_view_app_name(f->app));
  gtk_label_set_text(GTK_LABEL(v->app_title), title);
  for (unsigned i = 0; i < STATES_MAX; i++) {
    GtkStyleContext *context = gtk_widget_get_style_context(v->chip[i]);
    gtk_widget_set_visible(gtk_widget_get_parent(v->chip[i]), state_is_shown(f, i));
    if (i >= f->n_states)
      continue;
    gtk_label_set_text(GTK_LABEL(v->chip[i]), f->states[i].name);
    gtk_widget_set_tooltip_text(v->chip[i], lang_pick(f->states[i].meaning));
    if (i == f->state)
      gtk_style_context_add_class(context, "env-lit");
    else
      gtk_style_context_remove_class(context, "env-lit");
  }
  if (f->state < f->n_states) {
    const struct mail_state *state = &f->states[f->state];
    g_autofree char *text = g_strdup_printf(lang_text("%1$s. %2$s", "%1$s — %2$s"),
                                            lang_pick(state->label), lang_pick(state->meaning));
    gtk_label_set_text(GTK_LABEL(v->app_sentence), text);
  } else {
    gtk_label_set_text(
        GTK_LABEL(v->app_sentence),
        lang_text("The conversation has not begun at this time.", "ณ เวลานี้การสนทนายังไม่เริ่ม"));
  }
}

static void
show_variables(struct view *v)
{
  gboolean any = FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
    gboolean known = FALSE;
    for (int side = 0; side < 2; side++) {
      const char *value =
          flow_view_variable(v->session, &v->flow, (enum side)side, variables[i].key);
      gtk_label_set_text(GTK_LABEL(v->value[i][side]), value ? value : "–");
      known = known || value;
    }
    gtk_label_set_text(GTK_LABEL(v->meaning[i]), lang_pick(variables[i].meaning));
    gtk_widget_set_visible(v->key[i], known);
    gtk_widget_set_visible(v->value[i][0], known);
    gtk_widget_set_visible(v->value[i][1], known);
    gtk_widget_set_visible(v->meaning[i], known);
    any = any || known;
  }
  gtk_label_set_text(GTK_LABEL(v->heads[0]), lang_text("Client", "ไคลเอนต์"));
  gtk_label_set_text(GTK_LABEL(v->heads[1]), lang_text("Server", "เซิร์ฟเวอร์"));
  gtk_widget_set_visible(v->grid, any);
  gtk_label_set_text(
      GTK_LABEL(v->variables_title),
      any ? lang_text("Inside the simulated TCPs", "ภายใน TCP ที่จำลองขึ้น")
      : v->flow.is_run
          ? lang_text("The simulated ends have said nothing of themselves yet.",
                      "ฝั่งที่จำลองยังไม่ได้บอกค่าภายในของตน")
          : lang_text("Windows and timers live inside the ends: a capture does not show them, a "
                      "simulated run does.",
                      "หน้าต่างและตัวจับเวลาอยู่ภายในแต่ละฝั่ง ไฟล์ดักจับจึงมองไม่เห็น แต่ในการจำลองมองเห็นได้"));
}

static const char *
empty_text(const struct view *v)
{
  if (v->flow.flow == TRACE_NONE)
    return lang_text("Select a frame of a TCP connection to see the states of its ends.",
                     "เลือกเฟรมของการเชื่อมต่อ TCP เพื่อดูสถานะของทั้งสองฝั่ง");
  return lang_text("UDP keeps no connection: neither end has a state.",
                   "UDP ไม่มีการเชื่อมต่อ ทั้งสองฝั่งจึงไม่มีสถานะ");
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  flow_view_at_cursor(v->session, &v->flow);
  gboolean has = v->flow.flow != TRACE_NONE && v->flow.is_tcp;
  gtk_widget_set_visible(v->body, has);
  gtk_widget_set_visible(v->empty, !has);
  gtk_label_set_text(GTK_LABEL(v->empty), empty_text(v));
  gtk_widget_queue_resize(v->diagram);
  if (!has)
    return;
  g_autofree char *client = flow_view_end_name(v->session, v->flow.flow, SIDE_CLIENT);
  g_autofree char *server = flow_view_end_name(v->session, v->flow.flow, SIDE_SERVER);
  g_autofree char *title = g_strdup_printf("C %s ⇄ S %s", client, server);
  gtk_label_set_text(GTK_LABEL(v->title), title);
  show_tcp(v);
  show_app(v);
  show_variables(v);
}

/* ---- the whole ---- */

static void
view_free(gpointer data)
{
  struct view *v = data;
  g_object_unref(v->session);
  g_free(v);
}

static GtkWidget *
make_chips(struct view *v)
{
  v->chips = gtk_flow_box_new();
  gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(v->chips), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(v->chips), STATES_MAX);
  gtk_flow_box_set_row_spacing(GTK_FLOW_BOX(v->chips), 2);
  for (unsigned i = 0; i < STATES_MAX; i++) {
    v->chip[i] = gtk_label_new(NULL);
    gtk_style_context_add_class(gtk_widget_get_style_context(v->chip[i]), "env-chip");
    gtk_container_add(GTK_CONTAINER(v->chips), v->chip[i]);
    gtk_widget_set_can_focus(gtk_widget_get_parent(v->chip[i]), FALSE);
  }
  return v->chips;
}

static GtkWidget *
make_variables(struct view *v)
{
  v->grid = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(v->grid), 14);
  for (int side = 0; side < 2; side++) {
    v->heads[side] = pane_label(side ? "env-server" : "env-client", FALSE);
    gtk_grid_attach(GTK_GRID(v->grid), v->heads[side], 1 + side, 0, 1, 1);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
    v->key[i] = pane_label("env-mono", FALSE);
    gtk_label_set_text(GTK_LABEL(v->key[i]), variables[i].key);
    gtk_grid_attach(GTK_GRID(v->grid), v->key[i], 0, 2 * (int)i + 1, 1, 1);
    for (int side = 0; side < 2; side++) {
      v->value[i][side] = pane_label("env-mono", TRUE);
      gtk_label_set_line_wrap(GTK_LABEL(v->value[i][side]), variables[i].is_list);
      if (!variables[i].is_list)
        gtk_label_set_ellipsize(GTK_LABEL(v->value[i][side]), PANGO_ELLIPSIZE_END);
      gtk_widget_set_valign(v->value[i][side], GTK_ALIGN_START);
      gtk_label_set_width_chars(GTK_LABEL(v->value[i][side]), 5);
      gtk_widget_set_hexpand(v->value[i][side], TRUE);
      gtk_grid_attach(GTK_GRID(v->grid), v->value[i][side], 1 + side, 2 * (int)i + 1, 1, 1);
    }
    v->meaning[i] = pane_label("env-faint", FALSE);
    gtk_widget_set_hexpand(v->meaning[i], TRUE);
    gtk_widget_set_margin_bottom(v->meaning[i], 4);
    gtk_grid_attach(GTK_GRID(v->grid), v->meaning[i], 0, 2 * (int)i + 2, 3, 1);
  }
  return v->grid;
}

GtkWidget *
states_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->flow.flow = TRACE_NONE;
  g_object_set_data_full(G_OBJECT(pane), "states-pane", v, view_free);
  v->empty = pane_label("env-faint", FALSE);
  g_object_set(v->empty, "margin", 16, "yalign", 0.0, NULL);
  v->body = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  gtk_container_set_border_width(GTK_CONTAINER(v->body), 10);
  v->title = pane_label("env-heading", FALSE);
  v->diagram = g_object_new(diagram_get_type(), NULL);
  gtk_widget_set_has_tooltip(v->diagram, TRUE);
  g_signal_connect(v->diagram, "draw", G_CALLBACK(on_draw), v);
  g_signal_connect(v->diagram, "query-tooltip", G_CALLBACK(on_tooltip), v);
  v->sentence[0] = pane_label("env-client", TRUE);
  v->sentence[1] = pane_label("env-server", TRUE);
  v->note = pane_label("env-faint", FALSE);
  v->app_title = pane_label("env-heading", FALSE);
  v->app_sentence = pane_label(NULL, TRUE);
  v->variables_title = pane_label("env-heading", FALSE);
  GtkWidget *parts[] = {
      v->title,     v->diagram,    v->sentence[0],  v->sentence[1],     v->note,
      v->app_title, make_chips(v), v->app_sentence, v->variables_title, make_variables(v)};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    gtk_box_pack_start(GTK_BOX(v->body), parts[i], FALSE, FALSE, 0);
  GtkWidget *both = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(both), "env-paper");
  gtk_box_pack_start(GTK_BOX(both), v->empty, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(both), v->body, FALSE, FALSE, 0);
  gtk_widget_show_all(both);
  gtk_widget_set_no_show_all(v->empty, TRUE);
  gtk_widget_set_no_show_all(v->body, TRUE);
  GtkWidget *scrolled = pane_scrolled(both);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_AUTOMATIC,
                                 GTK_POLICY_AUTOMATIC);
  gtk_box_pack_start(GTK_BOX(pane), scrolled, TRUE, TRUE, 0);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_TIME | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
