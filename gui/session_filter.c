/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_filter.c -- the display filter and the list of frames that fit it.
 *
 * Testing a frame means decoding it, so a large capture is tested in slices of idle time: rows
 * appear while it goes on, and a small trace is done before session_set_filter() returns. */
#include "gui/session_private.h"

#include <string.h>

void
session_filter_reset(Session *s)
{
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
  while (s->n_filtered < n) {
    uint32_t frame = s->n_filtered++;
    if (filter_match_frame(s->filter, s->row_decode, frame))
      g_array_append_val(s->rows, frame);
    if ((frame & 15) == 15 && g_get_monotonic_time() >= until_us)
      break;
  }
  if (s->rows->len != before || (was_behind && s->n_filtered == n))
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
  g_clear_pointer(&s->filter, filter_free);
  g_free(s->filter_text);
  s->filter_text = g_steal_pointer(&stripped);
  session_filter_reset(s);
  if (*s->filter_text == '\0') {
    filter_free(filter);
    session_emit(s, SESSION_FILTER_CHANGED);
    return TRUE;
  }
  s->filter = filter;
  guint before = trace_n_frames(s->trace);
  gboolean more = session_filter_drain(s, g_get_monotonic_time() + SESSION_SLICE_US);
  if (more)
    session_want_drain(s);
  if (before == 0 || (more && s->rows->len == 0))
    session_emit(s, SESSION_FILTER_CHANGED);
  return TRUE;
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
