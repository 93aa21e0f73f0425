/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.c -- records of TLS: what can be read of them without keys, and what a key log opened. RFC
 * 8446, 5246, 6066, 7301.
 *
 *     record    | type 1 | version 2 | length 2 | contents |
 *     hello     | type 1 | length 3 | version 2 | random 32 | session id | suites | methods |
 * extensions |
 *
 * A handshake message that does not fit its record exactly is encrypted or cut over records; it is
 * then named so and not read. Every length is checked against what is there before it is believed.
 */
#include "capture/decode/app.h"

#include "capture/wire/tls.h"

enum {
  TLS,
  RECORD,
  CONTENT_TYPE,
  RECORD_VERSION,
  RECORD_LENGTH,
  CHANGE_CIPHER_SPEC,
  ALERT,
  ALERT_LEVEL,
  ALERT_DESC,
  HANDSHAKE,
  HANDSHAKE_TYPE,
  HANDSHAKE_LENGTH,
  HANDSHAKE_VERSION,
  RANDOM,
  SESSION_ID_LENGTH,
  SESSION_ID,
  SUITES_LENGTH,
  SUITE,
  METHODS_LENGTH,
  METHOD,
  EXTENSIONS_LENGTH,
  EXTENSION_TYPE,
  EXTENSION_LEN,
  SNI,
  SUPPORTED_VERSION,
  ALPN,
  GROUP,
  SIGNATURE,
  KEY_SHARE_GROUP,
  CERTIFICATE_LENGTH,
  CERTIFICATE,
  ENCRYPTED,
  APP_DATA,
  OPENED,
  OPENED_APP,
  BAD,
};

