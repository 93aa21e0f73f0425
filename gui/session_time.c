/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_time.c -- the time cursor: scrubbing, stepping and playing.
 *
 * Time is counted in ns: virtual time of a run, time since the first frame of a capture. Frames of
 * a capture may carry times that step backwards; the cursor then uses the latest time so far, so
 * that "the frames until T" are always the first N frames.
 *
 *     playing:  tick(real) ──> time += real × speed, but a stretch in which nothing moves is
 *               shortened to IDLE_REAL_NS, and a pending question stops time before its frame.
 */
#include "gui/session_private.h"

#include <math.h>

#include "lessons/pace.h"

enum { BLOCK_FRAMES = 256 };

/* A stretch without any packet on its way lasts at most this long on the screen. */
#define IDLE_REAL_NS (INT64_C(700) * 1000 * 1000)
/* A run plays in about this time when the speed is not chosen. */
#define PLAY_TARGET_S 60.0

static const double speeds[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                0.2,   0.5,   1.0,   2.0,  5.0,  10.0};

static int64_t
base_ns(Session *s)
{
  if (s->run)
    return TRACE_SIM_EPOCH_NS;
  return trace_n_frames(s->trace) > 0 ? trace_frame(s->trace, 0).time_ns : 0;
}

int64_t
session_frame_time(Session *s, uint32_t frame)
{
  if (frame >= trace_n_frames(s->trace))
    return 0;
  return trace_frame(s->trace, frame).time_ns - base_ns(s);
}

void
session_time_grew(Session *s)
{
  uint32_t n = trace_n_frames(s->trace);
  while ((s->latest->len + 1) * BLOCK_FRAMES <= n) {
    uint32_t from = s->latest->len * BLOCK_FRAMES;
    int64_t latest =
        s->latest->len ? g_array_index(s->latest, int64_t, s->latest->len - 1) : INT64_MIN;
    for (uint32_t i = from; i < from + BLOCK_FRAMES; i++)
      latest = MAX(latest, session_frame_time(s, i));
    g_array_append_val(s->latest, latest);
  }
}

int64_t
session_time_reached(Session *s, uint32_t frame)
{
  uint32_t block = frame / BLOCK_FRAMES;
  int64_t latest = INT64_MIN;
  if (block > 0 && block <= s->latest->len)
    latest = g_array_index(s->latest, int64_t, block - 1);
  for (uint32_t i = block * BLOCK_FRAMES; i <= frame; i++)
    latest = MAX(latest, session_frame_time(s, i));
  return latest;
}

uint32_t
session_frames_until(Session *s, int64_t time_ns)
{
  uint32_t low = 0, high = s->latest->len; /* the first block whose latest time is behind time_ns */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (g_array_index(s->latest, int64_t, middle) > time_ns)
      high = middle;
    else
      low = middle + 1;
  }
  uint32_t n = trace_n_frames(s->trace), i = low * BLOCK_FRAMES;
  while (i < n && session_frame_time(s, i) <= time_ns)
    i++;
  return i;
}

int64_t
session_time(Session *s)
{
  return s->time_ns;
}

int64_t
session_end_time(Session *s)
{
  uint32_t n = trace_n_frames(s->trace);
  int64_t end = n ? session_time_reached(s, n - 1) : 0;
  return s->run ? MAX(end, run_end_ns(s->run)) : end;
}

void
session_move(Session *s, uint32_t frame, int64_t time_ns)
{
  gboolean other_frame = frame != s->frame, other_time = time_ns != s->time_ns;
  s->time_ns = time_ns;
  if (other_frame) {
    s->frame = frame;
    s->field = SESSION_NONE;
    s->flow = frame == SESSION_NONE ? SESSION_NONE : trace_frame(s->trace, frame).flow;
    if (s->flow == TRACE_NONE)
      s->flow = SESSION_NONE;
  }
  if (other_time)
    session_emit(s, SESSION_TIME_CHANGED);
  if (other_frame)
    session_emit(s, SESSION_SELECTION_CHANGED);
}

void
session_set_time(Session *s, int64_t time_ns)
{
  time_ns = CLAMP(time_ns, 0, session_end_time(s));
  uint32_t n = session_frames_until(s, time_ns);
  uint32_t barrier = session_barrier(s);
  if (barrier < n) {
    n = barrier;
    time_ns = MAX(s->time_ns, n ? session_time_reached(s, n - 1) : 0);
    session_move(s, n ? n - 1 : SESSION_NONE, time_ns);
    session_lesson_reached_barrier(s);
    return;
  }
  session_move(s, n ? n - 1 : SESSION_NONE, time_ns);
}

