/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tunnel.c -- what a client says to a proxy before its mail runs through it: SOCKS 4, 4a and 5
 * (RFC 1928, 1929), CONNECT of HTTP (RFC 9110 9.3.6).
 *
 * One element is one message of SOCKS or one line of HTTP; which one stands in its code. Passwords
 * lie in the element's secret range, so they are masked like any other. */
#include "capture/decode/app.h"

#include "capture/wire/tunnel.h"

/* clang-format off */
enum {
  SOCKS, VERSION, METHOD_COUNT, METHOD, CHOSEN, SUB_VERSION, USERNAME, PASSWORD, STATUS, COMMAND,
  RESERVED, TYPE, DST, DST6, NAME, NAME_4A, DST_PORT, PORT, RESULT, SOCKS_ODD,
  HTTP, REQUEST, RESPONSE, REQUEST_METHOD, REQUEST_URI, REQUEST_VERSION, REQUEST_LINE, HOST, USER_AGENT, PROXY_AUTH,
  CONNECTION, RESPONSE_VERSION, RESPONSE_CODE, RESPONSE_PHRASE, RESPONSE_LINE, PROXY_CHALLENGE,
  CONTENT_LENGTH, HTTP_ODD,
};
/* clang-format on */

static const struct field_def defs[] = {
    [SOCKS] =
        {"socks",
         FIELD_PROTOCOL,
         {"Socks Protocol", "โพรโทคอล SOCKS"},
         {"With SOCKS a client asks a proxy to connect to a server and to carry octets both ways.",
          "ด้วย SOCKS ไคลเอนต์ขอให้พร็อกซีเชื่อมต่อกับเซิร์ฟเวอร์และส่งต่อออกเตตทั้งสองทาง"},
         "RFC 1928"},
    [VERSION] = {"socks.version",
                 FIELD_UINT,
                 {"Version", "รุ่น"},
                 {"This is version %s of SOCKS.", "นี่คือ SOCKS รุ่น %s"},
                 "RFC 1928 section 3"},
    [METHOD_COUNT] = {"socks.auth_method_count",
                      FIELD_UINT,
                      {"Authentication method count", "จำนวนวิธียืนยันตัวตน"},
                      {"The client knows %s ways to say who it is.", "ไคลเอนต์รู้จักวิธีแสดงตัวตน %s วิธี"},
                      "RFC 1928 section 3"},
    [METHOD] = {"socks.auth_method",
                FIELD_UINT,
                {"Method", "วิธี"},
                {"One way that the client offers: %s.", "วิธีหนึ่งที่ไคลเอนต์เสนอ: %s"},
                "RFC 1928 section 3"},
    [CHOSEN] = {"socks.auth_accepted_method",
                FIELD_UINT,
                {"Accepted authentication method", "วิธียืนยันตัวตนที่เลือก"},
                {"The proxy chose: %s; 255 means that no offer suits it.",
                 "พร็อกซีเลือก: %s โดย 255 แปลว่าไม่มีวิธีที่ใช้ได้"},
                "RFC 1928 section 3"},
    [SUB_VERSION] = {"socks.subnegotiation_version",
                     FIELD_UINT,
                     {"Subnegotiation version", "รุ่นของการเจรจาย่อย"},
                     {"The login to the proxy has a version of its own: %s.",
                      "การล็อกอินเข้าพร็อกซีมีเลขรุ่นของตัวเอง: %s"},
                     "RFC 1929 section 2"},
    [USERNAME] = {"socks.username",
                  FIELD_TEXT,
                  {"User name", "ชื่อผู้ใช้"},
                  {"To the proxy the client calls itself %s.", "ไคลเอนต์บอกพร็อกซีว่าตนคือ %s"},
                  "RFC 1929 section 2"},
    [PASSWORD] = {"socks.password",
                  FIELD_TEXT,
                  {"Password", "รหัสผ่าน"},
                  {"The password goes to the proxy in the clear: %s.",
                   "รหัสผ่านส่งถึงพร็อกซีโดยไม่เข้ารหัสลับ: %s"},
                  "RFC 1929 section 2"},
    [STATUS] = {"socks.auth_status",
                FIELD_UINT,
                {"Status", "สถานะ"},
                {"0 means that the proxy takes the login; this is %s.",
                 "0 แปลว่าพร็อกซียอมรับการล็อกอิน ค่านี้คือ %s"},
                "RFC 1929 section 2"},
    [COMMAND] = {"socks.command",
                 FIELD_UINT,
                 {"Command", "คำสั่ง"},
                 {"What the proxy is asked to do: %s.", "สิ่งที่ขอให้พร็อกซีทำ: %s"},
                 "RFC 1928 section 4"},
    [RESERVED] = {"socks.reserved",
                  FIELD_UINT,
                  {"Reserved", "สงวนไว้"},
                  {"This octet has no meaning yet: %s.", "ออกเตตนี้ยังไม่มีความหมาย: %s"},
                  "RFC 1928 section 4"},
    [TYPE] = {"socks.address_type",
              FIELD_UINT,
              {"Address type", "ชนิดที่อยู่"},
              {"How the address is written: %s.", "รูปแบบของที่อยู่: %s"},
              "RFC 1928 section 5"},
    [DST] = {"socks.dst",
             FIELD_IPV4,
             {"Remote address", "ที่อยู่ปลายทาง"},
             {"The far end of the tunnel is %s.", "ปลายทางของอุโมงค์คือ %s"},
             "RFC 1928 section 5"},
    [DST6] = {"socks.dstV6",
              FIELD_IPV6,
              {"Remote address (IPv6)", "ที่อยู่ปลายทาง (IPv6)"},
              {"The far end of the tunnel is %s.", "ปลายทางของอุโมงค์คือ %s"},
              "RFC 1928 section 5"},
    [NAME] = {"socks.remote_name",
              FIELD_TEXT,
              {"Remote name", "ชื่อปลายทาง"},
              {"The far end of the tunnel is called %s; the proxy looks its address up.",
               "ปลายทางของอุโมงค์ชื่อ %s พร็อกซีเป็นผู้ค้นหาที่อยู่เอง"},
              "RFC 1928 section 5"},
    [NAME_4A] = {"socks.v4a_dns_name",
                 FIELD_TEXT,
                 {"SOCKS v4a remote domain name", "ชื่อโดเมนปลายทางของ SOCKS 4a"},
                 {"The far end of the tunnel is called %s; the address 0.0.0.x before it says that "
                  "a name follows.",
                  "ปลายทางของอุโมงค์ชื่อ %s ที่อยู่ 0.0.0.x ก่อนหน้าบอกว่ามีชื่อตามมา"},
                 "RFC 1928 section 5"},
    [DST_PORT] = {"socks.dstport",
                  FIELD_UINT,
                  {"Remote port", "พอร์ตปลายทาง"},
                  {"At the far end the port %s is asked for: 25 is SMTP, 110 POP3, 143 IMAP4.",
                   "พอร์ตที่ขอที่ปลายทางคือ %s เช่น 25 คือ SMTP, 110 คือ POP3, 143 คือ IMAP4"},
                  "RFC 1928 section 4"},
    [PORT] = {"socks.port",
              FIELD_UINT,
              {"Port", "พอร์ต"},
              {"In a request the port that is wanted at the far end, 25 for SMTP, 110 for POP3, "
               "143 for IMAP4; in an answer the proxy's own: %s.",
               "ในคำขอคือพอร์ตที่ต้องการที่ปลายทาง เช่น 25 คือ SMTP, 110 คือ POP3, 143 คือ IMAP4 "
               "ส่วนในคำตอบคือพอร์ตของพร็อกซีเอง: %s"},
              "RFC 1928 section 4"},
    [RESULT] = {"socks.results",
                FIELD_UINT,
                {"Results", "ผล"},
                {"What became of the request: %s.", "ผลของคำขอ: %s"},
                "RFC 1928 section 6"},
    [SOCKS_ODD] = {"enveloscope.socks.odd",
                   FIELD_NONE,
                   {"Not what SOCKS says here", "ไม่ใช่ข้อความของ SOCKS ตรงนี้"},
                   {"These octets are no whole message of SOCKS.",
                    "ออกเตตเหล่านี้ไม่ใช่ข้อความที่ครบถ้วนของ SOCKS"},
                   "RFC 1928"},
    [HTTP] = {"http",
              FIELD_PROTOCOL,
              {"Hypertext Transfer Protocol", "โพรโทคอล HTTP"},
              {"With CONNECT a client asks a web proxy to carry octets to a server unread.",
               "ด้วย CONNECT ไคลเอนต์ขอให้เว็บพร็อกซีส่งต่อออกเตตถึงเซิร์ฟเวอร์โดยไม่อ่าน"},
              "RFC 9110 section 9.3.6"},
    [REQUEST] = {"http.request",
                 FIELD_NONE,
                 {"Request", "คำขอ"},
                 {"Here a client asks.", "ตรงนี้ไคลเอนต์เป็นผู้ขอ"},
                 "RFC 9110 section 3.4"},
    [RESPONSE] = {"http.response",
                  FIELD_NONE,
                  {"Response", "คำตอบ"},
                  {"Here a proxy answers.", "ตรงนี้พร็อกซีเป็นผู้ตอบ"},
                  "RFC 9110 section 3.4"},
    [REQUEST_METHOD] = {"http.request.method",
                        FIELD_TEXT,
                        {"Request method", "เมทอดของคำขอ"},
                        {"The method is %s: the client asks for a tunnel.",
                         "เมทอดคือ %s ไคลเอนต์ขอให้เปิดอุโมงค์"},
                        "RFC 9110 section 9.3.6"},
    [REQUEST_URI] = {"http.request.uri",
                     FIELD_TEXT,
                     {"Request URI", "URI ของคำขอ"},
                     {"The far end of the tunnel is to be %s.", "ปลายทางของอุโมงค์ที่ขอคือ %s"},
                     "RFC 9112 section 3.2.3"},
    [REQUEST_VERSION] = {"http.request.version",
                         FIELD_TEXT,
                         {"Request version", "รุ่นของคำขอ"},
                         {"The client speaks %s.", "ไคลเอนต์พูด %s"},
                         "RFC 9112 section 2.3"},
    [REQUEST_LINE] = {"http.request.line",
                      FIELD_TEXT,
                      {"Request line", "บรรทัดของคำขอ"},
                      {"A field of the request: %s.", "ฟิลด์หนึ่งของคำขอ: %s"},
                      "RFC 9110 section 5"},
    [HOST] = {"http.host",
              FIELD_TEXT,
              {"Host", "โฮสต์"},
              {"The server that is meant is %s.", "เซิร์ฟเวอร์ที่ต้องการคือ %s"},
              "RFC 9110 section 7.2"},
    [USER_AGENT] = {"http.user_agent",
                    FIELD_TEXT,
                    {"User-Agent", "โปรแกรมของผู้ใช้"},
                    {"The client's program calls itself %s.", "โปรแกรมของไคลเอนต์เรียกตัวเองว่า %s"},
                    "RFC 9110 section 10.1.5"},
    [PROXY_AUTH] = {"http.proxy_authorization",
                    FIELD_TEXT,
                    {"Proxy-Authorization", "ข้อมูลยืนยันตัวตนต่อพร็อกซี"},
                    {"The client shows the proxy its credentials; Basic is only base64: %s.",
                     "ไคลเอนต์แสดงข้อมูลยืนยันตัวตนต่อพร็อกซี แบบ Basic เป็นเพียง base64: %s"},
                    "RFC 9110 section 11.7.2"},
    [CONNECTION] = {"http.connection",
                    FIELD_TEXT,
                    {"Connection", "การเชื่อมต่อ"},
                    {"What is to become of the connection: %s.", "จะทำอย่างไรกับการเชื่อมต่อ: %s"},
                    "RFC 9110 section 7.6.1"},
    [RESPONSE_VERSION] = {"http.response.version",
                          FIELD_TEXT,
                          {"Response version", "รุ่นของคำตอบ"},
                          {"The proxy speaks %s.", "พร็อกซีพูด %s"},
                          "RFC 9112 section 2.3"},
    [RESPONSE_CODE] = {"http.response.code",
                       FIELD_UINT,
                       {"Status code", "รหัสสถานะ"},
                       {"2xx opens the tunnel, 407 asks for credentials; this is %s.",
                        "2xx เปิดอุโมงค์ 407 ขอข้อมูลยืนยันตัวตน ค่านี้คือ %s"},
                       "RFC 9110 section 15"},
    [RESPONSE_PHRASE] = {"http.response.phrase",
                         FIELD_TEXT,
                         {"Response phrase", "วลีของคำตอบ"},
                         {"The same for people: %s.", "ความหมายเดียวกันสำหรับคนอ่าน: %s"},
                         "RFC 9112 section 4"},
    [RESPONSE_LINE] = {"http.response.line",
                       FIELD_TEXT,
                       {"Response line", "บรรทัดของคำตอบ"},
                       {"A field of the answer: %s.", "ฟิลด์หนึ่งของคำตอบ: %s"},
                       "RFC 9110 section 5"},
    [PROXY_CHALLENGE] = {"http.proxy_authenticate",
                         FIELD_TEXT,
                         {"Proxy-Authenticate", "วิธียืนยันตัวตนที่พร็อกซีขอ"},
                         {"The proxy says how it wants to be shown credentials: %s.",
                          "พร็อกซีบอกวิธียืนยันตัวตนที่ต้องการ: %s"},
                         "RFC 9110 section 11.7.1"},
    [CONTENT_LENGTH] = {"http.content_length_header",
                        FIELD_TEXT,
                        {"Content-Length", "ความยาวเนื้อหา"},
                        {"A text of %s octets follows the head.",
                         "มีข้อความยาว %s ออกเตตตามหลังส่วนหัว"},
                        "RFC 9110 section 8.6"},
    [HTTP_ODD] = {"enveloscope.http.odd",
                  FIELD_NONE,
                  {"The line has no end", "บรรทัดไม่มีจุดจบ"},
                  {"The stream ends, or has a hole, inside this line.",
                   "กระแสข้อมูลจบหรือขาดหายกลางบรรทัดนี้"},
                  "RFC 9112 section 2.1"},
};
FIELD_TABLE(tunnel_fields, defs);

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