static const struct field_def defs[] = {
    [TLS] = {"tls",
             FIELD_PROTOCOL,
             {"Transport Layer Security", "TLS ความปลอดภัยชั้นขนส่ง"},
             {"TLS seals the stream: from here on only the two ends can read it.",
              "TLS ผนึกกระแสข้อมูล นับจากตรงนี้มีเพียงสองปลายทางที่อ่านได้"},
             "RFC 8446 section 5.1"},
    [RECORD] = {"tls.record",
                FIELD_NONE,
                {"Record", "เรกคอร์ด"},
                {"TLS sends its data in sealed packets called records.",
                 "TLS ส่งข้อมูลเป็นห่อปิดผนึกที่เรียกว่าเรกคอร์ด"},
                "RFC 8446 section 5.1"},
    [CONTENT_TYPE] = {"tls.record.content_type",
                      FIELD_UINT,
                      {"Content type", "ชนิดเนื้อหา"},
                      {"What the record is for: %s.", "เรกคอร์ดนี้มีไว้สำหรับ: %s"},
                      "RFC 8446 section 5.1"},
    [RECORD_VERSION] =
        {"tls.record.version",
         FIELD_HEX,
         {"Version", "รุ่นของเรกคอร์ด"},
         {"The version in the record header, kept old so that old devices let it pass: %s.",
          "รุ่นที่เขียนในส่วนหัวเรกคอร์ด ซึ่งคงค่าเก่าไว้เพื่อให้อุปกรณ์เก่ายอมให้ผ่าน: %s"},
         "RFC 8446 section 5.1"},
    [RECORD_LENGTH] = {"tls.record.length",
                       FIELD_UINT,
                       {"Length", "ความยาว"},
                       {"The record has %s octets behind its header.",
                        "เรกคอร์ดนี้มี %s ออกเตตหลังส่วนหัว"},
                       "RFC 8446 section 5.1"},
    [CHANGE_CIPHER_SPEC] = {"tls.change_cipher_spec",
                            FIELD_NONE,
                            {"Change cipher spec message", "ข้อความเปลี่ยนชุดรหัส"},
                            {"The sender says: what follows is encrypted.",
                             "ผู้ส่งบอกว่า ข้อมูลหลังจากนี้เข้ารหัสลับแล้ว"},
                            "RFC 5246 section 7.1"},
    [ALERT] = {"tls.alert_message",
               FIELD_NONE,
               {"Alert message", "ข้อความแจ้งเตือน"},
               {"One end reports trouble, or that it closes the connection.",
                "ฝ่ายหนึ่งแจ้งปัญหา หรือแจ้งว่าจะปิดการเชื่อมต่อ"},
               "RFC 8446 section 6"},
    [ALERT_LEVEL] = {"tls.alert_message.level",
                     FIELD_UINT,
                     {"Level", "ระดับ"},
                     {"1 is a warning, 2 ends the connection; here: %s.",
                      "1 คือคำเตือน 2 คือจบการเชื่อมต่อ ตรงนี้คือ %s"},
                     "RFC 8446 section 6"},
    [ALERT_DESC] = {"tls.alert_message.desc",
                    FIELD_UINT,
                    {"Description", "คำอธิบาย"},
                    {"The reason: %s.", "เหตุผล: %s"},
                    "RFC 8446 section 6"},
    [HANDSHAKE] = {"tls.handshake",
                   FIELD_NONE,
                   {"Handshake protocol", "โปรโตคอลแฮนด์เชค"},
                   {"Both ends agree on keys and prove who they are.",
                    "ทั้งสองฝ่ายตกลงเรื่องกุญแจและพิสูจน์ตัวตน"},
                   "RFC 8446 section 4"},
    [HANDSHAKE_TYPE] = {"tls.handshake.type",
                        FIELD_UINT,
                        {"Handshake type", "ชนิดแฮนด์เชค"},
                        {"This step of the handshake is %s.", "ขั้นตอนนี้ของการจับมือคือ %s"},
                        "RFC 8446 section 4"},
    [HANDSHAKE_LENGTH] = {"tls.handshake.length",
                          FIELD_UINT,
                          {"Length", "ความยาว"},
                          {"This step takes %s octets.", "ขั้นตอนนี้ยาว %s ออกเตต"},
                          "RFC 8446 section 4"},
    [HANDSHAKE_VERSION] =
        {"tls.handshake.version",
         FIELD_HEX,
         {"Version", "รุ่น"},
         {"The version named here is %s; TLS 1.3 is named in an extension instead.",
          "รุ่นที่ระบุตรงนี้คือ %s ส่วน TLS 1.3 จะระบุไว้ในส่วนขยายแทน"},
         "RFC 8446 section 4.1.2"},
    [RANDOM] = {"tls.handshake.random",
                FIELD_OCTETS,
                {"Random", "ค่าสุ่ม"},
                {"Random octets that make every connection's keys different: %s.",
                 "ออกเตตสุ่มที่ทำให้กุญแจของแต่ละการเชื่อมต่อต่างกัน: %s"},
                "RFC 8446 section 4.1.2"},
    [SESSION_ID_LENGTH] = {"tls.handshake.session_id_length",
                           FIELD_UINT,
                           {"Session ID length", "ความยาวรหัสเซสชัน"},
                           {"The session's name has %s octets.", "ชื่อเซสชันยาว %s ออกเตต"},
                           "RFC 8446 section 4.1.2"},
    [SESSION_ID] = {"tls.handshake.session_id",
                    FIELD_OCTETS,
                    {"Session ID", "รหัสเซสชัน"},
                    {"The name of an earlier session that may go on: %s.",
                     "ชื่อของเซสชันก่อนหน้าที่อาจทำต่อได้: %s"},
                    "RFC 8446 section 4.1.2"},
    [SUITES_LENGTH] = {"tls.handshake.cipher_suites_length",
                       FIELD_UINT,
                       {"Cipher suites length", "ความยาวรายการชุดรหัส"},
                       {"The list of cipher suites takes %s octets.", "รายการชุดรหัสลับยาว %s ออกเตต"},
                       "RFC 8446 section 4.1.2"},
    [SUITE] = {"tls.handshake.ciphersuite",
               FIELD_HEX,
               {"Cipher suite", "ชุดรหัส"},
               {"A way to encrypt that the client offers or the server chose: %s.",
                "วิธีเข้ารหัสลับที่ไคลเอนต์เสนอหรือเซิร์ฟเวอร์เลือก: %s"},
               "RFC 8446 section 4.1.2"},
    [METHODS_LENGTH] = {"tls.handshake.comp_methods_length",
                        FIELD_UINT,
                        {"Compression methods length", "ความยาวรายการวิธีบีบอัด"},
                        {"The list of compression methods takes %s octets.",
                         "รายการวิธีบีบอัดยาว %s ออกเตต"},
                        "RFC 8446 section 4.1.2"},
    [METHOD] = {"tls.handshake.comp_method",
                FIELD_UINT,
                {"Compression method", "วิธีบีบอัด"},
                {"A way to compress; 0 is none, the only safe one: %s.",
                 "วิธีบีบอัด โดย 0 คือไม่บีบอัดซึ่งปลอดภัยเพียงวิธีเดียว: %s"},
                "RFC 8446 section 4.1.2"},
    [EXTENSIONS_LENGTH] = {"tls.handshake.extensions_length",
                           FIELD_UINT,
                           {"Extensions length", "ความยาวส่วนขยาย"},
                           {"The extensions take %s octets.", "ส่วนขยายยาว %s ออกเตต"},
                           "RFC 8446 section 4.2"},
    [EXTENSION_TYPE] = {"tls.handshake.extension.type",
                        FIELD_UINT,
                        {"Extension type", "ชนิดส่วนขยาย"},
                        {"An addition to the hello: %s.", "ส่วนเพิ่มเติมของคำทักทาย: %s"},
                        "RFC 8446 section 4.2"},
    [EXTENSION_LEN] = {"tls.handshake.extension.len",
                       FIELD_UINT,
                       {"Extension length", "ความยาวส่วนขยาย"},
                       {"The addition takes %s octets.", "ส่วนเพิ่มเติมนี้ยาว %s ออกเตต"},
                       "RFC 8446 section 4.2"},
    [SNI] = {"tls.handshake.extensions_server_name",
             FIELD_TEXT,
             {"Server name", "ชื่อเซิร์ฟเวอร์"},
             {"The client says in the clear which server it wants: %s.",
              "ไคลเอนต์บอกโดยไม่เข้ารหัสว่าต้องการเซิร์ฟเวอร์ใด: %s"},
             "RFC 6066 section 3"},
    [SUPPORTED_VERSION] = {"tls.handshake.extensions.supported_version",
                           FIELD_HEX,
                           {"Supported version", "รุ่นที่รองรับ"},
                           {"A version that this end can speak: %s.", "รุ่นที่ฝ่ายนี้ใช้ได้: %s"},
                           "RFC 8446 section 4.2.1"},
    [ALPN] = {"tls.handshake.extensions_alpn_str",
              FIELD_TEXT,
              {"ALPN protocol", "โปรโตคอลใน ALPN"},
              {"The protocol to be spoken inside: %s.", "โปรโตคอลที่จะใช้ข้างใน: %s"},
              "RFC 7301 section 3.1"},
    [GROUP] = {"tls.handshake.extensions_supported_group",
               FIELD_HEX,
               {"Supported group", "กลุ่มที่รองรับ"},
               {"A kind of key agreement that this end can do: %s.", "วิธีตกลงกุญแจที่ฝ่ายนี้ทำได้: %s"},
               "RFC 8446 section 4.2.7"},
    [SIGNATURE] = {"tls.handshake.sig_hash_alg",
                   FIELD_HEX,
                   {"Signature algorithm", "ขั้นตอนวิธีลายเซ็น"},
                   {"A kind of signature that this end accepts: %s.", "วิธีลงลายเซ็นที่ฝ่ายนี้ยอมรับ: %s"},
                   "RFC 8446 section 4.2.3"},
    [KEY_SHARE_GROUP] = {"tls.handshake.extensions_key_share_group",
                         FIELD_UINT,
                         {"Key share group", "กลุ่มของส่วนแบ่งกุญแจ"},
                         {"This end sends its half of a key of the kind %s.",
                          "ฝ่ายนี้ส่งกุญแจครึ่งของตนชนิด %s"},
                         "RFC 8446 section 4.2.8"},
    [CERTIFICATE_LENGTH] =
        {
            "tls.handshake.certificate_length",
            FIELD_UINT,
            {"Certificate length", "ความยาวใบรับรอง"},
            {"The certificate takes %s octets.", "ใบรับรองยาว %s ออกเตต"},
            "RFC 8446 section 4.4.2",
        },
    [CERTIFICATE] = {"tls.handshake.certificate",
                     FIELD_OCTETS,
                     {"Certificate", "ใบรับรอง"},
                     {"The server's passport, signed by an authority: %s.",
                      "หนังสือรับรองของเซิร์ฟเวอร์ที่ลงนามโดยผู้ออกใบรับรอง: %s"},
                     "RFC 8446 section 4.4.2"},
    [ENCRYPTED] = {"enveloscope.tls.encrypted",
                   FIELD_NONE,
                   {"Encrypted handshake message", "ข้อความแฮนด์เชคที่เข้ารหัส"},
                   {"This step is encrypted already, or a piece of a longer one.",
                    "ขั้นตอนนี้เข้ารหัสลับแล้ว หรือเป็นชิ้นส่วนของขั้นตอนที่ยาวกว่า"},
                   "RFC 8446 section 5.2"},
    [APP_DATA] = {"tls.app_data",
                  FIELD_OCTETS,
                  {"Encrypted application data", "ข้อมูลโปรแกรมที่เข้ารหัส"},
                  {"What the programs say to each other, unreadable without the keys: %s.",
                   "สิ่งที่โปรแกรมพูดกัน ซึ่งอ่านไม่ได้ถ้าไม่มีกุญแจ: %s"},
                  "RFC 8446 section 5.2"},
    [OPENED] = {"tls.record.opaque_type",
                FIELD_UINT,
                {"Opaque type", "ชนิดที่ปรากฏภายนอก"},
                {"TLS 1.3 hides what a record is for: outside it says %s, the real type is sealed "
                 "with the contents.",
                 "TLS 1.3 ซ่อนชนิดของเรกคอร์ด ด้านนอกเขียนว่า %s ส่วนชนิดจริงถูกผนึกไว้กับเนื้อหา"},
                "RFC 8446 section 5.2"},
    [OPENED_APP] = {"enveloscope.tls.opened",
                    FIELD_UINT,
                    {"Decrypted application data", "ข้อมูลโปรแกรมที่ถอดรหัสแล้ว"},
                    {"The key log opened this record: %s octets were inside. Without it nobody on "
                     "the way can read them.",
                     "บันทึกกุญแจเปิดเรกคอร์ดนี้ได้ ข้างในมี %s ออกเตต "
                     "หากไม่มีบันทึกนี้ไม่มีใครระหว่างทางอ่านได้"},
                    "RFC 8446 section 5.2"},
    [BAD] = {"enveloscope.tls.bad",
             FIELD_NONE,
             {"A length leads out of the record", "ความยาวล้ำออกนอกเรกคอร์ด"},
             {"A length in this record is larger than the record, so the rest cannot be read.",
              "ความยาวในเรกคอร์ดนี้ใหญ่กว่าเรกคอร์ดเอง จึงอ่านส่วนที่เหลือไม่ได้"},
             "RFC 8446 section 6.2"},
};
FIELD_TABLE(tls_fields, defs);