/* ---- stepping ---- */

static void
step_to(Session *s, uint32_t frame)
{
  uint32_t barrier = session_barrier(s);
  if (frame != SESSION_NONE && frame >= barrier) {
    session_set_playing(s, FALSE);
    if (barrier > 0)
      session_move(s, barrier - 1, session_time_reached(s, barrier - 1));
    session_lesson_reached_barrier(s);
    return;
  }
  session_select_frame(s, frame);
}

/* The frame before or behind the cursor. */
static uint32_t
neighbour(Session *s, int by)
{
  uint32_t n = trace_n_frames(s->trace);
  uint32_t here = s->frame;
  if (here == SESSION_NONE)
    here = session_frames_until(s, s->time_ns) - 1; /* wraps to NONE at the very start */
  if (by > 0)
    return here + 1 < n ? here + 1 : SESSION_NONE;
  return here != SESSION_NONE && here > 0 ? here - 1 : SESSION_NONE;
}

void
session_step_frame(Session *s, int by)
{
  uint32_t next = neighbour(s, by);
  if (next != SESSION_NONE) {
    step_to(s, next);
  } else if (by < 0 && s->run) {
    session_set_playing(s, FALSE);
    session_move(s, SESSION_NONE, 0);
  }
}

void
session_step_application(Session *s, int by)
{
  uint32_t here = s->frame;
  if (here == SESSION_NONE)
    here = session_frames_until(s, s->time_ns) - 1; /* wraps to NONE at the very start */
  uint32_t frame = pace_line(s->trace, here, by);
  if (frame != TRACE_NONE)
    step_to(s, frame);
}

gboolean
session_step_out(Session *s)
{
  uint32_t frame = s->frame == SESSION_NONE ? TRACE_NONE : pace_out(s->trace, s->frame);
  if (frame == TRACE_NONE)
    return FALSE;
  step_to(s, frame);
  return TRUE;
}

/* ---- playing ---- */

static int
compare_int64(gconstpointer a, gconstpointer b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void
moments_of_run(Session *s)
{
  size_t n = 0;
  const struct run_flight *flights = run_flights(s->run, &n);
  g_autoptr(GArray) leave = g_array_sized_new(FALSE, FALSE, sizeof(int64_t), n);
  g_autoptr(GArray) arrive = g_array_sized_new(FALSE, FALSE, sizeof(int64_t), n);
  for (size_t i = 0; i < n; i++) {
    int64_t end = MAX(flights[i].arrive_ns, flights[i].leave_ns);
    g_array_append_val(leave, flights[i].leave_ns);
    g_array_append_val(arrive, end);
  }
  g_array_sort(leave, compare_int64);
  g_array_sort(arrive, compare_int64);
  struct session_moment m = {0, 0};
  g_array_append_val(s->moments, m);
  for (guint l = 0, a = 0; a < arrive->len;) {
    int64_t end = g_array_index(arrive, int64_t, a);
    if (l < leave->len && g_array_index(leave, int64_t, l) <= end) {
      m.time_ns = g_array_index(leave, int64_t, l++);
      m.n_moving++;
    } else {
      m.time_ns = end;
      m.n_moving--;
      a++;
    }
    g_array_append_val(s->moments, m);
  }
}

void
session_time_reset(Session *s)
{
  s->time_ns = 0;
  s->real_rest_ns = 0;
  g_array_set_size(s->latest, 0);
  g_array_set_size(s->moments, 0);
  if (s->run)
    moments_of_run(s);
  session_time_grew(s);
}

/* When the next packet moves (or frame comes) behind the cursor, and whether something moves now.
 */
static int64_t
next_moment(Session *s, gboolean *moving)
{
  *moving = FALSE;
  if (!s->run) {
    uint32_t n = session_frames_until(s, s->time_ns);
    return n < trace_n_frames(s->trace) ? session_frame_time(s, n) : session_end_time(s);
  }
  guint low = 0, high = s->moments->len; /* the first moment behind the cursor */
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(s->moments, struct session_moment, middle).time_ns > s->time_ns)
      high = middle;
    else
      low = middle + 1;
  }
  if (low > 0)
    *moving = g_array_index(s->moments, struct session_moment, low - 1).n_moving > 0;
  return low < s->moments->len ? g_array_index(s->moments, struct session_moment, low).time_ns
                               : session_end_time(s);
}

