/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pace.c -- from a place in a finished run to the next one worth looking at. Searches go through
 * the records once; nothing is kept between calls, because a person presses a key a few times a
 * second. */
#include "lessons/pace.h"

#include <string.h>

uint32_t
pace_frame(const struct trace *t, uint32_t frame, int by)
{
  uint32_t n = trace_n_frames(t);
  if (frame == TRACE_NONE)
    return by > 0 && n > 0 ? 0 : TRACE_NONE;
  if (by < 0)
    return frame > 0 && frame - 1 < n ? frame - 1 : TRACE_NONE;
  return frame + 1 < n ? frame + 1 : TRACE_NONE;
}

uint32_t
pace_frame_at(const struct trace *t, int64_t time_ns)
{
  uint32_t low = 0, high = trace_n_frames(t); /* the first frame behind the time */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (trace_frame(t, middle).time_ns - TRACE_SIM_EPOCH_NS <= time_ns)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 ? low - 1 : TRACE_NONE;
}

static bool
is_line(const struct element *e)
{
  return e->kind <= ELEMENT_TEXT || e->kind == ELEMENT_END;
}

/* A DNS message is a question or an answer by itself: it has no lines. */
static bool
is_message(const struct trace_frame *f)
{
  return f->app == APP_DNS && f->payload_octets > 0;
}

uint32_t
pace_line(const struct trace *t, uint32_t frame, int by)
{
  for (uint32_t f = pace_frame(t, frame, by); f != TRACE_NONE; f = pace_frame(t, f, by)) {
    const struct trace_frame record = trace_frame(t, f);
    if (is_message(&record))
      return f;
    for (uint32_t i = record.element; i < trace_elements_end(t, f); i++) {
      const struct element e = trace_element(t, i);
      if (is_line(&e))
        return f;
    }
  }
  return TRACE_NONE;
}

/* Whether this is the last word of a reply. */
static bool
ends_reply(const struct element *e)
{
  if (e->side != SIDE_SERVER || (e->flags & ELEMENT_FLAG_MORE))
    return false;
  if (e->app == APP_IMAP && e->kind == ELEMENT_REPLY)
    return (e->flags & ELEMENT_FLAG_TAGGED) || e->command == ELEMENT_NONE;
  return e->kind == ELEMENT_REPLY || e->kind == ELEMENT_TEXT || e->kind == ELEMENT_END;
}

/* A reply that only asks for more is not the end: 334, 354, "+". */
static bool
asks_for_more(const struct element *e)
{
  switch (e->app) {
  case APP_SMTP:
    return e->kind == ELEMENT_REPLY && e->code >= 300 && e->code < 400;
  case APP_POP3:
    return e->kind == ELEMENT_REPLY && e->code == POP_STATUS_CONTINUE;
  case APP_IMAP:
    return e->kind == ELEMENT_REPLY && e->code == IMAP_STATUS_CONTINUE;
  }
  return false;
}

/* The frame that completes the exchange of the element number i, of which i is a last word so far.
 */
static uint32_t
exchange_end(const struct trace *t, uint32_t i)
{
  const struct element first = trace_element(t, i);
  uint32_t end = first.last_frame;
  for (uint32_t k = i + 1; first.command != ELEMENT_NONE && k < trace_n_elements(t); k++) {
    const struct element e = trace_element(t, k);
    if (e.flow != first.flow)
      continue;
    if (e.command == first.command && e.side == SIDE_SERVER)
      end = MAX(end, e.last_frame);
    else if (e.kind == ELEMENT_COMMAND && !(e.flags & ELEMENT_FLAG_PIPELINED))
      break;
  }
  return end;
}

uint32_t
pace_out(const struct trace *t, uint32_t frame)
{
  if (frame == TRACE_NONE || trace_frame(t, frame).flow == TRACE_NONE)
    return TRACE_NONE;
  uint32_t flow = trace_frame(t, frame).flow;
  for (uint32_t i = 0; i < trace_n_elements(t); i++) {
    const struct element e = trace_element(t, i);
    if (e.flow != flow || !ends_reply(&e) || asks_for_more(&e))
      continue;
    uint32_t end = exchange_end(t, i);
    if (end > frame)
      return end;
  }
  return TRACE_NONE;
}

uint32_t
pace_filter(const struct trace *t, const struct filter *f, uint32_t from, int by)
{
  struct decode *d = decode_new(t);
  uint32_t frame = pace_frame(t, from, by);
  while (frame != TRACE_NONE && !filter_match_frame(f, d, frame))
    frame = pace_frame(t, frame, by);
  decode_free(d);
  return frame;
}

/* The first event behind a time. */
static size_t
event_behind(const struct run *r, int64_t time_ns)
{
  size_t low = 0, high;
  const struct run_event *events = run_events(r, &high);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (events[middle].time_ns <= time_ns)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool
pace_event_fits(const struct run *r, const struct run_event *e, GPatternSpec *pattern)
{
  g_autofree char *text =
      g_strdup_printf("%s %s %s = %s", run_host(r, e->host).name, e->subject, e->key, e->value);
  return g_pattern_spec_match_string(pattern, text);
}

size_t
pace_event(const struct run *r, const char *pattern, int64_t from_ns)
{
  size_t n;
  const struct run_event *events = run_events(r, &n);
  GPatternSpec *spec = g_pattern_spec_new(pattern);
  size_t i = event_behind(r, from_ns);
  while (i < n && !pace_event_fits(r, &events[i], spec))
    i++;
  g_pattern_spec_free(spec);
  return i < n ? i : SIZE_MAX;
}

size_t
pace_event_of(const struct run *r, int64_t from_ns, uint32_t host, const char *subject,
              const char *key, const char *value)
{
  size_t n;
  const struct run_event *events = run_events(r, &n);
  for (size_t i = event_behind(r, from_ns); i < n; i++) {
    const struct run_event *e = &events[i];
    if ((host == UINT32_MAX || e->host == host) &&
        (!subject || g_str_has_prefix(e->subject, subject)) && (!key || strcmp(e->key, key) == 0) &&
        (!value || strcmp(e->value, value) == 0))
      return i;
  }
  return SIZE_MAX;
}
