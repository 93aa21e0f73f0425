/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-widgets.c -- the window and its views in this process: every perspective with a run, then a
 * capture, in both languages; what assistive technology sees of the drawings; settings. GLib makes
 * every warning and critical of GTK fatal here. */
#include <glib/gstdio.h>
#include <string.h>

#include "gui/history.h"
#include "gui/hosts.h"
#include "gui/lesson_list.h"
#include "gui/pane.h"
#include "gui/sentence.h"
#include "gui/settings.h"
#include "gui/style.h"
#include "gui/window.h"
#include "lessons/run.h"

static GtkApplication *application;

static void
settle(void)
{
  for (int i = 0; i < 200000 && g_main_context_iteration(NULL, FALSE); i++)
    ;
}

/* A few frames of the screen, so that views lay themselves out and draw. */
static void
draw(struct window *w)
{
  for (int i = 0; i < 4; i++) {
    gtk_widget_queue_draw(window_widget(w));
    gint64 until = g_get_monotonic_time() + 40 * 1000;
    while (g_get_monotonic_time() < until)
      g_main_context_iteration(NULL, FALSE);
  }
}

static struct window *
open_window(const char *what)
{
  lang_set(LANG_EN);
  Session *session = session_new();
  style_install(session);
  struct window *w = window_new(application, session, settings_new(NULL));
  g_autofree char *message = NULL;
  if (!window_open(w, what, &message))
    g_error("%s", message);
  for (int i = 0; i < 100000 && session_is_loading(session, NULL); i++)
    g_main_context_iteration(NULL, FALSE);
  settle();
  return w;
}

static void
close_window(struct window *w)
{
  gtk_widget_destroy(window_widget(w));
  settle();
  lang_set(LANG_EN);
}

static void
test_every_perspective(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  for (int i = 0; i < N_PERSPECTIVES; i++) {
    window_set_perspective(w, (enum perspective)i);
    g_assert_cmpint(window_perspective(w), ==, i);
    session_select_frame(s, 10 + (uint32_t)i);
    draw(w);
  }
  for (int v = 0; v < N_VIEWS; v++) {
    if (v == VIEW_FILTER)
      continue;
    perspectives_present(window_perspectives(w), (enum view)v);
    draw(w);
    g_assert_true(gtk_widget_get_mapped(perspectives_view(window_perspectives(w), (enum view)v)));
  }
  close_window(w);
}

static void
test_looks(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  session_select_frame(s, 20);
  session_set_language(s, LANG_TH);
  draw(w);
  session_set_dark(s, TRUE);
  draw(w);
  session_set_projector(s, TRUE);
  draw(w);
  session_set_zoom(s, 1.5);
  draw(w);
  session_set_projector(s, FALSE);
  session_set_dark(s, FALSE);
  session_set_zoom(s, 1);
  draw(w);
  close_window(w);
}

static void
test_message_keeps_what_is_shown(void)
{
  struct window *w = open_window("mail-journey");
  struct run *run = session_run(window_session(w));
  g_autofree char *message = NULL;
  g_assert_false(window_open(w, "/no/such/file.pcap", &message));
  g_assert_nonnull(strstr(message, "/no/such/file.pcap"));
  g_assert_true(session_run(window_session(w)) == run);
  close_window(w);
}

/* A canvas may lie inside a box: the first descendant that has items. */
static AtkObject *
find_items(AtkObject *a)
{
  if (atk_object_get_role(a) == ATK_ROLE_LIST)
    return a;
  AtkObject *found = NULL;
  for (int i = 0; i < atk_object_get_n_accessible_children(a) && !found; i++) {
    AtkObject *child = atk_object_ref_accessible_child(a, i);
    found = find_items(child);
    g_object_unref(child);
  }
  return found;
}

