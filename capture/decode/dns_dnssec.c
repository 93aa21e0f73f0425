/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_dnssec.c -- the records with which zones are signed: DS, RRSIG, NSEC, NSEC3, NSEC3PARAM and
 * DNSKEY, and CDS and CDNSKEY that look like them (RFC 4034, 5011, 5155, 7344). Signatures are
 * shown and not checked. */
#include "capture/decode/dns_dnssec.h"

#include "capture/decode/dns_field.h"

/* clang-format off */
enum {
  DS_KEY, DS_ALGORITHM, DS_DIGEST_TYPE, DS_DIGEST, SIG_TYPE, SIG_ALGORITHM, SIG_LABELS, SIG_TTL, SIG_EXPIRES, SIG_BEGINS, SIG_TAG, SIG_SIGNER, SIG_OCTETS, NSEC_NEXT, HASH_ALGORITHM, HASH_FLAGS, HASH_OPT_OUT, HASH_ITERATIONS, SALT_LENGTH, SALT, HASH_LENGTH, HASH_NEXT, WINDOW, WINDOW_OCTETS, TYPE_THERE, KEY_FLAGS, KEY_ZONE, KEY_REVOKED, KEY_ENTRY, KEY_RESERVED, KEY_PROTOCOL, KEY_ALGORITHM, KEY_ID, KEY_OCTETS
};
/* clang-format on */

