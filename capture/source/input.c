/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.c -- chunks of a capture file, plain, gzipped or from a pipe, and its place for re-reading.
 *
 *     plain file ──read()──────────────┐
 *     gzip ──gzread()──┬───────────────┴─> buffer ──> reader
 *     pipe ──read()────┴─write()─> unlinked spool ──pread() by offset──> trace_octets()
 *
 * read() and not mmap(): a mapped file makes the walk over records a chain of memory misses and
 * kills the program when the file shrinks. */
#include "capture/source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "capture/source/reader.h"
#include "capture/wire/lang.h"

static int64_t
mtime_ns(const struct stat *st)
{
  return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static void
set_errno(GError **error, const char *format, const char *path)
{
  int code = errno;
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, format, path, g_strerror(code));
  g_set_error_literal(error, G_FILE_ERROR, g_file_error_from_errno(code), text->str);
  g_string_free(text, TRUE);
}

static int
spool_new(GError **error)
{
  g_autofree char *name = NULL;
  int fd = g_file_open_tmp("enveloscope-XXXXXX", &name, error);
  if (fd >= 0)
    g_unlink(name);
  return fd;
}

static bool
is_gzip(int fd)
{
  uint8_t magic[2];
  return pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

static bool
open_source(struct input *in, const char *path, GError **error)
{
  bool is_stdin = strcmp(path, "-") == 0;
  in->source =
      is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : g_open(path, O_RDONLY | O_CLOEXEC, 0);
  struct stat st;
  if (in->source >= 0 && fstat(in->source, &st) == 0 && S_ISDIR(st.st_mode))
    errno = EISDIR;
  else if (in->source >= 0)
    errno = 0;
  if (in->source < 0 || errno) {
    set_errno(error,
              lang_text("Cannot open the capture “%s”: %s. Give the path of a pcap or pcapng file.",
                        "เปิดไฟล์แคปเจอร์ “%s” ไม่ได้: %s โปรดระบุพาธของไฟล์ pcap หรือ pcapng"),
              path);
    return false;
  }
  bool is_plain = S_ISREG(st.st_mode) && !is_gzip(in->source);
  if (S_ISREG(st.st_mode)) {
    in->size = (uint64_t)st.st_size;
    in->mtime_ns = mtime_ns(&st);
    if (is_stdin)
      lseek(in->source, 0, SEEK_SET);
  }
  if (is_plain) {
    in->fd = in->source;
    return true;
  }
  in->fd = spool_new(error);
  if (in->fd < 0)
    return false;
  if (!S_ISREG(st.st_mode))
    return true;
  int fd = dup(in->source); /* gzclose() closes the descriptor that it was given */
  in->gz = fd < 0 ? NULL : gzdopen(fd, "rb");
  if (!in->gz) {
    if (fd >= 0)
      close(fd);
    errno = ENOMEM;
    set_errno(error,
              lang_text("Cannot unpack the capture “%s”: %s. Close other programs and try again.",
                        "คลายไฟล์แคปเจอร์ “%s” ไม่ได้: %s โปรดปิดโปรแกรมอื่นแล้วลองใหม่"),
              path);
    return false;
  }
  gzbuffer(in->gz, INPUT_CHUNK);
  return true;
}

struct input *
input_new(const char *path, GError **error)
{
  struct input *in = g_new0(struct input, 1);
  in->fd = in->source = -1;
  if (!open_source(in, path, error)) {
    input_free(in);
    return NULL;
  }
  in->buffer = g_malloc(INPUT_CHUNK + INPUT_NEED_MAX);
  return in;
}

void
input_free(struct input *in)
{
  if (!in)
    return;
  if (in->gz)
    gzclose(in->gz);
  if (in->fd >= 0 && in->fd != in->source)
    close(in->fd);
  if (in->source >= 0)
    close(in->source);
  g_clear_error(&in->trouble);
  for (int i = 0; i < INPUT_N_PROBES; i++)
    g_free(in->probes[i]);
  g_free(in->buffer);
  g_free(in);
}

static void
trouble(struct input *in, enum source_error code, const char *format, const char *why)
{
  in->ended = true;
  if (in->trouble)
    return;
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, format, why);
  in->trouble = g_error_new_literal(SOURCE_ERROR, code, text->str);
  g_string_free(text, TRUE);
}

static void
spool(struct input *in, const uint8_t *p, size_t n)
{
  if ((int64_t)(in->base + in->n + n) > INPUT_SPOOL_MAX) {
    trouble(in, SOURCE_ERROR_TOO_BIG,
            lang_text("it unpacks to more than %s, the most that is unpacked; unpack it yourself "
                      "and open the result",
                      "คลายออกมาแล้วใหญ่เกิน %s ซึ่งเป็นขนาดสูงสุดที่คลายให้ โปรดคลายไฟล์เองแล้วเปิดไฟล์ที่ได้"),
            "8 GiB");
    return;
  }
  while (n && !in->ended) {
    ssize_t done = write(in->fd, p, n);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0) {
      trouble(in, SOURCE_ERROR_SPOOL,
              lang_text("its unpacked octets cannot be kept in the temporary folder: %s; make room "
                        "there or set TMPDIR",
                        "เก็บข้อมูลที่คลายแล้วไว้ในโฟลเดอร์ชั่วคราวไม่ได้: %s โปรดเพิ่มที่ว่างหรือกำหนดค่า TMPDIR"),
              g_strerror(errno));
      return;
    }
    p += done;
    n -= (size_t)done;
  }
}

