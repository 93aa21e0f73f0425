/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-session.c -- the session object without a display: what views are told, and when.
 *
 * A run of mail-journey and the same frames as a capture file feed it. Expected numbers come from
 * the trace itself, walked here frame by frame, never from the session. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/source/writer.h"
#include "gui/session.h"

struct fixture {
  Session *session;
  unsigned loaded, added, selection, time, playing, filter, look, lesson;
};

static void
count(Session *session, unsigned *counter)
{
  (*counter)++;
}

static void
set_up(struct fixture *f, gconstpointer data)
{
  memset(f, 0, sizeof *f);
  lang_set(LANG_EN);
  f->session = session_new();
  struct {
    const char *name;
    unsigned *counter;
  } signals[] = {{"loaded", &f->loaded},
                 {"frames-added", &f->added},
                 {"selection-changed", &f->selection},
                 {"time-changed", &f->time},
                 {"playing-changed", &f->playing},
                 {"filter-changed", &f->filter},
                 {"look-changed", &f->look},
                 {"lesson-changed", &f->lesson}};
  for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
    g_signal_connect(f->session, signals[i].name, G_CALLBACK(count), signals[i].counter);
}

static void
tear_down(struct fixture *f, gconstpointer data)
{
  g_object_unref(f->session);
  lang_set(LANG_EN);
}

static void
open_journey(struct fixture *f)
{
  GError *error = NULL;
  session_open(f->session, "mail-journey", &error);
  g_assert_no_error(error);
}

static uint32_t
n_frames(struct fixture *f)
{
  return trace_n_frames(session_trace(f->session));
}

/* Idle work to its end; bounded, since a bug must not hang the suite. */
static void
drain(Session *s)
{
  for (int i = 0; i < 1000000 && (session_is_loading(s, NULL) || g_main_context_pending(NULL)); i++)
    g_main_context_iteration(NULL, FALSE);
  g_assert_false(session_is_loading(s, NULL));
}

/* ---- at first ---- */

static void
test_empty(struct fixture *f, gconstpointer data)
{
  const uint32_t *rows;
  g_assert_null(session_run(f->session));
  g_assert_nonnull(session_trace(f->session));
  g_assert_cmpuint(n_frames(f), ==, 0);
  g_assert_cmpuint(session_frame(f->session), ==, SESSION_NONE);
  g_assert_cmpuint(session_rows(f->session, &rows), ==, 0);
  g_assert_cmpint(session_end_time(f->session), ==, 0);
  g_assert_cmpuint(decode_n_fields(session_decode(f->session)), ==, 0);
  session_step_frame(f->session, 1);
  session_step_application(f->session, -1);
  session_set_playing(f->session, TRUE);
  g_assert_false(session_is_playing(f->session));
}

static void
test_open_run(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  g_assert_cmpuint(f->loaded, ==, 1);
  g_assert_nonnull(session_run(f->session));
  g_assert_cmpuint(n_frames(f), >, 100);
  g_assert_cmpint(session_time(f->session), ==, 0);
  g_assert_cmpuint(session_frame(f->session), ==, SESSION_NONE);
  g_assert_true(session_reveal(f->session));
  g_assert_false(session_is_playing(f->session));
}

/* ---- selection ---- */

static void
test_select(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  session_select_frame(f->session, 7);
  g_assert_cmpuint(session_frame(f->session), ==, 7);
  g_assert_cmpuint(f->selection, ==, 1);
  g_assert_cmpuint(f->time, ==, 1);
  g_assert_cmpint(session_time(f->session), ==,
                  trace_frame(session_trace(f->session), 7).time_ns - TRACE_SIM_EPOCH_NS);
  session_select_frame(f->session, 7); /* nothing new: nobody is told */
  g_assert_cmpuint(f->selection, ==, 1);
  g_assert_cmpuint(f->time, ==, 1);
  session_select_frame(f->session, n_frames(f)); /* no such frame */
  g_assert_cmpuint(session_frame(f->session), ==, 7);
}

