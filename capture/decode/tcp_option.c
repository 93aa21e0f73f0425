/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_option.c -- the options of a TCP header, one by one: kind, length, contents.
 *
 *     | kind 1 | length 1 | contents length - 2 |      END and NOP are one octet
 *
 * RFC 9293 section 3.1, 7323, 2018, 2385 (MD5), 4782, 5482, 5925 (TCP-AO), 6994, 7413, 9768;
 * Multipath TCP is read in tcp_mptcp.c. An option whose length is not its own is marked. */
#include "capture/decode/tcp.h"

#include "capture/wire/tcp.h"

/* clang-format off */
enum {
  OPTIONS, OPTION_KIND, OPTION_LEN, MSS_VAL, WSCALE_SHIFT, WSCALE_INVALID, WSCALE_MULTIPLIER, SACK_PERM, SACK_LE, SACK_RE, SACK_COUNT, TSVAL, TSECR, OPTION_BAD, MD5, AO_KEY, AO_NEXT, AO_MAC, UTO_MINUTES, UTO_VALUE, TFO_COOKIE, TFO_REQUEST, EXID, EXPERIMENT, QS_RATE, QS_TTL, ECN_E0, ECN_CE, ECN_E1, UNKNOWN
};
/* clang-format on */

static const struct field_def defs[] = {
    [OPTIONS] = {"tcp.options",
                 FIELD_OCTETS,
                 {"TCP options", "ตัวเลือก TCP"},
                 {"Additions to the header, most of them agreed in the first two segments: %s.",
                  "ส่วนเพิ่มเติมของส่วนหัว ส่วนใหญ่ตกลงกันในสองเซกเมนต์แรก: %s"},
                 "RFC 9293 section 3.1"},
    [OPTION_KIND] = {"tcp.option_kind",
                     FIELD_UINT,
                     {"Kind", "ชนิด"},
                     {"What kind of option follows: %s.", "ชนิดของตัวเลือกที่ตามมา: %s"},
                     "RFC 9293 section 3.1"},
    [OPTION_LEN] = {"tcp.option_len",
                    FIELD_UINT,
                    {"Length", "ความยาว"},
                    {"This option takes %s octets.", "ตัวเลือกนี้ยาว %s ออกเตต"},
                    "RFC 9293 section 3.1"},
    [MSS_VAL] = {"tcp.options.mss_val",
                 FIELD_UINT,
                 {"Maximum segment size", "ขนาดเซกเมนต์สูงสุด"},
                 {"The sender can receive segments with at most %s octets of data.",
                  "ผู้ส่งรับเซกเมนต์ที่มีข้อมูลได้ไม่เกิน %s ออกเตต"},
                 "RFC 9293 section 3.7.1"},
    [WSCALE_SHIFT] = {"tcp.options.wscale.shift",
                      FIELD_UINT,
                      {"Window scale shift", "จำนวนบิตที่เลื่อนหน้าต่าง"},
                      {"The sender's window numbers are to be doubled %s times.",
                       "ค่าหน้าต่างของผู้ส่งต้องคูณสองซ้ำ %s ครั้ง"},
                      "RFC 7323 section 2.2"},
    [WSCALE_INVALID] =
        {"tcp.options.wscale.shift.invalid",
         FIELD_NONE,
         {"Window scale shift exceeds 14", "จำนวนบิตที่เลื่อนเกิน 14"},
         {"More than 14 is not allowed, since windows would no longer fit into the sequence space; "
          "the receiver takes it for 14.",
          "ไม่อนุญาตให้เกิน 14 เพราะหน้าต่างจะใหญ่เกินปริภูมิของหมายเลขลำดับ ผู้รับจะถือว่าเป็น 14"},
         "RFC 7323 section 2.3"},
    [WSCALE_MULTIPLIER] = {"tcp.options.wscale.multiplier",
                           FIELD_UINT,
                           {"Multiplier", "ตัวคูณ"},
                           {"So the window numbers are multiplied by %s.",
                            "ดังนั้นค่าหน้าต่างจะคูณด้วย %s"},
                           "RFC 7323 section 2.2"},
    [SACK_PERM] = {"tcp.options.sack_perm",
                   FIELD_OCTETS,
                   {"SACK permitted", "ใช้ SACK ได้"},
                   {"The sender understands receipts for single runs of octets behind a gap.",
                    "ผู้ส่งเข้าใจการตอบรับข้อมูลเป็นช่วง ๆ ที่อยู่หลังช่องว่าง"},
                   "RFC 2018 section 2"},
    [SACK_LE] = {"tcp.options.sack_le",
                 FIELD_UINT,
                 {"SACK left edge (relative)", "ขอบซ้ายของ SACK (สัมพัทธ์)"},
                 {"A run of octets behind a gap has arrived; it begins at number %s.",
                  "ได้รับข้อมูลช่วงหนึ่งหลังช่องว่างแล้ว เริ่มที่หมายเลข %s"},
                 "RFC 2018 section 3"},
    [SACK_RE] = {"tcp.options.sack_re",
                 FIELD_UINT,
                 {"SACK right edge (relative)", "ขอบขวาของ SACK (สัมพัทธ์)"},
                 {"That run ends before number %s.", "ช่วงนั้นจบก่อนหมายเลข %s"},
                 "RFC 2018 section 3"},
    [SACK_COUNT] = {"tcp.options.sack.count",
                    FIELD_UINT,
                    {"SACK count", "จำนวนช่วง SACK"},
                    {"%s runs behind gaps are receipted.", "ตอบรับข้อมูลหลังช่องว่าง %s ช่วง"},
                    "RFC 2018 section 3"},
    [TSVAL] = {"tcp.options.timestamp.tsval",
               FIELD_UINT,
               {"Timestamp value", "ค่าตราเวลา"},
               {"The sender's clock stood at %s; the other end sends it back.",
                "นาฬิกาของผู้ส่งอยู่ที่ %s และอีกฝ่ายจะส่งค่านี้กลับมา"},
               "RFC 7323 section 3.2"},
    [TSECR] = {"tcp.options.timestamp.tsecr",
               FIELD_UINT,
               {"Timestamp echo reply", "ตราเวลาที่สะท้อนกลับ"},
               {"The other end's clock value that came last was %s; from it the round-trip time is "
                "known.",
                "ค่านาฬิกาล่าสุดของอีกฝ่ายที่ได้รับคือ %s ซึ่งใช้หาเวลาไปกลับได้"},
               "RFC 7323 section 3.2"},
    [OPTION_BAD] = {"tcp.option.len.invalid",
                    FIELD_NONE,
                    {"Invalid length for option", "ความยาวตัวเลือกไม่ถูกต้อง"},
                    {"The length of this option is none that its kind can have, or leads out of "
                     "the header, so "
                     "that what follows cannot be read.",
                     "ความยาวของตัวเลือกนี้ไม่ใช่ความยาวของชนิดนี้ หรือเกินส่วนหัวจนอ่านส่วนที่ตามมาไม่ได้"},
                    "RFC 9293 section 3.1"},
    [MD5] = {"tcp.options.md5.digest",
             FIELD_OCTETS,
             {"MD5 digest", "ค่าย่อย MD5"},
             {"Both ends know a key; only who knows it can make this digest of the segment: %s.",
              "สองฝ่ายรู้กุญแจร่วมกัน ผู้ที่รู้เท่านั้นจึงสร้างค่าย่อยนี้จากเซกเมนต์ได้: %s"},
             "RFC 2385 section 3"},
    [AO_KEY] = {"tcp.options.ao.keyid",
                FIELD_UINT,
                {"Key id", "หมายเลขกุญแจ"},
                {"The segment is signed with the key number %s.", "เซกเมนต์นี้เซ็นด้วยกุญแจหมายเลข %s"},
                "RFC 5925 section 2.2"},
    [AO_NEXT] = {"tcp.options.ao.rnextkeyid",
                 FIELD_UINT,
                 {"Next key id", "หมายเลขกุญแจถัดไป"},
                 {"The sender is ready to receive segments signed with the key number %s.",
                  "ผู้ส่งพร้อมรับเซกเมนต์ที่เซ็นด้วยกุญแจหมายเลข %s"},
                 "RFC 5925 section 2.2"},
    [AO_MAC] = {"tcp.options.ao.mac",
                FIELD_OCTETS,
                {"Authentication code", "รหัสยืนยัน"},
                {"Proof that somebody with the key made the segment and nobody changed it: %s.",
                 "หลักฐานว่าผู้มีกุญแจเป็นผู้สร้างเซกเมนต์และไม่มีใครแก้ไข: %s"},
                "RFC 5925 section 2.2"},
    [UTO_MINUTES] = {"tcp.options.user_to_granularity",
                     FIELD_BOOL,
                     {"Timeout counts minutes", "หมดเวลานับเป็นนาที"},
                     {"Whether the number that follows counts minutes; else it counts seconds: %s.",
                      "ตัวเลขที่ตามมานับเป็นนาทีหรือไม่ ถ้าไม่ก็นับเป็นวินาที: %s"},
                     "RFC 5482 section 4"},
    [UTO_VALUE] =
        {"tcp.options.user_to_val",
         FIELD_UINT,
         {"User timeout", "เวลารอของผู้ใช้"},
         {"The sender gives the connection up when its data stay unreceipted for %s of them.",
          "ผู้ส่งจะเลิกการเชื่อมต่อเมื่อข้อมูลไม่ได้รับการตอบรับนาน %s หน่วย"},
         "RFC 5482 section 4"},
    [TFO_COOKIE] = {"tcp.options.tfo.cookie",
                    FIELD_OCTETS,
                    {"Fast Open cookie", "คุกกี้ของ Fast Open"},
                    {"By these octets the server knows the client again and takes its data with "
                     "the first segment: %s.",
                     "เซิร์ฟเวอร์จำไคลเอนต์ได้จากออกเตตเหล่านี้ จึงรับข้อมูลตั้งแต่เซกเมนต์แรก: %s"},
                    "RFC 7413 section 4.1.1"},
    [TFO_REQUEST] = {"tcp.options.tfo.request",
                     FIELD_NONE,
                     {"Fast Open cookie request", "ขอคุกกี้ของ Fast Open"},
                     {"The client asks for a cookie, to be faster the next time.",
                      "ไคลเอนต์ขอคุกกี้เพื่อให้ครั้งต่อไปเร็วขึ้น"},
                     "RFC 7413 section 4.1.1"},
    [EXID] = {"tcp.options.experimental.exid",
              FIELD_HEX,
              {"Experiment identifier", "หมายเลขการทดลอง"},
              {"Which experiment the option belongs to: %s.", "ตัวเลือกนี้เป็นของการทดลองใด: %s"},
              "RFC 6994 section 3"},
    [EXPERIMENT] = {"tcp.options.experimental.data",
                    FIELD_OCTETS,
                    {"Data of the experiment", "ข้อมูลของการทดลอง"},
                    {"What the experiment says: %s.", "ข้อมูลของการทดลอง: %s"},
                    "RFC 6994 section 3"},
    [QS_RATE] = {"tcp.options.qs.rate",
                 FIELD_UINT,
                 {"Quick-Start rate", "อัตราของ Quick-Start"},
                 {"The routers on the way agreed to the rate number %s.",
                  "เราเตอร์ระหว่างทางยอมรับอัตราหมายเลข %s"},
                 "RFC 4782 section 4.3"},
    [QS_TTL] = {"tcp.options.qs.ttl_diff",
                FIELD_UINT,
                {"Quick-Start TTL difference", "ผลต่าง TTL ของ Quick-Start"},
                {"By %s the receiver tells whether all routers on the way took part.",
                 "ค่า %s ทำให้ผู้รับบอกได้ว่าเราเตอร์ทุกตัวระหว่างทางร่วมด้วยหรือไม่"},
                "RFC 4782 section 4.3"},
    [ECN_E0] = {"tcp.options.acc_ecn.ee0b",
                FIELD_UINT,
                {"Octets received with ECT(0)", "ออกเตตที่ได้รับพร้อม ECT(0)"},
                {"The counter of octets that came marked ECT(0) stands at %s.",
                 "ตัวนับออกเตตที่มาพร้อมเครื่องหมาย ECT(0) อยู่ที่ %s"},
                "RFC 9768 section 3.2.3"},
    [ECN_CE] = {"tcp.options.acc_ecn.eceb",
                FIELD_UINT,
                {"Octets received with CE", "ออกเตตที่ได้รับพร้อม CE"},
                {"The counter of octets that came marked as through congestion stands at %s.",
                 "ตัวนับออกเตตที่มาพร้อมเครื่องหมายแออัดอยู่ที่ %s"},
                "RFC 9768 section 3.2.3"},
    [ECN_E1] = {"tcp.options.acc_ecn.ee1b",
                FIELD_UINT,
                {"Octets received with ECT(1)", "ออกเตตที่ได้รับพร้อม ECT(1)"},
                {"The counter of octets that came marked ECT(1) stands at %s.",
                 "ตัวนับออกเตตที่มาพร้อมเครื่องหมาย ECT(1) อยู่ที่ %s"},
                "RFC 9768 section 3.2.3"},
    [UNKNOWN] = {"tcp.options.unknown.payload",
                 FIELD_OCTETS,
                 {"Contents of the option", "เนื้อหาของตัวเลือก"},
                 {"An option that is not explained here says %s.", "ตัวเลือกที่ไม่ได้อธิบายไว้ที่นี่มีข้อมูล %s"},
                 "RFC 9293 section 3.1"},
};
FIELD_TABLE(tcp_option_fields, defs);

