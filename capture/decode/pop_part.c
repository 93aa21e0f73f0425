/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_part.c -- the parts of POP3 lines.
 *
 *     C: TOP 3 10                      message number, lines
 *     S: +OK 2 320                     what a number is depends on the command that is answered
 *     S: -ERR [IN-USE] locked          response code and what it means
 *     S: SASL PLAIN CRAM-MD5           one line of CAPA
 *     S: +OK ready <1896.69@pop.test>  the stamp from which APOP makes its digest
 *
 * RFC 1939 section 5 and 7, 2449 section 5 to 8, 3206, 5034. */
#include <string.h>

#include "capture/decode/pop.h"

#include "capture/decode/words.h"

/* clang-format off */
enum {
  STAMP, CODE, CODE_MEANING, STAT_MESSAGES, STAT_OCTETS, NUMBER, LIST_OCTETS, UIDL_ID, RETR_OCTETS,
  KEYWORD, PARAMETER, SASL, DELAY, EXPIRE, USER, DIGEST, TOP_LINES, END
};
/* clang-format on */

static const struct field_def defs[] = {
    [STAMP] = {"enveloscope.pop.banner.stamp",
               FIELD_TEXT,
               {"Stamp in the greeting", "ตราในคำทักทาย"},
               {"The server offers APOP; the client makes a digest of %s and its password.",
                "เซิร์ฟเวอร์มี APOP ให้ ไคลเอนต์คำนวณค่าย่อยจาก %s กับรหัสผ่าน"},
               "RFC 1939 section 7"},
    [CODE] = {"enveloscope.pop.code",
              FIELD_TEXT,
              {"Response code", "รหัสของคำตอบ"},
              {"Between brackets stands for programs why it failed: %s.",
               "ในวงเล็บเหลี่ยมบอกโปรแกรมว่าไม่สำเร็จเพราะอะไร: %s"},
              "RFC 2449 section 8"},
    [CODE_MEANING] = {"enveloscope.pop.code.meaning",
                      FIELD_TEXT,
                      {"Meaning", "ความหมาย"},
                      {"The code means: %s.", "รหัสนี้หมายความว่า %s"},
                      "RFC 2449 section 8.1"},
    [STAT_MESSAGES] = {"enveloscope.pop.stat.messages",
                       FIELD_UINT,
                       {"Messages", "จำนวนจดหมาย"},
                       {"The mailbox holds %s messages.", "ในกล่องจดหมายมี %s ฉบับ"},
                       "RFC 1939 section 5"},
    [STAT_OCTETS] = {"enveloscope.pop.stat.octets",
                     FIELD_UINT,
                     {"Octets in all", "ออกเตตทั้งหมด"},
                     {"Together they take %s octets.", "ทุกฉบับรวมกันยาว %s ออกเตต"},
                     "RFC 1939 section 5"},
    [NUMBER] =
        {"enveloscope.pop.message_number",
         FIELD_UINT,
         {"Message number", "ลำดับที่ของจดหมาย"},
         {"The message number %s of this session is meant; another session may count otherwise.",
          "หมายถึงจดหมายลำดับที่ %s ในเซสชันนี้ ซึ่งเซสชันอื่นอาจนับต่างไป"},
         "RFC 1939 section 4"},
    [LIST_OCTETS] = {"enveloscope.pop.list.octets",
                     FIELD_UINT,
                     {"Octets of the message", "ออกเตตของจดหมาย"},
                     {"The message has %s octets.", "จดหมายนี้ยาว %s ออกเตต"},
                     "RFC 1939 section 5"},
    [UIDL_ID] = {"enveloscope.pop.uidl.id",
                 FIELD_TEXT,
                 {"Unique id", "รหัสเฉพาะ"},
                 {"The message keeps the name %s in every session, so that a client knows what it "
                  "has fetched.",
                  "จดหมายนี้ใช้ชื่อ %s ในทุกเซสชัน ไคลเอนต์จึงรู้ว่าฉบับใดดึงมาแล้ว"},
                 "RFC 1939 section 7"},
    [RETR_OCTETS] =
        {"enveloscope.pop.retr.octets",
         FIELD_UINT,
         {"Octets announced", "จำนวนออกเตตที่แจ้ง"},
         {"The server says that %s octets follow; the message ends with its dot all the same.",
          "เซิร์ฟเวอร์แจ้งว่าจะส่ง %s ออกเตต แต่จดหมายจบที่บรรทัดจุดเสมอ"},
         "RFC 1939 section 5"},
    [KEYWORD] = {"enveloscope.pop.capa.keyword",
                 FIELD_TEXT,
                 {"Capability", "ความสามารถ"},
                 {"The server is able to do %s.", "เซิร์ฟเวอร์มีความสามารถ %s"},
                 "RFC 2449 section 5"},
    [PARAMETER] = {"enveloscope.pop.capa.parameter",
                   FIELD_TEXT,
                   {"Parameter of the capability", "พารามิเตอร์ของความสามารถ"},
                   {"How it does that: %s.", "รายละเอียดของความสามารถนี้: %s"},
                   "RFC 2449 section 5"},
    [SASL] = {"enveloscope.pop.capa.sasl",
              FIELD_TEXT,
              {"Mechanism offered", "กลไกที่มีให้"},
              {"With the mechanism %s a user can prove here who he is.",
               "ผู้ใช้พิสูจน์ตัวตนที่นี่ด้วยกลไก %s ได้"},
              "RFC 2449 section 6.3"},
    [DELAY] = {"enveloscope.pop.capa.login_delay",
               FIELD_UINT,
               {"Seconds between logins", "วินาทีระหว่างการเข้าสู่ระบบ"},
               {"Between two logins of a user have to pass %s seconds.",
                "ผู้ใช้ต้องเว้น %s วินาทีระหว่างการเข้าสู่ระบบสองครั้ง"},
               "RFC 2449 section 6.5"},
    [EXPIRE] = {"enveloscope.pop.capa.expire",
                FIELD_UINT,
                {"Days that mail is kept", "จำนวนวันที่เก็บจดหมาย"},
                {"Mail is kept for %s days; with 0 it may go as soon as it was read.",
                 "เก็บจดหมายไว้ %s วัน ถ้าเป็น 0 อาจลบทันทีที่อ่านแล้ว"},
                "RFC 2449 section 6.7"},
    [USER] = {"enveloscope.pop.user",
              FIELD_TEXT,
              {"User name", "ชื่อผู้ใช้"},
              {"The user who logs in is %s.", "ผู้ใช้ที่เข้าสู่ระบบคือ %s"},
              "RFC 1939 section 7"},
    [DIGEST] = {"enveloscope.pop.apop.digest",
                FIELD_TEXT,
                {"APOP digest", "ค่าย่อยของ APOP"},
                {"MD5 of the server's stamp and the password; who recorded both can try passwords "
                 "against %s.",
                 "ค่า MD5 ของตราจากเซิร์ฟเวอร์กับรหัสผ่าน ผู้ที่บันทึกทั้งสองไว้ลองเดารหัสผ่านเทียบกับ %s ได้"},
                "RFC 1939 section 7"},
    [TOP_LINES] = {"enveloscope.pop.top.lines",
                   FIELD_UINT,
                   {"Lines of the body", "จำนวนบรรทัดของเนื้อหา"},
                   {"Beside the header, %s lines of the body are wanted.",
                    "นอกจากส่วนหัวแล้วขอเนื้อหา %s บรรทัด"},
                   "RFC 1939 section 7"},
    [END] = {"enveloscope.pop.list_end",
             FIELD_NONE,
             {"End of the list", "จบรายการ"},
             {"A line with a single dot ends an answer of several lines.",
              "บรรทัดที่มีจุดเดียวเป็นเครื่องหมายจบคำตอบที่มีหลายบรรทัด"},
             "RFC 1939 section 3"},
};
FIELD_TABLE(pop_part_fields, defs);

