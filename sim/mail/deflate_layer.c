/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deflate_layer.c -- DEFLATE around a mail machine, both directions.
 *
 *     PLAIN ──machine wants ENDPOINT_DEFLATE: begin──> DEFLATE ──damaged, ended──> OVER
 *       octets pass as they are                          each answer is one block that ends on an
 *                                                        octet (sync flush), so nothing lags
 *
 * Compressed octets may stand for a thousand times as many, so they are taken in small pieces, and
 * not on and on while the machine's answers wait to be sent: what is left over lies in `held`,
 * which grows only while the binding feeds it, and the binding pauses when `out` is full. So
 * neither a bomb nor a flood of tiny commands in it costs more memory than clear text. RFC 4978,
 * 1951. */
#include "sim/mail/deflate_layer.h"

#include <zlib.h>

#include "capture/wire/lang.h"
#include "sim/mail/machine.h"

enum {
  PIECE_OCTETS = 4096, /* inflated at a time: the machine answers in between */
  WINDOW_BITS = -15,   /* raw DEFLATE, whole window: RFC 4978 4 */
  MEMORY_LEVEL = 8,
};

enum state { STATE_PLAIN, STATE_DEFLATE, STATE_OVER };

struct deflate_layer {
  struct endpoint endpoint;
  struct endpoint_ops ops; /* with the machine's protocol */
  struct endpoint *machine;
  enum state state;
  z_stream in, out;
  GByteArray *held; /* compressed octets that wait */
  bool has_more;    /* the last piece was full: more may come of what was taken already */
  bool has_ended;   /* the peer sends no more; told to the machine behind what is held */
  int64_t now_ns;
};

/* ---- life of the streams ---- */

static void
end_streams(struct deflate_layer *l)
{
  if (l->state != STATE_DEFLATE)
    return;
  machine_emit(&l->endpoint, "log",
               lang_text("DEFLATE: %1$lu octets came as %2$lu, %3$lu were sent as %4$lu",
                         "DEFLATE: %1$lu ออกเตตมาเป็น %2$lu และ %3$lu ส่งไปเป็น %4$lu"),
               l->in.total_out, l->in.total_in, l->out.total_in, l->out.total_out);
  inflateEnd(&l->in);
  deflateEnd(&l->out);
  l->state = STATE_OVER;
}

static void
begin(struct deflate_layer *l)
{
  l->machine->wants = ENDPOINT_AS_IS;
  l->in = (z_stream){0};
  l->out = (z_stream){0};
  int in = inflateInit2(&l->in, WINDOW_BITS);
  int out = deflateInit2(&l->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                         Z_DEFAULT_STRATEGY);
  g_assert(in == Z_OK && out == Z_OK); /* fails on arguments and on memory, as GLib does */
  l->state = STATE_DEFLATE;
  if (l->machine->ops->upgraded)
    l->machine->ops->upgraded(l->machine, ENDPOINT_DEFLATE, NULL, l->now_ns);
}

static void
tell_machine_end(struct deflate_layer *l)
{
  if (!l->machine->wants_close)
    l->machine->ops->eof(l->machine, l->now_ns);
}

static void
fail(struct deflate_layer *l, const char *why)
{
  machine_emit(&l->endpoint, "log", "%s", why);
  g_byte_array_set_size(l->held, 0);
  tell_machine_end(l);
  end_streams(l);
  g_byte_array_set_size(l->machine->out, 0);
  l->endpoint.wants_close = true;
}

/* ---- octets ---- */

/* One piece of what is held to the machine. False when nothing came of it. */
static bool
inflate_piece(struct deflate_layer *l)
{
  uint8_t piece[PIECE_OCTETS];
  l->in.next_in = l->held->data;
  l->in.avail_in = l->held->len;
  l->in.next_out = piece;
  l->in.avail_out = sizeof piece;
  int result = inflate(&l->in, Z_SYNC_FLUSH);
  size_t n = sizeof piece - l->in.avail_out;
  g_byte_array_remove_range(l->held, 0, l->held->len - l->in.avail_in);
  l->has_more = l->in.avail_out == 0;
  if (n > 0 && !l->machine->wants_close)
    l->machine->ops->input(l->machine, piece, n, l->now_ns);
  if (result == Z_STREAM_END)
    fail(l, lang_text("the compressed octets have an end, but the connection goes on",
                      "ข้อมูลที่บีบอัดจบลง แต่การเชื่อมต่อยังดำเนินต่อ"));
  else if (result != Z_OK && result != Z_BUF_ERROR)
    fail(l, lang_text("the compressed octets are damaged", "ข้อมูลที่บีบอัดเสียหาย"));
  return n > 0 && l->state == STATE_DEFLATE;
}

/* What the machine has said, as one block. */
static void
deflate_out(struct deflate_layer *l)
{
  struct endpoint *m = l->machine;
  uint8_t piece[PIECE_OCTETS];
  l->out.next_in = m->out->data;
  l->out.avail_in = m->out->len;
  do {
    l->out.next_out = piece;
    l->out.avail_out = sizeof piece;
    deflate(&l->out, Z_SYNC_FLUSH);
    machine_send(&l->endpoint, piece, sizeof piece - l->out.avail_out);
  } while (l->out.avail_out == 0);
  g_byte_array_set_size(m->out, 0);
}

/* May the machine say more now? What stands before a change of form must leave whole. */
static bool
has_room(const struct deflate_layer *l)
{
  return l->endpoint.out->len <= MACHINE_OUT_MAX || l->machine->wants != ENDPOINT_AS_IS;
}

