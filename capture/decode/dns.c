/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns.c -- questions for names and the answers, RFC 1035, as fields and as one line.
 *
 *     header 12 | question ... | answers ... | authorities ... | additionals ... |
 *
 * Names are followed through their pointers by capture/wire/dns.c, which ends on every loop; a
 * message that breaks off is shown up to there. Question and answer find each other by their
 * identifier among the neighbours in their flow. Not here: contents of DNSSEC records and EDNS
 * options. */
#include "capture/decode/build.h"

#include "capture/wire/dns.h"
#include "capture/wire/frame.h"

enum {
  DNS,
  LENGTH,
  ID,
  FLAGS,
  FLAGS_RESPONSE,
  FLAGS_OPCODE,
  FLAGS_AUTHORITATIVE,
  FLAGS_TRUNCATED,
  FLAGS_RECDESIRED,
  FLAGS_RECAVAIL,
  FLAGS_Z,
  FLAGS_AUTHENTICATED,
  FLAGS_CHECKDISABLE,
  FLAGS_RCODE,
  COUNT_QUERIES,
  COUNT_ANSWERS,
  COUNT_AUTH,
  COUNT_ADD,
  QUERIES,
  QUERY,
  QRY_NAME,
  QRY_NAME_LEN,
  COUNT_LABELS,
  QRY_TYPE,
  QRY_CLASS,
  ANSWERS,
  AUTHORITIES,
  ADDITIONALS,
  RECORD,
  RESP_NAME,
  RESP_TYPE,
  RESP_CLASS,
  RESP_TTL,
  RESP_LEN,
  UDP_SIZE,
  EXT_RCODE,
  EDNS_VERSION,
  OPT_Z,
  OPT_Z_DO,
  OPT_Z_RESERVED,
  A,
  AAAA,
  CNAME,
  NS,
  PTR,
  MX_PREFERENCE,
  MX_EXCHANGE,
  TXT_LENGTH,
  TXT,
  SOA_MNAME,
  SOA_RNAME,
  SOA_SERIAL,
  SOA_REFRESH,
  SOA_RETRY,
  SOA_EXPIRE,
  SOA_MINIMUM,
  SRV_PRIORITY,
  SRV_WEIGHT,
  SRV_PORT,
  SRV_TARGET,
  TLSA_USAGE,
  TLSA_SELECTOR,
  TLSA_MATCHING,
  TLSA_DATA,
  DATA,
  RESPONSE_IN,
  RESPONSE_TO,
  TIME,
  BAD,
};

