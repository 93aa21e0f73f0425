/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_mptcp.c -- the option of Multipath TCP, by its subtype (RFC 8684 and, for version 0, RFC
 * 6824). What it means for a connection of several flows is not computed: each flow is shown by
 * itself. Which of the forms of a subtype it is, its length says. */
#include "capture/decode/tcp.h"

/* clang-format off */
enum {
  SUBTYPE, VERSION, FLAGS, CHECKSUM_REQ, EXTENSIBILITY, NO_MORE, SHA1, SHA256, RESERVED_FLAG, RESERVED, SEND_KEY, RECV_KEY, DATA_LENGTH, CHECKSUM, BACKUP, ADDRESS_ID, RECV_TOKEN, SEND_RANDOM, SEND_MAC8, SEND_MAC, DATA_FIN, DSN8, DSN_PRESENT, ACK8, ACK_PRESENT, DATA_ACK, DATA_SEQ, SUBFLOW_SEQ, IP_VERSION, ECHO, IPV4, IPV6, PORT, ADD_MAC, REMOVED, FLAG_U, FLAG_V, FLAG_W, FLAG_T, REASON
};
/* clang-format on */

static const struct field_def defs[] = {
    [SUBTYPE] =
        {"tcp.options.mptcp.subtype",
         FIELD_UINT,
         {"MPTCP subtype", "ชนิดย่อยของ MPTCP"},
         {"Multipath TCP joins several paths to one connection; what this option is for: %s.",
          "Multipath TCP รวมหลายเส้นทางเป็นการเชื่อมต่อเดียว ตัวเลือกนี้มีไว้: %s"},
         "RFC 8684 section 3"},
    [VERSION] = {"tcp.options.mptcp.version",
                 FIELD_UINT,
                 {"Version", "รุ่น"},
                 {"The version of Multipath TCP is %s.", "รุ่นของ Multipath TCP คือ %s"},
                 "RFC 8684 section 3.1"},
    [FLAGS] = {"tcp.options.mptcp.flags",
               FIELD_HEX,
               {"Flags", "แฟล็ก"},
               {"Single bits that go with the subtype: %s.", "บิตเดี่ยวที่ใช้คู่กับชนิดย่อย: %s"},
               "RFC 8684 section 3",
               2},
    [CHECKSUM_REQ] = {"tcp.options.mptcp.checksumreq.flags",
                      FIELD_UINT,
                      {"Checksum required", "ต้องมีผลรวมตรวจสอบ"},
                      {"1 when data are to be sent with a checksum of their own: %s.",
                       "เป็น 1 เมื่อข้อมูลต้องมีผลรวมตรวจสอบของตัวเอง: %s"},
                      "RFC 8684 section 3.1"},
    [EXTENSIBILITY] = {"tcp.options.mptcp.extensibility.flag",
                       FIELD_UINT,
                       {"Extensibility", "ส่วนขยาย"},
                       {"A bit for later versions; it is 0: %s.", "บิตเผื่อรุ่นต่อไป มีค่าเป็น 0: %s"},
                       "RFC 8684 section 3.1"},
    [NO_MORE] = {"tcp.options.mptcp.nomoresubflows.flag",
                 FIELD_UINT,
                 {"No more subflows to here", "ไม่ให้เปิดเส้นทางเพิ่มมาที่นี่"},
                 {"1 when the other end should open no more paths to this address and port: %s.",
                  "เป็น 1 เมื่ออีกฝ่ายไม่ควรเปิดเส้นทางเพิ่มมายังที่อยู่และพอร์ตนี้: %s"},
                 "RFC 8684 section 3.1"},
    [SHA1] = {"tcp.options.mptcp.sha1.flag",
              FIELD_UINT,
              {"HMAC-SHA1", "ใช้ HMAC-SHA1"},
              {"1 when paths prove themselves with HMAC-SHA1: %s.",
               "เป็น 1 เมื่อเส้นทางพิสูจน์ตัวด้วย HMAC-SHA1: %s"},
              "RFC 6824 section 3.1"},
    [SHA256] = {"tcp.options.mptcp.sha256.flag",
                FIELD_UINT,
                {"HMAC-SHA256", "ใช้ HMAC-SHA256"},
                {"1 when paths prove themselves with HMAC-SHA256: %s.",
                 "เป็น 1 เมื่อเส้นทางพิสูจน์ตัวด้วย HMAC-SHA256: %s"},
                "RFC 8684 section 3.1"},
    [RESERVED_FLAG] = {"tcp.options.mptcp.reserved.flag",
                       FIELD_HEX,
                       {"Reserved", "สงวนไว้"},
                       {"These bits have no meaning yet: %s.", "บิตเหล่านี้ยังไม่มีความหมาย: %s"},
                       "RFC 8684 section 3.1",
                       2},
    [RESERVED] = {"tcp.options.mptcp.reserved",
                  FIELD_HEX,
                  {"Reserved", "สงวนไว้"},
                  {"These bits have no meaning yet: %s.", "บิตเหล่านี้ยังไม่มีความหมาย: %s"},
                  "RFC 8684 section 3.2"},
    [SEND_KEY] = {"tcp.options.mptcp.sendkey",
                  FIELD_UINT,
                  {"Sender's key", "กุญแจของผู้ส่ง"},
                  {"Later paths prove with this number that they belong to the connection; it goes "
                   "over the line in the clear: %s.",
                   "เส้นทางต่อมาใช้เลขนี้พิสูจน์ว่าเป็นของการเชื่อมต่อเดียวกัน โดยส่งแบบไม่เข้ารหัสลับ: %s"},
                  "RFC 8684 section 3.1"},
    [RECV_KEY] = {"tcp.options.mptcp.recvkey",
                  FIELD_UINT,
                  {"Receiver's key", "กุญแจของผู้รับ"},
                  {"The other end's key is said again: %s.", "ทวนกุญแจของอีกฝ่าย: %s"},
                  "RFC 8684 section 3.1"},
    [DATA_LENGTH] = {"tcp.options.mptcp.datalvllen",
                     FIELD_UINT,
                     {"Data-level length", "ความยาวข้อมูลในระดับรวม"},
                     {"The numbers hold for %s octets of the stream.",
                      "หมายเลขเหล่านี้ใช้กับข้อมูล %s ออกเตต"},
                     "RFC 8684 section 3.3"},
    [CHECKSUM] = {"tcp.options.mptcp.checksum",
                  FIELD_HEX,
                  {"Checksum", "ผลรวมตรวจสอบ"},
                  {"A sum over the data with which changes on the way are found: %s.",
                   "ผลรวมของข้อมูลที่ใช้ตรวจหาการแก้ไขระหว่างทาง: %s"},
                  "RFC 8684 section 3.3"},
    [BACKUP] = {"tcp.options.mptcp.backup.flag",
                FIELD_UINT,
                {"Backup", "เส้นทางสำรอง"},
                {"1 when this path is to be used only if the others fail: %s.",
                 "เป็น 1 เมื่อให้ใช้เส้นทางนี้เฉพาะตอนที่เส้นทางอื่นใช้ไม่ได้: %s"},
                "RFC 8684 section 3.2"},
    [ADDRESS_ID] = {"tcp.options.mptcp.addrid",
                    FIELD_UINT,
                    {"Address id", "หมายเลขที่อยู่"},
                    {"The address of the sender is spoken of as number %s, since translators "
                     "change addresses.",
                     "เรียกที่อยู่ของผู้ส่งว่าหมายเลข %s เพราะตัวแปลงที่อยู่เปลี่ยนที่อยู่ได้"},
                    "RFC 8684 section 3.2"},
    [RECV_TOKEN] = {"tcp.options.mptcp.recvtok",
                    FIELD_UINT,
                    {"Receiver's token", "โทเค็นของผู้รับ"},
                    {"The connection that the new path joins is known by %s.",
                     "การเชื่อมต่อที่เส้นทางใหม่จะเข้าร่วมรู้จักด้วยเลข %s"},
                    "RFC 8684 section 3.2"},
    [SEND_RANDOM] = {"tcp.options.mptcp.sendrand",
                     FIELD_UINT,
                     {"Sender's random number", "เลขสุ่มของผู้ส่ง"},
                     {"A random number that makes the proof different each time: %s.",
                      "เลขสุ่มที่ทำให้หลักฐานต่างกันทุกครั้ง: %s"},
                     "RFC 8684 section 3.2"},
    [SEND_MAC8] = {"tcp.options.mptcp.sendtrunchmac",
                   FIELD_UINT,
                   {"Sender's truncated HMAC", "HMAC ที่ตัดสั้นของผู้ส่ง"},
                   {"The first 64 bits of the proof that the sender knows both keys: %s.",
                    "64 บิตแรกของหลักฐานว่าผู้ส่งรู้กุญแจทั้งสอง: %s"},
                   "RFC 8684 section 3.2"},
    [SEND_MAC] = {"tcp.options.mptcp.sendhmac",
                  FIELD_OCTETS,
                  {"Sender's HMAC", "HMAC ของผู้ส่ง"},
                  {"The proof that the sender knows both keys: %s.", "หลักฐานว่าผู้ส่งรู้กุญแจทั้งสอง: %s"},
                  "RFC 8684 section 3.2"},
    [DATA_FIN] = {"tcp.options.mptcp.datafin.flag",
                  FIELD_UINT,
                  {"DATA_FIN", "จบข้อมูล (DATA_FIN)"},
                  {"1 when the sender has no more data on any path: %s.",
                   "เป็น 1 เมื่อผู้ส่งไม่มีข้อมูลอีกในทุกเส้นทาง: %s"},
                  "RFC 8684 section 3.3.3"},
    [DSN8] = {"tcp.options.mptcp.dseqn8.flag",
              FIELD_UINT,
              {"Data sequence number has 8 octets", "หมายเลขลำดับข้อมูลยาว 8 ออกเตต"},
              {"1 when the data sequence number has 8 octets and not 4: %s.",
               "เป็น 1 เมื่อหมายเลขลำดับข้อมูลยาว 8 ออกเตต ไม่ใช่ 4: %s"},
              "RFC 8684 section 3.3"},
    [DSN_PRESENT] = {"tcp.options.mptcp.dseqnpresent.flag",
                     FIELD_UINT,
                     {"Mapping present", "มีการจับคู่หมายเลข"},
                     {"1 when the option says where the segment's data belong in the whole: %s.",
                      "เป็น 1 เมื่อตัวเลือกบอกว่าข้อมูลของเซกเมนต์อยู่ตรงไหนของทั้งหมด: %s"},
                     "RFC 8684 section 3.3"},
    [ACK8] = {"tcp.options.mptcp.dataack8.flag",
              FIELD_UINT,
              {"Data ACK has 8 octets", "Data ACK ยาว 8 ออกเตต (ขนาดเต็ม)"},
              {"1 when the data acknowledgment has 8 octets and not 4: %s.",
               "เป็น 1 เมื่อการตอบรับข้อมูลยาว 8 ออกเตต ไม่ใช่ 4: %s"},
              "RFC 8684 section 3.3"},
    [ACK_PRESENT] = {"tcp.options.mptcp.dataackpresent.flag",
                     FIELD_UINT,
                     {"Data ACK present", "มี Data ACK"},
                     {"1 when data of all paths are acknowledged here: %s.",
                      "เป็น 1 เมื่อมีการตอบรับข้อมูลของทุกเส้นทางตรงนี้: %s"},
                     "RFC 8684 section 3.3"},
    [DATA_ACK] = {"tcp.options.mptcp.rawdataack",
                  FIELD_UINT,
                  {"Data ACK", "การตอบรับข้อมูล"},
                  {"Counted over all paths, everything before number %s has arrived.",
                   "นับรวมทุกเส้นทาง ข้อมูลก่อนหมายเลข %s มาถึงครบแล้ว"},
                  "RFC 8684 section 3.3.2"},
    [DATA_SEQ] = {"tcp.options.mptcp.rawdataseqno",
                  FIELD_UINT,
                  {"Data sequence number", "หมายเลขลำดับข้อมูล"},
                  {"Counted over all paths, the data here begin at number %s.",
                   "นับรวมทุกเส้นทาง ข้อมูลตรงนี้เริ่มที่หมายเลข %s"},
                  "RFC 8684 section 3.3.1"},
    [SUBFLOW_SEQ] = {"tcp.options.mptcp.subflowseqno",
                     FIELD_UINT,
                     {"Subflow sequence number", "หมายเลขลำดับในเส้นทาง"},
                     {"On this path the same octet has the relative number %s.",
                      "ในเส้นทางนี้ออกเตตเดียวกันมีหมายเลขสัมพัทธ์ %s"},
                     "RFC 8684 section 3.3.1"},
    [IP_VERSION] = {"tcp.options.mptcp.ipver",
                    FIELD_UINT,
                    {"IP version", "รุ่นของ IP"},
                    {"The address that follows is one of IP version %s.", "ที่อยู่ที่ตามมาเป็น IP รุ่น %s"},
                    "RFC 6824 section 3.4.1"},
    [ECHO] = {"tcp.options.mptcp.echo",
              FIELD_UINT,
              {"Echo", "ทวนกลับ"},
              {"1 when the option only confirms an address that was announced: %s.",
               "เป็น 1 เมื่อตัวเลือกนี้เพียงยืนยันที่อยู่ที่ประกาศมา: %s"},
              "RFC 8684 section 3.4.1"},
    [IPV4] = {"tcp.options.mptcp.ipv4",
              FIELD_IPV4,
              {"Advertised IPv4 address", "ที่อยู่ IPv4 ที่ประกาศ"},
              {"The sender can also be reached at %s.", "ติดต่อผู้ส่งได้ที่ %s ด้วย"},
              "RFC 8684 section 3.4.1"},
    [IPV6] = {"tcp.options.mptcp.ipv6",
              FIELD_IPV6,
              {"Advertised IPv6 address", "ที่อยู่ IPv6 ที่ประกาศ"},
              {"The sender can also be reached at %s.", "ติดต่อผู้ส่งได้ที่ %s ด้วย"},
              "RFC 8684 section 3.4.1"},
    [PORT] = {"tcp.options.mptcp.port",
              FIELD_UINT,
              {"Advertised port", "พอร์ตที่ประกาศ"},
              {"There it listens at port %s.", "ที่นั่นรอรับที่พอร์ต %s"},
              "RFC 8684 section 3.4.1"},
    [ADD_MAC] = {"tcp.options.mptcp.addaddrtrunchmac",
                 FIELD_UINT,
                 {"Truncated HMAC", "HMAC ที่ตัดสั้น"},
                 {"Proof that the announcement is no stranger's: %s.",
                  "หลักฐานว่าประกาศนี้ไม่ได้มาจากคนแปลกหน้า: %s"},
                 "RFC 8684 section 3.4.1"},
    [REMOVED] = {"mptcp.rm_addr.count",
                 FIELD_UINT,
                 {"Number of removed addresses", "จำนวนที่อยู่ที่ถอนออก"},
                 {"%s addresses can no longer be used.", "ใช้ที่อยู่ไม่ได้อีก %s รายการ"},
                 "RFC 8684 section 3.4.2"},
    [FLAG_U] = {"tcp.options.mptcp.flag_U.flag",
                FIELD_BOOL,
                {"Flag U", "แฟล็ก U"},
                {"Not in use yet: %s.", "ยังไม่ได้ใช้: %s"},
                "RFC 8684 section 3.6"},
    [FLAG_V] = {"tcp.options.mptcp.flag_V.flag",
                FIELD_BOOL,
                {"Flag V", "แฟล็ก V"},
                {"Not in use yet: %s.", "ยังไม่ได้ใช้: %s"},
                "RFC 8684 section 3.6"},
    [FLAG_W] = {"tcp.options.mptcp.flag_W.flag",
                FIELD_BOOL,
                {"Flag W", "แฟล็ก W"},
                {"Not in use yet: %s.", "ยังไม่ได้ใช้: %s"},
                "RFC 8684 section 3.6"},
    [FLAG_T] = {"tcp.options.mptcp.flag_T.flag",
                FIELD_BOOL,
                {"Transient", "ชั่วคราว"},
                {"Whether the trouble may pass, so that the path can be tried again: %s.",
                 "ปัญหานี้อาจหายไปเองจึงลองเส้นทางนี้ใหม่ได้หรือไม่: %s"},
                "RFC 8684 section 3.6"},
    [REASON] = {"tcp.options.mptcp.rst_reason",
                FIELD_HEX,
                {"Reason for the reset", "สาเหตุที่ตัดเส้นทาง"},
                {"Why this path is broken off: %s.", "เหตุที่ตัดเส้นทางนี้: %s"},
                "RFC 8684 section 3.6",
                2},
};
FIELD_TABLE(tcp_mptcp_fields, defs);

