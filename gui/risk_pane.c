/* SPDX-License-Identifier: GPL-3.0-or-later */
/* risk_pane.c -- logins and findings of what is shown.
 *
 *   2 logins can be read; 3 findings                        (in a run: this is a simulation …)
 *   ┌ list ────────────────────────┐ ┌ detail ──────────────────────────────┐
 *   │ ◆ critical  Password in the… │ │ what happened, who, secret [Reveal]  │
 *   │ ● login     alice  accepted  │ │ explanation, what to do, references  │
 *   └──────────────────────────────┘ └─ frames as links ────────────────────┘
 *
 * A severity is a word and a shape, never a colour alone. A secret stays masked until its own
 * button is pressed. Text from the wire is made visible octet by octet (pane_text_from_octets) and
 * never interpreted as markup. */
#include "gui/risk_pane.h"

#include <string.h>

#include "capture/report/report.h"
#include "gui/flow_view.h"
#include "gui/pane.h"

/* Rows of each kind in the list; the command line's audit lists them all. */
enum { ROWS_MAX = 5000, TEXT_OCTETS_MAX = 200, USER_CHARS = 18 };
enum {
  COLUMN_IS_LOGIN,
  COLUMN_INDEX,
  COLUMN_SIGN,
  COLUMN_WORD,
  COLUMN_TITLE,
  COLUMN_USER,
  COLUMN_OUTCOME,
  COLUMN_FRAME,
  COLUMN_COLOR,
  COLUMN_SEVERITY,
  COLUMN_N
};

struct view {
  Session *session;
  GtkWidget *summary, *stack, *empty, *tree, *detail;
  GtkListStore *store;
  unsigned n_logins, n_findings; /* listed */
  GHashTable *revealed;          /* login index + 1 */
  gboolean is_own;
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "risk-pane");
}

/* ---- words ---- */

static const struct {
  const char *sign;
  struct lang_pair word;
  const char *color;
} severities[] = {
    [SEVERITY_INFO] = {"○", {"info", "ข้อมูล"}, "faint"},
    [SEVERITY_LOW] = {"●", {"low", "ต่ำ"}, "ink"},
    [SEVERITY_MEDIUM] = {"■", {"medium", "ปานกลาง"}, "server"},
    [SEVERITY_HIGH] = {"▲", {"high", "สูง"}, "risk"},
    [SEVERITY_CRITICAL] = {"◆", {"critical", "วิกฤต"}, "risk"},
};

static const char *
outcome_text(enum login_outcome outcome)
{
  switch (outcome) {
  case LOGIN_ACCEPTED:
    return lang_text("accepted", "สำเร็จ");
  case LOGIN_REJECTED:
    return lang_text("rejected", "ถูกปฏิเสธ");
  case LOGIN_REFUSED:
    return lang_text("refused before the secret was sent", "ถูกปฏิเสธก่อนที่จะส่งข้อมูลลับ");
  default:
    return lang_text("outcome not seen", "ไม่เห็นผลลัพธ์");
  }
}

static const char *
confidence_text(enum confidence confidence)
{
  switch (confidence) {
  case CONFIDENCE_HIGH:
    return lang_text("high", "สูง");
  case CONFIDENCE_MEDIUM:
    return lang_text("medium", "ปานกลาง");
  default:
    return lang_text("low", "ต่ำ");
  }
}

static char *
bytes_text(GBytes *bytes)
{
  gsize n = 0;
  const uint8_t *p = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  return pane_text_from_octets(p, n, TEXT_OCTETS_MAX);
}

/* ---- the list ---- */

static const struct findings *
findings_of(struct view *v)
{
  return trace_findings(session_trace(v->session));
}

/* What exactly was found; text from the wire. */
static char *
subject_text(const struct finding *f)
{
  return pane_text_from_octets((const uint8_t *)f->subject, strlen(f->subject), TEXT_OCTETS_MAX);
}

