/* SPDX-License-Identifier: GPL-3.0-or-later */
/* statistics.c -- counts a capture.
 *
 *     frame ─> record ─> its flow's conversation, remarks of its analysis
 *        └──> decode ──> the path of its protocols, its outermost addresses
 *
 * A frame without payload of a flow whose like was decoded before has the same path and addresses,
 * so it is not decoded again. */
#include "capture/statistics/statistics.h"

#include <string.h>

#include "capture/decode/decode.h"
#include "capture/wire/tcp.h"

enum {
  ENDPOINTS_MAX = 1 << 20, /* a scan of a /12; more are counted together under no address */
  PATHS_MAX = 1 << 14,
  PATH_MAX_OCTETS = 512,
};

struct statistics {
  const struct trace *trace;
  struct decode *decode;
  uint32_t n_frames, next;
  bool is_quick;
  GArray *conversations; /* struct statistics_conversation, by flow */
  GArray *bare;          /* for each flow: struct path* of its frames without payload, or NULL */
  GHashTable *endpoints; /* struct statistics_endpoint* -> itself, by addr */
  GPtrArray *by_frames;  /* the same, sorted at the end */
  GHashTable *paths;     /* char* -> struct path* */
  GArray *protocols;     /* struct statistics_protocol, made at the end */
  GArray *remarks;
};

/* Frames whose protocols are the same. */
struct path {
  uint64_t n_frames, n_octets;
};

/* ---- remarks ---- */

/* As tshark 4.0 grades them. The first ones stand in the order of the bits of enum trace_analysis.
 */
static const struct statistics_remark remark_rows[] = {
    {"tcp.analysis.retransmission",
     STATISTICS_NOTE,
     {"Retransmission (suspected)", "ส่งซ้ำ (คาดว่า)"}},
    {"tcp.analysis.fast_retransmission",
     STATISTICS_NOTE,
     {"Fast retransmission (suspected)", "ส่งซ้ำแบบเร็ว (คาดว่า)"}},
    {"tcp.analysis.spurious_retransmission",
     STATISTICS_NOTE,
     {"Spurious retransmission (suspected)", "ส่งซ้ำโดยไม่จำเป็น (คาดว่า)"}},
    {"tcp.analysis.out_of_order",
     STATISTICS_WARNING,
     {"Out-of-order segment (suspected)", "เซกเมนต์มาผิดลำดับ (คาดว่า)"}},
    {"tcp.analysis.lost_segment",
     STATISTICS_WARNING,
     {"Previous segment not captured", "เซกเมนต์ก่อนหน้าไม่อยู่ในแคปเจอร์"}},
    {"tcp.analysis.ack_lost_segment",
     STATISTICS_WARNING,
     {"Acknowledges a segment that was not captured", "ตอบรับเซกเมนต์ที่ไม่อยู่ในแคปเจอร์"}},
    {"tcp.analysis.duplicate_ack", STATISTICS_NOTE, {"Duplicate ACK", "ACK ซ้ำ"}},
    {"tcp.analysis.keep_alive", STATISTICS_NOTE, {"Keep-alive", "Keep-alive (ถามว่ายังอยู่หรือไม่)"}},
    {"tcp.analysis.keep_alive_ack",
     STATISTICS_NOTE,
     {"Answer to a keep-alive", "คำตอบของ keep-alive"}},
    {"tcp.analysis.zero_window", STATISTICS_WARNING, {"Zero window", "หน้าต่างเป็นศูนย์"}},
    {"tcp.analysis.window_full",
     STATISTICS_WARNING,
     {"The receiver's window is full", "หน้าต่างของฝั่งรับเต็ม"}},
    {"tcp.analysis.window_update", STATISTICS_CHAT, {"Window update", "แจ้งขนาดหน้าต่างใหม่"}},
    {"tcp.analysis.zero_window_probe",
     STATISTICS_NOTE,
     {"Zero window probe", "ลองส่งขณะหน้าต่างเป็นศูนย์"}},
    {"tcp.analysis.zero_window_probe_ack",
     STATISTICS_NOTE,
     {"Answer to a zero window probe", "คำตอบของการลองส่งขณะหน้าต่างเป็นศูนย์"}},
    {"tcp.analysis.reused_ports",
     STATISTICS_NOTE,
     {"A new connection reuses its port numbers", "การเชื่อมต่อใหม่ใช้หมายเลขพอร์ตเดิม"}},
    {"_ws.malformed", STATISTICS_ERROR, {"Malformed", "ผิดรูปแบบ"}},
    {"tcp.flags.reset == 1",
     STATISTICS_WARNING,
     {"Connection reset (RST)", "ยกเลิกการเชื่อมต่อ (RST)"}},
    {"tcp.flags.syn == 1 && tcp.flags.ack == 0",
     STATISTICS_CHAT,
     {"Connection request (SYN)", "ขอเชื่อมต่อ (SYN)"}},
    {"tcp.flags.syn == 1 && tcp.flags.ack == 1",
     STATISTICS_CHAT,
     {"Connection accepted (SYN+ACK)", "ตอบรับการเชื่อมต่อ (SYN+ACK)"}},
    {"tcp.flags.fin == 1", STATISTICS_CHAT, {"Connection end (FIN)", "จบการเชื่อมต่อ (FIN)"}},
};
enum { REMARK_RESET = 16, REMARK_SYN, REMARK_SYN_ACK, REMARK_FIN, N_REMARKS };
_Static_assert(G_N_ELEMENTS(remark_rows) == N_REMARKS, "a row for each remark");
_Static_assert(ANALYSIS_MALFORMED == 1 << 15, "the rows follow the bits");