static void
test_select_field_by_octet(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  session_select_frame(f->session, 0);
  struct decode *d = session_decode(f->session);
  for (uint32_t octet = 0; octet < 14; octet++) {
    session_select_octet(f->session, 0, octet);
    g_assert_cmpuint(session_field(f->session), !=, SESSION_NONE);
    const struct field *found = decode_field(d, session_field(f->session));
    g_assert_cmpuint(octet - found->first, <, found->n_octets);
    for (unsigned i = 0; i < decode_n_fields(d); i++) { /* none that holds it lies deeper */
      const struct field *other = decode_field(d, i);
      if (other->source == 0 && !(other->flags & FIELD_FLAG_HIDDEN) && other->first <= octet &&
          octet - other->first < other->n_octets)
        g_assert_cmpuint(other->depth, <=, found->depth);
    }
  }
  session_select_frame(f->session, 1); /* another frame: its field is none */
  g_assert_cmpuint(session_field(f->session), ==, SESSION_NONE);
}

static void
test_flow_follows_frame(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  for (uint32_t i = 0; i < n_frames(f); i++) {
    session_select_frame(f->session, i);
    g_assert_cmpuint(session_flow(f->session), ==, trace_frame(session_trace(f->session), i).flow);
  }
}

/* ---- time ---- */

static void
test_scrub(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  struct trace *t = session_trace(f->session);
  int64_t end = session_end_time(f->session);
  for (int64_t at = 0; at <= end; at += end / 50) {
    uint32_t n = 0;
    while (n < n_frames(f) && trace_frame(t, n).time_ns - TRACE_SIM_EPOCH_NS <= at)
      n++;
    g_assert_cmpuint(session_frames_until(f->session, at), ==, n);
    session_set_time(f->session, at);
    g_assert_cmpuint(session_frame(f->session), ==, n ? n - 1 : SESSION_NONE);
  }
  session_set_time(f->session, end + 1000);
  g_assert_cmpint(session_time(f->session), ==, end);
  session_set_time(f->session, -5);
  g_assert_cmpint(session_time(f->session), ==, 0);
}

static void
test_step(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  session_step_frame(f->session, 1);
  g_assert_cmpuint(session_frame(f->session), ==, 0);
  for (uint32_t i = 1; i < n_frames(f); i++) {
    session_step_frame(f->session, 1);
    g_assert_cmpuint(session_frame(f->session), ==, i);
  }
  session_step_frame(f->session, 1); /* the last one stays */
  g_assert_cmpuint(session_frame(f->session), ==, n_frames(f) - 1);
  session_step_frame(f->session, -1);
  g_assert_cmpuint(session_frame(f->session), ==, n_frames(f) - 2);
  session_select_frame(f->session, 0);
  session_step_frame(f->session, -1); /* before everything */
  g_assert_cmpuint(session_frame(f->session), ==, SESSION_NONE);
  g_assert_cmpint(session_time(f->session), ==, 0);
}

static void
test_step_application(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  struct trace *t = session_trace(f->session);
  unsigned steps = 0;
  uint32_t before = SESSION_NONE;
  for (;; steps++) {
    session_step_application(f->session, 1);
    uint32_t here = session_frame(f->session);
    if (here == before)
      break;
    g_assert_true(trace_frame(t, here).element < trace_elements_end(t, here) ||
                  trace_frame(t, here).app == APP_DNS);
    before = here;
  }
  g_assert_cmpuint(steps, >, 20);
  for (unsigned i = 1; i < steps; i++)
    session_step_application(f->session, -1);
  uint32_t first = session_frame(f->session);
  session_step_application(f->session, -1);
  g_assert_cmpuint(session_frame(f->session), ==, first);
}

