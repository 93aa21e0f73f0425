/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcp.c -- how a host comes by its address, RFC 2131 and 2132; recognised by its ports.
 *
 *     | fixed part, 236 | magic cookie 4 | code 1, length 1, value | … | 255 | padding | */
#include "capture/decode/build.h"

#include "capture/wire/dhcp.h"

enum {
  DHCP,
  TYPE,
  HW_TYPE,
  HW_LEN,
  HOPS,
  ID,
  SECS,
  FLAGS,
  FLAGS_BC,
  FLAGS_RESERVED,
  IP_CLIENT,
  IP_YOUR,
  IP_SERVER,
  IP_RELAY,
  HW_MAC,
  HW_PADDING,
  SERVER_NAME,
  FILE_NAME,
  COOKIE,
  OPTION,
  OPTION_LENGTH,
  OPTION_VALUE,
  MESSAGE_TYPE,
  SUBNET_MASK,
  ROUTER,
  DNS_SERVER,
  HOST_NAME,
  DOMAIN_NAME,
  REQUESTED,
  LEASE_TIME,
  SERVER_ID,
  REQUEST_ITEM,
  MESSAGE_TEXT,
  RENEWAL_TIME,
  REBINDING_TIME,
  OPTION_END,
  PADDING,
  BAD
};

