/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ppp_option.c -- what the control messages of PPP say behind their length: options of LCP, IPCP
 * and IPV6CP, echoes, rejections.
 *
 *     | type 1 | length 1, with these two | contents |
 *
 * RFC 1661, 1662, 1570, 1989, 1990, 1994, 2125 (LCP), 1332, 1877, 2290 (IPCP), 5072 (IPV6CP). An
 * option is a row: its length and what its contents are. */
#include "capture/decode/ppp.h"

#include "capture/wire/net.h"

/* clang-format off */
enum {
  LCP_TYPE, LCP_LENGTH, MRU, ASYNCMAP, AUTH_PROTOCOL, AUTH_ALGORITHM, QUALITY, PERIOD, MAGIC, OPERATION, MRRU, EP_CLASS, EP_ETHER, EP_IP, EP_OTHER, LINK, OPTION_DATA, ECHO_MAGIC, ECHO_DATA, MESSAGE, SECONDS, REJECTED, REJECTED_DATA, IPCP_TYPE, IPCP_LENGTH, ADDRESS, SOURCE, DESTINATION, COMPRESSION, MAX_SLOT, COMP_SLOT, MOBILE, DNS_1, NBNS_1, DNS_2, NBNS_2, V6_TYPE, V6_LENGTH, INTERFACE, LENGTH_BAD
};
/* clang-format on */

