/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_command.c -- what stands behind the verb of an SMTP command, part by part.
 *
 *     FROM:<@relay.test:alice@a.test> SIZE=500 AUTH=alice+40a.test
 *          route       local domain  parameter name = value, and what the value means
 *     [192.0.2.1]   1000 LAST          arguments of EHLO and BDAT
 *
 * RFC 5321 section 4.1.2, with the parameters of RFC 1870, 2852, 3461, 4865, 4954, 6152, 6531, 6710
 * and 8689; any other is shown by name and value. */
#include "capture/decode/smtp.h"

#include <string.h>

#include "capture/decode/words.h"
#include "capture/wire/mail.h"

/* clang-format off */
enum {
  REVERSE_PATH, FORWARD_PATH, ROUTE, LOCAL_PART, DOMAIN, LITERAL, NULL_PATH, HELO_DOMAIN,
  HELO_LITERAL, BDAT_SIZE, BDAT_LAST, PARAM, NAME, VALUE, SIZE, BODY, SMTPUTF8, AUTH, RET, ENVID,
  NOTIFY, ORCPT_TYPE, ORCPT_ADDRESS, REQUIRETLS, MT_PRIORITY, BY_SECONDS, BY_MODE, BY_TRACE,
  HOLDFOR, HOLDUNTIL, BAD
};
/* clang-format on */

