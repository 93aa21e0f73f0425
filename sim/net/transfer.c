/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer.c -- a TCP connection that carries octets for their own sake: both ends of it.
 *
 *   begin ─> client connects ── connected ─> writes `send` octets, reads `receive`
 *            server accepts ── has all of `send` (or together: at once) ─> writes `receive` octets
 *            ended as `close` says; who is not the one to close follows when the other has
 *
 * The octets are lines of RFC 864's pattern, so that an end knows what it should get; one that is
 * wrong or missing makes the action fail. A listener belongs to all transfers to its port; which
 * one a new connection is for, its client's address tells (behind a NAT: the first that waits). */
#include "sim/net/transfer.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/ip.h"

enum { OCTETS_MAX = 1 << 30, LINE_OCTETS = 74, SEND_OCTETS = 4096 };

enum closing {
  CLOSE_CLIENT,
  CLOSE_SERVER,
  CLOSE_BOTH,
  CLOSE_HALF,
  CLOSE_ABORT,
  CLOSE_SERVER_ABORT,
  CLOSE_NONE,
};
static const char *const closing_names[] = {"client", "server",       "both", "half",
                                            "abort",  "server-abort", "none", NULL};

struct transfer;

struct end {
  struct transfer *transfer;
  struct conn *conn; /* NULL: not yet, or over */
  uint64_t wants_send, wants_receive;
  uint64_t n_sent, n_received;
  uint64_t pause_after; /* stops reading when it has so many octets; UINT64_MAX: never */
  int64_t pause_ns;
  uint64_t timer;
  bool is_server, may_send, is_wrong, is_finished, is_closed, saw_end;
};

struct listener {
  uint32_t host;
  uint16_t port;
};

struct transfer_listeners {
  struct net *net;
  GArray *open;       /* struct listener */
  GPtrArray *waiting; /* struct transfer whose server has not accepted yet */
};

struct transfer {
  struct transfer_listeners *listeners;
  struct action *action;
  char *subject;
  struct traffic_server server;
  int64_t port, local_port;
  bool listens, is_together, has_server, is_done;
  int64_t piece, every_ns, wait_ns;
  int64_t keepalive_idle_ns, keepalive_interval_ns, keepalive_probes;
  enum closing closing;
  struct end client, peer;
};

/* ---- the octets ---- */

static uint8_t
octet_at(uint64_t i)
{
  uint64_t line = i / LINE_OCTETS, column = i % LINE_OCTETS;
  return column < 72 ? (uint8_t)(' ' + (line + column) % 95) : column == 72 ? '\r' : '\n';
}

static struct world *
world_of(const struct transfer *t)
{
  return net_world(t->listeners->net);
}

static void
tell(const struct end *e, const char *key, const char *value)
{
  if (!e->conn)
    return;
  world_emit(world_of(e->transfer), conn_host(e->conn), e->transfer->subject, key, "%s", value);
}

static void
tell_number(const struct end *e, const char *key, uint64_t value)
{
  char text[24];
  g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, value);
  tell(e, key, text);
}

/* ---- the end of it ---- */

static void
finish(struct transfer *t, bool is_good)
{
  if (t->is_done)
    return;
  t->is_done = true;
  g_ptr_array_remove(t->listeners->waiting, t);
  action_finish(t->action, is_good);
}

static bool
is_complete(const struct end *e)
{
  return e->n_sent == e->wants_send && e->n_received == e->wants_receive && !e->is_wrong;
}

static void
close_end(struct end *e)
{
  if (!e->conn || e->is_closed)
    return;
  struct conn *c = e->conn;
  e->is_closed = true;
  if (e->transfer->closing == CLOSE_HALF && !e->saw_end)
    conn_shutdown(c);
  else
    conn_close(c);
}

static void
abort_end(struct end *e)
{
  struct conn *c = e->conn;
  if (!c)
    return;
  tell(e, "end", "aborted");
  e->conn = NULL;
  e->is_closed = true;
  conn_abort(c);
}

/* `wait` is over. */
static void
end_now(void *data)
{
  struct end *e = data;
  struct transfer *t = e->transfer;
  e->timer = 0;
  switch (t->closing) {
  case CLOSE_BOTH: /* the other end's own event would come behind this one's FIN */
    close_end(&t->client);
    close_end(&t->peer);
    break;
  case CLOSE_ABORT:
  case CLOSE_SERVER_ABORT:
    abort_end(e);
    finish(t, is_complete(&t->client));
    break;
  case CLOSE_NONE:
    finish(t, is_complete(&t->client));
    break;
  default:
    close_end(e);
  }
}