static const struct field_def defs[] = {
    [LCP_TYPE] = {"lcp.opt.type",
                  FIELD_UINT,
                  {"Type", "ชนิด"},
                  {"What the option is about: %s.", "ตัวเลือกนี้เกี่ยวกับ %s"},
                  "RFC 1661 section 6"},
    [LCP_LENGTH] = {"lcp.opt.length",
                    FIELD_UINT,
                    {"Length", "ความยาว"},
                    {"The option takes %s octets.", "ตัวเลือกนี้ยาว %s ออกเตต"},
                    "RFC 1661 section 6"},
    [MRU] = {"lcp.opt.mru",
             FIELD_UINT,
             {"Maximum receive unit", "ขนาดสูงสุดที่รับได้"},
             {"The sender takes packets of at most %s octets.", "ผู้ส่งรับแพ็กเก็ตยาวไม่เกิน %s ออกเตต"},
             "RFC 1661 section 6.1"},
    [ASYNCMAP] = {"lcp.opt.asyncmap",
                  FIELD_HEX,
                  {"Async control character map", "แผนผังอักขระควบคุม"},
                  {"One bit for each control character that has to be escaped on the line: %s.",
                   "หนึ่งบิตต่ออักขระควบคุมที่ต้องแปลงก่อนส่งบนสาย: %s"},
                  "RFC 1662 section 7.1",
                  8},
    [AUTH_PROTOCOL] = {"lcp.opt.auth_protocol",
                       FIELD_HEX,
                       {"Authentication protocol", "โปรโตคอลยืนยันตัวตน"},
                       {"The sender wants the other end to prove itself with %s.",
                        "ผู้ส่งต้องการให้อีกฝ่ายพิสูจน์ตัวตนด้วย %s"},
                       "RFC 1661 section 6.2"},
    [AUTH_ALGORITHM] = {"lcp.opt.algorithm",
                        FIELD_UINT,
                        {"Algorithm", "อัลกอริทึม"},
                        {"CHAP is to use %s.", "ให้ CHAP ใช้ %s"},
                        "RFC 1994 section 3"},
    [QUALITY] = {"lcp.opt.quality_protocol",
                 FIELD_HEX,
                 {"Quality protocol", "โปรโตคอลวัดคุณภาพ"},
                 {"How well the line works is to be watched with %s.", "ให้เฝ้าดูคุณภาพของสายด้วย %s"},
                 "RFC 1661 section 6.3"},
    [PERIOD] = {"lcp.opt.reporting_period",
                FIELD_UINT,
                {"Reporting period", "ช่วงเวลารายงาน"},
                {"A report is wanted every %s hundredths of a second.",
                 "ต้องการรายงานทุก %s ส่วนร้อยของวินาที"},
                "RFC 1989 section 2.1"},
    [MAGIC] = {"lcp.opt.magic_number",
               FIELD_HEX,
               {"Magic number", "เลขสุ่มประจำฝ่าย"},
               {"A random number; who gets his own back hears an echo of himself: %s.",
                "เลขสุ่ม ผู้ที่ได้เลขของตนกลับมาแสดงว่าสายวนกลับหาตัวเอง: %s"},
               "RFC 1661 section 6.4",
               8},
    [OPERATION] = {"lcp.opt.operation",
                   FIELD_UINT,
                   {"Callback operation", "วิธีโทรกลับ"},
                   {"How the called end is to call back: %s.", "วิธีที่ปลายทางจะโทรกลับ: %s"},
                   "RFC 1570 section 2.3"},
    [MRRU] = {"lcp.opt.mrru",
              FIELD_UINT,
              {"MRRU", "ขนาดรวมสูงสุด (MRRU)"},
              {"Put together from several lines, packets have at most %s octets.",
               "เมื่อประกอบจากหลายสายแล้ว แพ็กเก็ตยาวไม่เกิน %s ออกเตต"},
              "RFC 1990 section 5.1.1"},
    [EP_CLASS] = {"lcp.opt.ep_disc_class",
                  FIELD_UINT,
                  {"Endpoint class", "ประเภทตัวระบุปลายทาง"},
                  {"By what kind of number the machine is known over all its lines: %s.",
                   "เครื่องนี้ระบุตัวในทุกสายด้วยเลขชนิดใด: %s"},
                  "RFC 1990 section 5.1.3"},
    [EP_ETHER] = {"lcp.opt.802_1_address",
                  FIELD_ETHER,
                  {"IEEE 802.1 address", "ที่อยู่ IEEE 802.1"},
                  {"The machine is known as %s.", "เครื่องนี้รู้จักด้วยที่อยู่ %s"},
                  "RFC 1990 section 5.1.3"},
    [EP_IP] = {"lcp.opt.ip_address",
               FIELD_IPV4,
               {"IP address", "ที่อยู่ IP"},
               {"The machine is known as %s.", "เครื่องนี้รู้จักด้วยที่อยู่ %s"},
               "RFC 1990 section 5.1.3"},
    [EP_OTHER] = {"enveloscope.lcp.endpoint",
                  FIELD_OCTETS,
                  {"Endpoint", "ตัวระบุปลายทาง"},
                  {"The machine is known by these octets: %s.", "เครื่องนี้รู้จักด้วยออกเตตเหล่านี้: %s"},
                  "RFC 1990 section 5.1.3"},
    [LINK] = {"lcp.opt.link_discrim",
              FIELD_UINT,
              {"Link discriminator", "หมายเลขสาย"},
              {"Among several lines this one has the number %s.", "ในหลายสาย สายนี้คือหมายเลข %s"},
              "RFC 2125"},
    [OPTION_DATA] = {"enveloscope.ppp.option_data",
                     FIELD_OCTETS,
                     {"Contents of the option", "เนื้อหาของตัวเลือก"},
                     {"An option that is not explained here says %s.",
                      "ตัวเลือกที่ไม่ได้อธิบายไว้ที่นี่มีข้อมูล %s"},
                     "RFC 1661 section 6"},
    [ECHO_MAGIC] = {"lcp.magic_number",
                    FIELD_HEX,
                    {"Magic number", "เลขสุ่มประจำฝ่าย"},
                    {"The sender's magic number, or 0 when it has none: %s.",
                     "เลขสุ่มของผู้ส่ง หรือ 0 ถ้าไม่มี: %s"},
                    "RFC 1661 section 5.8",
                    8},
    [ECHO_DATA] = {"lcp.data",
                   FIELD_OCTETS,
                   {"Data", "ข้อมูล"},
                   {"What is to come back: %s.", "ข้อมูลที่ให้ส่งกลับมา: %s"},
                   "RFC 1661 section 5.8"},
    [MESSAGE] = {"lcp.message",
                 FIELD_TEXT,
                 {"Message", "ข้อความ"},
                 {"The machine tells of itself: %s.", "เครื่องแจ้งเกี่ยวกับตนเองว่า %s"},
                 "RFC 1570 section 2.1"},
    [SECONDS] = {"lcp.secs_remaining",
                 FIELD_UINT,
                 {"Seconds remaining", "วินาทีที่เหลือ"},
                 {"The line will be up for %s seconds more.", "สายจะใช้ได้อีก %s วินาที"},
                 "RFC 1570 section 2.2"},
    [REJECTED] = {"lcp.rej_proto",
                  FIELD_HEX,
                  {"Rejected protocol", "โปรโตคอลที่ถูกปฏิเสธ"},
                  {"The sender does not know the protocol %s.", "ผู้ส่งไม่รู้จักโปรโตคอล %s"},
                  "RFC 1661 section 5.7"},
    [REJECTED_DATA] = {"enveloscope.ppp.rejected",
                       FIELD_OCTETS,
                       {"Rejected packet", "แพ็กเก็ตที่ถูกปฏิเสธ"},
                       {"The packet that it could not read: %s.", "แพ็กเก็ตที่อ่านไม่ได้: %s"},
                       "RFC 1661 section 5.7"},
    [IPCP_TYPE] = {"ipcp.opt.type",
                   FIELD_UINT,
                   {"Type", "ชนิด"},
                   {"What the option is about: %s.", "ตัวเลือกนี้เกี่ยวกับ %s"},
                   "RFC 1332 section 3"},
    [IPCP_LENGTH] = {"ipcp.opt.length",
                     FIELD_UINT,
                     {"Length", "ความยาว"},
                     {"The option takes %s octets.", "ตัวเลือกนี้ยาว %s ออกเตต"},
                     "RFC 1332 section 3"},
    [ADDRESS] = {"ipcp.opt.ip_address",
                 FIELD_IPV4,
                 {"IP address", "ที่อยู่ IP"},
                 {"The sender has, wants or is given the address %s; 0.0.0.0 asks for one.",
                  "ผู้ส่งมี ขอ หรือได้รับที่อยู่ %s ถ้าเป็น 0.0.0.0 คือขอที่อยู่"},
                 "RFC 1332 section 3.3"},
    [SOURCE] = {"ipcp.opt.src_address",
                FIELD_IPV4,
                {"Source IP address", "ที่อยู่ IP ต้นทาง"},
                {"In an old form, the sender's address is %s.", "ในรูปแบบเก่า ที่อยู่ของผู้ส่งคือ %s"},
                "RFC 1332 section 3.1"},
    [DESTINATION] = {"ipcp.opt.dst_address",
                     FIELD_IPV4,
                     {"Destination IP address", "ที่อยู่ IP ปลายทาง"},
                     {"In an old form, the other end's address is %s.",
                      "ในรูปแบบเก่า ที่อยู่ของอีกฝ่ายคือ %s"},
                     "RFC 1332 section 3.1"},
    [COMPRESSION] = {"ipcp.opt.compress_proto",
                     FIELD_HEX,
                     {"IP compression protocol", "โปรโตคอลบีบอัด IP"},
                     {"Headers are to be compressed with %s.", "ให้บีบอัดส่วนหัวด้วย %s"},
                     "RFC 1332 section 3.2"},
    [MAX_SLOT] = {"ipcp.opt.max_slot_id",
                  FIELD_UINT,
                  {"Largest slot", "หมายเลขช่องสูงสุด"},
                  {"Connections are remembered in slots from 0 to %s.",
                   "จำการเชื่อมต่อไว้ในช่อง 0 ถึง %s"},
                  "RFC 1332 section 4"},
    [COMP_SLOT] = {"ipcp.opt.comp_slot_id",
                   FIELD_BOOL,
                   {"Slot may be left out", "ละหมายเลขช่องได้"},
                   {"Whether the slot's number may be left out too: %s.",
                    "ละหมายเลขช่องได้ด้วยหรือไม่: %s"},
                   "RFC 1332 section 4"},
    [MOBILE] = {"ipcp.opt.mobilenodehomeaddress",
                FIELD_IPV4,
                {"Mobile node's home address", "ที่อยู่บ้านของเครื่องเคลื่อนที่"},
                {"The travelling machine has the address %s at home.", "เครื่องที่เคลื่อนที่มีที่อยู่เดิมคือ %s"},
                "RFC 2290 section 2"},
    [DNS_1] = {"ipcp.opt.pri_dns_address",
               FIELD_IPV4,
               {"Primary DNS address", "ที่อยู่ DNS หลัก"},
               {"Names are to be asked for at %s.", "ให้ถามชื่อที่ %s"},
               "RFC 1877 section 1.1"},
    [NBNS_1] = {"ipcp.opt.pri_nbns_address",
                FIELD_IPV4,
                {"Primary NBNS address", "ที่อยู่ NBNS หลัก"},
                {"Names of Windows machines are to be asked for at %s.",
                 "ให้ถามชื่อเครื่อง Windows ที่ %s"},
                "RFC 1877 section 1.2"},
    [DNS_2] = {"ipcp.opt.sec_dns_address",
               FIELD_IPV4,
               {"Secondary DNS address", "ที่อยู่ DNS สำรอง"},
               {"When the first does not answer, names are to be asked for at %s.",
                "ถ้าตัวหลักไม่ตอบ ให้ถามชื่อที่ %s"},
               "RFC 1877 section 1.3"},
    [NBNS_2] = {"ipcp.opt.sec_nbns_address",
                FIELD_IPV4,
                {"Secondary NBNS address", "ที่อยู่ NBNS สำรอง"},
                {"When the first does not answer, they are to be asked for at %s.",
                 "ถ้าตัวหลักไม่ตอบ ให้ถามที่ %s"},
                "RFC 1877 section 1.4"},
    [V6_TYPE] = {"ipv6cp.opt.type",
                 FIELD_UINT,
                 {"Type", "ชนิด"},
                 {"What the option is about: %s.", "ตัวเลือกนี้เกี่ยวกับ %s"},
                 "RFC 5072 section 4"},
    [V6_LENGTH] = {"ipv6cp.opt.length",
                   FIELD_UINT,
                   {"Length", "ความยาว"},
                   {"The option takes %s octets.", "ตัวเลือกนี้ยาว %s ออกเตต"},
                   "RFC 5072 section 4"},
    [INTERFACE] = {"ipv6cp.interface_identifier",
                   FIELD_OCTETS,
                   {"Interface identifier", "ตัวระบุอินเทอร์เฟซ"},
                   {"The second half of the sender's IPv6 address on this line: %s.",
                    "ครึ่งหลังของที่อยู่ IPv6 ของผู้ส่งบนสายนี้: %s"},
                   "RFC 5072 section 4.1"},
    [LENGTH_BAD] =
        {"ppp.opt.len.invalid",
         FIELD_NONE,
         {"Invalid length for option", "ความยาวตัวเลือกไม่ถูกต้อง"},
         {"The length of this option is none that its type can have, or leads out of the message.",
          "ความยาวของตัวเลือกนี้ไม่ใช่ความยาวของชนิดนี้ หรือเกินข้อความ"},
         "RFC 1661 section 6"},
};
FIELD_TABLE(ppp_option_fields, defs);

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