static void
test_play(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  session_set_playing(f->session, TRUE);
  g_assert_true(session_is_playing(f->session));
  int64_t real = 0, last = -1;
  while (session_is_playing(f->session) && real < INT64_C(600) * 1000000000) {
    session_tick(f->session, 16 * 1000 * 1000);
    real += 16 * 1000 * 1000;
    g_assert_cmpint(session_time(f->session), >=, last);
    last = session_time(f->session);
  }
  g_assert_false(session_is_playing(f->session));
  g_assert_cmpint(session_time(f->session), ==, session_end_time(f->session));
  g_assert_cmpuint(session_frame(f->session), ==, n_frames(f) - 1);
  /* "About a minute" at the speed that was chosen for it. */
  g_assert_cmpint(real, >, INT64_C(15) * 1000000000);
  g_assert_cmpint(real, <, INT64_C(180) * 1000000000);
  session_set_playing(f->session, TRUE); /* from the end: again from the start */
  g_assert_cmpint(session_time(f->session), ==, 0);
  session_select_frame(f->session, 3); /* selecting pauses */
  g_assert_false(session_is_playing(f->session));
}

/* ---- filter ---- */

static void
test_filter(struct fixture *f, gconstpointer data)
{
  open_journey(f);
  struct filter_error error = {0};
  const uint32_t *rows;
  g_assert_true(session_set_filter(f->session, "dns", &error));
  drain(f->session);
  uint32_t n = session_rows(f->session, &rows), expected = 0;
  g_assert_nonnull(rows);
  for (uint32_t i = 0; i < n_frames(f); i++)
    if (trace_frame(session_trace(f->session), i).app == APP_DNS) {
      g_assert_cmpuint(rows[expected], ==, i);
      g_assert_cmpuint(session_row_of(f->session, i), ==, expected);
      expected++;
    } else {
      g_assert_cmpuint(session_row_of(f->session, i), ==, SESSION_NONE);
    }
  g_assert_cmpuint(n, ==, expected);
  g_assert_cmpuint(f->filter, >=, 1);
  unsigned told = f->filter;
  g_assert_false(session_set_filter(f->session, "dns ==", &error)); /* the old one stays */
  g_assert_nonnull(error.message);
  filter_error_clear(&error);
  g_assert_cmpstr(session_filter(f->session), ==, "dns");
  g_assert_true(session_set_filter(f->session, " dns ", &error)); /* the same */
  g_assert_cmpuint(f->filter, ==, told);
  g_assert_true(session_set_filter(f->session, "", &error));
  g_assert_cmpuint(session_rows(f->session, &rows), ==, n_frames(f));
  g_assert_null(rows);
}

/* A filter that needs every frame decoded: rows come in slices of idle time, it can be ended, and
 * meanwhile the session answers. */
static void
test_slow_filter(struct fixture *f, gconstpointer data)
{
  enum { N = 60000 };
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "many.pcapng", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error);
  struct pcapng_writer *w = pcapng_writer_new(G_OUTPUT_STREAM(out), NULL);
  static const uint8_t octets[60] = {[12] = 0x08, [13] = 0x06, [14] = 0, 1, 8, 0, 6, 4, 0, 1};
  g_assert_true(pcapng_writer_interface(w, LINK_ETHERNET, 65535, NULL, NULL, &error));
  for (int i = 0; i < N; i++)
    g_assert_true(pcapng_writer_packet(w, 0, i * INT64_C(1000), octets, 60, 60, NULL, &error));
  g_assert_true(pcapng_writer_flush(w, &error));
  pcapng_writer_free(w);
  g_assert_true(g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error));
  g_assert_true(session_open(f->session, path, &error));
  drain(f->session);
  g_assert_cmpuint(n_frames(f), ==, N);

  const uint32_t *rows;
  double fraction;
  g_assert_true(session_set_filter(f->session, "arp.opcode == 1", NULL));
  g_assert_true(session_is_filtering(f->session, &fraction));
  g_assert_cmpfloat(fraction, <, 1.0);
  g_assert_cmpuint(session_rows(f->session, &rows), <, N);
  session_filter_cancel(f->session);
  g_assert_false(session_is_filtering(f->session, &fraction));
  g_assert_cmpstr(session_filter(f->session), ==, "");
  g_assert_cmpuint(session_rows(f->session, &rows), ==, N);

  g_assert_true(session_set_filter(f->session, "arp.opcode == 1", NULL));
  unsigned told = f->filter;
  drain(f->session);
  g_assert_false(session_is_filtering(f->session, NULL));
  g_assert_cmpuint(f->filter, >, told + 1); /* rows came in more than one slice */
  g_assert_cmpuint(session_rows(f->session, &rows), ==, N);
  g_assert_true(session_set_filter(f->session, "frame.number > 100", NULL)); /* by the index */
  drain(f->session);
  g_assert_cmpuint(session_rows(f->session, &rows), ==, N - 100);
  session_select_frame(f->session, 9);
  g_assert_true(session_set_filter(f->session, "frame.number > ${frame.number}", NULL));
  drain(f->session);
  g_assert_cmpuint(session_rows(f->session, &rows), ==, N - 10);
  g_unlink(path);
  g_rmdir(folder);
}

