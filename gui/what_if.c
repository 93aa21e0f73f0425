/* SPDX-License-Identifier: GPL-3.0-or-later */
/* what_if.c -- one dialog that asks what shall happen, and makes the input for a branch of it.
 *
 *     selected frame ──its journey──> links it crosses ──┐
 *     what (table below), where, how much ───────────────┴──> struct input ──> session_branch
 *
 * Each kind of intervention is a row: its words, which rows of the form it uses, and how the form
 * becomes an input. */
#include "gui/what_if.h"

#include <string.h>

#include "gui/pane.h"
#include "gui/what_if_menu.h"

enum part { PART_WHERE = 1, PART_BY = 2, PART_OCTETS = 4, PART_LINK = 8, PART_PROPERTY = 16 };

enum what {
  WHAT_DROP,
  WHAT_DELAY,
  WHAT_DUPLICATE,
  WHAT_ALTER,
  WHAT_RESET,
  WHAT_LINK,
  WHAT_DOWN,
  N_WHATS
};

static const struct {
  struct lang_pair name, meaning;
  unsigned parts;
  enum input_verb verb;
} whats[N_WHATS] = {
    [WHAT_DROP] = {{"The packet is lost", "แพ็กเก็ตสูญหาย"},
                   {"It leaves its sender and never arrives.", "ออกจากผู้ส่งแล้วไปไม่ถึง"},
                   PART_WHERE,
                   INPUT_DROP},
    [WHAT_DELAY] = {{"The packet is late", "แพ็กเก็ตมาช้า"},
                    {"It arrives so much later; others may pass it.",
                     "มาถึงช้าลงเท่านี้ แพ็กเก็ตอื่นอาจแซงไปก่อน"},
                    PART_WHERE | PART_BY,
                    INPUT_DELAY},
    [WHAT_DUPLICATE] = {{"The packet arrives twice", "แพ็กเก็ตมาถึงสองครั้ง"},
                        {"A copy follows so much later.", "มีสำเนาตามมาในเวลาเท่านี้"},
                        PART_WHERE | PART_BY,
                        INPUT_DUPLICATE},
    [WHAT_ALTER] = {{"Some of its octets change", "ออกเตตบางส่วนเปลี่ยนไป"},
                    {"Checksums stay as they are: will anybody notice?",
                     "ผลรวมตรวจสอบไม่เปลี่ยน จะมีใครสังเกตเห็นหรือไม่"},
                    PART_WHERE | PART_OCTETS,
                    INPUT_ALTER},
    [WHAT_RESET] = {{"A forged RST cuts the connection", "RST ปลอมตัดการเชื่อมต่อ"},
                    {"The receiver of this packet gets it, as if from the sender.",
                     "ผู้รับแพ็กเก็ตนี้จะได้รับ RST ราวกับว่าผู้ส่งเป็นคนส่ง"},
                    0,
                    INPUT_RESET},
    [WHAT_LINK] = {{"A link becomes different", "ลิงก์มีคุณสมบัติเปลี่ยนไป"},
                   {"From this time on, in both directions.", "ตั้งแต่เวลานี้เป็นต้นไป ทั้งสองทิศทาง"},
                   PART_LINK | PART_PROPERTY,
                   INPUT_SET},
    [WHAT_DOWN] = {{"A link fails", "ลิงก์ขาด"},
                   {"From this time on nothing passes it.", "ตั้งแต่เวลานี้ไม่มีสิ่งใดผ่านไปได้"},
                   PART_LINK,
                   INPUT_DOWN},
};

static const struct {
  const char *key, *value;
  struct lang_pair name;
} properties[] = {
    {"loss", "20%", {"loss (as 20%)", "อัตราสูญหาย (เช่น 20%)"}},
    {"delay", "200ms", {"delay (as 200ms)", "เวลาหน่วง (เช่น 200ms)"}},
    {"rate", "64kbit/s", {"rate (as 64kbit/s)", "อัตราส่ง (เช่น 64kbit/s)"}},
};

struct form {
  struct window *w;
  Session *session;
  uint32_t frame;
  GtkWidget *dialog, *grid, *what, *meaning, *trouble;
  GtkWidget *where, *by, *offset, *octets, *link, *property, *value;
  GtkWidget *labels[7];
};