/* ---- options ---- */

static const struct wire_name compressions[] = {{0x002d, "Van Jacobson"},
                                                {0x0061, "IP header compression"},
                                                {0x0003, "Robust header compression"}};

static const struct wire_name chap_algorithms[] = {
    {5, "MD5"}, {6, "SHA-1"}, {128, "MS-CHAP"}, {129, "MS-CHAP-2"}};

static const struct wire_name endpoint_classes[] = {{0, "null"},
                                                    {1, "locally assigned address"},
                                                    {2, "IP address"},
                                                    {3, "IEEE 802.1 address"},
                                                    {4, "magic number block"},
                                                    {5, "telephone number"}};

static const struct wire_name callbacks[] = {{0, "by the user's name"}, {1, "dialling string"},
                                             {2, "location"},           {3, "E.164 number"},
                                             {4, "X.500 name"},         {6, "to be agreed upon"}};

static void
number_build(struct decode *d, unsigned def, struct slice s, const char *word)
{
  uint64_t number = 0;
  for (uint32_t i = 0; i < s.n; i++)
    number = number << 8 | s.p[i];
  build_named(d, &defs[def], s, number, word);
}

static void
authentication_build(struct decode *d, struct slice s)
{
  number_build(d, AUTH_PROTOCOL, slice_cut(s, 2), ppp_protocol_name(get_be16(s.p)));
  struct slice rest = slice_skip(s, 2);
  if (rest.n == 0)
    return;
  if (get_be16(s.p) == PPP_CHAP)
    number_build(d, AUTH_ALGORITHM, slice_cut(rest, 1), WIRE_NAME(chap_algorithms, rest.p[0]));
  else
    build_octets(d, &defs[OPTION_DATA], rest);
}

