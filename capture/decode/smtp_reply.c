/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_reply.c -- one line of an SMTP reply, part by part.
 *
 *     220 mx.b.test ESMTP ready         greeting: who answers
 *     250-SIZE 10485760                 an answer to EHLO: keyword and its parameters
 *     550 5.1.1 no such mailbox         digits of the code, enhanced status code
 *
 * RFC 5321 section 4.2, 4.3.1 and 4.1.1.1; RFC 3463. */
#include "capture/decode/smtp.h"

#include "capture/decode/words.h"
#include "capture/wire/mail.h"

/* clang-format off */
enum {
  SEVERITY, CATEGORY, DETAIL, ENHANCED, ENHANCED_CLASS, ENHANCED_SUBJECT, ENHANCED_DETAIL,
  GREETING_DOMAIN, EHLO_DOMAIN, KEYWORD, PARAMETER, SIZE, AUTH
};
/* clang-format on */

static const struct field_def defs[] = {
    [SEVERITY] = {"enveloscope.smtp.reply.severity",
                  FIELD_UINT,
                  {"First digit", "หลักแรก"},
                  {"The first digit says whether it worked; a client needs no more than this: %s.",
                   "หลักแรกบอกว่าสำเร็จหรือไม่ ไคลเอนต์รู้เพียงเท่านี้ก็ทำต่อได้: %s"},
                  "RFC 5321 section 4.2.1"},
    [CATEGORY] = {"enveloscope.smtp.reply.category",
                  FIELD_UINT,
                  {"Second digit", "หลักที่สอง"},
                  {"The second digit says what the answer is about: %s.",
                   "หลักที่สองบอกว่าคำตอบเป็นเรื่องใด: %s"},
                  "RFC 5321 section 4.2.1"},
    [DETAIL] = {"enveloscope.smtp.reply.detail",
                FIELD_UINT,
                {"Third digit", "หลักที่สาม"},
                {"The third digit tells answers of one kind apart: %s.",
                 "หลักที่สามแยกคำตอบชนิดเดียวกันออกจากกัน: %s"},
                "RFC 5321 section 4.2.1"},
    [ENHANCED] = {"enveloscope.smtp.enhanced",
                  FIELD_TEXT,
                  {"Enhanced status code", "รหัสสถานะแบบละเอียด"},
                  {"Three numbers say more exactly than the reply code what happened: %s.",
                   "ตัวเลขสามตัวบอกสิ่งที่เกิดขึ้นละเอียดกว่ารหัสตอบ: %s"},
                  "RFC 2034 section 4"},
    [ENHANCED_CLASS] = {"enveloscope.smtp.enhanced.class",
                        FIELD_UINT,
                        {"Class", "ประเภท"},
                        {"Whether it worked, may work later, or never will: %s.",
                         "สำเร็จ อาจสำเร็จภายหลัง หรือไม่มีวันสำเร็จ: %s"},
                        "RFC 3463 section 3.1"},
    [ENHANCED_SUBJECT] = {"enveloscope.smtp.enhanced.subject",
                          FIELD_UINT,
                          {"Subject", "เรื่อง"},
                          {"What the trouble or success is about: %s.", "เป็นเรื่องเกี่ยวกับอะไร: %s"},
                          "RFC 3463 section 3"},
    [ENHANCED_DETAIL] = {"enveloscope.smtp.enhanced.detail",
                         FIELD_UINT,
                         {"Detail", "รายละเอียด"},
                         {"The exact reason: %s.", "สาเหตุโดยละเอียด: %s"},
                         "RFC 3463 section 3"},
    [GREETING_DOMAIN] = {"enveloscope.smtp.greeting.domain",
                         FIELD_TEXT,
                         {"Server's name in its greeting", "ชื่อเซิร์ฟเวอร์ในคำทักทาย"},
                         {"The server greets and says that it is called %s.",
                          "เซิร์ฟเวอร์ทักทายและบอกว่าตนชื่อ %s"},
                         "RFC 5321 section 4.3.1"},
    [EHLO_DOMAIN] = {"enveloscope.smtp.ehlo.domain",
                     FIELD_TEXT,
                     {"Server's name", "ชื่อเซิร์ฟเวอร์"},
                     {"The server that answers is called %s.", "เซิร์ฟเวอร์ที่ตอบชื่อ %s"},
                     "RFC 5321 section 4.1.1.1"},
    [KEYWORD] = {"enveloscope.smtp.ehlo.keyword",
                 FIELD_TEXT,
                 {"Service extension", "ส่วนขยายของบริการ"},
                 {"The server offers the extension %s; the client may use it from now on.",
                  "เซิร์ฟเวอร์มีส่วนขยาย %s ให้ ไคลเอนต์ใช้ได้ตั้งแต่นี้"},
                 "RFC 5321 section 4.1.1.1"},
    [PARAMETER] = {"enveloscope.smtp.ehlo.parameter",
                   FIELD_TEXT,
                   {"Parameter of the extension", "พารามิเตอร์ของส่วนขยาย"},
                   {"How the server offers the extension: %s.", "เซิร์ฟเวอร์เสนอส่วนขยายนี้โดยระบุ: %s"},
                   "RFC 5321 section 4.1.1.1"},
    [SIZE] = {"enveloscope.smtp.ehlo.size",
              FIELD_UINT,
              {"Largest message", "จดหมายใหญ่ที่สุด"},
              {"The server takes letters of at most %s octets; 0 sets no limit.",
               "เซิร์ฟเวอร์รับจดหมายยาวไม่เกิน %s ออกเตต ถ้าเป็น 0 คือไม่จำกัด"},
              "RFC 1870 section 4"},
    [AUTH] = {"enveloscope.smtp.ehlo.auth",
              FIELD_TEXT,
              {"Mechanism offered", "กลไกที่มีให้"},
              {"With the mechanism %s a user can prove here who he is.",
               "ผู้ใช้พิสูจน์ตัวตนที่นี่ด้วยกลไก %s ได้"},
              "RFC 4954 section 3"},
};
FIELD_TABLE(smtp_reply_fields, defs);

