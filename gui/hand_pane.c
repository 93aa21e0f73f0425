/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hand_pane.c -- a protocol typed by hand, in the run that is shown.
 *
 *     form: who, where ──begin──> input open or listen ─┐
 *     entry: a line ───send────> input type ────────────┼─> session_branch ─> time goes to the turn
 *     TLS, Close ───────────────> input tls, close ─────┘
 *     transcript: what was said, and the frames it became, up to the time cursor
 *
 * The dialogue is read from the run (lessons/by_hand.h): going back in time and typing something
 * else is a branch like any other, undo takes the last line back. A line of the transcript leads to
 * its frame. */
#include "gui/hand_pane.h"

#include <string.h>

#include "gui/hand_form.h"
#include "gui/pane.h"
#include "lessons/by_hand.h"

enum {
  LINES_MAX = 2000,  /* of a transcript that is drawn: a dialogue of some hours */
  HISTORY_MAX = 200, /* lines that Up brings back */
};
#define WAIT_NS (INT64_C(10) * 1000000000)

struct hand_pane {
  Session *session;
  GtkWidget *form, *view, *hint, *entry, *send, *tls, *wait, *close, *typing, *empty;
  GtkTextTag *mine, *theirs, *faint;
  GArray *frames; /* guint32: the frame of each line of the transcript, or SESSION_NONE */
  struct by_hand *hand;
  char *name;       /* of the hand, or NULL: nobody has begun */
  int64_t shown_ns; /* the transcript shows what happened up to here */
  unsigned generation;
  guint scrolls;      /* the idle call that will, or 0 */
  GPtrArray *history; /* char* */
  guint at;           /* in the history; its length: a new line */
};

static struct hand_pane *
pane_of(GtkWidget *pane)
{
  return g_object_get_data(G_OBJECT(pane), "hand-pane");
}

/* ---- which hand ---- */

static gboolean
is_beginning(const struct input *i)
{
  return i->verb == INPUT_OPEN || i->verb == INPUT_LISTEN || i->verb == INPUT_TAKE;
}

/* The last hand that somebody began to use by the time that is shown; how many there are before. */
static const char *
current_name(Session *s, unsigned *n)
{
  const struct input_log *log = session_run(s) ? run_inputs(session_run(s)) : NULL;
  const char *name = NULL;
  *n = 0;
  for (unsigned i = 0; log && i < input_log_n(log); i++) {
    const struct input *input = input_log_at(log, i);
    if (!is_beginning(input) || input->time_ns > session_time(s))
      continue;
    name = input->hand;
    (*n)++;
  }
  return name;
}

static gboolean
is_open(const struct hand_pane *p)
{
  const char *state = p->hand ? by_hand_state(p->hand, session_time(p->session)) : NULL;
  return state && strcmp(state, "open") == 0;
}

/* A connection that is on its way, or a server that waits. */
static gboolean
is_begun(const struct hand_pane *p)
{
  return p->hand && !by_hand_is_over(p->hand, session_time(p->session));
}

/* ---- the transcript ---- */

static void
add_text(struct hand_pane *p, const char *text, GtkTextTag *tag, guint32 frame)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p->view));
  GtkTextIter end;
  if (p->frames->len >= LINES_MAX)
    return;
  gtk_text_buffer_get_end_iter(buffer, &end);
  g_autofree char *line = g_strconcat(p->frames->len > 0 ? "\n" : "", text, NULL);
  gtk_text_buffer_insert_with_tags(buffer, &end, line, -1, tag, NULL);
  g_array_append_val(p->frames, frame);
}

static void
add_line(struct hand_pane *p, const struct by_hand_line *line, guint32 frame)
{
  gboolean is_server = by_hand_is_server(p->hand);
  g_autofree char *text = NULL;
  switch (line->kind) {
  case BY_HAND_SAID:
    text = g_strdup_printf("%c: %s%s", is_server ? 'S' : 'C', line->text, line->end);
    add_text(p, text, is_server ? p->theirs : p->mine, frame);
    break;
  case BY_HAND_HEARD:
    text = g_strdup_printf("%c: %s%s", is_server ? 'C' : 'S', line->text, line->end);
    add_text(p, text, is_server ? p->mine : p->theirs, frame);
    break;
  case BY_HAND_TLS:
    text = g_strdup_printf("TLS %s", *line->text ? line->text : lang_text("begins", "เริ่มต้น"));
    add_text(p, text, p->faint, frame);
    break;
  case BY_HAND_STATE:
    add_text(p, line->text, p->faint, frame);
    break;
  }
}