/* Takes `n` octets off the front of *s; false, and *s stays, when there are fewer. */
static bool
take(struct slice *s, uint32_t n, struct slice *out)
{
  if (s->n < n)
    return false;
  *out = slice_cut(*s, n);
  *s = slice_skip(*s, n);
  return true;
}

/* Takes a vector with a length of `n_length` octets before it. */
static bool
take_vector(struct slice *s, uint32_t n_length, struct slice *length, struct slice *out)
{
  struct slice rest = *s;
  if (!take(&rest, n_length, length))
    return false;
  uint32_t n = n_length == 1   ? length->p[0]
               : n_length == 2 ? get_be16(length->p)
                               : get_be24(length->p);
  if (!take(&rest, n, out))
    return false;
  *s = rest;
  return true;
}

/* ---- extensions ---- */

/* A list of 16-bit numbers. */
static void
numbers_build(struct decode *d, unsigned def, struct slice list, const char *(*name)(uint16_t))
{
  struct slice one;
  while (take(&list, 2, &one))
    build_named(d, &defs[def], one, get_be16(one.p), name ? name(get_be16(one.p)) : NULL);
}

static void
server_name_build(struct decode *d, struct slice s)
{
  struct slice length, list, type, name;
  if (!take_vector(&s, 2, &length, &list))
    return;
  while (take(&list, 1, &type) && take_vector(&list, 2, &length, &name)) {
    if (type.p[0] != 0)
      continue;
    build_text(d, &defs[SNI], name, name.p, name.n);
    build_info(d, " (SNI=");
    build_info_text(d, name.p, name.n);
    build_info(d, ")");
  }
}