static void
number(struct decode *d, unsigned def, struct slice octet, const char *name)
{
  build_named(d, &defs[def], octet, octet.p[0], name);
}

static void
text(struct decode *d, unsigned def, struct slice s)
{
  build_text(d, &defs[def], s, s.p, s.n);
}

/* ---- SOCKS ---- */

static void
greeting_build(struct decode *d, struct slice s)
{
  number(d, METHOD_COUNT, part(s, 1, 1), NULL);
  for (uint32_t i = 2; i < s.n; i++)
    number(d, METHOD, part(s, i, 1), socks_method_name(s.p[i]));
  build_info(d, "Version: 5, %u methods", s.p[1]);
}

static void
login_build(struct decode *d, struct slice s)
{
  struct slice user = part(s, 2, s.p[1]);
  text(d, USERNAME, user);
  text(d, PASSWORD, part(s, 3u + s.p[1], s.p[2 + s.p[1]]));
  build_info(d, "Login ");
  build_info_text(d, user.p, user.n);
  build_info(d, " ******");
}

/* Type, address and port at s; the name or address for the summary. */
static void
address_build(struct decode *d, struct slice s)
{
  char words[ADDR_TEXT_MAX];
  struct ip_addr a;
  number(d, TYPE, part(s, 0, 1), socks_type_name(s.p[0]));
  struct slice address = part(s, 1, s.n - 3);
  if (s.p[0] == SOCKS_TYPE_NAME) {
    address = part(s, 2, s.p[1]);
    text(d, NAME, address);
    build_info_text(d, address.p, address.n);
  } else {
    bool v4 = s.p[0] == SOCKS_TYPE_IPV4;
    build_octets(d, &defs[v4 ? DST : DST6], address);
    a = v4 ? ip_addr_v4(address.p) : ip_addr_v6(address.p);
    build_info(d, "%s", ip_addr_format(&a, words));
  }
  struct slice port = part(s, s.n - 2, 2);
  build_number(d, &defs[PORT], port, get_be16(port.p));
  build_info(d, ":%u", get_be16(port.p));
}

