/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_drop.c -- a POP3 session's maildrop.
 *
 *     INBOX ──open──> snapshot: message 1, 2, 3 … keep their numbers, sizes and octets, whatever
 *       ^              other sessions do to INBOX meanwhile (RFC 1939 4)
 *       └──update── those marked by DELE go; only after QUIT (6)
 *
 * The lock excludes other POP3 sessions. IMAP sessions are not excluded: what they expunge is still
 * served here from the snapshot, and is gone for the next session. Lines are sent with CRLF (3),
 * also those that APPEND or BINARYMIME brought with a bare LF or without an end; a size counts the
 * octets as they are sent, without stuffed dots (11). */
#include <string.h>

#include "sim/mail/mime.h"
#include "sim/mail/pop_session.h"

#define DAY_NS (24 * 3600 * MACHINE_SECOND)

static bool
lacks_end(const uint8_t *p, size_t n)
{
  return n > 0 && p[n - 1] != '\n';
}

/* Does the line p[0..n) end with an LF that has no CR before it? */
static bool
has_bare_lf(const uint8_t *p, size_t n)
{
  return p[n - 1] == '\n' && (n < 2 || p[n - 2] != '\r');
}

/* Octets of the message as it is sent. */
static uint64_t
size_of(const struct store_message *m)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  uint64_t size = n + (lacks_end(p, n) ? 2 : 0);
  for (size_t at = 0, line; (line = line_find(p + at, n - at)) > 0; at += line)
    size += has_bare_lf(p + at, line);
  return size;
}

/* ---- opening, updating ---- */

/* EXPIRE: messages that have lain here for too long are removed (RFC 2449 6.7). */
static void
expire(struct pop_server *s)
{
  if (s->policy.expire_days <= 0)
    return;
  unsigned n = 0;
  for (guint i = s->inbox->messages->len; i-- > 0;) {
    struct store_message *m = s->inbox->messages->pdata[i];
    if (s->now_ns - m->internal_ns >= s->policy.expire_days * DAY_NS) {
      store_expunge(s->inbox, m);
      n++;
    }
  }
  if (n > 0)
    machine_emit(&s->endpoint, "log",
                 lang_text("EXPIRE: %1$u messages older than %2$d days are removed",
                           "EXPIRE: ลบข้อความที่เก่ากว่า %2$d วันแล้ว %1$u ฉบับ"),
                 n, s->policy.expire_days);
}

bool
pop_drop_open(struct pop_server *s)
{
  if (!s->is_read_only && !store_lock(s->user, s))
    return false;
  s->inbox = store_hold(store_find(s->user, "INBOX"));
  if (!s->is_read_only)
    expire(s);
  for (guint i = 0; i < s->inbox->messages->len; i++)
    g_ptr_array_add(s->drop, store_message_ref(s->inbox->messages->pdata[i]));
  s->marks = g_new0(struct pop_mark, s->drop->len + 1);
  return true;
}

bool
pop_drop_update(struct pop_server *s)
{
  bool is_whole = true;
  for (guint i = 0; i < s->drop->len; i++) {
    struct pop_mark *mark = &s->marks[i];
    /* EXPIRE 0: what was read is not left here */
    bool goes = mark->is_deleted || (mark->is_read && s->policy.expire_days == 0);
    if (!goes || s->is_read_only)
      continue;
    if (s->policy.update_fails)
      is_whole = false;
    else
      store_expunge(s->inbox, s->drop->pdata[i]);
  }
  return is_whole;
}

void
pop_drop_close(struct pop_server *s)
{
  if (s->user)
    store_unlock(s->user, s);
  g_clear_pointer(&s->inbox, store_release);
}

uint64_t
pop_drop_octets(const struct pop_server *s, unsigned *n_messages)
{
  uint64_t octets = 0;
  *n_messages = 0;
  for (guint i = 0; i < s->drop->len; i++) {
    if (!s->marks[i].is_deleted) {
      ++*n_messages;
      octets += size_of(s->drop->pdata[i]);
    }
  }
  return octets;
}

/* ---- numbers ---- */

/* Digits only, up to `max`: RFC 1939 knows no sign. */
static bool
read_number(const char *text, guint64 max, guint64 *number)
{
  return g_ascii_isdigit(*text) && g_ascii_string_to_unsigned(text, 10, 0, max, number, NULL);
}

/* "2" as the message of that number that is not deleted. Replies and returns NULL otherwise. */
static struct store_message *
find_message(struct pop_server *s, const char *text, guint *index)
{
  guint64 number;
  if (!read_number(text, G_MAXUINT32, &number) || number == 0) {
    pop_refuse(s, "-ERR A message number is wanted");
    return NULL;
  }
  if (number > s->drop->len) {
    g_autofree char *line =
        g_strdup_printf("-ERR No such message, the maildrop had %u", s->drop->len);
    pop_refuse(s, line);
    return NULL;
  }
  if (s->marks[number - 1].is_deleted) {
    pop_refuse(s, "-ERR That message is marked as deleted");
    return NULL;
  }
  *index = (guint)number - 1;
  return s->drop->pdata[*index];
}

/* ---- STAT, LIST, UIDL ---- */

void
pop_act_stat(struct pop_server *s, const char *arg)
{
  unsigned n;
  uint64_t octets = pop_drop_octets(s, &n);
  machine_printf(&s->endpoint, "+OK %u %" G_GUINT64_FORMAT "\r\n", n, octets);
}