/* ---- look ---- */

static void
test_look(struct fixture *f, gconstpointer data)
{
  session_set_language(f->session, LANG_TH);
  g_assert_cmpint(lang_get(), ==, LANG_TH);
  session_set_language(f->session, LANG_TH);
  session_set_dark(f->session, TRUE);
  session_set_dark(f->session, 2);
  g_assert_cmpuint(f->look, ==, 2);
  double before = session_scale(f->session);
  session_set_projector(f->session, TRUE);
  g_assert_cmpfloat(session_scale(f->session), >, before);
  session_set_zoom(f->session, 1000); /* bounded */
  g_assert_cmpfloat(session_zoom(f->session), <, 10);
}

/* ---- lesson ---- */

static void
open_lesson(struct fixture *f)
{
  GError *error = NULL;
  session_open(f->session, "01-how-mail-works", &error);
  g_assert_no_error(error);
  g_assert_nonnull(session_lesson(f->session));
}

/* The first predict question of the lesson. */
static const struct lesson_question *
first_predict(struct fixture *f, unsigned *step, unsigned *question)
{
  struct lesson *l = session_lesson(f->session);
  for (*step = 0; *step < lesson_n_steps(l); (*step)++)
    for (*question = 0; *question < lesson_step(l, *step)->n_questions; (*question)++)
      if (lesson_step(l, *step)->questions[*question].kind == LESSON_PREDICT)
        return &lesson_step(l, *step)->questions[*question];
  g_assert_not_reached();
}

static void
test_lesson_step_selects(struct fixture *f, gconstpointer data)
{
  open_lesson(f);
  struct lesson *l = session_lesson(f->session);
  for (unsigned i = 0; i < lesson_n_steps(l); i++) {
    session_set_step(f->session, i);
    g_assert_cmpuint(session_step(f->session), ==, i);
    const struct lesson_step *step = lesson_step(l, i);
    if (step->focus_frame != TRACE_NONE && !session_is_waiting(f->session))
      g_assert_cmpuint(session_frame(f->session), ==, step->focus_frame);
  }
}

static void
assert_told_in(struct fixture *f, const char *frame, const char *step)
{
  g_autofree char *link = g_strdup_printf("frame:%s", frame);
  uint32_t index = lesson_link_frame(session_trace(f->session), link);
  g_assert_cmpuint(index, !=, TRACE_NONE);
  struct lesson *l = session_lesson(f->session);
  g_assert_cmpstr(lesson_step(l, lesson_step_telling(l, index, 99))->id, ==, step);
}

/* A frame that the prose names belongs to that step; one between two belongs to the one before; a
 * look ahead (step 9 points at Bob's download) takes nothing away from the step that tells of it.
 */
static void
test_lesson_step_telling(struct fixture *f, gconstpointer data)
{
  open_lesson(f);
  assert_told_in(f, "smtp.req.command == \"RCPT\"", "conversation");
  assert_told_in(f, "smtp.response.code == 235", "conversation");
  assert_told_in(f, "pop.request.command == \"RETR\"", "pop3");
  assert_told_in(f, "tcp.srcport == 110 && tcp.len > 1000", "pop3");
  assert_told_in(f, "imap.request contains \"SELECT\"", "imap");
}

static void
play_to_barrier(struct fixture *f)
{
  session_set_playing(f->session, TRUE);
  for (int i = 0; i < 100000 && session_is_playing(f->session); i++)
    session_tick(f->session, 16 * 1000 * 1000);
}

