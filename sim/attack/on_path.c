/* SPDX-License-Identifier: GPL-3.0-or-later */
/* on_path.c -- an attacker between client and server: two connections, and what is changed on the
 * way from one to the other.
 *
 *     client ══ near ══ starttls.c ══ far ══ server         near: accepted under the server's
 * address far: opened by the router itself
 *
 * A FIN is passed on as a FIN, anything worse as a reset. What one side cannot take yet waits here,
 * and the other side is not read meanwhile. */
#include "sim/attack/on_path.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/attack/starttls.h"

/* One verb that has begun. */
struct trap {
  struct on_path *owner;
  struct action *action;
  uint32_t host;
  enum starttls_attack attack;
  char *commands, *replies; /* lines end with CRLF */
  GArray *ports;            /* uint16_t */
};

struct relay;

struct leg {
  struct relay *relay;
  struct conn *conn; /* NULL when it is over */
  struct leg *other;
  GByteArray *out; /* waits for room */
  bool is_near, is_connected, is_paused, has_ended /* the peer sends no more */, is_closed;
};

struct relay {
  struct on_path *owner;
  uint32_t host;
  char *subject;
  struct leg near, far;
  struct starttls editor;
};

struct on_path {
  struct net *net;
  struct world *world;
  GPtrArray *traps;  /* struct trap*; owned by the actions */
  GPtrArray *relays; /* struct relay* */
  uint64_t reaper;
};

/* ---- one connection in the middle ---- */

static void
told(void *data, const char *what)
{
  const struct relay *r = data;
  world_emit(r->owner->world, r->host, r->subject, "log", "%s", what);
}

static void
relay_free(void *data)
{
  struct relay *r = data;
  starttls_clear(&r->editor);
  g_byte_array_unref(r->near.out);
  g_byte_array_unref(r->far.out);
  g_free(r->subject);
  g_free(r);
}

/* Relays die in an event of their own, never inside a callback. */
static void
reap(void *data)
{
  struct on_path *all = data;
  all->reaper = 0;
  for (guint i = all->relays->len; i > 0; i--) {
    const struct relay *r = all->relays->pdata[i - 1];
    if (!r->near.conn && !r->far.conn)
      g_ptr_array_remove_index(all->relays, i - 1);
  }
}

static void
gone(struct leg *leg)
{
  struct on_path *all = leg->relay->owner;
  leg->conn = NULL;
  if (!leg->other->conn && !all->reaper)
    all->reaper =
        world_at(all->world, world_now(all->world), WORLD_APP, leg->relay->host, reap, all);
}

static void
pump(struct leg *leg)
{
  if (!leg->conn || !leg->is_connected || leg->is_closed)
    return;
  size_t taken = leg->out->len ? conn_send(leg->conn, leg->out->data, leg->out->len) : 0;
  if (taken > 0)
    g_byte_array_remove_range(leg->out, 0, (guint)taken);
  bool is_full = leg->out->len > ON_PATH_HELD_MAX;
  if (leg->other->conn && !leg->other->is_closed && leg->other->is_paused != is_full) {
    leg->other->is_paused = is_full;
    conn_pause(leg->other->conn, is_full);
  }
  if (leg->other->has_ended && leg->out->len == 0) {
    leg->is_closed = true;
    conn_close(leg->conn);
    if (leg->has_ended)
      gone(leg);
  }
}

static void
leg_connected(void *data, struct conn *c)
{
  struct leg *leg = data;
  leg->is_connected = true;
  pump(leg);
}

static void
leg_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct leg *leg = data;
  struct relay *r = leg->relay;
  if (leg->is_near)
    starttls_from_client(&r->editor, p, n, r->far.out, r->near.out);
  else
    starttls_from_server(&r->editor, p, n, r->near.out);
  pump(&r->far);
  pump(&r->near);
}

static void
leg_writable(void *data, struct conn *c)
{
  pump(data);
}

