/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c -- the outermost envelope: Ethernet with VLAN tags, Linux cooked captures, loopback, raw
 * IP.
 *
 *     Ethernet II   | destination 6 | source 6 | type 2 | payload ... | padding |
 *     802.1Q tag                     | 0x8100 | priority 3, DEI 1, id 12 | type 2 |
 *     Linux SLL     | packet type 2 | address type 2 | length 2 | address 8 | protocol 2 |
 *     null, loop    | family 4 (host order, network order) |
 *
 * What follows the datagram inside an Ethernet frame is padding to its smallest size (IEEE
 * 802.3 3.2.8) or a trailer; it is shown last, because it lies last. */
#include "capture/decode/build.h"

#include "capture/wire/frame.h"

enum {
  ETH,
  ETH_DST,
  ETH_SRC,
  ETH_ADDR,
  ETH_TYPE,
  ETH_LEN,
  ETH_PADDING,
  ETH_TRAILER,
  LLC,
  LLC_TYPE,
  QINQ,
  QINQ_PRIORITY,
  QINQ_DEI,
  QINQ_ID,
  QINQ_TYPE,
  VLAN,
  VLAN_PRIORITY,
  VLAN_DEI,
  VLAN_ID,
  VLAN_ETYPE,
  SLL,
  SLL_PKTTYPE,
  SLL_HATYPE,
  SLL_HALEN,
  SLL_SRC,
  SLL_UNUSED,
  SLL_ETYPE,
  SLL_IFINDEX,
  NULL_LAYER,
  NULL_FAMILY,
  RAW,
  DATA,
  DATA_DATA,
  DATA_LEN,
  SHORT,
  TOO_DEEP,
};