/* ---- commands ---- */

void
pop_argument_build(struct decode *d, unsigned verb, struct slice argument, bool secret)
{
  struct slice rest = argument;
  switch (verb) {
  case POP_USER:
    word_build(d, &defs[USER], argument); /* a name may hold blanks */
    break;
  case POP_APOP:
    word_build(d, &defs[USER], word_take(&rest));
    word_build(d, &defs[DIGEST], word_take(&rest));
    break;
  case POP_LIST:
  case POP_UIDL:
  case POP_RETR:
  case POP_DELE:
  case POP_TOP:
    if (secret)
      break;
    word_number_build(d, &defs[NUMBER], word_take(&rest));
    if (verb == POP_TOP)
      word_number_build(d, &defs[TOP_LINES], word_take(&rest));
    break;
  default:
    break;
  }
}

/* ---- answers ---- */

static const struct {
  const char *name;
  struct lang_pair meaning;
} codes[] = {
    {"LOGIN-DELAY",
     {"the user logged in a moment ago and has to wait", "ผู้ใช้เพิ่งเข้าสู่ระบบไป ต้องรอก่อน"}},
    {"IN-USE", {"another session has the mailbox open", "เซสชันอื่นเปิดกล่องจดหมายอยู่"}},
    {"SYS/TEMP", {"the server has a trouble that will pass", "เซิร์ฟเวอร์ขัดข้องชั่วคราว"}},
    {"SYS/PERM",
     {"the server has a trouble that somebody has to mend", "เซิร์ฟเวอร์ขัดข้องและต้องมีผู้แก้ไข"}},
    {"AUTH",
     {"name or secret is wrong, and not the server is at fault",
      "ชื่อหรือรหัสผ่านผิด ไม่ใช่ความผิดของเซิร์ฟเวอร์"}},
    {"UTF8", {"the letter needs the mode UTF8 first", "ต้องใช้โหมด UTF8 ก่อนจึงอ่านจดหมายได้"}},
};

