/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_challenge.c -- what the server says in a SASL exchange, decoded and part by part.
 *
 *     S: 334 cj1meTA...          base64 in any of the three protocols
 *        r=fy0...,s=W22...,i=4096     derived octets, read by mechanism
 *
 * LOGIN asks in words, CRAM-MD5 (RFC 2195) sends a stamp, DIGEST-MD5 (RFC 2831) directives, SCRAM
 * (RFC 5802) attributes, NTLM a message with eight random octets, the bearer mechanisms (RFC 7628)
 * say in JSON why they refused. Nothing here is a secret: the client's answers are, and app.c reads
 * those. */
#include <string.h>

#include "capture/decode/app.h"
#include "capture/decode/words.h"

/* clang-format off */
enum {
  CHALLENGE, PROMPT, STAMP, DIRECTIVE, DIRECTIVE_NAME, DIRECTIVE_VALUE, SCRAM_NONCE, SCRAM_SALT,
  SCRAM_ITERATIONS, SCRAM_SIGNATURE, SCRAM_ERROR, SCRAM_OTHER, NTLM_CHALLENGE, MEMBER, MEMBER_NAME,
  MEMBER_VALUE, STATUS
};
/* clang-format on */

static const struct field_def defs[] = {
    [CHALLENGE] = {"enveloscope.auth.challenge",
                   FIELD_TEXT,
                   {"Server's challenge", "คำท้าของเซิร์ฟเวอร์"},
                   {"Decoded from base64, the server says %s.",
                    "เมื่อถอดรหัส base64 แล้ว เซิร์ฟเวอร์พูดว่า %s"},
                   "RFC 4422 section 3.1"},
    [PROMPT] = {"enveloscope.auth.challenge.prompt",
                FIELD_TEXT,
                {"Prompt", "คำถาม"},
                {"LOGIN asks first for the name, then for the password: %s.",
                 "LOGIN ถามชื่อก่อน แล้วจึงถามรหัสผ่าน: %s"},
                "RFC 4422 section 3.1"},
    [STAMP] = {"enveloscope.auth.challenge.stamp",
               FIELD_TEXT,
               {"Stamp", "ตราของคำท้า"},
               {"The client mixes its password with %s, which never comes twice, and sends a "
                "digest of both.",
                "ไคลเอนต์ผสมรหัสผ่านกับ %s ซึ่งไม่ซ้ำกันเลย แล้วส่งค่าย่อยของทั้งสอง"},
               "RFC 2195 section 2"},
    [DIRECTIVE] = {"enveloscope.auth.challenge.directive",
                   FIELD_TEXT,
                   {"Directive", "ข้อกำหนด"},
                   {"DIGEST-MD5 says how the digest is to be made: %s.",
                    "DIGEST-MD5 บอกวิธีคำนวณค่าย่อย: %s"},
                   "RFC 2831 section 2.1.1"},
    [DIRECTIVE_NAME] = {"enveloscope.auth.challenge.directive.name",
                        FIELD_TEXT,
                        {"Name", "ชื่อ"},
                        {"The directive is called %s.", "ข้อกำหนดนี้ชื่อ %s"},
                        "RFC 2831 section 2.1.1"},
    [DIRECTIVE_VALUE] = {"enveloscope.auth.challenge.directive.value",
                         FIELD_TEXT,
                         {"Value", "ค่า"},
                         {"The directive says %s.", "ข้อกำหนดนี้มีค่า %s"},
                         "RFC 2831 section 2.1.1"},
    [SCRAM_NONCE] = {"enveloscope.auth.scram.nonce",
                     FIELD_TEXT,
                     {"Nonce (r)", "ค่าสุ่ม (r)"},
                     {"Random letters of the client with those of the server behind them, so that "
                      "no exchange is like another: %s.",
                      "อักษรสุ่มของไคลเอนต์ต่อด้วยของเซิร์ฟเวอร์ การแลกเปลี่ยนจึงไม่ซ้ำกัน: %s"},
                     "RFC 5802 section 5.1"},
    [SCRAM_SALT] = {"enveloscope.auth.scram.salt",
                    FIELD_TEXT,
                    {"Salt (s)", "เกลือ (s)"},
                    {"In base64, what is mixed into the password before it is hashed, other for "
                     "each user: %s.",
                     "ค่าในรูป base64 ที่ผสมกับรหัสผ่านก่อนคำนวณแฮช ต่างกันในผู้ใช้แต่ละคน: %s"},
                    "RFC 5802 section 5.1"},
    [SCRAM_ITERATIONS] = {"enveloscope.auth.scram.iterations",
                          FIELD_UINT,
                          {"Iterations (i)", "จำนวนรอบ (i)"},
                          {"The password is hashed %s times, which makes guessing slow.",
                           "รหัสผ่านถูกคำนวณแฮช %s รอบ ทำให้การเดารหัสช้าลง"},
                          "RFC 5802 section 5.1"},
    [SCRAM_SIGNATURE] = {"enveloscope.auth.scram.signature",
                         FIELD_TEXT,
                         {"Server's signature (v)", "ลายเซ็นของเซิร์ฟเวอร์ (v)"},
                         {"With this the server proves in turn that it knows the user: %s.",
                          "เซิร์ฟเวอร์พิสูจน์กลับด้วยค่านี้ว่ารู้จักผู้ใช้จริง: %s"},
                         "RFC 5802 section 5.1"},
    [SCRAM_ERROR] = {"enveloscope.auth.scram.error",
                     FIELD_TEXT,
                     {"Error (e)", "ข้อผิดพลาด (e)"},
                     {"The server refuses, and says why: %s.", "เซิร์ฟเวอร์ปฏิเสธและบอกสาเหตุ: %s"},
                     "RFC 5802 section 5.1"},
    [SCRAM_OTHER] = {"enveloscope.auth.scram.extension",
                     FIELD_TEXT,
                     {"Extension", "ส่วนขยาย"},
                     {"An attribute that is not explained here: %s.", "แอตทริบิวต์ที่ไม่ได้อธิบายไว้ที่นี่: %s"},
                     "RFC 5802 section 5.1"},
    [NTLM_CHALLENGE] =
        {"enveloscope.auth.ntlm.challenge",
         FIELD_OCTETS,
         {"NTLM challenge", "คำท้าของ NTLM"},
         {"Eight random octets, from which and from the password the client makes its answer: %s.",
          "แปดออกเตตสุ่มที่ไคลเอนต์ใช้ร่วมกับรหัสผ่านสร้างคำตอบ: %s"},
         "MS-NLMP"},
    [MEMBER] = {"enveloscope.auth.oauth.member",
                FIELD_TEXT,
                {"Member of the JSON object", "สมาชิกของออบเจ็กต์ JSON"},
                {"The server refuses the token and says in JSON: %s.",
                 "เซิร์ฟเวอร์ปฏิเสธโทเค็นและบอกในรูป JSON ว่า %s"},
                "RFC 7628 section 3.2.2"},
    [MEMBER_NAME] = {"enveloscope.auth.oauth.name",
                     FIELD_TEXT,
                     {"Name", "ชื่อ"},
                     {"The member is called %s.", "สมาชิกนี้ชื่อ %s"},
                     "RFC 7628 section 3.2.2"},
    [MEMBER_VALUE] = {"enveloscope.auth.oauth.value",
                      FIELD_TEXT,
                      {"Value", "ค่า"},
                      {"The member says %s.", "สมาชิกนี้มีค่า %s"},
                      "RFC 7628 section 3.2.2"},
    [STATUS] = {"enveloscope.auth.oauth.status",
                FIELD_TEXT,
                {"Status", "สถานะ"},
                {"The reason in one word, invalid_token or a number as of HTTP: %s.",
                 "สาเหตุเป็นคำเดียว เช่น invalid_token หรือตัวเลขแบบ HTTP: %s"},
                "RFC 7628 section 3.2.2"},
};
FIELD_TABLE(auth_challenge_fields, defs);