enum subtype { CAPABLE, JOIN, DSS, ADD_ADDRESS, REMOVE_ADDRESS, PRIORITY, FAIL, FAST_CLOSE, RESET };

static const struct wire_name subtypes[] = {
    {CAPABLE, "Multipath capable"},
    {JOIN, "Join connection"},
    {DSS, "Data sequence signal"},
    {ADD_ADDRESS, "Add address"},
    {REMOVE_ADDRESS, "Remove address"},
    {PRIORITY, "Change subflow priority"},
    {FAIL, "Fallback"},
    {FAST_CLOSE, "Fast close"},
    {RESET, "Reset"},
};

static const struct wire_name reasons[] = {
    {0, "Unspecified error"},         {1, "MPTCP-specific error"},
    {2, "Lack of resources"},         {3, "Administratively prohibited"},
    {4, "Too much outstanding data"}, {5, "Unacceptable performance"},
    {6, "Middlebox interference"},
};

/* A number of n octets at the front of *s, if it is there. */
static void
take_number(struct decode *d, unsigned def, struct slice *s, uint32_t n)
{
  uint64_t number = 0;
  if (s->n < n)
    return;
  for (uint32_t i = 0; i < n; i++)
    number = number << 8 | s->p[i];
  build_number(d, &defs[def], slice_cut(*s, n), number);
  *s = slice_skip(*s, n);
}

