/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hops_tell.c -- what each layer of one device did with a packet, one sentence for each.
 *
 *     in    link ─> network ─> transport ─> application      (a switch has only a link layer, a
 * router out   application ─> transport ─> network ─> link       turns round in its network layer)
 *
 * Values are quoted from the decoded frames before and behind the device, and from the state events
 * of that instant (route, rcv_nxt, switch). Fields whose values differ are listed with the step of
 * the layer they belong to. */
#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/tcp.h"
#include "lessons/hops_private.h"

enum { CHANGES_MAX = 24 }; /* of a header; more means that its content was altered */

/* ---- values ---- */

/* The value of the first field with a key, or NULL; the caller frees it. */
static char *
value(struct decode *d, const char *key)
{
  const struct field *f = d ? decode_find(d, key, 0) : NULL;
  return f ? g_strdup(decode_value(d, f)) : NULL;
}

static char *
value_of_any(struct decode *d, const char *const *keys)
{
  char *text = NULL;
  for (; *keys && !text; keys++)
    text = value(d, *keys);
  return text;
}

static bool
has(struct decode *d, const char *key)
{
  return d && decode_find(d, key, 0);
}

static char *
ip_source(struct decode *d)
{
  return value_of_any(d, (const char *const[]){"ip.src", "ipv6.src", NULL});
}

static char *
ip_destination(struct decode *d)
{
  return value_of_any(d, (const char *const[]){"ip.dst", "ipv6.dst", NULL});
}

static char *
ip_ttl(struct decode *d)
{
  return value_of_any(d, (const char *const[]){"ip.ttl", "ipv6.hlim", NULL});
}

static bool
is_ip(struct decode *d)
{
  return has(d, "ip.dst") || has(d, "ipv6.dst");
}

static enum host_kind
kind_of(const struct hop_scene *s)
{
  return run_host(s->twin, s->hop->host).kind;
}

static const char *
link_name(const struct hop_scene *s, uint32_t link)
{
  return run_link(s->twin, link).name;
}

/* ---- changes ---- */

static enum hop_layer
layer_of(const char *key)
{
  static const struct {
    const char *prefix;
    enum hop_layer layer;
  } table[] = {{"eth.", HOP_LINK},       {"vlan.", HOP_LINK},     {"arp.", HOP_LINK},
               {"ip.", HOP_NETWORK},     {"ipv6.", HOP_NETWORK},  {"icmp.", HOP_NETWORK},
               {"icmpv6.", HOP_NETWORK}, {"tcp.", HOP_TRANSPORT}, {"udp.", HOP_TRANSPORT}};
  for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
    if (g_str_has_prefix(key, table[i].prefix))
      return table[i].layer;
  return HOP_APPLICATION;
}

/* A field that stands in the octets of the frame itself and has nothing below it. */
static bool
is_leaf(const struct decode *d, unsigned i)
{
  const struct field *f = decode_field(d, i);
  bool has_child = i + 1 < decode_n_fields(d) && decode_field(d, i + 1)->depth > f->depth;
  return !has_child && f->source == 0 && f->n_octets > 0 && f->def->type != FIELD_NONE &&
         f->def->type != FIELD_PROTOCOL &&
         !(f->flags & (FIELD_FLAG_GENERATED | FIELD_FLAG_HIDDEN)) &&
         !g_str_has_prefix(f->def->key, "frame.");
}

/* The n-th leaf with a key (0: the first). */
static const struct field *
nth_leaf(const struct decode *d, const char *key, unsigned n)
{
  for (unsigned i = 0; i < decode_n_fields(d); i++)
    if (is_leaf(d, i) && strcmp(decode_field(d, i)->def->key, key) == 0 && n-- == 0)
      return decode_field(d, i);
  return NULL;
}

static void
add_change(struct hop_step *step, const char *key, char *before, char *after)
{
  struct hop_change *c = g_new(struct hop_change, 1);
  *c = (struct hop_change){g_strdup(key), before, after};
  g_ptr_array_add(step->changes, c);
}

