/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway.c -- joins sockets of this machine to connections of simulated hosts.
 *
 *   socket ──read──> [up] ──conn_send──> simulated connection      read only while [up] is empty
 *   socket <─write── [down] <─received── simulated connection      paused while [down] is full
 *
 * A pipe ends when both directions have ended; each end by itself is passed on as a half-close:
 *
 *   read() gives 0        ──> [up] sent, then conn_shutdown()      ─┐
 *   CONN_CLOSED_BY_PEER   ──> [down] written, then shutdown(WR)    ─┴─> both: close
 *   read()/write() fails  ──> conn_abort()
 *   CONN_RESET and others ──> close with a reset (SO_LINGER 0)
 */
#include "sim/outside/gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/wire/lang.h"
#include "sim/outside/tun.h"

enum {
  UP_MAX = 65536,    /* octets read at once: what the simulated send buffer holds */
  DOWN_MAX = 262144, /* octets that wait for a slow reader before its window closes */
  BACKLOG = 128,
};

struct pipe {
  struct outside_gateway *gateway;
  int fd;
  unsigned watch;
  struct conn *conn; /* NULL: gone, or not there yet */
  uint8_t *up;       /* UP_MAX octets, allocated while some wait */
  size_t n_up, n_up_sent;
  GByteArray *down;
  size_t n_down_sent;
  bool is_connecting;        /* outward: connect() is under way */
  bool is_opening;           /* inward: the simulated handshake is under way; nothing is read yet */
  bool up_ended, down_ended; /* no more will come from that side */
  bool up_closed, down_closed; /* and the other side was told */
  bool is_paused;
};

struct door {
  struct outside_gateway *gateway;
  int fd; /* inward; -1 outward */
  unsigned watch;
  uint32_t from;
  struct ip_addr to;
  uint16_t to_port;
};

struct outside_gateway {
  struct net *net;
  struct outside_loop *loop;
  GPtrArray *doors; /* struct door* */
  GHashTable *pipes;
  struct outside_gateway_counts counts;
};

/* ---- the end of a pipe ---- */

static void
pipe_free(gpointer pipe)
{
  struct pipe *p = pipe;
  if (p->watch)
    outside_loop_unwatch(p->gateway->loop, p->watch);
  if (p->fd >= 0)
    close(p->fd);
  g_free(p->up);
  g_byte_array_unref(p->down);
  p->gateway->counts.n_open--;
  g_free(p);
}

static void
forget(struct pipe *p)
{
  g_hash_table_remove(p->gateway->pipes, p);
}

