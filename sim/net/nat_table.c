/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nat_table.c -- what a NAT box remembers: who inside has which port outside, and with whom it
 * talks.
 *
 *   (proto, address inside, port inside) ── mapping ── (proto, port outside)
 *                                              └ sessions: (address, port) of peers outside, each
 * with its end
 *
 * Endpoint-independent mapping (RFC 4787 REQ-1): one port outside for all peers. Ports are drawn at
 * random among those of the same kind, 600 to 1023 or 1024 to 49151, with the parity of UDP ports
 * kept (REQ-3, REQ-4); above lie the ports of the box's own connections. A mapping lives while one
 * of its sessions does: UDP 5 minutes from the last packet that went out (REQ-5, REQ-6), TCP 2 h 4
 * min while established and 4 min otherwise (RFC 5382 REQ-5), ICMP 60 s (RFC 5508 REQ-2). Ends are
 * seen when somebody asks: no timer keeps a run awake. */
#include <string.h>

#include "sim/net/host.h"

#define SECOND INT64_C(1000000000)
enum {
  NAT_MAPPINGS_MAX = 16384, /* a small box; more than a lesson shows */
  NAT_SESSIONS_MAX = 1024,  /* of one mapping; the oldest gives way */
  PORT_LOW = 600,
  PORT_HIGH = 1024,
  PORT_END = 49152, /* RFC 6335: dynamic ports begin */
  PORT_TRIES = 64,
};

const struct nat_settings nat_defaults = {.filtering = NAT_FILTER_ADDRESS,
                                          .hairpin = true,
                                          .tcp_idle_ns = 7440 * SECOND,
                                          .tcp_transitory_ns = 240 * SECOND,
                                          .udp_ns = 300 * SECOND,
                                          .icmp_ns = 60 * SECOND};

static const char *
proto_name(uint8_t proto)
{
  return proto == IP_PROTO_TCP ? "tcp" : proto == IP_PROTO_UDP ? "udp" : "icmp";
}

static void
tell(const struct nat *n, const struct nat_mapping *m, bool is_there)
{
  struct world *w = n->host->net->world;
  if (!world_wants_events(w))
    return;
  char addr[ADDR_TEXT_MAX], key[ADDR_TEXT_MAX + 16];
  g_snprintf(key, sizeof key, "%s %s:%u", proto_name(m->proto), ip_addr_format(&m->in, addr),
             m->in_port);
  if (is_there)
    world_emit(w, n->host->index, "nat", key, "%s:%u%s", ip_addr_format(&n->addr, addr),
               m->out_port, m->is_static ? " fixed" : "");
  else
    world_emit(w, n->host->index, "nat", key, "%s", "");
}

static void
mapping_free(gpointer data)
{
  struct nat_mapping *m = data;
  g_array_free(m->sessions, TRUE);
  g_free(m);
}

static void
forget(struct nat *n, struct nat_mapping *m)
{
  tell(n, m, false);
  g_hash_table_remove(n->by_in, &m->in_key);
  g_hash_table_remove(n->by_out, &m->out_key);
  g_ptr_array_remove(n->mappings, m);
}

/* The mapping when it lives, else NULL. */
static struct nat_mapping *
living(struct nat *n, struct nat_mapping *m)
{
  if (!m)
    return NULL;
  int64_t now = world_now(n->host->net->world);
  for (unsigned i = m->sessions->len; i-- > 0;)
    if (g_array_index(m->sessions, struct nat_session, i).until_ns <= now)
      g_array_remove_index(m->sessions, i);
  if (m->is_static || m->sessions->len > 0)
    return m;
  forget(n, m);
  return NULL;
}

struct nat_mapping *
nat_find_in(struct nat *n, uint8_t proto, const struct ip_addr *in, uint16_t port)
{
  int64_t key = nat_key(proto, addr_number(in), port);
  return living(n, g_hash_table_lookup(n->by_in, &key));
}

struct nat_mapping *
nat_find_out(struct nat *n, uint8_t proto, uint16_t port)
{
  int64_t key = nat_key(proto, 0, port);
  return living(n, g_hash_table_lookup(n->by_out, &key));
}

static struct nat_mapping *
add(struct nat *n, uint8_t proto, const struct ip_addr *in, uint16_t in_port, uint16_t out_port,
    bool is_static)
{
  struct nat_mapping *m = g_new0(struct nat_mapping, 1);
  *m = (struct nat_mapping){.in_key = nat_key(proto, addr_number(in), in_port),
                            .out_key = nat_key(proto, 0, out_port),
                            .proto = proto,
                            .is_static = is_static,
                            .in_port = in_port,
                            .out_port = out_port,
                            .in = *in,
                            .sessions = g_array_new(FALSE, TRUE, sizeof(struct nat_session))};
  g_hash_table_insert(n->by_in, &m->in_key, m);
  g_hash_table_insert(n->by_out, &m->out_key, m);
  g_ptr_array_add(n->mappings, m);
  tell(n, m, true);
  return m;
}