/* How long the whole would play at a speed, idle stretches shortened. */
static double
playing_seconds(Session *s, double speed)
{
  double total = 0, idle = (double)IDLE_REAL_NS / 1e9;
  for (guint i = 0; i + 1 < s->moments->len; i++) {
    struct session_moment *m = &g_array_index(s->moments, struct session_moment, i);
    double real = (double)(m[1].time_ns - m->time_ns) / 1e9 / speed;
    total += m->n_moving ? real : MIN(real, idle);
  }
  return total;
}

double
session_time_speed(Session *s)
{
  if (!s->run || s->moments->len < 2)
    return 1.0;
  double best = speeds[0], distance = INFINITY;
  for (guint i = 0; i < G_N_ELEMENTS(speeds); i++) {
    double d = fabs(log(playing_seconds(s, speeds[i]) / PLAY_TARGET_S));
    if (d < distance) {
      distance = d;
      best = speeds[i];
    }
  }
  return best;
}

gboolean
session_is_playing(Session *s)
{
  return s->is_playing;
}

void
session_set_playing(Session *s, gboolean playing)
{
  playing = !!playing;
  if (playing && trace_n_frames(s->trace) == 0 && !s->run)
    playing = FALSE;
  if (playing == s->is_playing)
    return;
  if (playing && s->time_ns >= session_end_time(s))
    session_move(s, SESSION_NONE, 0); /* played to the end: again from the start */
  s->is_playing = playing;
  s->real_rest_ns = 0;
  g_clear_pointer(&s->stop_reached, g_free);
  if (playing)
    session_look_for_stop(s);
  session_emit(s, SESSION_PLAYING_CHANGED);
}

double
session_speed(Session *s)
{
  return s->speed;
}

void
session_set_speed(Session *s, double speed)
{
  speed = CLAMP(speed, speeds[0], speeds[G_N_ELEMENTS(speeds) - 1]);
  if (speed == s->speed)
    return;
  s->speed = speed;
  session_emit(s, SESSION_PLAYING_CHANGED);
}

const double *
session_speeds(unsigned *n)
{
  *n = G_N_ELEMENTS(speeds);
  return speeds;
}

/* The time that `real_ns` of playing leads to. */
static int64_t
advance(Session *s, int64_t real_ns)
{
  int64_t step = (int64_t)((double)real_ns * s->speed);
  gboolean moving;
  int64_t next = next_moment(s, &moving);
  if (moving || (double)(next - s->time_ns) / s->speed <= (double)IDLE_REAL_NS) {
    s->real_rest_ns = 0;
    return s->time_ns + MAX(step, 1);
  }
  /* Nothing moves for long: wait a little, then jump. */
  if (s->real_rest_ns == 0)
    s->real_rest_ns = IDLE_REAL_NS;
  s->real_rest_ns -= real_ns;
  if (s->real_rest_ns > 0)
    return s->time_ns + MIN(step, next - s->time_ns);
  s->real_rest_ns = 0;
  return next;
}

void
session_tick(Session *s, int64_t real_ns)
{
  if (!s->is_playing || real_ns <= 0)
    return;
  int64_t end = session_end_time(s), time_ns = MIN(advance(s, real_ns), end);
  uint32_t n = session_frames_until(s, time_ns);
  uint32_t barrier = session_barrier(s);
  if (barrier < n) {
    s->is_playing = FALSE;
    int64_t before = barrier ? session_time_reached(s, barrier - 1) : 0;
    session_move(s, barrier ? barrier - 1 : SESSION_NONE,
                 MAX(before, session_frame_time(s, barrier) - 1));
    session_emit(s, SESSION_PLAYING_CHANGED);
    session_lesson_reached_barrier(s);
    return;
  }
  if (session_arrive_at_stop(s, time_ns))
    return;
  session_move(s, n ? n - 1 : SESSION_NONE, time_ns);
  if (time_ns >= end && !s->loader) {
    s->is_playing = FALSE;
    session_emit(s, SESSION_PLAYING_CHANGED);
  }
}