static void
test_topology_is_accessible(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  window_set_perspective(w, PERSPECTIVE_LEARN);
  draw(w);
  AtkObject *a = find_items(
      gtk_widget_get_accessible(perspectives_view(window_perspectives(w), VIEW_TOPOLOGY)));
  g_assert_cmpint(atk_object_get_n_accessible_children(a), ==, (int)run_n_hosts(session_run(s)));
  for (uint32_t i = 0; i < run_n_hosts(session_run(s)); i++) {
    AtkObject *host = atk_object_ref_accessible_child(a, (int)i);
    g_assert_nonnull(strstr(atk_object_get_name(host), run_host(session_run(s), i).title_en));
    g_assert_true(atk_action_do_action(ATK_ACTION(host), 0));
    g_assert_cmpuint(session_host(s), ==, i);
    g_object_unref(host);
  }
  session_select_frame(s, 5);
  g_assert_nonnull(strstr(atk_object_get_description(a), "Frame 6 of"));
  close_window(w);
}

static void
test_ladder_is_accessible(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  window_set_perspective(w, PERSPECTIVE_LEARN);
  session_select_frame(s, 3);
  draw(w);
  AtkObject *a =
      find_items(gtk_widget_get_accessible(perspectives_view(window_perspectives(w), VIEW_LADDER)));
  g_assert_cmpint(atk_object_get_n_accessible_children(a), >, 2);
  AtkObject *row = atk_object_ref_accessible_child(a, 1);
  g_assert_true(atk_action_do_action(ATK_ACTION(row), 0));
  g_autofree char *begins = g_strdup_printf("%u, ", session_frame(s) + 1);
  g_assert_true(g_str_has_prefix(atk_object_get_name(row), begins));
  g_object_unref(row);
  close_window(w);
}

static void
test_hosts_of_run(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  struct hosts *h = hosts_of(s);
  g_assert_cmpuint(hosts_n(h), ==, run_n_hosts(session_run(s)));
  g_assert_cmpuint(hosts_n_lines(h), ==, run_n_links(session_run(s)));
  for (uint32_t i = 0; i < trace_n_frames(session_trace(s)); i++) {
    const struct trace_frame f = trace_frame(session_trace(s), i);
    struct host_way way = hosts_way(h, i);
    g_assert_cmpuint(way.from, !=, SESSION_NONE);
    if (f.flow == TRACE_NONE)
      continue;
    char text[ADDR_TEXT_MAX]; /* what the address says is what the flights say */
    const struct trace_flow *flow = trace_flow(session_trace(s), f.flow);
    g_assert_cmpstr(hosts_get(h, way.from)->address, ==,
                    ip_addr_format(&flow->ends[f.direction].addr, text));
    g_assert_cmpstr(hosts_get(h, way.to)->address, ==,
                    ip_addr_format(&flow->ends[1 - f.direction].addr, text));
  }
  close_window(w);
}

static void
test_history(void)
{
  struct window *w = open_window("mail-journey");
  Session *s = window_session(w);
  session_select_frame(s, 4);
  session_select_frame(s, 40);
  session_select_frame(s, 9);
  history_go(s, -1);
  g_assert_cmpuint(session_frame(s), ==, 40);
  history_go(s, -1);
  history_go(s, -1); /* no further than the first */
  g_assert_cmpuint(session_frame(s), ==, 4);
  history_go(s, 1);
  g_assert_cmpuint(session_frame(s), ==, 40);
  session_select_frame(s, 2); /* a new way: what lay ahead is gone */
  history_go(s, 1);
  g_assert_cmpuint(session_frame(s), ==, 2);
  close_window(w);
}