static const struct field_def defs[] = {
    [ETH] = {"eth",
             FIELD_PROTOCOL,
             {"Ethernet II", "อีเทอร์เน็ต II"},
             {"The Ethernet header takes the frame to the next machine on the same local network, "
              "and no "
              "further.",
              "ส่วนหัวของอีเทอร์เน็ตพาเฟรมไปถึงเครื่องถัดไปในเครือข่ายท้องถิ่นเดียวกันเท่านั้น ไม่ไปไกลกว่านั้น"},
             "IEEE 802.3 clause 3"},
    [ETH_DST] = {"eth.dst",
                 FIELD_ETHER,
                 {"Destination", "ปลายทาง"},
                 {"The card that is to take this frame off the wire has the address %s.",
                  "การ์ดเครือข่ายที่ต้องรับเฟรมนี้มีที่อยู่ %s"},
                 "IEEE 802.3 clause 3"},
    [ETH_SRC] = {"eth.src",
                 FIELD_ETHER,
                 {"Source", "ต้นทาง"},
                 {"The card that sent this frame has the address %s.",
                  "การ์ดเครือข่ายที่ส่งเฟรมนี้มีที่อยู่ %s"},
                 "IEEE 802.3 clause 3"},
    [ETH_ADDR] = {"eth.addr",
                  FIELD_ETHER,
                  {"Source or destination", "ต้นทางหรือปลายทาง"},
                  {"One of the two cards has the address %s.", "การ์ดหนึ่งในสองใบมีที่อยู่ %s"},
                  "IEEE 802.3 clause 3"},
    [ETH_TYPE] = {"eth.type",
                  FIELD_HEX,
                  {"Type", "ชนิด"},
                  {"The type says which protocol is inside: %s.", "ชนิดบอกว่าข้างในเป็นโปรโตคอลใด: %s"},
                  "IEEE 802.3 clause 3"},
    [ETH_LEN] = {"eth.len",
                 FIELD_UINT,
                 {"Length", "ความยาว"},
                 {"An IEEE 802.3 frame carries its length in place of a type: %s octets.",
                  "เฟรมแบบ IEEE 802.3 บอกความยาวแทนชนิด คือ %s ออกเตต"},
                 "IEEE 802.3 clause 3"},
    [ETH_PADDING] =
        {"eth.padding",
         FIELD_OCTETS,
         {"Padding", "ส่วนเติม"},
         {"An Ethernet frame must not be too short, so the sender filled it up with zeros: %s.",
          "เฟรมอีเทอร์เน็ตต้องไม่สั้นเกินไป ผู้ส่งจึงเติมศูนย์ให้เต็ม: %s"},
         "IEEE 802.3 clause 3"},
    [ETH_TRAILER] = {"eth.trailer",
                     FIELD_OCTETS,
                     {"Trailer", "ส่วนท้าย"},
                     {"These octets stand behind the datagram and belong to no protocol here: %s.",
                      "ออกเตตเหล่านี้อยู่หลังดาตาแกรมและไม่เป็นของโปรโตคอลใดในที่นี้: %s"},
                     "IEEE 802.3 clause 3"},
    [LLC] = {"llc",
             FIELD_PROTOCOL,
             {"Logical-Link Control", "LLC ชั้นย่อยควบคุมลิงก์"},
             {"Logical-link control names the protocol inside an IEEE 802.3 frame.",
              "การควบคุมเชื่อมโยงเชิงตรรกะ (LLC) ระบุโปรโตคอลที่อยู่ในเฟรมแบบ IEEE 802.3"},
             "IEEE 802.2"},
    [LLC_TYPE] = {"llc.type",
                  FIELD_HEX,
                  {"Type", "ชนิด"},
                  {"The type says which protocol is inside: %s.", "ชนิดบอกว่าข้างในเป็นโปรโตคอลใด: %s"},
                  "IEEE 802.2"},
    [QINQ] = {"ieee8021ad",
              FIELD_PROTOCOL,
              {"IEEE 802.1ad", "ป้าย VLAN ของผู้ให้บริการ"},
              {"A provider puts a tag of its own around the tags of its customers.",
               "ผู้ให้บริการใส่ป้ายของตนครอบป้ายของลูกค้า"},
              "IEEE 802.1Q"},
    [QINQ_PRIORITY] = {"ieee8021ad.priority",
                       FIELD_UINT,
                       {"Priority", "ลำดับความสำคัญ"},
                       {"In the provider's network the frame has the priority %s of 7.",
                        "ในเครือข่ายของผู้ให้บริการ เฟรมมีลำดับความสำคัญ %s จาก 7"},
                       "IEEE 802.1Q"},
    [QINQ_DEI] = {"ieee8021ad.dei",
                  FIELD_BOOL,
                  {"Drop eligible", "ทิ้งก่อนได้"},
                  {"Whether the provider may drop this frame first: %s.",
                   "ผู้ให้บริการทิ้งเฟรมนี้ก่อนได้หรือไม่: %s"},
                  "IEEE 802.1Q"},
    [QINQ_ID] = {"ieee8021ad.id",
                 FIELD_UINT,
                 {"Service id", "หมายเลขบริการ"},
                 {"The provider keeps this customer's frames apart by the number %s.",
                  "ผู้ให้บริการแยกเฟรมของลูกค้ารายนี้ด้วยหมายเลข %s"},
                 "IEEE 802.1Q"},
    [QINQ_TYPE] = {"enveloscope.ieee8021ad.type",
                   FIELD_HEX,
                   {"Type", "ชนิด"},
                   {"The type says which protocol is inside: %s.",
                    "ชนิดบอกว่าข้างในเป็นโพรโทคอลใด: %s"},
                   "IEEE 802.1Q"},
    [VLAN] = {"vlan",
              FIELD_PROTOCOL,
              {"802.1Q Virtual LAN", "แลนเสมือน 802.1Q"},
              {"A VLAN tag lets several separate networks share one cable.",
               "ป้าย VLAN ทำให้หลายเครือข่ายที่แยกจากกันใช้สายเส้นเดียวร่วมกันได้"},
              "IEEE 802.1Q clause 9"},
    [VLAN_PRIORITY] =
        {"vlan.priority",
         FIELD_UINT,
         {"Priority", "ลำดับความสำคัญ"},
         {"Switches may send frames of a higher priority first; this one has %s of 7.",
          "สวิตช์อาจส่งเฟรมที่มีลำดับความสำคัญสูงกว่าก่อน เฟรมนี้มีค่า %s จาก 7"},
         "IEEE 802.1Q clause 9"},
    [VLAN_DEI] = {"vlan.dei",
                  FIELD_BOOL,
                  {"Drop eligible", "ทิ้งได้เมื่อคับคั่ง"},
                  {"Whether this frame may be dropped first when a switch is overloaded: %s.",
                   "เฟรมนี้ถูกทิ้งก่อนได้หรือไม่เมื่อสวิตช์รับงานเกินกำลัง: %s"},
                  "IEEE 802.1Q clause 9"},
    [VLAN_ID] = {"vlan.id",
                 FIELD_UINT,
                 {"VLAN id", "หมายเลข VLAN"},
                 {"The frame belongs to the virtual network number %s.",
                  "เฟรมนี้เป็นของเครือข่ายเสมือนหมายเลข %s"},
                 "IEEE 802.1Q clause 9"},
    [VLAN_ETYPE] = {"vlan.etype",
                    FIELD_HEX,
                    {"Type", "ชนิด"},
                    {"The type says which protocol is inside: %s.",
                     "ชนิดบอกว่าข้างในเป็นโปรโตคอลใด: %s"},
                    "IEEE 802.1Q clause 9"},
    [SLL] = {"sll",
             FIELD_PROTOCOL,
             {"Linux cooked capture", "การดักจับแบบ Linux cooked"},
             {"This was recorded on all interfaces at once, so Linux wrote this header in place of "
              "the real "
              "link header.",
              "ข้อมูลนี้บันทึกจากทุกอินเทอร์เฟซพร้อมกัน ลินุกซ์จึงเขียนส่วนหัวนี้แทนส่วนหัวจริงของชั้นเชื่อมโยง"},
             "LINKTYPE_LINUX_SLL"},
    [SLL_PKTTYPE] = {"sll.pkttype",
                     FIELD_UINT,
                     {"Packet type", "ชนิดแพ็กเก็ต"},
                     {"Which way the packet went, as the recording machine saw it: %s.",
                      "ทิศทางของแพ็กเก็ตจากมุมมองของเครื่องที่บันทึก: %s"},
                     "LINKTYPE_LINUX_SLL"},
    [SLL_HATYPE] = {"sll.hatype",
                    FIELD_UINT,
                    {"Link-layer address type", "ชนิดที่อยู่ชั้นลิงก์"},
                    {"The kind of network card, as a number of ARP: %s.",
                     "ประเภทของการ์ดเครือข่าย เป็นหมายเลขของ ARP: %s"},
                    "LINKTYPE_LINUX_SLL"},
    [SLL_HALEN] = {"sll.halen",
                   FIELD_UINT,
                   {"Link-layer address length", "ความยาวที่อยู่ชั้นลิงก์"},
                   {"The sender's card address has %s octets.", "ที่อยู่ของการ์ดผู้ส่งยาว %s ออกเตต"},
                   "LINKTYPE_LINUX_SLL"},
    [SLL_SRC] = {"sll.src.eth",
                 FIELD_ETHER,
                 {"Source", "ต้นทาง"},
                 {"The card that sent this has the address %s.", "การ์ดที่ส่งข้อมูลนี้มีที่อยู่ %s"},
                 "LINKTYPE_LINUX_SLL"},
    [SLL_UNUSED] = {"sll.unused",
                    FIELD_OCTETS,
                    {"Unused", "ไม่ได้ใช้"},
                    {"These octets have no meaning here: %s.", "ออกเตตเหล่านี้ไม่มีความหมายในที่นี้: %s"},
                    "LINKTYPE_LINUX_SLL"},
    [SLL_ETYPE] = {"sll.etype",
                   FIELD_HEX,
                   {"Protocol", "โปรโตคอล"},
                   {"The type says which protocol is inside: %s.",
                    "ชนิดบอกว่าข้างในเป็นโปรโตคอลใด: %s"},
                   "LINKTYPE_LINUX_SLL"},
    [SLL_IFINDEX] = {"sll.ifindex",
                     FIELD_UINT,
                     {"Interface index", "ดัชนีอินเทอร์เฟซ"},
                     {"Linux counts the interface at which it was recorded as number %s.",
                      "ลินุกซ์นับอินเทอร์เฟซที่บันทึกเป็นหมายเลข %s"},
                     "LINKTYPE_LINUX_SLL"},
    [NULL_LAYER] = {"null",
                    FIELD_PROTOCOL,
                    {"Null/Loopback", "ลูปแบ็ก (Null)"},
                    {"This never left the machine: it went through the loopback interface.",
                     "ข้อมูลนี้ไม่ได้ออกจากเครื่อง แต่ผ่านอินเทอร์เฟซวนกลับ (loopback)"},
                    "LINKTYPE_NULL"},
    [NULL_FAMILY] = {"null.family",
                     FIELD_UINT,
                     {"Family", "ตระกูลที่อยู่"},
                     {"The address family says which protocol is inside: %s.",
                      "ตระกูลที่อยู่บอกว่าข้างในเป็นโปรโตคอลใด: %s"},
                     "LINKTYPE_NULL"},
    [RAW] = {"raw",
             FIELD_PROTOCOL,
             {"Raw packet data", "แพ็กเก็ตดิบ"},
             {"There is no link header: the recording starts with IP.",
              "ไม่มีส่วนหัวของชั้นเชื่อมโยง การบันทึกเริ่มที่ IP เลย"},
             "LINKTYPE_RAW"},
    [DATA] = {"data",
              FIELD_PROTOCOL,
              {"Data", "ข้อมูล"},
              {"These octets belong to a protocol that is not explained here.",
               "ออกเตตเหล่านี้เป็นของโปรโตคอลที่โปรแกรมนี้ไม่ได้อธิบาย"},
              "Enveloscope"},
    [DATA_DATA] = {"data.data",
                   FIELD_OCTETS,
                   {"Data", "ข้อมูล"},
                   {"The octets as they stand: %s.", "ออกเตตตามที่ปรากฏ: %s"},
                   "Enveloscope"},
    [DATA_LEN] = {"data.len",
                  FIELD_UINT,
                  {"Length", "ความยาว"},
                  {"There are %s of them.", "มีทั้งหมด %s ออกเตต"},
                  "Enveloscope"},
    [SHORT] = {"enveloscope.short",
               FIELD_NONE,
               {"The header is cut off", "ส่วนหัวขาดหาย"},
               {"The octets end inside this header, so the rest of it cannot be read.",
                "ออกเตตจบลงกลางส่วนหัวนี้ จึงอ่านส่วนที่เหลือไม่ได้"},
               "Enveloscope"},
    [TOO_DEEP] = {"enveloscope.too_deep",
                  FIELD_NONE,
                  {"Too many headers inside one another", "ส่วนหัวซ้อนกันมากเกินไป"},
                  {"More headers are nested here than any real network needs, so reading stopped.",
                   "มีส่วนหัวซ้อนกันมากกว่าที่เครือข่ายจริงต้องใช้ จึงหยุดอ่าน"},
                  "Enveloscope"},
};
FIELD_TABLE(link_fields, defs);

