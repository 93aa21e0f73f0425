/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_record_files.c -- the files of `record`: created for their owner only, named, counted,
 * deleted. */
#include "capture/cmd_record_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/wire/lang.h"

/* mail.pcapng -> mail_00001_20260101120000.pcapng, as dumpcap names them: sorted by name is sorted
 * by time. */
static char *
ring_path(const struct record_files *f)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *when = g_date_time_format(now, "%Y%m%d%H%M%S");
  const char *slash = strrchr(f->name, '/'), *dot = strrchr(slash ? slash + 1 : f->name, '.');
  int n_stem = dot ? (int)(dot - f->name) : (int)strlen(f->name);
  return g_strdup_printf("%.*s_%05u_%s%s", n_stem, f->name, f->n_begun + 1, when, dot ? dot : "");
}

int
record_files_open(struct record_files *f, GError **error)
{
  if (strcmp(f->name, "-") == 0)
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 5);
  g_autofree char *path = f->is_ring ? ring_path(f) : g_strdup(f->name);
  int fd = g_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  f->was_new = fd >= 0;
  if (fd < 0 && errno == EEXIST)
    fd = g_open(path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    int code = errno;
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code),
                lang_text("“%s” cannot be written: %s; choose another place with -w",
                          "เขียน “%s” ไม่ได้: %s โปรดเลือกที่อื่นด้วย -w"),
                shown, g_strerror(code));
    return -1;
  }
  f->n_begun++;
  g_queue_push_tail(&f->paths, g_steal_pointer(&path));
  return fd;
}

void
record_files_prune(struct record_files *f)
{
  while (f->is_ring && f->n_keep && g_queue_get_length(&f->paths) > f->n_keep) {
    g_autofree char *oldest = g_queue_pop_head(&f->paths);
    g_unlink(oldest);
  }
}

const char *
record_files_current(const struct record_files *f)
{
  const char *path = g_queue_peek_tail((GQueue *)&f->paths);
  return path ? path : f->name;
}

void
record_files_abandon(struct record_files *f)
{
  if (f->was_new)
    g_unlink(record_files_current(f));
}

void
record_files_clear(struct record_files *f)
{
  g_queue_clear_full(&f->paths, g_free);
  g_clear_pointer(&f->name, g_free);
}