enum {
  KIND_MD5 = 19,
  KIND_QUICK_START = 27,
  KIND_USER_TIMEOUT = 28,
  KIND_AO = 29,
  KIND_MPTCP = 30,
  KIND_FAST_OPEN = 34,
  KIND_ECN_0 = 172,
  KIND_ECN_1 = 174,
  KIND_EXPERIMENT_1 = 253,
  KIND_EXPERIMENT_2 = 254,
  EXPERIMENT_FAST_OPEN = 0xf989
};

static const struct wire_name option_names[] = {
    {TCP_OPT_END, "End of option list"},        {TCP_OPT_NOP, "No-operation"},
    {TCP_OPT_MSS, "Maximum segment size"},      {TCP_OPT_WSCALE, "Window scale"},
    {TCP_OPT_SACK_PERMITTED, "SACK permitted"}, {TCP_OPT_SACK, "SACK"},
    {TCP_OPT_TIMESTAMPS, "Timestamps"},         {KIND_MD5, "MD5 signature"},
    {KIND_QUICK_START, "Quick-Start response"}, {KIND_USER_TIMEOUT, "User timeout"},
    {KIND_AO, "TCP authentication option"},     {KIND_MPTCP, "Multipath TCP"},
    {KIND_FAST_OPEN, "Fast Open cookie"},       {KIND_ECN_0, "Accurate ECN order 0"},
    {KIND_ECN_1, "Accurate ECN order 1"},       {KIND_EXPERIMENT_1, "Experiment 1"},
    {KIND_EXPERIMENT_2, "Experiment 2"},
};