static void
bit_build(struct decode *d, unsigned def, struct slice octet, unsigned shift)
{
  build_number(d, &defs[def], octet, octet.p[0] >> shift & 1);
}

static void
capable_build(struct decode *d, struct slice s)
{
  struct slice flags = slice_cut(slice_skip(s, 1), 1), rest = slice_skip(s, 2);
  unsigned version = s.p[0] & 15;
  build_number(d, &defs[VERSION], slice_cut(s, 1), version);
  if (flags.n == 0)
    return;
  unsigned group = build_number(d, &defs[FLAGS], flags, flags.p[0]);
  build_open(d, group);
  bit_build(d, CHECKSUM_REQ, flags, 7);
  bit_build(d, EXTENSIBILITY, flags, 6);
  if (version)
    bit_build(d, NO_MORE, flags, 5);
  bit_build(d, version ? SHA256 : SHA1, flags, 0);
  build_number(d, &defs[RESERVED_FLAG], flags, (flags.p[0] & (version ? 0x1e : 0x3e)) >> 1);
  build_close(d, group);
  take_number(d, SEND_KEY, &rest, 8);
  take_number(d, RECV_KEY, &rest, 8);
  take_number(d, DATA_LENGTH, &rest, 2);
  take_number(d, CHECKSUM, &rest, 2);
}