static void
quality_build(struct decode *d, struct slice s)
{
  number_build(d, QUALITY, slice_cut(s, 2), ppp_protocol_name(get_be16(s.p)));
  struct slice rest = slice_skip(s, 2);
  if (rest.n == 4)
    number_build(d, PERIOD, rest, NULL);
  else if (rest.n)
    build_octets(d, &defs[OPTION_DATA], rest);
}

static void
callback_build(struct decode *d, struct slice s)
{
  number_build(d, OPERATION, slice_cut(s, 1), WIRE_NAME(callbacks, s.p[0]));
  if (s.n > 1)
    build_octets(d, &defs[OPTION_DATA], slice_skip(s, 1));
}

static void
endpoint_build(struct decode *d, struct slice s)
{
  struct slice rest = slice_skip(s, 1);
  number_build(d, EP_CLASS, slice_cut(s, 1), WIRE_NAME(endpoint_classes, s.p[0]));
  unsigned def = s.p[0] == 3 && rest.n == 6   ? EP_ETHER
                 : s.p[0] == 2 && rest.n == 4 ? EP_IP
                                              : EP_OTHER;
  if (rest.n)
    build_octets(d, &defs[def], rest);
}

static void
compression_build(struct decode *d, struct slice s)
{
  number_build(d, COMPRESSION, slice_cut(s, 2), WIRE_NAME(compressions, get_be16(s.p)));
  struct slice rest = slice_skip(s, 2);
  if (get_be16(s.p) == 0x002d && rest.n == 2) {
    number_build(d, MAX_SLOT, slice_cut(rest, 1), NULL);
    build_number(d, &defs[COMP_SLOT], slice_skip(rest, 1), rest.p[1] & 1);
  } else if (rest.n) {
    build_octets(d, &defs[OPTION_DATA], rest);
  }
}

