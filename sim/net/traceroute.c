/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traceroute.c -- which routers lie on the way: probes whose TTL or hop limit runs out one router
 * further each time, as traceroute(8) does.
 *
 *   TTL 1: probe ─> first router: time exceeded    its address is hop 1
 *   TTL 2: probe ─> second router …                until the destination itself answers:
 *                   an echo reply (method icmp), or port unreachable (method udp: 33434 and up)
 *
 * One probe is under way at a time, so that a student sees cause and effect. Event
 * "traceroute ADDR", key = hop, value "10.0.1.1 rtt_us=812 rtt_us=790 *". */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/ping.h"

enum { PORT_FIRST = 33434, PROBE_OCTETS = 32, SEQ_NONE = 0 };

struct trace {
  struct host *host;
  struct trace_request want;
  uint16_t id;       /* of echo questions, or the UDP port */
  uint16_t seq;      /* of the probe under way; SEQ_NONE: none */
  uint16_t n_probes; /* sent to this hop */
  uint8_t hop;
  bool is_reached, is_done;
  struct ip_addr said; /* who answered for this hop */
  int64_t sent_ns;
  uint64_t timer;
  GString *line; /* of this hop */
};

static void
tell(struct trace *t)
{
  char subject[ADDR_TEXT_MAX + 16], addr[ADDR_TEXT_MAX], key[8];
  g_snprintf(subject, sizeof subject, "traceroute %s", ip_addr_format(&t->want.to, addr));
  g_snprintf(key, sizeof key, "%u", t->hop);
  world_emit(t->host->net->world, t->host->index, subject, key, "%s", t->line->str);
}

static void
finish(struct trace *t)
{
  t->is_done = true;
  t->seq = SEQ_NONE;
  if (!t->want.uses_icmp)
    udp_unbind(t->host, t->id);
  if (t->want.done)
    t->want.done(t->want.data, t->is_reached, t->hop);
}

static void probe(void *data);

/* The answer to the probe under way is in `line`: on to the next. */
static void
next(struct trace *t)
{
  struct world *w = t->host->net->world;
  if (t->timer)
    world_cancel(w, t->timer);
  t->timer = 0;
  t->seq = SEQ_NONE;
  tell(t);
  if (t->n_probes == t->want.n_probes) {
    if (t->is_reached || t->hop == t->want.max_hops) {
      finish(t);
      return;
    }
    t->hop++;
    t->n_probes = 0;
    t->said = (struct ip_addr){0};
    g_string_truncate(t->line, 0);
  }
  world_at(w, world_now(w), WORLD_APP, t->host->index, probe, t);
}

static void
nobody_answered(void *data)
{
  struct trace *t = data;
  t->timer = 0;
  g_string_append(t->line, t->line->len ? " *" : "*");
  next(t);
}

static void
probe(void *data)
{
  struct trace *t = data;
  struct host *h = t->host;
  struct world *w = h->net->world;
  t->n_probes++;
  t->seq = (uint16_t)((t->hop - 1) * t->want.n_probes + t->n_probes);
  t->sent_ns = world_now(w);
  t->timer = world_at(w, t->sent_ns + t->want.wait_ns, WORLD_TIMER, h->index, nobody_answered, t);
  struct ip_sending s = {.dst = t->want.to, .ttl = t->hop};
  uint8_t data_octets[PROBE_OCTETS];
  for (unsigned i = 0; i < PROBE_OCTETS; i++)
    data_octets[i] = (uint8_t)(0x40 + i);
  if (t->want.uses_icmp)
    ping_send(h, &s, t->id, t->seq, PROBE_OCTETS);
  else
    udp_send_with(h, &s, t->id, (uint16_t)(PORT_FIRST + t->seq - 1), data_octets, PROBE_OCTETS);
}

