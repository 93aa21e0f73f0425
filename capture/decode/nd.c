/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nd.c -- neighbour discovery, RFC 4861: how IPv6 machines on one link find routers, prefixes and
 * one another. The messages of icmp.c of types 133 to 137, and their options.
 *
 *     | type, code, checksum | fields of the message | type 1 | eights 1 | option … |
 *
 * RFC 4191 (router preference), 8106 (DNS servers). */
#include "capture/decode/build.h"

#include "capture/wire/nd.h"

/* clang-format off */
enum {
  RA_HOPS, RA_FLAG, RA_M, RA_O, RA_H, RA_PRF, RA_P, RA_RSV, RA_LIFETIME, RA_REACHABLE,
  RA_RETRANS, NS_TARGET, NA_FLAG, NA_R, NA_S, NA_O, NA_RSV, NA_TARGET, RD_TARGET, RD_DST, OPT,
  OPT_TYPE, OPT_LEN, OPT_RESERVED, LINK, SOURCE_LINK, TARGET_LINK, PREFIX_LEN, PREFIX_FLAG, PREFIX_L,
  PREFIX_A, PREFIX_R, PREFIX_RSV, PREFIX_VALID, PREFIX_PREFERRED, PREFIX, MTU, REDIRECTED,
  DNS_LIFETIME, DNS_SERVER, SHORT,
};
/* clang-format on */

