/* SPDX-License-Identifier: GPL-3.0-or-later */
/* small_services.c -- the three services that every host of the early Internet had: echo (RFC 862),
 * discard (RFC 863) and character generator (RFC 864). Traffic for lessons about TCP itself, and a
 * counterpart for real clients.
 *
 *   echo     received ─> waiting ─conn_send─> back; reading stops while more than WAITING_MAX waits
 *   discard  received ─> nothing
 *   chargen  accepted or room again ─> lines of 72 characters until the client closes
 *
 * The side that gets a FIN answers with its own when it has sent what it owes. Echo also answers
 * datagrams. Not here: the one-datagram form of chargen, known for amplifying attacks. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"

enum {
  PORT_ECHO = 7,
  PORT_DISCARD = 9,
  PORT_CHARGEN = 19,
  WAITING_MAX = 65536,  /* octets that echo keeps for a client that does not read */
  LINE_CHARACTERS = 72, /* RFC 864's pattern */
  FIRST_CHARACTER = ' ',
  N_CHARACTERS = 95, /* printable ASCII */
  CHUNK_LINES = 16,
};

struct session {
  struct host *host;
  GByteArray *waiting; /* echo: not yet taken by the connection */
  uint32_t n_sent_of;  /* of `waiting` */
  unsigned line;       /* chargen: number of the next line, modulo N_CHARACTERS */
  bool is_ending;      /* the peer closed */
};

static void
session_free(gpointer session)
{
  struct session *s = session;
  g_byte_array_unref(s->waiting);
  g_free(s);
}

void
small_services_clear(struct host *h)
{
  if (!h->small_doors)
    return;
  g_hash_table_unref(h->small_sessions);
  g_ptr_array_unref(h->small_doors);
}

/* Both sides have closed, or one has gone: nothing more will be heard of the connection. */
static void
forget(struct session *s)
{
  g_hash_table_remove(s->host->small_sessions, s);
}

static void
close_and_forget(struct session *s, struct conn *c)
{
  conn_close(c);
  forget(s);
}

static void
ended(void *data, struct conn *c, enum conn_end how)
{
  struct session *s = data;
  s->is_ending = true;
  if (how != CONN_CLOSED_BY_PEER)
    forget(s);
  else if (s->waiting->len == 0)
    close_and_forget(s, c);
}

/* ---- echo ---- */

static void
push_on(struct session *s, struct conn *c)
{
  s->n_sent_of +=
      (uint32_t)conn_send(c, s->waiting->data + s->n_sent_of, s->waiting->len - s->n_sent_of);
  if (s->n_sent_of < s->waiting->len) {
    conn_pause(c, s->waiting->len - s->n_sent_of > WAITING_MAX);
    return;
  }
  g_byte_array_set_size(s->waiting, 0);
  s->n_sent_of = 0;
  conn_pause(c, false);
}

static void
echo_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct session *s = data;
  g_byte_array_append(s->waiting, p, (guint)n);
  push_on(s, c);
}

static void
echo_writable(void *data, struct conn *c)
{
  struct session *s = data;
  push_on(s, c);
  if (s->is_ending && s->waiting->len == 0)
    close_and_forget(s, c);
}

static void
echo_datagram(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p,
              size_t n)
{
  udp_send(data, PORT_ECHO, from, from_port, p, n);
}

/* ---- discard ---- */

static void
discard_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
}

/* ---- chargen ---- */

static void
generate(void *data, struct conn *c)
{
  struct session *s = data;
  enum { LINE_OCTETS = LINE_CHARACTERS + 2 };
  for (;;) {
    if (s->waiting->len == 0) {
      uint8_t lines[CHUNK_LINES * LINE_OCTETS], *q = lines;
      for (unsigned i = 0; i < CHUNK_LINES; i++, s->line = (s->line + 1) % N_CHARACTERS) {
        for (unsigned k = 0; k < LINE_CHARACTERS; k++)
          *q++ = (uint8_t)(FIRST_CHARACTER + (s->line + k) % N_CHARACTERS);
        *q++ = '\r';
        *q++ = '\n';
      }
      g_byte_array_append(s->waiting, lines, sizeof lines);
      s->n_sent_of = 0;
    }
    s->n_sent_of +=
        (uint32_t)conn_send(c, s->waiting->data + s->n_sent_of, s->waiting->len - s->n_sent_of);
    if (s->n_sent_of < s->waiting->len)
      return;
    g_byte_array_set_size(s->waiting, 0);
    s->n_sent_of = 0;
  }
}

/* What it owes has no end: the client's FIN ends it at once. */
static void
chargen_ended(void *data, struct conn *c, enum conn_end how)
{
  struct session *s = data;
  g_byte_array_set_size(s->waiting, 0);
  ended(data, c, how);
}

/* ---- the table ---- */

struct service {
  const char *name;
  uint16_t port;
  void (*begin)(void *data, struct conn *c); /* NULL: the client speaks first */
  struct conn_ops ops;
};

static const struct service services[] = {
    {"echo", PORT_ECHO, NULL, {NULL, echo_received, echo_writable, ended}},
    {"discard", PORT_DISCARD, NULL, {NULL, discard_received, NULL, ended}},
    {"chargen", PORT_CHARGEN, generate, {NULL, discard_received, generate, chargen_ended}},
};

/* What a listener needs; lives as long as the host. */
struct door {
  struct host *host;
  const struct service *service;
};

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  const struct door *door = data;
  struct host *h = door->host;
  struct session *s = g_new0(struct session, 1);
  s->host = h;
  s->waiting = g_byte_array_new();
  g_hash_table_add(h->small_sessions, s);
  *ops = &door->service->ops;
  *conn_data = s;
  if (door->service->begin)
    door->service->begin(s, c);
}

static bool
start(struct host *h, const struct tree_node *name, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
    if (name->kind != TREE_SCALAR || strcmp(services[i].name, name->text) != 0)
      continue;
    struct door *door = g_new(struct door, 1);
    *door = (struct door){h, &services[i]};
    g_ptr_array_add(h->small_doors, door);
    bool good = net_listen(h->net, h->index, services[i].port, accepted, door);
    if (services[i].port == PORT_ECHO)
      good = good && udp_bind(h, PORT_ECHO, echo_datagram, NULL, h) != 0;
    return good || tree_fail(error, name,
                             lang_text("\"%s\" stands here twice; keep one",
                                       "\"%s\" อยู่ตรงนี้สองครั้ง ให้เหลือครั้งเดียว"),
                             name->text);
  }
  return tree_fail(error, name, "%s",
                   lang_text("the small services are echo, discard and chargen",
                             "บริการเล็กมี echo, discard และ chargen"));
}

bool
build_small_services(struct host *h, const struct tree_node *node, GError **error)
{
  const struct tree_node *list = tree_get(node, "small_services");
  if (!list)
    return true;
  if (list->kind != TREE_LIST)
    return tree_fail(error, list, "%s",
                     lang_text("\"small_services\" is a list, for example [echo, discard]",
                               "\"small_services\" เป็นรายการ เช่น [echo, discard]"));
  h->small_doors = g_ptr_array_new_with_free_func(g_free);
  h->small_sessions = g_hash_table_new_full(NULL, NULL, session_free, NULL);
  for (unsigned i = 0; i < list->children->len; i++)
    if (!start(h, list->children->pdata[i], error))
      return false;
  return true;
}
