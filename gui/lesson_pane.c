/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_pane.c -- the lesson beside the run: prose, links into the run, questions.
 *
 *     title, step title
 *     paragraphs        a label each, so that every link can be reached and read by keyboard and
 *     questions         screen reader, which a text view does not offer
 *     [this moment is told in step 5]   only when a frame was selected elsewhere
 *     < step 3 of 9 >
 *
 * The whole is built anew when step, answer or language change; it is a page of text. */
#include "gui/lesson_pane.h"

#include <limits.h>
#include <string.h>

#include "gui/style.h"

struct pane {
  Session *session;
  GtkWidget *box, *scrolled, *page, *steps, *back, *next, *foot;
  GtkWidget *elsewhere; /* leads to the step that tells of the selected frame */
  const struct lesson *shown_lesson;
  unsigned shown_step;
  gboolean is_updating;
};

/* ---- prose ---- */

static void
append_span(GString *markup, const struct lesson_span *span)
{
  g_autofree char *text = g_markup_escape_text(span->text, -1);
  const char *style[4][2] = {
      {"<b>", "</b>"},
      {"<i>", "</i>"},
      {"<span font_family=\"Noto Sans Mono, DejaVu Sans Mono\" size=\"92%\">", "</span>"},
      {"<b>", "</b>"}};
  unsigned bits = span->style | (span->value_key ? 8 : 0);
  if (span->link) {
    g_autofree char *escaped = g_uri_escape_string(span->link, NULL, TRUE);
    g_autofree char *key = g_uri_escape_string(span->value_key ? span->value_key : "", NULL, TRUE);
    const char *colon = strchr(span->link, ':');
    const struct field_def *def =
        g_str_has_prefix(span->link, "field:") ? field_def_find(colon + 1) : NULL;
    g_autofree char *tip = g_markup_escape_text(def     ? lang_pick(def->explain)
                                                : colon ? colon + 1
                                                        : "",
                                                -1);
    g_string_append_printf(markup, "<a href=\"%s|%s\" title=\"%s\">", escaped, key, tip);
  }
  for (int i = 0; i < 4; i++)
    if (bits & (1u << i))
      g_string_append(markup, style[i][0]);
  g_string_append(markup, text);
  for (int i = 3; i >= 0; i--)
    if (bits & (1u << i))
      g_string_append(markup, style[i][1]);
  if (span->link)
    g_string_append(markup, "</a>");
}

static void
select_key(Session *session, const char *key)
{
  struct decode *d = session_decode(session);
  const struct field *f = key && *key ? decode_find(d, key, 0) : NULL;
  if (f)
    session_select_field(session, (uint32_t)(f - decode_field(d, 0)));
}

/* "LINK|KEY", both escaped: goes to the frame, or to the field in the selected frame. */
static gboolean
link_activated(GtkLabel *label, const char *href, struct pane *p)
{
  g_auto(GStrv) parts = g_strsplit(href, "|", 2);
  g_autofree char *link = g_uri_unescape_string(parts[0], NULL);
  g_autofree char *key = g_uri_unescape_string(parts[1] ? parts[1] : "", NULL);
  uint32_t frame = lesson_link_frame(session_trace(p->session), link);
  if (frame != TRACE_NONE)
    session_select_frame(p->session, frame);
  else
    select_key(p->session, lesson_link_field(link));
  select_key(p->session, key);
  return TRUE;
}

static GtkWidget *
text_label(const char *markup)
{
  GtkWidget *label = gtk_label_new(NULL);
  gtk_label_set_markup(GTK_LABEL(label), markup);
  gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars(GTK_LABEL(label), 12);
  gtk_label_set_max_width_chars(GTK_LABEL(label), 60);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_track_visited_links(GTK_LABEL(label), FALSE);
  return label;
}

/* A list item hangs behind its bullet or number. */
static GtkWidget *
hang(const struct lesson_paragraph *paragraph, GtkWidget *label)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  g_autofree char *mark = paragraph->number == 0 ? g_strdup("•")
                          : paragraph->number == UINT_MAX
                              ? g_strdup("")
                              : g_strdup_printf("%u.", paragraph->number);
  GtkWidget *bullet = gtk_label_new(mark);
  gtk_label_set_width_chars(GTK_LABEL(bullet), 3);
  gtk_label_set_xalign(GTK_LABEL(bullet), 0.5);
  gtk_widget_set_valign(bullet, GTK_ALIGN_START);
  gtk_widget_set_margin_start(row, ((int)paragraph->level - 1) * 16);
  gtk_box_pack_start(GTK_BOX(row), bullet, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(row), label, TRUE, TRUE, 0);
  return row;
}

