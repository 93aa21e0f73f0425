/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace.c -- the append-only store: records, elements, flows, octets.
 *
 *     trace_append ─> arena ─┐
 *     trace_load.c ─> file ──┴─> trace_feed ─> pass 1 ─┬─> record (records.c)
 *                                                      └─> elements (elements.c), datagrams,
 * findings
 *
 * Blocks are allocated when they are needed and never move, so that what a reader holds stays valid
 * while more is appended. Reading: trace_read.c. */
#include "capture/trace/trace.h"

#include <string.h>

#include "capture/trace/trace_store.h"
#include "capture/wire/tls.h"

/* ---- what pass 1 says ---- */

static uint32_t
on_element(void *data, const struct element *element, const uint8_t *octets, size_t n)
{
  struct trace *t = data;
  uint32_t frame = element->last_frame, flow = TRACE_NONE;
  if (frame < records_n(&t->records))
    flow = records_flow(&t->records, frame);
  else if (t->feeding && frame == records_n(&t->records))
    flow = t->feeding->flow;
  return elements_add(&t->elements, element, flow) ? elements_n(&t->elements) - 1 : ELEMENT_NONE;
}

static void
mark_risk(struct trace *t, uint32_t frame)
{
  if (frame < records_n(&t->records))
    records_add_flags(&t->records, frame, TRACE_FRAME_RISK);
  else if (t->feeding && frame == records_n(&t->records))
    t->feeding->flags |= TRACE_FRAME_RISK;
}

static void
on_login(void *data, const struct login *login, const struct finding_place *place)
{
  struct trace *t = data;
  findings_login(t->findings, login, place);
  t->has_news = true;
  for (unsigned i = 0; i < login->n_frames && !login->encrypted; i++)
    mark_risk(t, login->frames[i]);
}

static void
on_notice(void *data, const struct notice *notice, const struct finding_place *place)
{
  struct trace *t = data;
  findings_notice(t->findings, notice, place);
  t->has_news = true;
}

/* Frames that new findings speak of. */
static void
mark_findings(struct trace *t)
{
  t->has_news = false;
  for (; t->n_findings_marked < findings_n(t->findings); t->n_findings_marked++) {
    const struct finding *f = findings_get(t->findings, t->n_findings_marked);
    for (unsigned i = 0; i < f->n_evidence; i++)
      mark_risk(t, f->evidence[i].frame);
  }
}

static void
on_datagram(void *data, uint32_t frame, const struct trace_piece *pieces, unsigned n_pieces)
{
  struct trace *t = data;
  struct trace_datagram_entry entry = {
      .frame = frame, .first_piece = t->datagram_pieces->len, .n_pieces = n_pieces};
  g_array_append_vals(t->datagram_pieces, pieces, n_pieces);
  g_array_append_val(t->datagrams, entry);
}

static void
plain_flow_free(void *data)
{
  struct plain_flow *f = data;
  struct plain_side *all[] = {&f->opened[0], &f->opened[1], &f->inflated[0], &f->inflated[1]};
  for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
    g_clear_pointer(&all[i]->octets, g_byte_array_unref);
    g_clear_pointer(&all[i]->records, g_array_unref);
  }
  g_free(f);
}

static bool
on_plain(void *data, uint32_t flow, const struct app_plain *plain)
{
  struct trace *t = data;
  struct plain_flow *f = g_hash_table_lookup(t->plain, GUINT_TO_POINTER(flow));
  uint64_t price = plain->n_octets + sizeof(struct trace_record);
  if (t->n_plain_octets + price > TRACE_PLAIN_MAX)
    return false;
  if (!f) {
    f = g_new0(struct plain_flow, 1);
    g_hash_table_insert(t->plain, GUINT_TO_POINTER(flow), f);
  }
  struct plain_side *s = plain->is_inflated ? &f->inflated[plain->side] : &f->opened[plain->side];
  if (!s->octets) {
    s->octets = g_byte_array_new();
    s->records = g_array_new(FALSE, FALSE, sizeof(struct trace_record));
  }
  struct trace_record r = {.offset = plain->offset,
                           .at = s->octets->len,
                           .app_at = s->n_app,
                           .n_octets = plain->n_octets,
                           .frame = plain->frame,
                           .type = plain->type};
  g_byte_array_append(s->octets, plain->octets, plain->n_octets);
  g_array_append_val(s->records, r);
  if (plain->type == TLS_APPLICATION_DATA)
    s->n_app += plain->n_octets;
  t->n_plain_octets += price;
  return true;
}

static const struct pass1_sink pass_sink = {.element = on_element,
                                            .login = on_login,
                                            .notice = on_notice,
                                            .plain = on_plain,
                                            .datagram = on_datagram};

/* ---- life ---- */

static void
clear_interface(void *data)
{
  g_free(((struct trace_interface *)data)->name);
}

