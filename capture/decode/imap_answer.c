/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_answer.c -- what a line of an IMAP server says, part by part (RFC 3501 section 7).
 *
 *     * OK [UIDNEXT 4392] Predicted next UID     status, response code with its argument, text
 *     * LIST (\HasNoChildren) "/" &-Inbox        data: one reader for each first word
 *     * 12 FETCH (...)                           imap_fetch.c
 *     a1 NO [AUTHENTICATIONFAILED] Wrong         the same codes behind a tag
 *
 * Codes and data of RFC 2342, 2971, 4315, 4731, 5161, 5530, 7162, 7889, 8438, 8474, 9051 and 9208;
 * of others the name is told and what comes with them. */
#include "capture/decode/imap_field.h"

#include "capture/decode/words.h"

static void
words_build(struct decode *d, unsigned def, struct slice rest)
{
  for (struct slice word = word_take(&rest); word.n; word = word_take(&rest))
    word_build(d, &imap_part_defs[def], word);
}

static unsigned
number_build(struct decode *d, unsigned def, struct slice *rest)
{
  return word_number_build(d, &imap_part_defs[def], imap_token_take(rest).at);
}

/* A list in parentheses, if one is next. */
static void
list_build(struct decode *d, unsigned def, struct slice *rest)
{
  if (imap_token_take_if(rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, def, rest);
}

/* ---- response codes ---- */

enum argument { NO_ARGUMENT, NUMBER, WORDS, LIST, SET, APPENDUID, COPYUID };

static const struct code {
  const char *name;
  enum argument argument;
  uint8_t def;
  struct lang_pair meaning;
} codes[] = {
    {"ALERT", NO_ARGUMENT, 0, {"the user has to be shown the text", "ต้องแสดงข้อความให้ผู้ใช้เห็น"}},
    {"ALREADYEXISTS", NO_ARGUMENT, 0, {"there is such a mailbox already", "มีกล่องชื่อนี้อยู่แล้ว"}},
    {"APPENDLIMIT",
     NUMBER,
     F_CODE_ARGUMENT,
     {"the largest message that may be appended", "ขนาดจดหมายใหญ่ที่สุดที่เพิ่มได้"}},
    {"APPENDUID", APPENDUID, 0, {"the UID of what was appended", "UID ของจดหมายที่เพิ่ม"}},
    {"AUTHENTICATIONFAILED",
     NO_ARGUMENT,
     0,
     {"name or secret is wrong; which is not told", "ชื่อหรือรหัสผ่านผิด โดยไม่บอกว่าอย่างใด"}},
    {"AUTHORIZATIONFAILED",
     NO_ARGUMENT,
     0,
     {"the user is known but may not act for that other one", "รู้จักผู้ใช้แต่ไม่อนุญาตให้ใช้สิทธิ์ของผู้อื่นคนนั้น"}},
    {"BADCHARSET",
     LIST,
     F_CODE_ARGUMENT,
     {"the server does not search in this character set", "เซิร์ฟเวอร์ค้นด้วยชุดอักขระนี้ไม่ได้"}},
    {"CANNOT", NO_ARGUMENT, 0, {"this can never work, whatever the rights", "ทำไม่ได้ไม่ว่าจะมีสิทธิ์ใด"}},
    {"CAPABILITY", WORDS, F_CAPABILITY, {"what the server is able to do", "ความสามารถของเซิร์ฟเวอร์"}},
    {"CLIENTBUG",
     NO_ARGUMENT,
     0,
     {"the client does something that makes no sense", "ไคลเอนต์ทำสิ่งที่ไม่สมเหตุผล"}},
    {"CLOSED",
     NO_ARGUMENT,
     0,
     {"the mailbox that was open before is closed; what follows is of the new one",
      "ปิดกล่องเดิมแล้ว สิ่งที่ตามมาเป็นของกล่องใหม่"}},
    {"COMPRESSIONACTIVE", NO_ARGUMENT, 0, {"the octets are compressed already", "ข้อมูลถูกบีบอัดอยู่แล้ว"}},
    {"CONTACTADMIN",
     NO_ARGUMENT,
     0,
     {"the user should ask the administrator", "ผู้ใช้ควรติดต่อผู้ดูแลระบบ"}},
    {"COPYUID", COPYUID, 0, {"UIDs of originals and copies", "UID ของต้นฉบับและสำเนา"}},
    {"CORRUPTION", NO_ARGUMENT, 0, {"the server found damaged data", "เซิร์ฟเวอร์พบข้อมูลเสียหาย"}},
    {"EXPIRED", NO_ARGUMENT, 0, {"the password is right but too old", "รหัสผ่านถูกต้องแต่หมดอายุ"}},
    {"EXPUNGEISSUED",
     NO_ARGUMENT,
     0,
     {"somebody else removed some of these messages", "มีผู้อื่นลบจดหมายบางฉบับในนี้ไป"}},
    {"HASCHILDREN", NO_ARGUMENT, 0, {"the mailbox has mailboxes below it", "กล่องนี้มีกล่องย่อย"}},
    {"HIGHESTMODSEQ",
     NUMBER,
     F_HIGHESTMODSEQ,
     {"the number of the last change", "หมายเลขของการเปลี่ยนแปลงล่าสุด"}},
    {"INUSE", NO_ARGUMENT, 0, {"another session holds what is needed", "เซสชันอื่นใช้งานอยู่"}},
    {"LIMIT", NO_ARGUMENT, 0, {"a limit of the server was reached", "ถึงขีดจำกัดของเซิร์ฟเวอร์"}},
    {"MAILBOXID",
     LIST,
     F_CODE_ARGUMENT,
     {"the mailbox's identifier, which a new name does not change",
      "ตัวระบุของกล่อง ซึ่งไม่เปลี่ยนแม้เปลี่ยนชื่อ"}},
    {"MODIFIED",
     SET,
     F_SET,
     {"these messages were changed by somebody else before and are left alone",
      "จดหมายเหล่านี้ถูกผู้อื่นแก้ไขก่อน จึงไม่แตะต้อง"}},
    {"NOMODSEQ",
     NO_ARGUMENT,
     0,
     {"the mailbox does not number its changes", "กล่องนี้ไม่นับหมายเลขการแก้ไข"}},
    {"NONEXISTENT", NO_ARGUMENT, 0, {"there is no such mailbox", "ไม่มีกล่องชื่อนี้"}},
    {"NOPERM", NO_ARGUMENT, 0, {"the user has no right to do this", "ผู้ใช้ไม่มีสิทธิ์ทำสิ่งนี้"}},
    {"NOTSAVED", NO_ARGUMENT, 0, {"the result of the search was not kept", "ไม่ได้เก็บผลการค้นไว้"}},
    {"OVERQUOTA", NO_ARGUMENT, 0, {"the quota would be exceeded", "จะเกินโควตา"}},
    {"PARSE",
     NO_ARGUMENT,
     0,
     {"the header of a message could not be read", "อ่านส่วนหัวของจดหมายไม่ได้"}},
    {"PERMANENTFLAGS",
     LIST,
     F_PERMANENT_FLAG,
     {"which changes of flags are kept", "การเปลี่ยนแฟล็กใดที่จะเก็บไว้"}},
    {"PRIVACYREQUIRED",
     NO_ARGUMENT,
     0,
     {"this works only under encryption", "ทำได้เมื่อเข้ารหัสลับเท่านั้น"}},
    {"READ-ONLY", NO_ARGUMENT, 0, {"the mailbox is open for reading only", "เปิดกล่องไว้อ่านอย่างเดียว"}},
    {"READ-WRITE",
     NO_ARGUMENT,
     0,
     {"the mailbox is open for reading and writing", "เปิดกล่องไว้ทั้งอ่านและเขียน"}},
    {"SERVERBUG", NO_ARGUMENT, 0, {"a fault of the server itself", "ข้อผิดพลาดของเซิร์ฟเวอร์เอง"}},
    {"TOOBIG", NO_ARGUMENT, 0, {"the message is too large", "จดหมายใหญ่เกินไป"}},
    {"TRYCREATE",
     NO_ARGUMENT,
     0,
     {"it would work if the mailbox were created first", "ถ้าสร้างกล่องก่อนจะทำได้"}},
    {"UIDNEXT", NUMBER, F_UIDNEXT, {"the UID that the next message gets", "UID ของจดหมายฉบับถัดไป"}},
    {"UIDNOTSTICKY", NO_ARGUMENT, 0, {"UIDs of this mailbox do not last", "UID ของกล่องนี้ไม่คงอยู่"}},
    {"UIDVALIDITY",
     NUMBER,
     F_UIDVALIDITY,
     {"the version of the mailbox's UIDs", "รุ่นของ UID ในกล่องนี้"}},
    {"UNAVAILABLE",
     NO_ARGUMENT,
     0,
     {"a part of the server is out of order for now", "ส่วนหนึ่งของเซิร์ฟเวอร์ใช้ไม่ได้ชั่วคราว"}},
    {"UNKNOWN-CTE",
     NO_ARGUMENT,
     0,
     {"the encoding of this part cannot be undone", "ถอดการเข้ารหัสของส่วนนี้ไม่ได้"}},
    {"UNSEEN", NUMBER, F_FIRST_UNSEEN, {"the first message that is not read", "จดหมายแรกที่ยังไม่อ่าน"}},
};

static void
code_argument_build(struct decode *d, const struct code *code, struct slice rest)
{
  unsigned def = code ? code->def : F_CODE_ARGUMENT;
  switch (code ? code->argument : NO_ARGUMENT) {
  case NUMBER:
    if (imap_part_defs[def].type == FIELD_UINT) {
      number_build(d, def, &rest);
      break;
    }
    imap_string_build(d, &imap_part_defs[def], imap_token_take(&rest));
    break;
  case WORDS:
    words_build(d, def, rest);
    return;
  case LIST:
    list_build(d, def, &rest);
    break;
  case SET:
    imap_set_build(d, def, imap_token_take(&rest).at);
    break;
  case APPENDUID:
    number_build(d, F_UIDVALIDITY, &rest);
    imap_set_build(d, F_APPENDUID, imap_token_take(&rest).at);
    break;
  case COPYUID:
    number_build(d, F_UIDVALIDITY, &rest);
    imap_set_build(d, F_COPYUID_SOURCE, imap_token_take(&rest).at);
    imap_set_build(d, F_COPYUID_TARGET, imap_token_take(&rest).at);
    break;
  case NO_ARGUMENT:
    break;
  }
  word_build(d, &imap_part_defs[F_CODE_ARGUMENT], word_skip_blanks(rest));
}

/* Where the code's bracket closes, outside quotes; s.n when it does not. */
static uint32_t
code_octets(struct slice s)
{
  bool quoted = false;
  for (uint32_t i = 0; i < s.n; i++) {
    if (quoted && s.p[i] == '\\')
      i++;
    else if (s.p[i] == '"')
      quoted = !quoted;
    else if (s.p[i] == ']' && !quoted)
      return i + 1;
  }
  return s.n;
}

/* "[CODE arguments] text" behind a status. */
static void
status_build(struct decode *d, struct slice rest)
{
  rest = word_skip_blanks(rest);
  if (rest.n && rest.p[0] == '[') {
    uint32_t n = code_octets(rest);
    unsigned group = word_build(d, &imap_part_defs[F_CODE], slice_cut(rest, n));
    struct slice inner = slice_part(rest, 1, n - 1 - (rest.p[n - 1] == ']'));
    struct slice name = word_take(&inner);
    const struct code *code = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(codes) && !code; i++)
      if (word_is(name, codes[i].name))
        code = &codes[i];
    build_open(d, group);
    word_build(d, &imap_part_defs[F_CODE_NAME], name);
    if (code)
      build_generated(
          d, build_string(d, &imap_part_defs[F_CODE_MEANING], name, lang_pick(code->meaning)));
    code_argument_build(d, code, word_skip_blanks(inner));
    build_close(d, group);
    rest = word_skip_blanks(slice_skip(rest, n));
  }
  word_build(d, &imap_part_defs[F_TEXT], rest);
}