/* ---- what is selected ---- */

static void
apply(struct window *w, const struct input *input, char **trouble)
{
  g_autoptr(GError) error = NULL;
  if (session_branch(window_session(w), input, &error))
    return;
  if (trouble)
    *trouble = g_strdup(error->message);
  else
    window_say(w, error->message, GTK_MESSAGE_ERROR);
}

/* The packet of the selected frame on its journey's link number `hop`. */
static struct input
packet_input(Session *s, enum input_verb verb, uint32_t hop)
{
  const uint32_t *indexes;
  uint32_t n;
  const struct run_flight *all = what_if_flights(s, &indexes, &n);
  const struct run_flight *f = &all[indexes[MIN(hop, n - 1)]];
  return (struct input){.time_ns = f->leave_ns,
                        .verb = verb,
                        .link = (char *)run_link(session_run(s), f->link).name,
                        .from_host = (char *)run_host(session_run(s), f->from_host).name,
                        .packet = f->packet};
}

void
what_if_drop(struct window *w)
{
  if (!what_if_is_possible(window_session(w)))
    return;
  struct input input = packet_input(window_session(w), INPUT_DROP, 0);
  apply(w, &input, NULL);
}

/* ---- from the form to an input ---- */

static gboolean
parse_octets(const char *text, GByteArray *out)
{
  for (const char *p = text; *p;) {
    if (g_ascii_isspace(*p) || *p == ':') {
      p++;
      continue;
    }
    if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]))
      return FALSE;
    guint8 octet = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
    g_byte_array_append(out, &octet, 1);
    p += 2;
  }
  return out->len > 0;
}

static gboolean
fill_reset(struct form *f, struct input *input)
{
  const struct trace_frame frame = trace_frame(session_trace(f->session), f->frame);
  if (frame.flow == TRACE_NONE)
    return FALSE;
  const struct trace_flow *flow = trace_flow(session_trace(f->session), frame.flow);
  const struct trace_flow_end *from = &flow->ends[frame.direction];
  const struct trace_flow_end *to = &flow->ends[!frame.direction];
  if (flow->proto != IP_PROTO_TCP)
    return FALSE;
  input->from = from->addr;
  input->from_port = from->port;
  input->to = to->addr;
  input->to_port = to->port;
  input->link = input->from_host = NULL;
  input->packet = 0;
  return TRUE;
}

static void
refuse(struct form *f, const char *text)
{
  gtk_label_set_text(GTK_LABEL(f->trouble), text);
  gtk_widget_show(f->trouble);
}

/* True when a branch is shown. */
static gboolean
carry_out(struct form *f)
{
  int what = gtk_combo_box_get_active(GTK_COMBO_BOX(f->what));
  int where = gtk_combo_box_get_active(GTK_COMBO_BOX(f->where));
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autofree char *trouble = NULL;
  struct input input = packet_input(f->session, whats[what].verb, (uint32_t)MAX(where, 0));
  if (whats[what].parts & PART_BY)
    input.by_ns = (int64_t)(gtk_spin_button_get_value(GTK_SPIN_BUTTON(f->by)) * 1e6);
  if (whats[what].parts & PART_OCTETS) {
    if (!parse_octets(gtk_entry_get_text(GTK_ENTRY(f->octets)), octets)) {
      refuse(f, lang_text("Octets are pairs of hexadecimal digits, for example 0d 0a.",
                          "ออกเตตต้องเป็นเลขฐานสิบหกครั้งละสองหลัก เช่น 0d 0a"));
      return FALSE;
    }
    input.offset = (uint32_t)gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(f->offset));
    input.octets = octets->data;
    input.n_octets = octets->len;
  }
  if (whats[what].parts & PART_LINK) {
    uint32_t link = (uint32_t)MAX(gtk_combo_box_get_active(GTK_COMBO_BOX(f->link)), 0);
    input.link = (char *)run_link(session_run(f->session), link).name;
    input.from_host = NULL;
    input.packet = 0;
  }
  if (whats[what].parts & PART_PROPERTY) {
    int property = MAX(gtk_combo_box_get_active(GTK_COMBO_BOX(f->property)), 0);
    input.key = (char *)properties[property].key;
    input.value = (char *)gtk_entry_get_text(GTK_ENTRY(f->value));
  }
  if (what == WHAT_RESET && !fill_reset(f, &input)) {
    refuse(f, lang_text("Only a TCP connection can be reset: select one of its frames.",
                        "รีเซ็ตได้เฉพาะการเชื่อมต่อ TCP โปรดเลือกเฟรมของการเชื่อมต่อนั้น"));
    return FALSE;
  }
  apply(f->w, &input, &trouble);
  if (trouble)
    refuse(f, trouble);
  return !trouble;
}

