/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arp.c -- the question "who has this IP address?" and its answer, RFC 826.
 *
 *     | hardware 2 | protocol 2 | sizes 1 1 | opcode 2 | sender MAC, IP | target MAC, IP | */
#include "capture/decode/build.h"

enum {
  ARP,
  HW_TYPE,
  PROTO_TYPE,
  HW_SIZE,
  PROTO_SIZE,
  OPCODE,
  SRC_MAC,
  SRC_IP,
  DST_MAC,
  DST_IP,
  IS_GRATUITOUS,
  IS_PROBE,
  BAD,
};

static const struct field_def defs[] = {
    [ARP] = {"arp",
             FIELD_PROTOCOL,
             {"Address Resolution Protocol", "ARP โปรโตคอลค้นหาที่อยู่ฮาร์ดแวร์"},
             {"ARP finds the card address that belongs to an IP address on the local network.",
              "ARP ค้นหาที่อยู่ของการ์ดเครือข่ายที่ตรงกับที่อยู่ IP ภายในเครือข่ายท้องถิ่น"},
             "RFC 826"},
    [HW_TYPE] = {"arp.hw.type",
                 FIELD_UINT,
                 {"Hardware type", "ชนิดฮาร์ดแวร์"},
                 {"The kind of network whose addresses are asked for: %s.",
                  "ประเภทของเครือข่ายที่ถามหาที่อยู่: %s"},
                 "RFC 826"},
    [PROTO_TYPE] = {"arp.proto.type",
                    FIELD_HEX,
                    {"Protocol type", "ชนิดโปรโตคอล"},
                    {"The protocol whose addresses are known: %s.", "โปรโตคอลที่รู้ที่อยู่แล้ว: %s"},
                    "RFC 826"},
    [HW_SIZE] = {"arp.hw.size",
                 FIELD_UINT,
                 {"Hardware size", "ความยาวที่อยู่ฮาร์ดแวร์"},
                 {"A card address has %s octets.", "ที่อยู่ของการ์ดยาว %s ออกเตต"},
                 "RFC 826"},
    [PROTO_SIZE] = {"arp.proto.size",
                    FIELD_UINT,
                    {"Protocol size", "ความยาวที่อยู่โปรโตคอล"},
                    {"A protocol address has %s octets.", "ที่อยู่ของโปรโตคอลยาว %s ออกเตต"},
                    "RFC 826"},
    [OPCODE] = {"arp.opcode",
                FIELD_UINT,
                {"Opcode", "รหัสการทำงาน"},
                {"Whether this is the question (1) or the answer (2): %s.",
                 "บอกว่าเป็นคำถาม (1) หรือคำตอบ (2): %s"},
                "RFC 826"},
    [SRC_MAC] = {"arp.src.hw_mac",
                 FIELD_ETHER,
                 {"Sender MAC address", "ที่อยู่ MAC ของผู้ส่ง"},
                 {"The sender says that its card has the address %s.", "ผู้ส่งบอกว่าการ์ดของตนมีที่อยู่ %s"},
                 "RFC 826"},
    [SRC_IP] = {"arp.src.proto_ipv4",
                FIELD_IPV4,
                {"Sender IP address", "ที่อยู่ IP ของผู้ส่ง"},
                {"The sender says that its IP address is %s.", "ผู้ส่งบอกว่าที่อยู่ IP ของตนคือ %s"},
                "RFC 826"},
    [DST_MAC] = {"arp.dst.hw_mac",
                 FIELD_ETHER,
                 {"Target MAC address", "ที่อยู่ MAC ของเป้าหมาย"},
                 {"The card address of the target is %s; in a question it is not known yet.",
                  "ที่อยู่การ์ดของเป้าหมายคือ %s ถ้าเป็นคำถามจะยังไม่รู้ค่านี้"},
                 "RFC 826"},
    [DST_IP] = {"arp.dst.proto_ipv4",
                FIELD_IPV4,
                {"Target IP address", "ที่อยู่ IP ของเป้าหมาย"},
                {"The IP address that is asked for, or that asked, is %s.",
                 "ที่อยู่ IP ที่ถูกถามหา หรือที่เป็นผู้ถาม คือ %s"},
                "RFC 826"},
    [IS_GRATUITOUS] = {"arp.isgratuitous",
                       FIELD_BOOL,
                       {"Is gratuitous", "เป็นการประกาศเอง"},
                       {"The sender tells its own address without having been asked.",
                        "ผู้ส่งประกาศที่อยู่ของตนเองโดยไม่มีใครถาม"},
                       "RFC 5227 section 3"},
    [IS_PROBE] = {"arp.isprobe",
                  FIELD_BOOL,
                  {"Is probe", "เป็นการหยั่งที่อยู่"},
                  {"The sender asks whether the address that it wants is already taken.",
                   "ผู้ส่งถามว่าที่อยู่ที่ต้องการใช้มีผู้ใช้แล้วหรือไม่"},
                  "RFC 5227 section 1.1"},
    [BAD] =
        {"enveloscope.arp.other",
         FIELD_NONE,
         {"Not ARP for IPv4 over Ethernet", "ไม่ใช่ ARP ของ IPv4 บนอีเทอร์เน็ต"},
         {"This is ARP for other kinds of addresses, or it is cut off; it is not explained here.",
          "นี่เป็น ARP สำหรับที่อยู่ชนิดอื่นหรือข้อมูลขาดหาย จึงไม่ได้อธิบายไว้ที่นี่"},
         "RFC 826"},
};
FIELD_TABLE(arp_fields, defs);

