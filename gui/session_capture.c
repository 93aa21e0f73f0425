/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_capture.c -- a live capture as what is shown: the helper writes a file, the loader
 * follows it.
 *
 *     session_capture_start ─> live_new ──LIVE_COMMIT──> the first: session_show() of the growing
 * file │                     later: trace_loader_follow(), drain ├──LIVE_STATS──────> counters
 *                                  └──LIVE_ENDED──────> the loader comes to its end; the file stays
 *
 * The file lies in the user's cache folder, readable by nobody else, until the user saves it
 * elsewhere or deletes it. A slow window loses nothing: it only reads later. */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "gui/session_private.h"

struct session_capture {
  struct live_options options; /* its texts are ours */
  char *interface, *filter, *path, *trouble;
  struct live *live; /* NULL: ended */
  guint source;
  struct live_state state;
  unsigned generation; /* of what is shown when it is this capture; 0: not shown */
  gboolean is_showing; /* session_show() is ours */
};

static void
capture_free(struct session_capture *c)
{
  if (!c)
    return;
  if (c->source)
    g_source_remove(c->source);
  g_clear_pointer(&c->live, live_free);
  g_free(c->interface);
  g_free(c->filter);
  g_free(c->path);
  g_free(c->trouble);
  g_free(c);
}

void
session_capture_clear(Session *s)
{
  g_clear_pointer(&s->capture, capture_free);
}

static int
open_file(struct session_capture *c, GError **error)
{
  g_autofree char *folder = g_build_filename(g_get_user_cache_dir(), "enveloscope", NULL);
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *when = g_date_time_format(now, "%Y-%m-%d-%H%M%S");
  g_autofree char *name = g_strdup_printf("%s-%s.pcapng", c->interface, when);
  c->path = g_build_filename(folder, g_strdelimit(name, "/", '-'), NULL);
  int fd = g_mkdir_with_parents(folder, 0700) == 0
               ? g_open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
               : -1;
  if (fd < 0)
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                lang_text("The capture's file %1$s cannot be made: %2$s.",
                          "สร้างไฟล์แคปเจอร์ %1$s ไม่ได้: %2$s"),
                c->path, g_strerror(errno));
  return fd;
}

/* ---- what the helper says ---- */

static gboolean
is_shown(Session *s)
{
  return s->capture && s->capture->generation && s->capture->generation == s->generation;
}

/* More of the file is whole. */
static void
follow(Session *s, gboolean is_last)
{
  struct session_capture *c = s->capture;
  uint64_t n = c->state.n_octets;
  if (n == 0)
    return;
  if (!c->generation && !is_last) {
    struct trace *trace = trace_new();
    struct trace_loader *loader = trace_loader_new_growing(trace, c->path, n, NULL);
    if (!loader) {
      trace_free(trace);
      return;
    }
    c->is_showing = TRUE;
    c->generation = s->generation + 1;
    session_show(s, NULL, trace, loader, g_path_get_basename(c->path), NULL);
    c->is_showing = FALSE;
  } else if (is_shown(s) && s->loader) {
    trace_loader_follow(s->loader, n, is_last);
    session_want_drain(s);
  }
}

static void
ended(Session *s)
{
  struct session_capture *c = s->capture;
  follow(s, TRUE);
  g_clear_pointer(&c->live, live_free);
  if (!c->generation)
    g_unlink(c->path); /* nothing ever came */
}

static gboolean
said(int fd, GIOCondition condition, gpointer data)
{
  Session *s = data;
  struct session_capture *c = s->capture;
  for (;;) {
    g_autoptr(GError) error = NULL;
    enum live_event event = live_next(c->live, &error);
    if (event == LIVE_NOTHING)
      return G_SOURCE_CONTINUE;
    c->state = *live_state(c->live);
    if (event == LIVE_COMMIT) {
      follow(s, FALSE);
    } else if (event == LIVE_TROUBLE) {
      g_free(c->trouble);
      c->trouble = g_strdup(error->message);
    } else if (event == LIVE_ENDED) {
      c->source = 0;
      ended(s);
    }
    if (event != LIVE_COMMIT)
      session_emit(s, SESSION_CAPTURE_CHANGED);
    if (event == LIVE_ENDED)
      return G_SOURCE_REMOVE;
  }
}

/* ---- the session's functions ---- */

gboolean
session_capture_start(Session *s, const struct live_options *options, GError **error)
{
  struct session_capture *c = g_new0(struct session_capture, 1);
  c->options = *options;
  c->options.interface = c->interface = g_strdup(options->interface);
  c->options.filter = c->filter = g_strdup(options->filter ? options->filter : "");
  int fd = open_file(c, error);
  c->live = fd < 0 ? NULL : live_new(&c->options, fd, error);
  if (fd >= 0)
    close(fd);
  if (!c->live) {
    if (fd >= 0)
      g_unlink(c->path);
    capture_free(c);
    return FALSE;
  }
  session_capture_stop(s);
  session_capture_clear(s);
  s->capture = c;
  c->source = g_unix_fd_add(live_fd(c->live), G_IO_IN | G_IO_HUP, said, s);
  session_emit(s, SESSION_CAPTURE_CHANGED);
  return TRUE;
}

gboolean
session_capture_again(Session *s, GError **error)
{
  if (!s->capture)
    return FALSE;
  g_autofree char *interface = g_strdup(s->capture->interface);
  g_autofree char *filter = g_strdup(s->capture->filter);
  struct live_options options = s->capture->options;
  options.interface = interface;
  options.filter = filter;
  return session_capture_start(s, &options, error);
}

void
session_capture_stop(Session *s)
{
  if (session_is_capturing(s))
    live_stop(s->capture->live);
}

/* Something else is shown: a capture that goes on behind it would record unseen. */
void
session_capture_loaded(Session *s)
{
  if (s->capture && !s->capture->is_showing)
    session_capture_stop(s);
}

gboolean
session_is_capturing(Session *s)
{
  return s->capture && s->capture->live;
}

gboolean
session_capture_is_growing(Session *s)
{
  return session_is_capturing(s) && (s->capture->is_showing || is_shown(s));
}

gboolean
session_shows_capture(Session *s)
{
  return is_shown(s);
}

const struct live_state *
session_capture_state(Session *s)
{
  return s->capture ? &s->capture->state : NULL;
}

const char *
session_capture_interface(Session *s)
{
  return s->capture ? s->capture->interface : NULL;
}

const char *
session_capture_filter(Session *s)
{
  return s->capture ? s->capture->filter : NULL;
}

const char *
session_capture_path(Session *s)
{
  return s->capture ? s->capture->path : NULL;
}

const char *
session_capture_trouble(Session *s)
{
  return s->capture ? s->capture->trouble : NULL;
}