static const struct field_def defs[] = {
    [DS_KEY] = {"dns.ds.key_id",
                FIELD_HEX,
                {"Key id", "หมายเลขกุญแจ"},
                {"The fingerprint is that of the key with the number %s in the zone below.",
                 "ลายนิ้วมือนี้เป็นของกุญแจหมายเลข %s ในโซนย่อย"},
                "RFC 4034 section 5.1.1"},
    [DS_ALGORITHM] = {"dns.ds.algorithm",
                      FIELD_UINT,
                      {"Algorithm", "อัลกอริทึม"},
                      {"That key signs with %s.", "กุญแจนั้นเซ็นด้วย %s"},
                      "RFC 4034 section 5.1.2"},
    [DS_DIGEST_TYPE] = {"dns.ds.digest_type",
                        FIELD_UINT,
                        {"Digest type", "ชนิดของค่าย่อย"},
                        {"The fingerprint was made with %s.", "ลายนิ้วมือสร้างด้วย %s"},
                        "RFC 4034 section 5.1.3"},
    [DS_DIGEST] = {"dns.ds.digest",
                   FIELD_OCTETS,
                   {"Digest", "ค่าย่อย"},
                   {"The zone above vouches for the key that has this fingerprint: %s.",
                    "โซนแม่รับรองกุญแจที่มีลายนิ้วมือนี้: %s"},
                   "RFC 4034 section 5.1.4"},
    [SIG_TYPE] = {"dns.rrsig.type_covered",
                  FIELD_UINT,
                  {"Type covered", "ชนิดที่เซ็น"},
                  {"The records of the type %s are signed.", "ระเบียนชนิด %s ถูกเซ็นไว้"},
                  "RFC 4034 section 3.1.1"},
    [SIG_ALGORITHM] = {"dns.rrsig.algorithm",
                       FIELD_UINT,
                       {"Algorithm", "อัลกอริทึม"},
                       {"They are signed with %s.", "เซ็นด้วย %s"},
                       "RFC 4034 section 3.1.2"},
    [SIG_LABELS] = {"dns.rrsig.labels",
                    FIELD_UINT,
                    {"Labels", "จำนวนส่วนของชื่อ"},
                    {"The name has %s labels; with fewer than it shows, a wildcard was meant.",
                     "ชื่อนี้มี %s ส่วน ถ้าน้อยกว่าที่เห็นแสดงว่ามาจากไวลด์การ์ด"},
                    "RFC 4034 section 3.1.3"},
    [SIG_TTL] = {"dns.rrsig.original_ttl",
                 FIELD_UINT,
                 {"Original TTL", "อายุเดิม"},
                 {"The signed records may be remembered for %s seconds in the first place; memory "
                  "counts down.",
                  "ระเบียนที่เซ็นจำได้นาน %s วินาทีแต่แรก ส่วนที่จำไว้จะนับถอยหลัง"},
                 "RFC 4034 section 3.1.4"},
    [SIG_EXPIRES] = {"dns.rrsig.signature_expiration",
                     FIELD_TIME,
                     {"Signature expiration", "วันหมดอายุลายเซ็น"},
                     {"The signature holds until %s.", "ลายเซ็นใช้ได้ถึง %s"},
                     "RFC 4034 section 3.1.5"},
    [SIG_BEGINS] = {"dns.rrsig.signature_inception",
                    FIELD_TIME,
                    {"Signature inception", "วันเริ่มลายเซ็น"},
                    {"The signature holds from %s on.", "ลายเซ็นใช้ได้ตั้งแต่ %s"},
                    "RFC 4034 section 3.1.5"},
    [SIG_TAG] = {"dns.rrsig.key_tag",
                 FIELD_UINT,
                 {"Key tag", "หมายเลขกุญแจ"},
                 {"The key with the number %s made it.", "กุญแจหมายเลข %s เป็นผู้เซ็น"},
                 "RFC 4034 section 3.1.6"},
    [SIG_SIGNER] = {"dns.rrsig.signers_name",
                    FIELD_TEXT,
                    {"Signer's name", "ชื่อผู้เซ็น"},
                    {"The zone %s signed the records.", "โซน %s เป็นผู้เซ็นระเบียน"},
                    "RFC 4034 section 3.1.7"},
    [SIG_OCTETS] = {"dns.rrsig.signature",
                    FIELD_OCTETS,
                    {"Signature", "ลายเซ็น"},
                    {"Only who has the private key can make these octets: %s.",
                     "ผู้ที่มีกุญแจส่วนตัวเท่านั้นที่สร้างออกเตตเหล่านี้ได้: %s"},
                    "RFC 4034 section 3.1.8"},
    [NSEC_NEXT] = {"dns.nsec.next_domain_name",
                   FIELD_TEXT,
                   {"Next domain name", "ชื่อถัดไป"},
                   {"In the order of names nothing lies between the owner and %s; so it is proved "
                    "that a name does not exist.",
                    "ตามลำดับชื่อ ไม่มีชื่อใดอยู่ระหว่างเจ้าของระเบียนกับ %s จึงพิสูจน์ได้ว่าไม่มีชื่อนั้น"},
                   "RFC 4034 section 4.1.1"},
    [HASH_ALGORITHM] = {"dns.nsec3.algo",
                        FIELD_UINT,
                        {"Hash algorithm", "อัลกอริทึมแฮช"},
                        {"Names are hashed with %s, so that the zone cannot simply be listed.",
                         "ชื่อถูกแฮชด้วย %s เพื่อไม่ให้ไล่อ่านชื่อทั้งโซนได้ง่าย"},
                        "RFC 5155 section 3.1.1"},
    [HASH_FLAGS] = {"dns.nsec3.flags",
                    FIELD_UINT,
                    {"NSEC3 flags", "แฟล็กของ NSEC3"},
                    {"Bits of the record: %s.", "บิตของระเบียน: %s"},
                    "RFC 5155 section 3.1.2"},
    [HASH_OPT_OUT] = {"dns.nsec3.flags.opt_out",
                      FIELD_BOOL,
                      {"Opt-out", "ข้ามได้ (opt-out)"},
                      {"Whether delegations without signatures may lie in the gap: %s.",
                       "ในช่วงนี้อาจมีการมอบโซนที่ไม่มีลายเซ็นหรือไม่: %s"},
                      "RFC 5155 section 3.1.2.1"},
    [HASH_ITERATIONS] = {"dns.nsec3.iterations",
                         FIELD_UINT,
                         {"Iterations", "จำนวนรอบ"},
                         {"The hash was made %s times more than once.", "ทำแฮชซ้ำเพิ่มอีก %s รอบ"},
                         "RFC 5155 section 3.1.3"},
    [SALT_LENGTH] = {"dns.nsec3.salt_length",
                     FIELD_UINT,
                     {"Salt length", "ความยาวเกลือ"},
                     {"The salt has %s octets.", "เกลือยาว %s ออกเตต"},
                     "RFC 5155 section 3.1.4"},
    [SALT] = {"dns.nsec3.salt_value",
              FIELD_OCTETS,
              {"Salt", "เกลือ"},
              {"What is mixed into each name before it is hashed: %s.",
               "ค่าที่ผสมกับแต่ละชื่อก่อนทำแฮช: %s"},
              "RFC 5155 section 3.1.5"},
    [HASH_LENGTH] = {"dns.nsec3.hash_length",
                     FIELD_UINT,
                     {"Hash length", "ความยาวแฮช"},
                     {"The hash has %s octets.", "แฮชยาว %s ออกเตต"},
                     "RFC 5155 section 3.1.6"},
    [HASH_NEXT] = {"dns.nsec3.hash_value",
                   FIELD_TEXT,
                   {"Next hashed owner", "แฮชของชื่อถัดไป"},
                   {"In the order of hashes nothing lies between the owner and %s.",
                    "ตามลำดับแฮช ไม่มีชื่อใดอยู่ระหว่างเจ้าของระเบียนกับ %s"},
                   "RFC 5155 section 3.1.7"},
    [WINDOW] = {"enveloscope.dns.types.window",
                FIELD_UINT,
                {"Window", "ช่วงชนิด"},
                {"Types are counted in windows of 256; this is window %s.",
                 "ชนิดนับเป็นช่วงละ 256 นี่คือช่วงที่ %s"},
                "RFC 4034 section 4.1.2"},
    [WINDOW_OCTETS] = {"enveloscope.dns.types.length",
                       FIELD_UINT,
                       {"Octets of the bitmap", "ออกเตตของบิตแมป"},
                       {"%s octets follow, one bit for each type.", "มี %s ออกเตตตามมา บิตละหนึ่งชนิด"},
                       "RFC 4034 section 4.1.2"},
    [TYPE_THERE] = {"enveloscope.dns.types.type",
                    FIELD_UINT,
                    {"Type that exists", "ชนิดที่มี"},
                    {"The owner has records of the type %s.", "เจ้าของชื่อมีระเบียนชนิด %s"},
                    "RFC 4034 section 4.1.2"},
    [KEY_FLAGS] = {"dns.dnskey.flags",
                   FIELD_HEX,
                   {"Flags", "แฟล็ก"},
                   {"Bits that say what the key is for: %s.", "บิตที่บอกว่ากุญแจมีไว้ทำอะไร: %s"},
                   "RFC 4034 section 2.1.1"},
    [KEY_ZONE] = {"dns.dnskey.flags.zone_key",
                  FIELD_BOOL,
                  {"Zone key", "กุญแจของโซน"},
                  {"Whether the key signs records of the zone: %s.",
                   "กุญแจนี้ใช้เซ็นระเบียนของโซนหรือไม่: %s"},
                  "RFC 4034 section 2.1.1"},
    [KEY_REVOKED] = {"dns.dnskey.flags.key_revoked",
                     FIELD_BOOL,
                     {"Key revoked", "กุญแจถูกเพิกถอน"},
                     {"Whether the key must no longer be trusted: %s.",
                      "ต้องเลิกเชื่อถือกุญแจนี้หรือไม่: %s"},
                     "RFC 5011 section 2.1"},
    [KEY_ENTRY] = {"dns.dnskey.flags.secure_entry_point",
                   FIELD_BOOL,
                   {"Secure entry point", "จุดเริ่มต้นที่เชื่อถือ"},
                   {"Whether the zone above vouches for this key, which signs the others: %s.",
                    "โซนแม่รับรองกุญแจนี้ซึ่งใช้เซ็นกุญแจอื่นหรือไม่: %s"},
                   "RFC 4034 section 2.1.1"},
    [KEY_RESERVED] = {"dns.dnskey.flags.reserved",
                      FIELD_HEX,
                      {"Reserved", "สงวนไว้"},
                      {"These bits have no meaning yet and are zero: %s.",
                       "บิตเหล่านี้ยังไม่มีความหมายและเป็นศูนย์: %s"},
                      "RFC 4034 section 2.1.1"},
    [KEY_PROTOCOL] = {"dns.dnskey.protocol",
                      FIELD_UINT,
                      {"Protocol", "โปรโตคอล"},
                      {"It is always 3, for DNSSEC: %s.", "มีค่าเป็น 3 เสมอ คือ DNSSEC: %s"},
                      "RFC 4034 section 2.1.2"},
    [KEY_ALGORITHM] = {"dns.dnskey.algorithm",
                       FIELD_UINT,
                       {"Algorithm", "อัลกอริทึม"},
                       {"The key signs with %s.", "กุญแจนี้เซ็นด้วย %s"},
                       "RFC 4034 section 2.1.3"},
    [KEY_ID] =
        {"dns.dnskey.key_id",
         FIELD_UINT,
         {"Key id", "หมายเลขกุญแจ"},
         {"Signatures and fingerprints name this key by the number %s, a sum over its octets.",
          "ลายเซ็นและลายนิ้วมือเรียกกุญแจนี้ด้วยหมายเลข %s ซึ่งเป็นผลรวมของออกเตตทั้งหมด"},
         "RFC 4034 appendix B"},
    [KEY_OCTETS] = {"dns.dnskey.public_key",
                    FIELD_OCTETS,
                    {"Public key", "กุญแจสาธารณะ"},
                    {"With this anybody can check the zone's signatures: %s.",
                     "ใคร ๆ ก็ใช้กุญแจนี้ตรวจลายเซ็นของโซนได้: %s"},
                    "RFC 4034 section 2.1.4"},
};
FIELD_TABLE(dns_dnssec_fields, defs);