/* Whether this is the end that closes (or says that all is done). */
static bool
is_closer(const struct end *e)
{
  enum closing c = e->transfer->closing;
  if (c == CLOSE_HALF)
    return true;
  return e->is_server == (c == CLOSE_SERVER || c == CLOSE_SERVER_ABORT);
}

/* Everything that this end waits for has come, and all has been handed over. */
static void
look_for_end(struct end *e)
{
  struct transfer *t = e->transfer;
  struct world *w = world_of(t);
  bool has_all = e->n_received >= e->wants_receive || t->closing == CLOSE_HALF;
  if (e->is_finished || !e->conn || e->n_sent < e->wants_send || !has_all || !e->may_send)
    return;
  e->is_finished = true;
  tell_number(e, "sent", e->n_sent);
  if (is_closer(e))
    e->timer = world_at(w, world_now(w) + t->wait_ns, WORLD_APP, conn_host(e->conn), end_now, e);
  else if (e->saw_end)
    close_end(e);
}

/* ---- sending ---- */

static void send_on(void *data);

static void
send_some(struct end *e)
{
  struct transfer *t = e->transfer;
  struct world *w = world_of(t);
  bool in_pieces = !e->is_server && t->piece > 0;
  uint64_t until = in_pieces ? MIN(e->n_sent + (uint64_t)t->piece, e->wants_send) : e->wants_send;
  while (e->conn && e->may_send && e->n_sent < until) {
    uint8_t p[SEND_OCTETS];
    size_t n = (size_t)MIN(until - e->n_sent, sizeof p);
    for (size_t i = 0; i < n; i++)
      p[i] = octet_at(e->n_sent + i);
    size_t taken = conn_send(e->conn, p, n);
    e->n_sent += taken;
    if (taken < n)
      return;
  }
  if (in_pieces && e->conn && e->n_sent < e->wants_send && !e->timer)
    e->timer = world_at(w, world_now(w) + t->every_ns, WORLD_APP, conn_host(e->conn), send_on, e);
  look_for_end(e);
}

static void
send_on(void *data)
{
  struct end *e = data;
  e->timer = 0;
  send_some(e);
}

/* ---- reading ---- */

static void
read_on(void *data)
{
  struct end *e = data;
  e->timer = 0;
  if (!e->conn)
    return;
  tell(e, "reading", "yes");
  conn_pause(e->conn, false);
}

static void
stop_reading(struct end *e)
{
  struct world *w = world_of(e->transfer);
  e->pause_after = UINT64_MAX;
  tell(e, "reading", "no");
  conn_pause(e->conn, true);
  e->timer = world_at(w, world_now(w) + e->pause_ns, WORLD_APP, conn_host(e->conn), read_on, e);
}

static void
received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct end *e = data;
  for (size_t i = 0; i < n; i++)
    e->is_wrong = e->is_wrong || p[i] != octet_at(e->n_received + i);
  e->n_received += n;
  tell_number(e, "received", e->n_received);
  if (e->n_received >= e->pause_after)
    stop_reading(e);
  if (e->is_server && e->n_received >= e->wants_receive && !e->may_send &&
      e->transfer->closing != CLOSE_HALF) {
    e->may_send = true;
    send_some(e);
  } else {
    look_for_end(e);
  }
}

/* ---- the connection ---- */

static void
connected(void *data, struct conn *c)
{
  struct end *e = data;
  e->may_send = true;
  send_some(e);
}

static void
writable(void *data, struct conn *c)
{
  send_some(data);
}

static void
ended(void *data, struct conn *c, enum conn_end how)
{
  static const char *const ways[] = {[CONN_CLOSED_BY_PEER] = "closed",
                                     [CONN_RESET] = "reset",
                                     [CONN_TIMED_OUT] = "timed out",
                                     [CONN_REFUSED] = "refused",
                                     [CONN_UNREACHABLE] = "unreachable"};
  struct end *e = data;
  struct transfer *t = e->transfer;
  tell(e, "end", ways[how]);
  e->saw_end = true;
  if (how != CONN_CLOSED_BY_PEER) {
    e->conn = NULL;
    bool was_meant =
        how == CONN_RESET && (t->closing == CLOSE_ABORT || t->closing == CLOSE_SERVER_ABORT);
    finish(t, was_meant && is_complete(e));
    return;
  }
  if (e->is_server && t->closing == CLOSE_HALF) { /* the client has said all: the server's turn */
    e->may_send = true;
    send_some(e);
  } else if (!e->is_closed && !is_closer(e)) {
    close_end(e);
  } else if (!e->is_closed && !e->timer) {
    close_end(e);
  }
  if (!e->is_server)
    finish(t, is_complete(e) && (!t->has_server || t->peer.n_received == t->peer.wants_receive));
  if (e->is_closed)
    e->conn = NULL;
}