/* A free port outside, or -1. */
static int
pick_port(struct nat *n, uint8_t proto, uint16_t in_port)
{
  uint32_t first = in_port < PORT_HIGH ? PORT_LOW : PORT_HIGH;
  uint32_t end = in_port < PORT_HIGH ? PORT_HIGH : PORT_END;
  uint32_t step = 1;
  if (proto == IP_PROTO_ICMP) {
    first = 0;
    end = 1 << 16;
  } else if (proto == IP_PROTO_UDP) {
    step = 2;
    first |= in_port & 1u;
  }
  uint32_t n_ports = (end - first + step - 1) / step;
  uint32_t port = 0;
  for (unsigned i = 0; i < PORT_TRIES; i++) {
    port = (uint32_t)random_below(&n->ports, n_ports);
    if (!nat_find_out(n, proto, (uint16_t)(first + port * step)))
      return (int)(first + port * step);
  }
  for (uint32_t i = 0; i < n_ports; i++) {
    uint32_t next = first + (port + i) % n_ports * step;
    if (!nat_find_out(n, proto, (uint16_t)next))
      return (int)next;
  }
  return -1;
}

struct nat_mapping *
nat_add(struct nat *n, uint8_t proto, const struct ip_addr *in, uint16_t port)
{
  if (n->mappings->len >= NAT_MAPPINGS_MAX)
    for (unsigned i = n->mappings->len; i-- > 0;)
      living(n, n->mappings->pdata[i]);
  int out_port = n->mappings->len < NAT_MAPPINGS_MAX ? pick_port(n, proto, port) : -1;
  return out_port < 0 ? NULL : add(n, proto, in, port, (uint16_t)out_port, false);
}

struct nat_session *
nat_session(struct nat_mapping *m, uint32_t remote, uint16_t port, bool make)
{
  for (unsigned i = 0; i < m->sessions->len; i++) {
    struct nat_session *s = &g_array_index(m->sessions, struct nat_session, i);
    if (s->remote == remote && s->port == port)
      return s;
  }
  if (!make)
    return NULL;
  if (m->sessions->len == NAT_SESSIONS_MAX)
    g_array_remove_index(m->sessions, 0);
  struct nat_session s = {.remote = remote, .port = port};
  g_array_append_val(m->sessions, s);
  return &g_array_index(m->sessions, struct nat_session, m->sessions->len - 1);
}

bool
nat_admits(const struct nat *n, const struct nat_mapping *m, uint32_t remote, uint16_t port)
{
  if (m->is_static || n->set.filtering == NAT_FILTER_NONE)
    return true;
  for (unsigned i = 0; i < m->sessions->len; i++) {
    const struct nat_session *s = &g_array_index(m->sessions, struct nat_session, i);
    if (s->remote == remote &&
        (s->port == port || n->set.filtering == NAT_FILTER_ADDRESS || m->proto == IP_PROTO_ICMP))
      return true;
  }
  return false;
}

static int64_t
tcp_life(const struct nat *n, struct nat_session *s, bool is_outbound, uint16_t flags)
{
  bool *spoke = is_outbound ? &s->spoke_out : &s->spoke_in;
  bool *fin = is_outbound ? &s->fin_out : &s->fin_in;
  if (flags & TCP_SYN) /* a new connection on the same ports */
    s->fin_in = s->fin_out = s->rst = false;
  *spoke = *spoke || !(flags & TCP_SYN);
  *fin = *fin || (flags & TCP_FIN);
  s->rst = s->rst || (flags & TCP_RST);
  bool is_established = s->spoke_in && s->spoke_out && !s->rst && !(s->fin_in && s->fin_out);
  return is_established ? n->set.tcp_idle_ns : n->set.tcp_transitory_ns;
}

void
nat_refresh(struct nat *n, struct nat_mapping *m, struct nat_session *s, bool is_outbound,
            uint16_t tcp_flags)
{
  int64_t now = world_now(n->host->net->world);
  if (m->proto == IP_PROTO_TCP)
    s->until_ns = now + tcp_life(n, s, is_outbound, tcp_flags);
  else if (is_outbound || s->until_ns == 0)
    s->until_ns = now + (m->proto == IP_PROTO_UDP ? n->set.udp_ns : n->set.icmp_ns);
}

void
nat_forget_all(struct nat *n)
{
  for (unsigned i = n->mappings->len; i-- > 0;) {
    struct nat_mapping *m = n->mappings->pdata[i];
    if (m->is_static)
      tell(n, m, true);
    else
      forget(n, m);
  }
}

/* ---- life ---- */

void
nat_init(struct host *h, const struct nat_settings *settings)
{
  struct nat *n = g_new0(struct nat, 1);
  n->host = h;
  n->set = *settings;
  n->by_in = g_hash_table_new(g_int64_hash, g_int64_equal);
  n->by_out = g_hash_table_new(g_int64_hash, g_int64_equal);
  n->mappings = g_ptr_array_new_with_free_func(mapping_free);
  n->ports = world_random(h->net->world, h->index, "nat ports");
  const struct iface_addr *own = iface_addr(settings->outside, 4);
  if (own)
    n->addr = own->addr;
  h->nat = n;
}

bool
nat_map(struct host *h, uint8_t proto, uint16_t port, const struct ip_addr *to, uint16_t to_port)
{
  struct nat *n = h->nat;
  if (nat_find_in(n, proto, to, to_port) || nat_find_out(n, proto, port))
    return false;
  add(n, proto, to, to_port, port, true);
  return true;
}

void
nat_clear(struct host *h)
{
  struct nat *n = h->nat;
  if (!n)
    return;
  g_hash_table_destroy(n->by_in);
  g_hash_table_destroy(n->by_out);
  g_ptr_array_free(n->mappings, TRUE);
  g_free(n);
}