enum {
  DS = 43,
  RRSIG = 46,
  NSEC = 47,
  DNSKEY = 48,
  NSEC3 = 50,
  NSEC3PARAM = 51,
  CDS = 59,
  CDNSKEY = 60
};

static const struct wire_name algorithms[] = {
    {1, "RSA/MD5"},
    {3, "DSA/SHA-1"},
    {5, "RSA/SHA-1"},
    {6, "DSA-NSEC3-SHA-1"},
    {7, "RSASHA1-NSEC3-SHA-1"},
    {8, "RSA/SHA-256"},
    {10, "RSA/SHA-512"},
    {12, "GOST R 34.10-2001"},
    {13, "ECDSA P-256 with SHA-256"},
    {14, "ECDSA P-384 with SHA-384"},
    {15, "Ed25519"},
    {16, "Ed448"},
};

static const struct wire_name digests[] = {
    {1, "SHA-1"}, {2, "SHA-256"}, {3, "GOST R 34.11-94"}, {4, "SHA-384"}};

static const struct wire_name hashes[] = {{1, "SHA-1"}};

static struct slice
part(struct slice s, size_t at, size_t n)
{
  return slice_cut(slice_skip(s, (uint32_t)at), (uint32_t)n);
}

static bool
ds_build(struct decode *d, struct slice s)
{
  if (s.n < 4)
    return false;
  build_number(d, &defs[DS_KEY], part(s, 0, 2), get_be16(s.p));
  build_named(d, &defs[DS_ALGORITHM], part(s, 2, 1), s.p[2], WIRE_NAME(algorithms, s.p[2]));
  build_named(d, &defs[DS_DIGEST_TYPE], part(s, 3, 1), s.p[3], WIRE_NAME(digests, s.p[3]));
  if (s.n > 4)
    build_octets(d, &defs[DS_DIGEST], slice_skip(s, 4));
  return true;
}