static const struct field_def defs[] = {
    [DNS] =
        {"dns",
         FIELD_PROTOCOL,
         "Domain Name System",
         {"DNS is the telephone book of the Internet: it turns names into addresses and says which "
          "machine takes mail for a domain.",
          "DNS คือสมุดโทรศัพท์ของอินเทอร์เน็ต แปลงชื่อเป็นที่อยู่ และบอกว่าเครื่องใดรับจดหมายของโดเมน"}},
    [LENGTH] = {"dns.length",
                FIELD_UINT,
                "Length",
                {"Over TCP every message is preceded by its length: %s octets.",
                 "เมื่อส่งผ่าน TCP แต่ละข้อความมีความยาวนำหน้า: %s ออกเตต"}},
    [ID] = {"dns.id",
            FIELD_HEX,
            "Transaction ID",
            {"The answer repeats the number %s of its question, so that the two find each other.",
             "คำตอบใช้หมายเลข %s เดียวกับคำถาม เพื่อให้จับคู่กันได้"}},
    [FLAGS] = {"dns.flags",
               FIELD_HEX,
               "Flags",
               {"Bits that say what kind of message this is and how the question went: %s.",
                "บิตที่บอกว่านี่เป็นข้อความชนิดใดและผลของคำถามเป็นอย่างไร: %s"}},
    [FLAGS_RESPONSE] = {"dns.flags.response",
                        FIELD_BOOL,
                        "Response",
                        {"Whether this is an answer; otherwise it is a question: %s.",
                         "เป็นคำตอบหรือไม่ ถ้าไม่ใช่ก็เป็นคำถาม: %s"}},
    [FLAGS_OPCODE] = {"dns.flags.opcode",
                      FIELD_UINT,
                      "Opcode",
                      {"What is asked for: %s.", "สิ่งที่ร้องขอ: %s"}},
    [FLAGS_AUTHORITATIVE] =
        {"dns.flags.authoritative",
         FIELD_BOOL,
         "Authoritative",
         {"Whether the answering server is in charge of this domain itself: %s.",
          "เซิร์ฟเวอร์ที่ตอบดูแลโดเมนนี้เองหรือไม่: %s"}},
    [FLAGS_TRUNCATED] =
        {"dns.flags.truncated",
         FIELD_BOOL,
         "Truncated",
         {"Whether the answer was too long and has to be asked for again over TCP: %s.",
          "คำตอบยาวเกินไปจนต้องถามใหม่ผ่าน TCP หรือไม่: %s"}},
    [FLAGS_RECDESIRED] = {"dns.flags.recdesired",
                          FIELD_BOOL,
                          "Recursion desired",
                          {"Whether the asker wants the server to ask other servers for it: %s.",
                           "ผู้ถามต้องการให้เซิร์ฟเวอร์ไปถามเซิร์ฟเวอร์อื่นให้หรือไม่: %s"}},
    [FLAGS_RECAVAIL] = {"dns.flags.recavail",
                        FIELD_BOOL,
                        "Recursion available",
                        {"Whether this server asks other servers on request: %s.",
                         "เซิร์ฟเวอร์นี้รับถามเซิร์ฟเวอร์อื่นให้หรือไม่: %s"}},
    [FLAGS_Z] = {"dns.flags.z",
                 FIELD_BOOL,
                 "Z",
                 {"This bit has no meaning and should not be set: %s.",
                  "บิตนี้ไม่มีความหมายและไม่ควรตั้งไว้: %s"}},
    [FLAGS_AUTHENTICATED] = {"dns.flags.authenticated",
                             FIELD_BOOL,
                             "Answer authenticated",
                             {"Whether the server has checked the signatures of the answer: %s.",
                              "เซิร์ฟเวอร์ตรวจลายเซ็นของคำตอบแล้วหรือไม่: %s"}},
    [FLAGS_CHECKDISABLE] =
        {"dns.flags.checkdisable",
         FIELD_BOOL,
         "Non-authenticated data acceptable",
         {"Whether the asker takes answers whose signatures were not checked: %s.",
          "ผู้ถามยอมรับคำตอบที่ยังไม่ได้ตรวจลายเซ็นหรือไม่: %s"}},
    [FLAGS_RCODE] = {"dns.flags.rcode",
                     FIELD_UINT,
                     "Reply code",
                     {"How the question went: %s.", "ผลของคำถาม: %s"}},
    [COUNT_QUERIES] = {"dns.count.queries",
                       FIELD_UINT,
                       "Questions",
                       {"The message holds %s questions.", "ข้อความนี้มีคำถาม %s ข้อ"}},
    [COUNT_ANSWERS] = {"dns.count.answers",
                       FIELD_UINT,
                       "Answer records",
                       {"The message holds %s answers.", "ข้อความนี้มีคำตอบ %s รายการ"}},
    [COUNT_AUTH] = {"dns.count.auth_rr",
                    FIELD_UINT,
                    "Authority records",
                    {"%s records name the servers in charge.", "มี %s รายการที่ระบุเซิร์ฟเวอร์ผู้ดูแล"}},
    [COUNT_ADD] = {"dns.count.add_rr",
                   FIELD_UINT,
                   "Additional records",
                   {"%s records were added because they may be asked for next.",
                    "มี %s รายการที่เพิ่มมาให้เพราะอาจถูกถามเป็นลำดับถัดไป"}},
    [QUERIES] = {"enveloscope.dns.queries", FIELD_NONE, "Questions", {"What is asked.", "สิ่งที่ถาม"}},
    [QUERY] = {"enveloscope.dns.query",
               FIELD_TEXT,
               "Question",
               {"One question: %s.", "คำถามหนึ่งข้อ: %s"}},
    [QRY_NAME] = {"dns.qry.name",
                  FIELD_TEXT,
                  "Name",
                  {"The name that is asked about is %s.", "ชื่อที่ถามถึงคือ %s"}},
    [QRY_NAME_LEN] = {"dns.qry.name.len",
                      FIELD_UINT,
                      "Name length",
                      {"The name has %s characters.", "ชื่อนี้มี %s อักขระ"}},
    [COUNT_LABELS] = {"dns.count.labels",
                      FIELD_UINT,
                      "Label count",
                      {"The name consists of %s parts between dots.",
                       "ชื่อนี้ประกอบด้วย %s ส่วนที่คั่นด้วยจุด"}},
    [QRY_TYPE] =
        {"dns.qry.type",
         FIELD_UINT,
         "Type",
         {"What is wanted: %s. A asks for an IPv4 address, MX for the mail servers of a domain.",
          "สิ่งที่ต้องการคือ %s โดย A ถามหาที่อยู่ IPv4 และ MX ถามหาเซิร์ฟเวอร์จดหมายของโดเมน"}},
    [QRY_CLASS] = {"dns.qry.class",
                   FIELD_HEX,
                   "Class",
                   {"The class is the Internet in practice: %s.", "ในทางปฏิบัติคลาสคืออินเทอร์เน็ต: %s"}},
    [ANSWERS] = {"enveloscope.dns.answers",
                 FIELD_NONE,
                 "Answers",
                 {"The records that answer the question.", "รายการที่ตอบคำถาม"}},
    [AUTHORITIES] = {"enveloscope.dns.authorities",
                     FIELD_NONE,
                     "Authoritative name servers",
                     {"The records that say who is in charge.", "รายการที่บอกว่าใครเป็นผู้ดูแล"}},
    [ADDITIONALS] = {"enveloscope.dns.additionals",
                     FIELD_NONE,
                     "Additional records",
                     {"Records that may be asked for next.", "รายการที่อาจถูกถามเป็นลำดับถัดไป"}},
    [RECORD] = {"enveloscope.dns.record",
                FIELD_TEXT,
                "Record",
                {"One entry of the telephone book: %s.", "รายการหนึ่งในสมุดโทรศัพท์: %s"}},
    [RESP_NAME] = {"dns.resp.name",
                   FIELD_TEXT,
                   "Name",
                   {"This record says something about the name %s.", "รายการนี้บอกข้อมูลของชื่อ %s"}},
    [RESP_TYPE] = {"dns.resp.type",
                   FIELD_UINT,
                   "Type",
                   {"What kind of record this is: %s.", "ชนิดของรายการนี้: %s"}},
    [RESP_CLASS] = {"dns.resp.class",
                    FIELD_HEX,
                    "Class",
                    {"The class is the Internet in practice: %s.", "ในทางปฏิบัติคลาสคืออินเทอร์เน็ต: %s"}},
    [RESP_TTL] = {"dns.resp.ttl",
                  FIELD_UINT,
                  "Time to live",
                  {"This may be remembered for %s seconds; then it has to be asked again.",
                   "จำข้อมูลนี้ไว้ได้ %s วินาที หลังจากนั้นต้องถามใหม่"}},
    [RESP_LEN] = {"dns.resp.len",
                  FIELD_UINT,
                  "Data length",
                  {"The contents take %s octets.", "เนื้อหายาว %s ออกเตต"}},
    [UDP_SIZE] = {"dns.rr.udp_payload_size",
                  FIELD_UINT,
                  "UDP payload size",
                  {"The sender takes messages of up to %s octets over UDP.",
                   "ผู้ส่งรับข้อความผ่าน UDP ได้ไม่เกิน %s ออกเตต"}},
    [EXT_RCODE] = {"dns.resp.ext_rcode",
                   FIELD_HEX,
                   "Higher bits in extended RCODE",
                   {"Eight more bits of the reply code, for codes above 15: %s.",
                    "อีกแปดบิตของรหัสคำตอบ ใช้เมื่อรหัสเกิน 15: %s"}},
    [EDNS_VERSION] = {"dns.resp.edns0_version",
                      FIELD_UINT,
                      "EDNS0 version",
                      {"The version of the extension: %s. There is no other than 0.",
                       "รุ่นของส่วนขยาย: %s ยังไม่มีรุ่นอื่นนอกจาก 0"}},
    [OPT_Z] = {"dns.resp.z", FIELD_HEX, "Z", {"Flags of the extension: %s.", "แฟล็กของส่วนขยาย: %s"}},
    [OPT_Z_DO] = {"dns.resp.z.do",
                  FIELD_BOOL,
                  "DO bit",
                  {"Whether the asker wants the signatures as well (DNSSEC): %s.",
                   "ผู้ถามต้องการลายเซ็น (DNSSEC) ด้วยหรือไม่: %s"}},
    [OPT_Z_RESERVED] = {"dns.resp.z.reserved",
                        FIELD_HEX,
                        "Reserved",
                        {"These bits have no meaning yet and are zero: %s.",
                         "บิตเหล่านี้ยังไม่มีความหมายและเป็นศูนย์: %s"}},
    [A] = {"dns.a",
           FIELD_IPV4,
           "Address",
           {"The name has the IPv4 address %s.", "ชื่อนี้มีที่อยู่ IPv4 คือ %s"}},
    [AAAA] = {"dns.aaaa",
              FIELD_IPV6,
              "AAAA address",
              {"The name has the IPv6 address %s.", "ชื่อนี้มีที่อยู่ IPv6 คือ %s"}},
    [CNAME] = {"dns.cname",
               FIELD_TEXT,
               "Canonical name",
               {"The name is only another name of %s.", "ชื่อนี้เป็นเพียงอีกชื่อหนึ่งของ %s"}},
    [NS] = {"dns.ns",
            FIELD_TEXT,
            "Name server",
            {"The server in charge of this domain is %s.", "เซิร์ฟเวอร์ผู้ดูแลโดเมนนี้คือ %s"}},
    [PTR] = {"dns.ptr.domain_name",
             FIELD_TEXT,
             "Domain name",
             {"The address belongs to the name %s.", "ที่อยู่นี้เป็นของชื่อ %s"}},
    [MX_PREFERENCE] = {"dns.mx.preference",
                       FIELD_UINT,
                       "Preference",
                       {"Mail servers with smaller numbers are tried first; this one has %s.",
                        "เซิร์ฟเวอร์จดหมายที่มีเลขน้อยกว่าจะถูกลองก่อน เครื่องนี้มีค่า %s"}},
    [MX_EXCHANGE] = {"dns.mx.mail_exchange",
                     FIELD_TEXT,
                     "Mail exchange",
                     {"Mail for this domain is taken by %s.", "จดหมายของโดเมนนี้รับโดย %s"}},
    [TXT_LENGTH] = {"dns.txt.length",
                    FIELD_UINT,
                    "TXT length",
                    {"The text has %s octets.", "ข้อความยาว %s ออกเตต"}},
    [TXT] = {"dns.txt",
             FIELD_TEXT,
             "TXT",
             {"A free text about the name, as mail policies use it: %s.",
              "ข้อความอิสระเกี่ยวกับชื่อนี้ เช่นที่นโยบายจดหมายใช้: %s"}},
    [SOA_MNAME] = {"dns.soa.mname",
                   FIELD_TEXT,
                   "Primary name server",
                   {"The first server of this zone is %s.", "เซิร์ฟเวอร์หลักของโซนนี้คือ %s"}},
    [SOA_RNAME] = {"dns.soa.rname",
                   FIELD_TEXT,
                   "Responsible authority's mailbox",
                   {"Whoever runs this zone gets mail at %s (the first dot stands for @).",
                    "ผู้ดูแลโซนนี้รับจดหมายที่ %s (จุดแรกแทน @)"}},
    [SOA_SERIAL] = {"dns.soa.serial_number",
                    FIELD_UINT,
                    "Serial number",
                    {"The version of this zone is %s.", "รุ่นของโซนนี้คือ %s"}},
    [SOA_REFRESH] = {"dns.soa.refresh_interval",
                     FIELD_UINT,
                     "Refresh interval",
                     {"Other servers of the zone look for changes every %s seconds.",
                      "เซิร์ฟเวอร์อื่นของโซนตรวจหาการเปลี่ยนแปลงทุก %s วินาที"}},
    [SOA_RETRY] = {"dns.soa.retry_interval",
                   FIELD_UINT,
                   "Retry interval",
                   {"When that fails they try again after %s seconds.",
                    "ถ้าไม่สำเร็จจะลองใหม่หลังจาก %s วินาที"}},
    [SOA_EXPIRE] = {"dns.soa.expire_limit",
                    FIELD_UINT,
                    "Expire limit",
                    {"After %s seconds without contact they stop answering.",
                     "ถ้าติดต่อไม่ได้นาน %s วินาทีจะหยุดตอบ"}},
    [SOA_MINIMUM] = {"dns.soa.minimum_ttl",
                     FIELD_UINT,
                     "Minimum TTL",
                     {"That a name does not exist may be remembered for %s seconds.",
                      "จำได้ว่าไม่มีชื่อนี้นาน %s วินาที"}},
    [SRV_PRIORITY] = {"dns.srv.priority",
                      FIELD_UINT,
                      "Priority",
                      {"Servers with smaller numbers are tried first; this one has %s.",
                       "เซิร์ฟเวอร์ที่มีเลขน้อยกว่าจะถูกลองก่อน เครื่องนี้มีค่า %s"}},
    [SRV_WEIGHT] = {"dns.srv.weight",
                    FIELD_UINT,
                    "Weight",
                    {"Among equals this one gets %s shares of the work.",
                     "ในกลุ่มที่เท่ากัน เครื่องนี้ได้รับส่วนแบ่งงาน %s ส่วน"}},
    [SRV_PORT] = {"dns.srv.port",
                  FIELD_UINT,
                  "Port",
                  {"The service is found at port %s.", "บริการนี้อยู่ที่พอร์ต %s"}},
    [SRV_TARGET] = {"dns.srv.target",
                    FIELD_TEXT,
                    "Target",
                    {"The service runs on %s.", "บริการนี้ทำงานบน %s"}},
    [TLSA_USAGE] = {"dns.tlsa.certificate_usage",
                    FIELD_UINT,
                    "Certificate usage",
                    {"Which certificate of the chain is meant: %s.", "หมายถึงใบรับรองใดในสายโซ่: %s"}},
    [TLSA_SELECTOR] = {"dns.tlsa.selector",
                       FIELD_UINT,
                       "Selector",
                       {"Whether the whole certificate (0) or only its key (1) counts: %s.",
                        "นับทั้งใบรับรอง (0) หรือเฉพาะกุญแจ (1): %s"}},
    [TLSA_MATCHING] = {"dns.tlsa.matching_type",
                       FIELD_UINT,
                       "Matching type",
                       {"How the certificate is compared: %s.", "วิธีเปรียบเทียบใบรับรอง: %s"}},
    [TLSA_DATA] = {"dns.tlsa.certificate_association_data",
                   FIELD_OCTETS,
                   "Certificate association data",
                   {"The fingerprint that the certificate has to have: %s.",
                    "ลายนิ้วมือที่ใบรับรองต้องมี: %s"}},
    [DATA] = {"dns.data",
              FIELD_OCTETS,
              "Data",
              {"Contents of a kind that is not explained here: %s.", "เนื้อหาชนิดที่ไม่ได้อธิบายไว้ที่นี่: %s"}},
    [RESPONSE_IN] = {"dns.response_in",
                     FIELD_FRAME,
                     "Response in frame",
                     {"The answer came with frame %s.", "คำตอบมากับเฟรม %s"}},
    [RESPONSE_TO] = {"dns.response_to",
                     FIELD_FRAME,
                     "Request in frame",
                     {"This answers the question of frame %s.", "นี่คือคำตอบของคำถามในเฟรม %s"}},
    [TIME] = {"dns.time", FIELD_SPAN, "Time", {"The answer took %s seconds.", "ใช้เวลาตอบ %s วินาที"}},
    [BAD] = {"enveloscope.dns.bad",
             FIELD_NONE,
             "The message breaks off or points in a circle",
             {"Here a length or a pointer leads nowhere, so the rest cannot be read.",
              "ความยาวหรือตัวชี้ตรงนี้พาไปไม่ถึงที่ใด จึงอ่านส่วนที่เหลือไม่ได้"}},
};
FIELD_TABLE(dns_fields, defs);