struct trace *
trace_new(void)
{
  struct trace *t = g_new0(struct trace, 1);
  records_init(&t->records);
  elements_init(&t->elements);
  t->interfaces = g_array_new(FALSE, FALSE, sizeof(struct trace_interface));
  g_array_set_clear_func(t->interfaces, clear_interface);
  t->arena = g_ptr_array_new_with_free_func(g_free);
  t->datagrams = g_array_new(FALSE, FALSE, sizeof(struct trace_datagram_entry));
  t->datagram_pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (int i = 0; i < 2; i++)
    t->streams[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  t->findings = findings_new();
  t->keys = keylog_new();
  t->plain = g_hash_table_new_full(NULL, NULL, NULL, plain_flow_free);
  t->pass = pass1_new(&(struct pass1_options){.keys = t->keys}, &pass_sink, t);
  return t;
}

void
trace_free(struct trace *t)
{
  if (!t)
    return;
  pass1_free(t->pass);
  keylog_free(t->keys);
  g_hash_table_unref(t->plain);
  g_clear_pointer(&t->comments, g_hash_table_unref);
  findings_free(t->findings);
  for (int i = 0; i < 2; i++)
    g_array_unref(t->streams[i]);
  g_array_unref(t->datagram_pieces);
  g_array_unref(t->datagrams);
  reader_free(t->reader);
  g_ptr_array_unref(t->arena);
  g_array_unref(t->interfaces);
  elements_clear(&t->elements);
  records_clear(&t->records);
  g_free(t);
}

/* ---- feeding ---- */

uint16_t
trace_add_interface(struct trace *t, const char *name, enum link_type link)
{
  g_assert(t->interfaces->len < READER_INTERFACES_MAX);
  struct trace_interface i = {.name = g_strdup(name), .link = (uint16_t)link};
  g_array_append_val(t->interfaces, i);
  return (uint16_t)(t->interfaces->len - 1);
}

void
trace_set_separate_interfaces(struct trace *t, bool separate)
{
  pass1_set_by_interface(t->pass, separate);
}

size_t
trace_add_keylog(struct trace *t, const char *text, size_t n)
{
  return keylog_add(t->keys, text, n);
}

/* Notes where a stream number leads, when a flow's first frame came. */
static void
add_stream(struct trace *t, uint32_t flow)
{
  const struct trace_flow *f = trace_flow(t, flow);
  GArray *streams = t->streams[f->proto == IP_PROTO_UDP];
  uint32_t none = TRACE_NONE;
  while (f->stream > streams->len) /* numbers of flows that were only quoted so far */
    g_array_append_val(streams, none);
  if (f->stream == streams->len)
    g_array_append_val(streams, flow);
  else
    g_array_index(streams, uint32_t, f->stream) = flow;
}

uint32_t
trace_feed(struct trace *t, const struct pass1_input *in)
{
  struct trace_frame record; /* pass 1 fills it before it says anything */
  uint32_t first_element = elements_n(&t->elements), index = in->index;
  if (records_n(&t->records) >= TRACE_FRAMES_MAX)
    return TRACE_NONE;
  t->feeding = &record;
  pass1_frame(t->pass, in, &record);
  if (t->has_news)
    mark_findings(t);
  t->feeding = NULL;
  record.element = first_element;
  t->n_elements_in_frames = elements_n(&t->elements);
  records_add(&t->records, &record);
  if ((record.flags & TRACE_FRAME_CUT) && t->damage.n_cut_frames++ == 0)
    t->first_cut_frame = index;
  if (record.prev_in_flow != TRACE_NONE)
    records_set_next(&t->records, record.prev_in_flow, index);
  else if (record.flow != TRACE_NONE)
    add_stream(t, record.flow);
  return index;
}

/* Copies octets into the arena and returns their position. */
static uint64_t
arena_add(struct trace *t, const uint8_t *octets, uint32_t n)
{
  uint64_t block = t->arena_used / STORE_ARENA, at = t->arena_used % STORE_ARENA;
  if (at + n > STORE_ARENA) {
    block++;
    at = 0;
  }
  while (t->arena->len <= block)
    g_ptr_array_add(t->arena, g_malloc(STORE_ARENA));
  if (n)
    memcpy((uint8_t *)g_ptr_array_index(t->arena, block) + at, octets, n);
  t->arena_used = block * STORE_ARENA + at + n;
  return block * STORE_ARENA + at;
}

void
trace_set_simulated(struct trace *t, bool simulated)
{
  findings_set_simulated(t->findings, simulated);
}

uint32_t
trace_append(struct trace *t, uint16_t interface, int64_t time_ns, const uint8_t *octets,
             uint32_t captured, uint32_t wire)
{
  g_assert(!t->is_finished && !t->reader);
  g_assert(interface < t->interfaces->len);
  g_assert(captured <= wire && captured <= READER_FRAME_MAX);
  if (records_n(&t->records) >= TRACE_FRAMES_MAX)
    return TRACE_NONE;
  struct pass1_input in = {.octets = octets,
                           .time_ns = time_ns,
                           .position = arena_add(t, octets, captured),
                           .index = records_n(&t->records),
                           .captured_octets = captured,
                           .wire_octets = wire,
                           .link = trace_interface(t, interface)->link,
                           .interface = interface};
  return trace_feed(t, &in);
}

void
trace_finish(struct trace *t)
{
  if (t->is_finished)
    return;
  t->is_finished = true;
  pass1_finish(t->pass);
  struct reader_drops drops = t->reader ? reader_drops(t->reader) : (struct reader_drops){0};
  findings_set_losses(t->findings, drops.n_interface + drops.n_kernel, t->damage.n_cut_frames,
                      t->first_cut_frame);
  findings_finish(t->findings);
  mark_findings(t);
}