static const struct field_def defs[] = {
    [DHCP] = {"dhcp",
              FIELD_PROTOCOL,
              {"Dynamic Host Configuration Protocol", "DHCP โปรโตคอลตั้งค่าเครื่องอัตโนมัติ"},
              {"DHCP gives a host its address, and tells it the way out and whom to ask for names.",
               "DHCP ให้ที่อยู่แก่โฮสต์ พร้อมบอกทางออกและผู้ที่จะถามชื่อได้"},
              "RFC 2131 section 2"},
    [TYPE] = {"dhcp.type",
              FIELD_UINT,
              {"Message type", "ชนิดข้อความ"},
              {"Whether a client asks (1) or a server answers (2): %s.",
               "บอกว่าไคลเอนต์ถาม (1) หรือเซิร์ฟเวอร์ตอบ (2): %s"},
              "RFC 2131 section 2"},
    [HW_TYPE] = {"dhcp.hw.type",
                 FIELD_HEX,
                 {"Hardware type", "ชนิดฮาร์ดแวร์"},
                 {"The kind of network that the client's card is for: %s.",
                  "ประเภทของเครือข่ายที่การ์ดของไคลเอนต์ใช้: %s"},
                 "RFC 2131 section 2",
                 .n_digits = 2},
    [HW_LEN] = {"dhcp.hw.len",
                FIELD_UINT,
                {"Hardware address length", "ความยาวที่อยู่ฮาร์ดแวร์"},
                {"The address of the client's card has %s octets.",
                 "ที่อยู่การ์ดของไคลเอนต์ยาว %s ออกเตต"},
                "RFC 2131 section 2"},
    [HOPS] = {"dhcp.hops",
              FIELD_UINT,
              {"Hops", "จำนวนช่วงที่ผ่าน"},
              {"%s relays have passed this message on.", "ข้อความนี้ผ่านตัวส่งต่อมาแล้ว %s ตัว"},
              "RFC 2131 section 2"},
    [ID] = {"dhcp.id",
            FIELD_HEX,
            {"Transaction ID", "หมายเลขรายการ"},
            {"Question and answer carry the same random number: %s.",
             "คำถามและคำตอบมีเลขสุ่มเดียวกัน: %s"},
            "RFC 2131 section 2",
            .n_digits = 8},
    [SECS] = {"dhcp.secs",
              FIELD_UINT,
              {"Seconds elapsed", "วินาทีที่ผ่านไป"},
              {"The client has been asking for %s seconds.", "ไคลเอนต์ถามมาแล้ว %s วินาที"},
              "RFC 2131 section 2"},
    [FLAGS] = {"dhcp.flags",
               FIELD_HEX,
               {"Bootp flags", "แฟล็กของ BOOTP"},
               {"One bit says how the answer shall be sent: %s.", "หนึ่งบิตบอกวิธีส่งคำตอบ: %s"},
               "RFC 2131 section 2"},
    [FLAGS_BC] =
        {"dhcp.flags.bc",
         FIELD_BOOL,
         {"Broadcast flag", "แฟล็กบรอดแคสต์"},
         {"The client cannot yet receive what is sent to its future address, so the answer goes "
          "to all: %s.",
          "ไคลเอนต์ยังรับข้อมูลที่ส่งถึงที่อยู่ในอนาคตของตนไม่ได้ จึงให้ส่งคำตอบถึงทุกเครื่อง: %s"},
         "RFC 2131 section 2"},
    [FLAGS_RESERVED] = {"dhcp.flags.reserved",
                        FIELD_HEX,
                        {"Reserved flags", "แฟล็กสงวนไว้"},
                        {"These bits are zero and mean nothing yet: %s.",
                         "บิตเหล่านี้เป็นศูนย์และยังไม่มีความหมาย: %s"},
                        "RFC 2131 section 2"},
    [IP_CLIENT] = {"dhcp.ip.client",
                   FIELD_IPV4,
                   {"Client IP address", "ที่อยู่ IP ของไคลเอนต์"},
                   {"The client has this address already and uses it: %s.",
                    "ไคลเอนต์มีที่อยู่นี้และใช้อยู่แล้ว: %s"},
                   "RFC 2131 section 2"},
    [IP_YOUR] = {"dhcp.ip.your",
                 FIELD_IPV4,
                 {"Your (client) IP address", "ที่อยู่ IP ที่ให้ไคลเอนต์"},
                 {"The server offers or gives the client the address %s.",
                  "เซิร์ฟเวอร์เสนอหรือให้ที่อยู่ %s แก่ไคลเอนต์"},
                 "RFC 2131 section 2"},
    [IP_SERVER] = {"dhcp.ip.server",
                   FIELD_IPV4,
                   {"Next server IP address", "ที่อยู่ IP ของเซิร์ฟเวอร์ถัดไป"},
                   {"A client that starts over the network loads its program from %s.",
                    "ไคลเอนต์ที่เริ่มทำงานผ่านเครือข่ายโหลดโปรแกรมจาก %s"},
                   "RFC 2131 section 2"},
    [IP_RELAY] = {"dhcp.ip.relay",
                  FIELD_IPV4,
                  {"Relay agent IP address", "ที่อยู่ IP ของตัวส่งต่อ"},
                  {"The router that passes messages on to a server of another net is %s.",
                   "เราเตอร์ที่ส่งต่อข้อความไปยังเซิร์ฟเวอร์ในเครือข่ายอื่นคือ %s"},
                  "RFC 2131 section 2"},
    [HW_MAC] = {"dhcp.hw.mac_addr",
                FIELD_ETHER,
                {"Client MAC address", "ที่อยู่ MAC ของไคลเอนต์"},
                {"The client is known by its card, %s, as long as it has no address.",
                 "ตราบที่ยังไม่มีที่อยู่ ไคลเอนต์เป็นที่รู้จักด้วยการ์ดของตนคือ %s"},
                "RFC 2131 section 2"},
    [HW_PADDING] = {"dhcp.hw.addr_padding",
                    FIELD_OCTETS,
                    {"Client hardware address padding", "ส่วนเติมหลังที่อยู่ฮาร์ดแวร์"},
                    {"Room for longer card addresses, unused here.",
                     "ที่ว่างสำหรับที่อยู่การ์ดที่ยาวกว่า ไม่ได้ใช้ในที่นี้"},
                    "RFC 2131 section 2"},
    [SERVER_NAME] = {"dhcp.server",
                     FIELD_TEXT,
                     {"Server host name", "ชื่อเครื่องเซิร์ฟเวอร์"},
                     {"The server's name, if it says one: %s.", "ชื่อของเซิร์ฟเวอร์ ถ้าบอกไว้: %s"},
                     "RFC 2131 section 2"},
    [FILE_NAME] = {"dhcp.file",
                   FIELD_TEXT,
                   {"Boot file name", "ชื่อไฟล์บูต"},
                   {"The program that a client without a disk shall load: %s.",
                    "โปรแกรมที่ไคลเอนต์ซึ่งไม่มีดิสก์ต้องโหลด: %s"},
                   "RFC 2131 section 2"},
    [COOKIE] = {"dhcp.cookie",
                FIELD_IPV4,
                {"Magic cookie", "ค่าเครื่องหมายประจำ"},
                {"Four agreed octets that say: options follow.",
                 "สี่ออกเตตที่ตกลงกันไว้ บอกว่ามีตัวเลือกตามมา"},
                "RFC 2131 section 3"},
    [OPTION] = {"dhcp.option.type",
                FIELD_UINT,
                {"Option", "ตัวเลือก"},
                {"What the next octets tell: option %s.", "ออกเตตต่อไปนี้บอกเรื่อง: ตัวเลือก %s"},
                "RFC 2132 section 2"},
    [OPTION_LENGTH] = {"dhcp.option.length",
                       FIELD_UINT,
                       {"Length", "ความยาว"},
                       {"The value of this option takes %s octets.", "ค่าของตัวเลือกนี้ยาว %s ออกเตต"},
                       "RFC 2132 section 2"},
    [OPTION_VALUE] = {"dhcp.option.value",
                      FIELD_OCTETS,
                      {"Value", "ค่า"},
                      {"The value as octets: %s.", "ค่าเป็นออกเตต: %s"},
                      "RFC 2132 section 2"},
    [MESSAGE_TYPE] =
        {"dhcp.option.dhcp",
         FIELD_UINT,
         {"DHCP", "ชนิดข้อความ DHCP"},
         {"The step of the conversation: discover, offer, request, acknowledge, or one of "
          "the rarer ones: %s.",
          "ขั้นตอนของการสนทนา: discover, offer, request, acknowledge หรือขั้นที่พบน้อยกว่า: %s"},
         "RFC 2132 section 9.6"},
    [SUBNET_MASK] = {"dhcp.option.subnet_mask",
                     FIELD_IPV4,
                     {"Subnet Mask", "มาสก์ซับเน็ต"},
                     {"The bits that are set here are the same for all hosts of the net: %s.",
                      "บิตที่เป็นหนึ่งตรงนี้เหมือนกันในทุกโฮสต์ของเครือข่าย: %s"},
                     "RFC 2132 section 3.3"},
    [ROUTER] = {"dhcp.option.router",
                FIELD_IPV4,
                {"Router", "เราเตอร์"},
                {"What is for other nets goes to the router %s.",
                 "สิ่งที่ส่งไปเครือข่ายอื่นให้ส่งที่เราเตอร์ %s"},
                "RFC 2132 section 3.5"},
    [DNS_SERVER] = {"dhcp.option.domain_name_server",
                    FIELD_IPV4,
                    {"Domain Name Server", "เซิร์ฟเวอร์ชื่อโดเมน"},
                    {"Names are asked of the server %s.", "ให้ถามชื่อจากเซิร์ฟเวอร์ %s"},
                    "RFC 2132 section 3.8"},
    [HOST_NAME] = {"dhcp.option.hostname",
                   FIELD_TEXT,
                   {"Host Name", "ชื่อเครื่อง"},
                   {"The client calls itself %s.", "ไคลเอนต์เรียกตัวเองว่า %s"},
                   "RFC 2132 section 3.14"},
    [DOMAIN_NAME] = {"dhcp.option.domain_name",
                     FIELD_TEXT,
                     {"Domain Name", "ชื่อโดเมน"},
                     {"The client belongs to the domain %s.", "ไคลเอนต์อยู่ในโดเมน %s"},
                     "RFC 2132 section 3.17"},
    [REQUESTED] = {"dhcp.option.requested_ip_address",
                   FIELD_IPV4,
                   {"Requested IP Address", "ที่อยู่ IP ที่ขอ"},
                   {"The client would like to have, or refuses, the address %s.",
                    "ไคลเอนต์อยากได้หรือปฏิเสธที่อยู่ %s"},
                   "RFC 2132 section 9.1"},
    [LEASE_TIME] = {"dhcp.option.ip_address_lease_time",
                    FIELD_UINT,
                    {"IP Address Lease Time", "เวลายืมที่อยู่ IP"},
                    {"The address is lent for %s seconds.", "ให้ยืมที่อยู่เป็นเวลา %s วินาที"},
                    "RFC 2132 section 9.2"},
    [SERVER_ID] = {"dhcp.option.dhcp_server_id",
                   FIELD_IPV4,
                   {"DHCP Server Identifier", "ตัวระบุเซิร์ฟเวอร์ DHCP"},
                   {"The server that speaks, or that was chosen, is %s.",
                    "เซิร์ฟเวอร์ที่เป็นผู้พูดหรือที่ถูกเลือกคือ %s"},
                   "RFC 2132 section 9.7"},
    [REQUEST_ITEM] = {"dhcp.option.request_list_item",
                      FIELD_UINT,
                      {"Parameter Request List Item", "รายการพารามิเตอร์ที่ขอ"},
                      {"The client wants to be told about: %s.", "ไคลเอนต์อยากให้บอกเรื่อง: %s"},
                      "RFC 2132 section 9.8"},
    [MESSAGE_TEXT] = {"dhcp.option.message",
                      FIELD_TEXT,
                      {"Message", "ข้อความถึงไคลเอนต์"},
                      {"The reason in words: %s.", "เหตุผลเป็นถ้อยคำ: %s"},
                      "RFC 2132 section 9.9"},
    [RENEWAL_TIME] = {"dhcp.option.renewal_time_value",
                      FIELD_UINT,
                      {"Renewal Time Value", "เวลาที่เริ่มต่ออายุ"},
                      {"After %s seconds the client asks this server for more time.",
                       "หลังจาก %s วินาที ไคลเอนต์ขอเวลาเพิ่มจากเซิร์ฟเวอร์นี้"},
                      "RFC 2132 section 9.11"},
    [REBINDING_TIME] = {"dhcp.option.rebinding_time_value",
                        FIELD_UINT,
                        {"Rebinding Time Value", "เวลาที่เริ่มผูกใหม่"},
                        {"After %s seconds without an answer the client asks all servers.",
                         "หลังจาก %s วินาทีโดยไม่มีคำตอบ ไคลเอนต์ถามทุกเซิร์ฟเวอร์"},
                        "RFC 2132 section 9.12"},
    [OPTION_END] = {"dhcp.option.end",
                    FIELD_UINT,
                    {"Option End", "จบตัวเลือก"},
                    {"No option follows.", "ไม่มีตัวเลือกตามมาแล้ว"},
                    "RFC 2132 section 3.2"},
    [PADDING] = {"dhcp.option.padding",
                 FIELD_OCTETS,
                 {"Padding", "ส่วนเติม"},
                 {"Zeros up to the size that old relays expect.",
                  "ศูนย์ที่เติมให้ครบขนาดที่ตัวส่งต่อรุ่นเก่าคาดไว้"},
                 "RFC 2132 section 3.1"},
    [BAD] = {"enveloscope.dhcp.bad",
             FIELD_NONE,
             {"Broken or cut off", "เสียหายหรือขาดหาย"},
             {"These octets are no whole DHCP message.", "ออกเตตเหล่านี้ไม่เป็นข้อความ DHCP ที่สมบูรณ์"},
             "RFC 2131 section 2"},
};
FIELD_TABLE(dhcp_fields, defs);

