/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_branch.c -- what if: branches of the run that is shown, and the way back.
 *
 *     original ──session_branch──> branch ──session_branch──> branch of the branch
 *         ^────────────── session_undo_branch ──────┘  one back at a time, or
 *         └────────────── session_back_to_original       all the way
 *
 * A branch is the same function with one more input, computed anew; the run before it is kept, so
 * that going back costs nothing and a lesson finds its place and its answers again. */
#include <string.h>

#include "gui/session_private.h"

/* Beyond this many what-ifs in a row the oldest but the original is forgotten: a run may be large.
 */
enum { BRANCHES_MAX = 16 };

/* What was shown before a branch. */
struct kept {
  struct run *run;
  struct lesson *lesson;
  unsigned step;
  gboolean is_waiting;
  GArray *answers;
  uint32_t frame;
  int64_t time_ns;
};

static void
kept_free(gpointer data)
{
  struct kept *k = data;
  g_clear_pointer(&k->run, run_free);
  g_clear_pointer(&k->lesson, lesson_free);
  g_clear_pointer(&k->answers, g_array_unref);
  g_free(k);
}

GPtrArray *
session_branches_new(void)
{
  return g_ptr_array_new_with_free_func(kept_free);
}

/* Takes away what is shown, so that showing something else does not free it. */
static struct kept *
keep(Session *s)
{
  struct kept *k = g_new0(struct kept, 1);
  k->run = g_steal_pointer(&s->run);
  s->trace = NULL;
  k->lesson = g_steal_pointer(&s->lesson);
  k->step = s->step;
  k->is_waiting = s->is_waiting;
  k->answers = g_steal_pointer(&s->answers);
  s->answers = g_array_new(FALSE, FALSE, sizeof(int));
  k->frame = s->frame;
  k->time_ns = s->time_ns;
  return k;
}

/* Shows a run in place of another view of the same world: filter and speed stay. */
static void
show_instead(Session *s, struct run *run, struct lesson *lesson)
{
  g_autofree char *filter = g_strdup(s->filter_text);
  double speed = s->speed;
  session_show(s, run, NULL, NULL, NULL, lesson);
  session_set_filter(s, filter, NULL);
  session_set_speed(s, speed);
}

/* Back to the time and, where it is there, the frame that was looked at. */
static void
look_at(Session *s, uint32_t frame, int64_t time_ns)
{
  if (frame != SESSION_NONE && frame < trace_n_frames(s->trace))
    session_select_frame(s, frame);
  else
    session_set_time(s, time_ns);
}

unsigned
session_n_branches(Session *s)
{
  return s->branches->len;
}

struct run *
session_original(Session *s)
{
  return s->branches->len ? ((struct kept *)s->branches->pdata[0])->run : s->run;
}

static gboolean
show_branch(Session *s, struct run *branch)
{
  if (!branch)
    return FALSE;
  uint32_t frame = s->frame;
  int64_t time_ns = s->time_ns;
  g_ptr_array_add(s->branches, keep(s));
  if (s->branches->len > BRANCHES_MAX)
    g_ptr_array_remove_index(s->branches, 1);
  s->is_branching = TRUE;
  show_instead(s, branch, NULL);
  s->is_branching = FALSE;
  look_at(s, frame, time_ns);
  return TRUE;
}

gboolean
session_branch(Session *s, const struct input *input, GError **error)
{
  return session_branch_by(s, input, 1, error);
}

gboolean
session_branch_by(Session *s, const struct input *inputs, gsize n, GError **error)
{
  g_return_val_if_fail(s->run != NULL, FALSE);
  session_set_playing(s, FALSE);
  return show_branch(s, run_branch(s->run, inputs[0].time_ns, inputs, n, error));
}

gboolean
session_remove_input(Session *s, unsigned input, GError **error)
{
  if (!s->run || input >= input_log_n(run_inputs(s->run)))
    return FALSE;
  session_set_playing(s, FALSE);
  return show_branch(s, run_without(s->run, input, error));
}

static void
go_back(Session *s, guint to)
{
  if (to >= s->branches->len)
    return;
  session_set_playing(s, FALSE);
  struct kept *k = g_ptr_array_steal_index(s->branches, to);
  g_ptr_array_set_size(s->branches, (int)to);
  s->is_branching = TRUE;
  show_instead(s, g_steal_pointer(&k->run), g_steal_pointer(&k->lesson));
  s->is_branching = FALSE;
  if (s->lesson) {
    s->step = k->step;
    s->is_waiting = k->is_waiting;
    g_array_unref(s->answers);
    s->answers = g_steal_pointer(&k->answers);
  }
  look_at(s, k->frame, k->time_ns);
  kept_free(k);
  session_emit(s, SESSION_LESSON_CHANGED);
}

void
session_undo_branch(Session *s)
{
  if (s->branches->len)
    go_back(s, s->branches->len - 1);
}

void
session_back_to_original(Session *s)
{
  go_back(s, 0);
}

/* ---- what is common ---- */

uint32_t
session_n_common(Session *s)
{
  struct run *original = session_original(s);
  if (!s->run || original == s->run)
    return trace_n_frames(s->trace);
  struct trace *a = run_trace(original), *b = s->trace;
  uint32_t n = MIN(trace_n_frames(a), trace_n_frames(b)), same = 0;
  g_autoptr(GByteArray) x = g_byte_array_new();
  g_autoptr(GByteArray) y = g_byte_array_new();
  for (; same < n; same++) {
    const struct trace_frame f = trace_frame(a, same), g = trace_frame(b, same);
    if (f.time_ns != g.time_ns || f.captured_octets != g.captured_octets)
      break;
    trace_octets(a, same, x);
    trace_octets(b, same, y);
    if (x->len != y->len || memcmp(x->data, y->data, x->len) != 0)
      break;
  }
  return same;
}
