/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_client_fetch.c -- listings and messages.
 *
 *     STAT ─> UIDL ─> LIST ─> TOP n 0 for each unknown one, when the client looks first
 *          ─> RETR n ─> octets compared with LIST ─> stored ─> DELE n, unless it is kept there
 *
 * UIDL is optional (RFC 1939 7): without it all are fetched. A UIDL names one message for ever; a
 * server that gives a message another one, or two messages the same, is noticed by the digest of
 * what is here, and nothing is stored twice. */
#include <stdlib.h>
#include <string.h>

#include "sim/mail/mime.h"
#include "sim/mail/pop_client_private.h"

static void fetch_next(struct pop_client *c);

void
pop_remote_clear(void *remote)
{
  g_free(((struct pop_remote *)remote)->id);
}

static struct pop_remote *
remote_at(struct pop_client *c, guint number)
{
  return &g_array_index(c->remotes, struct pop_remote, number - 1);
}

static struct pop_seen *
seen_of(const struct pop_client *c, const struct pop_remote *r)
{
  return c->config.known && r->id ? g_hash_table_lookup(c->config.known, r->id) : NULL;
}

/* ---- listings ---- */

static void
took_stat(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  char *end;
  guint64 n = g_ascii_strtoull(text, &end, 10);
  if (end == text || n > POP_MESSAGES_MAX) {
    pop_client_give_up(c,
                       lang_text("the answer to STAT makes no sense", "คำตอบของ STAT ไม่มีความหมาย"));
    return;
  }
  c->n_octets_told = g_ascii_strtoull(end, NULL, 10);
  g_array_set_size(c->remotes, (guint)n); /* cleared */
}

/* "NUMBER REST" of LIST and UIDL: the message, or NULL; *rest is what follows. */
static struct pop_remote *
take_listing(struct pop_client *c, const char *text, const char **rest)
{
  char *end;
  guint64 number = g_ascii_strtoull(text, &end, 10);
  if (number < 1 || number > c->remotes->len || *end != ' ') {
    pop_client_suspect(c, "%s",
                       lang_text("the server lists a message that STAT did not count",
                                 "เซิร์ฟเวอร์แจ้งข้อความที่ STAT ไม่ได้นับ"));
    return NULL;
  }
  *rest = end + 1;
  return remote_at(c, (guint)number);
}

static void
take_size(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n)
{
  const char *rest;
  g_autofree char *text = g_strndup((const char *)p, n);
  struct pop_remote *r = take_listing(c, text, &rest);
  if (!r)
    return;
  r->octets = g_ascii_strtoull(rest, NULL, 10);
  r->is_listed = true;
}

static void
sizes_end(struct pop_client *c, struct pop_command *cmd)
{
  guint64 n_octets = 0;
  guint n_listed = 0;
  for (guint i = 1; i <= c->remotes->len; i++) {
    n_octets += remote_at(c, i)->octets;
    n_listed += remote_at(c, i)->is_listed;
  }
  if (n_listed != c->remotes->len || n_octets != c->n_octets_told)
    pop_client_suspect(c,
                       lang_text("STAT counted %1$u messages with %2$" G_GUINT64_FORMAT
                                 " octets, LIST %3$u with %4$" G_GUINT64_FORMAT,
                                 "STAT นับได้ %1$u ข้อความ %2$" G_GUINT64_FORMAT
                                 " ออกเตต แต่ LIST แจ้ง %3$u ข้อความ %4$" G_GUINT64_FORMAT),
                       c->remotes->len, c->n_octets_told, n_listed, n_octets);
}

static void
take_id(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n)
{
  const char *rest;
  g_autofree char *text = g_strndup((const char *)p, n);
  struct pop_remote *r = take_listing(c, text, &rest);
  if (!r)
    return;
  g_free(r->id);
  r->id = g_strdup(rest);
}