static const char *
ether_type_name(uint16_t type)
{
  switch (type) {
  case ETHER_IPV4:
    return "IPv4";
  case ETHER_IPV6:
    return "IPv6";
  case ETHER_ARP:
    return "ARP";
  case ETHER_VLAN:
    return "802.1Q Virtual LAN";
  case ETHER_QINQ:
    return "802.1ad Provider Bridge";
  case ETHER_PPPOE_DISCOVERY:
    return "PPPoE Discovery";
  case ETHER_PPPOE:
    return "PPPoE Session";
  default:
    return NULL;
  }
}

void
data_decode(struct decode *d, struct slice s)
{
  if (s.n == 0)
    return;
  unsigned layer = build_layer(d, &defs[DATA], s, NULL);
  build_octets(d, &defs[DATA_DATA], s);
  build_generated(d, build_number(d, &defs[DATA_LEN], slice_none(s), s.n));
  build_layer_end(d, layer, s.n);
}

static void
short_header(struct decode *d, unsigned layer, struct slice s)
{
  build_flag(d, build_none(d, &defs[SHORT], s), FIELD_FLAG_ODD);
  build_layer_end(d, layer, s.n);
}

void
ether_type_decode(struct decode *d, struct slice s, uint16_t type)
{
  for (unsigned depth = 0; type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD;
       depth++) {
    struct vlan v;
    bool is_service = type == ETHER_QINQ; /* IEEE 802.1ad: the provider's tag has its own keys */
    unsigned layer = build_layer(d, &defs[is_service ? QINQ : VLAN], s, NULL);
    if (depth == FRAME_NEST_MAX) {
      build_flag(d, build_none(d, &defs[TOO_DEEP], s), FIELD_FLAG_ODD);
      build_layer_end(d, layer, s.n);
      return;
    }
    if (!vlan_get(s.p, s.n, &v)) {
      short_header(d, layer, s);
      return;
    }
    build_number(d, &defs[is_service ? QINQ_PRIORITY : VLAN_PRIORITY], slice_cut(s, 1), v.priority);
    build_number(d, &defs[is_service ? QINQ_DEI : VLAN_DEI], slice_cut(s, 1), v.dei);
    build_number(d, &defs[is_service ? QINQ_ID : VLAN_ID], slice_cut(s, 2), v.id);
    build_named(d, &defs[is_service ? QINQ_TYPE : VLAN_ETYPE], slice_cut(slice_skip(s, 2), 2),
                v.type, ether_type_name(v.type));
    build_layer_end(d, layer, VLAN_OCTETS);
    build_protocol(d, "ethertype");
    type = v.type;
    s = slice_skip(s, VLAN_OCTETS);
  }
  if (type == ETHER_ARP) {
    arp_decode(d, s);
  } else if (type == ETHER_PPPOE || type == ETHER_PPPOE_DISCOVERY) {
    pppoe_decode(d, s, type == ETHER_PPPOE);
  } else if (type == ETHER_IPV4 || type == ETHER_IPV6) {
    ip_decode(d, s);
  } else {
    build_summary_protocol(d, d->summary.protocol[0] ? d->summary.protocol : "ETHER");
    build_info(d, "0x%04x, %u %s", type, s.wire, lang_text("octets", "ออกเตต"));
    data_decode(d, s);
  }
}

