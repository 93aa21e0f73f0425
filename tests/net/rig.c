/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rig.c -- a small laboratory for tests of the network: worlds from text, recorded frames,
 * transfers. */
#include "tests/net/rig.h"

#include <string.h>

static void
take_frame(void *data, const struct world_frame *f)
{
  struct rig *r = data;
  struct rig_frame copy = {*f};
  copy.f.octets = g_memdup2(f->octets, f->n_octets);
  g_array_append_val(r->frames, copy);
}

static void
take_event(void *data, const struct world_event *e)
{
  struct rig *r = data;
  struct rig_event copy = {e->time_ns, e->host, g_strdup(e->subject), g_strdup(e->key),
                           g_strdup(e->value)};
  g_array_append_val(r->events, copy);
}

void
rig_init(struct rig *r, const char *yaml, uint64_t seed)
{
  static const struct world_sink sink = {take_frame, take_event};
  g_autoptr(GError) error = NULL;
  r->frames = g_array_new(FALSE, FALSE, sizeof(struct rig_frame));
  r->events = g_array_new(FALSE, FALSE, sizeof(struct rig_event));
  r->tree = tree_parse(yaml, strlen(yaml), "rig.yaml", &error);
  g_assert_no_error(error);
  r->world = world_new(seed, &sink, r);
  r->net = net_new(r->world, r->tree, &error);
  g_assert_no_error(error);
}

void
rig_clear(struct rig *r)
{
  net_free(r->net);
  world_free(r->world);
  tree_free(r->tree);
  for (unsigned i = 0; i < r->frames->len; i++)
    g_free((uint8_t *)(uintptr_t)rig_frame_at(r, i)->octets);
  for (unsigned i = 0; i < r->events->len; i++) {
    struct rig_event *e = &g_array_index(r->events, struct rig_event, i);
    g_free(e->subject);
    g_free(e->key);
    g_free(e->value);
  }
  g_array_free(r->frames, TRUE);
  g_array_free(r->events, TRUE);
}

uint32_t
rig_host(const struct rig *r, const char *name)
{
  uint32_t host = net_find_host(r->net, name);
  g_assert_cmpuint(host, !=, UINT32_MAX);
  return host;
}

struct ip_addr
rig_addr(const struct rig *r, const char *name)
{
  return net_host_info(r->net, rig_host(r, name)).addr;
}

void
rig_run(struct rig *r, int64_t until_ns)
{
  world_run(r->world, until_ns);
  g_assert_false(world_hit_limit(r->world));
}

const struct world_frame *
rig_frame_at(const struct rig *r, unsigned i)
{
  g_assert_cmpuint(i, <, r->frames->len);
  return &g_array_index(r->frames, struct rig_frame, i).f;
}

const char *
rig_value(const struct rig *r, const char *host, const char *subject, const char *key)
{
  uint32_t index = rig_host(r, host);
  for (unsigned i = r->events->len; i-- > 0;) {
    const struct rig_event *e = &g_array_index(r->events, struct rig_event, i);
    if (e->host == index && g_str_has_prefix(e->subject, subject) && strcmp(e->key, key) == 0)
      return e->value;
  }
  return NULL;
}

/* ---- transfers ---- */

static uint8_t
pattern(uint32_t i)
{
  return (uint8_t)(i * 37 + (i >> 8) + (i >> 16));
}

static void
push(struct rig_transfer *t, struct conn *c)
{
  while (t->n_sent < t->n) {
    uint8_t p[4096];
    uint32_t n = MIN(sizeof p, t->n - t->n_sent);
    for (uint32_t i = 0; i < n; i++)
      p[i] = pattern(t->n_sent + i);
    size_t taken = conn_send(c, p, n);
    t->n_sent += (uint32_t)taken;
    if (taken < n)
      return;
  }
  conn_close(c);
}

static void
client_connected(void *data, struct conn *c)
{
  struct rig_transfer *t = data;
  t->is_connected = true;
  push(t, c);
}

static void
client_writable(void *data, struct conn *c)
{
  push(data, c);
}

static void
client_ended(void *data, struct conn *c, enum conn_end how)
{
  struct rig_transfer *t = data;
  t->client_ended = true;
  t->client_end = how;
}

static void
resume(void *data)
{
  struct rig_transfer *t = data;
  if (!t->server_ended)
    conn_pause(t->server, false);
}

static void
server_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct rig_transfer *t = data;
  for (size_t i = 0; i < n; i++)
    t->is_intact = t->is_intact && p[i] == pattern(t->n_received + (uint32_t)i);
  t->n_received += (uint32_t)n;
  if (t->server_pauses) {
    t->server_pauses = false;
    conn_pause(c, true);
    world_at(t->rig->world, world_now(t->rig->world) + 3000000000, WORLD_APP, conn_host(c), resume,
             t);
  }
}

static void
server_ended(void *data, struct conn *c, enum conn_end how)
{
  struct rig_transfer *t = data;
  t->server_ended = true;
  t->server_end = how;
  if (how == CONN_CLOSED_BY_PEER)
    conn_close(c);
}

static void
server_accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  static const struct conn_ops server_ops = {.received = server_received, .ended = server_ended};
  struct rig_transfer *t = data;
  t->server = c;
  *ops = &server_ops;
  *conn_data = data;
}

void
rig_transfer_to(struct rig *r, struct rig_transfer *t, const char *from, const char *to,
                uint16_t port, const struct ip_addr *addr, uint16_t addr_port, uint32_t n)
{
  static const struct conn_ops client_ops = {
      .connected = client_connected, .writable = client_writable, .ended = client_ended};
  t->rig = r;
  t->n = n;
  t->is_intact = true;
  g_assert_true(net_listen(r->net, rig_host(r, to), port, server_accepted, t));
  net_connect(r->net, rig_host(r, from), addr, addr_port, &client_ops, t);
}

void
rig_transfer(struct rig *r, struct rig_transfer *t, const char *from, const char *to, uint16_t port,
             uint32_t n)
{
  struct ip_addr addr = rig_addr(r, to);
  rig_transfer_to(r, t, from, to, port, &addr, port, n);
}