static void
remark(struct statistics *s, unsigned i, uint32_t frame)
{
  struct statistics_remark *r = &g_array_index(s->remarks, struct statistics_remark, i);
  if (r->n++ == 0)
    r->first_frame = frame;
}

static void
count_remarks(struct statistics *s, uint32_t index, const struct trace_frame *f)
{
  for (unsigned bits = f->analysis, i = 0; bits; bits >>= 1, i++)
    if (bits & 1)
      remark(s, i, index);
  if (f->flow == TRACE_NONE || trace_flow(s->trace, f->flow)->proto != IP_PROTO_TCP)
    return;
  if (f->tcp_flags & TCP_RST)
    remark(s, REMARK_RESET, index);
  if (f->tcp_flags & TCP_SYN)
    remark(s, f->tcp_flags & TCP_ACK ? REMARK_SYN_ACK : REMARK_SYN, index);
  if (f->tcp_flags & TCP_FIN)
    remark(s, REMARK_FIN, index);
}

/* ---- life ---- */

static guint
endpoint_hash(gconstpointer p)
{
  return ip_addr_hash_value(&((const struct statistics_endpoint *)p)->addr);
}

static gboolean
endpoint_equal(gconstpointer a, gconstpointer b)
{
  const struct statistics_endpoint *x = a, *y = b;
  return ip_addr_equal(&x->addr, &y->addr);
}

static void
protocol_clear(gpointer data)
{
  g_free(((struct statistics_protocol *)data)->path);
}

struct statistics *
statistics_new(const struct trace *trace)
{
  struct statistics *s = g_new0(struct statistics, 1);
  s->trace = trace;
  s->decode = decode_new(trace);
  s->n_frames = trace_n_frames(trace);
  s->conversations = g_array_new(FALSE, TRUE, sizeof(struct statistics_conversation));
  s->bare = g_array_new(FALSE, TRUE, sizeof(struct path *));
  s->endpoints = g_hash_table_new_full(endpoint_hash, endpoint_equal, g_free, NULL);
  s->by_frames = g_ptr_array_new();
  s->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  s->protocols = g_array_new(FALSE, FALSE, sizeof(struct statistics_protocol));
  g_array_set_clear_func(s->protocols, protocol_clear);
  s->remarks = g_array_new(FALSE, FALSE, sizeof(struct statistics_remark));
  g_array_append_vals(s->remarks, remark_rows, N_REMARKS);
  for (unsigned i = 0; i < N_REMARKS; i++)
    g_array_index(s->remarks, struct statistics_remark, i).first_frame = TRACE_NONE;
  return s;
}

