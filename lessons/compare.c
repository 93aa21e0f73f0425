/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare.c -- pairs the frames of two runs and lays them out as two columns that both ascend.
 *
 *     each frame ─> a name that does not depend on its place, port or sequence number
 *     names met in both runs ─> pairs ─longest ascending chain─> anchors
 *     between two anchors: what only one run has, by time
 *
 * A pair that is no anchor (a delayed frame was overtaken) stands twice, each time with the other's
 * place. Work is n log n in the number of frames. */
#include "lessons/compare.h"

#include <string.h>

#include "capture/decode/decode.h"
#include "capture/wire/frame.h"

/* ---- names of frames ---- */

struct namer {
  const struct run *run;
  const struct trace *trace;
  GHashTable *services; /* "client server port" -> how many conversations so far */
  GHashTable *seen;     /* name without its count -> how often so far */
  char **flow_names;    /* by flow index; NULL until its first frame */
  GByteArray *octets;
};

static guint
count_up(GHashTable *counts, const char *name)
{
  guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) + 1;
  g_hash_table_insert(counts, g_strdup(name), GUINT_TO_POINTER(n));
  return n;
}

/* The client's port is drawn by lot: the conversation is the n-th of this client with this service.
 */
static const char *
flow_name(struct namer *n, uint32_t flow)
{
  if (n->flow_names[flow])
    return n->flow_names[flow];
  const struct trace_flow *f = trace_flow(n->trace, flow);
  const struct trace_flow_end *client = &f->ends[f->client], *server = &f->ends[!f->client];
  char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
  ip_addr_format(&client->addr, from);
  ip_addr_format(&server->addr, to);
  g_autofree char *service =
      g_strdup_printf("%u %s %s %u %u", f->proto, from, to, server->port, f->interface);
  return n->flow_names[flow] = g_strdup_printf("%s #%u", service, count_up(n->services, service));
}

static void
name_tcp(struct namer *n, uint32_t frame, const struct frame_layers *l, GString *out)
{
  const struct trace_frame r = trace_frame(n->trace, frame);
  const struct trace_flow *f = trace_flow(n->trace, r.flow);
  const struct trace_flow_end *me = &f->ends[r.direction], *peer = &f->ends[!r.direction];
  unsigned mark = l->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST);
  g_string_append_printf(out, "%s %s %u %x", flow_name(n, r.flow),
                         r.direction == f->client ? "c" : "s", l->payload_wire, mark);
  g_string_append_printf(out, " %u", l->tcp.seq - me->isn);
  if (l->payload_wire == 0 && mark == 0)
    g_string_append_printf(out, " ack %u", l->tcp.ack - peer->isn);
}

/* Everything else is what its header says, without identifiers that are drawn by lot. */
static void
name_other(struct namer *n, uint32_t frame, const struct frame_layers *l, GString *out)
{
  const struct trace_frame r = trace_frame(n->trace, frame);
  const uint8_t *p = n->octets->data;
  size_t size = n->octets->len;
  if (r.flow != TRACE_NONE) {
    g_string_append_printf(out, "%s %u %u", flow_name(n, r.flow), r.direction, l->payload_wire);
    return;
  }
  char from[ADDR_TEXT_MAX] = "", to[ADDR_TEXT_MAX] = "";
  if (l->ip_version) {
    ip_addr_format(&l->src, from);
    ip_addr_format(&l->dst, to);
    uint32_t at = l->ip_payload_offset;
    g_string_append_printf(out, "%s %s %u %u %u", from, to, l->ip_proto, l->fragment_offset,
                           at + 1 < size ? p[at] << 8 | p[at + 1] : 0);
    return;
  }
  g_string_append_printf(out, "%04x ", l->ether_type); /* ARP and the like: all of it */
  for (size_t i = l->link_octets; i < size; i++)
    g_string_append_printf(out, "%02x", p[i]);
}

static char *
name_of(struct namer *n, uint32_t frame)
{
  struct frame_layers l;
  g_autoptr(GString) out = g_string_new(NULL);
  const struct trace_frame r = trace_frame(n->trace, frame);
  trace_octets(n->trace, frame, n->octets);
  frame_walk(trace_link(n->trace, frame), n->octets->data, n->octets->len, &l);
  g_string_append_printf(out, "%u ", r.interface);
  if (r.flow != TRACE_NONE && l.ip_proto == IP_PROTO_TCP && l.transport_offset)
    name_tcp(n, frame, &l, out);
  else
    name_other(n, frame, &l, out);
  guint count = count_up(n->seen, out->str);
  g_string_append_printf(out, " *%u", count);
  return g_string_free(g_steal_pointer(&out), false);
}

static GPtrArray *
name_all(const struct run *r)
{
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  struct namer n = {.run = r, .trace = run_trace(r)};
  uint32_t n_flows = trace_n_flows(n.trace);
  n.services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  n.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  n.flow_names = g_new0(char *, n_flows + 1);
  n.octets = g_byte_array_new();
  for (uint32_t i = 0; i < trace_n_frames(n.trace); i++)
    g_ptr_array_add(names, name_of(&n, i));
  for (uint32_t i = 0; i < n_flows; i++)
    g_free(n.flow_names[i]);
  g_free(n.flow_names);
  g_byte_array_unref(n.octets);
  g_hash_table_unref(n.services);
  g_hash_table_unref(n.seen);
  return names;
}