/* Options of one length, RFC 9293 section 3.1 and their own. */
static const struct {
  uint8_t kind, octets;
} fixed[] = {{TCP_OPT_MSS, 4},         {TCP_OPT_WSCALE, 3}, {TCP_OPT_SACK_PERMITTED, 2},
             {TCP_OPT_TIMESTAMPS, 10}, {KIND_MD5, 18},      {KIND_QUICK_START, 8},
             {KIND_USER_TIMEOUT, 4}};

static bool
has_wrong_length(struct slice o, uint8_t kind)
{
  for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
    if (fixed[i].kind == kind)
      return fixed[i].octets != o.n;
  return false;
}

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

static void
fast_open_build(struct decode *d, struct slice o, struct slice cookie)
{
  if (cookie.n)
    build_octets(d, &defs[TFO_COOKIE], cookie);
  else
    build_none(d, &defs[TFO_REQUEST], o);
}

static void
experiment_build(struct decode *d, struct slice value)
{
  static const struct wire_name experiments[] = {{EXPERIMENT_FAST_OPEN, "Fast Open"}};
  if (value.n < 2)
    return;
  uint16_t id = get_be16(value.p);
  struct slice rest = slice_skip(value, 2);
  build_named(d, &defs[EXID], slice_cut(value, 2), id, WIRE_NAME(experiments, id));
  if (id == EXPERIMENT_FAST_OPEN)
    fast_open_build(d, slice_cut(value, 2), rest);
  else if (rest.n)
    build_octets(d, &defs[EXPERIMENT], rest);
}

