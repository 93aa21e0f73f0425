/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_fetch.c -- texts, parts and whole messages, in pieces.
 *
 *     want (UID, section) ─> UID FETCH 7 BODY.PEEK[1]<0.4096> ─> octets ─> <4096.4096> … ─> kept
 *
 * Octets are taken only for a want, at the place where the last piece ended, and no more of them
 * than were asked for (RFC 3501 6.4.5). PEEK: reading sets no flag by itself; \Seen is set when the
 * text is really here. */
#include <string.h>

#include "sim/mail/imap_client_private.h"
#include "sim/mail/store.h"

/* ---- wants ---- */

void
imap_want_free(void *want)
{
  struct imap_want *w = want;
  g_free(w->section);
  g_byte_array_unref(w->got);
  g_free(w);
}

static struct imap_want *
find_want(const struct imap_client *c, uint32_t uid, const char *section)
{
  for (guint i = 0; i < c->wants->len; i++) {
    struct imap_want *w = c->wants->pdata[i];
    if (w->uid == uid && strcmp(w->section, section) == 0)
      return w;
  }
  return NULL;
}

void
imap_client_take_piece(struct imap_client *c, uint32_t uid, const struct imap_piece *piece)
{
  struct imap_want *w = find_want(c, uid, piece->section);
  gsize n = piece->octets ? g_bytes_get_size(piece->octets) : 0;
  if (!w || w->is_whole) {
    imap_client_suspect(c,
                        lang_text("octets of BODY[%1$s] of a message (UID %2$u) that nobody asked "
                                  "for: thrown away",
                                  "ออกเตตของ BODY[%1$s] (UID %2$u) ที่ไม่มีใครขอ: ทิ้งไป"),
                        piece->section, uid);
    return;
  }
  if (piece->is_partial != (w->n_asked > 0) || piece->origin != w->got->len ||
      (w->n_asked > 0 && n > w->n_asked - w->got->len)) {
    imap_client_suspect(c,
                        lang_text("octets of BODY[%1$s] from %2$" G_GUINT64_FORMAT
                                  " on came where those from %3$u on were asked for",
                                  "ได้ออกเตตของ BODY[%1$s] ตั้งแต่ %2$" G_GUINT64_FORMAT
                                  " แต่ขอตั้งแต่ %3$u"),
                        piece->section, piece->origin, w->got->len);
    return;
  }
  const void *p = n ? g_bytes_get_data(piece->octets, NULL) : "";
  g_byte_array_append(w->got, p, (guint)n);
  w->is_short = w->n_asked > 0 && n < c->config.chunk;
  if (w->n_asked == 0)
    w->is_whole = true;
}

static void
ask_piece(struct imap_client *c, struct imap_want *w)
{
  if (c->config.chunk == 0 || (w->n_octets > 0 && w->n_octets <= c->config.chunk)) {
    imap_client_say(c, "UID FETCH %u BODY.PEEK[%s]", w->uid, w->section);
    return;
  }
  do {
    imap_client_say(c, "UID FETCH %u BODY.PEEK[%s]<%" G_GUINT64_FORMAT ".%u>", w->uid, w->section,
                    w->n_asked, c->config.chunk);
    w->n_asked += c->config.chunk;
  } while (c->config.pipelines && w->n_asked < w->n_octets);
}

static void
want(struct imap_client *c, uint32_t uid, const char *section, uint64_t n_octets)
{
  struct imap_want *w = g_new0(struct imap_want, 1);
  w->uid = uid;
  w->section = g_ascii_strup(section, -1);
  w->n_octets = n_octets;
  w->got = g_byte_array_new();
  g_ptr_array_add(c->wants, w);
  ask_piece(c, w);
}

/* Keeps what is whole. */
static void
keep(struct imap_client *c, struct imap_want *w)
{
  struct imap_cached *m = c->folder ? imap_folder_message(c->folder, w->uid) : NULL;
  if (!m)
    return; /* it vanished meanwhile */
  if (!*w->section && w->got->len != m->n_octets)
    imap_client_suspect(
        c,
        lang_text("RFC822.SIZE of UID %1$u is %2$" G_GUINT64_FORMAT ", and %3$u octets came",
                  "RFC822.SIZE ของ UID %1$u คือ %2$" G_GUINT64_FORMAT " แต่ได้รับ %3$u ออกเตต"),
        w->uid, m->n_octets, w->got->len);
  g_autoptr(GBytes) octets = g_bytes_new(w->got->data, w->got->len);
  if (!imap_cached_keep(c->folder, m, w->section, octets))
    imap_client_log(c, "%s", lang_text("the cache is full", "แคชเต็ม"));
  m->held = !*w->section ? IMAP_HELD_WHOLE : MAX(m->held, IMAP_HELD_TEXT);
  imap_cached_tell(c->folder, m);
  if (!*w->section && c->config.into)
    store_append(c->config.into, octets, m->flags, 0, c->now_ns);
}