void
statistics_set_quick(struct statistics *s)
{
  s->is_quick = true;
}

void
statistics_free(struct statistics *s)
{
  if (!s)
    return;
  decode_free(s->decode);
  g_array_unref(s->conversations);
  g_array_unref(s->bare);
  g_hash_table_unref(s->endpoints);
  g_ptr_array_unref(s->by_frames);
  g_hash_table_unref(s->paths);
  g_array_unref(s->protocols);
  g_array_unref(s->remarks);
  g_free(s);
}

/* ---- counting ---- */

static struct statistics_endpoint *
get_endpoint(struct statistics *s, const struct ip_addr *addr)
{
  struct statistics_endpoint key = {.addr = *addr};
  struct statistics_endpoint *e = g_hash_table_lookup(s->endpoints, &key);
  if (e)
    return e;
  if (g_hash_table_size(s->endpoints) >= ENDPOINTS_MAX) {
    key.addr = (struct ip_addr){0};
    e = g_hash_table_lookup(s->endpoints, &key);
    if (e)
      return e;
  }
  e = g_memdup2(&key, sizeof key);
  g_hash_table_add(s->endpoints, e);
  g_ptr_array_add(s->by_frames, e);
  return e;
}

static void
count_ends(struct statistics *s, const struct ip_addr *from, const struct ip_addr *to,
           uint32_t n_octets)
{
  struct statistics_endpoint *sender = get_endpoint(s, from);
  sender->n_frames_sent++;
  sender->n_octets_sent += n_octets;
  struct statistics_endpoint *receiver = get_endpoint(s, to);
  receiver->n_frames_received++;
  receiver->n_octets_received += n_octets;
}

/* The outermost addresses of the frame that was decoded; false when there are none. */
static bool
decoded_ends(struct statistics *s, struct ip_addr *from, struct ip_addr *to)
{
  for (int v6 = 0; v6 < 2; v6++) {
    const struct field *src = decode_find(s->decode, v6 ? "ipv6.src" : "ip.src", 0);
    const struct field *dst = decode_find(s->decode, v6 ? "ipv6.dst" : "ip.dst", 0);
    if (src && dst)
      return ip_addr_parse(decode_value(s->decode, src), from) &&
             ip_addr_parse(decode_value(s->decode, dst), to);
  }
  return false;
}

/* What Wireshark lists as a layer but counts as no protocol of its own. */
static bool
is_passed_over(const char *name, size_t n)
{
  return n == strlen("ethertype") && memcmp(name, "ethertype", n) == 0;
}

static struct path *
decoded_path(struct statistics *s)
{
  char text[PATH_MAX_OCTETS];
  size_t n_text = 0;
  const struct field *f = decode_find(s->decode, "frame.protocols", 0);
  const char *p = f ? decode_value(s->decode, f) : "";
  while (*p) {
    size_t n = strcspn(p, ":");
    if (!is_passed_over(p, n) && n_text + n + 2 < sizeof text) {
      if (n_text)
        text[n_text++] = ':';
      memcpy(text + n_text, p, n);
      n_text += n;
    }
    p += n + (p[n] == ':');
  }
  text[n_text] = 0;
  struct path *path = g_hash_table_lookup(s->paths, text);
  if (!path && g_hash_table_size(s->paths) < PATHS_MAX) {
    path = g_new0(struct path, 1);
    g_hash_table_insert(s->paths, g_strdup(text), path);
  }
  return path;
}

