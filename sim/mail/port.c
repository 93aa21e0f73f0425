/* SPDX-License-Identifier: GPL-3.0-or-later */
/* port.c -- one mail machine on one simulated connection.
 *
 *     conn ─received─> input ─> machine ─> out ─conn_send─> conn      what does not fit waits for
 * `writable` world ─timer──> timeout ─>   │ └ wants_close and out empty ─> conn_close
 *
 * Something that happens on one connection may make another machine speak (IMAP IDLE, a layer):
 * those that have a flush op are pumped after each event, all by ports_pump(). A port dies in an
 * event of its own, never inside a callback. */
#include "sim/mail/port.h"

#include "capture/wire/lang.h"
#include "sim/mail/machine.h"

struct listener {
  struct ports *ports;
  uint32_t host;
  uint16_t port;
  port_make make; /* NULL: open for `next` only */
  void *data;
  port_make next; /* who gets the next connection alone, or NULL */
  void *next_data;
};

struct port {
  struct ports *ports;
  struct endpoint *endpoint;
  struct conn *conn; /* NULL when it is gone */
  uint32_t host;
  uint64_t age; /* which one it was */
  char *subject;
  uint64_t timer;
  int64_t timer_ns;
  guint n_sent; /* octets at the head of the machine's `out` that are sent already */
  bool is_accepted;
  bool is_started, is_paused, is_closed, is_peer_closed, is_dead;
  bool is_pumping, pumps_again; /* the connection may call back from inside conn_send() */
  void (*over)(void *data);
  void *over_data;
};

struct ports {
  struct net *net;
  struct world *world;
  GPtrArray *open;     /* struct port*, by age */
  GPtrArray *flushing; /* those of them whose machine may speak without being asked, by age */
  uint64_t n_made;
  GPtrArray *listeners; /* struct listener* */
  uint64_t reaper;
  const char *trouble; /* while a machine is told that its connection broke */
};

static void pump_after(struct port *p);

/* ---- events of the machine ---- */

static void
port_event(void *data, const char *key, const char *value)
{
  struct port *p = data;
  world_emit(p->ports->world, p->host, p->subject, key, "%s", value);
}

static void
name_subject(struct port *p)
{
  struct ip_addr local, remote;
  uint16_t local_port, remote_port;
  char local_text[ENDPOINT_TEXT_MAX], remote_text[ENDPOINT_TEXT_MAX];
  conn_ends(p->conn, &local, &local_port, &remote, &remote_port);
  g_free(p->subject);
  p->subject = g_strdup_printf("%s %s %s", p->endpoint->ops->protocol,
                               endpoint_format(&local, local_port, local_text),
                               endpoint_format(&remote, remote_port, remote_text));
}

/* ---- life ---- */

static void
port_free(void *data)
{
  struct port *p = data;
  if (p->timer)
    world_cancel(p->ports->world, p->timer);
  p->endpoint->ops->free(p->endpoint);
  g_free(p->subject);
  g_free(p);
}

static void
reap(void *data)
{
  struct ports *ports = data;
  ports->reaper = 0;
  for (guint i = ports->open->len; i > 0; i--) {
    const struct port *p = ports->open->pdata[i - 1];
    if (!p->is_dead)
      continue;
    g_ptr_array_remove(ports->flushing, (struct port *)p);
    g_ptr_array_remove_index(ports->open, i - 1);
  }
}

static void
die(struct port *p)
{
  if (p->is_dead)
    return;
  p->is_dead = true;
  p->conn = NULL;
  if (p->timer)
    world_cancel(p->ports->world, p->timer);
  p->timer = 0;
  if (!p->ports->reaper)
    p->ports->reaper =
        world_at(p->ports->world, world_now(p->ports->world), WORLD_APP, p->host, reap, p->ports);
  if (p->over)
    p->over(p->over_data);
}

/* ---- pumping ---- */

static void
timer_fired(void *data)
{
  struct port *p = data;
  p->timer = 0;
  p->endpoint->deadline_ns = ENDPOINT_NEVER;
  p->endpoint->ops->timeout(p->endpoint, world_now(p->ports->world));
  pump_after(p);
}