static void
prompt_build(struct decode *d, struct slice s)
{
  word_build(d, &defs[PROMPT], s);
}

static void
stamp_build(struct decode *d, struct slice s)
{
  word_build(d, &defs[STAMP], s);
}

/* The octets before the first comma outside quotes, which is skipped. */
static struct slice
take_directive(struct slice *rest)
{
  struct slice s = *rest;
  uint32_t n = 0;
  for (bool quoted = false; n < s.n && (quoted || s.p[n] != ','); n++) {
    if (s.p[n] == '"')
      quoted = !quoted;
    else if (quoted && s.p[n] == '\\' && n + 1 < s.n)
      n++;
  }
  *rest = slice_skip(s, n + 1);
  return slice_cut(s, n);
}

static struct slice
unquoted(struct slice s)
{
  return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_part(s, 1, s.n - 2) : s;
}

static void
digest_build(struct decode *d, struct slice s)
{
  while (s.n) {
    struct slice directive = word_skip_blanks(take_directive(&s)), value = directive;
    struct slice name = word_take_until(&value, '=');
    unsigned group = word_build(d, &defs[DIRECTIVE], directive);
    build_open(d, group);
    word_build(d, &defs[DIRECTIVE_NAME], name);
    word_build(d, &defs[DIRECTIVE_VALUE], unquoted(value));
    build_close(d, group);
  }
}