static const struct field_def defs[] = {
    [REVERSE_PATH] =
        {"enveloscope.smtp.reverse_path",
         FIELD_TEXT,
         {"Reverse path", "เส้นทางย้อนกลับ"},
         {"Mail that cannot be delivered is reported to %s; it is the sender of the envelope.",
          "ถ้านำส่งไม่ได้จะรายงานกลับไปที่ %s ซึ่งคือผู้ส่งบนซองจดหมาย"},
         "RFC 5321 section 4.1.1.2"},
    [FORWARD_PATH] = {"enveloscope.smtp.forward_path",
                      FIELD_TEXT,
                      {"Forward path", "เส้นทางส่งต่อ"},
                      {"The letter is to go to %s; it is a recipient of the envelope.",
                       "จดหมายนี้ต้องส่งไปที่ %s ซึ่งคือผู้รับบนซองจดหมาย"},
                      "RFC 5321 section 4.1.1.3"},
    [ROUTE] = {"enveloscope.smtp.path.route",
               FIELD_TEXT,
               {"Source route", "เส้นทางที่ผู้ส่งกำหนด"},
               {"The hosts through which the letter was to go, in an old style that is ignored "
                "today: %s.",
                "เครื่องที่กำหนดให้จดหมายผ่าน เป็นแบบเก่าที่ปัจจุบันไม่ใช้แล้ว: %s"},
               "RFC 5321 appendix C"},
    [LOCAL_PART] = {"enveloscope.smtp.path.local_part",
                    FIELD_TEXT,
                    {"Local part", "ส่วนชื่อกล่องจดหมาย"},
                    {"Before the @ stands whose mailbox it is; only the domain's own servers know "
                     "what it means: %s.",
                     "หน้า @ คือชื่อเจ้าของกล่องจดหมาย มีเพียงเซิร์ฟเวอร์ของโดเมนนั้นที่รู้ความหมาย: %s"},
                    "RFC 5321 section 4.1.2"},
    [DOMAIN] = {"enveloscope.smtp.path.domain",
                FIELD_TEXT,
                {"Domain", "โดเมน"},
                {"Behind the @ stands the domain; its MX records in DNS say which server takes the "
                 "mail of %s.",
                 "หลัง @ คือโดเมน ระเบียน MX ใน DNS บอกว่าเซิร์ฟเวอร์ใดรับจดหมายของ %s"},
                "RFC 5321 section 4.1.2"},
    [LITERAL] =
        {"enveloscope.smtp.path.address_literal",
         FIELD_TEXT,
         {"Address literal", "ที่อยู่ IP แทนโดเมน"},
         {"In place of a domain stands the address of a server, which DNS is not asked for: %s.",
          "แทนที่จะเป็นโดเมน เขียนที่อยู่ของเซิร์ฟเวอร์ไว้โดยตรง จึงไม่ต้องถาม DNS: %s"},
         "RFC 5321 section 4.1.3"},
    [NULL_PATH] =
        {"enveloscope.smtp.path.null",
         FIELD_NONE,
         {"Null reverse path", "เส้นทางย้อนกลับว่าง"},
         {"Nobody is to be told when this cannot be delivered: so are reports sent, to end loops.",
          "ไม่ต้องแจ้งใครถ้านำส่งไม่ได้ ใช้กับรายงานการนำส่งเพื่อไม่ให้วนซ้ำ"},
         "RFC 5321 section 4.5.5"},
    [HELO_DOMAIN] = {"enveloscope.smtp.helo.domain",
                     FIELD_TEXT,
                     {"Client's name", "ชื่อของไคลเอนต์"},
                     {"The client says that it is called %s; nothing proves it.",
                      "ไคลเอนต์บอกว่าตนชื่อ %s โดยไม่มีอะไรพิสูจน์"},
                     "RFC 5321 section 4.1.1.1"},
    [HELO_LITERAL] = {"enveloscope.smtp.helo.address_literal",
                      FIELD_TEXT,
                      {"Client's address literal", "ที่อยู่ IP ที่ไคลเอนต์บอก"},
                      {"The client has no name and tells its address in place of it: %s.",
                       "ไคลเอนต์ไม่มีชื่อจึงบอกที่อยู่ของตนแทน: %s"},
                      "RFC 5321 section 4.1.3"},
    [BDAT_SIZE] = {"enveloscope.smtp.bdat.size",
                   FIELD_UINT,
                   {"Chunk size", "ขนาดของก้อนข้อมูล"},
                   {"Exactly %s octets of the message follow this line, whatever they hold.",
                    "มีเนื้อจดหมายตามหลังบรรทัดนี้ %s ออกเตตพอดี ไม่ว่าจะเป็นอะไร"},
                   "RFC 3030 section 2"},
    [BDAT_LAST] = {"enveloscope.smtp.bdat.last",
                   FIELD_NONE,
                   {"Last chunk", "ก้อนข้อมูลสุดท้าย"},
                   {"With this chunk the message is complete.", "เมื่อจบก้อนนี้ จดหมายก็ครบทั้งฉบับ"},
                   "RFC 3030 section 2"},
    [PARAM] = {"enveloscope.smtp.param",
               FIELD_TEXT,
               {"Parameter", "พารามิเตอร์"},
               {"An extension adds to the command: %s.", "ส่วนขยายเพิ่มข้อมูลให้คำสั่ง: %s"},
               "RFC 5321 section 4.1.1.11"},
    [NAME] = {"enveloscope.smtp.param.name",
              FIELD_TEXT,
              {"Name", "ชื่อ"},
              {"The parameter is called %s.", "พารามิเตอร์นี้ชื่อ %s"},
              "RFC 5321 section 4.1.2"},
    [VALUE] = {"enveloscope.smtp.param.value",
               FIELD_TEXT,
               {"Value", "ค่า"},
               {"The parameter says %s.", "พารามิเตอร์นี้มีค่า %s"},
               "RFC 5321 section 4.1.2"},
    [SIZE] =
        {"enveloscope.smtp.param.size",
         FIELD_UINT,
         {"Declared message size", "ขนาดจดหมายที่แจ้ง"},
         {"The letter will have about %s octets, so that a server can refuse before it is sent.",
          "จดหมายจะยาวราว %s ออกเตต เซิร์ฟเวอร์จึงปฏิเสธได้ก่อนที่จะส่งมา"},
         "RFC 1870 section 6"},
    [BODY] = {"enveloscope.smtp.param.body",
              FIELD_TEXT,
              {"Body type", "ชนิดของเนื้อหา"},
              {"Which octets the letter holds: 7BIT is ASCII, 8BITMIME also others, BINARYMIME has "
               "no lines. Here: %s.",
               "เนื้อจดหมายมีออกเตตแบบใด 7BIT คือ ASCII, 8BITMIME มีออกเตตอื่นด้วย, BINARYMIME "
               "ไม่แบ่งเป็นบรรทัด ตรงนี้คือ %s"},
              "RFC 6152 section 3"},
    [SMTPUTF8] = {"enveloscope.smtp.param.smtputf8",
                  FIELD_NONE,
                  {"Addresses or header in UTF-8", "ที่อยู่หรือส่วนหัวเป็น UTF-8"},
                  {"Addresses or header fields of this letter may hold letters outside ASCII, such "
                   "as Thai ones.",
                   "ที่อยู่หรือส่วนหัวของจดหมายฉบับนี้มีอักษรนอก ASCII ได้ เช่นอักษรไทย"},
                  "RFC 6531 section 3.4"},
    [AUTH] = {"enveloscope.smtp.param.auth",
              FIELD_TEXT,
              {"Original submitter", "ผู้ส่งเดิมที่ยืนยันตัวตนแล้ว"},
              {"The server before says that this user handed the letter in, or <> when it does not "
               "know: %s.",
               "เซิร์ฟเวอร์ก่อนหน้าบอกว่าผู้ใช้รายนี้เป็นผู้ส่งจดหมายเข้าระบบ หรือ <> ถ้าไม่ทราบ: %s"},
              "RFC 4954 section 5"},
    [RET] =
        {"enveloscope.smtp.param.ret",
         FIELD_TEXT,
         {"What a report returns", "สิ่งที่แนบกลับในรายงาน"},
         {"A report of failure brings back the whole letter (FULL) or its header only (HDRS): %s.",
          "รายงานว่าส่งไม่ได้จะแนบจดหมายทั้งฉบับ (FULL) หรือเฉพาะส่วนหัว (HDRS): %s"},
         "RFC 3461 section 4.3"},
    [ENVID] = {"enveloscope.smtp.param.envid",
               FIELD_TEXT,
               {"Envelope identifier", "รหัสของซองจดหมาย"},
               {"Reports name this envelope %s, so that the sender knows which letter is meant.",
                "รายงานจะเรียกซองนี้ว่า %s ผู้ส่งจึงรู้ว่าหมายถึงจดหมายฉบับใด"},
               "RFC 3461 section 4.4"},
    [NOTIFY] = {"enveloscope.smtp.param.notify",
                FIELD_TEXT,
                {"When to report", "เมื่อใดให้รายงาน"},
                {"The sender wants a report in the case %s; NEVER is none at all.",
                 "ผู้ส่งต้องการรายงานในกรณี %s ส่วน NEVER คือไม่ต้องการเลย"},
                "RFC 3461 section 4.1"},
    [ORCPT_TYPE] = {"enveloscope.smtp.param.orcpt.type",
                    FIELD_TEXT,
                    {"Type of the original recipient", "ชนิดของผู้รับเดิม"},
                    {"The address that follows is one of the kind %s.", "ที่อยู่ที่ตามมาเป็นชนิด %s"},
                    "RFC 3461 section 4.2"},
    [ORCPT_ADDRESS] = {"enveloscope.smtp.param.orcpt.address",
                       FIELD_TEXT,
                       {"Original recipient", "ผู้รับเดิม"},
                       {"The sender wrote to %s, whatever it was forwarded to since.",
                        "เดิมผู้ส่งเขียนถึง %s ไม่ว่าต่อมาจะถูกส่งต่อไปที่ใด"},
                       "RFC 3461 section 4.2"},
    [REQUIRETLS] = {"enveloscope.smtp.param.requiretls",
                    FIELD_NONE,
                    {"TLS on every hop", "ต้องใช้ TLS ทุกช่วง"},
                    {"Every server on the way has to pass this letter on under TLS, or return it.",
                     "ทุกเซิร์ฟเวอร์ระหว่างทางต้องส่งจดหมายนี้ต่อด้วย TLS มิฉะนั้นต้องตีกลับ"},
                    "RFC 8689 section 2"},
    [MT_PRIORITY] = {"enveloscope.smtp.param.mt_priority",
                     FIELD_UINT,
                     {"Transfer priority", "ลำดับความสำคัญในการส่ง"},
                     {"Letters with larger numbers go first, from -9 to 9; this one has %s.",
                      "จดหมายที่มีเลขมากกว่าไปก่อน ตั้งแต่ -9 ถึง 9 ฉบับนี้มีค่า %s"},
                     "RFC 6710",
                     0,
                     true},
    [BY_SECONDS] = {"enveloscope.smtp.param.by.seconds",
                    FIELD_UINT,
                    {"Deliver by", "ต้องส่งภายใน"},
                    {"The letter has to be delivered within %s seconds.",
                     "ต้องนำส่งจดหมายภายใน %s วินาที"},
                    "RFC 2852 section 4",
                    0,
                    true},
    [BY_MODE] = {"enveloscope.smtp.param.by.mode",
                 FIELD_TEXT,
                 {"When it is late", "เมื่อส่งไม่ทัน"},
                 {"Afterwards the letter goes back (R), or the sender is only told (N): %s.",
                  "ถ้าไม่ทัน จดหมายจะถูกตีกลับ (R) หรือเพียงแจ้งผู้ส่ง (N): %s"},
                 "RFC 2852 section 4"},
    [BY_TRACE] = {"enveloscope.smtp.param.by.trace",
                  FIELD_NONE,
                  {"Trace of the way", "ติดตามเส้นทาง"},
                  {"Every server on the way reports that it passed the letter on.",
                   "ทุกเซิร์ฟเวอร์ระหว่างทางรายงานว่าส่งจดหมายต่อแล้ว"},
                  "RFC 2852 section 4"},
    [HOLDFOR] = {"enveloscope.smtp.param.holdfor",
                 FIELD_UINT,
                 {"Hold for", "พักไว้นาน"},
                 {"The server is to keep the letter for %s seconds before it sends it.",
                  "ให้เซิร์ฟเวอร์เก็บจดหมายไว้ %s วินาทีก่อนส่ง"},
                 "RFC 4865"},
    [HOLDUNTIL] = {"enveloscope.smtp.param.holduntil",
                   FIELD_TEXT,
                   {"Hold until", "พักไว้จนถึง"},
                   {"The server is to keep the letter until %s before it sends it.",
                    "ให้เซิร์ฟเวอร์เก็บจดหมายไว้จนถึง %s ก่อนส่ง"},
                   "RFC 4865"},
    [BAD] = {"enveloscope.smtp.param.bad",
             FIELD_NONE,
             {"Not a value of this parameter", "ไม่ใช่ค่าของพารามิเตอร์นี้"},
             {"The value does not follow the grammar of this parameter.",
              "ค่านี้ผิดไวยากรณ์ของพารามิเตอร์นี้"},
             "RFC 5321 section 4.1.1.11"},
};
FIELD_TABLE(smtp_command_fields, defs);