/* A name in `message` at *at, before `end`; *at moves behind it. */
static bool
name_build(struct decode *d, unsigned def, struct slice message, size_t *at, size_t end)
{
  char name[DNS_NAME_TEXT_MAX];
  size_t n = *at < end ? dns_name_get(message.p, message.n, *at, name) : 0;
  if (n == 0 || *at + n > end)
    return false;
  build_string(d, &defs[def], part(message, *at, n), name[0] ? name : "<Root>");
  *at += n;
  return true;
}

static void
time_build(struct decode *d, unsigned def, struct slice s)
{
  build_number(d, &defs[def], s, get_be32(s.p) * UINT64_C(1000000000));
}

static bool
rrsig_build(struct decode *d, struct slice message, struct slice s, size_t at, size_t end)
{
  if (s.n < 18)
    return false;
  uint16_t type = get_be16(s.p);
  build_named(d, &defs[SIG_TYPE], part(s, 0, 2), type, dns_type_name(type));
  build_named(d, &defs[SIG_ALGORITHM], part(s, 2, 1), s.p[2], WIRE_NAME(algorithms, s.p[2]));
  build_number(d, &defs[SIG_LABELS], part(s, 3, 1), s.p[3]);
  build_number(d, &defs[SIG_TTL], part(s, 4, 4), get_be32(s.p + 4));
  time_build(d, SIG_EXPIRES, part(s, 8, 4));
  time_build(d, SIG_BEGINS, part(s, 12, 4));
  build_number(d, &defs[SIG_TAG], part(s, 16, 2), get_be16(s.p + 16));
  at += 18;
  if (!name_build(d, SIG_SIGNER, message, &at, end))
    return false;
  if (at < end)
    build_octets(d, &defs[SIG_OCTETS], part(message, at, end - at));
  return true;
}