/* ---- pairs and anchors ---- */

/* For each frame of a the frame of b with the same name, or TRACE_NONE. */
static uint32_t *
pair_up(const GPtrArray *a, const GPtrArray *b)
{
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < b->len; i++)
    g_hash_table_insert(places, b->pdata[i], GUINT_TO_POINTER(i + 1));
  uint32_t *pairs = g_new(uint32_t, a->len + 1);
  for (guint i = 0; i < a->len; i++) {
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(places, a->pdata[i]));
    pairs[i] = place ? place - 1 : TRACE_NONE;
  }
  return pairs;
}

/* Marks the longest chain of pairs that ascends on both sides. */
static bool *
find_anchors(const uint32_t *pairs, uint32_t n)
{
  bool *anchors = g_new0(bool, n + 1);
  g_autofree uint32_t *ends = g_new(uint32_t, n + 1);   /* by length: the chain that ends lowest */
  g_autofree uint32_t *before = g_new(uint32_t, n + 1); /* in its chain */
  uint32_t length = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (pairs[i] == TRACE_NONE)
      continue;
    uint32_t low = 0, high = length;
    while (low < high) {
      uint32_t middle = low + (high - low) / 2;
      if (pairs[ends[middle]] < pairs[i])
        low = middle + 1;
      else
        high = middle;
    }
    before[i] = low > 0 ? ends[low - 1] : TRACE_NONE;
    ends[low] = i;
    length = MAX(length, low + 1);
  }
  for (uint32_t i = length > 0 ? ends[length - 1] : TRACE_NONE; i != TRACE_NONE; i = before[i])
    anchors[i] = true;
  return anchors;
}

/* ---- rows ---- */

static int64_t
time_of(const struct run *r, uint32_t frame)
{
  return trace_frame(run_trace(r), frame).time_ns - TRACE_SIM_EPOCH_NS;
}

static enum compare_kind
kind_of(const struct compare *c, uint32_t a, uint32_t b)
{
  g_autoptr(GByteArray) x = g_byte_array_new(), y = g_byte_array_new();
  trace_octets(run_trace(c->a), a, x);
  trace_octets(run_trace(c->b), b, y);
  if (x->len != y->len || memcmp(x->data, y->data, x->len) != 0 ||
      run_is_lost(c->a, a) != run_is_lost(c->b, b))
    return COMPARE_CHANGED;
  return time_of(c->a, a) == time_of(c->b, b) ? COMPARE_SAME : COMPARE_MOVED;
}

static void
add_row(struct compare *c, enum compare_kind kind, uint32_t a, uint32_t b, uint32_t elsewhere)
{
  int64_t time_ns = a != TRACE_NONE ? time_of(c->a, a) : time_of(c->b, b);
  struct compare_row row = {kind, a, b, elsewhere, time_ns};
  g_array_append_val(c->rows, row);
}

/* What lies between two anchors, by time. */
static void
add_between(struct compare *c, uint32_t *i, uint32_t end_a, uint32_t *j, uint32_t end_b,
            const uint32_t *pairs, const uint32_t *back)
{
  while (*i < end_a || *j < end_b) {
    if (*j == end_b || (*i < end_a && time_of(c->a, *i) <= time_of(c->b, *j))) {
      add_row(c, COMPARE_ONLY_A, *i, TRACE_NONE, pairs[*i]);
      ++*i;
    } else {
      add_row(c, COMPARE_ONLY_B, TRACE_NONE, *j, back[*j]);
      ++*j;
    }
  }
}

static void
lay_out(struct compare *c, const uint32_t *pairs, const uint32_t *back)
{
  uint32_t n_a = trace_n_frames(run_trace(c->a)), n_b = trace_n_frames(run_trace(c->b));
  g_autofree bool *anchors = find_anchors(pairs, n_a);
  uint32_t i = 0, j = 0;
  for (uint32_t k = 0; k < n_a; k++) {
    if (!anchors[k])
      continue;
    add_between(c, &i, k, &j, pairs[k], pairs, back);
    add_row(c, kind_of(c, k, pairs[k]), k, pairs[k], TRACE_NONE);
    i = k + 1;
    j = pairs[k] + 1;
  }
  add_between(c, &i, n_a, &j, n_b, pairs, back);
}

static size_t
first_other_event(const struct run *a, const struct run *b)
{
  size_t n_a, n_b, i = 0;
  const struct run_event *x = run_events(a, &n_a), *y = run_events(b, &n_b);
  while (i < n_a && i < n_b && x[i].time_ns == y[i].time_ns && x[i].host == y[i].host &&
         strcmp(x[i].subject, y[i].subject) == 0 && strcmp(x[i].key, y[i].key) == 0 &&
         strcmp(x[i].value, y[i].value) == 0)
    i++;
  return i < n_a || i < n_b ? i : SIZE_MAX;
}

