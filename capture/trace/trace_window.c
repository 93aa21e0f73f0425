/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace_window.c -- octets of one frame after the other, read ahead in large pieces.
 *
 * Reading each frame by itself costs a system call per frame; a search through a whole file is to
 * cost what reading the file does. */
#include "capture/trace/trace_store.h"

enum { WINDOW_OCTETS = 256 * 1024 }; /* stays in the second cache */

struct trace_window {
  const struct trace *trace;
  uint8_t *octets;
  size_t room;
  uint64_t first; /* in the file */
  size_t n;
};

struct trace_window *
trace_window_new(const struct trace *t)
{
  struct trace_window *w = g_new0(struct trace_window, 1);
  w->trace = t;
  return w;
}

void
trace_window_free(struct trace_window *w)
{
  if (!w)
    return;
  g_free(w->octets);
  g_free(w);
}

const uint8_t *
trace_window_octets(struct trace_window *w, uint32_t frame)
{
  const struct trace *t = w->trace;
  const struct trace_frame f = trace_frame(t, frame);
  if (!t->reader) {
    const uint8_t *block = g_ptr_array_index(t->arena, f.position / STORE_ARENA);
    return block + f.position % STORE_ARENA;
  }
  if (f.position >= w->first && f.position + f.captured_octets <= w->first + w->n)
    return w->octets + (f.position - w->first);
  size_t room = MAX((size_t)WINDOW_OCTETS, f.captured_octets);
  if (room > w->room) {
    w->octets = g_realloc(w->octets, room);
    w->room = room;
  }
  w->first = f.position;
  w->n = reader_octets_ahead(t->reader, f.position, w->octets, room);
  return w->n >= f.captured_octets ? w->octets : NULL;
}