/* ---- data ---- */

static void
capability_build(struct decode *d, struct slice rest)
{
  words_build(d, F_CAPABILITY, rest);
}

static void
enabled_build(struct decode *d, struct slice rest)
{
  words_build(d, F_ENABLED, rest);
}

static void
flags_build(struct decode *d, struct slice rest)
{
  list_build(d, F_FLAG, &rest);
}

static void
mailbox_list_build(struct decode *d, struct slice rest)
{
  list_build(d, F_LIST_ATTRIBUTE, &rest);
  imap_string_build(d, &imap_part_defs[F_LIST_DELIMITER], imap_token_take(&rest));
  imap_mailbox_build(d, imap_token_take(&rest));
}

static void
status_data_build(struct decode *d, struct slice rest)
{
  static const struct {
    const char *name;
    uint8_t def;
  } items[] = {{"MESSAGES", F_STATUS_MESSAGES}, {"RECENT", F_STATUS_RECENT},
               {"UNSEEN", F_STATUS_UNSEEN},     {"DELETED", F_STATUS_DELETED},
               {"SIZE", F_STATUS_SIZE},         {"UIDNEXT", F_UIDNEXT},
               {"UIDVALIDITY", F_UIDVALIDITY},  {"HIGHESTMODSEQ", F_HIGHESTMODSEQ}};
  imap_mailbox_build(d, imap_token_take(&rest));
  imap_token_take_if(&rest, IMAP_TOKEN_OPEN);
  for (;;) {
    struct imap_token name = imap_token_take(&rest);
    if (name.kind != IMAP_TOKEN_ATOM)
      return;
    word_build(d, &imap_part_defs[F_STATUS_ITEM], name.at);
    unsigned def = F_STATUS_VALUE;
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
      if (word_is(name.at, items[i].name))
        def = items[i].def;
    if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
      imap_list_build(d, F_STATUS_VALUE, &rest); /* MAILBOXID (...) */
    else if (def == F_STATUS_VALUE)
      imap_string_build(d, &imap_part_defs[def], imap_token_take(&rest));
    else
      number_build(d, def, &rest);
  }
}