enum {
  MATCH_FRAMES_MAX = 32, /* neighbours among which the other half of a dialogue is looked for */
  RECORDS_MAX = 1000,    /* more records than a message of 65,535 octets holds usefully */
  INFO_RECORDS_MAX = 16, /* named in the summary */
};

static const char *
shown_name(const char *name)
{
  return name[0] ? name : "<Root>"; /* as Wireshark */
}

static const char *
type_name(uint16_t type, char buffer[16])
{
  const char *name = dns_type_name(type);
  if (name)
    return name;
  g_snprintf(buffer, 16, "TYPE%u", type); /* RFC 3597 section 5 */
  return buffer;
}

static struct slice
part(struct slice s, size_t first, size_t n)
{
  return slice_cut(slice_skip(s, (uint32_t)first), (uint32_t)n);
}

/* ---- header ---- */

static void
head_build(struct decode *d, struct slice s, const struct dns_head *h)
{
  struct slice flags = part(s, 2, 2), high = part(s, 2, 1), low = part(s, 3, 1);
  build_number(d, &defs[ID], part(s, 0, 2), h->id);
  unsigned group = build_number(d, &defs[FLAGS], flags, get_be16(flags.p));
  build_open(d, group);
  build_number(d, &defs[FLAGS_RESPONSE], high, h->response);
  build_named(d, &defs[FLAGS_OPCODE], high, h->opcode, dns_opcode_name(h->opcode));
  if (h->response)
    build_number(d, &defs[FLAGS_AUTHORITATIVE], high, h->authoritative);
  build_number(d, &defs[FLAGS_TRUNCATED], high, h->truncated);
  build_number(d, &defs[FLAGS_RECDESIRED], high, h->recursion_desired);
  if (h->response)
    build_number(d, &defs[FLAGS_RECAVAIL], low, h->recursion_available);
  build_number(d, &defs[FLAGS_Z], low, low.p[0] >> 6 & 1);
  if (h->response)
    build_number(d, &defs[FLAGS_AUTHENTICATED], low, h->authenticated);
  build_number(d, &defs[FLAGS_CHECKDISABLE], low, h->checking_disabled);
  if (h->response)
    build_named(d, &defs[FLAGS_RCODE], low, h->rcode, dns_rcode_name(h->rcode));
  build_close(d, group);
  build_number(d, &defs[COUNT_QUERIES], part(s, 4, 2), h->n_questions);
  build_number(d, &defs[COUNT_ANSWERS], part(s, 6, 2), h->n_answers);
  build_number(d, &defs[COUNT_AUTH], part(s, 8, 2), h->n_authorities);
  build_number(d, &defs[COUNT_ADD], part(s, 10, 2), h->n_additionals);
}