static void
info_build(struct decode *d, const struct arp *a)
{
  char sender[ADDR_TEXT_MAX], target[ADDR_TEXT_MAX], mac[ETHER_TEXT_MAX];
  struct ip_addr from = ip_addr_v4(a->sender_ip), to = ip_addr_v4(a->target_ip);
  ip_addr_format(&from, sender);
  ip_addr_format(&to, target);
  bool same = ip_addr_equal(&from, &to);
  static const uint8_t nothing[4];
  if (a->opcode == ARP_REQUEST && memcmp(a->sender_ip, nothing, 4) == 0)
    build_info(d, "Who has %s? (ARP Probe)", target);
  else if (a->opcode == ARP_REQUEST && same)
    build_info(d, "ARP Announcement for %s", target);
  else if (a->opcode == ARP_REQUEST)
    build_info(d, "Who has %s? Tell %s", target, sender);
  else if (a->opcode == ARP_REPLY)
    build_info(d, "%s%s is at %s", same ? "Gratuitous ARP: " : "", sender,
               ether_format(a->sender_mac, mac));
  else
    build_info(d, "ARP opcode %u", a->opcode);
}

void
arp_decode(struct decode *d, struct slice s)
{
  struct arp a;
  unsigned layer = build_layer(d, &defs[ARP], s, NULL);
  build_summary_protocol(d, "ARP");
  if (!arp_get(s.p, s.n, &a)) {
    build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
    build_info(d, "%s", lang_pick(defs[BAD].name));
    build_layer_end(d, layer, s.n);
    return;
  }
  static const uint8_t nothing[4];
  build_named(d, &defs[HW_TYPE], slice_cut(s, 2), get_be16(s.p), "Ethernet");
  build_named(d, &defs[PROTO_TYPE], slice_cut(slice_skip(s, 2), 2), get_be16(s.p + 2), "IPv4");
  build_number(d, &defs[HW_SIZE], slice_cut(slice_skip(s, 4), 1), s.p[4]);
  build_number(d, &defs[PROTO_SIZE], slice_cut(slice_skip(s, 5), 1), s.p[5]);
  build_named(d, &defs[OPCODE], slice_cut(slice_skip(s, 6), 2), a.opcode,
              a.opcode == ARP_REQUEST ? "request"
              : a.opcode == ARP_REPLY ? "reply"
                                      : NULL);
  if (memcmp(a.sender_ip, a.target_ip, 4) == 0)
    build_generated(d, build_number(d, &defs[IS_GRATUITOUS], slice_none(s), 1));
  if (a.opcode == ARP_REQUEST && memcmp(a.sender_ip, nothing, 4) == 0)
    build_generated(d, build_number(d, &defs[IS_PROBE], slice_none(s), 1));
  build_octets(d, &defs[SRC_MAC], slice_cut(slice_skip(s, 8), 6));
  build_octets(d, &defs[SRC_IP], slice_cut(slice_skip(s, 14), 4));
  build_octets(d, &defs[DST_MAC], slice_cut(slice_skip(s, 18), 6));
  build_octets(d, &defs[DST_IP], slice_cut(slice_skip(s, 24), 4));
  build_layer_end(d, layer, ARP_OCTETS);
  info_build(d, &a);
}