/* The socket's peer shall see a reset, not an end. */
static void
reset_socket(struct pipe *p)
{
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void
break_off(struct pipe *p)
{
  struct conn *c = p->conn;
  p->conn = NULL;
  reset_socket(p);
  if (c)
    conn_abort(c);
  forget(p);
}

/* ---- carrying ---- */

static void
watch_what_matters(struct pipe *p)
{
  short events = 0;
  if (p->is_connecting || p->n_down_sent < p->down->len)
    events |= POLLOUT;
  if (!p->is_connecting && !p->is_opening && p->conn && !p->up_ended && p->n_up == 0)
    events |= POLLIN;
  outside_loop_change(p->gateway->loop, p->watch, events);
}

/* Gives the simulated connection what was read; tells it of the end behind that. */
static void
push_up(struct pipe *p)
{
  if (p->n_up_sent < p->n_up) {
    size_t n = conn_send(p->conn, p->up + p->n_up_sent, p->n_up - p->n_up_sent);
    p->n_up_sent += n;
    p->gateway->counts.n_inward += n;
  }
  if (p->n_up_sent < p->n_up)
    return;
  p->n_up = p->n_up_sent = 0;
  if (p->up_ended && !p->up_closed) {
    p->up_closed = true;
    conn_shutdown(p->conn);
  }
}

/* Reads once. False when the pipe is gone. */
static bool
pull_up(struct pipe *p)
{
  if (!p->up)
    p->up = g_malloc(UP_MAX);
  ssize_t n = read(p->fd, p->up, UP_MAX);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  if (n < 0) {
    break_off(p);
    return false;
  }
  p->n_up = (size_t)n;
  p->up_ended = n == 0;
  push_up(p);
  return true;
}

/* Writes what waits; tells the socket of the end behind it. False when the pipe is gone. */
static bool
push_down(struct pipe *p)
{
  while (p->n_down_sent < p->down->len) {
    ssize_t n =
        send(p->fd, p->down->data + p->n_down_sent, p->down->len - p->n_down_sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (n < 0) {
      break_off(p);
      return false;
    }
    p->n_down_sent += (size_t)n;
    p->gateway->counts.n_outward += (uint64_t)n;
  }
  size_t waiting = p->down->len - p->n_down_sent;
  if (waiting == 0) {
    g_byte_array_set_size(p->down, 0);
    p->n_down_sent = 0;
    if (p->down_ended && !p->down_closed) {
      p->down_closed = true;
      shutdown(p->fd, SHUT_WR);
    }
  }
  bool pause = waiting > (p->is_paused ? DOWN_MAX / 2 : DOWN_MAX);
  if (pause != p->is_paused && p->conn) {
    p->is_paused = pause;
    conn_pause(p->conn, pause);
  }
  return true;
}

/* Both directions have ended and were told: nothing more will be heard. */
static void
settle(struct pipe *p)
{
  if (p->up_closed && p->down_closed)
    forget(p);
  else
    watch_what_matters(p);
}

/* ---- the simulated side ---- */

static void
connected(void *data, struct conn *c)
{
  struct pipe *p = data;
  p->is_opening = false;
  watch_what_matters(p);
}

static void
received(void *data, struct conn *c, const uint8_t *octets, size_t n)
{
  struct pipe *p = data;
  if (p->n_down_sent > DOWN_MAX) { /* what is written is dropped in large pieces */
    g_byte_array_remove_range(p->down, 0, (guint)p->n_down_sent);
    p->n_down_sent = 0;
  }
  g_byte_array_append(p->down, octets, (guint)n);
  if (p->is_connecting || push_down(p))
    watch_what_matters(p);
}

static void
writable(void *data, struct conn *c)
{
  struct pipe *p = data;
  push_up(p);
  settle(p);
}

static void
ended(void *data, struct conn *c, enum conn_end how)
{
  struct pipe *p = data;
  if (how != CONN_CLOSED_BY_PEER) {
    p->conn = NULL; /* it is gone by itself */
    if (how == CONN_REFUSED || how == CONN_UNREACHABLE)
      p->gateway->counts.n_refused++;
    reset_socket(p);
    forget(p);
    return;
  }
  p->down_ended = true;
  if (p->is_connecting || push_down(p))
    settle(p);
}

static const struct conn_ops pipe_ops = {
    .connected = connected, .received = received, .writable = writable, .ended = ended};

/* ---- the socket's side ---- */

static void
finish_connect(struct pipe *p)
{
  int code = 0;
  socklen_t n = sizeof code;
  getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &code, &n);
  p->is_connecting = false;
  if (code != 0) {
    p->gateway->counts.n_refused++;
    break_off(p);
    return;
  }
  if (push_down(p))
    settle(p);
}

static void
socket_ready(void *data, short revents)
{
  struct pipe *p = data;
  if (p->is_connecting) {
    finish_connect(p);
    return;
  }
  if ((revents & POLLERR) || ((revents & POLLHUP) && p->up_ended)) {
    break_off(p);
    return;
  }
  if ((revents & POLLOUT) && !push_down(p))
    return;
  bool may_read = !p->is_opening && !p->up_ended && p->n_up == 0 && p->conn;
  if ((revents & (POLLIN | POLLHUP)) && may_read && !pull_up(p))
    return;
  settle(p);
}

static struct pipe *
pipe_new(struct outside_gateway *g, int fd)
{
  struct pipe *p = g_new0(struct pipe, 1);
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  *p = (struct pipe){.gateway = g, .fd = fd, .down = g_byte_array_new()};
  g->counts.n_open++;
  g->counts.n_accepted++;
  g_hash_table_add(g->pipes, p);
  p->watch = outside_loop_watch(g->loop, fd, 0, socket_ready, p);
  return p;
}

static bool
has_room(struct outside_gateway *g)
{
  if (g->counts.n_open < GATEWAY_CONNECTIONS_MAX)
    return true;
  g->counts.n_refused++;
  return false;
}

/* ---- inward ---- */

static void
door_ready(void *data, short revents)
{
  struct door *d = data;
  struct outside_gateway *g = d->gateway;
  for (;;) {
    int fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
      return;
    if (!has_room(g)) {
      struct linger now = {.l_onoff = 1, .l_linger = 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(fd);
      continue;
    }
    struct pipe *p = pipe_new(g, fd);
    p->is_opening = true;
    p->conn = net_connect(g->net, d->from, &d->to, d->to_port, &pipe_ops, p);
    if (p->conn) {
      watch_what_matters(p);
    } else {
      g->counts.n_refused++;
      break_off(p);
    }
  }
}

/* A numeric address as the socket calls want it; 0 when it is none. */
static socklen_t
socket_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
    memcpy(out, &in, sizeof in);
    return sizeof in;
  }
  if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
  }
  return 0;
}