static void
scram_build(struct decode *d, struct slice s)
{
  static const struct {
    char letter;
    uint8_t def;
  } known[] = {{'r', SCRAM_NONCE}, {'s', SCRAM_SALT}, {'v', SCRAM_SIGNATURE}, {'e', SCRAM_ERROR}};
  while (s.n) {
    struct slice attribute = word_take_until(&s, ','), value = slice_skip(attribute, 2);
    unsigned def = SCRAM_OTHER;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
      if (attribute.n > 2 && attribute.p[1] == '=' && attribute.p[0] == known[i].letter)
        def = known[i].def;
    if (attribute.n > 2 && attribute.p[0] == 'i' && attribute.p[1] == '=' &&
        word_number_build(d, &defs[SCRAM_ITERATIONS], value) != BUILD_NOTHING)
      continue;
    word_build(d, &defs[def], def == SCRAM_OTHER ? attribute : value);
  }
}

/* MS-NLMP section 2.2.1.2: type 2 has its challenge behind signature, type, name and flags. */
static void
ntlm_build(struct decode *d, struct slice s)
{
  if (s.n >= 32 && memcmp(s.p, "NTLMSSP", 8) == 0 && get_le32(s.p + 8) == 2)
    build_octets(d, &defs[NTLM_CHALLENGE], slice_part(s, 24, 8));
}

/* A string of JSON at the front of *s, without its quotes; s.n is 0 when there is none. */
static struct slice
take_json_string(struct slice *s)
{
  uint32_t n = 1;
  if (s->n == 0 || s->p[0] != '"')
    return slice_cut(*s, 0);
  while (n < s->n && s->p[n] != '"')
    n += s->p[n] == '\\' ? 2 : 1;
  n = MIN(n, s->n);
  struct slice found = slice_part(*s, 1, n - 1);
  *s = slice_skip(*s, n + 1);
  return found;
}

/* The value behind a name: a string, or what stands before the next comma or brace. */
static struct slice
take_json_value(struct slice *s)
{
  if (s->n && s->p[0] == '"')
    return take_json_string(s);
  uint32_t n = 0;
  while (n < s->n && s->p[n] != ',' && s->p[n] != '}')
    n++;
  struct slice found = slice_cut(*s, n);
  *s = slice_skip(*s, n);
  return found;
}

/* One object of names and plain values, as RFC 7628 section 3.2.2 has it. */
static void
oauth_build(struct decode *d, struct slice s)
{
  while (s.n) {
    while (s.n && s.p[0] != '"')
      s = slice_skip(s, 1);
    struct slice start = s, name = take_json_string(&s);
    while (s.n && (s.p[0] == ' ' || s.p[0] == ':'))
      s = slice_skip(s, 1);
    struct slice value = take_json_value(&s);
    unsigned group = word_build(d, &defs[MEMBER], slice_cut(start, start.n - s.n));
    build_open(d, group);
    word_build(d, &defs[MEMBER_NAME], name);
    word_build(d, &defs[word_is(name, "status") ? STATUS : MEMBER_VALUE], value);
    build_close(d, group);
  }
}

static void (*const readers[SASL_N_MECHANISMS])(struct decode *d, struct slice s) = {
    [SASL_LOGIN] = prompt_build,      [SASL_CRAM_MD5] = stamp_build,
    [SASL_DIGEST_MD5] = digest_build, [SASL_SCRAM] = scram_build,
    [SASL_NTLM] = ntlm_build,         [SASL_XOAUTH2] = oauth_build,
    [SASL_OAUTHBEARER] = oauth_build,
};

void
challenge_build(struct decode *d, const struct element *e, struct slice text, unsigned words)
{
  if (d->work->summary_only || text.n == 0)
    return;
  enum sasl_mechanism mechanism = app_auth_mechanism(d, e->command, words);
  struct slice decoded;
  if (!app_base64_source(d, text, &decoded) || decoded.n == 0)
    return; /* some servers say a word for people instead */
  unsigned group = build_text(d, &defs[CHALLENGE], decoded, decoded.p, decoded.n);
  build_open(d, group);
  if (readers[mechanism])
    readers[mechanism](d, decoded);
  build_close(d, group);
}