/* ---- question and records ---- */

static bool
question_build(struct decode *d, struct slice s, size_t *at)
{
  struct dns_question q;
  char buffer[16], line[DNS_NAME_TEXT_MAX + 32];
  size_t first = *at;
  if (!dns_question_get(s.p, s.n, at, &q))
    return false;
  size_t name_octets = *at - first - 4;
  unsigned labels = q.name[0] != '\0';
  for (const char *c = q.name; *c; c++)
    labels += *c == '.';
  g_snprintf(line, sizeof line, "%s %s", shown_name(q.name), type_name(q.type, buffer));
  unsigned group = build_string(d, &defs[QUERY], part(s, first, *at - first), line);
  build_open(d, group);
  build_string(d, &defs[QRY_NAME], part(s, first, name_octets), shown_name(q.name));
  build_generated(
      d, build_number(d, &defs[QRY_NAME_LEN], part(s, first, 0), strlen(shown_name(q.name))));
  build_generated(d, build_number(d, &defs[COUNT_LABELS], part(s, first, 0), labels));
  build_named(d, &defs[QRY_TYPE], part(s, *at - 4, 2), q.type, dns_type_name(q.type));
  build_named(d, &defs[QRY_CLASS], part(s, *at - 2, 2), q.class, dns_class_name(q.class));
  build_close(d, group);
  build_info(d, " %s ", type_name(q.type, buffer));
  build_info_text(d, shown_name(q.name), strlen(shown_name(q.name)));
  return true;
}