static struct slice
part(struct slice s, size_t first, size_t n)
{
  return slice_cut(slice_skip(s, (uint32_t)first), (uint32_t)n);
}

/* Text in a room of fixed size, up to its first NUL; nothing when it is empty, as tshark does. */
static void
room_build(struct decode *d, unsigned def, struct slice s)
{
  build_text(d, &defs[def], s, s.p, strnlen((const char *)s.p, s.n)); /* may be empty */
}

static void
fixed_build(struct decode *d, struct slice s, const struct dhcp *m)
{
  build_named(d, &defs[TYPE], part(s, 0, 1), m->op,
              m->op == DHCP_OP_REQUEST ? "Boot Request"
              : m->op == DHCP_OP_REPLY ? "Boot Reply"
                                       : NULL);
  build_named(d, &defs[HW_TYPE], part(s, 1, 1), m->hw_type, m->hw_type == 1 ? "Ethernet" : NULL);
  build_number(d, &defs[HW_LEN], part(s, 2, 1), m->hw_octets);
  build_number(d, &defs[HOPS], part(s, 3, 1), m->hops);
  build_number(d, &defs[ID], part(s, 4, 4), m->id);
  build_number(d, &defs[SECS], part(s, 8, 2), m->seconds);
  unsigned flags = build_number(d, &defs[FLAGS], part(s, 10, 2), m->flags);
  build_open(d, flags);
  build_number(d, &defs[FLAGS_BC], part(s, 10, 2), m->flags >> 15);
  build_number(d, &defs[FLAGS_RESERVED], part(s, 10, 2), m->flags & 0x7fff);
  build_close(d, flags);
  build_octets(d, &defs[IP_CLIENT], part(s, 12, 4));
  build_octets(d, &defs[IP_YOUR], part(s, 16, 4));
  build_octets(d, &defs[IP_SERVER], part(s, 20, 4));
  build_octets(d, &defs[IP_RELAY], part(s, 24, 4));
  if (m->hw_type == 1 && m->hw_octets == 6) {
    build_octets(d, &defs[HW_MAC], part(s, 28, 6));
    build_octets(d, &defs[HW_PADDING], part(s, 34, 10));
  }
  room_build(d, SERVER_NAME, part(s, 44, 64));
  room_build(d, FILE_NAME, part(s, 108, 128));
  build_octets(d, &defs[COOKIE], part(s, 236, 4));
}