static void
test_settings(void)
{
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "sub", "window.ini", NULL);
  g_autofree char *sub = g_build_filename(folder, "sub", NULL);
  struct settings *s = settings_new(path);
  g_assert_cmpint(settings_int(s, "width", 7), ==, 7);
  settings_set_int(s, "width", 1234);
  settings_set_text(s, "language", "th");
  settings_set_bool(s, "dark", TRUE);
  settings_save(s);
  settings_free(s);
  s = settings_new(path);
  g_autofree char *language = settings_text(s, "language");
  g_assert_cmpint(settings_int(s, "width", 7), ==, 1234);
  g_assert_cmpstr(language, ==, "th");
  g_assert_true(settings_bool(s, "dark", FALSE));
  settings_free(s);
  g_unlink(path);
  g_rmdir(sub);
  g_rmdir(folder);
}

/* A capture with frames of any shape from outside the project. */
static void
test_corpus_captures(void)
{
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  if (!corpus) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  g_autofree char *folder = g_build_filename(corpus, "real", NULL);
  GDir *dir = g_dir_open(folder, 0, NULL);
  g_assert_nonnull(dir);
  struct window *w = open_window("mail-journey");
  const char *name;
  unsigned opened = 0;
  while ((name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (!g_str_has_suffix(name, ".pcap") && !g_str_has_suffix(name, ".pcapng"))
      continue;
    g_assert_true(window_open(w, path, NULL));
    while (session_is_loading(window_session(w), NULL))
      g_main_context_iteration(NULL, FALSE);
    window_set_perspective(w, (enum perspective)(opened % N_PERSPECTIVES));
    session_set_time(window_session(w), session_end_time(window_session(w)) / 2);
    draw(w);
    opened++;
  }
  g_assert_cmpuint(opened, >, 5);
  g_dir_close(dir);
  close_window(w);
}

/* ---- the list of lessons and scenarios ---- */

static char *picked_id;

static void
take_picked(const char *id, gpointer data)
{
  g_free(picked_id);
  picked_id = g_strdup(id);
}

static GtkWidget *
find_child(GtkWidget *root, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE(root, type))
    return root;
  if (!GTK_IS_CONTAINER(root))
    return NULL;
  g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(root));
  for (GList *at = children; at; at = at->next) {
    GtkWidget *found = find_child(at->data, type);
    if (found)
      return found;
  }
  return NULL;
}

static unsigned
count_shown(GtkWidget *list)
{
  unsigned n = 0;
  GtkListBoxRow *row;
  for (int i = 0; (row = gtk_list_box_get_row_at_index(GTK_LIST_BOX(list), i)); i++)
    n += gtk_widget_get_child_visible(GTK_WIDGET(row));
  return n;
}

/* Words of either language narrow the list, whatever the window's; Enter opens the first that fits.
 */