static const struct field_def defs[] = {
    [RA_HOPS] = {"icmpv6.nd.ra.cur_hop_limit",
                 FIELD_UINT,
                 {"Cur hop limit", "จำนวนช่วงที่แนะนำ"},
                 {"Machines on this link should begin with a hop limit of %s.",
                  "เครื่องในลิงก์นี้ควรเริ่มด้วย hop limit เท่ากับ %s"},
                 "RFC 4861 section 4.2"},
    [RA_FLAG] = {"icmpv6.nd.ra.flag",
                 FIELD_HEX,
                 {"Flags", "แฟล็ก"},
                 {"Bits that say where addresses come from and how good this router is: %s.",
                  "บิตที่บอกว่าที่อยู่มาจากไหนและเราเตอร์นี้ดีเพียงใด: %s"},
                 "RFC 4861 section 4.2",
                 2},
    [RA_M] = {"icmpv6.nd.ra.flag.m",
              FIELD_BOOL,
              {"Managed address configuration", "ขอที่อยู่จาก DHCPv6"},
              {"Whether a DHCPv6 server gives the addresses: %s.",
               "ที่อยู่มาจากเซิร์ฟเวอร์ DHCPv6 หรือไม่: %s"},
              "RFC 4861 section 4.2"},
    [RA_O] = {"icmpv6.nd.ra.flag.o",
              FIELD_BOOL,
              {"Other configuration", "ขอค่าอื่นจาก DHCPv6"},
              {"Whether a DHCPv6 server gives everything but the addresses: %s.",
               "เซิร์ฟเวอร์ DHCPv6 ให้ข้อมูลอื่นนอกจากที่อยู่หรือไม่: %s"},
              "RFC 4861 section 4.2"},
    [RA_H] = {"icmpv6.nd.ra.flag.h",
              FIELD_BOOL,
              {"Home Agent", "โฮมเอเจนต์"},
              {"Whether the router serves machines that travel: %s.",
               "เราเตอร์ให้บริการเครื่องที่ย้ายเครือข่ายหรือไม่: %s"},
              "RFC 6275 section 7.1"},
    [RA_PRF] = {"icmpv6.nd.ra.flag.prf",
                FIELD_UINT,
                {"Prf (Default Router Preference)", "ลำดับของเราเตอร์หลัก (Prf)"},
                {"Among several routers this one is to be preferred as follows: %s.",
                 "เมื่อมีเราเตอร์หลายตัว ให้ความสำคัญกับตัวนี้ดังนี้: %s"},
                "RFC 4191 section 2.2"},
    [RA_P] = {"icmpv6.nd.ra.flag.p",
              FIELD_BOOL,
              {"Proxy", "พร็อกซี"},
              {"Whether another router passed this on: %s.", "เราเตอร์อื่นส่งต่อข้อความนี้มาหรือไม่: %s"},
              "RFC 4389 section 4.1.3.3"},
    [RA_RSV] = {"icmpv6.nd.ra.flag.rsv",
                FIELD_UINT,
                {"Reserved", "สงวนไว้"},
                {"Bits without a meaning yet: %s.", "บิตที่ยังไม่มีความหมาย: %s"},
                "RFC 4861 section 4.2"},
    [RA_LIFETIME] = {"icmpv6.nd.ra.router_lifetime",
                     FIELD_UINT,
                     {"Router lifetime (s)", "อายุของเราเตอร์ (วินาที)"},
                     {"It may be used as the way out for %s seconds; 0 means not at all.",
                      "ใช้เป็นทางออกได้ %s วินาที ค่า 0 หมายถึงใช้ไม่ได้"},
                     "RFC 4861 section 4.2"},
    [RA_REACHABLE] = {"icmpv6.nd.ra.reachable_time",
                      FIELD_UINT,
                      {"Reachable time (ms)", "เวลาที่ถือว่าติดต่อได้ (มิลลิวินาที)"},
                      {"A neighbour that answered counts as reachable for %s ms; 0 leaves it open.",
                       "เครื่องข้างเคียงที่ตอบแล้วถือว่าติดต่อได้เป็นเวลา %s มิลลิวินาที ค่า 0 คือไม่ได้กำหนด"},
                      "RFC 4861 section 4.2"},
    [RA_RETRANS] = {"icmpv6.nd.ra.retrans_timer",
                    FIELD_UINT,
                    {"Retrans timer (ms)", "เวลาก่อนส่งซ้ำ (มิลลิวินาที)"},
                    {"Questions are repeated after %s ms; 0 leaves it open.",
                     "ถามซ้ำหลังจาก %s มิลลิวินาที ค่า 0 คือไม่ได้กำหนด"},
                    "RFC 4861 section 4.2"},
    [NS_TARGET] = {"icmpv6.nd.ns.target_address",
                   FIELD_IPV6,
                   {"Target address", "ที่อยู่เป้าหมาย"},
                   {"The card address of %s is asked for.", "ถามหาที่อยู่การ์ดของ %s"},
                   "RFC 4861 section 4.3"},
    [NA_FLAG] = {"icmpv6.nd.na.flag",
                 FIELD_HEX,
                 {"Flags", "แฟล็ก"},
                 {"Three bits about who answers and why: %s.", "สามบิตที่บอกว่าใครตอบและเพราะอะไร: %s"},
                 "RFC 4861 section 4.4",
                 8},
    [NA_R] = {"icmpv6.nd.na.flag.r",
              FIELD_BOOL,
              {"Router", "เป็นเราเตอร์"},
              {"Whether the one that answers is a router: %s.", "ผู้ตอบเป็นเราเตอร์หรือไม่: %s"},
              "RFC 4861 section 4.4"},
    [NA_S] = {"icmpv6.nd.na.flag.s",
              FIELD_BOOL,
              {"Solicited", "ตอบตามที่ถาม"},
              {"Whether this answers a question, which proves that both directions work: %s.",
               "ข้อความนี้ตอบคำถามหรือไม่ ถ้าใช่แสดงว่าใช้ได้ทั้งสองทิศทาง: %s"},
              "RFC 4861 section 4.4"},
    [NA_O] = {"icmpv6.nd.na.flag.o",
              FIELD_BOOL,
              {"Override", "ให้เขียนทับของเดิม"},
              {"Whether a card address known so far is to be replaced: %s.",
               "ให้แทนที่ที่อยู่การ์ดที่รู้จักอยู่เดิมหรือไม่: %s"},
              "RFC 4861 section 4.4"},
    [NA_RSV] = {"icmpv6.nd.na.flag.rsv",
                FIELD_UINT,
                {"Reserved", "สงวนไว้"},
                {"Bits without a meaning yet: %s.", "บิตที่ยังไม่มีความหมาย: %s"},
                "RFC 4861 section 4.4"},
    [NA_TARGET] = {"icmpv6.nd.na.target_address",
                   FIELD_IPV6,
                   {"Target address", "ที่อยู่เป้าหมาย"},
                   {"The card address of %s is told.", "แจ้งที่อยู่การ์ดของ %s"},
                   "RFC 4861 section 4.4"},
    [RD_TARGET] = {"icmpv6.nd.rd.target_address",
                   FIELD_IPV6,
                   {"Target address", "ที่อยู่เป้าหมาย"},
                   {"The shorter way goes by %s.", "ทางที่สั้นกว่าผ่าน %s"},
                   "RFC 4861 section 4.5"},
    [RD_DST] = {"icmpv6.rd.na.destination_address",
                FIELD_IPV6,
                {"Destination address", "ที่อยู่ปลายทาง"},
                {"This holds for packets to %s.", "ใช้กับแพ็กเก็ตที่ส่งถึง %s"},
                "RFC 4861 section 4.5"},
    [OPT] = {"icmpv6.opt",
             FIELD_NONE,
             {"ICMPv6 option", "ตัวเลือก ICMPv6"},
             {"Something more that the message says.", "ข้อมูลเพิ่มเติมในข้อความ"},
             "RFC 4861 section 4.6"},
    [OPT_TYPE] = {"icmpv6.opt.type",
                  FIELD_UINT,
                  {"Type", "ชนิด"},
                  {"The kind of this addition: %s.", "ชนิดของส่วนเพิ่มเติมนี้: %s"},
                  "RFC 4861 section 4.6"},
    [OPT_LEN] = {"icmpv6.opt.length",
                 FIELD_UINT,
                 {"Length", "ความยาว"},
                 {"This addition takes %s times eight octets.", "ส่วนเพิ่มเติมนี้ยาว %s คูณแปดออกเตต"},
                 "RFC 4861 section 4.6"},
    [OPT_RESERVED] = {"icmpv6.opt.reserved",
                      FIELD_NONE,
                      {"Reserved", "สงวนไว้"},
                      {"These octets have no meaning.", "ออกเตตเหล่านี้ไม่มีความหมาย"},
                      "RFC 4861 section 4.6"},
    [LINK] = {"icmpv6.opt.linkaddr",
              FIELD_ETHER,
              {"Link-layer address", "ที่อยู่ชั้นลิงก์"},
              {"The card address is %s.", "ที่อยู่การ์ดคือ %s"},
              "RFC 4861 section 4.6.1"},
    [SOURCE_LINK] = {"icmpv6.opt.src_linkaddr",
                     FIELD_ETHER,
                     {"Source link-layer address", "ที่อยู่ชั้นลิงก์ของต้นทาง"},
                     {"The sender's card address is %s.", "ที่อยู่การ์ดของผู้ส่งคือ %s"},
                     "RFC 4861 section 4.6.1"},
    [TARGET_LINK] = {"icmpv6.opt.target_linkaddr",
                     FIELD_ETHER,
                     {"Target link-layer address", "ที่อยู่ชั้นลิงก์ของเป้าหมาย"},
                     {"The target's card address is %s.", "ที่อยู่การ์ดของเป้าหมายคือ %s"},
                     "RFC 4861 section 4.6.1"},
    [PREFIX_LEN] = {"icmpv6.opt.prefix.length",
                    FIELD_UINT,
                    {"Prefix length", "ความยาวพรีฟิกซ์"},
                    {"The first %s bits of the prefix count.", "นับ %s บิตแรกของพรีฟิกซ์"},
                    "RFC 4861 section 4.6.2"},
    [PREFIX_FLAG] = {"icmpv6.opt.prefix.flag",
                     FIELD_HEX,
                     {"Flag", "แฟล็ก"},
                     {"What the prefix may be used for: %s.", "พรีฟิกซ์นี้ใช้ทำอะไรได้: %s"},
                     "RFC 4861 section 4.6.2",
                     2},
    [PREFIX_L] = {"icmpv6.opt.prefix.flag.l",
                  FIELD_BOOL,
                  {"On-link flag (L)", "แฟล็กอยู่บนลิงก์เดียวกัน (L)"},
                  {"Whether machines with this prefix are neighbours on this link: %s.",
                   "เครื่องที่มีพรีฟิกซ์นี้เป็นเครื่องข้างเคียงในลิงก์นี้หรือไม่: %s"},
                  "RFC 4861 section 4.6.2"},
    [PREFIX_A] = {"icmpv6.opt.prefix.flag.a",
                  FIELD_BOOL,
                  {"Autonomous address-configuration flag (A)", "แฟล็กตั้งที่อยู่เอง (A)"},
                  {"Whether machines may make their own addresses with this prefix: %s.",
                   "เครื่องสร้างที่อยู่เองจากพรีฟิกซ์นี้ได้หรือไม่: %s"},
                  "RFC 4861 section 4.6.2"},
    [PREFIX_R] = {"icmpv6.opt.prefix.flag.r",
                  FIELD_BOOL,
                  {"Router address flag (R)", "แฟล็กที่อยู่ของเราเตอร์ (R)"},
                  {"Whether the router's own address stands here: %s.",
                   "ตรงนี้เป็นที่อยู่ของเราเตอร์เองหรือไม่: %s"},
                  "RFC 6275 section 7.2"},
    [PREFIX_RSV] = {"icmpv6.opt.prefix.flag.reserved",
                    FIELD_UINT,
                    {"Reserved", "สงวนไว้"},
                    {"Bits without a meaning yet: %s.", "บิตที่ยังไม่มีความหมาย: %s"},
                    "RFC 4861 section 4.6.2"},
    [PREFIX_VALID] = {"icmpv6.opt.prefix.valid_lifetime",
                      FIELD_UINT,
                      {"Valid lifetime", "อายุที่ใช้ได้"},
                      {"Addresses with this prefix may be used for %s seconds.",
                       "ใช้ที่อยู่จากพรีฟิกซ์นี้ได้ %s วินาที"},
                      "RFC 4861 section 4.6.2"},
    [PREFIX_PREFERRED] = {"icmpv6.opt.prefix.preferred_lifetime",
                          FIELD_UINT,
                          {"Preferred lifetime", "อายุที่ควรใช้"},
                          {"For new conversations they are preferred for %s seconds.",
                           "ใช้เป็นที่อยู่หลักสำหรับการสนทนาใหม่ได้ %s วินาที"},
                          "RFC 4861 section 4.6.2"},
    [PREFIX] = {"icmpv6.opt.prefix",
                FIELD_IPV6,
                {"Prefix", "พรีฟิกซ์"},
                {"All addresses of this link begin like %s.", "ที่อยู่ทั้งหมดในลิงก์นี้ขึ้นต้นเหมือน %s"},
                "RFC 4861 section 4.6.2"},
    [MTU] = {"icmpv6.opt.mtu",
             FIELD_UINT,
             {"MTU", "ขนาด MTU"},
             {"Packets on this link have at most %s octets.", "แพ็กเก็ตในลิงก์นี้ยาวไม่เกิน %s ออกเตต"},
             "RFC 4861 section 4.6.4"},
    [REDIRECTED] = {"icmpv6.opt.redirected_packet",
                    FIELD_NONE,
                    {"Redirected packet", "แพ็กเก็ตที่ให้เปลี่ยนทาง"},
                    {"The packet that took the longer way, as far as it fits.",
                     "แพ็กเก็ตที่ไปทางอ้อม เท่าที่ใส่ได้"},
                    "RFC 4861 section 4.6.3"},
    [DNS_LIFETIME] = {"icmpv6.opt.rdnss.lifetime",
                      FIELD_UINT,
                      {"Lifetime", "อายุ"},
                      {"The DNS servers may be used for %s seconds.",
                       "ใช้เซิร์ฟเวอร์ DNS เหล่านี้ได้ %s วินาที"},
                      "RFC 8106 section 5.1"},
    [DNS_SERVER] = {"icmpv6.opt.rdnss",
                    FIELD_IPV6,
                    {"Recursive DNS server", "เซิร์ฟเวอร์ DNS ที่ค้นต่อให้"},
                    {"Names can be looked up at %s.", "ค้นหาชื่อได้ที่ %s"},
                    "RFC 8106 section 5.1"},
    [SHORT] = {"enveloscope.icmpv6.short",
               FIELD_NONE,
               {"The message of neighbour discovery is cut off or an option has a wrong length",
                "ข้อความค้นหาเพื่อนบ้านขาดหาย หรือความยาวตัวเลือกผิด"},
               {"The octets end before the message does.", "ออกเตตจบลงก่อนที่ข้อความจะครบ"},
               "RFC 4861 section 4.6"},
};
FIELD_TABLE(nd_fields, defs);

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