/* ---- paths ---- */

/* Where `wanted` stands outside quotes: the first time, or the last; s.n when it does not. */
static uint32_t
find_unquoted(struct slice s, uint8_t wanted, bool last)
{
  uint32_t found = s.n;
  bool quoted = false;
  for (uint32_t i = 0; i < s.n; i++) {
    if (quoted && s.p[i] == '\\')
      i++;
    else if (s.p[i] == '"')
      quoted = !quoted;
    else if (s.p[i] == wanted && !quoted) {
      found = i;
      if (!last)
        break;
    }
  }
  return found;
}

static void
mailbox_build(struct decode *d, struct slice s)
{
  if (s.n && s.p[0] == '@') {
    uint32_t n = find_unquoted(s, ':', false);
    word_build(d, &defs[ROUTE], slice_cut(s, n));
    s = slice_skip(s, n + 1);
  }
  uint32_t at = find_unquoted(s, '@', true);
  struct slice domain = slice_skip(s, at + 1);
  word_build(d, &defs[LOCAL_PART], slice_cut(s, at));
  word_build(d, &defs[domain.n && domain.p[0] == '[' ? LITERAL : DOMAIN], domain);
}

/* "FROM:<...>" or "TO:<...>" at the front of *rest. */
static void
path_build(struct decode *d, unsigned def, struct slice *rest)
{
  word_take_until(rest, ':');
  struct slice s = word_skip_blanks(*rest);
  bool angled = s.n && s.p[0] == '<';
  uint32_t n = find_unquoted(s, angled ? '>' : ' ', false), end = angled ? n + 1 : n;
  struct slice path = slice_cut(s, end);
  struct slice inner = angled ? slice_part(s, 1, n - 1) : path;
  *rest = slice_skip(s, end);
  unsigned group = word_build(d, &defs[def], path);
  build_open(d, group);
  if (inner.n)
    mailbox_build(d, inner);
  else if (angled && def == REVERSE_PATH)
    word_mark_build(d, &defs[NULL_PATH], path);
  build_close(d, group);
}

