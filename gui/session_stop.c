/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_stop.c -- breakpoints of a run: playing and running on stop where one fits.
 *
 *     filter   stops at the frame that fits            pace_filter
 *     event    stops when the state event happens      pace_event ("HOST SUBJECT KEY = VALUE")
 *
 * What comes next is looked for once, when playing begins; a run is over already, so looking ahead
 * costs nothing but the look. */
#include <string.h>

#include "gui/session_private.h"
#include "lessons/pace.h"

struct stop {
  char *text;
  gboolean is_event;
  struct filter *filter;
};

static void
stop_free(gpointer data)
{
  struct stop *stop = data;
  g_clear_pointer(&stop->filter, filter_free);
  g_free(stop->text);
  g_free(stop);
}

GPtrArray *
session_stops_new(void)
{
  return g_ptr_array_new_with_free_func(stop_free);
}

gboolean
session_add_stop(Session *s, const char *text, gboolean is_event, char **trouble)
{
  g_autofree char *stripped = g_strstrip(g_strdup(text));
  struct filter *filter = NULL;
  if (!*stripped || s->stops->len >= SESSION_STOPS_MAX) {
    *trouble =
        g_strdup(*stripped ? lang_text("There are 32 breakpoints already: take one out first.",
                                       "มีจุดหยุดครบ 32 จุดแล้ว โปรดนำออกก่อนหนึ่งจุด")
                           : lang_text("Write what to stop at.", "โปรดเขียนเงื่อนไขที่จะหยุด"));
    return FALSE;
  }
  if (is_event && !strchr(stripped, '=')) {
    *trouble = g_strdup(
        lang_text("A state event is written HOST SUBJECT KEY = VALUE, for example * tcp* state = "
                  "ESTABLISHED.",
                  "เหตุการณ์ต้องเขียนเป็น HOST SUBJECT KEY = VALUE เช่น * tcp* state = ESTABLISHED"));
    return FALSE;
  }
  struct filter_error error = {0};
  if (!is_event && !(filter = filter_compile(stripped, &error))) {
    *trouble = g_strdup(error.message ? error.message : stripped);
    filter_error_clear(&error);
    return FALSE;
  }
  struct stop *stop = g_new0(struct stop, 1);
  *stop = (struct stop){g_steal_pointer(&stripped), is_event, filter};
  g_ptr_array_add(s->stops, stop);
  return TRUE;
}

unsigned
session_n_stops(Session *s)
{
  return s->stops->len;
}

const char *
session_stop_text(Session *s, unsigned i)
{
  return ((struct stop *)s->stops->pdata[i])->text;
}

void
session_remove_stop(Session *s, unsigned i)
{
  if (i < s->stops->len)
    g_ptr_array_remove_index(s->stops, i);
}

/* Where it fits next behind the cursor; false when nowhere. */
static gboolean
find_next(Session *s, const struct stop *stop, int64_t *time_ns)
{
  if (stop->is_event) {
    size_t n, i = pace_event(s->run, stop->text, s->time_ns);
    if (i == SIZE_MAX)
      return FALSE;
    *time_ns = run_events(s->run, &n)[i].time_ns;
    return TRUE;
  }
  uint32_t here = s->frame;
  if (here == SESSION_NONE) {
    uint32_t n = session_frames_until(s, s->time_ns);
    here = n ? n - 1 : TRACE_NONE;
  }
  uint32_t frame = pace_filter(s->trace, stop->filter, here, 1);
  if (frame == TRACE_NONE)
    return FALSE;
  *time_ns = session_time_reached(s, frame);
  return TRUE;
}

void
session_look_for_stop(Session *s)
{
  s->stop_ns = INT64_MAX;
  s->stop = NULL;
  for (guint i = 0; s->run && i < s->stops->len; i++) {
    struct stop *stop = s->stops->pdata[i];
    int64_t time_ns;
    if (find_next(s, stop, &time_ns) && time_ns < s->stop_ns) {
      s->stop_ns = time_ns;
      g_free(s->stop_reached);
      s->stop_reached = NULL;
      s->stop = stop->text;
    }
  }
}

gboolean
session_arrive_at_stop(Session *s, int64_t time_ns)
{
  if (time_ns < s->stop_ns)
    return FALSE;
  int64_t at = s->stop_ns;
  s->stop_ns = INT64_MAX;
  g_free(s->stop_reached);
  s->stop_reached = g_strdup(s->stop);
  s->is_playing = FALSE;
  session_set_time(s, at);
  session_emit(s, SESSION_PLAYING_CHANGED);
  return TRUE;
}

const char *
session_stop_reached(Session *s)
{
  return s->stop_reached;
}

gboolean
session_run_on(Session *s)
{
  session_set_playing(s, FALSE);
  session_look_for_stop(s);
  if (s->stop_ns == INT64_MAX)
    return FALSE;
  return session_arrive_at_stop(s, s->stop_ns);
}