static void
addresses_build(struct decode *d, struct slice s)
{
  build_octets(d, &defs[SOURCE], slice_cut(s, 4));
  build_octets(d, &defs[DESTINATION], slice_skip(s, 4));
}

/* Contents of min to max octets: one field `def`, or what `build` makes of them. */
struct option {
  uint8_t type, min, max, def;
  const char *name;
  void (*build)(struct decode *d, struct slice contents);
};

static const struct option lcp_options[] = {
    {1, 2, 2, MRU, "Maximum receive unit", NULL},
    {2, 4, 4, ASYNCMAP, "Async control character map", NULL},
    {3, 2, 253, 0, "Authentication protocol", authentication_build},
    {4, 2, 253, 0, "Quality protocol", quality_build},
    {5, 4, 4, MAGIC, "Magic number", NULL},
    {7, 0, 0, 0, "Protocol field compression", NULL},
    {8, 0, 0, 0, "Address and control field compression", NULL},
    {13, 1, 253, 0, "Callback", callback_build},
    {15, 0, 0, 0, "Compound frames", NULL},
    {17, 2, 2, MRRU, "Multilink MRRU", NULL},
    {18, 0, 0, 0, "Short sequence numbers", NULL},
    {19, 1, 253, 0, "Multilink endpoint discriminator", endpoint_build},
    {23, 2, 2, LINK, "Link discriminator", NULL},
    {0},
};

