/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_data.c -- untagged data of the server: what each changes, and whether it may come
 * now.
 *
 * A server may send any of it at any time (RFC 3501 7), so nothing here depends on the command
 * under way; but what nobody asked for, or what cannot be, is said and not believed. */
#include <stdlib.h>
#include <string.h>

#include "sim/mail/imap_client_private.h"
#include "sim/mail/imap_name.h"

/* ---- the open folder ---- */

void
imap_client_forget_open(struct imap_client *c)
{
  c->folder = NULL;
  c->is_read_only = false;
  c->server_modseq = 0;
  c->server_uid_next = 0;
  c->lost_count = false;
  c->n_new = c->n_changed = c->n_vanished = 0;
  g_array_set_size(c->seq, 0);
  g_clear_pointer(&c->told, g_hash_table_unref);
}

/* Is a folder open (or being opened) that this could be about? */
static bool
is_open(struct imap_client *c, const char *what)
{
  if (c->folder)
    return true;
  imap_client_suspect(c, lang_text("%s, but no folder is open", "ได้รับ %s ทั้งที่ไม่มีโฟลเดอร์ใดเปิดอยู่"),
                      what);
  return false;
}

static void
vanish(struct imap_client *c, uint32_t uid)
{
  struct imap_cached *m = imap_folder_message(c->folder, uid);
  if (!m)
    return;
  c->n_vanished += !m->is_leaving;
  imap_folder_vanish(c->folder, m);
}

static void
take_exists(struct imap_client *c, uint32_t n, struct imap_text *t)
{
  if (!is_open(c, "EXISTS"))
    return;
  if (n > IMAP_CACHE_MESSAGES_MAX) {
    imap_client_give_up(c, lang_text("the server announces more messages than can be believed",
                                     "เซิร์ฟเวอร์แจ้งจำนวนข้อความมากเกินกว่าจะเชื่อได้"));
    return;
  }
  if (n < c->seq->len)
    imap_client_suspect(c,
                        lang_text("EXISTS falls from %1$u to %2$u without EXPUNGE",
                                  "EXISTS ลดจาก %1$u เหลือ %2$u โดยไม่มี EXPUNGE"),
                        c->seq->len, n);
  bool is_news = n > c->seq->len;
  g_array_set_size(c->seq, n);
  if (is_news && c->is_idling)
    imap_client_idle_news(c);
}

static void
take_expunge(struct imap_client *c, uint32_t n, struct imap_text *t)
{
  if (!is_open(c, "EXPUNGE"))
    return;
  if (n == 0 || n > c->seq->len) {
    imap_client_suspect(
        c, lang_text("EXPUNGE of message %u, which does not exist", "EXPUNGE ข้อความที่ %u ซึ่งไม่มีอยู่"),
        n);
    return;
  }
  uint32_t uid = g_array_index(c->seq, uint32_t, n - 1);
  g_array_remove_index(c->seq, n - 1);
  if (uid)
    vanish(c, uid);
  else
    c->lost_count = true;
}

/* ---- FETCH ---- */

/* The UID of message `n`; learns it when the response tells. 0 when nobody knows. */
static uint32_t
uid_of(struct imap_client *c, uint32_t n, const struct imap_fetched *f)
{
  uint32_t *known = &g_array_index(c->seq, uint32_t, n - 1);
  if (f->uid && *known && *known != f->uid)
    imap_client_suspect(c,
                        lang_text("message %1$u had UID %2$u, now it is said to have %3$u",
                                  "ข้อความที่ %1$u เคยมี UID %2$u แต่ตอนนี้แจ้งว่าเป็น %3$u"),
                        n, *known, f->uid);
  if (f->uid)
    *known = f->uid;
  return *known;
}

static void
take_flags(struct imap_client *c, struct imap_cached *m, const struct imap_fetched *f, bool is_new)
{
  if (c->told)
    g_hash_table_add(c->told, GUINT_TO_POINTER(m->uid));
  if (!is_new)
    c->n_changed += m->server_flags != f->flags || strcmp(m->server_keywords, f->keywords) != 0;
  imap_change_server_flags(c->folder, m, f->flags, f->keywords);
}

static void
take_message(struct imap_client *c, uint32_t uid, const struct imap_fetched *f)
{
  struct imap_cached *m = imap_folder_message(c->folder, uid);
  bool is_new = !m;
  if (is_new && !f->subject)
    return; /* nothing that could be shown; its header comes when it is asked for */
  m = imap_folder_put(c->folder, uid, f);
  if (!m) {
    imap_client_suspect(
        c, "%s", lang_text("there are more messages than can be kept", "มีข้อความมากเกินกว่าที่เก็บได้"));
    return;
  }
  c->n_new += is_new;
  if (f->has_flags)
    take_flags(c, m, f, is_new);
  if (is_new)
    imap_cached_tell(c->folder, m);
}