/* Lists the fields of one layer whose values differ. */
static void
add_changes(struct hop_step *step, const struct hop_scene *s, enum hop_layer layer)
{
  if (!s->in || !s->out)
    return;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned i = 0; i < decode_n_fields(s->in) && step->changes->len < CHANGES_MAX; i++) {
    const char *key = decode_field(s->in, i)->def->key;
    if (!is_leaf(s->in, i) || layer_of(key) != layer)
      continue;
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, key));
    g_hash_table_insert(seen, (gpointer)key, GUINT_TO_POINTER(n + 1));
    const struct field *other = nth_leaf(s->out, key, n);
    g_autofree char *before = g_strdup(decode_value(s->in, decode_field(s->in, i)));
    g_autofree char *after = g_strdup(other ? decode_value(s->out, other) : "");
    if (strcmp(before, after) != 0)
      add_change(step, key, g_steal_pointer(&before), g_steal_pointer(&after));
  }
}

static bool
differs(const struct hop_scene *s, const char *key)
{
  g_autofree char *before = value(s->in, key), *after = value(s->out, key);
  return before && after && strcmp(before, after) != 0;
}

/* ---- link layer ---- */

static bool
is_to_all(const char *mac)
{
  return g_strcmp0(mac, "ff:ff:ff:ff:ff:ff") == 0;
}

/* The lowest bit of the first octet marks a group. */
static bool
is_to_group(const char *mac)
{
  return mac && strlen(mac) > 1 && g_ascii_xdigit_value(mac[1]) % 2 == 1;
}

static void
tell_link_in(const struct hop_scene *s)
{
  g_autofree char *to = value(s->in, "eth.dst"), *from = value(s->in, "eth.src");
  char *sentence;
  if (kind_of(s) == HOST_SWITCH)
    sentence = g_strdup_printf(
        lang_text("A switch takes in every frame. From the source address it learns that %1$s is "
                  "behind the link %2$s.",
                  "สวิตช์รับทุกเฟรม และเรียนรู้จากที่อยู่ต้นทางว่า %1$s อยู่ทางลิงก์ %2$s"),
        from, link_name(s, s->hop->link_in));
  else if (is_to_all(to))
    sentence =
        g_strdup(lang_text("The frame is for everybody (broadcast), so this device reads it.",
                           "เฟรมนี้ส่งถึงทุกเครื่อง (broadcast) อุปกรณ์นี้จึงอ่าน"));
  else if (is_to_group(to))
    sentence = g_strdup_printf(
        lang_text("The frame is for the group %s (multicast), and this device belongs to it.",
                  "เฟรมนี้ส่งถึงกลุ่ม %s (multicast) ซึ่งอุปกรณ์นี้เป็นสมาชิก"),
        to);
  else
    sentence = g_strdup_printf(
        lang_text(
            "The destination %s is this device's own Ethernet address: the frame is taken in and "
            "its Ethernet header is taken off.",
            "ปลายทาง %s คือที่อยู่อีเทอร์เน็ตของอุปกรณ์นี้เอง จึงรับเฟรมไว้และแกะเฮดเดอร์อีเทอร์เน็ตออก"),
        to);
  hops_add_step(s->hop, HOP_LINK, HOP_IN, sentence);
}

static char *
switch_sentence(const struct hop_scene *s, const char *to)
{
  const char *link = link_name(s, s->hop->link_out);
  if (is_to_all(to) || is_to_group(to))
    return g_strdup_printf(
        lang_text("A frame for everybody leaves by every other link, %s among them, unchanged.",
                  "เฟรมที่ส่งถึงทุกเครื่องออกไปทุกลิงก์ที่เหลือ รวมถึง %s โดยไม่เปลี่ยนแปลง"),
        link);
  if (s->n_copies > 1)
    return g_strdup_printf(
        lang_text(
            "The table does not know yet where %1$s is, so the frame leaves by every other link "
            "(%2$u copies), %3$s among them, unchanged.",
            "ตารางยังไม่รู้ว่า %1$s อยู่ทางใด จึงส่งเฟรมออกทุกลิงก์ที่เหลือ (%2$u ชุด) "
            "รวมถึง %3$s โดยไม่เปลี่ยนแปลง"),
        to, s->n_copies, link);
  return g_strdup_printf(
      lang_text("The table knows that %1$s is behind the link %2$s: the frame leaves "
                "there, and only there, unchanged.",
                "ตารางรู้ว่า %1$s อยู่ทางลิงก์ %2$s จึงส่งเฟรมออกทางนั้นทางเดียว "
                "โดยไม่เปลี่ยนแปลง"),
      to, link);
}