static const struct conn_ops end_ops = {
    .connected = connected, .received = received, .writable = writable, .ended = ended};

static struct transfer *
find_waiting(struct transfer_listeners *all, struct conn *c)
{
  struct ip_addr local, remote, other, other_remote;
  uint16_t local_port, remote_port, port, other_port;
  conn_ends(c, &local, &local_port, &remote, &remote_port);
  struct transfer *first = NULL;
  for (unsigned i = 0; i < all->waiting->len; i++) {
    struct transfer *t = all->waiting->pdata[i];
    if (t->port != local_port || !t->client.conn)
      continue;
    conn_ends(t->client.conn, &other, &port, &other_remote, &other_port);
    if (port == remote_port && ip_addr_equal(&other, &remote))
      return t;
    first = first ? first : t;
  }
  return first;
}

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  static const struct conn_ops silent = {0};
  struct transfer_listeners *all = data;
  struct transfer *t = find_waiting(all, c);
  *ops = t ? &end_ops : &silent; /* somebody else's connection: it is taken and left alone */
  if (!t)
    return;
  *conn_data = &t->peer;
  t->peer.conn = c;
  t->has_server = true;
  g_ptr_array_remove(all->waiting, t);
  if (t->is_together || (t->peer.wants_receive == 0 && t->closing != CLOSE_HALF)) {
    struct world *w = world_of(t);
    t->peer.may_send = true;
    /* In an event of its own: the connection is still being made. */
    t->peer.timer = world_at(w, world_now(w), WORLD_APP, conn_host(c), send_on, &t->peer);
  }
}

static void
listen_at(struct transfer *t, const struct ip_addr *addr)
{
  struct transfer_listeners *all = t->listeners;
  struct net *n = all->net;
  for (uint32_t host = 0; host < net_n_hosts(n); host++) {
    bool is_it = false;
    for (uint32_t i = 0; i < net_n_addresses(n, host); i++) {
      struct host_address a = net_address(n, host, i);
      is_it = is_it || ip_addr_equal(&a.addr, addr);
    }
    if (!is_it)
      continue;
    struct listener l = {host, (uint16_t)t->port};
    for (unsigned i = 0; i < all->open->len; i++) {
      const struct listener *o = &g_array_index(all->open, struct listener, i);
      if (o->host == host && o->port == l.port)
        return;
    }
    if (net_listen(n, host, l.port, accepted, all))
      g_array_append_val(all->open, l);
    return;
  }
}

static void
connect_to(struct action *a, const struct ip_addr *addr, void *own)
{
  struct transfer *t = own;
  if (t->listens)
    listen_at(t, addr);
  g_ptr_array_add(t->listeners->waiting, t);
  t->client.conn = net_connect_from(t->listeners->net, action_host(a), (uint16_t)t->local_port,
                                    addr, (uint16_t)t->port, &end_ops, &t->client);
  if (t->keepalive_idle_ns)
    conn_keep_alive(t->client.conn, t->keepalive_idle_ns, t->keepalive_interval_ns,
                    (unsigned)t->keepalive_probes);
}

void
transfer_begin(struct action *a, void *own)
{
  struct transfer *t = own;
  traffic_find_server(a, &t->server, connect_to);
}

/* ---- reading the scenario ---- */

const char *const transfer_keys[] = {"server", "family", "port",      "local_port", "listen",
                                     "send",   "piece",  "every",     "receive",    "together",
                                     "pause",  "wait",   "keepalive", "close",      NULL};

static bool
read_pause(struct transfer *t, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"who", "after", "for", NULL};
  const char *who;
  int64_t after, for_ns;
  t->client.pause_after = t->peer.pause_after = UINT64_MAX;
  if (!node)
    return true;
  if (node->kind != TREE_MAP || !tree_get(node, "for"))
    return tree_fail(error, node, "%s",
                     lang_text("a pause is a map: {who: server, after: 8000, for: 3s}",
                               "การหยุดพักเป็นแมป: {who: server, after: 8000, for: 3s}"));
  if (!tree_known(node, keys, error) || !tree_text(node, "who", "server", &who, error) ||
      !tree_int(node, "after", 1, 1, OCTETS_MAX, &after, error) ||
      !tree_duration(node, "for", 0, &for_ns, error))
    return false;
  if (strcmp(who, "server") != 0 && strcmp(who, "client") != 0)
    return tree_fail(error, tree_get(node, "who"),
                     lang_text("\"who\" is client or server, not \"%s\"",
                               "\"who\" ต้องเป็น client หรือ server ไม่ใช่ \"%s\""),
                     who);
  struct end *e = strcmp(who, "server") == 0 ? &t->peer : &t->client;
  e->pause_after = (uint64_t)after;
  e->pause_ns = for_ns;
  return true;
}