/* Three counters of three octets, of which the last may be missing (RFC 9768 section 3.2.3). */
static void
ecn_build(struct decode *d, struct slice value, bool order_1)
{
  const unsigned order[] = {order_1 ? ECN_E1 : ECN_E0, ECN_CE, order_1 ? ECN_E0 : ECN_E1};
  for (unsigned i = 0; i < 3 && value.n >= 3; i++, value = slice_skip(value, 3))
    build_number(d, &defs[order[i]], slice_cut(value, 3),
                 (uint32_t)value.p[0] << 16 | get_be16(value.p + 1));
}

/* Options that are not agreed upon in every connection. */
static void
other_build(struct decode *d, struct slice o, uint8_t kind)
{
  struct slice value = slice_skip(o, 2);
  switch (kind) {
  case TCP_OPT_END:
  case TCP_OPT_NOP:
  case TCP_OPT_MSS:
  case TCP_OPT_WSCALE:
  case TCP_OPT_SACK_PERMITTED:
  case TCP_OPT_SACK:
  case TCP_OPT_TIMESTAMPS:
    break; /* read before */
  case KIND_MD5:
    build_octets(d, &defs[MD5], value);
    break;
  case KIND_AO:
    if (value.n < 2)
      break;
    build_number(d, &defs[AO_KEY], part(value, 0, 1), value.p[0]);
    build_number(d, &defs[AO_NEXT], part(value, 1, 1), value.p[1]);
    if (value.n > 2)
      build_octets(d, &defs[AO_MAC], slice_skip(value, 2));
    break;
  case KIND_USER_TIMEOUT:
    build_number(d, &defs[UTO_MINUTES], value, value.p[0] >> 7);
    build_number(d, &defs[UTO_VALUE], value, get_be16(value.p) & 0x7fff);
    break;
  case KIND_QUICK_START:
    build_number(d, &defs[QS_RATE], part(value, 0, 1), value.p[0] & 15);
    build_number(d, &defs[QS_TTL], part(value, 1, 1), value.p[1]);
    break;
  case KIND_FAST_OPEN:
    fast_open_build(d, o, value);
    break;
  case KIND_MPTCP:
    tcp_mptcp_build(d, value);
    break;
  case KIND_ECN_0:
  case KIND_ECN_1:
    ecn_build(d, value, kind == KIND_ECN_1);
    break;
  case KIND_EXPERIMENT_1:
  case KIND_EXPERIMENT_2:
    experiment_build(d, value);
    break;
  default:
    if (value.n)
      build_octets(d, &defs[UNKNOWN], value);
  }
}