/* Numbers, and at the end "(MODSEQ n)". */
static void
search_build(struct decode *d, struct slice rest)
{
  for (;;) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END)
      return;
    if (word_is(token.at, "MODSEQ"))
      number_build(d, F_SEARCH_MODSEQ, &rest);
    else
      word_number_build(d, &imap_part_defs[F_SEARCH_NUMBER], token.at);
  }
}

static void
esearch_build(struct decode *d, struct slice rest)
{
  static const struct {
    const char *name;
    uint8_t def;
  } items[] = {{"MIN", F_ESEARCH_MIN},
               {"MAX", F_ESEARCH_MAX},
               {"COUNT", F_ESEARCH_COUNT},
               {"MODSEQ", F_SEARCH_MODSEQ}};
  for (;;) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END)
      return;
    if (word_is(token.at, "TAG"))
      imap_string_build(d, &imap_part_defs[F_ESEARCH_TAG], imap_token_take(&rest));
    else if (word_is(token.at, "UID"))
      word_mark_build(d, &imap_part_defs[F_ESEARCH_UID], token.at);
    else if (word_is(token.at, "ALL"))
      imap_set_build(d, F_ESEARCH_ALL, imap_token_take(&rest).at);
    else
      for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
        if (word_is(token.at, items[i].name))
          number_build(d, items[i].def, &rest);
  }
}