static void
list_finding(struct view *v, unsigned i)
{
  const struct finding *f = findings_get(findings_of(v), i);
  enum severity severity = f->severity;
  const struct login_record *login =
      f->login != UINT32_MAX ? findings_get_login(findings_of(v), f->login) : NULL;
  g_autofree char *user = login        ? bytes_text(login->user)
                          : f->subject ? subject_text(f)
                                       : g_strdup("");
  g_autofree char *title = g_strdup_printf("%s  %s", f->rule->id, lang_pick(f->rule->title));
  g_autofree char *frame =
      f->n_evidence ? g_strdup_printf("#%u", f->evidence[0].frame + 1) : g_strdup("");
  gtk_list_store_insert_with_values(
      v->store, NULL, -1, COLUMN_IS_LOGIN, FALSE, COLUMN_INDEX, i, COLUMN_SIGN,
      severities[severity].sign, COLUMN_WORD, lang_pick(severities[severity].word), COLUMN_TITLE,
      title, COLUMN_USER, user, COLUMN_OUTCOME, login ? outcome_text(f->outcome) : "", COLUMN_FRAME,
      frame, COLUMN_COLOR, severities[severity].color, COLUMN_SEVERITY, (int)severity, -1);
}

static void
list_login(struct view *v, unsigned i)
{
  const struct login_record *l = findings_get_login(findings_of(v), i);
  g_autofree char *user = bytes_text(l->user);
  g_autofree char *title =
      g_strdup_printf(lang_text("%1$s login, %2$s", "การเข้าสู่ระบบ %1$s แบบ %2$s"),
                      flow_view_app_name((uint8_t)l->app), l->mechanism);
  g_autofree char *frame = l->n_frames ? g_strdup_printf("#%u", l->frames[0] + 1) : g_strdup("");
  gtk_list_store_insert_with_values(
      v->store, NULL, -1, COLUMN_IS_LOGIN, TRUE, COLUMN_INDEX, i, COLUMN_SIGN, "•", COLUMN_WORD,
      lang_text("login", "เข้าสู่ระบบ"), COLUMN_TITLE, title, COLUMN_USER, user, COLUMN_OUTCOME,
      outcome_text(l->outcome), COLUMN_FRAME, frame, COLUMN_COLOR, "ink", COLUMN_SEVERITY, -1, -1);
}

/* Adds what is new; rows that are listed stay as they are. */
static void
list_more(struct view *v)
{
  const struct findings *f = findings_of(v);
  unsigned n_findings = f ? MIN(findings_n(f), (unsigned)ROWS_MAX) : 0;
  unsigned n_logins = f ? MIN(findings_n_logins(f), (unsigned)ROWS_MAX) : 0;
  v->is_own = TRUE;
  for (; v->n_findings < n_findings; v->n_findings++)
    list_finding(v, v->n_findings);
  for (; v->n_logins < n_logins; v->n_logins++)
    list_login(v, v->n_logins);
  v->is_own = FALSE;
}

/* ---- the summary and the empty state ---- */

static unsigned
count_tls_flows(struct trace *t)
{
  unsigned n = 0;
  uint32_t n_flows = MIN(trace_n_flows(t), 100000u);
  for (uint32_t i = 0; i < n_flows; i++)
    n += trace_flow(t, i)->has_tls;
  return n;
}

static gboolean
is_incomplete(struct view *v)
{
  struct trace_damage damage = trace_damage(session_trace(v->session));
  return session_warning(v->session) || damage.n_cut_frames > 0 || damage.n_bad_records > 0 ||
         damage.ended_early;
}

