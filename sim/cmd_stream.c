/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_stream.c -- the frames and state events of a run in real time go to their files as they
 * happen.
 *
 *     world ─frame─> pcapng_writer ─┐
 *           ─event─> lines of JSON ─┴─> file, every CMD_STREAM_FLUSH_NS
 *
 * A file that takes no more (a full disk, a closed pipe) is given up with one complaint; the run
 * goes on, because people are connected to it. Events from before cmd_stream_begin(), when hosts
 * have no names yet, wait. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <string.h>
#include <unistd.h>

#include "capture/source/writer.h"
#include "sim/cmd.h"

struct outlet {
  const char *path; /* NULL: not wanted, or given up */
  GOutputStream *stream;
};

struct cmd_stream {
  struct run_stream sink;
  const struct run *run; /* NULL before cmd_stream_begin() */
  struct outlet frames, events;
  struct pcapng_writer *writer;
  GString *lines;   /* of JSON, not written yet */
  GPtrArray *early; /* struct world_event*, owned with their strings */
  bool is_dirty, is_incomplete;
  int64_t due_ns;
};

static void
give_up(struct cmd_stream *s, struct outlet *o, GError *error)
{
  cmd_complain_file(o->path, error);
  g_error_free(error);
  o->path = NULL;
  s->is_incomplete = true;
}

static void
take_frame(void *data, uint16_t interface, const struct world_frame *f)
{
  struct cmd_stream *s = data;
  GError *error = NULL;
  if (!s->writer || !s->frames.path)
    return;
  if (!run_stream_pcapng(s->writer, interface, f, &error))
    give_up(s, &s->frames, error);
  s->is_dirty = true;
}

static void
take_secret(void *data, const char *line)
{
  struct cmd_stream *s = data;
  GError *error = NULL;
  if (!s->writer || !s->frames.path)
    return;
  if (!run_stream_secret(s->writer, line, &error))
    give_up(s, &s->frames, error);
  s->is_dirty = true;
}

static void
write_event(struct cmd_stream *s, const struct world_event *e)
{
  const char *host = e->host < run_n_hosts(s->run) ? run_host(s->run, e->host).name : "";
  cmd_append_event(s->lines, host, e);
  s->is_dirty = true;
}

static void
take_event(void *data, const struct world_event *e)
{
  struct cmd_stream *s = data;
  if (!s->events.path)
    return;
  if (s->run) {
    write_event(s, e);
    return;
  }
  struct world_event *kept = g_new(struct world_event, 1);
  *kept = (struct world_event){.time_ns = e->time_ns,
                               .host = e->host,
                               .subject = g_strdup(e->subject),
                               .key = g_strdup(e->key),
                               .value = g_strdup(e->value)};
  g_ptr_array_add(s->early, kept);
}

static void
early_free(void *data)
{
  struct world_event *e = data;
  g_free((char *)(uintptr_t)e->subject);
  g_free((char *)(uintptr_t)e->key);
  g_free((char *)(uintptr_t)e->value);
  g_free(e);
}

/* ---- life ---- */

static bool
open_outlet(struct outlet *o, const char *path, int *code)
{
  if (!path)
    return true;
  bool is_stdout = strcmp(path, "-") == 0;
  int fd = is_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    int reason = errno;
    g_autoptr(GError) error = g_error_new_literal(
        G_FILE_ERROR, (gint)g_file_error_from_errno(reason), g_strerror(reason));
    *code = cmd_complain_file(path, error);
    return false;
  }
  *o = (struct outlet){.path = path, .stream = g_unix_output_stream_new(fd, !is_stdout)};
  return true;
}

struct cmd_stream *
cmd_stream_new(const char *pcapng, const char *events, int *code)
{
  struct cmd_stream *s = g_new0(struct cmd_stream, 1);
  s->lines = g_string_new(NULL);
  s->early = g_ptr_array_new_with_free_func(early_free);
  s->sink = (struct run_stream){
      .frame = take_frame, .event = take_event, .secret = take_secret, .data = s};
  if (open_outlet(&s->frames, pcapng, code) && open_outlet(&s->events, events, code))
    return s;
  cmd_stream_free(s);
  return NULL;
}

const struct run_stream *
cmd_stream_sink(const struct cmd_stream *s)
{
  return &s->sink;
}

void
cmd_stream_begin(struct cmd_stream *s, const struct run *r)
{
  GError *error = NULL;
  s->run = r;
  for (guint i = 0; i < s->early->len; i++)
    write_event(s, s->early->pdata[i]);
  g_ptr_array_set_size(s->early, 0);
  if (!s->frames.path)
    return;
  s->writer = run_begin_pcapng(r, s->frames.stream, &error);
  if (!s->writer)
    give_up(s, &s->frames, error);
}

int64_t
cmd_stream_flush(struct cmd_stream *s, int64_t now_ns, bool is_end)
{
  GError *error = NULL;
  if (now_ns < s->due_ns && !is_end)
    return s->due_ns;
  s->due_ns = now_ns + CMD_STREAM_FLUSH_NS;
  if (!s->is_dirty)
    return s->due_ns;
  s->is_dirty = false;
  if (s->writer && s->frames.path && !pcapng_writer_flush(s->writer, &error))
    give_up(s, &s->frames, g_steal_pointer(&error));
  if (s->events.path && !g_output_stream_write_all(s->events.stream, s->lines->str, s->lines->len,
                                                   NULL, NULL, &error))
    give_up(s, &s->events, error);
  g_string_truncate(s->lines, 0);
  return s->due_ns;
}

int
cmd_stream_free(struct cmd_stream *s)
{
  if (!s)
    return CMD_DONE;
  pcapng_writer_free(s->writer);
  g_clear_object(&s->frames.stream);
  g_clear_object(&s->events.stream);
  g_ptr_array_unref(s->early);
  g_string_free(s->lines, true);
  int code = s->is_incomplete ? CMD_INCOMPLETE : CMD_DONE;
  g_free(s);
  return code;
}
