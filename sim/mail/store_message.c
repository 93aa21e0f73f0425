/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_message.c -- messages of a mailbox: flags, keywords, arrival, change, expunge.
 *
 * One function appends, one changes flags, one removes; each raises the mailbox's modseq and tells
 * the listener, so no change can go untold. What was expunged is remembered for clients that
 * resynchronise (RFC 7162 3.2), up to STORE_GONE_MAX. */
#include "sim/mail/store_private.h"

#include <string.h>

#include "sim/mail/mime.h"

static const struct {
  unsigned flag;
  const char *name;
} flag_names[] = {{FLAG_ANSWERED, "\\Answered"},
                  {FLAG_FLAGGED, "\\Flagged"},
                  {FLAG_DELETED, "\\Deleted"},
                  {FLAG_SEEN, "\\Seen"},
                  {FLAG_DRAFT, "\\Draft"}};

/* ---- messages by themselves ---- */

struct store_message *
store_message_ref(struct store_message *m)
{
  g_atomic_ref_count_inc(&m->refs);
  return m;
}

void
store_message_unref(struct store_message *m)
{
  if (!g_atomic_ref_count_dec(&m->refs))
    return;
  g_bytes_unref(m->octets);
  mime_cached_clear(&m->mime);
  g_free(m->subject);
  g_free(m);
}

unsigned
store_flag_find(const char *text, size_t n)
{
  for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
    if (strlen(flag_names[i].name) == n && g_ascii_strncasecmp(flag_names[i].name, text, n) == 0)
      return flag_names[i].flag;
  }
  return 0;
}

char *
store_flags_text(const struct mailbox *b, unsigned flags, uint64_t keywords, char separator)
{
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
    if (flags & flag_names[i].flag) {
      if (text->len)
        g_string_append_c(text, separator);
      g_string_append(text, flag_names[i].name);
    }
  }
  for (guint i = 0; i < b->keywords->len; i++) {
    if (keywords & UINT64_C(1) << i) {
      if (text->len)
        g_string_append_c(text, separator);
      g_string_append(text, b->keywords->pdata[i]);
    }
  }
  return g_string_free(text, FALSE);
}

uint64_t
store_keyword(struct mailbox *b, const char *name, bool create)
{
  for (guint i = 0; i < b->keywords->len; i++) {
    if (g_ascii_strcasecmp(b->keywords->pdata[i], name) == 0)
      return UINT64_C(1) << i;
  }
  if (!create || b->keywords->len >= STORE_KEYWORDS_MAX || strlen(name) > STORE_KEYWORD_OCTETS_MAX)
    return 0;
  g_ptr_array_add(b->keywords, g_strdup(name));
  return UINT64_C(1) << (b->keywords->len - 1);
}

uint64_t
store_map_keywords(const struct mailbox *from, struct mailbox *to, uint64_t keywords)
{
  uint64_t mapped = 0;
  for (guint i = 0; i < from->keywords->len; i++) {
    if (keywords & UINT64_C(1) << i)
      mapped |= store_keyword(to, from->keywords->pdata[i], true);
  }
  return mapped;
}

/* ---- messages in mailboxes ---- */

bool
store_has_room_for(const struct store_user *u, uint64_t n_messages, uint64_t n_octets)
{
  return (u->quota_octets == 0 || u->used_octets + n_octets <= u->quota_octets) &&
         (u->quota_messages == 0 || u->used_messages + n_messages <= u->quota_messages);
}

bool
store_has_room(const struct store_user *u, size_t n)
{
  return store_has_room_for(u, 1, n);
}

struct store_message *
store_append_as(struct mailbox *b, GBytes *octets, const char *subject, unsigned flags,
                uint64_t keywords, int64_t internal_ns)
{
  size_t n = g_bytes_get_size(octets);
  if (!store_has_room(b->user, n) || b->messages->len >= STORE_MESSAGES_MAX ||
      b->uid_next == UINT32_MAX)
    return NULL;
  struct store_message *m = g_new0(struct store_message, 1);
  g_atomic_ref_count_init(&m->refs);
  m->uid = b->uid_next++;
  m->flags = flags & FLAG_ALL;
  m->keywords = keywords;
  m->internal_ns = internal_ns;
  m->modseq = ++b->modseq;
  m->octets = g_bytes_ref(octets);
  m->subject = subject ? g_strdup(subject) : mime_subject(octets);
  g_ptr_array_add(b->messages, m);
  b->user->used_octets += n;
  b->user->used_messages++;
  store_tell(b, m, false);
  store_call_watches(b);
  return m;
}