/* ---- options ---- */

enum value_form { FORM_ADDRS, FORM_TEXT, FORM_SECONDS };

static const struct {
  uint8_t code;
  enum value_form form;
  unsigned def;
} values[] = {
    {DHCP_MASK, FORM_ADDRS, SUBNET_MASK},    {DHCP_ROUTER, FORM_ADDRS, ROUTER},
    {DHCP_DNS, FORM_ADDRS, DNS_SERVER},      {DHCP_HOST_NAME, FORM_TEXT, HOST_NAME},
    {DHCP_DOMAIN, FORM_TEXT, DOMAIN_NAME},   {DHCP_REQUESTED, FORM_ADDRS, REQUESTED},
    {DHCP_LEASE, FORM_SECONDS, LEASE_TIME},  {DHCP_SERVER_ID, FORM_ADDRS, SERVER_ID},
    {DHCP_MESSAGE, FORM_TEXT, MESSAGE_TEXT}, {DHCP_T1, FORM_SECONDS, RENEWAL_TIME},
    {DHCP_T2, FORM_SECONDS, REBINDING_TIME},
};

static bool
is_known(const struct dhcp_option *o)
{
  if (o->code == DHCP_MESSAGE_TYPE || o->code == DHCP_PARAMETERS || o->code == DHCP_CLIENT_ID)
    return true;
  for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
    if (values[i].code == o->code)
      return values[i].form == FORM_TEXT || (o->n > 0 && o->n % 4 == 0);
  return false;
}