/* The octets that the packet inside an Ethernet frame takes; the rest is padding. */
static uint32_t
inner_octets(struct slice s, uint16_t type)
{
  if (type == ETHER_ARP)
    return ARP_OCTETS;
  if (type == ETHER_IPV4 && s.n >= IPV4_OCTETS && get_be16(s.p + 2) >= IPV4_OCTETS)
    return get_be16(s.p + 2);
  if (type == ETHER_IPV6 && s.n >= IPV6_OCTETS && get_be16(s.p + 4) > 0)
    return IPV6_OCTETS + get_be16(s.p + 4);
  if ((type == ETHER_PPPOE || type == ETHER_PPPOE_DISCOVERY) && s.n >= PPPOE_OCTETS)
    return PPPOE_OCTETS + get_be16(s.p + 4);
  return s.wire;
}

static void
padding_build(struct decode *d, struct slice s, uint16_t type)
{
  while ((type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD) &&
         s.n >= VLAN_OCTETS) {
    type = get_be16(s.p + 2);
    s = slice_skip(s, VLAN_OCTETS);
  }
  struct slice rest = slice_skip(s, inner_octets(s, type));
  if (rest.n == 0)
    return;
  bool zeros = true;
  for (uint32_t i = 0; i < rest.n && zeros; i++)
    zeros = rest.p[i] == 0;
  build_octets(d, &defs[zeros ? ETH_PADDING : ETH_TRAILER], rest);
}