static void
count_conversation(struct statistics *s, const struct trace_frame *f)
{
  if (f->flow >= s->conversations->len) {
    g_array_set_size(s->conversations, f->flow + 1);
    g_array_set_size(s->bare, f->flow + 1);
  }
  struct statistics_conversation *c =
      &g_array_index(s->conversations, struct statistics_conversation, f->flow);
  unsigned d = f->direction & 1;
  if (c->n_frames[0] + c->n_frames[1] == 0)
    *c = (struct statistics_conversation){
        .flow = f->flow, .first_ns = f->time_ns, .handshake_ns = -1};
  c->n_frames[d]++;
  c->n_octets[d] += f->wire_octets;
  c->last_ns = MAX(c->last_ns, f->time_ns);
  if (f->analysis &
      (ANALYSIS_RETRANSMISSION | ANALYSIS_FAST_RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION))
    c->n_retransmissions[d]++;
}

static void
count_frame(struct statistics *s, uint32_t index)
{
  const struct trace_frame f = trace_frame(s->trace, index);
  struct ip_addr from, to;
  struct path *path = NULL;
  bool has_ends = false;
  count_remarks(s, index, &f);
  if (f.flow != TRACE_NONE)
    count_conversation(s, &f);
  if (s->is_quick)
    return;
  if (f.flow != TRACE_NONE) {
    const struct trace_flow *flow = trace_flow(s->trace, f.flow);
    from = flow->ends[f.direction & 1].addr;
    to = flow->ends[!(f.direction & 1)].addr;
    has_ends = true;
    bool is_bare = f.payload_octets == 0 && !f.analysis && !(f.flags & TRACE_FRAME_REASSEMBLED) &&
                   flow->proto == IP_PROTO_TCP;
    struct path **bare = &g_array_index(s->bare, struct path *, f.flow);
    if (is_bare)
      path = *bare;
    if (!path) {
      decode_frame(s->decode, index);
      path = decoded_path(s);
      if (is_bare)
        *bare = path;
    }
  } else {
    decode_frame(s->decode, index);
    path = decoded_path(s);
    has_ends = decoded_ends(s, &from, &to);
  }
  if (has_ends)
    count_ends(s, &from, &to, f.wire_octets);
  if (path) {
    path->n_frames++;
    path->n_octets += f.wire_octets;
  }
}

/* ---- the end ---- */

/* The time from a flow's SYN, the last one when it was repeated, to the first ACK behind its
 * SYN+ACK: Wireshark's initial round-trip time. */
static int64_t
handshake_of(const struct trace *t, uint32_t flow)
{
  enum { LOOKED_AT = 16 };
  int64_t syn_ns = -1;
  bool answered = false;
  unsigned opener = 0;
  uint32_t i = trace_flow(t, flow)->first_frame;
  for (unsigned n = 0; n < LOOKED_AT && i != TRACE_NONE; n++) {
    const struct trace_frame f = trace_frame(t, i);
    bool syn = f.tcp_flags & TCP_SYN, ack = f.tcp_flags & TCP_ACK;
    if (syn && !ack && !answered) {
      syn_ns = f.time_ns;
      opener = f.direction;
    } else if (syn && ack && syn_ns >= 0) {
      answered = true;
    } else if (answered && ack && !syn && f.direction == opener) {
      return f.time_ns - syn_ns;
    }
    i = f.next_in_flow;
  }
  return -1;
}

static gint
compare_endpoints(gconstpointer a, gconstpointer b)
{
  const struct statistics_endpoint *x = *(const struct statistics_endpoint *const *)a;
  const struct statistics_endpoint *y = *(const struct statistics_endpoint *const *)b;
  uint64_t nx = x->n_frames_sent + x->n_frames_received;
  uint64_t ny = y->n_frames_sent + y->n_frames_received;
  return nx != ny ? (nx > ny ? -1 : 1) : ip_addr_compare(&x->addr, &y->addr);
}

static gint
compare_protocols(gconstpointer a, gconstpointer b)
{
  return strcmp(((const struct statistics_protocol *)a)->path,
                ((const struct statistics_protocol *)b)->path);
}