/* The contents of one option, and its words for the summary. */
static void
option_build(struct decode *d, struct slice o, uint8_t kind, uint32_t sack_base, GString *words)
{
  struct slice value = slice_skip(o, 2);
  if (has_wrong_length(o, kind)) {
    build_flag(d, build_none(d, &defs[OPTION_BAD], o), FIELD_FLAG_ODD);
  } else if (kind == TCP_OPT_MSS) {
    build_number(d, &defs[MSS_VAL], value, get_be16(value.p));
    g_string_append_printf(words, " MSS=%u", get_be16(value.p));
  } else if (kind == TCP_OPT_WSCALE) {
    unsigned shift = MIN(value.p[0], 14); /* RFC 7323 2.3 */
    build_flag(d, build_number(d, &defs[WSCALE_SHIFT], value, value.p[0]),
               value.p[0] > 14 ? FIELD_FLAG_ODD : 0);
    if (value.p[0] > 14)
      build_flag(d, build_none(d, &defs[WSCALE_INVALID], slice_none(value)),
                 FIELD_FLAG_GENERATED | FIELD_FLAG_ODD);
    build_generated(d, build_number(d, &defs[WSCALE_MULTIPLIER], slice_none(value), 1u << shift));
    g_string_append_printf(words, " WS=%u", 1u << shift);
  } else if (kind == TCP_OPT_SACK_PERMITTED) {
    build_octets(d, &defs[SACK_PERM], o);
    g_string_append(words, " SACK_PERM");
  } else if (kind == TCP_OPT_TIMESTAMPS) {
    build_number(d, &defs[TSVAL], slice_cut(value, 4), get_be32(value.p));
    build_number(d, &defs[TSECR], slice_skip(value, 4), get_be32(value.p + 4));
    g_string_append_printf(words, " TSval=%u TSecr=%u", get_be32(value.p), get_be32(value.p + 4));
  } else if (kind == TCP_OPT_SACK && o.n >= 10 && (o.n - 2) % 8 == 0) {
    for (struct slice edge = value; edge.n >= 8; edge = slice_skip(edge, 8)) {
      uint32_t left = get_be32(edge.p) - sack_base, right = get_be32(edge.p + 4) - sack_base;
      build_number(d, &defs[SACK_LE], slice_cut(edge, 4), left);
      build_number(d, &defs[SACK_RE], slice_cut(slice_skip(edge, 4), 4), right);
      g_string_append_printf(words, " SLE=%u SRE=%u", left, right);
    }
    build_generated(d, build_number(d, &defs[SACK_COUNT], slice_none(value), (o.n - 2) / 8));
  } else if (!d->work->summary_only) {
    other_build(d, o, kind);
  }
}

