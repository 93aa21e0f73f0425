/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mbox.c -- a mailbox from and to one mbox file (its kinds and layout stand in mailfile.h).
 *
 *     From_ line ─ header (own fields taken off) ─ body ─ empty line ─ From_ line …
 *
 * A "From " line counts at the file's begin and behind an empty line, and only when a date can be
 * read at its end: prose that begins with "From " does not, even where a writer forgot to quote it.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/date.h"
#include "sim/mail/mailfile.h"
#include "sim/mail/mime.h"

/* The fields that belong to the mbox. */
static const char *const own_fields[] = {"Status", "X-Status", "X-Keywords", "Content-Length"};
enum { FIELD_STATUS, FIELD_X_STATUS, FIELD_KEYWORDS, FIELD_LENGTH, N_FIELDS };

static const struct {
  char letter;
  unsigned flag;
  unsigned field;
} flag_letters[] = {{'R', FLAG_SEEN, FIELD_STATUS},
                    {'A', FLAG_ANSWERED, FIELD_X_STATUS},
                    {'F', FLAG_FLAGGED, FIELD_X_STATUS},
                    {'T', FLAG_DRAFT, FIELD_X_STATUS},
                    {'D', FLAG_DELETED, FIELD_X_STATUS}};

/* ---- in ---- */

static size_t
line_octets(const uint8_t *p, size_t at, size_t n)
{
  size_t line = line_find(p + at, n - at);
  return line ? line : n - at;
}

/* "From sender Thu Jan  1 00:00:00 2026", perhaps with a zone before or behind the year. */
static bool
read_from_line(const uint8_t *p, size_t n, int64_t *internal_ns)
{
  if (n < 5 || memcmp(p, "From ", 5) != 0)
    return false;
  g_autofree char *line = g_strndup((const char *)p + 5, line_trim(p, n) - 5);
  g_auto(GStrv) all = g_strsplit_set(line, " \t", -1);
  const char *words[8];
  unsigned n_words = 0;
  unsigned n_all = g_strv_length(all);
  for (unsigned i = n_all; i > 0 && n_words < 7; i--) { /* from the end: senders may hold spaces */
    if (*all[i - 1])
      words[n_words++] = all[i - 1];
  }
  for (unsigned i = 0; i < n_words; i++) { /* the time of day, then month and day before it */
    if (strlen(words[i]) < 5 || words[i][2] != ':' || i < 1 || i + 2 >= n_words)
      continue;
    const char *year = words[0];
    const char *zone = "+0000";
    if (i == 2 && (*words[0] == '+' || *words[0] == '-')) {
      zone = words[0];
      year = words[1];
    } else if (i == 2 && (*words[1] == '+' || *words[1] == '-')) {
      zone = words[1];
    }
    g_autofree char *text = g_strdup_printf("%s-%s-%s %s%s %s", words[i + 1], words[i + 2], year,
                                            words[i], strlen(words[i]) == 5 ? ":00" : "", zone);
    if (date_parse_imap(text, internal_ns, NULL))
      return true;
  }
  return false;
}

/* The next From_ line at or behind `at`, which is behind an empty line; `n` when there is none. */
static size_t
next_message(const uint8_t *p, size_t at, size_t n)
{
  int64_t ignored;
  bool is_behind_empty = false;
  while (at < n) {
    size_t line = line_octets(p, at, n);
    if (is_behind_empty && read_from_line(p + at, line, &ignored))
      return at;
    is_behind_empty = line_trim(p + at, line) == 0;
    at += line;
  }
  return n;
}

static void
read_own_field(struct mailbox *b, unsigned field, const char *value, unsigned *flags,
               uint64_t *keywords)
{
  if (field == FIELD_KEYWORDS) {
    g_auto(GStrv) names = g_strsplit_set(value, " \t,", -1);
    for (char **name = names; *name; name++) {
      if (**name)
        *keywords |= store_keyword(b, *name, true);
    }
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(flag_letters); i++) {
    if (flag_letters[i].field == field && strchr(value, flag_letters[i].letter))
      *flags |= flag_letters[i].flag;
  }
}