/* The three messages of a join have 10, 14 and 22 octets behind kind and length. */
static void
join_build(struct decode *d, struct slice s)
{
  struct slice first = slice_cut(s, 1), rest = slice_skip(s, 2);
  if (s.n == 22) {
    build_number(d, &defs[RESERVED], slice_cut(s, 2), get_be16(s.p) & 0xfff);
    build_octets(d, &defs[SEND_MAC], rest);
    return;
  }
  unsigned group = build_number(d, &defs[FLAGS], first, first.p[0]);
  build_open(d, group);
  bit_build(d, BACKUP, first, 0);
  build_close(d, group);
  struct slice id = slice_skip(s, 1);
  take_number(d, ADDRESS_ID, &id, 1);
  if (s.n == 10)
    take_number(d, RECV_TOKEN, &rest, 4);
  else if (s.n == 14)
    take_number(d, SEND_MAC8, &rest, 8);
  take_number(d, SEND_RANDOM, &rest, 4);
}

static void
signal_build(struct decode *d, struct slice s)
{
  struct slice flags = slice_cut(slice_skip(s, 1), 1), rest = slice_skip(s, 2);
  if (flags.n == 0)
    return;
  uint8_t bits = flags.p[0];
  unsigned group = build_number(d, &defs[FLAGS], flags, bits);
  build_open(d, group);
  bit_build(d, DATA_FIN, flags, 4);
  bit_build(d, DSN8, flags, 3);
  bit_build(d, DSN_PRESENT, flags, 2);
  bit_build(d, ACK8, flags, 1);
  bit_build(d, ACK_PRESENT, flags, 0);
  build_close(d, group);
  if (bits & 1)
    take_number(d, DATA_ACK, &rest, bits & 2 ? 8 : 4);
  if (!(bits & 4))
    return;
  take_number(d, DATA_SEQ, &rest, bits & 8 ? 8 : 4);
  take_number(d, SUBFLOW_SEQ, &rest, 4);
  take_number(d, DATA_LENGTH, &rest, 2);
  take_number(d, CHECKSUM, &rest, 2);
}