static void
set_timer(struct port *p)
{
  int64_t deadline_ns = p->endpoint->deadline_ns;
  if (p->timer && p->timer_ns == deadline_ns)
    return;
  if (p->timer)
    world_cancel(p->ports->world, p->timer);
  p->timer = 0;
  p->timer_ns = deadline_ns;
  if (deadline_ns != ENDPOINT_NEVER && !p->is_closed)
    p->timer = world_at(p->ports->world, deadline_ns, WORLD_TIMER, p->host, timer_fired, p);
}

/* Octets that wait for room in the connection. */
static guint
unsent(const struct port *p)
{
  return p->endpoint->out->len - p->n_sent;
}

/* What was sent goes from the buffer when it is at least half of it: a large message that leaves
 * piece by piece would else be moved once for every piece. */
static void
drop_sent(struct port *p, guint taken)
{
  GByteArray *out = p->endpoint->out;
  p->n_sent += taken;
  if (p->n_sent < out->len - p->n_sent)
    return;
  g_byte_array_remove_range(out, 0, p->n_sent);
  p->n_sent = 0;
}

/* One round; the calls into the connection may call back. */
static void
pump_once(struct port *p)
{
  if (p->endpoint->ops->flush)
    p->endpoint->ops->flush(p->endpoint, world_now(p->ports->world));
  if (unsent(p) > 0 && !p->is_closed) {
    size_t taken = conn_send(p->conn, p->endpoint->out->data + p->n_sent, unsent(p));
    if (taken > 0)
      drop_sent(p, (guint)taken);
  }
  if (p->conn && !p->is_closed && (unsent(p) > MACHINE_OUT_MAX) != p->is_paused) {
    p->is_paused = !p->is_paused;
    conn_pause(p->conn, p->is_paused);
  }
  if (p->conn && p->endpoint->wants_close && unsent(p) == 0 && !p->is_closed) {
    p->is_closed = true;
    conn_close(p->conn);
    if (p->is_peer_closed)
      die(p);
  }
}

static void
pump(struct port *p)
{
  p->pumps_again = p->is_pumping;
  if (p->is_pumping || !p->is_started)
    return;
  p->is_pumping = true;
  do {
    p->pumps_again = false;
    if (p->conn)
      pump_once(p);
  } while (p->pumps_again && p->conn);
  p->is_pumping = false;
  if (p->conn)
    set_timer(p);
}

static void
pump_living(struct port *p)
{
  if (!p->is_dead)
    pump(p);
}

void
ports_shut_down(struct ports *ports)
{
  for (guint i = 0; i < ports->open->len; i++) {
    struct port *p = ports->open->pdata[i];
    if (!p->is_dead && p->is_started && p->endpoint->ops->shut_down)
      p->endpoint->ops->shut_down(p->endpoint, world_now(ports->world));
  }
  ports_pump(ports);
}

void
ports_pump(struct ports *ports)
{
  for (guint i = 0; i < ports->open->len; i++)
    pump_living(ports->open->pdata[i]);
}

/* Something happened at this port: it may have to speak, and so may those that speak without being
 * asked (IMAP IDLE, layers). The older ones come first. */
static void
pump_after(struct port *p)
{
  struct ports *ports = p->ports;
  bool is_pumped = false;
  for (guint i = 0; i < ports->flushing->len; i++) {
    struct port *other = ports->flushing->pdata[i];
    if (!is_pumped && other->age >= p->age) {
      is_pumped = true;
      pump_living(p);
    }
    if (other != p)
      pump_living(other);
  }
  if (!is_pumped)
    pump_living(p);
}

/* By age, since a machine may come to a port later (ports_take). */
static void
keep_flushing(struct port *p)
{
  GPtrArray *flushing = p->ports->flushing;
  guint at = 0;
  g_ptr_array_remove(flushing, p);
  if (!p->endpoint->ops->flush)
    return;
  while (at < flushing->len && ((struct port *)flushing->pdata[at])->age < p->age)
    at++;
  g_ptr_array_insert(flushing, (gint)at, p);
}

/* ---- callbacks of the connection ---- */

static void
start(struct port *p)
{
  if (p->is_started || !p->conn)
    return;
  p->is_started = true;
  p->endpoint->ops->start(p->endpoint, world_now(p->ports->world));
  pump_after(p);
}