static void
addresses_summary(struct decode *d, const uint8_t *src, const uint8_t *dst)
{
  if (src)
    ether_format(src, d->work->source_text);
  if (dst)
    ether_format(dst, d->work->destination_text);
}

static void
ethernet_decode(struct decode *d, struct slice s)
{
  struct eth e;
  unsigned layer = build_layer(d, &defs[ETH], s, NULL);
  build_summary_protocol(d, "ETHER");
  if (!eth_get(s.p, s.n, &e)) {
    short_header(d, layer, s);
    return;
  }
  addresses_summary(d, e.src, e.dst);
  struct slice dst = slice_cut(s, 6), src = slice_cut(slice_skip(s, 6), 6);
  struct slice type = slice_cut(slice_skip(s, 12), 2), inner = slice_skip(s, ETH_OCTETS);
  build_octets(d, &defs[ETH_DST], dst);
  build_hidden(d, &defs[ETH_ADDR], dst, 0);
  build_octets(d, &defs[ETH_SRC], src);
  build_hidden(d, &defs[ETH_ADDR], src, 0);
  if (e.type >= 0x600) {
    build_named(d, &defs[ETH_TYPE], type, e.type, ether_type_name(e.type));
    build_layer_end(d, layer, ETH_OCTETS);
    build_protocol(d, "ethertype");
    ether_type_decode(d, inner, e.type);
    padding_build(d, inner, e.type);
    return;
  }
  build_number(d, &defs[ETH_LEN], type, e.type);
  build_layer_end(d, layer, ETH_OCTETS);
  static const uint8_t snap[6] = {0xaa, 0xaa, 3, 0, 0, 0};
  struct slice rest = slice_skip(inner, e.type);
  inner = slice_cut(inner, e.type);
  layer = build_layer(d, &defs[LLC], inner, NULL);
  build_summary_protocol(d, "LLC");
  if (inner.n >= 8 && memcmp(inner.p, snap, sizeof snap) == 0) {
    uint16_t inner_type = get_be16(inner.p + 6);
    build_named(d, &defs[LLC_TYPE], slice_cut(slice_skip(inner, 6), 2), inner_type,
                ether_type_name(inner_type));
    build_layer_end(d, layer, 8);
    ether_type_decode(d, slice_skip(inner, 8), inner_type);
  } else {
    build_layer_end(d, layer, inner.n < 3 ? inner.n : 3);
    build_info(d, "%u %s", inner.wire, lang_text("octets", "ออกเตต"));
    data_decode(d, slice_skip(inner, 3));
  }
  if (rest.n)
    build_octets(d, &defs[ETH_TRAILER], rest);
}