static void
vanished_build(struct decode *d, struct slice rest)
{
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN) {
    word_mark_build(d, &imap_part_defs[F_EARLIER], imap_token_take(&rest).at);
    imap_token_take_if(&rest, IMAP_TOKEN_CLOSE);
  }
  imap_set_build(d, F_SET, imap_token_take(&rest).at);
}

/* Three lists of "(prefix delimiter ...)", or NIL in place of each. */
static void
namespace_build(struct decode *d, struct slice rest)
{
  static const struct lang_pair kinds[] = {
      {"the user's own", "ของผู้ใช้เอง"}, {"other users'", "ของผู้ใช้อื่น"}, {"shared by all", "ใช้ร่วมกัน"}};
  unsigned depth = 0, kind = 0, n_words = 0;
  for (;;) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END)
      return;
    n_words = token.kind == IMAP_TOKEN_OPEN ? 0 : n_words;
    depth += token.kind == IMAP_TOKEN_OPEN;
    depth -= token.kind == IMAP_TOKEN_CLOSE && depth > 0;
    if (depth == 2 && token.kind != IMAP_TOKEN_OPEN && token.kind != IMAP_TOKEN_CLOSE) {
      if (n_words == 0 && kind < G_N_ELEMENTS(kinds))
        build_generated(d, build_string(d, &imap_part_defs[F_NAMESPACE], slice_none(token.at),
                                        lang_pick(kinds[kind])));
      if (n_words < 2)
        imap_string_build(d, &imap_part_defs[n_words ? F_LIST_DELIMITER : F_NAMESPACE_PREFIX],
                          token);
      n_words++;
    }
    kind += depth == 0;
  }
}