static void
add_frame(struct hand_pane *p, guint32 frame)
{
  const struct trace *t = session_trace(p->session);
  const struct trace_frame f = trace_frame(t, frame);
  const struct trace_flow_end *from = &trace_flow(t, f.flow)->ends[f.direction];
  const struct trace_flow_end *to = &trace_flow(t, f.flow)->ends[!f.direction];
  g_autofree char *numbers = by_hand_numbers(session_run(p->session), frame);
  g_autofree char *time = pane_format_time(session_frame_time(p->session, frame));
  gboolean is_lost = run_is_lost(session_run(p->session), frame);
  g_autofree char *text =
      g_strdup_printf("  #%u  %s  %u → %u  %s%s", frame + 1, time, from->port, to->port, numbers,
                      is_lost ? lang_text("  ✗ lost on its way", "  ✗ หายระหว่างทาง") : "");
  add_text(p, text, p->faint, frame);
}

/* Frames of the connection that left before a time, from frame *next on. */
static void
add_frames(struct hand_pane *p, guint32 *next, int64_t until_ns)
{
  const struct trace *t = session_trace(p->session);
  guint32 flow = by_hand_flow(p->hand);
  for (; *next < trace_n_frames(t) && session_frame_time(p->session, *next) < until_ns; (*next)++)
    if (flow != TRACE_NONE && trace_frame(t, *next).flow == flow)
      add_frame(p, *next);
}

/* When the lines have got their heights. */
static gboolean
scroll_to_end(gpointer data)
{
  struct hand_pane *p = data;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p->view));
  p->scrolls = 0;
  gtk_text_view_scroll_to_mark(GTK_TEXT_VIEW(p->view), gtk_text_buffer_get_insert(buffer), 0, FALSE,
                               0, 0);
  return G_SOURCE_REMOVE;
}

static void
fill_transcript(struct hand_pane *p)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p->view));
  gtk_text_buffer_set_text(buffer, "", 0);
  g_array_set_size(p->frames, 0);
  guint32 next = 0;
  for (unsigned i = 0; p->hand && i < by_hand_n_lines(p->hand); i++) {
    struct by_hand_line line = by_hand_line(p->hand, i);
    if (line.time_ns > p->shown_ns)
      break;
    add_frames(p, &next, line.time_ns);
    /* What was typed became the next frame, what came was in the last one. */
    guint32 last =
        p->frames->len ? g_array_index(p->frames, guint32, p->frames->len - 1) : SESSION_NONE;
    add_line(p, &line, line.kind == BY_HAND_SAID ? next : last);
  }
  if (p->hand)
    add_frames(p, &next, p->shown_ns + 1);
  if (p->frames->len >= LINES_MAX)
    g_array_index(p->frames, guint32, LINES_MAX - 1) = SESSION_NONE;
  GtkTextIter end;
  gtk_text_buffer_get_end_iter(buffer, &end);
  gtk_text_buffer_place_cursor(buffer, &end);
  if (!p->scrolls)
    p->scrolls = g_idle_add_full(GTK_TEXT_VIEW_PRIORITY_VALIDATE + 1, scroll_to_end, p, NULL);
}

/* The frame of the line with the text cursor becomes the selected one. */
static void
select_line(struct hand_pane *p)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p->view));
  GtkTextIter at;
  gtk_text_buffer_get_iter_at_mark(buffer, &at, gtk_text_buffer_get_insert(buffer));
  guint line = (guint)gtk_text_iter_get_line(&at);
  guint32 frame = line < p->frames->len ? g_array_index(p->frames, guint32, line) : SESSION_NONE;
  if (frame != SESSION_NONE && frame < trace_n_frames(session_trace(p->session)))
    session_select_frame(p->session, frame);
}

static gboolean
view_key(GtkWidget *view, GdkEventKey *event, struct hand_pane *p)
{
  if (event->keyval != GDK_KEY_Return && event->keyval != GDK_KEY_KP_Enter)
    return FALSE;
  select_line(p);
  return TRUE;
}

static gboolean
view_double_clicked(GtkWidget *view, GdkEventButton *event, struct hand_pane *p)
{
  if (event->type == GDK_2BUTTON_PRESS)
    select_line(p);
  return event->type == GDK_2BUTTON_PRESS;
}

/* ---- doing ---- */