/* Takes off the '>' of a quoted line. */
static size_t
quote_octets(const uint8_t *p, size_t n, enum mbox_kind kind)
{
  size_t n_marks = 0;
  while (n_marks < n && p[n_marks] == '>')
    n_marks++;
  bool is_quoted = n - n_marks >= 5 && memcmp(p + n_marks, "From ", 5) == 0;
  if (!is_quoted || n_marks == 0 || kind == MBOX_CL2 || (kind == MBOX_O && n_marks > 1))
    return 0;
  return 1;
}

/* Where the last Content-Length of a header begins and ends: a program that writes an mbox puts its
 * own behind one that the message came with. False without one. */
static bool
find_length(const uint8_t *p, size_t at, size_t end, size_t *length_at, size_t *length_end)
{
  size_t field_at, name_n, field_end;
  bool is_found = false;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end)) {
    if (!text_is(p + field_at, name_n, own_fields[FIELD_LENGTH]))
      continue;
    *length_at = field_at;
    *length_end = field_end;
    is_found = true;
  }
  return is_found;
}

/* Header octets without the mbox's own fields. */
static void
take_header(struct mailbox *b, const uint8_t *p, size_t n, GByteArray *out, bool keeps_length,
            unsigned *flags, uint64_t *keywords)
{
  size_t at = 0, field_at, name_n, field_end, length_at = n, length_end;
  if (!keeps_length)
    find_length(p, 0, n, &length_at, &length_end);
  while (mime_next_field(p, &at, n, &field_at, &name_n, &field_end)) {
    unsigned i = 0;
    while (i < N_FIELDS && !text_is(p + field_at, name_n, own_fields[i]))
      i++;
    if (i == N_FIELDS || (i == FIELD_LENGTH && field_at != length_at)) {
      g_byte_array_append(out, p + field_at, (guint)(field_end - field_at));
      continue;
    }
    g_autofree char *value = mime_header_text(p, field_at, field_end, own_fields[i]);
    if (value)
      read_own_field(b, i, value, flags, keywords);
  }
  g_byte_array_append(out, p + at, (guint)(n - at));
}

/* The end of a message by its Content-Length, when that leads to a From_ line or to the end. */
static bool
length_fits(const uint8_t *p, size_t at, size_t body_at, size_t n, size_t *end)
{
  size_t length_at, length_end;
  if (!find_length(p, at, body_at, &length_at, &length_end))
    return false;
  g_autofree char *text = mime_header_text(p, length_at, length_end, own_fields[FIELD_LENGTH]);
  char *behind;
  guint64 length = text ? g_ascii_strtoull(text, &behind, 10) : 0;
  if (!text || behind == text || length > n - body_at)
    return false;
  *end = body_at + (size_t)length;
  size_t next = *end;
  if (next < n && p[next] == '\r')
    next++;
  if (next < n && p[next] == '\n')
    next++;
  int64_t ignored;
  return next == n || (next > *end && read_from_line(p + next, line_octets(p, next, n), &ignored));
}

static bool
take_message(struct mailbox *b, const uint8_t *p, size_t at, size_t end, enum mbox_kind kind,
             int64_t internal_ns)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  unsigned flags = 0;
  uint64_t keywords = 0;
  size_t body_at = mime_header_end(p, at, end);
  take_header(b, p + at, body_at - at, octets, kind != MBOX_CL2, &flags, &keywords);
  for (size_t line_at = body_at; line_at < end;) {
    size_t n = line_octets(p, line_at, end);
    size_t quote = quote_octets(p + line_at, n, kind);
    g_byte_array_append(octets, p + line_at + quote, (guint)(n - quote));
    line_at += n;
  }
  g_autoptr(GBytes) lines = mailfile_with_crlf(octets->data, octets->len);
  g_autoptr(GBytes) whole = lines ? g_bytes_ref(lines) : g_bytes_new(octets->data, octets->len);
  return store_append(b, whole, flags, keywords, internal_ns) != NULL;
}