/* Version 0 says the IP version, version 1 whether it is an echo; there the length tells. */
static void
add_address_build(struct decode *d, struct slice s)
{
  struct slice first = slice_cut(s, 1), rest = slice_skip(s, 1);
  unsigned low = s.p[0] & 15;
  bool version_0 = low == 4 || low == 6;
  bool is_v6 = version_0 ? low == 6 : s.n >= 18;
  if (version_0)
    build_number(d, &defs[IP_VERSION], first, low);
  else
    bit_build(d, ECHO, first, 0);
  take_number(d, ADDRESS_ID, &rest, 1);
  uint32_t n = is_v6 ? 16 : 4;
  if (rest.n < n)
    return;
  build_octets(d, &defs[is_v6 ? IPV6 : IPV4], slice_cut(rest, n));
  rest = slice_skip(rest, n);
  if (rest.n == 2 || rest.n == 10)
    take_number(d, PORT, &rest, 2);
  take_number(d, ADD_MAC, &rest, 8);
}

static void
reset_build(struct decode *d, struct slice s)
{
  static const uint8_t letters[] = {FLAG_U, FLAG_V, FLAG_W, FLAG_T};
  struct slice first = slice_cut(s, 1), reason = slice_cut(slice_skip(s, 1), 1);
  unsigned group = build_number(d, &defs[FLAGS], first, first.p[0]);
  build_open(d, group);
  for (unsigned i = 0; i < 4; i++)
    bit_build(d, letters[i], first, 3 - i);
  build_close(d, group);
  if (reason.n)
    build_named(d, &defs[REASON], reason, reason.p[0], WIRE_NAME(reasons, reason.p[0]));
}