/* A name inside record data at *at, which moves behind it. False when it sticks out of the data. */
static bool
data_name_build(struct decode *d, struct slice s, const struct dns_record *r, size_t *at,
                unsigned def, char name[DNS_NAME_TEXT_MAX])
{
  size_t end = r->data_at + r->data_octets;
  size_t n = *at < end ? dns_name_get(s.p, s.n, *at, name) : 0;
  if (n == 0 || *at + n > end)
    return false;
  build_string(d, &defs[def], part(s, *at, n), shown_name(name));
  *at += n;
  return true;
}

static bool
soa_build(struct decode *d, struct slice s, const struct dns_record *r,
          char name[DNS_NAME_TEXT_MAX])
{
  static const uint8_t numbers[] = {SOA_SERIAL, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, SOA_MINIMUM};
  char mailbox[DNS_NAME_TEXT_MAX];
  size_t at = r->data_at, end = r->data_at + r->data_octets;
  if (!data_name_build(d, s, r, &at, SOA_MNAME, name) ||
      !data_name_build(d, s, r, &at, SOA_RNAME, mailbox) || end - at < 4 * G_N_ELEMENTS(numbers))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
    build_number(d, &defs[numbers[i]], part(s, at + 4 * i, 4), get_be32(s.p + at + 4 * i));
  return true;
}