/* The end of p[at..end) without an empty last line. */
static size_t
without_empty_line(const uint8_t *p, size_t at, size_t end)
{
  size_t last = end;
  if (last > at && p[last - 1] == '\n')
    last--;
  if (last < end && last > at && p[last - 1] == '\r')
    last--;
  return last == at || p[last - 1] == '\n' ? last : end;
}

bool
mbox_read(struct mailbox *b, const uint8_t *p, size_t n, enum mbox_kind kind, unsigned *n_messages,
          GError **error)
{
  unsigned n_read = 0;
  size_t at = 0;
  while (at < n && line_trim(p + at, line_octets(p, at, n)) == 0)
    at += line_octets(p, at, n);
  while (at < n) {
    int64_t internal_ns;
    size_t line = line_octets(p, at, n);
    if (!read_from_line(p + at, line, &internal_ns))
      return mailfile_fail(error, b->name,
                           lang_text("no mbox: a line \"From sender date\" is missing",
                                     "ไม่ใช่ mbox: ไม่มีบรรทัด \"From ผู้ส่ง วันที่\""));
    at += line;
    size_t body_at = mime_header_end(p, at, n), end;
    bool has_length =
        (kind == MBOX_ANY || kind == MBOX_CL2) && length_fits(p, at, body_at, n, &end);
    size_t next = next_message(p, has_length ? end : at, n);
    if (!has_length) {
      end = without_empty_line(p, at, next); /* the one that parts the messages */
      end = MAX(end, MIN(body_at, next));
    }
    enum mbox_kind own_kind = has_length ? MBOX_CL2 : kind == MBOX_O ? MBOX_O : MBOX_RD;
    if (end - at > MAILFILE_MESSAGE_MAX || !take_message(b, p, at, end, own_kind, internal_ns))
      return mailfile_fail(error, b->name,
                           lang_text("a message is too large, or exceeds the user's quota",
                                     "ข้อความใหญ่เกินไป หรือเกินโควตาของผู้ใช้"));
    n_read++;
    at = next;
  }
  if (n_messages)
    *n_messages = n_read;
  return true;
}

bool
mbox_load(struct mailbox *b, const char *file, enum mbox_kind kind, unsigned *n_messages,
          GError **error)
{
  g_autoptr(GBytes) octets = mailfile_read(file, MAILFILE_MBOX_MAX, error);
  if (!octets)
    return false;
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  GError *reason = NULL;
  if (mbox_read(b, p, n, kind, n_messages, &reason))
    return true;
  mailfile_fail(error, file, reason->message);
  g_error_free(reason);
  return false;
}

/* ---- out ---- */

/* "From sender Thu Jan  1 00:00:00 2026" */
static void
write_from_line(GByteArray *out, const struct store_message *m, const uint8_t *p, size_t n)
{
  char date[DATE_TEXT_MAX];
  date_format(m->internal_ns, date); /* "Thu, 01 Jan 2026 00:00:00 +0000" */
  g_autofree char *path = mime_header_text(p, 0, n, "Return-Path");
  const char *sender = path ? g_strstrip(g_strdelimit(path, "<>", ' ')) : NULL;
  if (!sender || !*sender || strchr(sender, ' '))
    sender = "MAILER-DAEMON";
  g_autofree char *line =
      g_strdup_printf("From %s %.3s %.3s %2d %.8s %.4s\n", sender, date, date + 8,
                      (int)g_ascii_strtoull(date + 5, NULL, 10), date + 17, date + 12);
  g_byte_array_append(out, (const uint8_t *)line, (guint)strlen(line));
}

static void
write_text(GByteArray *out, const char *text)
{
  g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
}