static void
say(struct hand_pane *p, const char *text, gboolean is_trouble)
{
  GtkStyleContext *style = gtk_widget_get_style_context(p->hint);
  gtk_label_set_text(GTK_LABEL(p->hint), text ? text : "");
  gtk_widget_set_visible(p->hint, text != NULL);
  if (is_trouble)
    gtk_style_context_add_class(style, "env-risk");
  else
    gtk_style_context_remove_class(style, "env-risk");
}

/* The branch with these inputs, and the time when it is the hand's turn again. */
static void
act(struct hand_pane *p, const struct input *inputs, gsize n)
{
  g_autoptr(GError) error = NULL;
  int64_t since_ns = inputs[n - 1].time_ns;
  g_autofree char *name = g_strdup(inputs[0].hand);
  enum input_verb verb = inputs[0].verb;
  if (!session_branch_by(p->session, inputs, n, &error)) {
    say(p, error->message, TRUE);
    return;
  }
  struct by_hand *h = by_hand_read(session_run(p->session), name);
  int64_t turn_ns = by_hand_turn_ns(h, since_ns);
  gboolean nobody = verb == INPUT_LISTEN && turn_ns == BY_HAND_NEVER;
  by_hand_free(h);
  session_set_time(p->session, turn_ns != BY_HAND_NEVER ? turn_ns : since_ns + BY_HAND_PATIENCE_NS);
  if (nobody)
    say(p,
        lang_text("No client of this scenario connects there from now on. Go back in time (Home) "
                  "and wait "
                  "again, or choose another port.",
                  "นับจากนี้ไม่มีไคลเอนต์ใดในสถานการณ์ต่อมาที่นี่ ย้อนเวลากลับ (Home) แล้วรอใหม่ หรือเลือกพอร์ตอื่น"),
        TRUE);
  gtk_widget_grab_focus(p->entry);
}

static struct input
input_now(const struct hand_pane *p, enum input_verb verb)
{
  return (struct input){
      .time_ns = session_time(p->session) + BY_HAND_THINK_NS, .verb = verb, .hand = p->name};
}

static void
begin(gpointer data)
{
  struct hand_pane *p = data;
  struct hand_choice choice;
  unsigned n;
  if (!hand_form_choice(p->form, &choice))
    return;
  current_name(p->session, &n);
  g_autofree char *name = g_strdup_printf("hand-%u", n + 1);
  g_autofree char *seat = g_strdup(choice.seat); /* the run that owns the name goes */
  int64_t now_ns = session_time(p->session);
  const struct input inputs[] = {
      {.time_ns = now_ns,
       .verb = choice.is_server ? INPUT_LISTEN : INPUT_OPEN,
       .hand = name,
       .host = seat,
       .server = (char *)choice.server,
       .to_port = choice.port},
      {.time_ns = now_ns, .verb = INPUT_TLS, .hand = name},
  };
  act(p, inputs, choice.has_tls ? 2 : 1);
}

static void
remember(struct hand_pane *p, const char *line)
{
  if (*line)
    g_ptr_array_add(p->history, g_strdup(line));
  if (p->history->len > HISTORY_MAX)
    g_ptr_array_remove_index(p->history, 0);
  p->at = p->history->len;
}

static void
send_clicked(struct hand_pane *p)
{
  g_autofree char *line = g_strdup(gtk_entry_get_text(GTK_ENTRY(p->entry)));
  if (!is_open(p))
    return;
  struct input input = input_now(p, INPUT_TYPE);
  input.line = line;
  remember(p, line);
  gtk_entry_set_text(GTK_ENTRY(p->entry), "");
  act(p, &input, 1);
}

static void
tls_clicked(struct hand_pane *p)
{
  struct input input = input_now(p, INPUT_TLS);
  act(p, &input, 1);
}

static void
close_clicked(struct hand_pane *p)
{
  struct input input = input_now(p, INPUT_CLOSE);
  act(p, &input, 1);
}

static void
wait_clicked(struct hand_pane *p)
{
  session_set_time(p->session,
                   MIN(session_time(p->session) + WAIT_NS, session_end_time(p->session)));
}

/* Up and Down bring back what was typed, Ctrl+D closes: as in a terminal. */
static gboolean
entry_key(GtkWidget *entry, GdkEventKey *event, struct hand_pane *p)
{
  gboolean is_up = event->keyval == GDK_KEY_Up, is_down = event->keyval == GDK_KEY_Down;
  if (event->keyval == GDK_KEY_d && (event->state & GDK_CONTROL_MASK) && is_begun(p)) {
    close_clicked(p);
    return TRUE;
  }
  if (!is_up && !is_down)
    return FALSE;
  if (is_up && p->at > 0)
    p->at--;
  else if (is_down && p->at < p->history->len)
    p->at++;
  gtk_entry_set_text(GTK_ENTRY(entry), p->at < p->history->len ? p->history->pdata[p->at] : "");
  gtk_editable_set_position(GTK_EDITABLE(entry), -1);
  return TRUE;
}