static void
key_share_build(struct decode *d, struct slice s, bool client)
{
  struct slice length, list, group, key;
  if (!client) {
    if (take(&s, 2, &group))
      build_named(d, &defs[KEY_SHARE_GROUP], group, get_be16(group.p),
                  tls_group_name(get_be16(group.p)));
    return;
  }
  if (!take_vector(&s, 2, &length, &list))
    return;
  while (take(&list, 2, &group) && take_vector(&list, 2, &length, &key))
    build_named(d, &defs[KEY_SHARE_GROUP], group, get_be16(group.p),
                tls_group_name(get_be16(group.p)));
}

static void
extension_build(struct decode *d, uint16_t type, struct slice s, bool client)
{
  struct slice length, list, one;
  switch (type) {
  case TLS_EXT_SERVER_NAME:
    server_name_build(d, s);
    break;
  case TLS_EXT_SUPPORTED_VERSIONS:
    if (!client)
      numbers_build(d, SUPPORTED_VERSION, s, tls_version_name);
    else if (take_vector(&s, 1, &length, &list))
      numbers_build(d, SUPPORTED_VERSION, list, tls_version_name);
    break;
  case TLS_EXT_SUPPORTED_GROUPS:
    if (take_vector(&s, 2, &length, &list))
      numbers_build(d, GROUP, list, tls_group_name);
    break;
  case TLS_EXT_SIGNATURE_ALGORITHMS:
    if (take_vector(&s, 2, &length, &list))
      numbers_build(d, SIGNATURE, list, NULL);
    break;
  case TLS_EXT_ALPN:
    if (take_vector(&s, 2, &length, &list))
      while (take_vector(&list, 1, &length, &one))
        build_text(d, &defs[ALPN], one, one.p, one.n);
    break;
  case TLS_EXT_KEY_SHARE:
    key_share_build(d, s, client);
    break;
  default:
    break;
  }
}