/* A value of one of the forms in the table. */
static void
formed_build(struct decode *d, const struct dhcp_option *o, struct slice value)
{
  for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
    if (values[i].code != o->code || !is_known(o))
      continue;
    const struct field_def *def = &defs[values[i].def];
    if (values[i].form == FORM_TEXT)
      build_text(d, def, value, o->p, strnlen((const char *)o->p, o->n));
    else if (values[i].form == FORM_SECONDS)
      build_number(d, def, value, get_be32(o->p));
    for (uint32_t k = 0; values[i].form == FORM_ADDRS && k < o->n; k += 4)
      build_octets(d, def, part(value, k, 4));
  }
}

static void
value_build(struct decode *d, const struct dhcp_option *o, struct slice value)
{
  if (o->code == DHCP_MESSAGE_TYPE && o->n == 1) {
    build_named(d, &defs[MESSAGE_TYPE], value, o->p[0], dhcp_type_name(o->p[0]));
    return;
  }
  if (o->code == DHCP_PARAMETERS) {
    for (uint32_t i = 0; i < o->n; i++)
      build_named(d, &defs[REQUEST_ITEM], part(value, i, 1), o->p[i], dhcp_option_name(o->p[i]));
    return;
  }
  if (o->code == DHCP_CLIENT_ID && o->n == 7 && o->p[0] == 1) {
    build_named(d, &defs[HW_TYPE], part(value, 0, 1), o->p[0], "Ethernet");
    build_octets(d, &defs[HW_MAC], part(value, 1, 6));
    return;
  }
  formed_build(d, o, value);
}