static void
bit_build(struct decode *d, unsigned def, struct slice octet, unsigned bit)
{
  build_number(d, &defs[def], octet, octet.p[0] >> bit & 1);
}

/* ---- options ---- */

static void
prefix_build(struct decode *d, struct slice s)
{
  struct slice flag = part(s, 3, 1);
  build_number(d, &defs[PREFIX_LEN], part(s, 2, 1), s.p[2]);
  unsigned group = build_number(d, &defs[PREFIX_FLAG], flag, s.p[3]);
  build_open(d, group);
  bit_build(d, PREFIX_L, flag, 7);
  bit_build(d, PREFIX_A, flag, 6);
  bit_build(d, PREFIX_R, flag, 5);
  build_number(d, &defs[PREFIX_RSV], flag, s.p[3] & 0x1f);
  build_close(d, group);
  build_number(d, &defs[PREFIX_VALID], part(s, 4, 4), get_be32(s.p + 4));
  build_number(d, &defs[PREFIX_PREFERRED], part(s, 8, 4), get_be32(s.p + 8));
  build_none(d, &defs[OPT_RESERVED], part(s, 12, 4));
  build_octets(d, &defs[PREFIX], part(s, 16, 16));
}

static void
dns_servers_build(struct decode *d, struct slice s)
{
  build_none(d, &defs[OPT_RESERVED], part(s, 2, 2));
  build_number(d, &defs[DNS_LIFETIME], part(s, 4, 4), get_be32(s.p + 4));
  for (uint32_t at = 8; at + 16 <= s.n; at += 16)
    build_octets(d, &defs[DNS_SERVER], part(s, at, 16));
}