static void
port_connected(void *data, struct conn *c)
{
  struct port *p = data;
  name_subject(p);
  start(p);
}

static void
port_received(void *data, struct conn *c, const uint8_t *octets, size_t n)
{
  struct port *p = data;
  start(p);
  p->endpoint->ops->input(p->endpoint, octets, n, world_now(p->ports->world));
  pump_after(p);
}

static void
port_writable(void *data, struct conn *c)
{
  struct port *p = data;
  pump(p);
}

static void
port_ended(void *data, struct conn *c, enum conn_end how)
{
  static const struct lang_pair reasons[] = {
      [CONN_RESET] = {"the connection was reset", "การเชื่อมต่อถูกรีเซ็ต"},
      [CONN_TIMED_OUT] = {"the connection timed out", "การเชื่อมต่อหมดเวลา"},
      [CONN_REFUSED] = {"the connection was refused", "การเชื่อมต่อถูกปฏิเสธ"},
      [CONN_UNREACHABLE] = {"the host cannot be reached", "ไปไม่ถึงเครื่องปลายทาง"},
  };
  struct port *p = data;
  struct ports *ports = p->ports;
  bool is_over = how != CONN_CLOSED_BY_PEER || p->is_closed;
  if (how != CONN_CLOSED_BY_PEER && !p->endpoint->wants_close)
    port_event(p, "log", lang_pick(reasons[how]));
  p->is_peer_closed = true;
  if (is_over)
    p->conn = NULL;
  ports->trouble = how != CONN_CLOSED_BY_PEER ? reasons[how].en : NULL;
  p->endpoint->ops->eof(p->endpoint, world_now(ports->world));
  ports->trouble = NULL;
  if (is_over)
    die(p);
  pump_after(p);
}

const char *
ports_trouble(const struct ports *ports)
{
  return ports->trouble;
}

static const struct conn_ops port_ops = {.connected = port_connected,
                                         .received = port_received,
                                         .writable = port_writable,
                                         .ended = port_ended};

/* ---- opening ---- */

static struct port *
port_new(struct ports *ports, uint32_t host, struct endpoint *e)
{
  struct port *p = g_new0(struct port, 1);
  p->ports = ports;
  p->host = host;
  p->endpoint = e;
  p->age = ports->n_made++;
  p->subject = g_strdup(e->ops->protocol);
  e->event = port_event;
  e->event_data = p;
  g_ptr_array_add(ports->open, p);
  keep_flushing(p);
  return p;
}

/* The greeting leaves in an event of its own: inside `accepted` the connection is still being made.
 */
static void
start_accepted(void *data)
{
  struct port *p = data;
  p->timer = 0;
  start(p);
}

static struct endpoint *
make_machine(struct listener *l, const char *peer)
{
  port_make next = l->next;
  struct endpoint *e = NULL;
  l->next = NULL;
  if (next)
    e = next(l->next_data, peer);
  return !e && l->make ? l->make(l->data, peer) : e;
}

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  struct listener *l = data;
  struct ip_addr local, remote;
  uint16_t local_port, remote_port;
  char peer[ADDR_TEXT_MAX];
  conn_ends(c, &local, &local_port, &remote, &remote_port);
  struct endpoint *e = make_machine(l, ip_addr_format(&remote, peer));
  if (!e) {
    static const struct conn_ops silent = {0};
    *ops = &silent;
    conn_abort(c);
    return;
  }
  struct port *p = port_new(l->ports, l->host, e);
  p->is_accepted = true;
  p->conn = c;
  name_subject(p);
  *ops = &port_ops;
  *conn_data = p;
  p->timer =
      world_at(l->ports->world, world_now(l->ports->world), WORLD_APP, p->host, start_accepted, p);
}

unsigned
ports_n_accepted(const struct ports *ports, uint32_t host)
{
  unsigned n = 0;
  for (guint i = 0; i < ports->open->len; i++) {
    const struct port *p = ports->open->pdata[i];
    n += p->is_accepted && p->host == host && !p->is_dead;
  }
  return n;
}

bool
ports_listen(struct ports *ports, uint32_t host, uint16_t port, port_make make, void *data)
{
  struct listener *l = g_new(struct listener, 1);
  *l = (struct listener){.ports = ports, .host = host, .port = port, .make = make, .data = data};
  g_ptr_array_add(ports->listeners, l);
  if (net_listen(ports->net, host, port, accepted, l))
    return true;
  g_ptr_array_remove(ports->listeners, l);
  return false;
}