/* The machine's answers outwards, while there is room. */
static void
move_out(struct deflate_layer *l)
{
  struct endpoint *m = l->machine;
  while (has_room(l) && l->state != STATE_OVER) {
    if (m->ops->flush)
      m->ops->flush(m, l->now_ns);
    if (m->out->len == 0)
      return;
    if (l->state == STATE_DEFLATE) {
      deflate_out(l);
    } else {
      machine_send(&l->endpoint, m->out->data, m->out->len);
      g_byte_array_set_size(m->out, 0);
    }
  }
}

/* Brings both directions as far as there is room. */
static void
settle(struct deflate_layer *l, int64_t now_ns)
{
  struct endpoint *m = l->machine;
  l->now_ns = now_ns;
  move_out(l);
  if (m->wants == ENDPOINT_DEFLATE && l->state == STATE_PLAIN && m->out->len == 0)
    begin(l);
  while (l->state == STATE_DEFLATE && l->held->len > 0 && l->endpoint.out->len <= MACHINE_OUT_MAX &&
         inflate_piece(l))
    move_out(l);
  move_out(l);
  if (l->state == STATE_DEFLATE && l->has_ended && l->held->len == 0 && !l->has_more) {
    tell_machine_end(l);
    move_out(l);
  }
  if (m->wants == ENDPOINT_TLS && m->out->len == 0) /* that is for the layer outside; the machine
                                                        waits for it and takes no command */
    l->endpoint.wants = ENDPOINT_TLS;
  if (l->state != STATE_OVER) {
    l->endpoint.wants_close = m->wants_close && m->out->len == 0;
    l->endpoint.deadline_ns = m->deadline_ns;
  }
  if (l->endpoint.wants_close) {
    end_streams(l);
    l->endpoint.deadline_ns = ENDPOINT_NEVER;
  }
}

/* ---- the endpoint ---- */

static struct deflate_layer *
enter(struct endpoint *e, int64_t now_ns)
{
  struct deflate_layer *l = (struct deflate_layer *)e;
  l->now_ns = now_ns;
  l->machine->security = e->security;
  return l;
}

static void
layer_start(struct endpoint *e, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  l->machine->ops->start(l->machine, now_ns);
  settle(l, now_ns);
}

static void
layer_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  if (l->state == STATE_PLAIN)
    l->machine->ops->input(l->machine, p, n, now_ns);
  else if (l->state == STATE_DEFLATE)
    g_byte_array_append(l->held, p, (guint)n);
  settle(l, now_ns);
}

static void
layer_eof(struct endpoint *e, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  l->has_ended = true;
  if (l->state == STATE_PLAIN)
    tell_machine_end(l);
  settle(l, now_ns);
}

static void
layer_shut_down(struct endpoint *e, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  if (l->state != STATE_OVER && l->machine->ops->shut_down)
    l->machine->ops->shut_down(l->machine, now_ns);
  settle(l, now_ns);
}

static void
layer_timeout(struct endpoint *e, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  l->machine->deadline_ns = ENDPOINT_NEVER;
  if (l->state != STATE_OVER)
    l->machine->ops->timeout(l->machine, now_ns);
  settle(l, now_ns);
}

static void
layer_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct deflate_layer *l = enter(e, now_ns);
  l->machine->wants = ENDPOINT_AS_IS;
  if (l->machine->ops->upgraded)
    l->machine->ops->upgraded(l->machine, what, problem, now_ns);
  settle(l, now_ns);
}

static void
layer_flush(struct endpoint *e, int64_t now_ns)
{
  settle(enter(e, now_ns), now_ns);
}

static void
pass_event(void *data, const char *key, const char *value)
{
  struct deflate_layer *l = data;
  if (l->endpoint.event)
    l->endpoint.event(l->endpoint.event_data, key, value);
}

static void
take_machine(struct deflate_layer *l, struct endpoint *machine)
{
  l->machine = machine;
  l->ops.protocol = machine->ops->protocol;
  machine->event = pass_event;
  machine->event_data = l;
}

static struct endpoint *
layer_replace(struct endpoint *e, struct endpoint *machine)
{
  struct deflate_layer *l = (struct deflate_layer *)e;
  struct endpoint *before = l->machine;
  g_byte_array_prepend(machine->out, before->out->data, before->out->len);
  g_byte_array_set_size(before->out, 0);
  before->event = NULL;
  take_machine(l, machine);
  machine->security = e->security;
  return before;
}

static void
layer_free(struct endpoint *e)
{
  struct deflate_layer *l = (struct deflate_layer *)e;
  if (l->state == STATE_DEFLATE) {
    inflateEnd(&l->in);
    deflateEnd(&l->out);
  }
  l->machine->ops->free(l->machine);
  g_byte_array_unref(l->held);
  machine_clear(e);
  g_free(l);
}

struct endpoint *
deflate_layer_new(struct endpoint *machine)
{
  struct deflate_layer *l = g_new0(struct deflate_layer, 1);
  l->ops = (struct endpoint_ops){.start = layer_start,
                                 .input = layer_input,
                                 .eof = layer_eof,
                                 .timeout = layer_timeout,
                                 .shut_down = layer_shut_down,
                                 .upgraded = layer_upgraded,
                                 .flush = layer_flush,
                                 .replace = layer_replace,
                                 .free = layer_free};
  machine_init(&l->endpoint, &l->ops);
  l->held = g_byte_array_new();
  take_machine(l, machine);
  return &l->endpoint;
}