/* ---- parameters ---- */

/* Text in which "+" and two digits of base 16 stand for an octet (xtext, RFC 3461 section 4). */
static void
xtext_build(struct decode *d, unsigned def, struct slice s)
{
  GByteArray *out = d->work->octets;
  g_byte_array_set_size(out, 0);
  for (uint32_t i = 0; i < s.n; i++) {
    uint8_t octet = s.p[i];
    if (octet == '+' && i + 2 < s.n && g_ascii_isxdigit(s.p[i + 1]) &&
        g_ascii_isxdigit(s.p[i + 2])) {
      octet = (uint8_t)(g_ascii_xdigit_value(s.p[i + 1]) << 4 | g_ascii_xdigit_value(s.p[i + 2]));
      i += 2;
    }
    g_byte_array_append(out, &octet, 1);
  }
  if (s.n)
    build_generated(d, build_text(d, &defs[def], s, out->data, out->len));
}

/* A number that may have a sign. */
static unsigned
signed_build(struct decode *d, unsigned def, struct slice s)
{
  uint64_t number;
  bool minus = s.n && s.p[0] == '-';
  if (!word_number(slice_skip(s, minus), &number) || number > INT64_MAX)
    return BUILD_NOTHING;
  return build_number(d, &defs[def], s, minus ? 0 - number : number);
}