static void
take_fetch(struct imap_client *c, uint32_t n, struct imap_text *t)
{
  struct imap_fetched f = {0};
  if (!is_open(c, "FETCH"))
    return;
  bool is_good = imap_parse_space(t) && imap_fetched_parse(&f, t);
  if (!is_good) {
    imap_client_suspect(c, "%s",
                        lang_text("a FETCH response makes no sense", "คำตอบ FETCH ไม่มีความหมาย"));
  } else if (n == 0 || n > c->seq->len) {
    imap_client_suspect(
        c, lang_text("FETCH of message %u, which does not exist", "FETCH ข้อความที่ %u ซึ่งไม่มีอยู่"), n);
  } else {
    uint32_t uid = uid_of(c, n, &f);
    c->server_modseq = MAX(c->server_modseq, f.modseq);
    if (uid)
      take_message(c, uid, &f);
    for (guint i = 0; i < f.pieces->len; i++)
      imap_client_take_piece(c, uid, f.pieces->pdata[i]);
  }
  imap_fetched_clear(&f);
}

/* ---- VANISHED (RFC 7162 3.2.10) ---- */

static bool
set_has(const GArray *set, uint32_t uid)
{
  return imap_set_has(set, uid, UINT32_MAX);
}

static void
take_vanished(struct imap_client *c, struct imap_text *t)
{
  if (!is_open(c, "VANISHED") || !imap_parse_space(t))
    return;
  bool is_earlier = imap_parse_peek(t) == '(';
  if (is_earlier) {
    imap_value_free(imap_value_parse(t)); /* EARLIER */
    imap_parse_space(t);
  }
  g_autoptr(GArray) set = imap_parse_set(t);
  if (!set) {
    imap_client_suspect(c, "%s", lang_text("VANISHED without a set", "VANISHED ไม่มีชุด UID"));
    return;
  }
  uint64_t n_said = 0;
  for (guint i = 0; i < set->len; i++) {
    const struct imap_range *r = &g_array_index(set, struct imap_range, i);
    n_said += (uint64_t)r->high - r->low + 1;
  }
  guint n_before = c->seq->len;
  for (guint i = c->folder->messages->len; i > 0; i--) {
    const struct imap_cached *m = c->folder->messages->pdata[i - 1];
    if (m->uid && set_has(set, m->uid))
      vanish(c, m->uid);
  }
  for (guint i = c->seq->len; !is_earlier && i > 0; i--) {
    uint32_t uid = g_array_index(c->seq, uint32_t, i - 1);
    if (uid && set_has(set, uid))
      g_array_remove_index(c->seq, i - 1);
  }
  if (!is_earlier && n_before - c->seq->len < n_said)
    c->lost_count = true;
}

/* ---- SEARCH ---- */

static void
take_hit(struct imap_client *c, uint32_t uid)
{
  if (c->hits->len < IMAP_CACHE_MESSAGES_MAX)
    g_array_append_val(c->hits, uid);
}

static bool
is_searching(struct imap_client *c)
{
  if (c->hits)
    return true;
  imap_client_suspect(
      c, "%s", lang_text("the result of a search that nobody asked for", "ผลการค้นหาที่ไม่มีใครขอ"));
  return false;
}

static void
take_search(struct imap_client *c, struct imap_text *t)
{
  uint32_t uid;
  if (!is_searching(c))
    return;
  while (imap_parse_space(t) && imap_parse_number(t, &uid))
    take_hit(c, uid);
}

/* "ESEARCH (TAG "a7") UID ALL 1:3,9" (RFC 4731). */
static void
take_esearch(struct imap_client *c, struct imap_text *t)
{
  if (!is_searching(c))
    return;
  while (imap_parse_space(t)) {
    bool is_list = imap_parse_peek(t) == '(';
    if (is_list) {
      g_autoptr(imap_value) tag = imap_value_parse(t);
      if (!tag)
        return;
      continue;
    }
    g_autofree char *word = imap_parse_word(t);
    if (g_strcmp0(word, "ALL") != 0)
      continue;
    g_autoptr(GArray) set = imap_parse_space(t) ? imap_parse_set(t) : NULL;
    for (guint i = 0; set && i < set->len; i++) {
      const struct imap_range *r = &g_array_index(set, struct imap_range, i);
      for (uint32_t uid = r->low; uid < r->high && c->hits->len < IMAP_CACHE_MESSAGES_MAX; uid++)
        take_hit(c, uid);
      take_hit(c, r->high);
    }
  }
}