static bool
extensions_build(struct decode *d, struct slice s, bool client)
{
  struct slice length, list, type, body;
  if (s.n == 0)
    return true; /* old hellos have none */
  if (!take_vector(&s, 2, &length, &list))
    return false;
  build_number(d, &defs[EXTENSIONS_LENGTH], length, get_be16(length.p));
  while (list.n) {
    if (!take(&list, 2, &type) || !take_vector(&list, 2, &length, &body))
      return false;
    uint16_t number = get_be16(type.p);
    struct slice whole = type;
    whole.n = whole.wire = 4 + body.n;
    unsigned group =
        build_named(d, &defs[EXTENSION_TYPE], whole, number, tls_extension_name(number));
    build_open(d, group);
    build_number(d, &defs[EXTENSION_LEN], length, body.n);
    extension_build(d, number, body, client);
    build_close(d, group);
  }
  return true;
}

/* ---- handshake ---- */

static void
suite_build(struct decode *d, struct slice s)
{
  uint16_t suite = get_be16(s.p);
  build_named(d, &defs[SUITE], s, suite, tls_cipher_name(suite));
}

static bool
hello_build(struct decode *d, struct slice s, bool client)
{
  struct slice part, length, list, one;
  if (!take(&s, 2, &part))
    return false;
  build_named(d, &defs[HANDSHAKE_VERSION], part, get_be16(part.p),
              tls_version_name(get_be16(part.p)));
  if (!take(&s, TLS_RANDOM_OCTETS, &part))
    return false;
  build_octets(d, &defs[RANDOM], part);
  if (!take_vector(&s, 1, &length, &list))
    return false;
  build_number(d, &defs[SESSION_ID_LENGTH], length, length.p[0]);
  if (list.n)
    build_octets(d, &defs[SESSION_ID], list);
  if (!client) {
    if (!take(&s, 2, &part))
      return false;
    suite_build(d, part);
    if (!take(&s, 1, &part))
      return false;
    build_number(d, &defs[METHOD], part, part.p[0]);
    return extensions_build(d, s, false);
  }
  if (!take_vector(&s, 2, &length, &list))
    return false;
  build_number(d, &defs[SUITES_LENGTH], length, get_be16(length.p));
  while (take(&list, 2, &one))
    suite_build(d, one);
  if (!take_vector(&s, 1, &length, &list))
    return false;
  build_number(d, &defs[METHODS_LENGTH], length, length.p[0]);
  while (take(&list, 1, &one))
    build_number(d, &defs[METHOD], one, one.p[0]);
  return extensions_build(d, s, true);
}