static char *
empty_text(struct view *v)
{
  struct trace *t = session_trace(v->session);
  if (trace_n_frames(t) == 0)
    return g_strdup(lang_text("Open a capture (Ctrl+O) to look for logins that others could read.",
                              "เปิดไฟล์ดักจับ (Ctrl+O) เพื่อค้นหาการเข้าสู่ระบบที่ผู้อื่นอ่านได้"));
  GString *out =
      g_string_new(session_is_loading(v->session, NULL)
                       ? lang_text("No plaintext login so far; the capture is still being read.",
                                   "ยังไม่พบการเข้าสู่ระบบแบบไม่เข้ารหัส ขณะนี้กำลังอ่านไฟล์อยู่")
                       : lang_text("No plaintext login in what was captured.",
                                   "ไม่พบการเข้าสู่ระบบแบบไม่เข้ารหัสในสิ่งที่ดักจับได้"));
  unsigned n_tls = count_tls_flows(t);
  if (n_tls > 0) {
    g_autofree char *count = pane_format_count(n_tls);
    g_string_append_printf(
        out,
        lang_text("\n\n%s conversations are encrypted by TLS: a login inside them cannot be read, "
                  "which is as it should be.",
                  "\n\nมีการสนทนา %s รายการที่เข้ารหัสด้วย TLS จึงอ่านการเข้าสู่ระบบภายในไม่ได้ ซึ่งเป็นสิ่งที่ควรเป็น"),
        count);
  }
  if (is_incomplete(v))
    g_string_append(
        out,
        lang_text("\n\nThe capture is incomplete (cut, damaged or ended early), so a login may "
                  "have been missed.",
                  "\n\nข้อมูลที่ดักจับไม่ครบถ้วน (ถูกตัด เสียหาย หรือจบก่อนเวลา) จึงอาจมีการเข้าสู่ระบบที่มองไม่เห็น"));
  return g_string_free(out, FALSE);
}

static char *
summary_text(struct view *v)
{
  const struct findings *f = findings_of(v);
  g_autofree char *logins = pane_format_count(f ? findings_n_logins(f) : 0);
  g_autofree char *found = pane_format_count(f ? findings_n(f) : 0);
  GString *out = g_string_new(NULL);
  g_string_append_printf(
      out, lang_text("Logins seen: %1$s. Findings: %2$s.", "พบการเข้าสู่ระบบ %1$s ครั้ง ข้อค้นพบ %2$s ข้อ"),
      logins, found);
  if (session_run(v->session))
    g_string_append(out,
                    lang_text(" This is a simulation: nobody is at risk, so severities are two "
                              "steps lower than on a real network.",
                              " นี่คือการจำลอง ไม่มีใครเสี่ยงจริง ระดับความรุนแรงจึงต่ำกว่าเครือข่ายจริงสองขั้น"));
  if (f && (findings_n(f) > ROWS_MAX || findings_n_logins(f) > ROWS_MAX)) {
    g_autofree char *max = pane_format_count(ROWS_MAX);
    g_string_append_printf(
        out, lang_text(" The first %s of each are listed.", " แสดงเพียง %s รายการแรกของแต่ละประเภท"),
        max);
  }
  if (is_incomplete(v))
    g_string_append(out,
                    lang_text(" The capture is incomplete: more may have happened than is listed.",
                              " ข้อมูลที่ดักจับไม่ครบถ้วน อาจมีเหตุการณ์มากกว่าที่แสดง"));
  return g_string_free(out, FALSE);
}

/* ---- detail ---- */

static GtkWidget *
add_text(struct view *v, const char *css_class, const char *string)
{
  GtkWidget *label = pane_label(css_class, TRUE);
  gtk_label_set_text(GTK_LABEL(label), string);
  gtk_box_pack_start(GTK_BOX(v->detail), label, FALSE, FALSE, 0);
  return label;
}

static void
add_pair(struct view *v, const char *name, const char *value)
{
  if (!value || !*value)
    return;
  g_autofree char *line = g_strdup_printf("%s: %s", name, value);
  add_text(v, NULL, line);
}

static void
on_frame_link(GtkButton *button, struct view *v)
{
  uint32_t frame = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "frame")) - 1;
  uint32_t octet = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "octet"));
  session_select_frame(v->session, frame);
  if (octet > 0)
    session_select_octet(v->session, 0, octet);
}

static void
add_frame_link(struct view *v, GtkWidget *box, uint32_t frame, uint32_t first_octet, uint32_t n)
{
  g_autofree char *octets =
      n ? g_strdup_printf(lang_text(", octets %1$u–%2$u", " ออกเตต %1$u–%2$u"), first_octet,
                          first_octet + n - 1)
        : g_strdup("");
  g_autofree char *label =
      g_strdup_printf(lang_text("Frame %1$u%2$s", "เฟรม %1$u%2$s"), frame + 1, octets);
  GtkWidget *button = gtk_button_new_with_label(label);
  gtk_style_context_add_class(gtk_widget_get_style_context(button), "env-link");
  gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
  g_object_set_data(G_OBJECT(button), "frame", GUINT_TO_POINTER(frame + 1));
  g_object_set_data(G_OBJECT(button), "octet", GUINT_TO_POINTER(first_octet));
  g_signal_connect(button, "clicked", G_CALLBACK(on_frame_link), v);
  gtk_widget_set_halign(button, GTK_ALIGN_START);
  gtk_container_add(GTK_CONTAINER(box), button);
}