static const struct option ipcp_options[] = {
    {1, 8, 8, 0, "IP addresses (deprecated)", addresses_build},
    {2, 2, 253, 0, "IP compression protocol", compression_build},
    {3, 4, 4, ADDRESS, "IP address", NULL},
    {4, 4, 4, MOBILE, "Mobile node's home address", NULL},
    {129, 4, 4, DNS_1, "Primary DNS address", NULL},
    {130, 4, 4, NBNS_1, "Primary NBNS address", NULL},
    {131, 4, 4, DNS_2, "Secondary DNS address", NULL},
    {132, 4, 4, NBNS_2, "Secondary NBNS address", NULL},
    {0},
};

static const struct option ipv6cp_options[] = {
    {1, 8, 8, INTERFACE, "Interface identifier", NULL},
    {0},
};

static void
length_bad(struct decode *d, struct slice option)
{
  build_flag(d, build_none(d, &defs[LENGTH_BAD], option), FIELD_FLAG_ODD);
}

static void
contents_build(struct decode *d, const struct option *row, struct slice option)
{
  struct slice contents = slice_skip(option, 2);
  if (row->type && (contents.n < row->min || contents.n > row->max)) {
    length_bad(d, option);
  } else if (contents.n == 0) {
    return;
  } else if (row->build) {
    row->build(d, contents);
  } else if (row->type == 0) {
    build_octets(d, &defs[OPTION_DATA], contents);
  } else {
    enum field_type type = defs[row->def].type;
    if (type == FIELD_UINT || type == FIELD_HEX)
      number_build(d, row->def, contents, NULL);
    else
      build_octets(d, &defs[row->def], contents);
  }
}

static void
options_build(struct decode *d, const struct option *rows, unsigned type_def, struct slice s)
{
  while (s.n) {
    if (s.n < 2 || s.p[1] < 2 || s.p[1] > s.n) {
      length_bad(d, s);
      return;
    }
    struct slice option = slice_cut(s, s.p[1]);
    const struct option *row = rows;
    while (row->type && row->type != option.p[0])
      row++;
    build_named(d, &defs[type_def], part(option, 0, 1), option.p[0], row->name);
    build_number(d, &defs[type_def + 1], part(option, 1, 1), option.p[1]);
    contents_build(d, row, option);
    s = slice_skip(s, option.n);
  }
}
_Static_assert(LCP_LENGTH == LCP_TYPE + 1 && IPCP_LENGTH == IPCP_TYPE + 1 &&
                   V6_LENGTH == V6_TYPE + 1,
               "the length's row follows the type's");

/* ---- messages ---- */

bool
ppp_control_data_build(struct decode *d, uint16_t protocol, unsigned code, struct slice s)
{
  enum {
    REQUEST = 1,
    REJECT = 4,
    PROTOCOL_REJECT = 8,
    ECHO_REQUEST,
    ECHO_REPLY,
    DISCARD,
    IDENTIFICATION,
    TIME_REMAINING
  };
  if (code >= REQUEST && code <= REJECT) {
    if (protocol == PPP_LCP)
      options_build(d, lcp_options, LCP_TYPE, s);
    else if (protocol == PPP_IPCP)
      options_build(d, ipcp_options, IPCP_TYPE, s);
    else
      options_build(d, ipv6cp_options, V6_TYPE, s);
    return true;
  }
  if (protocol != PPP_LCP || code < PROTOCOL_REJECT || code > TIME_REMAINING)
    return false;
  if (code == PROTOCOL_REJECT) {
    if (s.n < 2)
      return false;
    number_build(d, REJECTED, slice_cut(s, 2), ppp_protocol_name(get_be16(s.p)));
    if (s.n > 2)
      build_octets(d, &defs[REJECTED_DATA], slice_skip(s, 2));
    return true;
  }
  if (s.n < 4)
    return false;
  number_build(d, ECHO_MAGIC, slice_cut(s, 4), NULL);
  struct slice rest = slice_skip(s, 4);
  if (code == TIME_REMAINING && rest.n >= 4) {
    number_build(d, SECONDS, slice_cut(rest, 4), NULL);
    rest = slice_skip(rest, 4);
  }
  if (rest.n && code >= IDENTIFICATION)
    build_text(d, &defs[MESSAGE], rest, rest.p, rest.n);
  else if (rest.n)
    build_octets(d, &defs[ECHO_DATA], rest);
  return true;
}