static void
leg_ended(void *data, struct conn *c, enum conn_end how)
{
  struct leg *leg = data, *other = leg->other;
  leg->has_ended = true;
  if (how == CONN_CLOSED_BY_PEER) {
    if (leg->is_closed)
      gone(leg);
    pump(other);
    return;
  }
  gone(leg);
  if (other->conn) {
    conn_abort(other->conn);
    gone(other);
  }
}

static const struct conn_ops leg_ops = {.connected = leg_connected,
                                        .received = leg_received,
                                        .writable = leg_writable,
                                        .ended = leg_ended};

static const struct trap *
trap_of(const struct on_path *all, uint32_t host, uint16_t port)
{
  for (guint i = all->traps->len; i > 0; i--) { /* the latest */
    const struct trap *t = all->traps->pdata[i - 1];
    for (guint k = 0; t->host == host && k < t->ports->len; k++) {
      if (g_array_index(t->ports, uint16_t, k) == port)
        return t;
    }
  }
  return NULL;
}

/* In an event of its own: inside `accepted` the connection is still being made. */
static void
refuse(void *data)
{
  struct relay *r = data;
  if (r->near.conn) {
    conn_abort(r->near.conn);
    gone(&r->near);
  }
}

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  struct on_path *all = data;
  struct ip_addr server, client;
  uint16_t port, client_port;
  char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];
  conn_ends(c, &server, &port, &client, &client_port);
  const struct trap *t = trap_of(all, conn_host(c), port);
  struct relay *r = g_new0(struct relay, 1);
  *r = (struct relay){
      .owner = all,
      .host = conn_host(c),
      .subject = g_strdup_printf("on-path %s %s", endpoint_format(&client, client_port, from),
                                 endpoint_format(&server, port, to)),
      .near = {.relay = r, .conn = c, .other = &r->far, .is_near = true, .is_connected = true},
      .far = {.relay = r, .other = &r->near},
      .editor = {.attack = t->attack,
                 .commands = t->commands,
                 .replies = t->replies,
                 .told = told,
                 .data = r}};
  starttls_protocol_of(port, &r->editor.protocol);
  starttls_init(&r->editor);
  r->near.out = g_byte_array_new();
  r->far.out = g_byte_array_new();
  *ops = &leg_ops;
  *conn_data = &r->near;
  if (all->relays->len < ON_PATH_CONNECTIONS_MAX)
    r->far.conn = net_connect(all->net, r->host, &server, port, &leg_ops, &r->far);
  g_ptr_array_add(all->relays, r);
  if (!r->far.conn)
    world_at(all->world, world_now(all->world), WORLD_APP, r->host, refuse, r);
}

/* ---- the verbs ---- */

static void
begin(struct action *action, void *own)
{
  struct trap *t = own;
  struct on_path *all = t->owner;
  bool is_good = true;
  for (guint i = 0; i < t->ports->len; i++) {
    uint16_t port = g_array_index(t->ports, uint16_t, i);
    bool is_set = trap_of(all, t->host, port) != NULL; /* then somebody listens already */
    is_good &= is_set || net_listen(all->net, t->host, port, accepted, all);
    is_good &= net_intercept(all->net, t->host, port);
  }
  g_ptr_array_add(all->traps, t);
  action_finish(action, is_good);
}

static bool
read_port(const struct tree_node *node, GArray *ports, GError **error)
{
  guint64 number;
  enum starttls_protocol protocol;
  uint16_t port;
  if (node->kind != TREE_SCALAR ||
      !g_ascii_string_to_unsigned(node->text, 10, 1, 65535, &number, NULL) ||
      !starttls_protocol_of((uint16_t)number, &protocol))
    return tree_fail(error, node, "%s",
                     lang_text("`ports` are some of 25, 587, 110 and 143, where TLS begins inside",
                               "`ports` ต้องเป็น 25, 587, 110 หรือ 143 ซึ่งเริ่ม TLS ภายในโพรโทคอล"));
  port = (uint16_t)number;
  g_array_append_val(ports, port);
  return true;
}