static GtkWidget *
add_links_box(struct view *v)
{
  GtkWidget *box = gtk_flow_box_new();
  gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(box), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(box), 8);
  gtk_widget_set_halign(box, GTK_ALIGN_START);
  gtk_box_pack_start(GTK_BOX(v->detail), box, FALSE, FALSE, 0);
  return box;
}

static const char *
secret_name(enum secret_kind kind)
{
  switch (kind) {
  case SECRET_DIGEST:
    return lang_text("Digest", "ค่าย่อย (digest)");
  case SECRET_TOKEN:
    return lang_text("Token", "โทเคน");
  default:
    return lang_text("Password", "รหัสผ่าน");
  }
}

static void
show_secret(GtkWidget *label, const struct login_record *l, gboolean shown)
{
  g_autofree char *secret = shown ? bytes_text(l->secret) : g_strdup(SECRET_MASK);
  g_autofree char *text = g_strdup_printf("%s: %s", secret_name(l->secret_kind), secret);
  gtk_label_set_text(GTK_LABEL(label), text);
}

static void
name_reveal(GtkToggleButton *button)
{
  gtk_button_set_label(GTK_BUTTON(button), gtk_toggle_button_get_active(button)
                                               ? lang_text("Hide", "ซ่อน")
                                               : lang_text("Reveal this one", "แสดงเฉพาะรายการนี้"));
}

static void
on_reveal(GtkToggleButton *button, struct view *v)
{
  gpointer key = g_object_get_data(G_OBJECT(button), "login");
  gboolean shown = gtk_toggle_button_get_active(button);
  if (shown)
    g_hash_table_add(v->revealed, key);
  else
    g_hash_table_remove(v->revealed, key);
  show_secret(g_object_get_data(G_OBJECT(button), "label"),
              findings_get_login(findings_of(v), GPOINTER_TO_UINT(key) - 1), shown);
  name_reveal(button);
}

static void
add_secret(struct view *v, unsigned index, const struct login_record *l)
{
  gpointer key = GUINT_TO_POINTER(index + 1);
  if (l->secret_kind == SECRET_NONE || !l->secret)
    return;
  gboolean shown = session_reveal(v->session) || g_hash_table_contains(v->revealed, key);
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *label = pane_label(NULL, TRUE);
  show_secret(label, l, shown);
  gtk_box_pack_start(GTK_BOX(line), label, FALSE, FALSE, 0);
  if (!session_reveal(v->session)) {
    GtkWidget *button = gtk_toggle_button_new_with_label("");
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), shown);
    name_reveal(GTK_TOGGLE_BUTTON(button));
    g_object_set_data(G_OBJECT(button), "login", key);
    g_object_set_data(G_OBJECT(button), "label", label);
    g_signal_connect(button, "toggled", G_CALLBACK(on_reveal), v);
    gtk_box_pack_start(GTK_BOX(line), button, FALSE, FALSE, 0);
  }
  gtk_box_pack_start(GTK_BOX(v->detail), line, FALSE, FALSE, 0);
}

static void
add_where(struct view *v, const struct finding_flow *where)
{
  g_autofree char *client = flow_view_end_name(v->session, where->flow, SIDE_CLIENT);
  g_autofree char *server = flow_view_end_name(v->session, where->flow, SIDE_SERVER);
  g_autofree char *text = g_strdup_printf(lang_text("Client %1$s, server %2$s, TCP stream %3$u",
                                                    "ไคลเอนต์ %1$s เซิร์ฟเวอร์ %2$s สตรีม TCP ที่ %3$u"),
                                          client, server, where->stream);
  add_text(v, NULL, text);
}