/* ---- following the session ---- */

static void
set_words(struct hand_pane *p)
{
  gtk_button_set_label(GTK_BUTTON(p->send), lang_text("Send", "ส่ง"));
  gtk_button_set_label(GTK_BUTTON(p->wait), lang_text("Wait 10 s", "รอ 10 วินาที"));
  gtk_button_set_label(GTK_BUTTON(p->close), lang_text("Close", "ปิดการเชื่อมต่อ"));
  gtk_entry_set_placeholder_text(GTK_ENTRY(p->entry),
                                 lang_text("a line; CR LF follow", "หนึ่งบรรทัด แล้ว CR LF จะตามไป"));
  pane_set_accessible(p->entry, lang_text("Line to send", "บรรทัดที่จะส่ง"), NULL);
  pane_set_accessible(
      p->view, lang_text("Dialogue by hand", "บทสนทนาที่พิมพ์เอง"),
      lang_text("Enter selects the frame of a line", "กด Enter เพื่อเลือกเฟรมของบรรทัด"));
  gtk_widget_set_tooltip_text(
      p->tls, lang_text("TLS begins, behind STARTTLS or STLS", "เริ่ม TLS หลัง STARTTLS หรือ STLS"));
  gtk_label_set_text(GTK_LABEL(p->empty),
                     lang_text("Nobody can type into a capture: it has happened. Open a scenario.",
                               "พิมพ์เพิ่มในไฟล์ดักจับไม่ได้ เพราะเกิดขึ้นไปแล้ว ให้เปิดสถานการณ์จำลอง"));
}

static void
set_colours(struct hand_pane *p)
{
  GtkStyleContext *style = gtk_widget_get_style_context(p->view);
  const struct {
    GtkTextTag *tag;
    const char *color;
  } tags[] = {{p->mine, "env_client"}, {p->theirs, "env_server"}, {p->faint, "env_faint"}};
  for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
    GdkRGBA color;
    if (gtk_style_context_lookup_color(style, tags[i].color, &color))
      g_object_set(tags[i].tag, "foreground-rgba", &color, NULL);
  }
}

static void
read_hand(struct hand_pane *p)
{
  unsigned n;
  const char *name = current_name(p->session, &n);
  g_clear_pointer(&p->hand, by_hand_free);
  g_free(p->name);
  p->name = g_strdup(name);
  if (name)
    p->hand = by_hand_read(session_run(p->session), name);
  p->generation = session_generation(p->session);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct hand_pane *p = pane_of(pane);
  gboolean has_run = session_run(p->session) != NULL;
  unsigned n;
  if (news & PANE_LOOK) {
    set_words(p);
    set_colours(p);
  }
  if (news & (PANE_LOADED | PANE_LOOK))
    hand_form_fill(p->form);
  gboolean other = p->generation != session_generation(p->session) ||
                   g_strcmp0(p->name, current_name(p->session, &n)) != 0;
  if (other)
    read_hand(p);
  if (other || p->shown_ns != session_time(p->session) || (news & PANE_LOOK)) {
    p->shown_ns = session_time(p->session);
    fill_transcript(p);
  }
  g_autofree char *hint = p->hand ? by_hand_hint(p->hand, p->shown_ns) : NULL;
  if (!hint && has_run && !is_begun(p))
    hint = g_strdup(lang_text(
        "Choose who you are, where you sit and what to reach, then connect. Each line you type "
        "becomes frames of this run, as a branch: Undo takes it back, and the original stays.",
        "เลือกบทบาท เครื่องที่นั่ง และปลายทาง แล้วเชื่อมต่อ ทุกบรรทัดที่พิมพ์จะกลายเป็นเฟรมของการจำลองนี้"
        "ในรูปกิ่งใหม่ เลิกทำได้ และต้นฉบับยังคงอยู่"));
  say(p, hint, FALSE);
  gtk_widget_set_visible(p->empty, !has_run);
  gtk_widget_set_visible(p->form, has_run && !is_begun(p));
  gtk_widget_set_visible(p->typing, has_run && is_begun(p));
  gtk_widget_set_sensitive(p->send, is_open(p));
  gtk_widget_set_sensitive(p->tls, is_open(p));
}