/* The same id for two messages: neither can be told from the other. */
static void
ids_end(struct pop_client *c, struct pop_command *cmd)
{
  g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 1; i <= c->remotes->len; i++) {
    const struct pop_remote *r = remote_at(c, i);
    if (r->id && !g_hash_table_add(ids, r->id)) {
      pop_client_suspect(c,
                         lang_text("two messages have the UIDL \"%.70s\": it is not relied on",
                                   "สองข้อความมี UIDL \"%.70s\" เดียวกัน: จึงไม่ใช้ UIDL"),
                         r->id);
      for (guint k = 1; k <= c->remotes->len; k++)
        g_clear_pointer(&remote_at(c, k)->id, g_free);
      return;
    }
  }
}

static void
has_no_uidl(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "UIDL: %s", text);
}

/* ---- TOP ---- */

static void
take_header(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n)
{
  if (c->message->len + n > POP_HEADER_MAX) {
    pop_client_give_up(c, lang_text("the header does not end", "ส่วนหัวยาวไม่รู้จบ"));
    return;
  }
  g_byte_array_append(c->message, p, (guint)n);
  g_byte_array_append(c->message, (const uint8_t *)"\r\n", 2);
}

static void
header_end(struct pop_client *c, struct pop_command *cmd)
{
  struct pop_remote *r = remote_at(c, cmd->number);
  g_autoptr(GBytes) octets = g_bytes_new(c->message->data, c->message->len);
  g_autofree char *subject = mime_subject(octets);
  g_byte_array_set_size(c->message, 0);
  machine_emit(&c->endpoint, "header", "%u size=%" G_GUINT64_FORMAT " subject=%s", cmd->number,
               r->octets, subject);
  r->is_unwanted |= c->config.wanted && !strstr(subject, c->config.wanted);
}

static void
has_no_top(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "TOP: %s", text);
}

static void
look_first(struct pop_client *c)
{
  c->next = fetch_next;
  for (guint i = 1; i <= c->remotes->len; i++) {
    if (seen_of(c, remote_at(c, i)))
      continue;
    struct pop_command *cmd = pop_client_say(c, NULL, "TOP %u 0", i);
    cmd->number = i;
    cmd->line = take_header;
    cmd->end = header_end;
    cmd->err = has_no_top;
  }
}

/* ---- DELE ---- */

static void
delete_refused(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "%s: %s", cmd->text, text);
  c->is_good = false;
}

/* At once: what is fetched goes before the next is fetched. */
static void delete (struct pop_client *c, guint number)
{
  struct pop_command *cmd = pop_client_say(c, NULL, "DELE %u", number);
  cmd->err = delete_refused;
  g_queue_push_head(&c->waiting, g_queue_pop_tail(&c->waiting));
}

/* ---- RETR ---- */

static void
take_content(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n)
{
  if (c->message->len + n > POP_MESSAGE_MAX) {
    pop_client_give_up(c, lang_text("the message does not end", "ข้อความยาวไม่รู้จบ"));
    return;
  }
  g_byte_array_append(c->message, p, (guint)n);
  g_byte_array_append(c->message, (const uint8_t *)"\r\n", 2);
}

static bool
is_whole(struct pop_client *c, guint number, const struct pop_remote *r, gsize n)
{
  if (r->octets == 0 || r->octets == n)
    return true;
  pop_client_suspect(c,
                     lang_text("message %1$u: LIST promised %2$" G_GUINT64_FORMAT
                               " octets, %3$zu came; it stays on the server",
                               "ข้อความที่ %1$u: LIST แจ้ง %2$" G_GUINT64_FORMAT
                               " ออกเตต แต่ได้รับ %3$zu ออกเตต จึงไม่ลบออกจากเซิร์ฟเวอร์"),
                     number, r->octets, n);
  c->is_good = false;
  return false;
}

/* True when these octets are here already, under another UIDL. */
static bool
is_here(struct pop_client *c, guint number, const char *digest)
{
  if (!g_hash_table_contains(c->digests, digest))
    return false;
  pop_client_suspect(c,
                     lang_text("message %u is here already under another UIDL: the server's UIDLs "
                               "are not stable; it is not stored twice",
                               "ข้อความที่ %u มีอยู่แล้วภายใต้ UIDL อื่น: UIDL ของเซิร์ฟเวอร์ไม่คงที่ "
                               "จึงไม่เก็บซ้ำ"),
                     number);
  return true;
}

