/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace_load.c -- feeds a trace from a file, a step at a time so that a window stays alive.
 *
 *     trace_loader_new ─> (trace_loader_step ─> MORE)* ─> DONE | FAILED
 *     trace_loader_new_growing ─> (step ─> MORE | WAITING ─> trace_loader_follow)* ─> DONE | FAILED
 *
 * The trace keeps the reader: single frames are read again from the file by their offset. */
#include "capture/trace/trace.h"

#include "capture/trace/trace_store.h"

enum { STEP_FRAMES = 65536 }; /* of trace_load_file(): any number would do */

struct trace_loader {
  struct trace *trace; /* borrowed; owns the reader */
  bool has_ended;
  bool is_growing; /* the file's end is not the end */
};

/* Takes the reader, which is NULL when there is none. */
static struct trace_loader *
begin(struct trace *t, struct reader *reader)
{
  if (!reader)
    return NULL;
  t->reader = reader;
  struct trace_loader *l = g_new0(struct trace_loader, 1);
  l->trace = t;
  return l;
}

struct trace_loader *
trace_loader_new(struct trace *t, const char *path, GError **error)
{
  g_assert(!t->reader && !t->is_finished && records_n(&t->records) == 0);
  return begin(t, reader_new(path, error));
}

struct trace_loader *
trace_loader_new_growing(struct trace *t, const char *path, uint64_t n_octets, GError **error)
{
  g_assert(!t->reader && !t->is_finished && records_n(&t->records) == 0);
  struct trace_loader *l = begin(t, reader_new_growing(path, n_octets, error));
  if (l)
    l->is_growing = true;
  return l;
}

void
trace_loader_follow(struct trace_loader *l, uint64_t n_octets, bool is_last)
{
  reader_follow(l->trace->reader, n_octets);
  l->is_growing = !is_last;
}

void
trace_loader_free(struct trace_loader *l)
{
  g_free(l);
}

static void
add_interfaces(struct trace *t)
{
  while (t->interfaces->len < reader_n_interfaces(t->reader)) {
    const struct reader_interface *i = reader_interface(t->reader, t->interfaces->len);
    uint16_t index = trace_add_interface(t, i->name, i->link);
    g_array_index(t->interfaces, struct trace_interface, index).snap_octets = i->snap_octets;
  }
}

/* What the file's secrets blocks said since the last time. */
static void
add_secrets(struct trace *t)
{
  const GByteArray *secrets = reader_secrets(t->reader);
  if (!secrets || secrets->len == t->n_secrets_read)
    return;
  trace_add_keylog(t, (const char *)secrets->data + t->n_secrets_read,
                   secrets->len - t->n_secrets_read);
  t->n_secrets_read = secrets->len;
}

static void
add_comment(struct trace *t, uint32_t index, const struct reader_frame *frame)
{
  g_autofree char *comment = reader_comment(t->reader, frame);
  if (comment)
    trace_set_comment(t, index, comment);
}

static enum trace_load
end(struct trace_loader *l, bool ended_early, GError **error)
{
  struct trace *t = l->trace;
  l->has_ended = true;
  add_interfaces(t);
  t->damage.n_bad_records = reader_n_bad_records(t->reader);
  if (!reader_rest(t->reader, ended_early ? NULL : error))
    ended_early = true;
  t->damage.ended_early = ended_early;
  trace_finish(t);
  return ended_early ? TRACE_LOAD_FAILED : TRACE_LOAD_DONE;
}

enum trace_load
trace_loader_step(struct trace_loader *l, uint32_t n_frames_max, double *fraction, GError **error)
{
  struct trace *t = l->trace;
  enum trace_load result = l->has_ended ? TRACE_LOAD_DONE : TRACE_LOAD_MORE;
  for (uint32_t i = 0; i < n_frames_max && result == TRACE_LOAD_MORE; i++) {
    struct reader_frame frame;
    enum reader_status status = reader_next(t->reader, &frame, error);
    if (status == READER_END && l->is_growing) {
      result = TRACE_LOAD_WAITING;
      break;
    }
    if (status != READER_FRAME) {
      result = end(l, status == READER_FAILED, error);
      break;
    }
    if (frame.interface >= t->interfaces->len)
      add_interfaces(t);
    add_secrets(t);
    struct pass1_input in = {.octets = frame.octets,
                             .time_ns = frame.time_ns,
                             .position = frame.position,
                             .index = records_n(&t->records),
                             .captured_octets = frame.captured_octets,
                             .wire_octets = frame.wire_octets,
                             .link = (enum link_type)frame.link,
                             .interface = frame.interface};
    if (trace_feed(t, &in) == TRACE_NONE)
      result = end(l, false, error);
    else if (frame.n_options)
      add_comment(t, in.index, &frame);
  }
  if (fraction)
    *fraction = result == TRACE_LOAD_MORE ? reader_fraction(t->reader) : 1;
  return result;
}

bool
trace_load_file(struct trace *t, const char *path, GError **warning, GError **error)
{
  struct trace_loader *l = trace_loader_new(t, path, error);
  if (!l)
    return false;
  while (trace_loader_step(l, STEP_FRAMES, NULL, warning) == TRACE_LOAD_MORE)
    continue;
  trace_loader_free(l);
  return true;
}