/* The list of TLS 1.2 (RFC 5246 7.4.2); in 1.3 (RFC 8446 4.4.2) a context stands before it, and
 * each certificate has extensions. */
static bool
certificates_build(struct decode *d, struct slice s, bool is_13)
{
  struct slice length, list, one, extensions;
  if ((is_13 && !take_vector(&s, 1, &length, &one)) || !take_vector(&s, 3, &length, &list))
    return false;
  while (list.n) {
    if (!take_vector(&list, 3, &length, &one))
      return false;
    build_number(d, &defs[CERTIFICATE_LENGTH], length, one.n);
    build_octets(d, &defs[CERTIFICATE], one);
    if (is_13 && !take_vector(&list, 2, &length, &extensions))
      return false;
  }
  return true;
}

static void
info_word(struct decode *d, const char *word)
{
  GString *info = d->work->info;
  build_info(d, "%s%s", info->len && info->str[info->len - 1] != ' ' ? ", " : "", word);
}

/* Whether the messages in a handshake record fit it exactly: then they are in the clear and whole.
 */
static bool
fits(struct slice s)
{
  struct slice type, length, body;
  while (s.n) {
    if (!take(&s, 1, &type) || !tls_handshake_name(type.p[0]) ||
        !take_vector(&s, 3, &length, &body))
      return false;
  }
  return true;
}

/* `is_13`: the contents of a record of TLS 1.3 that was opened. */
static void
handshake_build(struct decode *d, struct slice s, bool is_13)
{
  if (!fits(s)) {
    build_none(d, &defs[ENCRYPTED], s);
    info_word(d, "Encrypted Handshake Message");
    return;
  }
  struct slice type, length, body;
  while (take(&s, 1, &type) && take_vector(&s, 3, &length, &body)) {
    struct slice whole = type;
    whole.n = whole.wire = 4 + body.n;
    const char *name = tls_handshake_name(type.p[0]);
    unsigned group = build_none(d, &defs[HANDSHAKE], whole);
    build_open(d, group);
    build_named(d, &defs[HANDSHAKE_TYPE], type, type.p[0], name);
    build_number(d, &defs[HANDSHAKE_LENGTH], length, body.n);
    info_word(d, name);
    bool fine = true;
    if (type.p[0] == TLS_CLIENT_HELLO || type.p[0] == TLS_SERVER_HELLO)
      fine = hello_build(d, body, type.p[0] == TLS_CLIENT_HELLO);
    else if (type.p[0] == TLS_CERTIFICATE)
      fine = certificates_build(d, body, is_13);
    else if (type.p[0] == TLS_ENCRYPTED_EXTENSIONS)
      fine = extensions_build(d, body, false);
    if (!fine)
      build_flag(d, build_none(d, &defs[BAD], body), FIELD_FLAG_ODD);
    build_close(d, group);
  }
}