static void
test_question_stops_time(struct fixture *f, gconstpointer data)
{
  unsigned step, question;
  open_lesson(f);
  uint32_t frame = first_predict(f, &step, &question)->before_frame;
  g_assert_cmpuint(frame, !=, TRACE_NONE);
  play_to_barrier(f);
  g_assert_true(session_is_waiting(f->session));
  g_assert_cmpuint(session_step(f->session), ==, step);
  g_assert_cmpuint(session_frame(f->session), ==, frame - 1);
  g_assert_cmpint(session_time(f->session), <, session_frame_time(f->session, frame));
  session_step_frame(f->session, 1); /* neither a step nor the slider gets past it */
  g_assert_cmpuint(session_frame(f->session), ==, frame - 1);
  session_set_time(f->session, session_end_time(f->session));
  g_assert_cmpuint(session_frame(f->session), ==, frame - 1);
}

static void
test_answer_shows_frame(struct fixture *f, gconstpointer data)
{
  unsigned step, question;
  open_lesson(f);
  const struct lesson_question *q = first_predict(f, &step, &question);
  play_to_barrier(f);
  g_assert_cmpint(session_answer(f->session, step, question), ==, -1);
  session_set_answer(f->session, step, question, (int)q->n_choices); /* no such choice */
  g_assert_true(session_is_waiting(f->session));
  session_set_answer(f->session, step, question, 0);
  g_assert_false(session_is_waiting(f->session));
  g_assert_cmpint(session_answer(f->session, step, question), ==, 0);
  g_assert_cmpuint(session_frame(f->session), ==, q->before_frame);
  session_step_frame(f->session, 1);
  g_assert_cmpuint(session_frame(f->session), ==, q->before_frame + 1);
}

static void
test_language_keeps_step(struct fixture *f, gconstpointer data)
{
  open_lesson(f);
  session_set_step(f->session, 2);
  uint32_t frame = session_frame(f->session);
  session_set_language(f->session, LANG_TH);
  g_assert_cmpuint(session_step(f->session), ==, 2);
  g_assert_cmpuint(session_frame(f->session), ==, frame);
}

/* ---- captures ---- */

static char *
write_capture(const char *folder)
{
  GError *error = NULL;
  struct run *run = run_new("mail-journey", NULL, &error);
  g_assert_no_error(error);
  char *path = g_build_filename(folder, "run.pcapng", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(run_write_pcapng(run, G_OUTPUT_STREAM(out), &error));
  g_assert_no_error(error);
  g_assert_true(g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error));
  run_free(run);
  return path;
}

static void
test_capture(struct fixture *f, gconstpointer data)
{
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *path = write_capture(folder);
  open_journey(f);
  uint32_t n = n_frames(f);
  g_assert_true(session_open(f->session, path, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(f->loaded, ==, 2);
  drain(f->session);
  g_assert_null(session_run(f->session));
  g_assert_null(session_warning(f->session));
  g_assert_cmpuint(n_frames(f), ==, n);
  g_assert_cmpuint(f->added, >=, 1);
  g_assert_false(session_reveal(f->session)); /* masked until revealed */
  g_assert_cmpuint(session_frame(f->session), ==, 0);
  g_assert_cmpint(session_frame_time(f->session, 0), ==, 0);
  g_unlink(path);
  g_rmdir(folder);
}

/* More frames than one block of the time index, and stamps that step backwards now and then. */
static void
test_time_that_steps_back(struct fixture *f, gconstpointer data)
{
  enum { N = 2000 };
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "back.pcapng", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error);
  struct pcapng_writer *w = pcapng_writer_new(G_OUTPUT_STREAM(out), NULL);
  const uint8_t octets[60] = {0};
  int64_t stamp[N];
  g_assert_true(pcapng_writer_interface(w, LINK_ETHERNET, 65535, NULL, NULL, &error));
  for (int i = 0; i < N; i++) {
    stamp[i] = INT64_C(1700000000000000000) + i * 1000 - (i % 7 == 3 ? 9000 : 0);
    g_assert_true(pcapng_writer_packet(w, 0, stamp[i], octets, 60, 60, NULL, &error));
  }
  g_assert_true(pcapng_writer_flush(w, &error));
  pcapng_writer_free(w);
  g_assert_true(g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error));
  g_assert_true(session_open(f->session, path, &error));
  drain(f->session);
  g_assert_cmpuint(n_frames(f), ==, N);
  for (int64_t at = -500; at < N * 1000; at += 777) {
    uint32_t n = 0; /* the first frames whose latest stamp so far is not behind `at` */
    while (n < N && stamp[n] - stamp[0] <= at)
      n++;
    g_assert_cmpuint(session_frames_until(f->session, at), ==, n);
  }
  for (uint32_t i = 0; i < N; i += 13) { /* a frame is found again at the time it was reached */
    session_select_frame(f->session, i);
    g_assert_cmpuint(session_frames_until(f->session, session_time(f->session)), >, i);
  }
  g_unlink(path);
  g_rmdir(folder);
}

