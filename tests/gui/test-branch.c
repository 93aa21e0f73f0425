/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-branch.c -- what if, undo, saved runs and breakpoints of the session, without a display. */
#include <glib/gstdio.h>
#include <string.h>

#include "gui/hosts.h"
#include "gui/session.h"

static Session *
open_what(const char *what)
{
  lang_set(LANG_EN);
  Session *session = session_new();
  g_autoptr(GError) error = NULL;
  session_open(session, what, &error);
  g_assert_no_error(error);
  return session;
}

static uint32_t
frame_with(Session *s, const char *text)
{
  struct filter_error error = {0};
  struct filter *filter = filter_compile(text, &error);
  uint32_t found = SESSION_NONE, n = trace_n_frames(session_trace(s));
  g_assert_nonnull(filter);
  for (uint32_t i = 0; i < n && found == SESSION_NONE; i++)
    if (filter_match_frame(filter, session_row_decode(s), i))
      found = i;
  filter_free(filter);
  g_assert_cmpuint(found, !=, SESSION_NONE);
  return found;
}

/* The selected frame is lost on its first link. */
static struct input
loss_of_selected(Session *s)
{
  const uint32_t *flights;
  size_t n;
  g_assert_cmpuint(hosts_flights(hosts_of(s), session_frame(s), &flights), >, 0);
  const struct run_flight *f = &run_flights(session_run(s), &n)[flights[0]];
  return (struct input){.time_ns = f->leave_ns,
                        .verb = INPUT_DROP,
                        .link = (char *)run_link(session_run(s), f->link).name,
                        .from_host = (char *)run_host(session_run(s), f->from_host).name,
                        .packet = f->packet};
}

static void
lose_selected(Session *s)
{
  g_autoptr(GError) error = NULL;
  struct input input = loss_of_selected(s);
  g_assert_true(session_branch(s, &input, &error));
  g_assert_no_error(error);
}

static void
a_branch_shares_what_came_before(void)
{
  g_autoptr(Session) s = open_what("mail-journey");
  uint32_t mail = frame_with(s, "smtp.req.command == \"MAIL\"");
  struct run *original = session_run(s);
  uint32_t n = trace_n_frames(session_trace(s));
  session_set_filter(s, "smtp", NULL);
  session_select_frame(s, mail);
  g_assert_cmpuint(session_n_common(s), ==, n);
  lose_selected(s);
  g_assert_cmpuint(session_n_branches(s), ==, 1);
  g_assert_true(session_original(s) == original);
  g_assert_true(session_run(s) != original);
  g_assert_cmpuint(session_frame(s), ==, mail);
  g_assert_cmpstr(session_filter(s), ==, "smtp");
  g_assert_cmpuint(session_n_common(s), ==, mail + 1); /* it left before it was lost */
  g_assert_true(hosts_way(hosts_of(s), mail).is_lost);
  session_undo_branch(s);
  g_assert_true(session_run(s) == original);
  g_assert_cmpuint(session_n_branches(s), ==, 0);
  g_assert_cmpuint(trace_n_frames(session_trace(s)), ==, n);
  g_assert_false(hosts_way(hosts_of(s), mail).is_lost);
}