/* ---- folders ---- */

static void
take_attribute(struct imap_folder *f, const char *attribute)
{
  static const char *const uses[] = {"\\All",  "\\Archive", "\\Drafts", "\\Flagged",
                                     "\\Junk", "\\Sent",    "\\Trash",  "\\Important"};
  if (g_ascii_strcasecmp(attribute, "\\Noselect") == 0 ||
      g_ascii_strcasecmp(attribute, "\\NonExistent") == 0)
    f->is_selectable = false;
  if (g_ascii_strcasecmp(attribute, "\\Subscribed") == 0)
    f->is_subscribed = true;
  for (guint i = 0; i < G_N_ELEMENTS(uses); i++) {
    if (g_ascii_strcasecmp(attribute, uses[i]) == 0) {
      g_free(f->special_use);
      f->special_use = g_strdup(uses[i]);
    }
  }
}

static void
take_list(struct imap_client *c, struct imap_text *t)
{
  g_autoptr(imap_value) attributes = imap_parse_space(t) ? imap_value_parse(t) : NULL;
  g_autoptr(imap_value) delimiter = imap_parse_space(t) ? imap_value_parse(t) : NULL;
  g_autofree char *name = imap_parse_space(t) ? imap_parse_astring(t) : NULL;
  if (!attributes || !delimiter || !name || !*name || strpbrk(name, "\r\n")) {
    imap_client_suspect(c, "%s",
                        lang_text("a LIST response makes no sense", "คำตอบ LIST ไม่มีความหมาย"));
    return;
  }
  g_autofree char *text_name = imap_name_decode(name);
  struct imap_folder *f = imap_cache_folder(c->cache, text_name ? text_name : name, true);
  if (!f) {
    imap_client_suspect(
        c, "%s", lang_text("there are more folders than can be kept", "มีโฟลเดอร์มากเกินกว่าที่เก็บได้"));
    return;
  }
  g_autofree char *text = imap_value_text(delimiter);
  f->delimiter = text ? text[0] : '\0';
  f->is_selectable = text_name != NULL; /* what has no spelling of ours cannot be asked for */
  for (guint i = 0; imap_value_at(attributes, i); i++) {
    g_autofree char *attribute = imap_value_text(imap_value_at(attributes, i));
    if (attribute)
      take_attribute(f, attribute);
  }
  if (c->listed)
    g_hash_table_add(c->listed, g_strdup(f->name));
}

/* ---- status responses ---- */

static void
take_uid_validity(struct imap_client *c, uint32_t n)
{
  struct imap_folder *f = c->folder;
  if (!f || f->uid_validity == n)
    return;
  if (f->is_known) {
    guint n_kept = f->messages->len;
    unsigned n_dropped = imap_change_drop_folder(c->cache, f->name);
    machine_emit(&c->endpoint, "sync",
                 lang_text("%1$s: UIDVALIDITY was %2$u and is %3$u: %4$u messages of the cache are "
                           "thrown away",
                           "%1$s: UIDVALIDITY เดิม %2$u ตอนนี้ %3$u: ทิ้งข้อความในแคช %4$u ฉบับ"),
                 f->name, f->uid_validity, n, n_kept);
    if (n_dropped > 0)
      machine_emit(&c->endpoint, "conflict",
                   lang_text("%1$u changes made here meant messages that nobody can name any more",
                             "การเปลี่ยนแปลง %1$u รายการอ้างถึงข้อความที่ระบุไม่ได้อีกแล้ว"),
                   n_dropped);
    imap_folder_forget(f);
  }
  f->uid_validity = n;
}

static uint64_t
number_of(const char *args)
{
  return g_ascii_isdigit(args[0]) ? g_ascii_strtoull(args, NULL, 10) : 0;
}

void
imap_client_code(struct imap_client *c, const char *code)
{
  const char *args;
  if (imap_reply_code_is(code, "CAPABILITY", &args))
    imap_client_set_caps(c, args);
  else if (imap_reply_code_is(code, "UIDVALIDITY", &args))
    take_uid_validity(c, (uint32_t)MIN(number_of(args), UINT32_MAX));
  else if (imap_reply_code_is(code, "UIDNEXT", &args))
    c->server_uid_next = (uint32_t)MIN(number_of(args), UINT32_MAX);
  else if (imap_reply_code_is(code, "HIGHESTMODSEQ", &args))
    c->server_modseq = MAX(c->server_modseq, number_of(args));
  else if (imap_reply_code_is(code, "READ-ONLY", NULL))
    c->is_read_only = true;
  else if (imap_reply_code_is(code, "READ-WRITE", NULL))
    c->is_read_only = false;
}