/* ---- the form ---- */

static void
show_row(struct form *f, int row, GtkWidget *widget, gboolean shown)
{
  gtk_widget_set_visible(f->labels[row], shown);
  gtk_widget_set_visible(widget, shown);
}

static void
what_chosen(GtkComboBox *box, struct form *f)
{
  int what = MAX(gtk_combo_box_get_active(box), 0);
  unsigned parts = whats[what].parts;
  gtk_label_set_text(GTK_LABEL(f->meaning), lang_pick(whats[what].meaning));
  show_row(f, 0, f->where, parts & PART_WHERE);
  show_row(f, 1, f->by, parts & PART_BY);
  show_row(f, 2, f->offset, parts & PART_OCTETS);
  show_row(f, 3, f->octets, parts & PART_OCTETS);
  show_row(f, 4, f->link, parts & PART_LINK);
  show_row(f, 5, f->property, parts & PART_PROPERTY);
  show_row(f, 6, f->value, parts & PART_PROPERTY);
  gtk_widget_hide(f->trouble);
}

static void
property_chosen(GtkComboBox *box, struct form *f)
{
  int property = MAX(gtk_combo_box_get_active(box), 0);
  gtk_entry_set_text(GTK_ENTRY(f->value), properties[property].value);
}

static void
add_row(struct form *f, int row, const char *name, GtkWidget *widget)
{
  f->labels[row] = gtk_label_new_with_mnemonic(name);
  gtk_label_set_xalign(GTK_LABEL(f->labels[row]), 1);
  gtk_label_set_mnemonic_widget(GTK_LABEL(f->labels[row]), widget);
  atk_object_set_name(gtk_widget_get_accessible(widget), name);
  gtk_widget_set_hexpand(widget, TRUE);
  gtk_grid_attach(GTK_GRID(f->grid), f->labels[row], 0, row + 2, 1, 1);
  gtk_grid_attach(GTK_GRID(f->grid), widget, 1, row + 2, 1, 1);
}

static void
add_link(GtkWidget *box, struct run *run, const char *name, uint32_t from, uint32_t to)
{
  struct host_info a = run_host(run, from), b = run_host(run, to);
  g_autofree char *text = g_strdup_printf("%s: %s → %s", name, lang_text(a.title_en, a.title_th),
                                          lang_text(b.title_en, b.title_th));
  gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(box), text);
}

static void
fill_links(struct form *f)
{
  struct run *run = session_run(f->session);
  const uint32_t *indexes;
  uint32_t n;
  const struct run_flight *all = what_if_flights(f->session, &indexes, &n);
  for (uint32_t i = 0; i < n; i++) {
    const struct run_flight *flight = &all[indexes[i]];
    add_link(f->where, run, run_link(run, flight->link).name, flight->from_host, flight->to_host);
  }
  for (uint32_t i = 0; i < run_n_links(run); i++) {
    struct link_info link = run_link(run, i);
    add_link(f->link, run, link.name, link.ends[0], link.ends[1]);
    if (n > 0 && all[indexes[0]].link == i)
      gtk_combo_box_set_active(GTK_COMBO_BOX(f->link), (int)i);
  }
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->where), 0);
}

static void
answered(GtkDialog *dialog, int response, struct form *f)
{
  if (response == GTK_RESPONSE_ACCEPT && !carry_out(f))
    return; /* it says why, and stays */
  gtk_widget_destroy(f->dialog);
  g_free(f);
}