static void
add_login(struct view *v, unsigned index)
{
  const struct login_record *l = findings_get_login(findings_of(v), index);
  g_autofree char *user = bytes_text(l->user);
  add_pair(v, lang_text("Protocol", "โปรโตคอล"), flow_view_app_name((uint8_t)l->app));
  add_pair(v, lang_text("Mechanism", "กลไก"), l->mechanism);
  add_pair(v, lang_text("User", "ผู้ใช้"), *user ? user : lang_text("(empty)", "(ว่าง)"));
  add_secret(v, index, l);
  add_pair(v, lang_text("Outcome", "ผลลัพธ์"), outcome_text(l->outcome));
  add_pair(v, lang_text("Confidence", "ความเชื่อมั่น"), confidence_text(l->confidence));
  if (l->encrypted)
    add_pair(v, "TLS", lang_text("inside; opened with a key log", "อยู่ภายใน เปิดได้ด้วยบันทึกกุญแจ"));
  GtkWidget *links = add_links_box(v);
  for (unsigned i = 0; i < l->n_frames; i++)
    add_frame_link(v, links, l->frames[i], 0, 0);
}

static void
add_references(struct view *v, const struct finding_rule *rule)
{
  const char *const *const lists[] = {rule->rfc, rule->cwe, rule->attack};
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
    for (const char *const *item = lists[i]; item && *item; item++)
      g_string_append_printf(out, "%s%s%s", out->len ? ", " : "",
                             lists[i] == rule->attack ? "ATT&CK " : "", *item);
  add_pair(v, lang_text("References", "อ้างอิง"), out->str);
  g_string_free(out, TRUE);
}

static void
add_finding(struct view *v, unsigned index)
{
  const struct finding *f = findings_get(findings_of(v), index);
  enum severity severity = f->severity;
  add_text(v, "env-title", lang_pick(f->rule->title));
  bool is_lowered = findings_are_simulated(findings_of(v)) || finding_is_local(&f->where);
  g_autofree char *word =
      !is_lowered || f->severity == f->rule->severity
          ? g_strdup_printf("%s %s · %s", severities[severity].sign,
                            lang_pick(severities[severity].word), f->rule->id)
          : g_strdup_printf(lang_text("%1$s %2$s here, %3$s on a real network · %4$s",
                                      "%1$s ที่นี่ระดับ%2$s บนเครือข่ายจริงระดับ%3$s · %4$s"),
                            severities[severity].sign, lang_pick(severities[severity].word),
                            lang_pick(severities[f->rule->severity].word), f->rule->id);
  add_text(v, severity >= SEVERITY_HIGH ? "env-risk" : "env-heading", word);
  add_where(v, &f->where);
  if (f->subject) {
    g_autofree char *subject = subject_text(f);
    add_pair(v, lang_text("What was seen", "สิ่งที่พบ"), subject);
  }
  g_autofree char *times = report_times_text(f);
  if (times)
    add_pair(v, lang_text("How often", "จำนวนครั้ง"), times);
  if (f->n_streams > 1) {
    g_autofree char *n_streams = pane_format_count(f->n_streams);
    add_pair(v, lang_text("Conversations", "จำนวนบทสนทนา"), n_streams);
  }
  add_text(v, "env-heading", lang_text("What it means", "หมายความว่าอย่างไร"));
  add_text(v, NULL, lang_pick(f->rule->explanation));
  add_text(v, "env-heading", lang_text("What to do", "ควรทำอย่างไร"));
  add_text(v, NULL, lang_pick(f->rule->remediation));
  add_text(v, "env-heading", lang_text("Evidence", "หลักฐาน"));
  GtkWidget *links = add_links_box(v);
  for (unsigned i = 0; i < f->n_evidence; i++)
    add_frame_link(v, links, f->evidence[i].frame, f->evidence[i].first_octet,
                   f->evidence[i].n_octets);
  if (f->login != UINT32_MAX) {
    add_text(v, "env-heading", lang_text("The login", "การเข้าสู่ระบบ"));
    add_login(v, f->login);
  }
  add_references(v, f->rule);
}