static void
txt_build(struct decode *d, struct slice s, const struct dns_record *r)
{
  size_t at = r->data_at, end = r->data_at + r->data_octets;
  while (at < end) {
    size_t n = MIN(s.p[at], end - at - 1);
    build_number(d, &defs[TXT_LENGTH], part(s, at, 1), s.p[at]);
    build_text(d, &defs[TXT], part(s, at + 1, n), s.p + at + 1, n);
    at += 1 + n;
  }
}

static bool
srv_build(struct decode *d, struct slice s, const struct dns_record *r,
          char name[DNS_NAME_TEXT_MAX])
{
  if (r->data_octets < 7)
    return false;
  const uint8_t *p = s.p + r->data_at;
  build_number(d, &defs[SRV_PRIORITY], part(s, r->data_at, 2), get_be16(p));
  build_number(d, &defs[SRV_WEIGHT], part(s, r->data_at + 2, 2), get_be16(p + 2));
  build_number(d, &defs[SRV_PORT], part(s, r->data_at + 4, 2), get_be16(p + 4));
  size_t at = r->data_at + 6;
  return data_name_build(d, s, r, &at, SRV_TARGET, name);
}

/* The data of a record; what the summary says of it goes to `words`. False: malformed. */
static bool
data_build(struct decode *d, struct slice s, const struct dns_record *r, GString *words)
{
  struct slice data = part(s, r->data_at, r->data_octets);
  struct ip_addr addr;
  char text[ADDR_TEXT_MAX], name[DNS_NAME_TEXT_MAX] = "";
  size_t at = r->data_at;
  bool fine = true;
  switch (r->type) {
  case DNS_RR_A:
  case DNS_RR_AAAA:
    fine = dns_record_address(s.p, r, &addr);
    if (fine) {
      build_octets(d, &defs[r->type == DNS_RR_A ? A : AAAA], data);
      g_string_append(words, ip_addr_format(&addr, text));
    }
    return fine;
  case DNS_RR_CNAME:
    fine = data_name_build(d, s, r, &at, CNAME, name);
    break;
  case DNS_RR_NS:
    fine = data_name_build(d, s, r, &at, NS, name);
    break;
  case DNS_RR_PTR:
    fine = data_name_build(d, s, r, &at, PTR, name);
    break;
  case DNS_RR_MX:
    if (r->data_octets < 3)
      return false;
    build_number(d, &defs[MX_PREFERENCE], slice_cut(data, 2), get_be16(data.p));
    g_string_append_printf(words, "%u ", get_be16(data.p));
    at += 2;
    fine = data_name_build(d, s, r, &at, MX_EXCHANGE, name);
    break;
  case DNS_RR_SOA:
    fine = soa_build(d, s, r, name);
    break;
  case DNS_RR_SRV:
    fine = srv_build(d, s, r, name);
    break;
  case DNS_RR_TXT:
    txt_build(d, s, r);
    return true;
  case DNS_RR_TLSA:
    if (data.n < 3)
      return false;
    build_number(d, &defs[TLSA_USAGE], slice_cut(data, 1), data.p[0]);
    build_number(d, &defs[TLSA_SELECTOR], part(data, 1, 1), data.p[1]);
    build_number(d, &defs[TLSA_MATCHING], part(data, 2, 1), data.p[2]);
    build_octets(d, &defs[TLSA_DATA], slice_skip(data, 3));
    return true;
  default:
    if (data.n)
      build_octets(d, &defs[DATA], data);
    return true;
  }
  g_string_append(words, shown_name(name));
  return fine;
}