struct compare *
compare_new(const struct run *a, const struct run *b)
{
  struct compare *c = g_new0(struct compare, 1);
  c->a = a;
  c->b = b;
  c->rows = g_array_new(false, false, sizeof(struct compare_row));
  g_autoptr(GPtrArray) x = name_all(a), y = name_all(b);
  g_autofree uint32_t *pairs = pair_up(x, y), *back = pair_up(y, x);
  lay_out(c, pairs, back);
  while (c->first < c->rows->len &&
         g_array_index(c->rows, struct compare_row, c->first).kind == COMPARE_SAME)
    c->first++;
  c->first_event = first_other_event(a, b);
  return c;
}

void
compare_free(struct compare *c)
{
  if (!c)
    return;
  g_array_free(c->rows, true);
  g_free(c);
}

/* ---- why ---- */

/* Fields that follow from others, and numbers that are drawn by lot or depend on when it is: they
 * would hide what is different. */
static bool
is_telling(const struct field *f)
{
  static const char *const silent[] = {"ip.id",  "tcp.seq_raw", "tcp.ack_raw",
                                       "dns.id", "icmp.ident",  NULL};
  return f->def->type != FIELD_PROTOCOL && f->def->type != FIELD_NONE &&
         !(f->flags & FIELD_FLAG_HIDDEN) && !g_str_has_prefix(f->def->key, "frame.") &&
         !strstr(f->def->key, "checksum") && !strstr(f->def->key, "timestamp") &&
         !g_strv_contains(silent, f->def->key);
}

static unsigned
next_telling(const struct decode *d, unsigned i)
{
  while (i < decode_n_fields(d) && !is_telling(decode_field(d, i)))
    i++;
  return i;
}

/* "tcp.ack: 1585 > 125" of the first field that differs; NULL when none does. */
static char *
explain_fields(const struct compare *c, uint32_t a, uint32_t b)
{
  struct decode *x = decode_new(run_trace(c->a)), *y = decode_new(run_trace(c->b));
  char *text = NULL;
  decode_set_reveal(x, true);
  decode_set_reveal(y, true);
  decode_frame(x, a);
  decode_frame(y, b);
  unsigned i = next_telling(x, 0), j = next_telling(y, 0);
  for (; !text && i < decode_n_fields(x) && j < decode_n_fields(y);
       i = next_telling(x, i + 1), j = next_telling(y, j + 1)) {
    const struct field *f = decode_field(x, i), *g = decode_field(y, j);
    const char *value = decode_value(x, f), *other = decode_value(y, g);
    if (f->def != g->def)
      text = g_strdup_printf("%s: %s > %s: %s", f->def->key, value, g->def->key, other);
    else if (g_strcmp0(value, other) != 0)
      text = g_strdup_printf("%s: %s > %s", f->def->key, value, other);
  }
  decode_free(x);
  decode_free(y);
  return text;
}

static char *
seconds(int64_t ns)
{
  int64_t size = ns < 0 ? -ns : ns;
  return g_strdup_printf("%" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT, size / 1000000000,
                         size % 1000000000);
}

char *
compare_explain(const struct compare *c, guint row)
{
  const struct compare_row *r = &g_array_index(c->rows, struct compare_row, row);
  if (r->kind == COMPARE_SAME)
    return g_strdup("");
  if (r->kind == COMPARE_ONLY_A || r->kind == COMPARE_ONLY_B) {
    bool in_a = r->kind == COMPARE_ONLY_A;
    if (r->elsewhere != TRACE_NONE)
      return g_strdup_printf(in_a ? lang_text("in the second run as frame %u, in another order",
                                              "ในครั้งที่สองเป็นเฟรม %u ซึ่งลำดับต่างไป")
                                  : lang_text("in the first run as frame %u, in another order",
                                              "ในครั้งแรกเป็นเฟรม %u ซึ่งลำดับต่างไป"),
                             r->elsewhere + 1);
    return g_strdup(in_a ? lang_text("only in the first run", "มีเฉพาะในครั้งแรก")
                         : lang_text("only in the second run", "มีเฉพาะในครั้งที่สอง"));
  }
  bool lost_a = run_is_lost(c->a, r->a), lost_b = run_is_lost(c->b, r->b);
  if (lost_a != lost_b)
    return g_strdup(
        lost_a ? lang_text("lost on its way in the first run only", "หายระหว่างทางเฉพาะในครั้งแรก")
               : lang_text("lost on its way in the second run only", "หายระหว่างทางเฉพาะในครั้งที่สอง"));
  char *fields = r->kind == COMPARE_CHANGED ? explain_fields(c, r->a, r->b) : NULL;
  if (fields)
    return fields;
  int64_t by_ns = time_of(c->b, r->b) - time_of(c->a, r->a);
  if (by_ns == 0)
    return g_strdup(lang_text("only numbers drawn by lot differ", "ต่างกันเฉพาะตัวเลขที่สุ่มได้"));
  g_autofree char *by = seconds(by_ns);
  return g_strdup_printf(by_ns > 0 ? lang_text("%s s later", "ช้าลง %s วินาที")
                                   : lang_text("%s s earlier", "เร็วขึ้น %s วินาที"),
                         by);
}