static gboolean
selected_row(struct view *v, gboolean *is_login, guint *index)
{
  GtkTreeIter iter;
  GtkTreeSelection *selection = gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree));
  if (!gtk_tree_selection_get_selected(selection, NULL, &iter))
    return FALSE;
  gtk_tree_model_get(GTK_TREE_MODEL(v->store), &iter, COLUMN_IS_LOGIN, is_login, COLUMN_INDEX,
                     index, -1);
  return TRUE;
}

static void
show_detail(struct view *v)
{
  gboolean is_login;
  guint index;
  pane_clear(v->detail);
  if (!selected_row(v, &is_login, &index)) {
    add_text(v, "env-faint",
             lang_text("Select a row to read what it means and what to do.",
                       "เลือกแถวเพื่ออ่านความหมายและสิ่งที่ควรทำ"));
  } else if (is_login) {
    const struct login_record *l = findings_get_login(findings_of(v), index);
    add_text(v, "env-title", lang_text("Login seen on the wire", "การเข้าสู่ระบบที่เห็นบนสาย"));
    add_where(v, &l->where);
    add_login(v, index);
  } else {
    add_finding(v, index);
  }
  gtk_widget_show_all(v->detail);
}

static void
on_selected(GtkTreeSelection *selection, struct view *v)
{
  gboolean is_login;
  guint index;
  if (v->is_own)
    return;
  show_detail(v);
  if (!selected_row(v, &is_login, &index))
    return;
  const struct findings *f = findings_of(v);
  if (is_login && findings_get_login(f, index)->n_frames > 0)
    session_select_frame(v->session, findings_get_login(f, index)->frames[0]);
  else if (!is_login && findings_get(f, index)->n_evidence > 0)
    session_select_frame(v->session, findings_get(f, index)->evidence[0].frame);
}

/* ---- the whole ---- */

static void
name_columns(struct view *v)
{
  const char *const names[] = {"",
                               lang_text("Severity", "ความรุนแรง"),
                               lang_text("What", "เรื่อง"),
                               lang_text("User, detail", "ผู้ใช้ รายละเอียด"),
                               lang_text("Outcome", "ผลลัพธ์"),
                               lang_text("Frame", "เฟรม")};
  for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
    gtk_tree_view_column_set_title(gtk_tree_view_get_column(GTK_TREE_VIEW(v->tree), i), names[i]);
  pane_set_accessible(v->tree, lang_text("Findings and logins", "ข้อค้นพบและการเข้าสู่ระบบ"), NULL);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  if (news & PANE_LOADED)
    g_hash_table_remove_all(v->revealed);
  if (news & (PANE_LOADED | PANE_LOOK)) {
    gboolean is_login, had = selected_row(v, &is_login, &(guint){0});
    GtkTreeIter iter;
    g_autoptr(GtkTreePath) path = NULL;
    if (had && !(news & PANE_LOADED) &&
        gtk_tree_selection_get_selected(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), NULL,
                                        &iter))
      path = gtk_tree_model_get_path(GTK_TREE_MODEL(v->store), &iter);
    v->is_own = TRUE;
    gtk_list_store_clear(v->store);
    v->n_logins = v->n_findings = 0;
    list_more(v);
    v->is_own = TRUE;
    if (path)
      gtk_tree_selection_select_path(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), path);
    else if (v->n_findings + v->n_logins > 0)
      gtk_tree_selection_select_path(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)),
                                     path = gtk_tree_path_new_first());
    v->is_own = FALSE;
    name_columns(v);
    show_detail(v);
  } else {
    gboolean was_empty = v->n_findings + v->n_logins == 0;
    list_more(v);
    if (was_empty && v->n_findings + v->n_logins > 0) {
      g_autoptr(GtkTreePath) first = gtk_tree_path_new_first();
      v->is_own = TRUE;
      gtk_tree_selection_select_path(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), first);
      v->is_own = FALSE;
      show_detail(v);
    }
  }
  g_autofree char *summary = summary_text(v);
  g_autofree char *empty = empty_text(v);
  gtk_label_set_text(GTK_LABEL(v->summary), summary);
  gtk_label_set_text(GTK_LABEL(v->empty), empty);
  gtk_stack_set_visible_child_name(GTK_STACK(v->stack),
                                   v->n_findings + v->n_logins > 0 ? "list" : "empty");
}