static void
request_build(struct decode *d, struct slice s, bool is_request)
{
  const char *word = is_request ? socks_command_name(s.p[1]) : socks_result_name(s.p[1]);
  number(d, is_request ? COMMAND : RESULT, part(s, 1, 1), word);
  number(d, RESERVED, part(s, 2, 1), NULL);
  build_info(d, "%s ", word ? word : "?");
  address_build(d, slice_skip(s, 3));
}

static void
request4_build(struct decode *d, struct slice s)
{
  char words[ADDR_TEXT_MAX];
  struct ip_addr a = ip_addr_v4(s.p + 4);
  number(d, COMMAND, part(s, 1, 1), socks_command_name(s.p[1]));
  build_number(d, &defs[DST_PORT], part(s, 2, 2), get_be16(s.p + 2));
  build_octets(d, &defs[DST], part(s, 4, 4));
  struct slice rest = slice_skip(s, 8);
  uint32_t n = (uint32_t)((const uint8_t *)memchr(rest.p, 0, rest.n) - rest.p);
  text(d, USERNAME, slice_cut(rest, n));
  rest = slice_skip(rest, n + 1);
  build_info(d, "%s ", socks_command_name(s.p[1]) ? socks_command_name(s.p[1]) : "?");
  if (rest.n > 1) {
    text(d, NAME_4A, slice_cut(rest, rest.n - 1));
    build_info_text(d, rest.p, rest.n - 1);
  } else {
    build_info(d, "%s", ip_addr_format(&a, words));
  }
  build_info(d, ":%u", get_be16(s.p + 2));
}

