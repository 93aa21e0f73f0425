/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outfile.c -- a file that has its name only when it is whole.
 *
 *     outfile_new()          outfile_end(true)
 *          └── PATH.NNNNNN.part ─┬── PATH
 *                                └── gone: outfile_end(false)
 *
 * When the program ends in between, for want of memory or by a signal, the part is left, which
 * nobody takes for a report, and an older PATH is as it was. */
#include "capture/report/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
  FILE *stream;
  char *path, *part; /* NULL: written in place */
};

/* A descriptor for a new file beside `path`. */
static int
open_part(struct outfile *f, const char *path, mode_t mode)
{
  struct stat old;
  bool is_old = stat(path, &old) == 0;
  if (is_old && !S_ISREG(old.st_mode))
    return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (is_old && access(path, W_OK) != 0)
    return -1;
  /* A link stays one; what it leads to is replaced. */
  char *real = is_old ? realpath(path, NULL) : NULL;
  if (is_old && !real)
    return -1;
  f->path = g_strdup(real ? real : path);
  f->part = g_strconcat(f->path, ".XXXXXX.part", NULL);
  free(real);
  int fd = g_mkstemp_full(f->part, O_WRONLY | O_CLOEXEC, is_old ? 0600 : (int)mode);
  if (fd >= 0 && is_old && fchmod(fd, old.st_mode & 0777) != 0) {
    int error = errno;
    close(fd);
    g_unlink(f->part);
    errno = error;
    return -1;
  }
  return fd;
}

static void
outfile_free(struct outfile *f)
{
  g_free(f->path);
  g_free(f->part);
  g_free(f);
}

struct outfile *
outfile_new(const char *path, mode_t mode)
{
  struct outfile *f = g_new0(struct outfile, 1);
  int fd = open_part(f, path, mode);
  if (fd >= 0 && (f->stream = fdopen(fd, "w")) != NULL)
    return f;
  int error = errno;
  if (fd >= 0) {
    close(fd);
    if (f->part)
      g_unlink(f->part);
  }
  outfile_free(f);
  errno = error;
  return NULL;
}

FILE *
outfile_stream(struct outfile *f)
{
  return f->stream;
}

int
outfile_fd(const struct outfile *f)
{
  return fileno(f->stream);
}

bool
outfile_end(struct outfile *f, bool keep)
{
  if (!f)
    return true;
  bool ok = fflush(f->stream) == 0 && !ferror(f->stream);
  int error = errno;
  if (fclose(f->stream) != 0 && ok) {
    ok = false;
    error = errno;
  }
  if (f->part && keep && ok && g_rename(f->part, f->path) != 0) {
    ok = false;
    error = errno;
  }
  if (f->part && !(keep && ok))
    g_unlink(f->part);
  outfile_free(f);
  errno = error;
  return ok || !keep;
}

bool
outfile_name(int fd, const char *part, const char *name)
{
  if (renameat2(fd, part, fd, name, RENAME_NOREPLACE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS)
    return false;
  /* A file system that cannot do both in one step. */
  if (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return renameat(fd, part, fd, name) == 0;
}