static void
opt_build(struct decode *d, struct slice s, size_t fixed, const struct dns_record *r)
{
  uint16_t z = (uint16_t)r->ttl_s;
  struct slice z_octets = part(s, fixed + 6, 2);
  build_number(d, &defs[UDP_SIZE], part(s, fixed + 2, 2), r->class);
  build_number(d, &defs[EXT_RCODE], part(s, fixed + 4, 1), r->ttl_s >> 24);
  build_number(d, &defs[EDNS_VERSION], part(s, fixed + 5, 1), r->ttl_s >> 16 & 0xff);
  unsigned group = build_number(d, &defs[OPT_Z], z_octets, z);
  build_open(d, group);
  build_number(d, &defs[OPT_Z_DO], slice_cut(z_octets, 1), z >> 15);
  build_number(d, &defs[OPT_Z_RESERVED], z_octets, z & 0x7fff);
  build_close(d, group);
}

static bool
record_build(struct decode *d, struct slice s, size_t *at, bool in_info)
{
  struct dns_record r;
  char buffer[16], line[DNS_NAME_TEXT_MAX + 32];
  size_t first = *at;
  if (!dns_record_get(s.p, s.n, at, &r))
    return false;
  size_t fixed = r.data_at - 10;
  g_snprintf(line, sizeof line, "%s %s", shown_name(r.name), type_name(r.type, buffer));
  unsigned group = build_string(d, &defs[RECORD], part(s, first, *at - first), line);
  build_open(d, group);
  build_string(d, &defs[RESP_NAME], part(s, first, fixed - first), shown_name(r.name));
  build_named(d, &defs[RESP_TYPE], part(s, fixed, 2), r.type, dns_type_name(r.type));
  if (r.type == DNS_RR_OPT) { /* RFC 6891 6.1.2: class and TTL mean something else */
    opt_build(d, s, fixed, &r);
  } else {
    build_named(d, &defs[RESP_CLASS], part(s, fixed + 2, 2), r.class, dns_class_name(r.class));
    build_number(d, &defs[RESP_TTL], part(s, fixed + 4, 4), r.ttl_s);
  }
  build_number(d, &defs[RESP_LEN], part(s, fixed + 8, 2), r.data_octets);
  g_autoptr(GString) words = g_string_new(NULL);
  bool fine = data_build(d, s, &r, words);
  if (!fine)
    build_flag(d, build_none(d, &defs[BAD], part(s, r.data_at, r.data_octets)), FIELD_FLAG_ODD);
  build_close(d, group);
  if (in_info) {
    build_info(d, " %s%s", type_name(r.type, buffer), words->len ? " " : "");
    build_info_text(d, words->str, words->len);
  }
  return true;
}