static void
tell_link_out(const struct hop_scene *s)
{
  g_autofree char *to = value(s->out, "eth.dst"), *from = value(s->out, "eth.src");
  char *sentence;
  if (kind_of(s) == HOST_SWITCH)
    sentence = switch_sentence(s, to);
  else if (is_to_all(to) || is_to_group(to))
    sentence = g_strdup_printf(
        lang_text(
            "Ethernet puts a header before it: from %1$s, this device, to the group address %2$s.",
            "อีเทอร์เน็ตใส่เฮดเดอร์นำหน้า จาก %1$s คืออุปกรณ์นี้ ถึงที่อยู่กลุ่ม %2$s"),
        from, to);
  else
    sentence = g_strdup_printf(
        lang_text(
            "Ethernet puts a header of its own before it: from %1$s, this device, to %2$s, which "
            "belongs to the next device, %3$s.%4$s",
            "อีเทอร์เน็ตใส่เฮดเดอร์ของตน จาก %1$s คืออุปกรณ์นี้ ถึง %2$s คืออุปกรณ์ถัดไป %3$s%4$s"),
        from, to, s->next_name ? s->next_name : "?",
        s->in && is_ip(s->out)
            ? lang_text(" The addresses of IP stay as they are.", " ส่วนที่อยู่ IP ไม่เปลี่ยน")
            : "");
  add_changes(hops_add_step(s->hop, HOP_LINK, HOP_OUT, sentence), s, HOP_LINK);
}

/* ---- network layer ---- */

static void
tell_dropped(const struct hop_scene *s, enum hop_layer layer)
{
  hops_add_step(s->hop, layer, HOP_IN,
                g_strdup_printf(lang_text("It goes no further: %s.", "ไปต่อไม่ได้: %s"), s->reason));
}

static void
tell_network_in(const struct hop_scene *s)
{
  g_autofree char *to = ip_destination(s->in);
  if (!to) {
    if (has(s->in, "arp.opcode"))
      hops_add_step(
          s->hop, HOP_NETWORK, HOP_IN,
          g_strdup(lang_text("ARP reads it: it remembers the sender's address, and answers "
                             "when its own is asked for.",
                             "ARP อ่านและจดจำที่อยู่ของผู้ส่ง และตอบเมื่อถูกถามถึงที่อยู่ของตน")));
    return;
  }
  if (s->fate == HOP_DROPPED) {
    tell_dropped(s, HOP_NETWORK);
    return;
  }
  char *sentence;
  if (s->out)
    sentence = g_strdup_printf(
        lang_text(
            "The header is intact. The destination %s is none of this device's own addresses, "
            "so the packet is passed on.",
            "เฮดเดอร์ถูกต้อง ปลายทาง %s ไม่ใช่ที่อยู่ของอุปกรณ์นี้ จึงส่งแพ็กเก็ตต่อ"),
        to);
  else
    sentence = g_strdup_printf(
        lang_text(
            "The header is intact and %s is an address of this device: the IP header is taken "
            "off and what it carried goes up.",
            "เฮดเดอร์ถูกต้องและ %s คือที่อยู่ของอุปกรณ์นี้ จึงแกะเฮดเดอร์ IP ออกแล้วส่งข้อมูลข้างในขึ้นไป"),
        to);
  hops_add_step(s->hop, HOP_NETWORK, HOP_IN, sentence);
}