static void
branches_lie_on_each_other(void)
{
  g_autoptr(Session) s = open_what("mail-journey");
  struct run *original = session_run(s);
  session_select_frame(s, frame_with(s, "smtp.req.command == \"MAIL\""));
  lose_selected(s);
  session_select_frame(s, trace_n_frames(session_trace(s)) - 30);
  lose_selected(s);
  g_assert_cmpuint(input_log_n(run_inputs(session_run(s))), ==, 2);
  g_assert_cmpuint(session_n_branches(s), ==, 2);
  g_autoptr(GError) error = NULL;
  g_assert_true(session_remove_input(s, 0, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(input_log_n(run_inputs(session_run(s))), ==, 1);
  g_assert_false(session_remove_input(s, 9, NULL));
  session_back_to_original(s);
  g_assert_true(session_run(s) == original);
  g_assert_cmpuint(session_n_branches(s), ==, 0);
  /* what else is opened knows of no branch */
  lose_selected(s);
  session_open(s, "lost-segment", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(session_n_branches(s), ==, 0);
}

static void
a_bad_input_changes_nothing(void)
{
  g_autoptr(Session) s = open_what("lost-segment");
  struct run *original = session_run(s);
  g_autoptr(GError) error = NULL;
  session_select_frame(s, 3);
  struct input input = loss_of_selected(s);
  input.link = (char *)"no-such-link";
  g_assert_false(session_branch(s, &input, &error));
  g_assert_nonnull(error);
  g_assert_true(session_run(s) == original);
  g_assert_cmpuint(session_n_branches(s), ==, 0);
  g_assert_cmpuint(session_frame(s), ==, 3);
}

static void
a_lesson_waits_in_the_original(void)
{
  g_autoptr(Session) s = open_what("01-how-mail-works");
  struct lesson *lesson = session_lesson(s);
  g_assert_nonnull(lesson);
  session_set_step(s, 4);
  unsigned step = session_step(s);
  session_select_frame(s, frame_with(s, "smtp.req.command == \"MAIL\""));
  lose_selected(s);
  g_assert_null(session_lesson(s));
  g_assert_cmpuint(session_barrier(s), ==, SESSION_NONE);
  session_back_to_original(s);
  g_assert_true(session_lesson(s) == lesson);
  g_assert_cmpuint(session_step(s), ==, step);
}

static void
a_saved_branch_opens_again(void)
{
  g_autofree char *folder = g_dir_make_tmp("enveloscope-branch-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "branch.envrun", NULL);
  g_autoptr(Session) s = open_what("mail-journey");
  g_autoptr(GError) error = NULL;
  session_select_frame(s, frame_with(s, "smtp.req.command == \"MAIL\""));
  lose_selected(s);
  uint64_t hash = run_hash(session_run(s));
  g_assert_true(run_save(session_run(s), path, &error));
  g_assert_no_error(error);
  g_autoptr(Session) other = open_what(path);
  g_assert_cmpuint(run_hash(session_run(other)), ==, hash);
  g_assert_cmpuint(input_log_n(run_inputs(session_run(other))), ==, 1);
  g_assert_cmpuint(session_n_branches(other), ==, 0);
  g_remove(path);
  g_rmdir(folder);
}

static void
add_stop(Session *s, const char *text, gboolean is_event)
{
  g_autofree char *trouble = NULL;
  if (!session_add_stop(s, text, is_event, &trouble))
    g_error("%s", trouble);
}

static void
playing_stops_at_a_breakpoint(void)
{
  g_autoptr(Session) s = open_what("mail-journey");
  uint32_t rcpt = frame_with(s, "smtp.req.command == \"RCPT\"");
  add_stop(s, "smtp.req.command == \"RCPT\"", FALSE);
  session_set_speed(s, 10);
  session_set_playing(s, TRUE);
  for (int i = 0; i < 10000 && session_is_playing(s); i++)
    session_tick(s, 20 * 1000 * 1000);
  g_assert_false(session_is_playing(s));
  g_assert_cmpuint(session_frame(s), ==, rcpt);
  g_assert_cmpstr(session_stop_reached(s), ==, "smtp.req.command == \"RCPT\"");
  /* the second is the relay's; behind it none fits */
  g_assert_true(session_run_on(s));
  g_assert_cmpuint(session_frame(s), >, rcpt);
  g_assert_false(session_run_on(s));
  session_remove_stop(s, 0);
  g_assert_cmpuint(session_n_stops(s), ==, 0);
}

static void
a_state_event_is_a_breakpoint(void)
{
  g_autoptr(Session) s = open_what("lost-segment");
  add_stop(s, "* tcp* state = ESTABLISHED", TRUE);
  g_assert_true(session_run_on(s));
  /* the client is there when SYN,ACK arrives, before its ACK leaves or with it */
  uint32_t answer = frame_with(s, "tcp.flags.syn == 1 and tcp.flags.ack == 1");
  g_assert_cmpint(session_time(s), >, session_frame_time(s, answer));
  g_assert_cmpint(session_time(s), <=, session_frame_time(s, answer + 1));
}

static void
bad_breakpoints_are_refused(void)
{
  g_autoptr(Session) s = open_what("lost-segment");
  static const struct {
    const char *text;
    gboolean is_event;
  } bad[] = {{"", FALSE}, {"smtp.req.command ==", FALSE}, {"no equals sign", TRUE}};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *trouble = NULL;
    g_assert_false(session_add_stop(s, bad[i].text, bad[i].is_event, &trouble));
    g_assert_nonnull(trouble);
  }
  for (int i = 0; i < SESSION_STOPS_MAX; i++)
    add_stop(s, "tcp", FALSE);
  g_autofree char *trouble = NULL;
  g_assert_false(session_add_stop(s, "tcp", FALSE, &trouble));
  g_assert_cmpuint(session_n_stops(s), ==, SESSION_STOPS_MAX);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/branch/" #name, name)
  ADD(a_branch_shares_what_came_before);
  ADD(branches_lie_on_each_other);
  ADD(a_bad_input_changes_nothing);
  ADD(a_lesson_waits_in_the_original);
  ADD(a_saved_branch_opens_again);
  ADD(playing_stops_at_a_breakpoint);
  ADD(a_state_event_is_a_breakpoint);
  ADD(bad_breakpoints_are_refused);
  return g_test_run();
}