void
hand_pane_focus(GtkWidget *pane)
{
  struct hand_pane *p = pane_of(pane);
  pane_flush(pane);
  gtk_widget_grab_focus(is_begun(p) ? p->entry : hand_form_button(p->form));
}

/* ---- life ---- */

static void
pane_free(gpointer data)
{
  struct hand_pane *p = data;
  if (p->scrolls)
    g_source_remove(p->scrolls);
  g_clear_pointer(&p->hand, by_hand_free);
  g_free(p->name);
  g_array_unref(p->frames);
  g_ptr_array_unref(p->history);
  g_object_unref(p->session);
  g_free(p);
}

static GtkWidget *
add_button(struct hand_pane *p, GtkWidget *box, const char *label,
           void (*clicked)(struct hand_pane *))
{
  GtkWidget *button = gtk_button_new_with_label(label);
  g_signal_connect_swapped(button, "clicked", G_CALLBACK(clicked), p);
  gtk_container_add(GTK_CONTAINER(box), button);
  return button;
}

static GtkWidget *
make_typing(struct hand_pane *p)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  g_object_set(box, "margin", 8, NULL);
  p->entry = gtk_entry_new();
  gtk_entry_set_width_chars(GTK_ENTRY(p->entry), 10);
  gtk_style_context_add_class(gtk_widget_get_style_context(p->entry), "env-mono");
  g_signal_connect(p->entry, "key-press-event", G_CALLBACK(entry_key), p);
  g_signal_connect_swapped(p->entry, "activate", G_CALLBACK(send_clicked), p);
  gtk_box_pack_start(GTK_BOX(line), p->entry, TRUE, TRUE, 0);
  p->send = add_button(p, line, "", send_clicked);
  p->tls = add_button(p, buttons, "TLS", tls_clicked);
  p->wait = add_button(p, buttons, "", wait_clicked);
  p->close = add_button(p, buttons, "", close_clicked);
  gtk_box_pack_start(GTK_BOX(box), line, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), buttons, FALSE, FALSE, 0);
  return box;
}

static GtkWidget *
make_view(struct hand_pane *p)
{
  p->view = gtk_text_view_new();
  gtk_text_view_set_editable(GTK_TEXT_VIEW(p->view), FALSE);
  gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(p->view), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(p->view), FALSE);
  g_object_set(p->view, "left-margin", 10, "right-margin", 10, "top-margin", 6, NULL);
  gtk_style_context_add_class(gtk_widget_get_style_context(p->view), "env-paper");
  gtk_style_context_add_class(gtk_widget_get_style_context(p->view), "env-mono");
  GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p->view));
  p->mine = gtk_text_buffer_create_tag(buffer, NULL, NULL);
  p->theirs = gtk_text_buffer_create_tag(buffer, NULL, NULL);
  p->faint = gtk_text_buffer_create_tag(buffer, NULL, "scale", 0.88, NULL);
  g_signal_connect(p->view, "key-press-event", G_CALLBACK(view_key), p);
  g_signal_connect(p->view, "button-press-event", G_CALLBACK(view_double_clicked), p);
  return pane_scrolled(p->view);
}

GtkWidget *
hand_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct hand_pane *p = g_new0(struct hand_pane, 1);
  p->session = g_object_ref(session);
  p->generation = UINT_MAX;
  p->shown_ns = -1;
  p->frames = g_array_new(FALSE, FALSE, sizeof(guint32));
  p->history = g_ptr_array_new_with_free_func(g_free);
  g_object_set_data_full(G_OBJECT(pane), "hand-pane", p, pane_free);
  gtk_style_context_add_class(gtk_widget_get_style_context(pane), "env-paper");
  p->empty = pane_label("env-faint", FALSE);
  g_object_set(p->empty, "margin", 16, NULL);
  p->form = hand_form_new(session, begin, p);
  p->hint = pane_label("env-sentence", TRUE);
  GtkWidget *transcript = make_view(p);
  p->typing = make_typing(p);
  gtk_box_pack_start(GTK_BOX(pane), p->empty, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->form, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), transcript, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->hint, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->typing, FALSE, FALSE, 0);
  gtk_widget_show_all(pane);
  GtkWidget *const hidden[] = {p->empty, p->form, p->hint, p->typing};
  for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++)
    gtk_widget_set_no_show_all(hidden[i], TRUE);
  set_words(p);
  pane_attach(pane, session, PANE_LOADED | PANE_TIME | PANE_LOOK, update);
  return pane;
}