static void
reply4_build(struct decode *d, struct slice s)
{
  const char *word = socks_result_name(s.p[1]);
  number(d, RESULT, part(s, 1, 1), word);
  build_number(d, &defs[DST_PORT], part(s, 2, 2), get_be16(s.p + 2));
  build_octets(d, &defs[DST], part(s, 4, 4));
  build_info(d, "%s", word ? word : "?");
}

void
socks_element(struct decode *d, const struct element *e, struct slice s)
{
  build_info_said(d, e->side == SIDE_CLIENT);
  if (e->code > SOCKS4_REPLY || socks_octets((enum tunnel_message)e->code, s.p, s.n) != s.n ||
      s.n == 0) {
    build_flag(d, build_none(d, &defs[SOCKS_ODD], s), FIELD_FLAG_ODD);
    build_info(d, "SOCKS, %u %s", s.n, lang_text("octets", "ออกเตต"));
    return;
  }
  bool login = e->code == SOCKS_LOGIN || e->code == SOCKS_LOGIN_REPLY;
  if (login)
    build_generated(d, build_number(d, &defs[VERSION], slice_none(s), 5));
  number(d, login ? SUB_VERSION : VERSION, part(s, 0, 1), NULL);
  switch ((enum tunnel_message)e->code) {
  case SOCKS_GREETING:
    greeting_build(d, s);
    break;
  case SOCKS_CHOICE:
    number(d, CHOSEN, part(s, 1, 1), socks_method_name(s.p[1]));
    build_info(d, "%s", socks_method_name(s.p[1]) ? socks_method_name(s.p[1]) : "?");
    break;
  case SOCKS_LOGIN:
    login_build(d, s);
    break;
  case SOCKS_LOGIN_REPLY:
    number(d, STATUS, part(s, 1, 1), s.p[1] == 0 ? "success" : "failure");
    build_info(d, "Login %s", s.p[1] == 0 ? "success" : "failure");
    break;
  case SOCKS4_REQUEST:
    request4_build(d, s);
    break;
  case SOCKS4_REPLY:
    reply4_build(d, s);
    break;
  default:
    request_build(d, s, e->code == SOCKS_REQUEST);
  }
}