/* Goes on with what is not whole. True while something is under way. */
static bool
go_on(struct imap_client *c)
{
  bool is_under_way = false;
  for (guint i = c->wants->len; i > 0; i--) {
    struct imap_want *w = c->wants->pdata[i - 1];
    bool is_end = w->is_whole || w->is_short || (w->n_octets > 0 && w->got->len >= w->n_octets);
    bool is_stuck = !is_end && w->got->len < w->n_asked; /* asked for, answered, nothing came */
    if (is_end)
      keep(c, w);
    if (is_end || is_stuck || w->n_asked == 0) {
      if (!is_end && c->folder && imap_folder_message(c->folder, w->uid))
        c->has_step_failed = true; /* it is there and was not given */
      g_ptr_array_remove_index(c->wants, i - 1);
      continue;
    }
    ask_piece(c, w);
    is_under_way = true;
  }
  return is_under_way;
}

/* ---- jobs: job->uids one after the other; at once when the client pipelines ---- */

static struct imap_cached *
message_at(const struct imap_client *c, const struct imap_job *job)
{
  return c->folder ? imap_folder_message(c->folder, g_array_index(job->uids, uint32_t, job->at))
                   : NULL;
}

/* Asks for the messages that come next by `ask`; false when there is none left. */
static bool
ask_next(struct imap_client *c, struct imap_job *job,
         void (*ask)(struct imap_client *, struct imap_cached *))
{
  guint n_before = c->wants->len;
  while (job->at < job->uids->len && (c->wants->len == n_before || c->config.pipelines)) {
    struct imap_cached *m = message_at(c, job);
    job->at++;
    if (m)
      ask(c, m);
  }
  return c->wants->len > n_before;
}

static void
ask_text(struct imap_client *c, struct imap_cached *m)
{
  const struct imap_part *part = imap_part_to_read(m->parts);
  if (m->held == IMAP_HELD_WHOLE || (part && imap_cached_piece(m, part->section)))
    return;
  want(c, m->uid, part ? part->section : "1", part ? part->n_octets : 0);
}

static void
ask_attachments(struct imap_client *c, struct imap_cached *m)
{
  const struct imap_part *text = imap_part_to_read(m->parts);
  for (guint i = 0; m->parts && i < m->parts->len && m->held != IMAP_HELD_WHOLE; i++) {
    const struct imap_part *part = m->parts->pdata[i];
    if (part != text && !imap_cached_piece(m, part->section))
      want(c, m->uid, part->section, part->n_octets);
  }
}

static void
ask_whole(struct imap_client *c, struct imap_cached *m)
{
  if (m->held != IMAP_HELD_WHOLE)
    want(c, m->uid, "", m->n_octets);
}

bool
imap_client_attachments(struct imap_client *c, struct imap_job *job)
{
  return go_on(c) || ask_next(c, job, ask_attachments);
}

bool
imap_client_download(struct imap_client *c, struct imap_job *job)
{
  return go_on(c) || ask_next(c, job, ask_whole);
}

/* Those of uids[from..to) whose text is here and that are not \Seen yet become so. */
static bool
mark_read(struct imap_client *c, const struct imap_job *job, guint from, guint to)
{
  struct imap_change change = {.kind = IMAP_CHANGE_FLAG, .flags = FLAG_SEEN};
  change.uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (guint i = from; i < to && c->folder && !c->is_read_only; i++) {
    uint32_t uid = g_array_index(job->uids, uint32_t, i);
    const struct imap_cached *m = imap_folder_message(c->folder, uid);
    if (m && m->held != IMAP_HELD_HEADER && !(m->flags & FLAG_SEEN))
      g_array_append_val(change.uids, uid);
  }
  change.folder = g_strdup(c->folder ? c->folder->name : "");
  return imap_change_add(c->cache, change);
}

/* job->at: asked for up to here; job->marked: and \Seen up to here. A message is marked when its
 * text has come, then the next is read. */
bool
imap_client_read(struct imap_client *c, struct imap_job *job)
{
  if (go_on(c))
    return true;
  guint from = job->marked;
  job->marked = job->at;
  if (from < job->at && mark_read(c, job, from, job->at)) {
    imap_client_push(c, imap_client_replay);
    return true;
  }
  return ask_next(c, job, ask_text) || job->marked < job->at;
}