static bool
read_keepalive(struct transfer *t, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"idle", "interval", "probes", NULL};
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node, "%s",
                     lang_text("keepalive is a map: {idle: 5s, interval: 1s, probes: 3}",
                               "keepalive เป็นแมป: {idle: 5s, interval: 1s, probes: 3}"));
  return tree_known(node, keys, error) &&
         tree_duration(node, "idle", INT64_C(7200) * 1000000000, &t->keepalive_idle_ns, error) &&
         tree_duration(node, "interval", INT64_C(75) * 1000000000, &t->keepalive_interval_ns,
                       error) &&
         tree_int(node, "probes", 9, 1, 127, &t->keepalive_probes, error);
}

static bool
read_closing(struct transfer *t, const struct tree_node *node, GError **error)
{
  const char *text;
  if (!tree_text(node, "close", "client", &text, error))
    return false;
  for (unsigned i = 0; closing_names[i]; i++) {
    if (strcmp(closing_names[i], text) == 0) {
      t->closing = (enum closing)i;
      return true;
    }
  }
  g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)closing_names);
  return tree_fail(error, tree_get(node, "close"),
                   lang_text("\"close\" is one of %1$s, not \"%2$s\"",
                             "\"close\" ต้องเป็นอย่างใดอย่างหนึ่งใน %1$s ไม่ใช่ \"%2$s\""),
                   all, text);
}

static bool
read_all(struct transfer *t, const struct tree_node *node, GError **error)
{
  int64_t to_server, to_client;
  if (!traffic_read_server(t->action, &t->server, error) ||
      !tree_int(node, "port", 0, 1, UINT16_MAX, &t->port, error) ||
      !tree_int(node, "local_port", 0, 1, UINT16_MAX, &t->local_port, error) ||
      !tree_bool(node, "listen", true, &t->listens, error) ||
      !tree_int(node, "send", 0, 0, OCTETS_MAX, &to_server, error) ||
      !tree_int(node, "receive", 0, 0, OCTETS_MAX, &to_client, error) ||
      !tree_bool(node, "together", false, &t->is_together, error) ||
      !tree_int(node, "piece", 0, 1, OCTETS_MAX, &t->piece, error) ||
      !tree_duration(node, "every", INT64_C(1000000000), &t->every_ns, error) ||
      !tree_duration(node, "wait", 0, &t->wait_ns, error) ||
      !read_pause(t, tree_get(node, "pause"), error) ||
      !read_keepalive(t, tree_get(node, "keepalive"), error) || !read_closing(t, node, error))
    return false;
  if (t->port == 0)
    return tree_fail(
        error, node, "%s",
        lang_text("a transfer needs a port: add port: 5000", "การถ่ายโอนต้องมีพอร์ต ให้เพิ่ม port: 5000"));
  t->client.wants_send = t->peer.wants_receive = (uint64_t)to_server;
  t->client.wants_receive = t->peer.wants_send = (uint64_t)to_client;
  return true;
}

void *
transfer_read(struct transfer_listeners *l, struct action *a, GError **error)
{
  struct transfer *t = g_new0(struct transfer, 1);
  t->listeners = l;
  t->action = a;
  t->client.transfer = t->peer.transfer = t;
  t->peer.is_server = true;
  t->subject = g_strdup_printf("transfer %s", action_id(a));
  if (read_all(t, action_node(a), error))
    return t;
  transfer_free(t);
  return NULL;
}

void
transfer_free(void *own)
{
  struct transfer *t = own;
  g_free(t->subject);
  g_free(t);
}

struct transfer_listeners *
transfer_listeners_new(struct net *n)
{
  struct transfer_listeners *l = g_new0(struct transfer_listeners, 1);
  l->net = n;
  l->open = g_array_new(FALSE, FALSE, sizeof(struct listener));
  l->waiting = g_ptr_array_new();
  return l;
}

void
transfer_listeners_free(struct transfer_listeners *l)
{
  g_array_free(l->open, TRUE);
  g_ptr_array_free(l->waiting, TRUE);
  g_free(l);
}