static void
add_paragraph(struct pane *p, const struct lesson_paragraph *paragraph)
{
  g_autoptr(GString) markup = g_string_new(NULL);
  gboolean code = paragraph->block == LESSON_CODE_BLOCK;
  if (paragraph->block == LESSON_HEADING)
    g_string_append(markup, "<b>");
  if (code)
    g_string_append(markup, "<span font_family=\"Noto Sans Mono, DejaVu Sans Mono\" size=\"92%\">");
  for (guint i = 0; i < paragraph->spans->len; i++)
    append_span(markup, &g_array_index(paragraph->spans, struct lesson_span, i));
  if (code)
    g_string_append(markup, "</span>");
  if (paragraph->block == LESSON_HEADING)
    g_string_append(markup, "</b>");
  GtkWidget *label = text_label(markup->str);
  if (paragraph->block == LESSON_QUOTE || code)
    gtk_widget_set_margin_start(label, 14);
  g_signal_connect(label, "activate-link", G_CALLBACK(link_activated), p);
  gtk_box_pack_start(GTK_BOX(p->page),
                     paragraph->block == LESSON_ITEM ? hang(paragraph, label) : label, FALSE, FALSE,
                     0);
}

/* ---- questions ---- */

struct asked {
  struct pane *pane;
  unsigned step, question;
  GPtrArray *choices; /* GtkRadioButton */
  GtkWidget *answer;
};

static void
asked_free(gpointer data, GClosure *closure)
{
  struct asked *a = data;
  g_ptr_array_unref(a->choices);
  g_free(a);
}

static int
active_choice(const struct asked *a)
{
  for (guint i = 0; i < a->choices->len; i++)
    if (gtk_toggle_button_get_active(a->choices->pdata[i]))
      return (int)i;
  return -1;
}

static void
answered(GtkButton *button, struct asked *a)
{
  int choice = active_choice(a);
  if (choice >= 0)
    session_set_answer(a->pane->session, a->step, a->question, choice);
}

static void
choice_toggled(GtkToggleButton *button, struct asked *a)
{
  gtk_widget_set_sensitive(a->answer, active_choice(a) >= 0);
}

static void
add_verdict(GtkWidget *box, const struct lesson_question *q, int choice)
{
  gboolean right = (unsigned)choice == q->answer;
  const struct lesson_choice *taken = &q->choices[choice];
  g_autoptr(GString) markup = g_string_new(NULL);
  g_autofree char *because =
      g_markup_escape_text(taken->because.en ? lang_pick(taken->because) : "", -1);
  g_autofree char *explain =
      g_markup_escape_text(q->explanation.en ? lang_pick(q->explanation) : "", -1);
  g_autofree char *answer = g_markup_escape_text(lang_pick(q->choices[q->answer].text), -1);
  g_string_append_printf(markup, "<b>%s</b>",
                         right ? lang_text("✓ Right.", "✓ ถูกต้อง")
                               : lang_text("✗ Not this one.", "✗ ยังไม่ใช่ข้อนี้"));
  if (*because)
    g_string_append_printf(markup, "  %s", because);
  if (!right) {
    g_string_append(markup, "\n\n");
    g_string_append_printf(
        markup, lang_text("What the wire shows: <b>%s</b>", "สิ่งที่เห็นบนสายส่ง: <b>%s</b>"), answer);
  }
  if (*explain)
    g_string_append_printf(markup, "\n\n%s", explain);
  GtkWidget *label = text_label(markup->str);
  gtk_widget_set_name(label, "verdict");
  gtk_style_context_add_class(gtk_widget_get_style_context(box), right ? "env-right" : "env-wrong");
  gtk_box_pack_start(GTK_BOX(box), label, FALSE, FALSE, 0);
}

static void
add_choices(struct pane *p, GtkWidget *box, struct asked *a, const struct lesson_question *q,
            int taken)
{
  /* A group has always one active member: a hidden one, so that no answer is suggested. */
  GtkWidget *none = gtk_radio_button_new(NULL);
  gtk_box_pack_start(GTK_BOX(box), none, FALSE, FALSE, 0);
  gtk_widget_set_no_show_all(none, TRUE);
  for (unsigned i = 0; i < q->n_choices; i++) {
    GtkWidget *choice = gtk_radio_button_new_from_widget(GTK_RADIO_BUTTON(none));
    g_autofree char *text = g_markup_escape_text(lang_pick(q->choices[i].text), -1);
    GtkWidget *label = text_label(text);
    gtk_container_add(GTK_CONTAINER(choice), label);
    atk_object_set_name(gtk_widget_get_accessible(choice), lang_pick(q->choices[i].text));
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(choice), taken == (int)i);
    g_signal_connect(choice, "toggled", G_CALLBACK(choice_toggled), a);
    g_ptr_array_add(a->choices, choice);
    gtk_box_pack_start(GTK_BOX(box), choice, FALSE, FALSE, 0);
  }
}