static void
quota_build(struct decode *d, struct slice rest)
{
  imap_string_build(d, &imap_part_defs[F_QUOTA_ROOT], imap_token_take(&rest));
  imap_token_take_if(&rest, IMAP_TOKEN_OPEN);
  for (;;) {
    struct imap_token name = imap_token_take(&rest);
    if (name.kind != IMAP_TOKEN_ATOM)
      return;
    word_build(d, &imap_part_defs[F_QUOTA_RESOURCE], name.at);
    number_build(d, F_QUOTA_USAGE, &rest);
    number_build(d, F_QUOTA_LIMIT, &rest);
  }
}

static void
quota_root_build(struct decode *d, struct slice rest)
{
  imap_mailbox_build(d, imap_token_take(&rest));
  for (struct imap_token t = imap_token_take(&rest); t.kind != IMAP_TOKEN_END;
       t = imap_token_take(&rest))
    imap_string_build(d, &imap_part_defs[F_QUOTA_ROOT], t);
}

static void
id_build(struct decode *d, struct slice rest)
{
  imap_token_take_if(&rest, IMAP_TOKEN_OPEN);
  for (unsigned i = 0;; i++) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END || token.kind == IMAP_TOKEN_CLOSE)
      return;
    imap_string_build(d, &imap_part_defs[i % 2 ? F_ID_VALUE : F_ID_NAME], token);
  }
}

static const struct {
  const char *name;
  void (*build)(struct decode *d, struct slice rest);
} data[] = {
    {"OK", status_build},
    {"NO", status_build},
    {"BAD", status_build},
    {"BYE", status_build},
    {"PREAUTH", status_build},
    {"CAPABILITY", capability_build},
    {"ENABLED", enabled_build},
    {"FLAGS", flags_build},
    {"LIST", mailbox_list_build},
    {"LSUB", mailbox_list_build},
    {"XLIST", mailbox_list_build},
    {"STATUS", status_data_build},
    {"SEARCH", search_build},
    {"SORT", search_build},
    {"ESEARCH", esearch_build},
    {"VANISHED", vanished_build},
    {"NAMESPACE", namespace_build},
    {"QUOTA", quota_build},
    {"QUOTAROOT", quota_root_build},
    {"ID", id_build},
};

/* "* 3 EXISTS", "* 12 FETCH (...)". */
static void
numbered_build(struct decode *d, struct slice number, struct slice rest)
{
  struct slice name = word_take(&rest);
  unsigned def = word_is(name, "EXISTS")   ? F_EXISTS
                 : word_is(name, "RECENT") ? F_RECENT
                                           : F_EXPUNGE;
  word_number_build(d, &imap_part_defs[def], number);
  word_build(d, &imap_part_defs[F_UNTAGGED], name);
  if (word_is(name, "FETCH"))
    imap_fetch_build(d, rest);
}

void
imap_answer_build(struct decode *d, struct slice line, bool tagged)
{
  struct slice rest = line, star = word_take(&rest);
  uint64_t number;
  imap_fetch_forget(d);
  if (tagged) {
    word_take(&rest); /* the status is a field of imap.c */
    status_build(d, rest);
    return;
  }
  if (word_is(star, "+")) {
    word_build(d, &imap_part_defs[F_CONTINUATION], word_skip_blanks(rest));
    return;
  }
  if (!word_is(star, "*"))
    return;
  struct slice word = word_take(&rest);
  if (word_number(word, &number)) {
    numbered_build(d, word, rest);
    return;
  }
  word_build(d, &imap_part_defs[F_UNTAGGED], word);
  for (size_t i = 0; i < G_N_ELEMENTS(data); i++)
    if (word_is(word, data[i].name)) {
      data[i].build(d, rest);
      return;
    }
}