static void
alert_build(struct decode *d, struct slice s)
{
  unsigned group = build_none(d, &defs[ALERT], s);
  build_open(d, group);
  const char *name = s.n == 2 ? tls_alert_name(s.p[1]) : NULL;
  if (s.n == 2 && s.p[0] <= 2) {
    build_named(d, &defs[ALERT_LEVEL], slice_cut(s, 1), s.p[0], s.p[0] == 1 ? "Warning" : "Fatal");
    build_named(d, &defs[ALERT_DESC], slice_skip(s, 1), s.p[1], name);
    info_word(d, "Alert");
    build_info(d, " (%s)", name ? name : "?");
  } else {
    info_word(d, "Encrypted Alert");
  }
  build_close(d, group);
}

enum { BODY_OPENED = -1 };

/* What the record held: its contents are a source of their own, application data apart, which the
 * protocol inside reads. */
static void
opened_build(struct decode *d, struct slice body, const struct trace_plain *plain, bool is_13)
{
  struct decode_work *w = d->work;
  build_octets(d, &defs[APP_DATA], body);
  if (plain->type == TLS_APPLICATION_DATA) {
    w->n_records_opened++;
    build_generated(d, build_number(d, &defs[OPENED_APP], slice_none(body), plain->n_octets));
    return;
  }
  struct trace_piece piece = {
      .n_octets = plain->n_octets, .frame = d->frame, .frame_offset = TRACE_NONE};
  g_byte_array_set_size(w->octets, 0);
  g_byte_array_append(w->octets, plain->octets, plain->n_octets);
  g_array_set_size(w->pieces, 0);
  g_array_append_val(w->pieces, piece);
  uint8_t source = build_source(d, SOURCE_OPENED, w->octets, w->pieces);
  struct slice inside = build_source_slice(d, source);
  if (source && plain->type == TLS_HANDSHAKE)
    handshake_build(d, inside, is_13);
  else if (source && plain->type == TLS_ALERT)
    alert_build(d, inside);
}

void
tls_element(struct decode *d, const struct element *e, struct slice s)
{
  struct tls_record r;
  struct trace_plain plain;
  if (!tls_record_get(s.p, s.n, &r))
    return;
  bool is_opened = trace_plain(d->trace, e, &plain);
  uint8_t type = is_opened ? plain.type : r.type;
  const char *content = tls_content_name(type), *version = tls_version_name(r.version),
             *agreed = e->code >> 8 ? tls_version_name((uint16_t)(0x0300 | e->code >> 8)) : NULL;
  if (agreed ? agreed : version)
    build_summary_protocol(d, agreed ? agreed : version);
  unsigned group = build_none(d, &defs[RECORD], s);
  build_open(d, group);
  build_named(d, &defs[CONTENT_TYPE], slice_cut(s, 1), type, content);
  if (is_opened && e->code >> 8 == TLS_MINOR_13)
    build_named(d, &defs[OPENED], slice_cut(s, 1), r.type, tls_content_name(r.type));
  build_named(d, &defs[RECORD_VERSION], slice_cut(slice_skip(s, 1), 2), r.version, version);
  build_number(d, &defs[RECORD_LENGTH], slice_cut(slice_skip(s, 3), 2), r.n_octets);
  struct slice body = slice_cut(slice_skip(s, TLS_RECORD_HEADER_OCTETS), r.n_octets);
  switch (is_opened ? BODY_OPENED : (int)r.type) {
  case BODY_OPENED:
    opened_build(d, body, &plain, e->code >> 8 == TLS_MINOR_13);
    break;
  case TLS_HANDSHAKE:
    handshake_build(d, body, false);
    break;
  case TLS_ALERT:
    alert_build(d, body);
    break;
  case TLS_CHANGE_CIPHER_SPEC:
    build_none(d, &defs[CHANGE_CIPHER_SPEC], body);
    info_word(d, "Change Cipher Spec");
    break;
  default:
    build_octets(d, &defs[APP_DATA], body);
    info_word(d, content ? content : "TLS");
  }
  build_close(d, group);
}