static const struct lang_pair severities[] = {
    [1] = {"positive preliminary", "ตอบรับเบื้องต้น"},
    [2] = {"positive completion", "สำเร็จแล้ว"},
    [3] = {"positive intermediate: go on", "รับไว้ก่อน ให้ทำต่อ"},
    [4] = {"transient negative: try later", "ไม่สำเร็จชั่วคราว ลองใหม่ภายหลัง"},
    [5] = {"permanent negative", "ไม่สำเร็จถาวร"},
};

static const struct lang_pair categories[] = {
    {"syntax", "ไวยากรณ์"},
    {"information", "ข้อมูล"},
    {"connection", "การเชื่อมต่อ"},
    {"unspecified, in use for authentication", "ไม่ได้กำหนด ใช้กับการยืนยันตัวตน"},
    {"unspecified", "ไม่ได้กำหนด"},
    {"mail system", "ระบบจดหมาย"},
};

static const char *
pick(const struct lang_pair *pair)
{
  return pair && pair->en ? lang_pick(*pair) : NULL;
}

/* The three digits of the code that is open. */
static void
digits_build(struct decode *d, struct slice code)
{
  unsigned digit[3] = {0};
  for (unsigned i = 0; i < 3; i++)
    digit[i] = code.p[i] - '0';
  build_named(d, &defs[SEVERITY], slice_part(code, 0, 1), digit[0],
              digit[0] < G_N_ELEMENTS(severities) ? pick(&severities[digit[0]]) : NULL);
  build_named(d, &defs[CATEGORY], slice_part(code, 1, 1), digit[1],
              digit[1] < G_N_ELEMENTS(categories) ? pick(&categories[digit[1]]) : NULL);
  build_number(d, &defs[DETAIL], slice_part(code, 2, 1), digit[2]);
}

/* "5.1.1" at the front of *text, RFC 2034 section 4: its class is the code's first digit. */
static void
enhanced_build(struct decode *d, struct slice *text, uint8_t severity)
{
  struct slice rest = *text, word = word_take(&rest), numbers = word;
  struct slice class = word_take_until(&numbers, '.'), subject = word_take_until(&numbers, '.');
  uint64_t c, s, n;
  if (!word_number(class, &c) || !word_number(subject, &s) || !word_number(numbers, &n) ||
      class.n != 1 || class.p[0] != severity || subject.n > 3 || numbers.n > 3)
    return;
  unsigned group = word_build(d, &defs[ENHANCED], word);
  build_open(d, group);
  build_named(d, &defs[ENHANCED_CLASS], class, c, pick(smtp_status_class(c)));
  build_named(d, &defs[ENHANCED_SUBJECT], subject, s, pick(smtp_status_subject(s)));
  build_named(d, &defs[ENHANCED_DETAIL], numbers, n, pick(smtp_status_detail(s, n)));
  build_close(d, group);
  *text = rest;
}

/* "AUTH PLAIN LOGIN", "SIZE 1000", and the old "AUTH=LOGIN" that some servers say as well. */
static void
extension_build(struct decode *d, struct slice text)
{
  struct slice rest = text, word = word_take(&rest), value = word;
  struct slice keyword = word_take_until(&value, '=');
  if (!word_is(keyword, "AUTH"))
    keyword = word;
  unsigned group = word_build(d, &defs[KEYWORD], keyword);
  if (group == BUILD_NOTHING)
    return;
  if (keyword.n < word.n)
    rest = slice_skip(text, keyword.first + keyword.n + 1 - text.first);
  for (struct slice p = word_take(&rest); p.n; p = word_take(&rest)) {
    if (word_is(keyword, "SIZE") && word_number_build(d, &defs[SIZE], p) != BUILD_NOTHING)
      continue;
    word_build(d, &defs[word_is(keyword, "AUTH") ? AUTH : PARAMETER], p);
  }
}

void
smtp_reply_build(struct decode *d, struct slice line, unsigned verb, bool first, bool greeting)
{
  struct slice code = slice_cut(line, 3), text = slice_skip(line, 4);
  if (d->work->summary_only || code.n < 3)
    return;
  digits_build(d, code);
  bool hello = verb == SMTP_EHLO || verb == SMTP_LHLO;
  if (code.p[0] == '2' && greeting && first)
    word_build(d, &defs[GREETING_DOMAIN], word_take(&text));
  else if (code.p[0] == '2' && (hello || verb == SMTP_HELO) && first)
    word_build(d, &defs[EHLO_DOMAIN], word_take(&text));
  else if (code.p[0] == '2' && hello)
    extension_build(d, text);
  else
    enhanced_build(d, &text, code.p[0]);
}