static void
take_status(struct imap_client *c, const char *word, struct imap_text *t)
{
  imap_parse_space(t);
  g_autofree char *code = imap_reply_code(t);
  g_autofree char *rest = imap_reply_rest(t);
  if (!c->is_greeted) {
    imap_client_code(c, code);
    imap_client_greeted(c, word);
    return;
  }
  if (strcmp(word, "PREAUTH") == 0)
    imap_client_suspect(c, "%s", lang_text("PREAUTH behind the greeting", "PREAUTH หลังคำทักทาย"));
  imap_client_code(c, code);
  bool is_farewell = c->is_leaving && strcmp(word, "BYE") == 0;
  if ((strcmp(word, "OK") != 0 && !is_farewell) || imap_reply_code_is(code, "ALERT", NULL))
    imap_client_log(c, "%s %s", word, rest);
  if (strcmp(word, "BYE") != 0)
    return;
  c->expects_bye = true;
  if (!c->is_leaving)
    imap_client_give_up(c, lang_text("the server said BYE", "เซิร์ฟเวอร์กล่าว BYE"));
}

static void
take_enabled(struct imap_client *c, struct imap_text *t)
{
  g_autofree char *rest = imap_reply_rest(t);
  g_auto(GStrv) words = g_strsplit(rest, " ", -1);
  for (char **word = words; *word; word++) {
    c->enabled_qresync |= g_ascii_strcasecmp(*word, "QRESYNC") == 0;
    c->enabled_condstore |= g_ascii_strcasecmp(*word, "CONDSTORE") == 0;
  }
  c->enabled_condstore |= c->enabled_qresync;
}

static void
take_capability(struct imap_client *c, struct imap_text *t)
{
  g_autofree char *rest = imap_reply_rest(t);
  imap_client_set_caps(c, rest);
}

/* ---- the table ---- */

static void
skip(struct imap_client *c, struct imap_text *t)
{
}

static const struct {
  const char *word;
  void (*take)(struct imap_client *c, struct imap_text *t);
} rows[] = {{"CAPABILITY", take_capability},
            {"LIST", take_list},
            {"LSUB", skip},
            {"SEARCH", take_search},
            {"ESEARCH", take_esearch},
            {"VANISHED", take_vanished},
            {"ENABLED", take_enabled},
            {"FLAGS", skip},
            {"STATUS", skip},
            {"NAMESPACE", skip},
            {"ID", skip},
            {"QUOTA", skip},
            {"QUOTAROOT", skip}};

static const struct {
  const char *word;
  void (*take)(struct imap_client *c, uint32_t n, struct imap_text *t);
} numbered[] = {{"EXISTS", take_exists}, {"EXPUNGE", take_expunge}, {"FETCH", take_fetch}};

static void
take_numbered(struct imap_client *c, struct imap_text *t)
{
  uint32_t n;
  g_autofree char *word =
      imap_parse_number(t, &n) && imap_parse_space(t) ? imap_parse_word(t) : NULL;
  if (g_strcmp0(word, "RECENT") == 0)
    return;
  for (guint i = 0; word && i < G_N_ELEMENTS(numbered); i++) {
    if (strcmp(word, numbered[i].word) == 0) {
      numbered[i].take(c, n, t);
      return;
    }
  }
  imap_client_suspect(c, "%s",
                      lang_text("a number without a word that we know", "ตัวเลขที่ไม่มีคำที่รู้จักตามมา"));
}

void
imap_client_untagged(struct imap_client *c, struct imap_text *t)
{
  static const char *const statuses[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
  if (c->is_greeted && g_ascii_isdigit(imap_parse_peek(t))) {
    take_numbered(c, t);
    return;
  }
  g_autofree char *word = imap_parse_word(t);
  for (guint i = 0; word && i < G_N_ELEMENTS(statuses); i++) {
    if (strcmp(word, statuses[i]) == 0) {
      take_status(c, word, t);
      return;
    }
  }
  if (!word || !c->is_greeted) {
    imap_client_give_up(
        c, lang_text("the server's line is no IMAP response", "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่คำตอบ IMAP"));
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (strcmp(word, rows[i].word) == 0) {
      rows[i].take(c, t);
      return;
    }
  }
  imap_client_suspect(c, lang_text("\"%s\", a response that we do not know", "\"%s\" คำตอบที่ไม่รู้จัก"),
                      word);
}