static void
add_question(struct pane *p, unsigned step, unsigned question)
{
  const struct lesson_question *q =
      &lesson_step(session_lesson(p->session), step)->questions[question];
  int taken = session_answer(p->session, step, question);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  struct asked *a = g_new0(struct asked, 1);
  *a = (struct asked){p, step, question, g_ptr_array_new(), NULL};
  gtk_style_context_add_class(gtk_widget_get_style_context(box), "env-question");
  gtk_widget_set_name(box, "question");
  g_autofree char *prompt = g_markup_printf_escaped(
      "<span size=\"small\">%s</span>\n<b>%s</b>",
      q->kind == LESSON_PREDICT ? lang_text("Predict", "ทำนาย") : lang_text("Question", "คำถาม"),
      lang_pick(q->prompt));
  gtk_box_pack_start(GTK_BOX(box), text_label(prompt), FALSE, FALSE, 0);
  a->answer = gtk_button_new_with_label(taken < 0 ? lang_text("Answer", "ตอบ")
                                                  : lang_text("Answer again", "ตอบอีกครั้ง"));
  gtk_widget_set_halign(a->answer, GTK_ALIGN_START);
  add_choices(p, box, a, q, taken);
  gtk_widget_set_sensitive(a->answer, FALSE);
  gtk_box_pack_start(GTK_BOX(box), a->answer, FALSE, FALSE, 0);
  g_signal_connect_data(a->answer, "clicked", G_CALLBACK(answered), a, asked_free, 0);
  if (taken >= 0)
    add_verdict(box, q, taken);
  gtk_widget_set_margin_top(box, 6);
  gtk_box_pack_start(GTK_BOX(p->page), box, FALSE, FALSE, 0);
}

/* ---- the page ---- */

static void
add_text(struct pane *p, const char *text, const char *class)
{
  g_autofree char *escaped = g_markup_escape_text(text, -1);
  GtkWidget *label = text_label(escaped);
  gtk_style_context_add_class(gtk_widget_get_style_context(label), class);
  gtk_box_pack_start(GTK_BOX(p->page), label, FALSE, FALSE, 0);
}

static void
open_first_lesson(GtkButton *button, struct pane *p)
{
  g_autoptr(GError) error = NULL;
  if (!session_open(p->session, "01-how-mail-works", &error))
    g_message("%s", error->message);
}

/* Nothing to read: says why, and offers the next thing to do. */
static void
fill_empty(struct pane *p)
{
  const struct run *run = session_run(p->session);
  if (session_n_branches(p->session) > 0) {
    add_text(p, lang_text("What if?", "จะเป็นอย่างไรถ้า"), "env-step-title");
    add_text(
        p,
        lang_text("You are looking at a branch: the same run with a change. Step on from here and "
                  "watch what follows, compare it with the original, or go back (Ctrl+Shift+Z): "
                  "a lesson goes on where you left it.",
                  "คุณกำลังดูแขนง คือการจำลองเดิมที่มีการเปลี่ยนแปลง ลองเดินต่อจากจุดนี้แล้วดูว่าเกิดอะไรขึ้น "
                  "เปรียบเทียบกับต้นฉบับ หรือกลับสู่ต้นฉบับ (Ctrl+Shift+Z) บทเรียนจะดำเนินต่อจากเดิม"),
        "env-paper");
    return;
  }
  add_text(p, run ? run_title(run) : lang_text("No lesson is open.", "ยังไม่ได้เปิดบทเรียน"),
           "env-step-title");
  if (run && run_about(run))
    add_text(p, run_about(run), "env-paper");
  add_text(
      p,
      run ? lang_text("This scenario has no lesson: play it, step through it, or look at it in "
                      "Inspect (Ctrl+2).",
                      "สถานการณ์จำลองนี้ไม่มีบทเรียน ลองเล่น เดินทีละเฟรม หรือดูในมุมมองตรวจดู (Ctrl+2)")
          : lang_text("A capture is best read in Inspect (Ctrl+2).",
                      "ไฟล์ดักจับเหมาะกับมุมมองตรวจดู (Ctrl+2)"),
      "env-faint");
  GtkWidget *button = gtk_button_new_with_label(lang_text("Open the first lesson", "เปิดบทเรียนแรก"));
  gtk_widget_set_halign(button, GTK_ALIGN_START);
  g_signal_connect(button, "clicked", G_CALLBACK(open_first_lesson), p);
  gtk_box_pack_start(GTK_BOX(p->page), button, FALSE, FALSE, 0);
}