/* ---- HTTP ---- */

/* Takes the word up to the next blank off *s. */
static struct slice
take_word(struct slice *s)
{
  const uint8_t *space = s->n ? memchr(s->p, ' ', s->n) : NULL;
  struct slice word = slice_cut(*s, space ? (uint32_t)(space - s->p) : s->n);
  *s = slice_skip(*s, word.n + (space != NULL));
  return word;
}

static void
field_build(struct decode *d, unsigned line_def, struct slice s)
{
  static const struct {
    const char *name;
    uint8_t def;
  } known[] = {{"Host", HOST},
               {"User-Agent", USER_AGENT},
               {"Proxy-Authorization", PROXY_AUTH},
               {"Proxy-Authenticate", PROXY_CHALLENGE},
               {"Connection", CONNECTION},
               {"Content-Length", CONTENT_LENGTH}};
  unsigned group = build_text(d, &defs[line_def], s, s.p, s.n);
  struct slice line = line_cut(s);
  const uint8_t *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
  if (!colon)
    return;
  uint32_t n_name = (uint32_t)(colon - line.p);
  struct slice value = slice_skip(line, n_name + 1);
  while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
    value = slice_skip(value, 1);
  build_open(d, group);
  for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
    if (text_is(line.p, n_name, known[i].name))
      text(d, known[i].def, value);
  build_close(d, group);
}