static const char *
packet_type_name(unsigned type)
{
  static const char *const names[] = {"Unicast to us", "Broadcast", "Multicast",
                                      "Unicast to another host", "Sent by us"};
  return type < G_N_ELEMENTS(names) ? names[type] : NULL;
}

enum { SLL_ADDRESS_ROOM = 8 }; /* of which the address takes what it needs */

/* Both versions hold the same fields in another order; the table of capture/wire says where. */
static void
cooked_decode(struct decode *d, struct slice s, const struct wire_header *header)
{
  unsigned layer = build_layer(d, &defs[SLL], s, header->title);
  build_summary_protocol(d, "SLL");
  if (s.n < header->n_octets) {
    short_header(d, layer, s);
    return;
  }
  uint16_t type = 0;
  uint64_t address_octets = 0;
  for (unsigned i = 0; i < header->n_fields; i++) {
    const struct wire_field *f = &header->fields[i];
    struct slice place = slice_cut(slice_skip(s, f->first_bit / 8), f->n_bits / 8);
    uint64_t value = wire_get(s.p, f);
    if (strcmp(f->key, "sll.pkttype") == 0) {
      build_named(d, &defs[SLL_PKTTYPE], place, value, packet_type_name((unsigned)value));
    } else if (strcmp(f->key, "sll.hatype") == 0) {
      build_number(d, &defs[SLL_HATYPE], place, value);
    } else if (strcmp(f->key, "sll.halen") == 0) {
      address_octets = value;
      build_number(d, &defs[SLL_HALEN], place, value);
    } else if (strcmp(f->key, "sll.src.eth") == 0 && address_octets == 6) {
      build_octets(d, &defs[SLL_SRC], place);
      addresses_summary(d, place.p, NULL);
    } else if (strcmp(f->key, "sll.unused") == 0 && address_octets < SLL_ADDRESS_ROOM) {
      uint32_t used = (uint32_t)address_octets, behind = f->first_bit / 8 + f->n_bits / 8;
      build_octets(
          d, &defs[SLL_UNUSED],
          slice_cut(slice_skip(s, behind - SLL_ADDRESS_ROOM + used), SLL_ADDRESS_ROOM - used));
    } else if (strcmp(f->key, "sll.ifindex") == 0) {
      build_number(d, &defs[SLL_IFINDEX], place, value);
    } else if (strcmp(f->key, "sll.etype") == 0) {
      type = (uint16_t)value;
      build_named(d, &defs[SLL_ETYPE], place, value, ether_type_name(type));
    }
  }
  build_layer_end(d, layer, header->n_octets);
  build_protocol(d, "ethertype");
  ether_type_decode(d, slice_skip(s, header->n_octets), type);
}