static bool
read_ports(struct trap *t, const struct tree_node *node, GError **error)
{
  static const uint16_t standard[] = {25, 587, 110, 143};
  const struct tree_node *ports = tree_get(node, "ports");
  if (!ports) {
    g_array_append_vals(t->ports, standard, G_N_ELEMENTS(standard));
    return true;
  }
  if (ports->kind != TREE_LIST)
    return read_port(ports, t->ports, error);
  for (guint i = 0; i < ports->children->len; i++) {
    if (!read_port(ports->children->pdata[i], t->ports, error))
      return false;
  }
  return true;
}

/* Line ends of the scenario become those of the wire. */
static char *
wire_lines(const char *text)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (; *text; text++) {
    if (*text == '\n' && (out->len == 0 || out->str[out->len - 1] != '\r'))
      g_string_append_c(out, '\r');
    g_string_append_c(out, *text);
  }
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append(out, "\r\n");
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
read_trap(struct trap *t, GError **error)
{
  const struct tree_node *node = action_node(t->action);
  const char *commands = NULL, *replies = NULL;
  if (net_host_info(t->owner->net, t->host).kind != HOST_ROUTER)
    return tree_fail(error, action_place(node, "host"), "%s",
                     lang_text("who sits on the path is a router: name one as `host`",
                               "ผู้ที่อยู่บนเส้นทางต้องเป็นเราเตอร์: ระบุเราเตอร์ใน `host`"));
  if (!read_ports(t, node, error) || !tree_text(node, "commands", NULL, &commands, error) ||
      !tree_text(node, "replies", NULL, &replies, error))
    return false;
  t->commands = commands ? wire_lines(commands) : NULL;
  t->replies = replies ? wire_lines(replies) : NULL;
  if (t->attack == STARTTLS_STRIP || commands || replies)
    return true;
  return tree_fail(error, node, "%s",
                   lang_text("say what is slipped in: `commands` or `replies`",
                             "บอกว่าจะแทรกอะไร: `commands` หรือ `replies`"));
}

static void
trap_free(void *own)
{
  struct trap *t = own;
  g_ptr_array_remove(t->owner->traps, t);
  g_array_unref(t->ports);
  g_free(t->commands);
  g_free(t->replies);
  g_free(t);
}

static void *
read_verb(void *owner, struct action *action, enum starttls_attack attack, GError **error)
{
  struct trap *t = g_new0(struct trap, 1);
  *t = (struct trap){.owner = owner,
                     .action = action,
                     .host = action_host(action),
                     .attack = attack,
                     .ports = g_array_new(FALSE, FALSE, sizeof(uint16_t))};
  if (read_trap(t, error))
    return t;
  trap_free(t);
  return NULL;
}

static void *
read_strip(void *owner, struct action *action, GError **error)
{
  return read_verb(owner, action, STARTTLS_STRIP, error);
}

static void *
read_inject(void *owner, struct action *action, GError **error)
{
  return read_verb(owner, action, STARTTLS_INJECT, error);
}

static const char *const strip_keys[] = {"ports", NULL};
static const char *const inject_keys[] = {"ports", "commands", "replies", NULL};

static const struct action_verb verbs[] = {
    {"strip-starttls", strip_keys, read_strip, begin, trap_free},
    {"inject-starttls", inject_keys, read_inject, begin, trap_free},
};

struct action_table
on_path_table(struct on_path *all)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), all};
}

/* ---- life ---- */

struct on_path *
on_path_new(struct net *n)
{
  struct on_path *all = g_new0(struct on_path, 1);
  all->net = n;
  all->world = net_world(n);
  all->traps = g_ptr_array_new();
  all->relays = g_ptr_array_new_with_free_func(relay_free);
  return all;
}

void
on_path_free(struct on_path *all)
{
  if (!all)
    return;
  if (all->reaper)
    world_cancel(all->world, all->reaper);
  g_ptr_array_unref(all->relays);
  g_ptr_array_unref(all->traps);
  g_free(all);
}
