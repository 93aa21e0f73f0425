/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_append.c -- APPEND: one message or several, all or none.
 *
 *     APPEND box (\Seen) "17-Jul-1996 02:44:25 -0700" {310+} CRLF octets {…} CRLF octets CRLF
 *                └──────── one message ────────────────────────────────┘└── the next ──┘
 *
 * What can be known before the octets come is said before they come (imap_append_refusal). A
 * zero-length message cancels the command (RFC 3502 6.3.11). "~{n}" may hold NUL in parts that say
 * they are binary: those are kept in base64, so that BODY[] can give them too (RFC 3516 4.4). "UTF8
 * (~{n}" may have 8-bit headers (RFC 6855 4). RFC 3501 6.3.11, 4315 (APPENDUID). */
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/imap_session.h"

/* One message of the command. */
struct letter {
  GPtrArray *flag_names; /* char*; NULL: none */
  int64_t internal_ns;
  int zone_minutes;
  GBytes *octets;
  bool has_nul; /* where none may be */
};

static void
letter_clear(void *data)
{
  struct letter *l = data;
  g_clear_pointer(&l->flag_names, g_ptr_array_unref);
  g_clear_pointer(&l->octets, g_bytes_unref);
}

/* ---- the grammar ---- */

/* Flags and date before the octets. False when they are there and make no sense. */
static bool
parse_head(const struct imap_server *s, struct imap_text *t, struct letter *l)
{
  l->internal_ns = s->now_ns;
  if (imap_parse_peek(t) == '(') {
    l->flag_names = imap_parse_flags(t, false);
    if (!l->flag_names || !imap_parse_space(t))
      return false;
  }
  if (imap_parse_peek(t) != '"')
    return true;
  g_autofree char *text = imap_parse_astring(t);
  return text && date_parse_imap(text, &l->internal_ns, &l->zone_minutes) && imap_parse_space(t);
}

/* A literal; NUL only in "~{n}". */
static bool
parse_literal(struct imap_text *t, struct letter *l)
{
  bool is_binary = imap_parse_octet(t, '~');
  if (imap_parse_peek(t) != '{')
    return false;
  l->octets = imap_parse_octets(t);
  if (!l->octets)
    return false;
  if (is_binary) {
    g_autoptr(GBytes) sent = l->octets;
    l->octets = mime_without_binary(sent);
  }
  gsize n;
  const uint8_t *p = g_bytes_get_data(l->octets, &n);
  l->has_nul = n > 0 && memchr(p, '\0', n);
  return is_binary || !l->has_nul;
}

static bool
parse_letter(const struct imap_server *s, struct imap_text *t, struct letter *l)
{
  if (!imap_parse_space(t) || !parse_head(s, t, l))
    return false;
  if (g_ascii_toupper(imap_parse_peek(t)) != 'U')
    return parse_literal(t, l);
  g_autofree char *word = imap_parse_word(t);
  return s->has_utf8 && g_strcmp0(word, "UTF8") == 0 && imap_parse_space(t) &&
         imap_parse_octet(t, '(') && imap_parse_peek(t) == '~' && parse_literal(t, l) &&
         imap_parse_octet(t, ')');
}

static bool
parse_letters(const struct imap_server *s, struct imap_text *t, GArray *letters)
{
  do {
    struct letter letter = {0};
    bool is_good = parse_letter(s, t, &letter);
    g_array_append_val(letters, letter);
    if (!is_good || letters->len > IMAP_APPENDS_MAX)
      return false;
  } while (!imap_parse_end(t));
  return true;
}

/* ---- may it be? ---- */

/* NULL, or the text of NO. */
static const char *
refusal(const struct imap_server *s, const struct mailbox *b, uint64_t n_messages,
        uint64_t n_octets)
{
  if (!b)
    return "[TRYCREATE] No such mailbox";
  if (store_access(b, s->user) != STORE_WRITABLE)
    return "[NOPERM] You may only read that mailbox";
  if (!store_has_room_for(b->user, n_messages, n_octets))
    return "[OVERQUOTA] The quota is exceeded";
  if (b->messages->len + n_messages > STORE_MESSAGES_MAX || b->uid_next + n_messages > UINT32_MAX)
    return "[LIMIT] Too many messages in that mailbox";
  return NULL;
}

const char *
imap_append_refusal(const struct imap_server *s, struct imap_text *t, uint64_t octets)
{
  g_autofree char *name = imap_parse_name(s, t);
  if (!name || !imap_parse_space(t))
    return NULL; /* the name itself comes as a literal, or it will be BAD */
  return refusal(s, store_find(s->user, name), 1, octets);
}

/* ---- doing it ---- */

/* All flags before the first message is there, so that an unknown one leaves nothing behind. */
static bool
flags_are_known(const GArray *letters)
{
  for (guint i = 0; i < letters->len; i++) {
    const GPtrArray *names = g_array_index(letters, struct letter, i).flag_names;
    for (guint k = 0; names && k < names->len; k++) {
      const char *name = names->pdata[k];
      if (name[0] == '\\' && !store_flag_find(name, strlen(name)))
        return false;
    }
  }
  return true;
}

static void
append_all(struct imap_server *s, struct mailbox *b, const GArray *letters)
{
  uint32_t first = b->uid_next, last = first;
  for (guint i = 0; i < letters->len; i++) {
    const struct letter *l = &g_array_index(letters, struct letter, i);
    unsigned flags = 0;
    uint64_t keywords = 0;
    if (l->flag_names)
      imap_flags_resolve(b, l->flag_names, &flags, &keywords);
    struct store_message *m = store_append(b, l->octets, flags, keywords, l->internal_ns);
    m->zone_minutes = (int16_t)l->zone_minutes;
    last = m->uid; /* refusal() has looked at every reason why it could be NULL */
  }
  g_autoptr(GString) uids = g_string_new(NULL);
  imap_put_range(uids, first, last);
  imap_ok(s, "[APPENDUID %u %s] APPEND completed", b->uid_validity, uids->str);
}

void
imap_act_append(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_name(s, t);
  g_autoptr(GArray) letters = g_array_new(FALSE, FALSE, sizeof(struct letter));
  g_array_set_clear_func(letters, letter_clear);
  if (!name || !parse_letters(s, t, letters)) {
    imap_bad(s, "Syntax: APPEND mailbox (flags) \"date\" {octets}");
    return;
  }
  if (!flags_are_known(letters)) {
    imap_bad(s, "Unknown system flag");
    return;
  }
  uint64_t n_octets = 0;
  const char *why = NULL;
  for (guint i = 0; i < letters->len && !why; i++) {
    const struct letter *l = &g_array_index(letters, struct letter, i);
    gsize n = g_bytes_get_size(l->octets);
    n_octets += n;
    if (n == 0)
      why = "[CANNOT] A message without octets: APPEND cancelled";
    else if (l->has_nul)
      why = "[UNKNOWN-CTE] NUL outside of parts whose Content-Transfer-Encoding is binary";
  }
  struct mailbox *b = store_find(s->user, name);
  if (!why)
    why = refusal(s, b, letters->len, n_octets);
  if (why)
    imap_no(s, why);
  else
    append_all(s, b, letters);
}
