/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_fetch.c -- the data of a message in an answer to FETCH (RFC 3501 section 7.4.2).
 *
 *     (FLAGS (\Seen) UID 7 BODYSTRUCTURE (("TEXT" "PLAIN" ...)("IMAGE" ...) "MIXED") BODY[1] {120}
 *      items         a list nested in lists: one level per open parenthesis
 *
 * Each token goes to the level that is open, which knows by its kind and by how many it has had
 * what the token is. A line may end within the list, because a literal stands there; then the
 * levels are kept, and when the next line is decoded in another frame they are made anew from the
 * lines before it. That depends on the trace alone, so every order of decoding gives the same
 * fields.
 *
 * SIMPLIFIED: a body's type that is itself a literal is not looked into; such a body has the fields
 * of any other. */
#include <string.h>

#include "capture/decode/imap_field.h"
#include "capture/decode/words.h"

/* clang-format off */
enum {
  UID, SIZE, INTERNALDATE, MODSEQ, OBJECT_ID, VALUE, ENVELOPE, ENV_DATE, ENV_SUBJECT, ENV_FROM,
  ENV_SENDER, ENV_REPLY_TO, ENV_TO, ENV_CC, ENV_BCC, ENV_IN_REPLY_TO, ENV_MESSAGE_ID, ADDRESS,
  ADDR_NAME, ADDR_ROUTE, ADDR_MAILBOX, ADDR_HOST, BODY, BODY_TYPE, BODY_SUBTYPE, PARAM_NAME,
  PARAM_VALUE, BODY_ID, BODY_DESCRIPTION, BODY_ENCODING, BODY_OCTETS, BODY_LINES, BODY_MD5,
  BODY_DISPOSITION, BODY_LANGUAGE, BODY_LOCATION
};
/* clang-format on */

static const struct field_def defs[] = {
    [UID] =
        {"enveloscope.imap.uid",
         FIELD_UINT,
         {"UID", "หมายเลข UID"},
         {"The message has the number %s for good; places in the mailbox change, this does not.",
          "จดหมายนี้มีหมายเลข %s ตลอดไป ลำดับในกล่องเปลี่ยนได้แต่หมายเลขนี้ไม่เปลี่ยน"},
         "RFC 3501 section 2.3.1.1"},
    [SIZE] = {"enveloscope.imap.rfc822_size",
              FIELD_UINT,
              {"Size", "ขนาด"},
              {"The message has %s octets.", "จดหมายนี้ยาว %s ออกเตต"},
              "RFC 3501 section 7.4.2"},
    [INTERNALDATE] = {"enveloscope.imap.internaldate",
                      FIELD_TEXT,
                      {"Internal date", "วันที่ภายใน"},
                      {"The server got the message at %s.", "เซิร์ฟเวอร์ได้รับจดหมายนี้เมื่อ %s"},
                      "RFC 3501 section 2.3.3"},
    [MODSEQ] = {"enveloscope.imap.modseq",
                FIELD_UINT,
                {"Modification number", "หมายเลขการแก้ไข"},
                {"The message was changed last by the change with the number %s.",
                 "จดหมายนี้ถูกแก้ไขล่าสุดโดยการเปลี่ยนแปลงหมายเลข %s"},
                "RFC 7162 section 3.1.4"},
    [OBJECT_ID] = {"enveloscope.imap.object_id",
                   FIELD_TEXT,
                   {"Object identifier", "ตัวระบุถาวร"},
                   {"Whatever mailbox it lies in, the message or its thread is called %s.",
                    "ไม่ว่าอยู่ในกล่องใด จดหมายหรือเธรดนี้เรียกว่า %s"},
                   "RFC 8474 section 5"},
    [VALUE] = {"enveloscope.imap.value",
               FIELD_TEXT,
               {"Value", "ค่า"},
               {"The item says %s.", "รายการนี้มีค่า %s"},
               "RFC 3501 section 7.4.2"},
    [ENVELOPE] = {"enveloscope.imap.envelope",
                  FIELD_NONE,
                  {"Envelope", "ซองของจดหมาย"},
                  {"The server has read the header and tells its fields, so that a list can be "
                   "shown without any letter being fetched.",
                   "เซิร์ฟเวอร์อ่านส่วนหัวแล้วบอกแต่ละฟิลด์ จึงแสดงรายการได้โดยไม่ต้องดึงจดหมาย"},
                  "RFC 3501 section 7.4.2"},
    [ENV_DATE] = {"enveloscope.imap.envelope.date",
                  FIELD_TEXT,
                  {"Date", "วันที่"},
                  {"The header says that the letter was written at %s.",
                   "ส่วนหัวบอกว่าเขียนจดหมายเมื่อ %s"},
                  "RFC 3501 section 7.4.2"},
    [ENV_SUBJECT] = {"enveloscope.imap.envelope.subject",
                     FIELD_TEXT,
                     {"Subject", "เรื่อง"},
                     {"The letter is about %s.", "จดหมายเรื่อง %s"},
                     "RFC 3501 section 7.4.2"},
    [ENV_FROM] = {"enveloscope.imap.envelope.from",
                  FIELD_NONE,
                  {"From", "จาก"},
                  {"Who wrote the letter, as its header says.", "ผู้เขียนจดหมายตามที่ส่วนหัวบอก"},
                  "RFC 3501 section 7.4.2"},
    [ENV_SENDER] = {"enveloscope.imap.envelope.sender",
                    FIELD_NONE,
                    {"Sender", "ผู้ส่ง"},
                    {"Who sent it, when that is another than the writer.", "ผู้ส่ง กรณีที่ไม่ใช่ผู้เขียน"},
                    "RFC 3501 section 7.4.2"},
    [ENV_REPLY_TO] = {"enveloscope.imap.envelope.reply_to",
                      FIELD_NONE,
                      {"Reply-To", "ตอบกลับถึง"},
                      {"Where an answer should go.", "ควรส่งคำตอบไปที่ใด"},
                      "RFC 3501 section 7.4.2"},
    [ENV_TO] = {"enveloscope.imap.envelope.to",
                FIELD_NONE,
                {"To", "ถึง"},
                {"To whom the letter is addressed.", "จ่าหน้าถึงใคร"},
                "RFC 3501 section 7.4.2"},
    [ENV_CC] = {"enveloscope.imap.envelope.cc",
                FIELD_NONE,
                {"Cc", "สำเนาถึง"},
                {"Who gets a copy.", "ผู้ที่ได้รับสำเนา"},
                "RFC 3501 section 7.4.2"},
    [ENV_BCC] = {"enveloscope.imap.envelope.bcc",
                 FIELD_NONE,
                 {"Bcc", "สำเนาลับถึง"},
                 {"Who gets a copy without the others knowing.", "ผู้ที่ได้รับสำเนาโดยคนอื่นไม่รู้"},
                 "RFC 3501 section 7.4.2"},
    [ENV_IN_REPLY_TO] = {"enveloscope.imap.envelope.in_reply_to",
                         FIELD_TEXT,
                         {"In-Reply-To", "ตอบจดหมาย"},
                         {"It answers the letter %s.", "ตอบจดหมาย %s"},
                         "RFC 3501 section 7.4.2"},
    [ENV_MESSAGE_ID] = {"enveloscope.imap.envelope.message_id",
                        FIELD_TEXT,
                        {"Message-ID", "รหัสจดหมาย"},
                        {"The letter is called %s all over the world.",
                         "จดหมายนี้มีชื่อ %s ซึ่งไม่ซ้ำกับฉบับใดในโลก"},
                        "RFC 3501 section 7.4.2"},
    [ADDRESS] = {"enveloscope.imap.address",
                 FIELD_NONE,
                 {"Address", "ที่อยู่"},
                 {"One address in four parts.", "ที่อยู่หนึ่งรายการแบ่งเป็นสี่ส่วน"},
                 "RFC 3501 section 7.4.2"},
    [ADDR_NAME] = {"enveloscope.imap.address.name",
                   FIELD_TEXT,
                   {"Personal name", "ชื่อบุคคล"},
                   {"The person is called %s; NIL when no name is told.",
                    "บุคคลนี้ชื่อ %s ถ้าไม่บอกชื่อจะเป็น NIL"},
                   "RFC 3501 section 7.4.2"},
    [ADDR_ROUTE] = {"enveloscope.imap.address.route",
                    FIELD_TEXT,
                    {"Source route", "เส้นทางที่กำหนด"},
                    {"An old way of writing through which hosts mail should go; NIL today: %s.",
                     "วิธีเก่าที่กำหนดว่าจดหมายผ่านเครื่องใด ปัจจุบันเป็น NIL: %s"},
                    "RFC 3501 section 7.4.2"},
    [ADDR_MAILBOX] = {"enveloscope.imap.address.mailbox",
                      FIELD_TEXT,
                      {"Mailbox name", "ชื่อกล่องจดหมาย"},
                      {"Before the @ stands %s; here too stands the name of a group.",
                       "หน้า @ คือ %s ชื่อกลุ่มก็อยู่ตรงนี้เช่นกัน"},
                      "RFC 3501 section 7.4.2"},
    [ADDR_HOST] = {"enveloscope.imap.address.host",
                   FIELD_TEXT,
                   {"Host name", "ชื่อโฮสต์"},
                   {"Behind the @ stands %s; NIL begins or ends a group.",
                    "หลัง @ คือ %s ถ้าเป็น NIL คือเริ่มหรือจบกลุ่ม"},
                   "RFC 3501 section 7.4.2"},
    [BODY] = {"enveloscope.imap.body",
              FIELD_NONE,
              {"Body", "โครงสร้างเนื้อหา"},
              {"The server has taken the letter apart and tells of each part what it is and how "
               "long, so that only what is wanted is fetched.",
               "เซิร์ฟเวอร์แยกจดหมายเป็นส่วนและบอกว่าแต่ละส่วนคืออะไรและยาวเท่าใด จึงดึงเฉพาะที่ต้องการได้"},
              "RFC 3501 section 7.4.2"},
    [BODY_TYPE] = {"enveloscope.imap.body.type",
                   FIELD_TEXT,
                   {"Type", "ชนิด"},
                   {"The part is of the type %s.", "ส่วนนี้เป็นชนิด %s"},
                   "RFC 3501 section 7.4.2"},
    [BODY_SUBTYPE] = {"enveloscope.imap.body.subtype",
                      FIELD_TEXT,
                      {"Subtype", "ชนิดย่อย"},
                      {"More exactly it is %s.", "ละเอียดลงไปคือ %s"},
                      "RFC 3501 section 7.4.2"},
    [PARAM_NAME] = {"enveloscope.imap.body.param.name",
                    FIELD_TEXT,
                    {"Parameter", "พารามิเตอร์"},
                    {"Its parameter %s follows.", "พารามิเตอร์ชื่อ %s ตามมา"},
                    "RFC 3501 section 7.4.2"},
    [PARAM_VALUE] = {"enveloscope.imap.body.param.value",
                     FIELD_TEXT,
                     {"Value of the parameter", "ค่าของพารามิเตอร์"},
                     {"The parameter says %s.", "พารามิเตอร์มีค่า %s"},
                     "RFC 3501 section 7.4.2"},
    [BODY_ID] = {"enveloscope.imap.body.id",
                 FIELD_TEXT,
                 {"Content-ID", "รหัสของเนื้อหา"},
                 {"Other parts refer to this one as %s.", "ส่วนอื่นอ้างถึงส่วนนี้ด้วย %s"},
                 "RFC 3501 section 7.4.2"},
    [BODY_DESCRIPTION] = {"enveloscope.imap.body.description",
                          FIELD_TEXT,
                          {"Description", "คำอธิบาย"},
                          {"The part is described as %s.", "คำอธิบายของส่วนนี้คือ %s"},
                          "RFC 3501 section 7.4.2"},
    [BODY_ENCODING] = {"enveloscope.imap.body.encoding",
                       FIELD_TEXT,
                       {"Transfer encoding", "การเข้ารหัสเพื่อส่ง"},
                       {"The part's octets are written as %s.", "ออกเตตของส่วนนี้เขียนแบบ %s"},
                       "RFC 3501 section 7.4.2"},
    [BODY_OCTETS] = {"enveloscope.imap.body.octets",
                     FIELD_UINT,
                     {"Octets", "จำนวนออกเตต"},
                     {"As it is encoded, the part has %s octets.",
                      "ส่วนนี้ยาว %s ออกเตตในรูปที่เข้ารหัสไว้"},
                     "RFC 3501 section 7.4.2"},
    [BODY_LINES] = {"enveloscope.imap.body.lines",
                    FIELD_UINT,
                    {"Lines", "จำนวนบรรทัด"},
                    {"The text has %s lines.", "ข้อความมี %s บรรทัด"},
                    "RFC 3501 section 7.4.2"},
    [BODY_MD5] = {"enveloscope.imap.body.md5",
                  FIELD_TEXT,
                  {"MD5", "MD5 (ค่าย่อย)"},
                  {"The digest of the part's contents is %s.", "ค่าย่อยของเนื้อหาส่วนนี้คือ %s"},
                  "RFC 3501 section 7.4.2"},
    [BODY_DISPOSITION] =
        {"enveloscope.imap.body.disposition",
         FIELD_TEXT,
         {"Disposition", "การจัดวาง"},
         {"The part is to be shown in the letter (inline) or is an attachment: %s.",
          "ให้แสดงในจดหมาย (inline) หรือเป็นไฟล์แนบ (attachment): %s"},
         "RFC 3501 section 7.4.2"},
    [BODY_LANGUAGE] = {"enveloscope.imap.body.language",
                       FIELD_TEXT,
                       {"Language", "ภาษา"},
                       {"The part is written in the language %s.", "ส่วนนี้เขียนด้วยภาษา %s"},
                       "RFC 3501 section 7.4.2"},
    [BODY_LOCATION] = {"enveloscope.imap.body.location",
                       FIELD_TEXT,
                       {"Location", "ตำแหน่ง"},
                       {"The part can also be found at %s.", "พบส่วนนี้ได้ที่ %s ด้วย"},
                       "RFC 3501 section 7.4.2"},
};
FIELD_TABLE(imap_fetch_fields, defs);

enum {
  LEVELS_MAX = 64,          /* as deep as MIME is read elsewhere, with room for addresses */
  LOOK_BACK_ELEMENTS = 512, /* runs of literals and other connections between two lines */
  LINES_MAX = 64,           /* of one answer, before the one that is decoded */
};

enum kind {
  ITEMS,
  FLAGS,
  NUMBERS,
  OBJECTS,
  IN_ENVELOPE,
  ADDRESSES,
  IN_ADDRESS,
  IN_BODY,
  PARAMS,
  DISPOSITION,
  LANGUAGES,
  ANYTHING
};

/* What is known of a body: which fields follow the fixed ones depends on it. */
enum flavour { BASIC, TEXT_BODY, MESSAGE_TYPE, MESSAGE_BODY, MULTIPART };

struct level {
  uint8_t kind;     /* enum kind */
  uint8_t flavour;  /* IN_BODY: enum flavour; ITEMS: 1 + row of the item whose value is next */
  uint16_t index;   /* tokens and lists that it has had */
  uint16_t ordinal; /* IN_BODY: its number among its brothers; 0: it has none */
  uint16_t n_parts; /* IN_BODY: of a multipart, so far */
  uint16_t field;   /* its group in the line that is decoded now */
  uint32_t first;   /* of that group */
};

struct imap_fetch {
  uint32_t element; /* the line behind which the levels stand; ELEMENT_NONE: nothing is known */
  unsigned n;       /* levels that are open */
  struct level level[LEVELS_MAX];
};

/* ---- items ---- */

static const struct item {
  const char *name;
  uint8_t kind; /* of a value in parentheses */
  uint8_t def;  /* of one without */
} items[] = {
    {"FLAGS", FLAGS, VALUE},          {"UID", ANYTHING, UID},
    {"RFC822.SIZE", ANYTHING, SIZE},  {"INTERNALDATE", ANYTHING, INTERNALDATE},
    {"SAVEDATE", ANYTHING, VALUE},    {"MODSEQ", NUMBERS, VALUE},
    {"EMAILID", OBJECTS, VALUE},      {"THREADID", OBJECTS, VALUE},
    {"ENVELOPE", IN_ENVELOPE, VALUE}, {"BODYSTRUCTURE", IN_BODY, VALUE},
    {"BODY", IN_BODY, VALUE},         {"", ANYTHING, VALUE}, /* any other */
};

static uint8_t
item_find(struct slice name)
{
  size_t i = 0;
  while (i + 1 < G_N_ELEMENTS(items) && !word_is(name, items[i].name))
    i++;
  return (uint8_t)i;
}

/* ---- groups ---- */

static void
group_end(struct decode *d, const struct level *l, uint32_t end)
{
  build_close(d, l->field);
  build_resize(d, l->field, end - l->first);
}

static void
level_pop(struct decode *d, struct imap_fetch *f, uint32_t end)
{
  if (f->n)
    group_end(d, &f->level[--f->n], end);
}

static void
level_push(struct decode *d, struct imap_fetch *f, enum kind kind, unsigned field,
           struct slice open)
{
  if (f->n == LEVELS_MAX) { /* what is deeper stays the line's */
    while (f->n)
      level_pop(d, f, open.first);
    f->element = ELEMENT_NONE;
    return;
  }
  f->level[f->n++] =
      (struct level){.kind = (uint8_t)kind, .field = (uint16_t)field, .first = open.first};
  build_open(d, field);
}

/* Opens a group that has no value. */
static void
push_group(struct decode *d, struct imap_fetch *f, enum kind kind, unsigned def, struct slice open)
{
  level_push(d, f, kind, build_none(d, &defs[def], open), open);
}

/* ---- bodies ---- */

/* "1.2": the number under which BODY[...] names the part that is open; empty for the whole. */
static void
part_number(const struct imap_fetch *f, char text[64])
{
  text[0] = '\0';
  for (unsigned i = 0; i < f->n; i++)
    if (f->level[i].kind == IN_BODY && f->level[i].ordinal) {
      size_t at = strlen(text);
      g_snprintf(text + at, 64 - at, "%s%u", at ? "." : "", f->level[i].ordinal);
    }
}

/* A body in a body is a part with the next number; one inside a message has its number only when
 * it is no multipart, because then it has parts with numbers (RFC 3501 section 6.4.5). */
static void
push_body(struct decode *d, struct imap_fetch *f, struct slice open, struct slice rest)
{
  struct level *parent = f->n ? &f->level[f->n - 1] : NULL;
  bool is_part = parent && parent->kind == IN_BODY && parent->flavour == MULTIPART;
  bool multipart = rest.n && rest.p[0] == '(';
  unsigned ordinal = is_part ? ++parent->n_parts : multipart ? 0 : 1;
  unsigned group = build_none(d, &defs[BODY], open);
  char number[64];
  level_push(d, f, IN_BODY, BUILD_NOTHING, open);
  if (f->n == 0)
    return;
  struct level *body = &f->level[f->n - 1];
  body->ordinal = (uint16_t)ordinal;
  body->flavour = multipart ? MULTIPART : BASIC;
  body->field = (uint16_t)group;
  build_open(d, group);
  part_number(f, number);
  if (number[0])
    build_generated(d, build_string(d, &imap_part_defs[F_SECTION_PART], slice_none(open), number));
}

/* Which fields a body has, by flavour and place; 0 (UID) for none. */
static unsigned
body_def(const struct level *l)
{
  static const uint8_t fixed[] = {BODY_TYPE,        BODY_SUBTYPE,  VALUE,      BODY_ID,
                                  BODY_DESCRIPTION, BODY_ENCODING, BODY_OCTETS};
  static const uint8_t more[] = {BODY_MD5, BODY_DISPOSITION, BODY_LANGUAGE, BODY_LOCATION};
  unsigned index = l->index;
  if (l->flavour == MULTIPART) /* behind its parts: subtype, parameters, extensions */
    return index == 0 ? BODY_SUBTYPE : index == 1 ? VALUE : index <= 4 ? more[index - 1] : VALUE;
  if (index < G_N_ELEMENTS(fixed))
    return fixed[index];
  index -= G_N_ELEMENTS(fixed);
  if (l->flavour == TEXT_BODY && index-- == 0)
    return BODY_LINES;
  if (l->flavour == MESSAGE_BODY) {
    if (index < 3)
      return index == 2 ? BODY_LINES : VALUE;
    index -= 3;
  }
  return index < G_N_ELEMENTS(more) ? more[index] : VALUE;
}

static void
body_flavour(struct level *l, struct slice word)
{
  if (l->index == 0 && l->flavour == BASIC)
    l->flavour = word_is(word, "TEXT")      ? TEXT_BODY
                 : word_is(word, "MESSAGE") ? MESSAGE_TYPE
                                            : BASIC;
  else if (l->index == 1 && l->flavour == MESSAGE_TYPE)
    l->flavour = word_is(word, "RFC822") || word_is(word, "GLOBAL") ? MESSAGE_BODY : BASIC;
}

/* A list within a body: a part, or what stands at this place. */
static void
body_list(struct decode *d, struct imap_fetch *f, struct level *l, struct slice open,
          struct slice rest)
{
  unsigned def = body_def(l);
  bool is_part = l->flavour == MULTIPART && l->index == 0;
  bool in_message = l->flavour == MESSAGE_BODY;
  unsigned index = l->index;
  if (!is_part)
    l->index++;
  if (is_part || (in_message && index == 8))
    push_body(d, f, open, rest);
  else if (in_message && index == 7)
    push_group(d, f, IN_ENVELOPE, ENVELOPE, open);
  else if (def == BODY_DISPOSITION)
    level_push(d, f, DISPOSITION, BUILD_NOTHING, open);
  else if (def == BODY_LANGUAGE)
    level_push(d, f, LANGUAGES, BUILD_NOTHING, open);
  else
    level_push(d, f, def == VALUE && index <= 2 ? PARAMS : ANYTHING, BUILD_NOTHING, open);
}

/* ---- tokens ---- */

/* A value: a number where the row wants one, a string otherwise. */
static void
value_build(struct decode *d, unsigned def, struct imap_token token)
{
  if (defs[def].type == FIELD_UINT)
    word_number_build(d, &defs[def], token.inner);
  else
    imap_string_build(d, &defs[def], token);
}

static const uint8_t envelope_defs[] = {ENV_DATE,        ENV_SUBJECT,   ENV_FROM, ENV_SENDER,
                                        ENV_REPLY_TO,    ENV_TO,        ENV_CC,   ENV_BCC,
                                        ENV_IN_REPLY_TO, ENV_MESSAGE_ID};
static const uint8_t address_defs[] = {ADDR_NAME, ADDR_ROUTE, ADDR_MAILBOX, ADDR_HOST};

static void
feed_list(struct decode *d, struct imap_fetch *f, struct slice open, struct slice rest)
{
  if (f->n == 0) {
    level_push(d, f, ITEMS, BUILD_NOTHING, open);
    return;
  }
  struct level *l = &f->level[f->n - 1];
  switch ((enum kind)l->kind) {
  case ITEMS: {
    enum kind kind = l->flavour ? items[l->flavour - 1].kind : ANYTHING;
    l->flavour = 0;
    if (kind == IN_BODY)
      push_body(d, f, open, rest);
    else if (kind == IN_ENVELOPE)
      push_group(d, f, kind, ENVELOPE, open);
    else
      level_push(d, f, kind, BUILD_NOTHING, open);
    return;
  }
  case IN_ENVELOPE:
    if (l->index >= 2 && l->index <= 7)
      push_group(d, f, ADDRESSES, envelope_defs[l->index], open);
    else
      level_push(d, f, ANYTHING, BUILD_NOTHING, open);
    l->index++;
    return;
  case ADDRESSES:
    push_group(d, f, IN_ADDRESS, ADDRESS, open);
    return;
  case IN_BODY:
    body_list(d, f, l, open, rest);
    return;
  case DISPOSITION:
    l->index++;
    level_push(d, f, PARAMS, BUILD_NOTHING, open);
    return;
  default:
    level_push(d, f, ANYTHING, BUILD_NOTHING, open);
  }
}

/* An atom, a quoted string, or the place of a literal, which counts and builds nothing. */
static void
feed_word(struct decode *d, struct level *l, struct imap_token token)
{
  unsigned index = l->index++;
  switch ((enum kind)l->kind) {
  case ITEMS:
    if (l->flavour) {
      value_build(d, items[l->flavour - 1].def, token);
      l->flavour = 0;
    } else {
      struct slice name = imap_item_build(d, token.at);
      bool whole = name.n == token.at.n;
      l->flavour = (uint8_t)(1 + (whole ? item_find(name) : G_N_ELEMENTS(items) - 1));
    }
    break;
  case FLAGS:
    imap_string_build(d, &imap_part_defs[F_FLAG], token);
    break;
  case NUMBERS:
    value_build(d, MODSEQ, token);
    break;
  case OBJECTS:
    value_build(d, OBJECT_ID, token);
    break;
  case IN_ENVELOPE: /* NIL in place of a list of addresses says nothing */
    if (index < 2 || (index > 7 && index < G_N_ELEMENTS(envelope_defs)))
      value_build(d, envelope_defs[index], token);
    break;
  case IN_ADDRESS:
    if (index < G_N_ELEMENTS(address_defs))
      value_build(d, address_defs[index], token);
    break;
  case IN_BODY:
    l->index = (uint16_t)index;
    value_build(d, body_def(l), token);
    body_flavour(l, token.inner);
    l->index++;
    break;
  case PARAMS:
    value_build(d, index % 2 ? PARAM_VALUE : PARAM_NAME, token);
    break;
  case DISPOSITION:
    value_build(d, BODY_DISPOSITION, token);
    break;
  case LANGUAGES:
    value_build(d, BODY_LANGUAGE, token);
    break;
  case ADDRESSES:
  case ANYTHING:
    value_build(d, VALUE, token);
    break;
  }
}

/* Reads a line, or the rest of one; groups that stay open end with it. */
static void
feed(struct decode *d, struct imap_fetch *f, struct slice rest)
{
  bool begun = false;
  for (unsigned i = 0; i < f->n; i++)
    f->level[i].field = BUILD_NOTHING;
  while (f->n || !begun) {
    struct imap_token token = imap_token_take(&rest);
    if (token.kind == IMAP_TOKEN_END)
      break;
    begun = true;
    if (token.kind == IMAP_TOKEN_OPEN)
      feed_list(d, f, token.at, rest);
    else if (token.kind == IMAP_TOKEN_CLOSE)
      level_pop(d, f, token.at.first + 1);
    else if (f->n)
      feed_word(d, &f->level[f->n - 1], token);
  }
  for (unsigned i = f->n; i-- > 0;)
    group_end(d, &f->level[i], rest.first);
}

/* ---- lines ---- */

static struct imap_fetch *
state(struct decode *d)
{
  if (!d->work->imap)
    d->work->imap = g_new0(struct imap_fetch, 1);
  return d->work->imap;
}

void
imap_fetch_forget(struct decode *d)
{
  state(d)->element = ELEMENT_NONE;
}

void
imap_fetch_build(struct decode *d, struct slice rest)
{
  struct imap_fetch *f = state(d);
  f->n = 0;
  f->element = d->work->element;
  feed(d, f, rest);
}

/* The line before the literal behind which element `k` stands; ELEMENT_NONE when none is found. */
static uint32_t
line_before(const struct decode *d, const struct element *e, uint32_t k)
{
  for (unsigned i = 0; k-- > 0 && i < LOOK_BACK_ELEMENTS; i++) {
    if (trace_element_flow(d->trace, k) != e->flow)
      continue;
    const struct element before = trace_element(d->trace, k);
    if (before.side != e->side || before.kind == ELEMENT_LITERAL)
      continue;
    return before.kind == ELEMENT_REPLY && before.flags & ELEMENT_FLAG_MORE ? k : ELEMENT_NONE;
  }
  return ELEMENT_NONE;
}

/* What stands behind "* n FETCH"; empty when the line begins no such answer. */
static struct slice
fetch_data(struct slice line)
{
  struct slice star = word_take(&line), number = word_take(&line), name = word_take(&line);
  uint64_t n;
  bool fits = word_is(star, "*") && word_number(number, &n) && word_is(name, "FETCH");
  return fits ? line : slice_cut(line, 0);
}

/* Makes the levels anew as they stand behind line `before`: its answer is read from its start, and
 * nothing is built. False when its start is out of reach. */
static bool
levels_restore(struct decode *d, struct imap_fetch *f, const struct element *e, uint32_t before)
{
  uint32_t lines[LINES_MAX];
  unsigned n = 0;
  for (; before != ELEMENT_NONE; before = line_before(d, e, before)) {
    if (n == LINES_MAX)
      return false;
    lines[n++] = before;
    struct slice line = line_cut(app_other_element(d, before));
    if (line.n && line.p[0] == '*')
      break;
  }
  bool was_summary_only = d->work->summary_only;
  d->work->summary_only = true; /* nothing is built */
  f->n = 0;
  for (unsigned i = n; i-- > 0;) {
    struct slice line = line_cut(app_other_element(d, lines[i]));
    feed(d, f, i == n - 1 ? fetch_data(line) : line);
  }
  d->work->summary_only = was_summary_only;
  return f->n > 0;
}

void
imap_fetch_continue(struct decode *d, const struct element *e, struct slice line)
{
  struct imap_fetch *f = state(d);
  if (word_is(line, ")")) /* the usual end of an answer: nothing but what the line says */
    return;
  uint32_t before = line_before(d, e, d->work->element);
  if (before == ELEMENT_NONE)
    return;
  if (f->element != before && !levels_restore(d, f, e, before)) {
    f->element = ELEMENT_NONE;
    return;
  }
  f->element = d->work->element;
  feed(d, f, line);
}