bool
ports_intercept(struct ports *ports, uint32_t host, uint16_t port, port_make make, void *data)
{
  struct listener *l = NULL;
  for (guint i = 0; i < ports->listeners->len && !l; i++) {
    struct listener *one = ports->listeners->pdata[i];
    if (one->host == host && one->port == port)
      l = one;
  }
  if (!l) {
    if (!ports_listen(ports, host, port, NULL, NULL))
      return false;
    l = ports->listeners->pdata[ports->listeners->len - 1];
  }
  l->next = make;
  l->next_data = data;
  return true;
}

/* No connection could even be begun: the machine is told in an event of its own. */
static void
end_unconnected(void *data)
{
  struct port *p = data;
  p->timer = 0;
  port_ended(p, NULL, CONN_UNREACHABLE);
}

void
ports_connect(struct ports *ports, uint32_t host, const struct ip_addr *to, uint16_t port,
              struct endpoint *e, void (*over)(void *data), void *data)
{
  struct port *p = port_new(ports, host, e);
  p->over = over;
  p->over_data = data;
  p->conn = net_connect(ports->net, host, to, port, &port_ops, p);
  if (p->conn)
    name_subject(p);
  else
    p->timer = world_at(ports->world, world_now(ports->world), WORLD_APP, host, end_unconnected, p);
}

/* ---- another machine at the same connection ---- */

static bool
is_between(const struct port *p, const struct ip_addr *a, uint16_t a_port, const struct ip_addr *b,
           uint16_t b_port)
{
  struct ip_addr local, remote;
  uint16_t local_port, remote_port;
  conn_ends(p->conn, &local, &local_port, &remote, &remote_port);
  return (local_port == a_port && remote_port == b_port && ip_addr_equal(&local, a) &&
          ip_addr_equal(&remote, b)) ||
         (local_port == b_port && remote_port == a_port && ip_addr_equal(&local, b) &&
          ip_addr_equal(&remote, a));
}

struct endpoint *
ports_take(struct ports *ports, uint32_t host, const struct ip_addr *a, uint16_t a_port,
           const struct ip_addr *b, uint16_t b_port, struct endpoint *e)
{
  for (guint i = 0; i < ports->open->len; i++) {
    struct port *p = ports->open->pdata[i];
    if (p->is_dead || !p->conn || p->is_closed || p->host != host ||
        !is_between(p, a, a_port, b, b_port))
      continue;
    struct endpoint *before = p->endpoint;
    if (before->ops->replace) {
      before = before->ops->replace(before, e);
      name_subject(p);
      if (p->is_started)
        e->ops->start(e, world_now(ports->world));
      return before;
    }
    g_byte_array_prepend(e->out, before->out->data + p->n_sent, unsent(p));
    p->n_sent = 0;
    g_byte_array_set_size(before->out, 0);
    before->event = NULL; /* what it says from now on concerns nobody */
    p->endpoint = e;
    keep_flushing(p);
    e->event = port_event;
    e->event_data = p;
    name_subject(p);
    if (p->is_started) {
      set_timer(p); /* the old machine's deadline is gone */
      e->ops->start(e, world_now(ports->world));
    }
    return before;
  }
  return NULL;
}

struct ports *
ports_new(struct net *n)
{
  struct ports *ports = g_new0(struct ports, 1);
  ports->net = n;
  ports->world = net_world(n);
  ports->open = g_ptr_array_new_with_free_func(port_free);
  ports->flushing = g_ptr_array_new();
  ports->listeners = g_ptr_array_new_with_free_func(g_free);
  return ports;
}

void
ports_free(struct ports *ports)
{
  if (ports->reaper)
    world_cancel(ports->world, ports->reaper);
  g_ptr_array_unref(ports->flushing);
  g_ptr_array_unref(ports->open);
  g_ptr_array_unref(ports->listeners);
  g_free(ports);
}

struct net *
ports_net(const struct ports *ports)
{
  return ports->net;
}

struct world *
ports_world(const struct ports *ports)
{
  return ports->world;
}