/* `redirected` is the packet that a redirected header option quotes, for later. */
static void
option_build(struct decode *d, struct slice s, struct slice *redirected)
{
  build_named(d, &defs[OPT_TYPE], part(s, 0, 1), s.p[0], nd_option_name(s.p[0]));
  build_number(d, &defs[OPT_LEN], part(s, 1, 1), s.p[1]);
  switch (s.p[0]) {
  case ND_SOURCE_LINK:
  case ND_TARGET_LINK:
    build_octets(d, &defs[LINK], slice_skip(s, 2));
    build_octets(d, &defs[s.p[0] == ND_SOURCE_LINK ? SOURCE_LINK : TARGET_LINK], slice_skip(s, 2));
    break;
  case ND_PREFIX:
    if (s.n >= ND_PREFIX_OCTETS)
      prefix_build(d, s);
    break;
  case ND_MTU:
    build_none(d, &defs[OPT_RESERVED], part(s, 2, 2));
    build_number(d, &defs[MTU], part(s, 4, 4), get_be32(s.p + 4));
    break;
  case ND_REDIRECTED:
    build_none(d, &defs[OPT_RESERVED], part(s, 2, 6));
    build_none(d, &defs[REDIRECTED], slice_skip(s, 8));
    *redirected = slice_skip(s, 8);
    break;
  case ND_DNS:
    dns_servers_build(d, s);
    break;
  }
}