static void
answered(struct trace *t, const struct ip_addr *from, bool is_end, const char *trouble)
{
  int64_t rtt_us = (world_now(t->host->net->world) - t->sent_ns) / 1000;
  char addr[ADDR_TEXT_MAX];
  if (!ip_addr_equal(&t->said, from))
    g_string_append_printf(t->line, "%s%s", t->line->len ? " " : "", ip_addr_format(from, addr));
  t->said = *from;
  g_string_append_printf(t->line, " rtt_us=%" G_GINT64_FORMAT, rtt_us);
  if (trouble)
    g_string_append_printf(t->line, " !%s", trouble);
  t->is_reached = t->is_reached || is_end;
  next(t);
}

static struct trace *
find(struct host *h, bool uses_icmp, uint16_t id, uint16_t seq)
{
  for (unsigned i = 0; h->traces && i < h->traces->len; i++) {
    struct trace *t = h->traces->pdata[i];
    if (!t->is_done && t->want.uses_icmp == uses_icmp && t->id == id && t->seq == seq &&
        seq != SEQ_NONE)
      return t;
  }
  return NULL;
}

/* Time exceeded is what a router says; anything else ends the way (RFC 1393 is not used). */
static void
error_about(struct trace *t, const struct ip_error *e)
{
  if (!t || !ip_addr_equal(&t->want.to, &e->dst))
    return;
  struct ip_addr from = e->from.version ? e->from : e->src;
  bool is_end = e->trouble != IP_HOP_LIMIT;
  bool is_normal = !is_end || e->trouble == IP_NO_PORT;
  answered(t, &from, is_end, is_normal ? NULL : ip_trouble_name(e->trouble));
}

void
traceroute_answer(struct host *h, const struct ip_datagram *d, uint32_t rest)
{
  struct trace *t = find(h, true, (uint16_t)(rest >> 16), (uint16_t)rest);
  if (t)
    answered(t, &d->src, true, NULL);
}

void
traceroute_error(struct host *h, const struct ip_error *e)
{
  if (e->n >= ICMP_OCTETS)
    error_about(find(h, true, get_be16(e->quoted + 4), get_be16(e->quoted + 6)), e);
}

static void
udp_failed_probe(void *data, const struct ip_error *e)
{
  struct trace *t = data;
  uint16_t port = get_be16(e->quoted + 2);
  error_about(find(t->host, false, t->id, (uint16_t)(port - PORT_FIRST + 1)), e);
}

/* Somebody listens there: that is an answer too. */
static void
udp_answered_probe(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p,
                   size_t n)
{
  struct trace *t = data;
  if (t->seq != SEQ_NONE && from_port == PORT_FIRST + t->seq - 1)
    answered(t, from, true, NULL);
}

static void
trace_free(void *data)
{
  struct trace *t = data;
  g_string_free(t->line, TRUE);
  g_free(t);
}

bool
net_traceroute(struct net *n, uint32_t host, const struct trace_request *want)
{
  struct host *h = n->hosts[host];
  struct trace *t = g_new0(struct trace, 1);
  t->host = h;
  t->want = *want;
  t->want.max_hops = want->max_hops ? want->max_hops : 30;
  t->want.n_probes = want->n_probes ? MIN(want->n_probes, 10) : 3;
  t->want.wait_ns = want->wait_ns > 0 ? want->wait_ns : INT64_C(5000000000);
  t->hop = 1;
  t->line = g_string_new(NULL);
  t->id = want->uses_icmp ? (uint16_t)random_next(&h->icmp_ids)
                          : udp_bind(h, 0, udp_answered_probe, udp_failed_probe, t);
  if (!want->uses_icmp && t->id == 0) {
    trace_free(t);
    return false;
  }
  if (!h->traces)
    h->traces = g_ptr_array_new_with_free_func(trace_free);
  g_ptr_array_add(h->traces, t);
  world_at(n->world, world_now(n->world), WORLD_APP, host, probe, t);
  return true;
}

void
traceroute_clear(struct host *h)
{
  if (h->traces)
    g_ptr_array_free(h->traces, TRUE);
}