/* Octets with LF ends, "From " quoted as `kind` wants it. */
static void
write_lines(GByteArray *out, const uint8_t *p, size_t at, size_t end, enum mbox_kind kind)
{
  while (at < end) {
    size_t n = line_octets(p, at, end);
    size_t n_marks = 0;
    while (n_marks < n && p[at + n_marks] == '>')
      n_marks++;
    bool is_from = n - n_marks >= 5 && memcmp(p + at + n_marks, "From ", 5) == 0;
    if (is_from && (kind == MBOX_RD || (kind == MBOX_O && n_marks == 0)))
      write_text(out, ">");
    bool has_crlf = n >= 2 && p[at + n - 1] == '\n' && p[at + n - 2] == '\r';
    g_byte_array_append(out, p + at, (guint)(has_crlf ? n - 2 : n));
    if (has_crlf)
      write_text(out, "\n");
    at += n;
  }
}

static void
write_own_fields(GByteArray *out, const struct mailbox *b, const struct store_message *m)
{
  g_autoptr(GString) text = g_string_new("Status: ");
  if (m->flags & FLAG_SEEN)
    g_string_append_c(text, 'R');
  g_string_append(text, "O\nX-Status: ");
  for (size_t i = 0; i < G_N_ELEMENTS(flag_letters); i++) {
    if (flag_letters[i].field == FIELD_X_STATUS && m->flags & flag_letters[i].flag)
      g_string_append_c(text, flag_letters[i].letter);
  }
  g_autofree char *keywords = store_flags_text(b, 0, m->keywords, ' ');
  g_string_append_printf(text, "\nX-Keywords: %s\n", keywords);
  write_text(out, text->str);
}

static void
write_message(GByteArray *out, const struct mailbox *b, const struct store_message *m,
              enum mbox_kind kind)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  size_t body_at = mime_header_end(p, 0, n), fields_end = 0, a, name_n, e;
  while (mime_next_field(p, &fields_end, n, &a, &name_n, &e))
    ;
  g_autoptr(GByteArray) body = g_byte_array_new();
  write_from_line(out, m, p, n);
  write_lines(out, p, 0, fields_end, MBOX_CL2); /* a header is never quoted */
  write_own_fields(out, b, m);
  write_lines(body, p, body_at, n, kind);
  if (kind == MBOX_CL2) {
    g_autofree char *length = g_strdup_printf("Content-Length: %u\n", body->len);
    write_text(out, length);
  }
  write_text(out, "\n");
  g_byte_array_append(out, body->data, body->len);
  if (kind != MBOX_CL2 && body->len > 0 && body->data[body->len - 1] != '\n')
    write_text(out, "\n"); /* else the next From_ line would not be seen */
  write_text(out, "\n");
}

GBytes *
mbox_write(const struct mailbox *b, enum mbox_kind kind)
{
  GByteArray *out = g_byte_array_new();
  for (guint i = 0; i < b->messages->len; i++)
    write_message(out, b, b->messages->pdata[i], kind == MBOX_ANY ? MBOX_RD : kind);
  return g_byte_array_free_to_bytes(out);
}

bool
mbox_save(const struct store_user *user, const char *dir, enum mbox_kind kind, GError **error)
{
  for (guint i = 0; i < user->mailboxes->len; i++) {
    const struct mailbox *b = user->mailboxes->pdata[i];
    g_autofree char *name = g_strconcat(b->name, ".mbox", NULL);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GBytes) octets = mbox_write(b, kind);
    gsize n;
    const char *p = g_bytes_get_data(octets, &n);
    if (strstr(b->name, "..")) /* would leave the folder */
      return mailfile_fail(
          error, b->name,
          lang_text("this mailbox name cannot be a file name", "ชื่อกล่องจดหมายนี้ใช้เป็นชื่อไฟล์ไม่ได้"));
    if (g_mkdir_with_parents(folder, 0700) != 0)
      return mailfile_fail(error, folder, g_strerror(errno));
    if (!g_file_set_contents(path, p ? p : "", (gssize)n, error))
      return false;
  }
  return true;
}