static struct slice
options_build(struct decode *d, struct slice s)
{
  struct slice redirected = slice_skip(s, s.n);
  uint8_t type;
  for (size_t n; (n = nd_option_get(s.p, s.n, &type)) > 0; s = slice_skip(s, (uint32_t)n)) {
    struct slice o = slice_cut(s, (uint32_t)n);
    unsigned group = build_none(d, &defs[OPT], o);
    build_open(d, group);
    option_build(d, o, &redirected);
    build_close(d, group);
  }
  if (s.n > 0)
    build_flag(d, build_none(d, &defs[SHORT], s), FIELD_FLAG_ODD);
  return redirected;
}

/* ---- messages ---- */

static void
router_build(struct decode *d, struct slice s)
{
  static const char *const preferences[] = {"Medium", "High", "Reserved", "Low"};
  struct slice flag = part(s, 5, 1);
  build_number(d, &defs[RA_HOPS], part(s, 4, 1), s.p[4]);
  unsigned group = build_number(d, &defs[RA_FLAG], flag, s.p[5]);
  build_open(d, group);
  bit_build(d, RA_M, flag, 7);
  bit_build(d, RA_O, flag, 6);
  bit_build(d, RA_H, flag, 5);
  build_named(d, &defs[RA_PRF], flag, s.p[5] >> 3 & 3, preferences[s.p[5] >> 3 & 3]);
  bit_build(d, RA_P, flag, 2);
  build_number(d, &defs[RA_RSV], flag, s.p[5] & 3);
  build_close(d, group);
  build_number(d, &defs[RA_LIFETIME], part(s, 6, 2), get_be16(s.p + 6));
  build_number(d, &defs[RA_REACHABLE], part(s, 8, 4), get_be32(s.p + 8));
  build_number(d, &defs[RA_RETRANS], part(s, 12, 4), get_be32(s.p + 12));
}