static void
list_size(struct pop_server *s, guint i, const char *before)
{
  machine_printf(&s->endpoint, "%s%u %" G_GUINT64_FORMAT "\r\n", before, i + 1,
                 size_of(s->drop->pdata[i]));
}

/* UIDVALIDITY and UID: never given to another message (RFC 1939 7). */
static void
list_id(struct pop_server *s, guint i, const char *before)
{
  const struct store_message *m = s->drop->pdata[i];
  machine_printf(&s->endpoint, "%s%u %08x%08x\r\n", before, i + 1, s->inbox->uid_validity, m->uid);
}

/* LIST and UIDL: one line for one message, or all. */
static void
list(struct pop_server *s, const char *arg, void (*one)(struct pop_server *, guint, const char *))
{
  guint index;
  if (*arg) {
    if (find_message(s, arg, &index))
      one(s, index, "+OK ");
    return;
  }
  unsigned n;
  uint64_t octets = pop_drop_octets(s, &n);
  machine_printf(&s->endpoint, "+OK %u messages (%" G_GUINT64_FORMAT " octets)\r\n", n, octets);
  for (guint i = 0; i < s->drop->len; i++) {
    if (!s->marks[i].is_deleted)
      one(s, i, "");
  }
  pop_reply(s, ".");
}

void
pop_act_list(struct pop_server *s, const char *arg)
{
  list(s, arg, list_size);
}

void
pop_act_uidl(struct pop_server *s, const char *arg)
{
  list(s, arg, list_id);
}

/* ---- RETR, TOP ---- */

/* Sends p[0..n) with dots stuffed, a line end where it lacks one, and the final dot. */
static void
send_lines(struct pop_server *s, const uint8_t *p, size_t n)
{
  size_t at = 0;
  while (at < n) {
    size_t line = line_find(p + at, n - at);
    if (line == 0)
      line = n - at;
    if (p[at] == '.')
      machine_send(&s->endpoint, ".", 1);
    bool is_bare = has_bare_lf(p + at, line);
    machine_send(&s->endpoint, p + at, line - is_bare);
    if (is_bare)
      machine_send(&s->endpoint, "\r\n", 2);
    at += line;
  }
  if (lacks_end(p, n))
    machine_send(&s->endpoint, "\r\n", 2);
  machine_send(&s->endpoint, ".\r\n", 3);
}

/* RFC 6856 2.1: a header in UTF-8 is for clients that said UTF8. Refuses and returns true. */
static bool
refuse_utf8(struct pop_server *s, const uint8_t *p, size_t n)
{
  size_t header = mime_header_end(p, 0, n);
  if (s->has_utf8 || !s->policy.is_utf8_strict)
    return false;
  for (size_t i = 0; i < header; i++) {
    if (p[i] & 0x80) {
      pop_refuse(s, "-ERR [UTF8] The header of this message is UTF-8: say UTF8 before you log in");
      return true;
    }
  }
  return false;
}

void
pop_act_retr(struct pop_server *s, const char *arg)
{
  guint index;
  struct store_message *m = find_message(s, arg, &index);
  if (!m)
    return;
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  if (refuse_utf8(s, p, n))
    return;
  s->marks[index].is_read = true;
  machine_printf(&s->endpoint, "+OK %" G_GUINT64_FORMAT " octets\r\n", size_of(m));
  send_lines(s, p, n);
}

void
pop_act_top(struct pop_server *s, const char *arg)
{
  g_auto(GStrv) words = g_strsplit(arg, " ", 2);
  guint64 n_lines;
  guint index;
  if (!words[0] || !words[1] || !read_number(words[1], G_MAXUINT32, &n_lines)) {
    pop_refuse(s, "-ERR Syntax: TOP message lines");
    return;
  }
  struct store_message *m = find_message(s, words[0], &index);
  if (!m)
    return;
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  if (refuse_utf8(s, p, n))
    return;
  size_t at = mime_header_end(p, 0, n);
  for (; n_lines > 0 && at < n; n_lines--) {
    size_t line = line_find(p + at, n - at);
    at = line ? at + line : n;
  }
  pop_reply(s, "+OK Top of the message follows");
  send_lines(s, p, at);
}

/* ---- DELE, RSET ---- */

void
pop_act_dele(struct pop_server *s, const char *arg)
{
  guint index;
  if (!find_message(s, arg, &index))
    return;
  if (s->is_read_only) {
    pop_refuse(s, "-ERR [SYS/PERM] This maildrop is read-only");
    return;
  }
  s->marks[index].is_deleted = true;
  machine_emit(&s->endpoint, "marked", "%u", index + 1);
  machine_printf(&s->endpoint, "+OK Message %u marked as deleted\r\n", index + 1);
}

void
pop_act_rset(struct pop_server *s, const char *arg)
{
  for (guint i = 0; i < s->drop->len; i++)
    s->marks[i].is_deleted = false;
  unsigned n;
  uint64_t octets = pop_drop_octets(s, &n);
  machine_emit(&s->endpoint, "marked", "%s", "");
  machine_printf(&s->endpoint, "+OK Maildrop has %u messages (%" G_GUINT64_FORMAT " octets)\r\n", n,
                 octets);
}