static void
paint_severity(GtkTreeViewColumn *column, GtkCellRenderer *cell, GtkTreeModel *model,
               GtkTreeIter *iter, gpointer data)
{
  struct view *v = data;
  g_autofree char *color = NULL;
  gtk_tree_model_get(model, iter, COLUMN_COLOR, &color, -1);
  GdkRGBA rgba = style_color(v->tree, color ? color : "ink");
  g_object_set(cell, "foreground-rgba", &rgba, NULL);
}

static void
view_free(gpointer data)
{
  struct view *v = data;
  g_object_unref(v->session);
  g_object_unref(v->store);
  g_hash_table_unref(v->revealed);
  g_free(v);
}

/* The worst first, logins (-1) behind; else in the order in which they were found. */
static int
by_severity(GtkTreeModel *model, GtkTreeIter *a, GtkTreeIter *b, gpointer data)
{
  int severity_a, severity_b;
  guint index_a, index_b;
  gtk_tree_model_get(model, a, COLUMN_SEVERITY, &severity_a, COLUMN_INDEX, &index_a, -1);
  gtk_tree_model_get(model, b, COLUMN_SEVERITY, &severity_b, COLUMN_INDEX, &index_b, -1);
  if (severity_a != severity_b)
    return severity_a > severity_b ? -1 : 1;
  return index_a < index_b ? -1 : index_a > index_b;
}

static GtkWidget *
make_list(struct view *v)
{
  v->store = gtk_list_store_new(COLUMN_N, G_TYPE_BOOLEAN, G_TYPE_UINT, G_TYPE_STRING, G_TYPE_STRING,
                                G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING,
                                G_TYPE_STRING, G_TYPE_INT);
  gtk_tree_sortable_set_default_sort_func(GTK_TREE_SORTABLE(v->store), by_severity, NULL, NULL);
  gtk_tree_sortable_set_sort_column_id(
      GTK_TREE_SORTABLE(v->store), GTK_TREE_SORTABLE_DEFAULT_SORT_COLUMN_ID, GTK_SORT_ASCENDING);
  v->tree = gtk_tree_view_new_with_model(GTK_TREE_MODEL(v->store));
  gtk_style_context_add_class(gtk_widget_get_style_context(v->tree), "env-paper");
  gtk_tree_view_set_search_column(GTK_TREE_VIEW(v->tree), COLUMN_USER);
  for (int c = COLUMN_SIGN; c <= COLUMN_FRAME; c++) {
    GtkCellRenderer *cell = gtk_cell_renderer_text_new();
    GtkTreeViewColumn *column = gtk_tree_view_column_new_with_attributes("", cell, "text", c, NULL);
    gtk_tree_view_column_set_resizable(column, TRUE);
    g_object_set(cell, "single-paragraph-mode", TRUE, NULL);
    if (c == COLUMN_SIGN || c == COLUMN_WORD)
      gtk_tree_view_column_set_cell_data_func(column, cell, paint_severity, v, NULL);
    if (c == COLUMN_TITLE) {
      gtk_tree_view_column_set_expand(column, TRUE);
      g_object_set(cell, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
    }
    if (c == COLUMN_USER) /* a greeting may be long; the detail shows it whole */
      g_object_set(cell, "ellipsize", PANGO_ELLIPSIZE_END, "width-chars", USER_CHARS, NULL);
    gtk_tree_view_append_column(GTK_TREE_VIEW(v->tree), column);
  }
  g_signal_connect(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), "changed",
                   G_CALLBACK(on_selected), v);
  return pane_scrolled(v->tree);
}

/* Narrower than this, list and detail stand one above the other. */
enum { SIDE_BY_SIDE_WIDTH = 640 };

/* Half for the list side by side, two fifths above the detail; in thousandths. */
enum { SHARE_BESIDE = 500, SHARE_ABOVE = 400 };

/* Where the divider belongs in a place of this size. */
static int
paned_share(int width, int height)
{
  return width >= SIDE_BY_SIDE_WIDTH ? width * SHARE_BESIDE / 1000 : height * SHARE_ABOVE / 1000;
}