/* "[CODE]" at the front; what follows it. */
static struct slice
code_build(struct decode *d, struct slice text)
{
  const uint8_t *end = text.n && text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
  if (!end)
    return text;
  uint32_t n = (uint32_t)(end - text.p);
  struct slice inner = slice_part(text, 1, n - 1), rest = inner, name = word_take(&rest);
  unsigned group = word_build(d, &defs[CODE], inner);
  build_open(d, group);
  for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
    if (word_is(name, codes[i].name))
      build_generated(d, build_string(d, &defs[CODE_MEANING], name, lang_pick(codes[i].meaning)));
  build_close(d, group);
  return word_skip_blanks(slice_skip(text, n + 1));
}

/* The stamp: "<...@...>", RFC 1939 section 7. */
static void
stamp_build(struct decode *d, struct slice text)
{
  const uint8_t *open = text.n ? memchr(text.p, '<', text.n) : NULL;
  if (!open)
    return;
  struct slice stamp = slice_skip(text, (uint32_t)(open - text.p));
  const uint8_t *end = memchr(stamp.p, '>', stamp.n);
  if (end && memchr(stamp.p, '@', (size_t)(end - stamp.p)))
    word_build(d, &defs[STAMP], slice_cut(stamp, (uint32_t)(end - stamp.p) + 1));
}

/* Two words of an answer, or of a line of its list. */
static void
pair_build(struct decode *d, unsigned first, unsigned second, struct slice rest)
{
  struct slice number = word_take(&rest), value = word_take(&rest);
  uint64_t n;
  if (!word_number(number, &n)) /* "+OK scan listing follows" */
    return;
  word_number_build(d, &defs[first], number);
  if (defs[second].type == FIELD_UINT)
    word_number_build(d, &defs[second], value);
  else
    word_build(d, &defs[second], value);
}

void
pop_status_build(struct decode *d, unsigned verb, struct slice text, bool fine, bool greeting)
{
  text = code_build(d, text);
  if (greeting)
    stamp_build(d, text);
  if (!fine)
    return;
  switch (verb) {
  case POP_STAT:
    pair_build(d, STAT_MESSAGES, STAT_OCTETS, text);
    break;
  case POP_LIST:
    pair_build(d, NUMBER, LIST_OCTETS, text);
    break;
  case POP_UIDL:
    pair_build(d, NUMBER, UIDL_ID, text);
    break;
  case POP_RETR:
    word_number_build(d, &defs[RETR_OCTETS], word_take(&text));
    break;
  default:
    break;
  }
}

static void
capability_build(struct decode *d, struct slice rest)
{
  struct slice keyword = word_take(&rest);
  word_build(d, &defs[KEYWORD], keyword);
  bool sasl = word_is(keyword, "SASL"), text = word_is(keyword, "IMPLEMENTATION");
  if (text) {
    word_build(d, &defs[PARAMETER], word_skip_blanks(rest));
    return;
  }
  for (struct slice word = word_take(&rest); word.n; word = word_take(&rest)) {
    uint64_t n;
    unsigned number = word_is(keyword, "LOGIN-DELAY") ? DELAY
                      : word_is(keyword, "EXPIRE")    ? EXPIRE
                                                      : PARAMETER;
    if (number != PARAMETER && word_number(word, &n))
      word_number_build(d, &defs[number], word);
    else
      word_build(d, &defs[sasl ? SASL : PARAMETER], word);
  }
}

void
pop_list_line_build(struct decode *d, unsigned verb, struct slice line)
{
  if (word_is(line, ".")) {
    word_mark_build(d, &defs[END], line);
    return;
  }
  switch (verb) {
  case POP_LIST:
    pair_build(d, NUMBER, LIST_OCTETS, line);
    break;
  case POP_UIDL:
    pair_build(d, NUMBER, UIDL_ID, line);
    break;
  case POP_CAPA:
    capability_build(d, line);
    break;
  case POP_AUTH: /* the old list of mechanisms, RFC 5034 section 4 */
    word_build(d, &defs[SASL], line);
    break;
  default:
    break;
  }
}