static gint
compare_remarks(gconstpointer a, gconstpointer b)
{
  const struct statistics_remark *x = a, *y = b;
  if (x->severity != y->severity)
    return x->severity > y->severity ? -1 : 1;
  return x->n != y->n ? (x->n > y->n ? -1 : 1) : strcmp(x->key, y->key);
}

/* Adds a path's frames to the nodes of all its beginnings. */
static void
add_to_tree(GHashTable *nodes, const char *path, const struct path *of)
{
  for (const char *end = path; *path; end++) {
    if (*end && *end != ':')
      continue;
    g_autofree char *name = g_strndup(path, (gsize)(end - path));
    struct path *node = g_hash_table_lookup(nodes, name);
    if (!node) {
      node = g_new0(struct path, 1);
      g_hash_table_insert(nodes, g_strdup(name), node);
    }
    node->n_frames += of->n_frames;
    node->n_octets += of->n_octets;
    if (!*end)
      return;
  }
}

static void
make_tree(struct statistics *s)
{
  g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->paths);
  while (g_hash_table_iter_next(&iter, &key, &value))
    add_to_tree(nodes, key, value);
  g_hash_table_iter_init(&iter, nodes);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const struct path *node = value;
    struct statistics_protocol p = {
        .path = g_strdup(key), .n_frames = node->n_frames, .n_octets = node->n_octets};
    const char *colon = strrchr(p.path, ':');
    p.name = colon ? colon + 1 : p.path;
    for (const char *c = p.path; *c; c++)
      p.depth += *c == ':';
    g_array_append_val(s->protocols, p);
  }
  g_array_sort(s->protocols, compare_protocols);
}

static void
finish(struct statistics *s)
{
  for (guint i = 0; i < s->conversations->len; i++) {
    struct statistics_conversation *c =
        &g_array_index(s->conversations, struct statistics_conversation, i);
    if (c->n_frames[0] + c->n_frames[1] && trace_flow(s->trace, c->flow)->proto == IP_PROTO_TCP)
      c->handshake_ns = handshake_of(s->trace, c->flow);
  }
  g_ptr_array_sort(s->by_frames, compare_endpoints);
  make_tree(s);
  g_array_sort(s->remarks, compare_remarks);
}

bool
statistics_step(struct statistics *s, uint32_t n_frames_max)
{
  if (s->next == UINT32_MAX)
    return true;
  uint32_t end = s->n_frames - s->next < n_frames_max ? s->n_frames : s->next + n_frames_max;
  while (s->next < end)
    count_frame(s, s->next++);
  if (s->next < s->n_frames)
    return false;
  finish(s);
  s->next = UINT32_MAX;
  return true;
}

double
statistics_fraction(const struct statistics *s)
{
  return s->next == UINT32_MAX || !s->n_frames ? 1 : (double)s->next / s->n_frames;
}

/* ---- reading ---- */

uint32_t
statistics_n_conversations(const struct statistics *s)
{
  return s->conversations->len;
}

const struct statistics_conversation *
statistics_conversation(const struct statistics *s, uint32_t i)
{
  return &g_array_index(s->conversations, struct statistics_conversation, i);
}

uint32_t
statistics_n_endpoints(const struct statistics *s)
{
  return s->by_frames->len;
}

const struct statistics_endpoint *
statistics_endpoint(const struct statistics *s, uint32_t i)
{
  return s->by_frames->pdata[i];
}

uint32_t
statistics_n_protocols(const struct statistics *s)
{
  return s->protocols->len;
}

const struct statistics_protocol *
statistics_protocol(const struct statistics *s, uint32_t i)
{
  return &g_array_index(s->protocols, struct statistics_protocol, i);
}

uint32_t
statistics_n_remarks(const struct statistics *s)
{
  return s->remarks->len;
}

const struct statistics_remark *
statistics_remark(const struct statistics *s, uint32_t i)
{
  return &g_array_index(s->remarks, struct statistics_remark, i);
}

const char *
statistics_severity_name(enum statistics_severity severity)
{
  static const char *const names[] = {"chat", "note", "warning", "error"};
  return names[severity];
}