/* " Way: via 10.0.1.1 …" or "". */
static char *
way_of(const struct hop_scene *s, const char *to)
{
  const char *route = run_value_at(s->twin, s->hop->out_ns, s->hop->host, "route", to);
  return route && *route ? g_strdup_printf(lang_text(" Way: %s.", " เส้นทาง: %s"), route)
                         : g_strdup("");
}

static bool
is_cut_here(const struct hop_scene *s)
{
  g_autofree char *offset = value(s->out, "ip.frag_offset");
  return s->in && s->out && (differs(s, "ip.len") || (offset && differs(s, "ip.frag_offset")));
}

static char *
arp_out_sentence(const struct hop_scene *s)
{
  g_autofree char *opcode = value(s->out, "arp.opcode"),
                  *asked = value(s->out, "arp.dst.proto_ipv4"),
                  *own = value(s->out, "arp.src.proto_ipv4");
  if (g_strcmp0(opcode, "1") == 0)
    return g_strdup_printf(
        lang_text(
            "IP knows where to send, %s, but Ethernet needs an address of its own kind: ARP asks "
            "for it.",
            "IP รู้ว่าต้องส่งไปที่ %s แต่อีเทอร์เน็ตต้องใช้ที่อยู่อีกแบบ ARP จึงถามหา"),
        asked);
  return g_strdup_printf(
      lang_text("ARP answers the one who asked: %s is here.", "ARP ตอบผู้ที่ถามว่า %s อยู่ที่นี่"), own);
}

static void
tell_network_out(const struct hop_scene *s)
{
  g_autofree char *to = ip_destination(s->out), *from = ip_source(s->out), *ttl = ip_ttl(s->out);
  if (!to) {
    if (has(s->out, "arp.opcode"))
      hops_add_step(s->hop, HOP_NETWORK, HOP_OUT, arp_out_sentence(s));
    return;
  }
  g_autofree char *way = way_of(s, to);
  if (!s->in) {
    hops_add_step(
        s->hop, HOP_NETWORK, HOP_OUT,
        g_strdup_printf(
            lang_text("IP puts a header before it: from %1$s to %2$s, with %3$s hops to live.%4$s",
                      "IP ใส่เฮดเดอร์นำหน้า จาก %1$s ถึง %2$s ผ่านเราเตอร์ได้อีก %3$s ตัว%4$s"),
            from, to, ttl, way));
    return;
  }
  g_autofree char *before = ip_ttl(s->in);
  struct hop_step *step = hops_add_step(
      s->hop, HOP_NETWORK, HOP_OUT,
      g_strdup_printf(lang_text("One hop is used up: the time to live goes from %1$s to %2$s.%3$s",
                                "ใช้ไปหนึ่งช่วง ค่า TTL ลดจาก %1$s เป็น %2$s%3$s"),
                      before, ttl, way));
  add_changes(step, s, HOP_NETWORK);
  if (is_cut_here(s))
    hops_add_step(
        s->hop, HOP_NETWORK, HOP_OUT,
        g_strdup(lang_text("The packet is longer than the next link carries, so it is cut: "
                           "this frame holds one fragment.",
                           "แพ็กเก็ตยาวเกินกว่าที่ลิงก์ถัดไปรับได้ จึงถูกแบ่ง เฟรมนี้มีหนึ่งชิ้นส่วน")));
}

/* A box that writes other addresses or ports into what it passes on. */
static void
tell_translation(const struct hop_scene *s)
{
  static const char *const keys[] = {"ip.src",      "ip.dst",      "tcp.srcport", "tcp.dstport",
                                     "udp.srcport", "udp.dstport", "icmp.ident"};
  bool is_translated = false;
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
    is_translated = is_translated || differs(s, keys[i]);
  if (!is_translated)
    return;
  struct hop_step *step = hops_add_step(
      s->hop, HOP_TRANSPORT, HOP_OUT,
      g_strdup(lang_text(
          "Address translation (NAT): the box writes its own address and port in place of "
          "the inner ones, and remembers both for the way back.",
          "แปลงที่อยู่ (NAT): กล่องเขียนที่อยู่และพอร์ตใหม่แทนของเดิม และจดจำทั้งคู่ไว้สำหรับขากลับ")));
  add_changes(step, s, HOP_TRANSPORT);
}