/* Reads the next octets behind buffer[n]; sets `ended` at the end or in trouble. */
static void
read_more(struct input *in)
{
  uint8_t *to = in->buffer + in->n;
  ssize_t n;
  if (in->gz) {
    n = gzread(in->gz, to, INPUT_CHUNK);
    int code = Z_OK;
    const char *why = n < INPUT_CHUNK ? gzerror(in->gz, &code) : "";
    if (code != Z_OK)
      trouble(in, SOURCE_ERROR_GZIP,
              lang_text("its gzip data is damaged: %s; copy or download it again",
                        "ข้อมูล gzip เสียหาย: %s โปรดคัดลอกหรือดาวน์โหลดไฟล์ใหม่"),
              code == Z_BUF_ERROR ? lang_text("cut short", "ข้อมูลขาดตอน") : why);
  } else {
    size_t wanted = INPUT_CHUNK;
    if (in->is_growing && in->limit - in->base - in->n < wanted)
      wanted = (size_t)(in->limit - in->base - in->n);
    do
      n = read(in->source, to, wanted);
    while (n < 0 && errno == EINTR);
    if (n < 0)
      trouble(in, SOURCE_ERROR_READ,
              lang_text("reading stopped: %s; check the disk or copy the file to another one",
                        "การอ่านหยุดลง: %s โปรดตรวจดิสก์หรือคัดลอกไฟล์ไปที่อื่น"),
              g_strerror(errno));
  }
  if (n <= 0) {
    in->ended = true;
    return;
  }
  if (in->tap)
    in->tap(in->tap_data, to, (size_t)n);
  if (in->fd != in->source)
    spool(in, to, (size_t)n);
  in->n += (size_t)n;
}

bool
input_fill(struct input *in, size_t n)
{
  g_assert(n <= INPUT_NEED_MAX);
  if (in->at) {
    memmove(in->buffer, in->buffer + in->at, in->n - in->at);
    in->base += in->at;
    in->n -= in->at;
    in->at = 0;
  }
  while (in->n < n && !in->ended)
    read_more(in);
  return in->n >= n;
}

bool
input_skip(struct input *in, uint64_t n)
{
  for (;;) {
    size_t here = in->n - in->at;
    if (n <= here) {
      in->at += (size_t)n;
      return true;
    }
    n -= here;
    in->at = in->n;
    if (!input_fill(in, 1))
      return false;
  }
}

bool
input_tap(struct input *in, void (*tap)(void *data, const uint8_t *octets, size_t n), void *data)
{
  g_assert(in->base == 0);
  if (in->gz)
    return false;
  in->tap = tap;
  in->tap_data = data;
  tap(data, in->buffer, in->n);
  return true;
}

void
input_follow(struct input *in, uint64_t limit)
{
  g_assert(in->fd == in->source && limit >= in->base + in->n && limit >= in->limit);
  in->is_growing = true;
  in->limit = limit;
  in->ended = in->trouble != NULL;
}

double
input_fraction(const struct input *in)
{
  if (!in->size)
    return in->ended && in->at == in->n ? 1 : 0;
  double done = in->gz ? (double)gzoffset(in->gz) : (double)input_position(in);
  return done >= (double)in->size ? 1 : done / (double)in->size;
}

/* Reads the probe's octets as they stand in the file now. */
static bool
read_probe(const struct input *in, int probe, uint8_t *out)
{
  uint64_t at = probe ? in->n_read - in->probe_octets : 0;
  return pread(in->fd, out, in->probe_octets, (off_t)at) == (ssize_t)in->probe_octets;
}

bool
input_settle(struct input *in)
{
  struct stat st;
  if (in->fd != in->source)
    return true;
  in->n_read = in->base + in->n;
  in->is_growing = false;
  if (fstat(in->fd, &st) != 0)
    return false;
  bool is_same = (uint64_t)st.st_size == in->size && mtime_ns(&st) == in->mtime_ns;
  bool has_grown = (uint64_t)st.st_size > in->size && in->n_read >= in->size;
  if (!is_same && !has_grown)
    return false;
  in->size = (uint64_t)st.st_size;
  in->mtime_ns = mtime_ns(&st);
  in->probe_octets = (size_t)MIN(in->n_read, INPUT_PROBE);
  for (int i = 0; i < INPUT_N_PROBES; i++) {
    in->probes[i] = g_malloc(INPUT_PROBE);
    if (!read_probe(in, i, in->probes[i]))
      in->n_read = 0; /* it shrinks just now: nothing will be known again */
  }
  return in->n_read != 0;
}

/* A file that a capture program still writes to keeps what it had. */
static bool
has_only_grown(const struct input *in, const struct stat *st)
{
  uint8_t now[INPUT_PROBE];
  if ((uint64_t)st->st_size <= in->size || !in->n_read || !in->probes[0])
    return false;
  for (int i = 0; i < INPUT_N_PROBES; i++)
    if (!read_probe(in, i, now) || memcmp(now, in->probes[i], in->probe_octets) != 0)
      return false;
  return true;
}

bool
input_is_same(struct input *in)
{
  struct stat st;
  if (in->fd != in->source)
    return true;
  if (fstat(in->fd, &st) != 0)
    return false;
  if (in->is_growing)
    return (uint64_t)st.st_size >= in->limit;
  if ((uint64_t)st.st_size == in->size && mtime_ns(&st) == in->mtime_ns)
    return true;
  if (!has_only_grown(in, &st))
    return false;
  in->size = (uint64_t)st.st_size;
  in->mtime_ns = mtime_ns(&st);
  return true;
}