/* Called behind an allocation and before the next drawing. */
static gboolean
turn_paned(gpointer paned)
{
  int width = gtk_widget_get_allocated_width(paned);
  gtk_orientable_set_orientation(paned, width >= SIDE_BY_SIDE_WIDTH ? GTK_ORIENTATION_HORIZONTAL
                                                                    : GTK_ORIENTATION_VERTICAL);
  gtk_paned_set_position(paned, paned_share(width, gtk_widget_get_allocated_height(paned)));
  return G_SOURCE_REMOVE;
}

static gboolean
on_paned_released(GtkWidget *paned, GdkEventButton *event, gpointer data)
{
  g_object_set_data(G_OBJECT(paned), "dragged", GINT_TO_POINTER(TRUE));
  return GDK_EVENT_PROPAGATE;
}

/* While a window finds its size, GTK allocates several sizes and moves the divider at each; it is
 * put back until it stays. A divider that was dragged is left alone, unless beside and above
 * change. The tries are bounded, because a minimum width may not let it stay. */
static void
on_paned_size(GtkWidget *paned, GtkAllocation *allocation, gpointer data)
{
  enum { TRIES_MAX = 8 };
  GObject *o = G_OBJECT(paned);
  gboolean wide = allocation->width >= SIDE_BY_SIDE_WIDTH;
  gboolean turns =
      wide != (gtk_orientable_get_orientation(GTK_ORIENTABLE(paned)) == GTK_ORIENTATION_HORIZONTAL);
  int off =
      gtk_paned_get_position(GTK_PANED(paned)) - paned_share(allocation->width, allocation->height);
  int tries = GPOINTER_TO_INT(g_object_get_data(o, "tries"));
  if (!turns && (g_object_get_data(o, "dragged") || ABS(off) <= 1 || tries >= TRIES_MAX)) {
    g_object_set_data(o, "tries", GINT_TO_POINTER(ABS(off) <= 1 ? 0 : tries));
    return;
  }
  g_object_set_data(o, "tries", GINT_TO_POINTER(tries + 1));
  g_idle_add_full(GTK_PRIORITY_RESIZE + 5, turn_paned, g_object_ref(paned), g_object_unref);
}

GtkWidget *
risk_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->revealed = g_hash_table_new(NULL, NULL);
  g_object_set_data_full(G_OBJECT(pane), "risk-pane", v, view_free);
  v->summary = pane_label("env-message", FALSE);
  g_object_set(v->summary, "margin", 6, NULL);
  gtk_box_pack_start(GTK_BOX(pane), v->summary, FALSE, FALSE, 0);
  v->stack = gtk_stack_new();
  gtk_stack_set_hhomogeneous(GTK_STACK(v->stack), FALSE);
  GtkWidget *paned = gtk_paned_new(GTK_ORIENTATION_HORIZONTAL);
  v->detail = gtk_box_new(GTK_ORIENTATION_VERTICAL, 5);
  gtk_container_set_border_width(GTK_CONTAINER(v->detail), 10);
  GtkWidget *paper = gtk_event_box_new();
  gtk_style_context_add_class(gtk_widget_get_style_context(paper), "env-paper");
  gtk_container_add(GTK_CONTAINER(paper), v->detail);
  GtkWidget *right = pane_scrolled(paper);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(right), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_widget_set_size_request(right, 120, 60);
  GtkWidget *list = make_list(v);
  gtk_widget_set_size_request(list, 120, 60);
  g_signal_connect(paned, "size-allocate", G_CALLBACK(on_paned_size), NULL);
  g_signal_connect(paned, "button-release-event", G_CALLBACK(on_paned_released), NULL);
  gtk_paned_pack1(GTK_PANED(paned), list, TRUE, FALSE);
  gtk_paned_pack2(GTK_PANED(paned), right, TRUE, FALSE);
  gtk_stack_add_named(GTK_STACK(v->stack), paned, "list");
  v->empty = pane_label("env-empty", FALSE);
  g_object_set(v->empty, "margin", 20, "yalign", 0.0, NULL);
  gtk_stack_add_named(GTK_STACK(v->stack), v->empty, "empty");
  gtk_box_pack_start(GTK_BOX(pane), v->stack, TRUE, TRUE, 0);
  pane_attach(pane, session, PANE_LOADED | PANE_FRAMES | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