static bool
param_size(struct decode *d, struct slice value)
{
  uint64_t number;
  word_number_build(d, &defs[SIZE], value);
  return word_number(value, &number);
}

static bool
param_holdfor(struct decode *d, struct slice value)
{
  uint64_t number;
  word_number_build(d, &defs[HOLDFOR], value);
  return word_number(value, &number);
}

static bool
param_priority(struct decode *d, struct slice value)
{
  signed_build(d, MT_PRIORITY, value);
  return value.n - (value.n && value.p[0] == '-') == 1 && g_ascii_isdigit(value.p[value.n - 1]);
}

static bool
param_body(struct decode *d, struct slice value)
{
  word_build(d, &defs[BODY], value);
  return word_is(value, "7BIT") || word_is(value, "8BITMIME") || word_is(value, "BINARYMIME");
}

static bool
param_ret(struct decode *d, struct slice value)
{
  word_build(d, &defs[RET], value);
  return word_is(value, "FULL") || word_is(value, "HDRS");
}

static bool
param_auth(struct decode *d, struct slice value)
{
  xtext_build(d, AUTH, value);
  return value.n > 0;
}

static bool
param_envid(struct decode *d, struct slice value)
{
  xtext_build(d, ENVID, value);
  return value.n > 0;
}

static bool
param_holduntil(struct decode *d, struct slice value)
{
  word_build(d, &defs[HOLDUNTIL], value);
  return value.n > 0;
}