void
http_element(struct decode *d, const struct element *e, struct slice s)
{
  const uint8_t hidden = FIELD_FLAG_HIDDEN | FIELD_FLAG_GENERATED;
  struct slice line = line_cut(s), word;
  if (e->flags & ELEMENT_FLAG_ODD && line.n == s.n)
    build_flag(d, build_none(d, &defs[HTTP_ODD], slice_none(s)), FIELD_FLAG_ODD);
  switch ((enum tunnel_message)e->code) {
  case HTTP_REQUEST:
    app_info_line(d, e, line);
    build_flag(d, build_none(d, &defs[REQUEST], slice_none(s)), hidden);
    text(d, REQUEST_METHOD, take_word(&line));
    text(d, REQUEST_URI, take_word(&line));
    text(d, REQUEST_VERSION, line);
    break;
  case HTTP_REPLY:
    app_info_line(d, e, line);
    build_flag(d, build_none(d, &defs[RESPONSE], slice_none(s)), hidden);
    text(d, RESPONSE_VERSION, take_word(&line));
    word = take_word(&line);
    build_number(d, &defs[RESPONSE_CODE], word, http_status_get(s.p, s.n));
    text(d, RESPONSE_PHRASE, line);
    break;
  case HTTP_REQUEST_FIELD:
    field_build(d, REQUEST_LINE, s);
    break;
  case HTTP_REPLY_FIELD:
    field_build(d, RESPONSE_LINE, s);
    break;
  default:
    break; /* the empty line */
  }
}
