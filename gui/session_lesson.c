/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_lesson.c -- the lesson beside a run: its step, its questions and the answers.
 *
 * A predict question is a barrier in time: playing, stepping and scrubbing stop before its frame
 * until it is answered. A reader who clicks on a later frame has decided to look; that is not
 * forbidden.
 */
#include "gui/session_private.h"

static int *
answer_at(Session *s, unsigned step, unsigned question)
{
  return &g_array_index(s->answers, int, step *LESSON_QUESTIONS_MAX + question);
}

void
session_lesson_clear(Session *s)
{
  g_clear_pointer(&s->lesson, lesson_free);
  s->step = 0;
  s->is_waiting = FALSE;
  g_array_set_size(s->answers, 0);
}

void
session_lesson_take(Session *s, struct lesson *lesson)
{
  session_lesson_clear(s);
  s->lesson = lesson;
  int none = -1;
  for (unsigned i = 0; lesson && i < lesson_n_steps(lesson) * LESSON_QUESTIONS_MAX; i++)
    g_array_append_val(s->answers, none);
}

static gboolean
is_open_barrier(Session *s, unsigned step, unsigned question)
{
  const struct lesson_question *q = &lesson_step(s->lesson, step)->questions[question];
  return q->kind == LESSON_PREDICT && q->before_frame != TRACE_NONE &&
         *answer_at(s, step, question) < 0;
}

/* The first open barrier behind the selected frame; its step in *step. */
static uint32_t
barrier(Session *s, unsigned *step)
{
  uint32_t first = SESSION_NONE;
  for (unsigned i = 0; s->lesson && i < lesson_n_steps(s->lesson); i++)
    for (unsigned q = 0; q < lesson_step(s->lesson, i)->n_questions; q++) {
      uint32_t frame = lesson_step(s->lesson, i)->questions[q].before_frame;
      if (!is_open_barrier(s, i, q) || frame >= first)
        continue;
      if (s->frame != SESSION_NONE && frame <= s->frame)
        continue;
      first = frame;
      *step = i;
    }
  return first;
}

uint32_t
session_barrier(Session *s)
{
  unsigned step;
  return barrier(s, &step);
}

void
session_lesson_reached_barrier(Session *s)
{
  unsigned step = s->step;
  barrier(s, &step);
  if (s->is_waiting && s->step == step)
    return;
  s->is_waiting = TRUE;
  s->step = step;
  session_emit(s, SESSION_LESSON_CHANGED);
}

struct lesson *
session_lesson(Session *s)
{
  return s->lesson;
}

unsigned
session_step(Session *s)
{
  return s->step;
}

gboolean
session_is_waiting(Session *s)
{
  return s->is_waiting;
}

/* The frame in whose decode the step's field lies gets that field selected. */
static void
select_key(Session *s, const char *key)
{
  struct decode *d = session_decode(s);
  const struct field *f = key ? decode_find(d, key, 0) : NULL;
  if (f)
    session_select_field(s, (uint32_t)(f - decode_field(d, 0)));
}

void
session_set_step(Session *s, unsigned step)
{
  if (!s->lesson || step >= lesson_n_steps(s->lesson))
    return;
  const struct lesson_step *to = lesson_step(s->lesson, step);
  gboolean changed = step != s->step || s->is_waiting;
  s->step = step;
  s->is_waiting = FALSE;
  uint32_t show = to->focus_frame;
  for (unsigned q = 0; q < to->n_questions; q++)
    if (is_open_barrier(s, step, q) &&
        (show == TRACE_NONE || to->questions[q].before_frame <= show)) {
      show = to->questions[q].before_frame;
      s->is_waiting = TRUE;
    }
  session_set_playing(s, FALSE);
  if (s->is_waiting) {
    session_move(s, show ? show - 1 : SESSION_NONE, show ? session_time_reached(s, show - 1) : 0);
  } else if (show != TRACE_NONE) {
    session_select_frame(s, show);
    select_key(s, to->field);
  }
  if (changed)
    session_emit(s, SESSION_LESSON_CHANGED);
}

int
session_answer(Session *s, unsigned step, unsigned question)
{
  if (!s->lesson || step >= lesson_n_steps(s->lesson) || question >= LESSON_QUESTIONS_MAX)
    return -1;
  return *answer_at(s, step, question);
}

void
session_set_answer(Session *s, unsigned step, unsigned question, int choice)
{
  if (!s->lesson || step >= lesson_n_steps(s->lesson))
    return;
  const struct lesson_step *at = lesson_step(s->lesson, step);
  if (question >= at->n_questions || choice < 0 ||
      (unsigned)choice >= at->questions[question].n_choices ||
      *answer_at(s, step, question) == choice)
    return;
  const struct lesson_question *q = &at->questions[question];
  gboolean was_open = is_open_barrier(s, step, question);
  *answer_at(s, step, question) = choice;
  s->is_waiting = FALSE;
  if (was_open && (s->frame == SESSION_NONE || s->frame < q->before_frame)) {
    session_select_frame(s, q->before_frame);
    if (at->focus_frame == q->before_frame)
      select_key(s, at->field);
  }
  session_emit(s, SESSION_LESSON_CHANGED);
}