static void
test_lesson_list(void)
{
  lang_set(LANG_EN);
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  GtkWidget *box = lesson_list_new(take_picked, NULL);
  gtk_container_add(GTK_CONTAINER(window), box);
  gtk_widget_show_all(window);
  settle();
  GtkWidget *entry = find_child(box, GTK_TYPE_SEARCH_ENTRY);
  GtkWidget *list = find_child(box, GTK_TYPE_LIST_BOX);
  g_autoptr(GPtrArray) all = run_list(NULL);
  g_assert_cmpuint(count_shown(list), ==, all->len);
  static const struct {
    const char *typed, *first;
  } cases[] = {{"How MAIL", "01-how-mail-works"},
               {"ARP: from", "arp"},
               {"จดหมายหนึ่งฉบับจากอลิซถึงบ็อบ", "mail-journey"},
               {"tcp-zero", "tcp-zero-window"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    gtk_entry_set_text(GTK_ENTRY(entry), cases[i].typed);
    g_signal_emit_by_name(entry, "activate");
    settle();
    g_assert_cmpstr(picked_id, ==, cases[i].first);
    g_assert_cmpuint(count_shown(list), <, all->len);
  }
  g_clear_pointer(&picked_id, g_free);
  gtk_entry_set_text(GTK_ENTRY(entry), "no such thing");
  g_signal_emit_by_name(entry, "activate");
  settle();
  g_assert_cmpuint(count_shown(list), ==, 0);
  g_assert_null(picked_id);
  gtk_entry_set_text(GTK_ENTRY(entry), "");
  g_signal_emit_by_name(entry, "search-changed");
  settle();
  g_assert_cmpuint(count_shown(list), ==, all->len);
  gtk_widget_destroy(window);
  settle();
}

/* ---- the log of a run ---- */

/* The kinds narrow the list, words narrow it further, and a row puts the cursor at its time. */
static void
test_log(void)
{
  struct window *w = open_window("sniffer-clear");
  Session *s = window_session(w);
  perspectives_present(window_perspectives(w), VIEW_EVENTS);
  draw(w);
  GtkWidget *pane = perspectives_view(window_perspectives(w), VIEW_EVENTS);
  pane_flush(pane);
  GtkWidget *tree = find_child(pane, GTK_TYPE_TREE_VIEW);
  GtkWidget *chooser = find_child(pane, GTK_TYPE_COMBO_BOX);
  GtkWidget *entry = find_child(pane, GTK_TYPE_SEARCH_ENTRY);
  size_t n, n_sniffed = 0, n_passwords = 0;
  const struct run_event *events = run_events(session_run(s), &n), *password = NULL;
  for (size_t i = 0; i < n; i++) {
    if (!g_str_has_prefix(events[i].subject, "sniffer "))
      continue;
    n_sniffed++;
    if (g_str_has_prefix(events[i].value, "password: ") && !n_passwords++)
      password = &events[i];
  }
  g_assert_cmpuint(n_passwords, >, 0);
  gtk_combo_box_set_active(GTK_COMBO_BOX(chooser), 2); /* attackers */
  draw(w);
  GtkTreeModel *model = gtk_tree_view_get_model(GTK_TREE_VIEW(tree));
  g_assert_cmpint(gtk_tree_model_iter_n_children(model, NULL), ==, (int)n_sniffed);
  gtk_entry_set_text(GTK_ENTRY(entry), "PASSWORD:");
  g_signal_emit_by_name(entry, "search-changed");
  draw(w);
  model = gtk_tree_view_get_model(GTK_TREE_VIEW(tree));
  g_assert_cmpint(gtk_tree_model_iter_n_children(model, NULL), ==, (int)n_passwords);
  GtkTreeIter first;
  g_assert_true(gtk_tree_model_get_iter_first(model, &first));
  gtk_tree_selection_select_iter(gtk_tree_view_get_selection(GTK_TREE_VIEW(tree)), &first);
  settle();
  g_assert_cmpint(session_time(s), ==, password->time_ns);
  close_window(w);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (!gtk_init_check(NULL, NULL)) {
    g_print("1..0 # SKIP no display\n");
    return 0;
  }
  application = gtk_application_new("org.enveloscope.Test", G_APPLICATION_NON_UNIQUE);
  g_application_register(G_APPLICATION(application), NULL, NULL);
  g_test_add_func("/widgets/every perspective and view draws a run", test_every_perspective);
  g_test_add_func("/widgets/Thai, dark, projector and zoom draw", test_looks);
  g_test_add_func("/widgets/a file that fails leaves what is shown",
                  test_message_keeps_what_is_shown);
  g_test_add_func("/widgets/the topology's hosts are accessible", test_topology_is_accessible);
  g_test_add_func("/widgets/the ladder's rows are accessible", test_ladder_is_accessible);
  g_test_add_func("/widgets/a run's flights and its addresses agree", test_hosts_of_run);
  g_test_add_func("/widgets/lessons and scenarios are found by their words", test_lesson_list);
  g_test_add_func("/widgets/the log is narrowed and leads to its times", test_log);
  g_test_add_func("/widgets/history goes back and forth", test_history);
  g_test_add_func("/widgets/settings come back", test_settings);
  g_test_add_func("/widgets/captures from outside are drawn", test_corpus_captures);
  return g_test_run();
}