static void
remember(struct pop_client *c, const struct pop_remote *r, const char *digest)
{
  if (!c->config.known || !r->id)
    return;
  struct pop_seen *seen = g_new(struct pop_seen, 1);
  *seen = (struct pop_seen){.since_ns = c->now_ns, .digest = g_strdup(digest)};
  g_hash_table_replace(c->config.known, g_strdup(r->id), seen);
}

static void
content_end(struct pop_client *c, struct pop_command *cmd)
{
  struct pop_remote *r = remote_at(c, cmd->number);
  g_autoptr(GBytes) octets = g_bytes_new(c->message->data, c->message->len);
  g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, octets);
  g_byte_array_set_size(c->message, 0);
  bool whole = is_whole(c, cmd->number, r, g_bytes_get_size(octets));
  bool is_kept = (r->id && is_here(c, cmd->number, digest)) ||
                 store_append(c->config.into, octets, 0, 0, c->now_ns) != NULL;
  r->is_fetched = true;
  if (!is_kept || !whole)
    return;
  remember(c, r, digest);
  if (!c->config.keeps && c->config.delete_after_ns == 0)
    delete (c, cmd->number);
}

static void
message_refused(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "%s: %s", cmd->text, text);
  c->is_good = false;
}

static void
retrieve(struct pop_client *c, guint number)
{
  struct pop_command *cmd = pop_client_say(c, NULL, "RETR %u", number);
  cmd->number = number;
  cmd->line = take_content;
  cmd->end = content_end;
  cmd->err = message_refused;
}

/* ---- one after the other ---- */

/* Is it time to delete what is here? At once, unless it is kept there: an earlier session may have
 * dropped before QUIT. */
static bool
is_due(const struct pop_client *c, const struct pop_seen *seen)
{
  if (c->config.delete_after_ns > 0)
    return c->now_ns - seen->since_ns >= c->config.delete_after_ns;
  return !c->config.keeps;
}

/* What is known is not fetched again; it may be time to delete it. */
static void
treat(struct pop_client *c, guint number)
{
  struct pop_remote *r = remote_at(c, number);
  const struct pop_seen *seen = seen_of(c, r);
  bool is_too_large = c->config.n_octets_max > 0 && r->octets > (guint64)c->config.n_octets_max;
  if (!seen && !r->is_unwanted && !is_too_large)
    retrieve(c, number);
  else if (seen && is_due(c, seen))
    delete (c, number);
  else if (is_too_large && !seen)
    pop_client_log(c,
                   lang_text("message %1$u with %2$" G_GUINT64_FORMAT
                             " octets is left on the server",
                             "ข้อความที่ %1$u ขนาด %2$" G_GUINT64_FORMAT " ออกเตต ถูกทิ้งไว้บนเซิร์ฟเวอร์"),
                   number, r->octets);
}

static void
fetch_next(struct pop_client *c)
{
  bool is_many = c->config.pipelines && c->has_pipelining;
  guint n_before = c->waiting.length;
  while (c->at < c->remotes->len && (is_many || c->waiting.length == n_before))
    treat(c, ++c->at);
  if (c->at == c->remotes->len && c->waiting.length == n_before)
    c->next = NULL;
}

static void
listed(struct pop_client *c)
{
  c->next = c->config.peeks ? look_first : fetch_next;
}

static void
list(struct pop_client *c)
{
  c->next = listed;
  if (c->remotes->len == 0)
    return;
  struct pop_command *cmd = pop_client_say(c, NULL, "UIDL");
  cmd->line = take_id;
  cmd->end = ids_end;
  cmd->err = has_no_uidl;
  cmd = pop_client_say(c, NULL, "LIST");
  cmd->line = take_size;
  cmd->end = sizes_end;
}

void
pop_client_fetch(struct pop_client *c)
{
  GHashTableIter iter;
  void *value;
  if (c->config.known)
    g_hash_table_iter_init(&iter, c->config.known);
  while (c->config.known && g_hash_table_iter_next(&iter, NULL, &value))
    g_hash_table_add(c->digests, g_strdup(((struct pop_seen *)value)->digest));
  c->next = list;
  pop_client_say(c, took_stat, "STAT");
}