static void
test_cut_capture_says_so(struct fixture *f, gconstpointer data)
{
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *path = write_capture(folder);
  g_autofree char *octets = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &octets, &n, NULL));
  g_assert_true(g_file_set_contents(path, octets, (gssize)(n / 2 + 1), NULL));
  g_assert_true(session_open(f->session, path, &error));
  drain(f->session);
  g_assert_cmpuint(n_frames(f), >, 10);
  g_assert_nonnull(session_warning(f->session));
  g_unlink(path);
  g_rmdir(folder);
}

static void
test_bad_file_changes_nothing(struct fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp("enveloscope-XXXXXX", NULL);
  g_autofree char *text = g_build_filename(folder, "notes.pcap", NULL);
  g_autofree char *empty = g_build_filename(folder, "empty.pcapng", NULL);
  g_autofree char *yaml = g_build_filename(folder, "broken.yaml", NULL);
  g_autofree char *missing = g_build_filename(folder, "missing.pcap", NULL);
  g_file_set_contents(text, "this is no capture\n", -1, NULL);
  g_file_set_contents(empty, "", 0, NULL);
  g_file_set_contents(yaml, "hosts: [\n", -1, NULL);
  const char *const bad[] = {text, empty, yaml, missing, folder, "no-such-lesson"};
  open_journey(f);
  struct run *run = session_run(f->session);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(session_open(f->session, bad[i], &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, i == 5 ? bad[i] : folder)); /* names what it means */
    g_assert_true(session_run(f->session) == run);
  }
  g_assert_cmpuint(f->loaded, ==, 1);
  g_unlink(text);
  g_unlink(empty);
  g_unlink(yaml);
  g_rmdir(folder);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test)(struct fixture *f, gconstpointer data);
  } cases[] = {
      {"empty session answers and does nothing", test_empty},
      {"a run opens at time 0, nothing selected, secrets in clear", test_open_run},
      {"selecting a frame moves time and tells once", test_select},
      {"an octet selects the deepest field that holds it", test_select_field_by_octet},
      {"the flow follows the frame", test_flow_follows_frame},
      {"scrubbing selects the last frame sent", test_scrub},
      {"stepping visits every frame, forth and back", test_step},
      {"application steps stop at completed lines only", test_step_application},
      {"playing reaches the end in about a minute", test_play},
      {"a filter leaves the fitting frames, a wrong one changes nothing", test_filter},
      {"a slow filter goes on in slices and can be ended", test_slow_filter},
      {"look: told once for each change", test_look},
      {"a lesson's step selects the frame it looks at", test_lesson_step_selects},
      {"a frame is told in the step that names it", test_lesson_step_telling},
      {"an open question stops time before its frame", test_question_stops_time},
      {"an answer shows the frame and frees time", test_answer_shows_frame},
      {"switching the language keeps step and frame", test_language_keeps_step},
      {"a capture loads in idle time, masked", test_capture},
      {"times that step back keep frames in order", test_time_that_steps_back},
      {"a cut capture shows what could be read and says so", test_cut_capture_says_so},
      {"a bad file changes nothing and names itself", test_bad_file_changes_nothing},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/session/%s", cases[i].name);
    g_test_add(path, struct fixture, NULL, set_up, cases[i].test, tear_down);
  }
  return g_test_run();
}