static void
loopback_decode(struct decode *d, struct slice s, bool network_order)
{
  unsigned layer = build_layer(d, &defs[NULL_LAYER], s, NULL);
  build_summary_protocol(d, "NULL");
  if (s.n < 4) {
    short_header(d, layer, s);
    return;
  }
  /* "Host order" is that of the recording machine: a family fits into the low octets of one of
   * them. */
  uint32_t family = get_le32(s.p);
  if (network_order || family > 0xffff)
    family = get_be32(s.p);
  bool v4 = family == 2, v6 = family == 10 || family == 24 || family == 28 || family == 30;
  build_named(d, &defs[NULL_FAMILY], slice_cut(s, 4), family, v4 ? "IPv4" : v6 ? "IPv6" : NULL);
  build_layer_end(d, layer, 4);
  if (v4 || v6) {
    ip_decode(d, slice_skip(s, 4));
  } else {
    build_info(d, "%s %u", lang_text("family", "ตระกูล"), family);
    data_decode(d, slice_skip(s, 4));
  }
}

void
link_decode(struct decode *d, struct slice s, enum link_type link)
{
  switch (link) {
  case LINK_ETHERNET:
    ethernet_decode(d, s);
    break;
  case LINK_LINUX_SLL:
    cooked_decode(d, s, &sll_header);
    break;
  case LINK_LINUX_SLL2:
    cooked_decode(d, s, &sll2_header);
    break;
  case LINK_PPP:
  case LINK_PPP_HDLC:
    ppp_decode(d, s);
    break;
  case LINK_NULL:
  case LINK_LOOP:
    loopback_decode(d, s, link == LINK_LOOP);
    break;
  case LINK_RAW_BSD12:
  case LINK_RAW_BSD14:
  case LINK_RAW:
  case LINK_IPV4:
  case LINK_IPV6: {
    unsigned layer = build_layer(d, &defs[RAW], slice_none(s), NULL);
    build_layer_end(d, layer, 0);
    ip_decode(d, s);
    break;
  }
  default:
    build_summary_protocol(d, "DATA");
    build_info(d, lang_text("link type %u is not read here", "ยังไม่อ่านชนิดลิงก์ %u"), link);
    data_decode(d, s);
  }
}