void
tcp_mptcp_build(struct decode *d, struct slice s)
{
  if (s.n == 0)
    return;
  struct slice first = slice_cut(s, 1), rest = slice_skip(s, 1), behind = slice_skip(s, 2);
  unsigned subtype = s.p[0] >> 4;
  build_named(d, &defs[SUBTYPE], first, subtype, WIRE_NAME(subtypes, subtype));
  switch (subtype) {
  case CAPABLE:
    capable_build(d, s);
    break;
  case JOIN:
    join_build(d, s);
    break;
  case DSS:
    signal_build(d, s);
    break;
  case ADD_ADDRESS:
    add_address_build(d, s);
    break;
  case REMOVE_ADDRESS:
    build_number(d, &defs[REMOVED], first, rest.n);
    while (rest.n)
      take_number(d, ADDRESS_ID, &rest, 1);
    break;
  case PRIORITY: {
    unsigned group = build_number(d, &defs[FLAGS], first, first.p[0]);
    build_open(d, group);
    bit_build(d, BACKUP, first, 0);
    build_close(d, group);
    take_number(d, ADDRESS_ID, &rest, 1);
    break;
  }
  case FAIL:
  case FAST_CLOSE:
    if (s.n >= 2)
      build_number(d, &defs[RESERVED], slice_cut(s, 2), get_be16(s.p) & 0xfff);
    take_number(d, subtype == FAIL ? DATA_SEQ : RECV_KEY, &behind, 8);
    break;
  case RESET:
    reset_build(d, s);
    break;
  default:
    break;
  }
}