static void
make_form(struct form *f)
{
  f->grid = gtk_grid_new();
  g_object_set(f->grid, "margin", 14, "row-spacing", 8, "column-spacing", 10, NULL);
  f->what = gtk_combo_box_text_new();
  for (int i = 0; i < N_WHATS; i++)
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->what), lang_pick(whats[i].name));
  atk_object_set_name(gtk_widget_get_accessible(f->what), lang_text("What happens", "สิ่งที่เกิดขึ้น"));
  f->meaning = pane_label("env-faint", FALSE);
  gtk_label_set_max_width_chars(GTK_LABEL(f->meaning), 44);
  gtk_grid_attach(GTK_GRID(f->grid), f->what, 0, 0, 2, 1);
  gtk_grid_attach(GTK_GRID(f->grid), f->meaning, 0, 1, 2, 1);
  f->where = gtk_combo_box_text_new();
  f->by = gtk_spin_button_new_with_range(0.001, 3600000, 10);
  gtk_spin_button_set_digits(GTK_SPIN_BUTTON(f->by), 3);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(f->by), 200);
  uint32_t octets = trace_frame(session_trace(f->session), f->frame).captured_octets;
  f->offset = gtk_spin_button_new_with_range(0, MAX(octets, 1) - 1, 1);
  f->octets = gtk_entry_new();
  gtk_entry_set_placeholder_text(GTK_ENTRY(f->octets), "0d 0a");
  f->link = gtk_combo_box_text_new();
  f->property = gtk_combo_box_text_new();
  f->value = gtk_entry_new();
  for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(f->property), lang_pick(properties[i].name));
  add_row(f, 0, lang_text("On which link", "บนลิงก์ใด"), f->where);
  add_row(f, 1, lang_text("By, in ms", "เป็นเวลา (มิลลิวินาที)"), f->by);
  add_row(f, 2, lang_text("From octet", "ตั้งแต่ออกเตตที่"), f->offset);
  add_row(f, 3, lang_text("New octets", "ออกเตตใหม่"), f->octets);
  add_row(f, 4, lang_text("Link", "ลิงก์"), f->link);
  add_row(f, 5, lang_text("Property", "คุณสมบัติ"), f->property);
  add_row(f, 6, lang_text("New value", "ค่าใหม่"), f->value);
  f->trouble = pane_label("env-risk", TRUE);
  gtk_grid_attach(GTK_GRID(f->grid), f->trouble, 0, 9, 2, 1);
  fill_links(f);
}

void
what_if_ask(struct window *w)
{
  Session *s = window_session(w);
  if (!what_if_is_possible(s))
    return;
  struct form *f = g_new0(struct form, 1);
  f->w = w;
  f->session = s;
  f->frame = session_frame(s);
  g_autofree char *title =
      g_strdup_printf(lang_text("What if… (frame %u)", "จะเป็นอย่างไรถ้า… (เฟรม %u)"), f->frame + 1);
  f->dialog = gtk_dialog_new_with_buttons(
      title, GTK_WINDOW(window_widget(w)),
      GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT | GTK_DIALOG_USE_HEADER_BAR,
      lang_text("_Cancel", "ยกเลิก"), GTK_RESPONSE_CANCEL, lang_text("_See what happens", "ดูผล"),
      GTK_RESPONSE_ACCEPT, NULL);
  gtk_style_context_add_class(gtk_widget_get_style_context(f->dialog), "enveloscope");
  gtk_window_set_resizable(GTK_WINDOW(f->dialog), FALSE); /* as high as its rows */
  gtk_dialog_set_default_response(GTK_DIALOG(f->dialog), GTK_RESPONSE_ACCEPT);
  make_form(f);
  gtk_container_add(GTK_CONTAINER(gtk_dialog_get_content_area(GTK_DIALOG(f->dialog))), f->grid);
  gtk_widget_show_all(f->dialog);
  g_signal_connect(f->what, "changed", G_CALLBACK(what_chosen), f);
  g_signal_connect(f->property, "changed", G_CALLBACK(property_chosen), f);
  g_signal_connect(f->dialog, "response", G_CALLBACK(answered), f);
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->what), 0);
  gtk_combo_box_set_active(GTK_COMBO_BOX(f->property), 0);
}