struct store_message *
store_append(struct mailbox *b, GBytes *octets, unsigned flags, uint64_t keywords,
             int64_t internal_ns)
{
  return store_append_as(b, octets, NULL, flags, keywords, internal_ns);
}

void
store_set_flags(struct mailbox *b, struct store_message *m, unsigned flags, uint64_t keywords)
{
  flags &= FLAG_ALL;
  if (m->flags == flags && m->keywords == keywords)
    return;
  m->flags = flags;
  m->keywords = keywords;
  m->modseq = ++b->modseq;
  store_tell(b, m, false);
  store_call_watches(b);
}

struct store_message *
store_by_uid(const struct mailbox *b, uint32_t uid, guint *index)
{
  guint low = 0, high = b->messages->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    struct store_message *m = b->messages->pdata[middle];
    if (m->uid == uid) {
      if (index)
        *index = middle;
      return m;
    }
    if (m->uid < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* The oldest half is forgotten at once, so that forgetting costs little. */
static void
remember_gone(struct mailbox *b, uint32_t uid, uint64_t modseq)
{
  struct store_gone gone = {.uid = uid, .modseq = modseq};
  if (b->gone->len >= STORE_GONE_MAX) {
    b->gone_from = g_array_index(b->gone, struct store_gone, STORE_GONE_MAX / 2 - 1).modseq;
    g_array_remove_range(b->gone, 0, STORE_GONE_MAX / 2);
  }
  g_array_append_val(b->gone, gone);
}

void
store_expunge(struct mailbox *b, struct store_message *m)
{
  guint index;
  if (store_by_uid(b, m->uid, &index) != m)
    return; /* another session was quicker */
  b->user->used_octets -= g_bytes_get_size(m->octets);
  b->user->used_messages--;
  remember_gone(b, m->uid, ++b->modseq);
  store_tell(b, m, true);
  g_ptr_array_remove_index(b->messages, index);
  store_call_watches(b);
}

static int
by_number(gconstpointer a, gconstpointer b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void
add_range(GArray *ranges, uint32_t low, uint32_t high)
{
  struct store_range *last =
      ranges->len > 0 ? &g_array_index(ranges, struct store_range, ranges->len - 1) : NULL;
  if (last && last->high + 1 == low) {
    last->high = high;
    return;
  }
  struct store_range range = {.low = low, .high = high};
  g_array_append_val(ranges, range);
}

/* Every UID below UIDNEXT that no message has. */
static void
add_absent(const struct mailbox *b, GArray *ranges)
{
  uint32_t next = 1;
  for (guint i = 0; i < b->messages->len; i++) {
    const struct store_message *m = b->messages->pdata[i];
    if (m->uid > next)
      add_range(ranges, next, m->uid - 1);
    next = m->uid + 1;
  }
  if (b->uid_next > next)
    add_range(ranges, next, b->uid_next - 1);
}

GArray *
store_gone_since(const struct mailbox *b, uint64_t modseq)
{
  GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct store_range));
  if (modseq < b->gone_from) {
    add_absent(b, ranges);
    return ranges;
  }
  g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (guint i = b->gone->len; i > 0; i--) {
    struct store_gone gone = g_array_index(b->gone, struct store_gone, i - 1);
    if (gone.modseq <= modseq)
      break;
    g_array_append_val(uids, gone.uid);
  }
  g_array_sort(uids, by_number);
  for (guint i = 0; i < uids->len; i++) {
    uint32_t uid = g_array_index(uids, uint32_t, i);
    add_range(ranges, uid, uid);
  }
  return ranges;
}
