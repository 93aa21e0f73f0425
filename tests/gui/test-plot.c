/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-plot.c -- the TCP plot: its curves against a capture whose octets were counted by hand, a
 * run's own word, and the pane over both. */
#include <glib/gstdio.h>
#include <string.h>

#include "gui/pane.h"
#include "gui/tcp_plot.h"
#include "gui/tcp_plot_model.h"
#include "pane-fixture.h"
#include "pane-rig.h"

#define MS INT64_C(1000000)

static double
value(const struct tcp_plot_model *m, enum plot_line line, int64_t time_ns)
{
  double v = -1;
  g_assert_true(tcp_plot_value_at(m, line, time_ns, &v));
  return v;
}

/* Frames leave 1 ms apart; "USER alice" and its line end are 12 octets, the first of the client. */
static void
curves_of_a_capture_are_counted(void)
{
  g_autoptr(Session) session = open_capture();
  struct tcp_plot_model m;
  double v;
  tcp_plot_model_init(&m);
  session_select_frame(session, AT_POP_USER);
  tcp_plot_model_load(&m, session, SIDE_CLIENT);
  g_assert_true(m.is_tcp);
  g_assert_cmpfloat(value(&m, PLOT_FLIGHT, AT_POP_USER * MS), ==, 12);
  g_assert_cmpfloat(value(&m, PLOT_FLIGHT, AT_POP_USER * MS + MS - 1), ==, 12);
  g_assert_cmpfloat(value(&m, PLOT_FLIGHT, (AT_POP_USER + 1) * MS), ==, 0);
  g_assert_cmpfloat(value(&m, PLOT_ACK, (AT_POP_USER + 1) * MS), ==, 13); /* the SYN counts too */
  g_assert_cmpfloat(value(&m, PLOT_EDGE, (AT_POP_USER + 1) * MS), ==, 13 + 64240);
  g_assert_cmpfloat(value(&m, PLOT_WINDOW, AT_POP_USER * MS), ==, 64240);
  g_assert_false(tcp_plot_value_at(&m, PLOT_CWND, AT_POP_LAST_ACK * MS, &v)); /* nobody can know */
  g_assert_false(tcp_plot_value_at(&m, PLOT_WINDOW, 0, &v)); /* not before the first answer */
  g_assert_cmpint(m.first_ns, ==, 0);
  g_assert_cmpint(m.last_ns, ==, AT_POP_LAST_ACK * MS);
  const struct plot_segment *user = NULL;
  for (guint i = 0; i < m.segments->len; i++)
    if (g_array_index(m.segments, struct plot_segment, i).frame == AT_POP_USER)
      user = &g_array_index(m.segments, struct plot_segment, i);
  g_assert_nonnull(user);
  g_assert_cmpfloat(user->first, ==, 1);
  g_assert_cmpfloat(user->last, ==, 13);
  g_assert_false(user->is_again);
  g_assert_cmpint(tcp_plot_model_busier(session, m.flow), ==, SIDE_SERVER);
  tcp_plot_model_clear(&m);
}

static Session *
open_lost_segment(void)
{
  lang_set(LANG_EN);
  Session *session = session_new();
  g_autoptr(GError) error = NULL;
  session_open(session, "lost-segment", &error);
  g_assert_no_error(error);
  return session;
}

static uint32_t
first_with(Session *session, enum trace_analysis analysis)
{
  uint32_t n = trace_n_frames(session_trace(session));
  for (uint32_t i = 0; i < n; i++)
    if (trace_frame(session_trace(session), i).analysis & analysis)
      return i;
  g_assert_not_reached();
}

/* One segment is lost and sent again fast; the window then shrinks (RFC 5681, 3.2). */
static void
curves_of_a_run_are_its_own_word(void)
{
  g_autoptr(Session) session = open_lost_segment();
  struct tcp_plot_model m;
  tcp_plot_model_init(&m);
  uint32_t again = first_with(session, ANALYSIS_FAST_RETRANSMISSION);
  int64_t then = session_frame_time(session, again);
  session_select_frame(session, again);
  tcp_plot_model_load(&m, session, tcp_plot_model_busier(session, session_flow(session)));
  g_assert_cmpfloat(value(&m, PLOT_SSTHRESH, then), <, value(&m, PLOT_CWND, then - MS));
  g_assert_cmpfloat(value(&m, PLOT_SSTHRESH, then), <, value(&m, PLOT_SSTHRESH, then - 10 * MS));
  g_assert_cmpfloat(value(&m, PLOT_FLIGHT, m.last_ns), ==, 0); /* all was acknowledged */
  unsigned n_again = 0;
  for (guint i = 0; i < m.segments->len; i++)
    n_again += (unsigned)g_array_index(m.segments, struct plot_segment, i).is_again;
  g_assert_cmpuint(n_again, ==, 1);
  tcp_plot_model_clear(&m);
}

static AtkObject *
picture(GtkWidget *pane)
{
  return gtk_widget_get_accessible(find(pane, GTK_TYPE_DRAWING_AREA, 0));
}

static void
expect_item(GtkWidget *pane, const char *part, gboolean expected)
{
  AtkObject *a = picture(pane);
  gboolean found = FALSE;
  for (int i = 0; i < atk_object_get_n_accessible_children(a); i++) {
    AtkObject *item = atk_object_ref_accessible_child(a, i);
    found |= strstr(atk_object_get_name(item), part) != NULL;
    g_object_unref(item);
  }
  g_assert_cmpint(found, ==, expected);
}

static void
pane_speaks_and_walks(void)
{
  struct stage s;
  if (!put_on_stage(&s, tcp_plot_new))
    return;
  session_select_frame(s.session, AT_POP_RETR_ANSWER);
  pane_flush(s.pane);
  settle();
  /* "+OK 28 octets" … "." are 46 octets, unacknowledged at that moment. */
  expect_item(s.pane, "flight 46", TRUE);
  expect_item(s.pane, "window 64,240", TRUE);
  expect_words(s.pane, "a capture does not show them");
  press(find(s.pane, GTK_TYPE_DRAWING_AREA, 0), GDK_KEY_Down);
  g_assert_cmpuint(session_frame(s.session), ==, AT_POP_RETR_ANSWER + 1);
  pane_flush(s.pane);
  expect_item(s.pane, "flight 0", TRUE);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(find(s.pane, GTK_TYPE_RADIO_BUTTON, 1)), TRUE);
  expect_item(s.pane, "flight", FALSE);
  expect_item(s.pane, "Frame 16 at 0.015000", TRUE);
  expect_no_words(s.pane, "a capture does not show them");
  session_set_language(s.session, LANG_TH);
  pane_flush(s.pane);
  expect_words(s.pane, "หมายเลขลำดับ");
  expect_item(s.pane, "เฟรม 16", TRUE);
  session_select_frame(s.session, SESSION_NONE);
  clear_stage(&s);
}

int
main(int argc, char **argv)
{
  g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv("NO_AT_BRIDGE", "1", TRUE);
  g_setenv("GDK_BACKEND", "x11", TRUE);
  g_test_init(&argc, &argv, NULL);
  has_display = gtk_init_check(&argc, &argv);
  g_autofree char *folder = g_dir_make_tmp("enveloscope-plot-XXXXXX", NULL);
  capture_path = fixture_write(folder);
#define ADD(name) g_test_add_func("/plot/" #name, name)
  ADD(curves_of_a_capture_are_counted);
  ADD(curves_of_a_run_are_its_own_word);
  ADD(pane_speaks_and_walks);
  int failed = g_test_run();
  g_remove(capture_path);
  g_rmdir(folder);
  g_free(capture_path);
  return failed;
}