static void
fill_foot(struct pane *p, const struct lesson *lesson, unsigned step)
{
  unsigned n = lesson ? lesson_n_steps(lesson) : 0;
  gtk_widget_set_visible(p->foot, n > 0);
  p->is_updating = TRUE;
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(p->steps));
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = g_strdup_printf("%u. %s", i + 1, lesson_prose(lesson, i)->title);
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(p->steps), text);
  }
  gtk_combo_box_set_active(GTK_COMBO_BOX(p->steps), (int)step);
  p->is_updating = FALSE;
  /* Only a sign: one seldom goes back, and the pane may be narrow. */
  gtk_button_set_label(GTK_BUTTON(p->back), "‹");
  atk_object_set_name(gtk_widget_get_accessible(p->back), lang_text("Back", "ก่อนหน้า"));
  gtk_button_set_label(GTK_BUTTON(p->next), lang_text("Next ›", "ถัดไป ›"));
  gtk_widget_set_tooltip_text(p->back,
                              lang_text("Previous step (Page Up)", "ขั้นตอนก่อนหน้า (Page Up)"));
  gtk_widget_set_tooltip_text(p->next, lang_text("Next step (Page Down)", "ขั้นตอนถัดไป (Page Down)"));
  atk_object_set_name(gtk_widget_get_accessible(p->steps),
                      lang_text("Step of the lesson", "ขั้นตอนของบทเรียน"));
}

/* When somebody looked elsewhere, offers the step that tells of it; playing, one only watches. */
static void
offer_step(Session *session, struct pane *p)
{
  struct lesson *lesson = session_lesson(session);
  unsigned step = session_step(session), told = step;
  uint32_t frame = session_frame(session);
  if (lesson && frame != SESSION_NONE && !session_is_playing(session) &&
      !session_is_waiting(session))
    told = lesson_step_telling(lesson, frame, step);
  gtk_widget_set_visible(p->elsewhere, told != step);
  if (told == step)
    return;
  g_autofree char *text = g_strdup_printf(
      lang_text("This moment is told in step %u", "ช่วงเวลานี้อธิบายไว้ในขั้นตอนที่ %u"), told + 1);
  gtk_button_set_label(GTK_BUTTON(p->elsewhere), text);
  GtkWidget *label = gtk_bin_get_child(GTK_BIN(p->elsewhere));
  gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars(GTK_LABEL(label), 10);
  gtk_widget_set_tooltip_text(p->elsewhere, lesson_prose(lesson, told)->title);
}

static void
go_to_offered(GtkButton *button, struct pane *p)
{
  struct lesson *lesson = session_lesson(p->session);
  if (lesson)
    session_set_step(p->session, lesson_step_telling(lesson, session_frame(p->session),
                                                     session_step(p->session)));
}

/* A waiting question is brought into sight, once its place is known. */
static gboolean
scroll_to_question(gpointer data)
{
  struct pane *p = g_object_get_data(G_OBJECT(data), "lesson-pane");
  GtkAdjustment *a = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(data));
  if (p && session_is_waiting(p->session))
    gtk_adjustment_set_value(a, gtk_adjustment_get_upper(a));
  return G_SOURCE_REMOVE;
}