/* A section of `n` records; false when it breaks off. */
static bool
section_build(struct decode *d, struct slice s, size_t *at, unsigned n, unsigned def,
              unsigned *n_info)
{
  if (n == 0)
    return true;
  size_t first = *at;
  unsigned group = build_none(d, &defs[def], part(s, first, 0));
  build_open(d, group);
  bool fine = true;
  for (unsigned i = 0; i < n && i < RECORDS_MAX && fine; i++) {
    fine = def == QUERIES
               ? question_build(d, s, at)
               : record_build(d, s, at, def != ADDITIONALS && *n_info < INFO_RECORDS_MAX);
    if (def != QUERIES)
      ++*n_info;
  }
  build_close(d, group);
  build_resize(d, group, (uint32_t)(*at - first));
  return fine;
}

/* ---- question and answer ---- */

/* Whether that frame, a neighbour in the flow, carries the other half: same id, other direction. */
static bool
is_other_half(const struct decode *d, uint32_t frame, uint16_t id)
{
  const struct trace_frame r = trace_frame(d->trace, frame);
  if (r.direction == d->work->record.direction || r.payload_offset == 0)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  return trace_octets(d->trace, frame, octets) && r.payload_offset + 3u <= octets->len &&
         get_be16(octets->data + r.payload_offset) == id;
}

static void
match_build(struct decode *d, struct slice s, const struct dns_head *h)
{
  const struct trace_frame *r = &d->work->record;
  if (d->work->quoted || d->work->summary_only || r->flow == TRACE_NONE)
    return;
  uint32_t frame = h->response ? r->prev_in_flow : r->next_in_flow;
  for (unsigned i = 0; i < MATCH_FRAMES_MAX && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, frame);
    if (is_other_half(d, frame, h->id)) {
      build_generated(d, build_number(d, &defs[h->response ? RESPONSE_TO : RESPONSE_IN],
                                      slice_none(s), frame + 1));
      if (h->response)
        build_generated(d, build_number(d, &defs[TIME], slice_none(s),
                                        (uint64_t)r->time_ns - (uint64_t)f.time_ns));
      return;
    }
    frame = h->response ? f.prev_in_flow : f.next_in_flow;
  }
}

void
dns_decode(struct decode *d, struct slice s, bool tcp)
{
  struct dns_head h;
  if (dns_head_get(s.p, s.n, &h) == 0) {
    data_decode(d, s);
    return;
  }
  unsigned layer =
      build_layer(d, &defs[DNS], s,
                  h.response ? "Domain Name System (response)" : "Domain Name System (query)");
  build_summary_protocol(d, "DNS");
  const char *opcode = dns_opcode_name(h.opcode);
  build_info(d, "%s%s 0x%04x", opcode ? opcode : "DNS", h.response ? " response" : "", h.id);
  if (h.response && h.rcode) {
    const char *word = dns_rcode_name(h.rcode);
    build_info(d, " %s", word ? word : "error");
  }
  head_build(d, s, &h);
  size_t at = DNS_HEADER_OCTETS;
  unsigned n_info = 0;
  bool fine = section_build(d, s, &at, h.n_questions, QUERIES, &n_info) &&
              section_build(d, s, &at, h.n_answers, ANSWERS, &n_info) &&
              section_build(d, s, &at, h.n_authorities, AUTHORITIES, &n_info) &&
              section_build(d, s, &at, h.n_additionals, ADDITIONALS, &n_info);
  if (!fine) {
    build_flag(d, build_none(d, &defs[BAD], part(s, at, s.n)), FIELD_FLAG_ODD);
    build_info(d, " [%s]", lang_text("malformed", "รูปแบบผิด"));
  }
  if (!tcp)
    match_build(d, s, &h);
  build_layer_end(d, layer, s.n);
}

/* The length before a message over TCP, for app.c. */
void
dns_length_build(struct decode *d, struct slice s)
{
  build_number(d, &defs[LENGTH], s, get_be16(s.p));
}