/* Windows of 256 types, of which each has a bit (RFC 4034 section 4.1.2). */
static bool
types_build(struct decode *d, struct slice s)
{
  while (s.n >= 2) {
    uint32_t n = s.p[1];
    struct slice bits = part(s, 2, n);
    if (n == 0 || n > 32 || bits.n < n)
      return false;
    build_number(d, &defs[WINDOW], part(s, 0, 1), s.p[0]);
    build_number(d, &defs[WINDOW_OCTETS], part(s, 1, 1), n);
    for (uint32_t bit = 0; bit < 8 * n; bit++) {
      if (!(bits.p[bit / 8] & 0x80 >> bit % 8))
        continue;
      uint16_t type = (uint16_t)(s.p[0] << 8 | bit);
      build_named(d, &defs[TYPE_THERE], part(bits, bit / 8, 1), type, dns_type_name(type));
      build_hidden(d, &dns_defs[RESP_TYPE], part(bits, bit / 8, 1), type); /* as Wireshark */
    }
    s = slice_skip(s, 2 + n);
  }
  return s.n == 0;
}

/* Digits of base 32 in the order of their values, without padding (RFC 4648 section 7). */
static void
base32_build(struct decode *d, unsigned def, struct slice s)
{
  char text[8 * 255 / 5 + 2];
  unsigned n = 0, n_bits = 0;
  uint32_t bits = 0;
  for (uint32_t i = 0; i < s.n; i++) {
    bits = bits << 8 | s.p[i];
    for (n_bits += 8; n_bits >= 5; n_bits -= 5)
      text[n++] = "0123456789abcdefghijklmnopqrstuv"[bits >> (n_bits - 5) & 31];
    bits &= 0xff;
  }
  if (n_bits)
    text[n++] = "0123456789abcdefghijklmnopqrstuv"[bits << (5 - n_bits) & 31];
  build_text(d, &defs[def], s, text, n);
}