static void
fill(Session *session, struct pane *p)
{
  struct lesson *lesson = session_lesson(session);
  unsigned step = session_step(session);
  GtkAdjustment *scroll = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(p->scrolled));
  gboolean same = lesson == p->shown_lesson && step == p->shown_step;
  GtkWidget *top = gtk_widget_get_toplevel(p->box);
  GtkWidget *focus = GTK_IS_WINDOW(top) ? gtk_window_get_focus(GTK_WINDOW(top)) : NULL;
  gboolean had_focus = focus && gtk_widget_is_ancestor(focus, p->page);
  p->shown_lesson = lesson;
  p->shown_step = step;
  gtk_container_foreach(GTK_CONTAINER(p->page), (GtkCallback)(void (*)(void))gtk_widget_destroy,
                        NULL);
  fill_foot(p, lesson, step);
  if (!lesson) {
    fill_empty(p);
  } else {
    const struct lesson_prose *prose = lesson_prose(lesson, step);
    add_text(p, lesson_title(lesson), "env-faint");
    add_text(p, prose->title, "env-lesson-title");
    for (guint i = 0; i < prose->paragraphs->len; i++)
      add_paragraph(p, &g_array_index(prose->paragraphs, struct lesson_paragraph, i));
    for (unsigned q = 0; q < lesson_step(lesson, step)->n_questions; q++)
      add_question(p, step, q);
  }
  gtk_widget_show_all(p->page);
  offer_step(session, p);
  if (!same)
    gtk_adjustment_set_value(scroll, 0);
  if (had_focus && lesson)
    gtk_widget_grab_focus(p->steps); /* what had the keyboard is gone: stay near */
  if (session_is_waiting(session))
    g_idle_add_full(G_PRIORITY_LOW, scroll_to_question, g_object_ref(p->scrolled), g_object_unref);
}

static void
step_chosen(GtkComboBox *box, struct pane *p)
{
  int i = gtk_combo_box_get_active(box);
  if (!p->is_updating && i >= 0)
    session_set_step(p->session, (unsigned)i);
}

static GtkWidget *
make_foot(struct pane *p)
{
  GtkWidget *foot = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
  p->steps = gtk_combo_box_text_new();
  p->back = gtk_button_new_with_label("");
  p->next = gtk_button_new_with_label("");
  gtk_actionable_set_action_name(GTK_ACTIONABLE(p->back), "win.previous-step");
  gtk_actionable_set_action_name(GTK_ACTIONABLE(p->next), "win.next-step");
  GList *cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(p->steps));
  g_object_set(cells->data, "ellipsize", PANGO_ELLIPSIZE_END, "width-chars", 5, NULL);
  g_list_free(cells);
  gtk_box_pack_start(GTK_BOX(foot), p->back, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(foot), p->steps, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(foot), p->next, FALSE, FALSE, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(foot), "env-bar");
  g_signal_connect(p->steps, "changed", G_CALLBACK(step_chosen), p);
  return foot;
}

static void
pane_free(GtkWidget *box, struct pane *p)
{
  g_signal_handlers_disconnect_by_data(p->session, p);
  g_object_set_data(G_OBJECT(p->scrolled), "lesson-pane", NULL);
  g_object_unref(p->session);
  g_free(p);
}

GtkWidget *
lesson_pane_new(Session *session)
{
  struct pane *p = g_new0(struct pane, 1);
  p->session = g_object_ref(session);
  p->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  p->page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 10);
  g_object_set(p->page, "margin-start", 16, "margin-end", 16, "margin-top", 12, "margin-bottom", 16,
               NULL);
  p->scrolled = gtk_scrolled_window_new(NULL, NULL);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(p->scrolled), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_container_add(GTK_CONTAINER(p->scrolled), p->page);
  g_object_set_data(G_OBJECT(p->scrolled), "lesson-pane", p);
  gtk_style_context_add_class(gtk_widget_get_style_context(p->box), "env-paper");
  p->foot = make_foot(p);
  gtk_box_pack_start(GTK_BOX(p->box), p->scrolled, TRUE, TRUE, 0);
  p->elsewhere = gtk_button_new_with_label("");
  g_object_set(p->elsewhere, "margin-start", 10, "margin-end", 10, "margin-bottom", 6, NULL);
  g_signal_connect(p->elsewhere, "clicked", G_CALLBACK(go_to_offered), p);
  gtk_box_pack_start(GTK_BOX(p->box), p->elsewhere, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(p->box), p->foot, FALSE, FALSE, 0);
  gtk_widget_show_all(p->box);
  gtk_widget_set_no_show_all(p->elsewhere, TRUE);
  gtk_widget_set_no_show_all(p->foot, TRUE);
  g_signal_connect(p->box, "destroy", G_CALLBACK(pane_free), p);
  g_signal_connect(session, "loaded", G_CALLBACK(fill), p);
  g_signal_connect(session, "lesson-changed", G_CALLBACK(fill), p);
  g_signal_connect(session, "look-changed", G_CALLBACK(fill), p);
  g_signal_connect(session, "selection-changed", G_CALLBACK(offer_step), p);
  g_signal_connect(session, "playing-changed", G_CALLBACK(offer_step), p);
  fill(session, p);
  return p->box;
}