/* ---- transport layer ---- */

static char *
flags_text(const char *number)
{
  static const struct {
    uint16_t bit;
    const char *name;
  } names[] = {{TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"},
               {TCP_PSH, "PSH"}, {TCP_ACK, "ACK"}, {TCP_URG, "URG"}};
  uint64_t flags = number ? g_ascii_strtoull(number, NULL, 0) : 0;
  g_autoptr(GString) out = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (flags & names[i].bit)
      g_string_append_printf(out, "%s%s", out->len ? ", " : "", names[i].name);
  return g_strdup(out->str);
}

static void
tell_tcp_out(const struct hop_scene *s)
{
  g_autofree char *n = value(s->out, "tcp.len"), *seq = value(s->out, "tcp.seq"),
                  *ack = value(s->out, "tcp.ack"), *number = value(s->out, "tcp.flags"),
                  *port = value(s->out, "tcp.dstport");
  g_autofree char *flags = flags_text(number);
  hops_add_step(
      s->hop, HOP_TRANSPORT, HOP_OUT,
      g_strdup_printf(
          lang_text("TCP makes a segment for port %1$s: %2$s data octets from number %3$s on, "
                    "flags %4$s; it has received everything before number %5$s.",
                    "TCP สร้างเซกเมนต์ถึงพอร์ต %1$s: ข้อมูล %2$s ไบต์ ตั้งแต่ลำดับ %3$s แฟล็ก %4$s "
                    "และบอกว่าได้รับครบก่อนลำดับ %5$s"),
          port, n, seq, flags, ack ? ack : "0"));
}

/* "tcp OPENER LISTENER" as the events name this frame's connection; NULL when there is none. */
static const char *
expected_number(const struct hop_scene *s)
{
  const struct trace *t = run_trace(s->twin);
  const struct trace_frame f = trace_frame(t, s->hop->frame_in);
  if (f.flow == TRACE_NONE)
    return NULL;
  const struct trace_flow *flow = trace_flow(t, f.flow);
  for (unsigned opener = 0; opener < 2; opener++) {
    char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
    const struct trace_flow_end *from = &flow->ends[opener], *to = &flow->ends[!opener];
    g_autofree char *subject =
        g_strdup_printf("tcp %s %s", endpoint_format(&from->addr, from->port, a),
                        endpoint_format(&to->addr, to->port, b));
    const char *text = run_value_at(s->twin, s->hop->in_ns - 1, s->hop->host, subject, "rcv_nxt");
    if (text)
      return text;
  }
  return NULL;
}

static char *
tcp_in_sentence(const struct hop_scene *s)
{
  g_autofree char *n = value(s->in, "tcp.len"), *seq = value(s->in, "tcp.seq"),
                  *raw = value(s->in, "tcp.seq_raw"), *port = value(s->in, "tcp.dstport"),
                  *number = value(s->in, "tcp.flags");
  g_autofree char *flags = flags_text(number);
  const char *expected = expected_number(s);
  if (g_strcmp0(n, "0") == 0 || !raw || !expected)
    return g_strdup_printf(
        lang_text(
            "The checksum is right. Port %1$s names the connection; the segment (%2$s) carries no "
            "data that waits for its turn.",
            "เช็กซัมถูกต้อง พอร์ต %1$s บอกว่าเป็นการเชื่อมต่อใด เซกเมนต์ (%2$s) "
            "ไม่มีข้อมูลที่ต้องเรียงลำดับ"),
        port, flags);
  uint32_t got = (uint32_t)g_ascii_strtoull(raw, NULL, 10);
  int32_t ahead = (int32_t)(got - (uint32_t)g_ascii_strtoull(expected, NULL, 10));
  if (ahead == 0)
    return g_strdup_printf(
        lang_text("The checksum is right. Number %1$s is exactly what was expected next on port "
                  "%2$s: its "
                  "%3$s octets go to the application.",
                  "เช็กซัมถูกต้อง ลำดับ %1$s ตรงกับที่รออยู่ของพอร์ต %2$s ข้อมูล %3$s ไบต์จึงส่งให้แอปพลิเคชัน"),
        seq, port, n);
  if (ahead > 0)
    return g_strdup_printf(
        lang_text(
            "The checksum is right, but %1$d octets before number %2$s are missing: the segment is "
            "kept until they come, and the ACK repeats what is expected.",
            "เช็กซัมถูกต้อง แต่ยังขาดข้อมูล %1$d ไบต์ก่อนลำดับ %2$s จึงเก็บเซกเมนต์ไว้จนกว่าส่วนที่ขาดจะมา "
            "และ ACK จะย้ำลำดับที่รออยู่"),
        ahead, seq);
  return g_strdup_printf(
      lang_text(
          "The checksum is right, but the octets from number %s on were here before: TCP only "
          "acknowledges again.",
          "เช็กซัมถูกต้อง แต่ข้อมูลตั้งแต่ลำดับ %s เคยมาถึงแล้ว TCP จึงเพียงตอบรับซ้ำ"),
      seq);
}

static void
tell_transport(const struct hop_scene *s, enum hop_way way)
{
  struct decode *d = way == HOP_IN ? s->in : s->out;
  if (has(d, "tcp.dstport")) {
    if (way == HOP_OUT)
      tell_tcp_out(s);
    else
      hops_add_step(s->hop, HOP_TRANSPORT, HOP_IN, tcp_in_sentence(s));
    return;
  }
  g_autofree char *to = value(d, "udp.dstport"), *from = value(d, "udp.srcport");
  if (to && !has(d, "icmp.type"))
    hops_add_step(
        s->hop, HOP_TRANSPORT, way,
        way == HOP_OUT
            ? g_strdup_printf(lang_text("UDP puts its 8 octets before it: from port %s to port %s.",
                                        "UDP ใส่เฮดเดอร์ 8 ไบต์นำหน้า จากพอร์ต %s ถึงพอร์ต %s"),
                              from, to)
            : g_strdup_printf(lang_text("The checksum is right; port %s names who reads it.",
                                        "เช็กซัมถูกต้อง พอร์ต %s บอกว่าใครเป็นผู้อ่าน"),
                              to));
}

/* ---- application layer ---- */

static void
tell_application(const struct hop_scene *s, enum hop_way way)
{
  static const char *const below[] = {"TCP", "UDP", "ARP", "IPv4", "IPv6", "Ethernet"};
  struct decode *d = way == HOP_IN ? s->in : s->out;
  for (size_t i = 0; i < G_N_ELEMENTS(below); i++)
    if (!d->summary.protocol || strcmp(d->summary.protocol, below[i]) == 0)
      return;
  hops_add_step(s->hop, HOP_APPLICATION, way,
                way == HOP_OUT
                    ? g_strdup_printf(lang_text("%1$s hands down: %2$s", "%1$s ส่งลงมา: %2$s"),
                                      d->summary.protocol, d->summary.info)
                    : g_strdup_printf(lang_text("%1$s reads: %2$s", "%1$s อ่าน: %2$s"),
                                      d->summary.protocol, d->summary.info));
}

/* ---- a device ---- */

void
hops_tell(const struct hop_scene *s)
{
  bool is_switch = kind_of(s) == HOST_SWITCH;
  if (s->in) {
    tell_link_in(s);
    if (!is_switch)
      tell_network_in(s);
    if (!is_switch && !s->out && s->fate == HOP_DELIVERED && is_ip(s->in)) {
      tell_transport(s, HOP_IN);
      tell_application(s, HOP_IN);
    }
  }
  if (!s->out)
    return;
  if (!s->in) {
    tell_application(s, HOP_OUT);
    tell_transport(s, HOP_OUT);
  }
  if (s->in && !is_switch)
    tell_translation(s);
  if (!is_switch)
    tell_network_out(s);
  tell_link_out(s);
}