/* NSEC3, and NSEC3PARAM that ends behind the salt. */
static bool
nsec3_build(struct decode *d, struct slice s, bool param)
{
  if (s.n < 5 || s.n < 5u + s.p[4])
    return false;
  uint32_t n_salt = s.p[4];
  build_named(d, &defs[HASH_ALGORITHM], part(s, 0, 1), s.p[0], WIRE_NAME(hashes, s.p[0]));
  unsigned group = build_number(d, &defs[HASH_FLAGS], part(s, 1, 1), s.p[1]);
  build_open(d, group);
  if (!param)
    build_number(d, &defs[HASH_OPT_OUT], part(s, 1, 1), s.p[1] & 1);
  build_close(d, group);
  build_number(d, &defs[HASH_ITERATIONS], part(s, 2, 2), get_be16(s.p + 2));
  build_number(d, &defs[SALT_LENGTH], part(s, 4, 1), n_salt);
  if (n_salt)
    build_octets(d, &defs[SALT], part(s, 5, n_salt));
  s = slice_skip(s, 5 + n_salt);
  if (param)
    return s.n == 0;
  if (s.n < 1 || s.n < 1u + s.p[0])
    return false;
  build_number(d, &defs[HASH_LENGTH], part(s, 0, 1), s.p[0]);
  base32_build(d, HASH_NEXT, part(s, 1, s.p[0]));
  return types_build(d, slice_skip(s, 1u + s.p[0]));
}

/* RFC 4034 appendix B; for algorithm 1 two octets of the modulus (B.1). */
static uint16_t
key_id(struct slice s)
{
  if (s.p[3] == 1)
    return s.n >= 7 ? get_be16(s.p + s.n - 3) : 0;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < s.n; i++)
    sum += i & 1 ? s.p[i] : (uint32_t)s.p[i] << 8;
  return (uint16_t)(sum + (sum >> 16));
}

static bool
dnskey_build(struct decode *d, struct slice s)
{
  if (s.n < 4)
    return false;
  struct slice flags = part(s, 0, 2);
  uint16_t bits = get_be16(s.p);
  unsigned group = build_number(d, &defs[KEY_FLAGS], flags, bits);
  build_open(d, group);
  build_number(d, &defs[KEY_ZONE], part(s, 0, 1), bits >> 8 & 1);
  build_number(d, &defs[KEY_REVOKED], part(s, 1, 1), bits >> 7 & 1);
  build_number(d, &defs[KEY_ENTRY], part(s, 1, 1), bits & 1);
  build_number(d, &defs[KEY_RESERVED], flags, bits & 0xfe7e);
  build_close(d, group);
  build_number(d, &defs[KEY_PROTOCOL], part(s, 2, 1), s.p[2]);
  build_named(d, &defs[KEY_ALGORITHM], part(s, 3, 1), s.p[3], WIRE_NAME(algorithms, s.p[3]));
  build_generated(d, build_number(d, &defs[KEY_ID], slice_none(s), key_id(s)));
  if (s.n > 4)
    build_octets(d, &defs[KEY_OCTETS], slice_skip(s, 4));
  return true;
}

bool
dnssec_has_type(uint16_t type)
{
  return type == DS || type == CDS || type == RRSIG || type == NSEC || type == NSEC3 ||
         type == NSEC3PARAM || type == DNSKEY || type == CDNSKEY;
}

bool
dnssec_build(struct decode *d, struct slice message, const struct dns_record *r)
{
  size_t at = r->data_at, end = r->data_at + r->data_octets;
  struct slice data = part(message, at, r->data_octets);
  switch (r->type) {
  case DS:
  case CDS:
    return ds_build(d, data);
  case RRSIG:
    return rrsig_build(d, message, data, at, end);
  case NSEC:
    return name_build(d, NSEC_NEXT, message, &at, end) &&
           types_build(d, part(message, at, end - at));
  case NSEC3:
  case NSEC3PARAM:
    return nsec3_build(d, data, r->type == NSEC3PARAM);
  case DNSKEY:
  case CDNSKEY:
    return dnskey_build(d, data);
  default:
    return true;
  }
}