/* The end mark and what stands behind it. */
static void
end_build(struct decode *d, struct slice s, size_t at)
{
  unsigned group =
      build_named(d, &defs[OPTION], part(s, at, 1), DHCP_END, dhcp_option_name(DHCP_END));
  build_open(d, group);
  build_number(d, &defs[OPTION_END], part(s, at, 1), DHCP_END);
  build_close(d, group);
  if (at + 1 < s.n)
    build_octets(d, &defs[PADDING], slice_skip(s, (uint32_t)at + 1));
}

static void
options_build(struct decode *d, struct slice s)
{
  struct dhcp_option o;
  size_t at = DHCP_FIXED_OCTETS;
  while (dhcp_option_next(s.p, s.n, &at, &o)) {
    size_t first = (size_t)(o.p - s.p) - 2;
    unsigned group =
        build_named(d, &defs[OPTION], part(s, first, 2u + o.n), o.code, dhcp_option_name(o.code));
    build_open(d, group);
    build_number(d, &defs[OPTION_LENGTH], part(s, first + 1, 1), o.n);
    if (o.n) /* of a known form it is hidden: filters know it all the same */
      build_flag(d, build_octets(d, &defs[OPTION_VALUE], part(s, first + 2, o.n)),
                 is_known(&o) ? FIELD_FLAG_HIDDEN : 0);
    value_build(d, &o, part(s, first + 2, o.n));
    build_close(d, group);
  }
  if (at < s.n && s.p[at] == DHCP_END)
    end_build(d, s, at);
  else if (at < s.wire)
    build_flag(d, build_none(d, &defs[BAD], slice_skip(s, (uint32_t)at)), FIELD_FLAG_ODD);
}

void
dhcp_decode(struct decode *d, struct slice s)
{
  struct dhcp m;
  struct dhcp_option type;
  if (!dhcp_get(s.p, s.n, &m)) {
    unsigned layer = build_layer(d, &defs[DHCP], s, NULL);
    build_summary_protocol(d, "DHCP");
    build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
    build_info(d, "%s", lang_text(defs[BAD].name.en, "ข้อความ DHCP ขาดหายหรือเสียหาย"));
    build_layer_end(d, layer, s.n);
    return;
  }
  bool has_type = dhcp_option_find(s.p, s.n, DHCP_MESSAGE_TYPE, &type) && type.n == 1;
  const char *word = has_type ? dhcp_type_name(type.p[0]) : NULL;
  char title[80];
  g_snprintf(title, sizeof title, "%s%s%s%s", lang_pick(defs[DHCP].name), word ? " (" : "",
             word ? word : "", word ? ")" : "");
  unsigned layer = build_layer(d, &defs[DHCP], s, title);
  build_summary_protocol(d, "DHCP");
  fixed_build(d, s, &m);
  options_build(d, s);
  build_info(d, "DHCP %-8s - Transaction ID 0x%x", word ? word : "?", m.id);
  build_layer_end(d, layer, s.n);
}