static bool
param_notify(struct decode *d, struct slice value)
{
  bool fine = value.n > 0;
  while (value.n) {
    struct slice when = word_take_until(&value, ',');
    word_build(d, &defs[NOTIFY], when);
    fine = fine && (word_is(when, "NEVER") || word_is(when, "SUCCESS") ||
                    word_is(when, "FAILURE") || word_is(when, "DELAY"));
  }
  return fine;
}

static bool
param_orcpt(struct decode *d, struct slice value)
{
  struct slice type = word_take_until(&value, ';');
  word_build(d, &defs[ORCPT_TYPE], type);
  xtext_build(d, ORCPT_ADDRESS, value);
  return type.n && value.n;
}

static bool
param_by(struct decode *d, struct slice value)
{
  struct slice seconds = word_take_until(&value, ';'), mode = slice_cut(value, 1);
  struct slice trace = slice_skip(value, 1);
  signed_build(d, BY_SECONDS, seconds);
  word_build(d, &defs[BY_MODE], mode);
  if (word_is(trace, "T"))
    word_mark_build(d, &defs[BY_TRACE], trace);
  return seconds.n && (word_is(mode, "R") || word_is(mode, "N")) &&
         (trace.n == 0 || word_is(trace, "T"));
}

static const struct {
  const char *name;
  bool (*build)(struct decode *d, struct slice value); /* false: against its grammar */
  uint8_t mark;                                        /* without `build`: it has no value */
} params[] = {
    {"SIZE", param_size, 0},
    {"BODY", param_body, 0},
    {"SMTPUTF8", NULL, SMTPUTF8},
    {"AUTH", param_auth, 0},
    {"RET", param_ret, 0},
    {"ENVID", param_envid, 0},
    {"NOTIFY", param_notify, 0},
    {"ORCPT", param_orcpt, 0},
    {"REQUIRETLS", NULL, REQUIRETLS},
    {"MT-PRIORITY", param_priority, 0},
    {"BY", param_by, 0},
    {"HOLDFOR", param_holdfor, 0},
    {"HOLDUNTIL", param_holduntil, 0},
};

static void
param_build(struct decode *d, struct slice param)
{
  struct slice value = param, name = word_take_until(&value, '=');
  unsigned group = word_build(d, &defs[PARAM], param);
  build_open(d, group);
  word_build(d, &defs[NAME], name);
  word_build(d, &defs[VALUE], value);
  for (size_t i = 0; i < G_N_ELEMENTS(params); i++) {
    if (!word_is(name, params[i].name))
      continue;
    bool fine = params[i].build ? params[i].build(d, value) : name.n == param.n;
    if (!params[i].build)
      word_mark_build(d, &defs[params[i].mark], name);
    if (!fine)
      build_flag(d, build_none(d, &defs[BAD], param), FIELD_FLAG_ODD);
    break;
  }
  build_close(d, group);
}

/* ---- arguments ---- */

void
smtp_argument_build(struct decode *d, unsigned verb, struct slice argument)
{
  struct slice rest = argument;
  switch (verb) {
  case SMTP_MAIL:
  case SMTP_RCPT:
    path_build(d, verb == SMTP_MAIL ? REVERSE_PATH : FORWARD_PATH, &rest);
    for (struct slice param = word_take(&rest); param.n; param = word_take(&rest))
      param_build(d, param);
    break;
  case SMTP_HELO:
  case SMTP_EHLO:
  case SMTP_LHLO: {
    struct slice name = word_take(&rest);
    word_build(d, &defs[name.n && name.p[0] == '[' ? HELO_LITERAL : HELO_DOMAIN], name);
    break;
  }
  case SMTP_BDAT: {
    word_number_build(d, &defs[BDAT_SIZE], word_take(&rest));
    struct slice last = word_take(&rest);
    if (word_is(last, "LAST"))
      word_mark_build(d, &defs[BDAT_LAST], last);
    break;
  }
  default:
    break;
  }
}
