/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_watch.c -- a run that stops by itself: at the first frame that fits a display filter, or the
 * first state event that fits a pattern.
 *
 * The run goes on to the end of that instant, so that it is the same as one with an end at this
 * time and can be saved and played again. The trace is decoded while it grows: what a frame means
 * depends on the frames before it only. */
#include "capture/filter/filter.h"
#include "capture/wire/lang.h"
#include "lessons/library.h"
#include "lessons/pace.h"
#include "lessons/run_private.h"

struct run_watch {
  struct run *run;
  struct filter *filter;
  struct decode *decode;
  GPatternSpec *pattern;
  uint32_t n_frames_seen;
  guint n_events_seen;
  bool has_stopped;
};

void
watch_free(struct run_watch *watch)
{
  if (!watch)
    return;
  g_clear_pointer(&watch->decode, decode_free);
  g_clear_pointer(&watch->filter, filter_free);
  g_clear_pointer(&watch->pattern, g_pattern_spec_free);
  g_free(watch);
}

struct run_watch *
watch_new(struct run *r, const struct run_options *options, GError **error)
{
  if (!options->stop_filter && !options->stop_event)
    return NULL;
  struct run_watch *watch = g_new0(struct run_watch, 1);
  watch->run = r;
  if (options->stop_event)
    watch->pattern = g_pattern_spec_new(options->stop_event);
  if (!options->stop_filter)
    return watch;
  struct filter_error wrong;
  watch->filter = filter_compile(options->stop_filter, &wrong);
  watch->decode = decode_new(r->trace);
  if (watch->filter)
    return watch;
  g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
              lang_text("%s: no display filter: %s", "%s: ไม่ใช่ฟิลเตอร์แสดงผล: %s"),
              options->stop_filter, wrong.message);
  filter_error_clear(&wrong);
  watch_free(watch);
  return NULL;
}

static bool
fits_new_frame(struct run_watch *watch)
{
  uint32_t n = trace_n_frames(watch->run->trace);
  bool fits = false;
  for (; watch->filter && watch->n_frames_seen < n; watch->n_frames_seen++)
    fits = fits || filter_match_frame(watch->filter, watch->decode, watch->n_frames_seen);
  return fits;
}

static bool
fits_new_event(struct run_watch *watch)
{
  struct run *r = watch->run;
  bool fits = false;
  for (; watch->pattern && watch->n_events_seen < r->events->len; watch->n_events_seen++) {
    const struct run_event *e = &g_array_index(r->events, struct run_event, watch->n_events_seen);
    g_autofree char *text =
        g_strdup_printf("%s %s %s = %s", run_host(r, e->host).name, e->subject, e->key, e->value);
    fits = fits || g_pattern_spec_match_string(watch->pattern, text);
  }
  return fits;
}

void
watch_run(struct run_watch *watch, int64_t until_ns)
{
  struct run *r = watch->run;
  while (world_next_ns(r->world) <= until_ns && world_step(r->world)) {
    if (!fits_new_frame(watch) && !fits_new_event(watch))
      continue;
    watch->has_stopped = true;
    until_ns = world_now(r->world);
    r->plan->until_ns = MAX(until_ns, 1); /* 0 would mean the scenario's own end */
    break;
  }
  world_run(r->world, until_ns);
}

bool
run_is_stopped(const struct run *r)
{
  return r->watch && r->watch->has_stopped;
}