/* A listening socket, or -1 with errno; *port becomes the one it has. */
static int
open_door(const char *address, uint16_t *port)
{
  struct sockaddr_storage at;
  socklen_t n = socket_address(address, *port, &at);
  if (n == 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (const struct sockaddr *)(const void *)&at, n) < 0 || listen(fd, BACKLOG) < 0 ||
      getsockname(fd, (struct sockaddr *)(void *)&at, &n) < 0) {
    int code = errno;
    close(fd);
    errno = code;
    return -1;
  }
  in_port_t named;
  memcpy(&named, (const char *)&at + offsetof(struct sockaddr_in, sin_port), sizeof named);
  *port = ntohs(named);
  return fd;
}

uint16_t
outside_gateway_listen(struct outside_gateway *g, const char *address, uint16_t port, uint32_t from,
                       const struct ip_addr *to, uint16_t to_port, GError **error)
{
  uint16_t asked = port;
  int fd = open_door(address, &port);
  if (fd < 0) {
    int code = errno;
    g_set_error(
        error, OUTSIDE_ERROR, code == EACCES ? OUTSIDE_ERROR_FORBIDDEN : OUTSIDE_ERROR_FAILED,
        lang_text("cannot listen on %1$s port %2$u: %3$s; choose another port, or 0 for any "
                  "free one",
                  "เปิดรับที่ %1$s พอร์ต %2$u ไม่ได้: %3$s ให้เลือกพอร์ตอื่น หรือ 0 เพื่อใช้พอร์ตที่ว่าง"),
        address, asked, g_strerror(code));
    return 0;
  }
  struct door *d = g_new0(struct door, 1);
  *d = (struct door){.gateway = g, .fd = fd, .from = from, .to = *to, .to_port = to_port};
  d->watch = outside_loop_watch(g->loop, fd, POLLIN, door_ready, d);
  g_ptr_array_add(g->doors, d);
  return port;
}

/* ---- outward ---- */

struct outward {
  struct door door; /* first: freed with the others */
  struct sockaddr_storage at;
  socklen_t n_at;
};

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  static const struct conn_ops silent = {0};
  struct outward *o = data;
  struct outside_gateway *g = o->door.gateway;
  int fd =
      has_room(g) ? socket(o->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
  *ops = &silent;
  if (fd < 0) {
    conn_abort(c);
    return;
  }
  struct pipe *p = pipe_new(g, fd);
  p->conn = c;
  *ops = &pipe_ops;
  *conn_data = p;
  int code = connect(fd, (const struct sockaddr *)(const void *)&o->at, o->n_at) == 0 ? 0 : errno;
  p->is_connecting = code == EINPROGRESS;
  if (code != 0 && code != EINPROGRESS) {
    g->counts.n_refused++;
    *ops = &silent;
    break_off(p);
    return;
  }
  watch_what_matters(p);
}

bool
outside_gateway_forward(struct outside_gateway *g, uint32_t host, uint16_t port,
                        const char *address, uint16_t to_port)
{
  struct outward *o = g_new0(struct outward, 1);
  o->door = (struct door){.gateway = g, .fd = -1};
  o->n_at = socket_address(address, to_port, &o->at);
  g_ptr_array_add(g->doors, o); /* before listening: freed with the gateway in any case */
  return o->n_at != 0 && net_listen_instead(g->net, host, port, accepted, o);
}

/* ---- life ---- */

static void
door_free(gpointer door)
{
  struct door *d = door;
  if (d->watch)
    outside_loop_unwatch(d->gateway->loop, d->watch);
  if (d->fd >= 0)
    close(d->fd);
  g_free(d);
}

struct outside_gateway *
outside_gateway_new(struct net *n, struct outside_loop *loop)
{
  struct outside_gateway *g = g_new0(struct outside_gateway, 1);
  g->net = n;
  g->loop = loop;
  g->doors = g_ptr_array_new_with_free_func(door_free);
  g->pipes = g_hash_table_new_full(NULL, NULL, pipe_free, NULL);
  return g;
}

void
outside_gateway_free(struct outside_gateway *g)
{
  if (!g)
    return;
  g_autoptr(GList) pipes = g_hash_table_get_keys(g->pipes);
  for (GList *i = pipes; i; i = i->next)
    break_off(i->data);
  g_hash_table_unref(g->pipes);
  g_ptr_array_unref(g->doors);
  g_free(g);
}

struct outside_gateway_counts
outside_gateway_counts(const struct outside_gateway *g)
{
  return g->counts;
}