static void
advert_build(struct decode *d, struct slice s)
{
  struct slice word = part(s, 4, 4), octet = part(s, 4, 1);
  unsigned group = build_number(d, &defs[NA_FLAG], word, get_be32(s.p + 4));
  build_open(d, group);
  bit_build(d, NA_R, octet, 7);
  bit_build(d, NA_S, octet, 6);
  bit_build(d, NA_O, octet, 5);
  build_number(d, &defs[NA_RSV], word, get_be32(s.p + 4) & 0x1fffffff);
  build_close(d, group);
}

/* What stands in the packet list, with the card address when one is told. */
static void
say(struct decode *d, struct slice s, uint32_t head)
{
  char addr[ADDR_TEXT_MAX], mac[ETHER_TEXT_MAX];
  const uint8_t *link = NULL;
  uint8_t type;
  struct slice o = slice_skip(s, head);
  for (size_t n; !link && (n = nd_option_get(o.p, o.n, &type)) > 0; o = slice_skip(o, (uint32_t)n))
    if (type == ND_SOURCE_LINK || type == ND_TARGET_LINK)
      link = o.p + 2;
  if (head >= ND_NEIGHBOUR_OCTETS && s.p[0] != ICMP6_REDIRECT) {
    struct ip_addr target = ip_addr_v6(s.p + 8);
    build_info(d, s.p[0] == ICMP6_NEIGHBOUR_SOLICIT ? " for %s" : " %s",
               ip_addr_format(&target, addr));
  }
  if (s.p[0] == ICMP6_NEIGHBOUR_ADVERT) {
    static const char *const words[] = {"rtr", "sol", "ovr"};
    const char *before = " (";
    for (unsigned bit = 0; bit < 3; bit++) {
      if (!(s.p[4] & 0x80 >> bit))
        continue;
      build_info(d, "%s%s", before, words[bit]);
      before = ", ";
    }
    if (s.p[4] & 0xe0)
      build_info(d, ")");
  }
  if (link)
    build_info(d, type == ND_SOURCE_LINK ? " from %s" : " is at %s", ether_format(link, mac));
}

bool
nd_decode(struct decode *d, struct slice s, struct slice *redirected)
{
  static const uint8_t heads[] = {ND_ROUTER_SOLICIT_OCTETS, ND_ROUTER_ADVERT_OCTETS,
                                  ND_NEIGHBOUR_OCTETS, ND_NEIGHBOUR_OCTETS, ND_REDIRECT_OCTETS};
  if (s.n < 1 || s.p[0] < ICMP6_ROUTER_SOLICIT || s.p[0] > ICMP6_REDIRECT)
    return false;
  uint32_t head = heads[s.p[0] - ICMP6_ROUTER_SOLICIT];
  *redirected = slice_skip(s, s.n);
  if (s.n < head) {
    build_flag(d, build_none(d, &defs[SHORT], s), FIELD_FLAG_ODD);
    return true;
  }
  if (s.p[0] == ICMP6_ROUTER_ADVERT)
    router_build(d, s);
  else if (s.p[0] == ICMP6_NEIGHBOUR_ADVERT)
    advert_build(d, s);
  if (s.p[0] == ICMP6_NEIGHBOUR_SOLICIT || s.p[0] == ICMP6_NEIGHBOUR_ADVERT) {
    build_octets(d, &defs[s.p[0] == ICMP6_NEIGHBOUR_SOLICIT ? NS_TARGET : NA_TARGET],
                 part(s, 8, 16));
  } else if (s.p[0] == ICMP6_REDIRECT) {
    build_octets(d, &defs[RD_TARGET], part(s, 8, 16));
    build_octets(d, &defs[RD_DST], part(s, 24, 16));
  }
  say(d, s, head);
  *redirected = options_build(d, slice_skip(s, head));
  return true;
}
