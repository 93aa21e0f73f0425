/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_filter.c -- the display filter and the list of frames that fit it.
 *
 *     session_set_filter ──scan over the index──> rows at once │ pass 2 in slices of idle time
 *
 * What the index answers is there before session_set_filter() returns. A test that needs the frames
 * decoded goes on in slices: rows appear while it does, the window stays alive, and
 * session_filter_cancel() ends it. */
#include "gui/session_private.h"

#include <string.h>

void
session_filter_reset(Session *s)
{
  g_clear_pointer(&s->scan, filter_scan_free);
  g_array_set_size(s->rows, 0);
  s->n_filtered = 0;
}

gboolean
session_filter_drain(Session *s, int64_t until_us)
{
  uint32_t n = trace_n_frames(s->trace);
  if (!s->filter)
    return FALSE;
  guint before = s->rows->len;
  gboolean was_behind = s->n_filtered < n;
  if (was_behind) {
    if (!s->scan)
      s->scan = filter_scan_new(s->filter, s->trace);
    s->n_filtered = filter_scan_run(s->scan, s->row_decode, s->n_filtered, n, until_us, s->rows);
  }
  if (s->rows->len != before || was_behind)
    session_emit(s, SESSION_FILTER_CHANGED);
  return s->n_filtered < n;
}

gboolean
session_set_filter(Session *s, const char *text, struct filter_error *error)
{
  g_autofree char *stripped = g_strstrip(g_strdup(text ? text : ""));
  if (strcmp(stripped, s->filter_text) == 0)
    return TRUE;
  struct filter *filter = filter_compile(stripped, error);
  if (!filter)
    return FALSE;
  session_filter_reset(s);
  g_clear_pointer(&s->filter, filter_free);
  g_free(s->filter_text);
  s->filter_text = g_steal_pointer(&stripped);
  if (*s->filter_text == '\0') {
    filter_free(filter);
    session_emit(s, SESSION_FILTER_CHANGED);
    return TRUE;
  }
  s->filter = filter;
  if (filter_has_references(filter) && s->frame != SESSION_NONE) {
    decode_frame(s->row_decode, s->frame);
    filter_refer(filter, s->row_decode);
  }
  guint before = trace_n_frames(s->trace);
  if (session_filter_drain(s, g_get_monotonic_time() + SESSION_SLICE_US))
    session_want_drain(s);
  if (before == 0)
    session_emit(s, SESSION_FILTER_CHANGED);
  return TRUE;
}

gboolean
session_is_filtering(Session *s, double *fraction)
{
  uint32_t n = trace_n_frames(s->trace);
  gboolean goes_on = s->filter && s->n_filtered < n;
  if (fraction)
    *fraction = goes_on ? (double)s->n_filtered / n : 1.0;
  return goes_on && !s->loader;
}

void
session_filter_cancel(Session *s)
{
  session_set_filter(s, "", NULL);
}

const char *
session_filter(Session *s)
{
  return s->filter_text;
}

uint32_t
session_rows(Session *s, const uint32_t **rows)
{
  if (!s->filter) {
    *rows = NULL;
    return trace_n_frames(s->trace);
  }
  *rows = (const uint32_t *)(const void *)s->rows->data;
  return s->rows->len;
}

uint32_t
session_row_of(Session *s, uint32_t frame)
{
  if (frame >= trace_n_frames(s->trace))
    return SESSION_NONE;
  if (!s->filter)
    return frame;
  guint at;
  uint32_t low = 0, high = s->rows->len;
  while (low < high) {
    at = low + (high - low) / 2;
    if (g_array_index(s->rows, uint32_t, at) < frame)
      low = at + 1;
    else
      high = at;
  }
  return low < s->rows->len && g_array_index(s->rows, uint32_t, low) == frame ? low : SESSION_NONE;
}