void
tcp_options_build(struct decode *d, struct slice s, uint32_t sack_base, GString *words)
{
  if (s.n == 0)
    return;
  unsigned group = build_octets(d, &defs[OPTIONS], s);
  build_open(d, group);
  size_t at = 0, first, n;
  uint8_t kind;
  while (tcp_option_next(s.p, s.n, &at, &kind, &first, &n)) {
    struct slice o = slice_cut(slice_skip(s, (uint32_t)first), (uint32_t)n);
    build_named(d, &defs[OPTION_KIND], slice_cut(o, 1), kind, WIRE_NAME(option_names, kind));
    if (n >= 2)
      build_number(d, &defs[OPTION_LEN], slice_cut(slice_skip(o, 1), 1), n);
    option_build(d, o, kind, sack_base, words);
  }
  if (at < s.n) {
    struct slice rest = slice_skip(s, (uint32_t)at);
    if (rest.p[0] == TCP_OPT_END)
      for (; rest.n && rest.p[0] == TCP_OPT_END; rest = slice_skip(rest, 1)) /* with its padding */
        build_named(d, &defs[OPTION_KIND], slice_cut(rest, 1), TCP_OPT_END,
                    WIRE_NAME(option_names, TCP_OPT_END));
    else
      build_flag(d, build_none(d, &defs[OPTION_BAD], rest), FIELD_FLAG_ODD);
  }
  build_close(d, group);
}
