/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TCP_STACK_INSIDE_H
#define SIM_NET_TCP_STACK_INSIDE_H

/* What the files of the TCP stack share; nobody else includes it.
 *
 *   tcp_stack.c         the table of connections, segments in and out, timers
 *   tcp_stack_socket.c  the verbs: bind, listen, accept, connect, send, ...
 *   tcp_stack_option.c  options and read-outs of a socket
 *   tcp_stack_packet.c  IP packets in and out, ICMP errors */
#include <glib.h>

#include "sim/net/tcp_internal.h"
#include "sim/net/tcp_stack.h"

enum sock_kind {
  SOCK_FRESH,  /* socket(), perhaps bound */
  SOCK_LISTEN, /* listens */
  SOCK_CONN    /* has had a connection */
};

struct tcp_sock {
  struct tcp_stack_flow flow; /* first: the key of the table */
  struct tcp_stack *stack;
  struct tcp_conn tcp;
  void *user;
  uint64_t serial;                /* in order of birth: breaks ties */
  struct tcp_sock *older, *newer; /* all of the stack */
  uint8_t kind;                   /* enum sock_kind */
  uint8_t version;                /* 4, 6, 0 both */
  uint8_t ttl, dscp;
  int8_t linger_s;             /* -1: off */
  uint16_t maxseg;             /* the user's limit for the MSS */
  struct tcp_profile *profile; /* its own, when an option differs from the stack's; else NULL */

  bool is_owned; /* the caller holds it: it is not freed */
  bool is_bound; /* in the table of ports */
  bool is_known; /* in the table of connections */
  bool is_held, is_working, is_over;
  bool is_open; /* was ESTABLISHED and the user was told */
  bool is_read_shut, is_reusable;
  int error, soft_error; /* of errno.h; soft: what ICMP said, told when time runs out */
  uint8_t n_options;     /* of every segment behind the handshake */

  /* timers: place in the stack's heap + 1, and when it rings at the latest */
  uint32_t heap_at;
  int64_t timer_ns;
  int64_t orphan_ns; /* when a closed socket stops waiting for the peer's FIN */

  struct tcp_sock *next_at_port; /* bound to the same port */

  /* a listener */
  unsigned backlog, n_half_open, n_waiting;
  struct tcp_sock *first_waiting, *last_waiting;

  /* a passive connection until accept() */
  struct tcp_sock *listener, *next_waiting;
};

struct tcp_stack {
  const struct tcp_stack_ops *ops;
  void *data;
  const struct tcp_profile *profile;
  uint64_t isn_key[2];
  struct random_stream ports;
  uint32_t (*isn)(void *data, const struct tcp_stack_flow *flow, int64_t now_ns);
  uint8_t ttl;
  uint32_t mtu;
  bool resets_on_overflow, wants_watch;

  GHashTable *conns; /* struct tcp_stack_flow → struct tcp_sock */
  GHashTable *bound; /* port → struct tcp_sock, the first of a list */
  struct tcp_sock *newest;
  uint64_t n_born;
  GPtrArray *heap; /* struct tcp_sock, by (timer_ns, serial) */

  /* the IP form */
  struct ip_addr addrs[TCP_STACK_ADDRS_MAX];
  unsigned n_addrs;
  GHashTable *path_mtus;     /* struct ip_addr → struct path_mtu */
  GQueue packets;            /* struct tcp_packet */
  struct tcp_packet *packet; /* under construction */
  uint16_t next_id;
};

/* ---- tcp_stack.c ---- */
/* `parent`, when not NULL, is the listener whose options it takes over. */
struct tcp_sock *sock_new(struct tcp_stack *t, const struct tcp_sock *parent);
/* Before the OPEN: the MSS to announce to flow.remote over a path of `mtu` octets. */
void sock_set_mtu(struct tcp_sock *s, uint32_t mtu);
/* Puts a socket with all four numbers into the table. */
void sock_register(struct tcp_sock *s);
struct tcp_sock *sock_find(const struct tcp_stack *t, const struct tcp_stack_flow *flow);
/* Frees it when nobody needs it any more. */
void sock_collect(struct tcp_sock *s);
/* Tells the user, sends, sets the timer, forgets: after anything happened to s. */
void sock_work(struct tcp_sock *s, int64_t now_ns);
void sock_set_timer(struct tcp_sock *s, int64_t at_ns);
/* The initial number of a new connection; one in TIME-WAIT with the same four numbers ends, and the
 * number lies behind its last. */
uint32_t stack_begin(struct tcp_stack *t, const struct tcp_stack_flow *flow, int64_t now_ns);
bool stack_route(struct tcp_stack *t, const struct ip_addr *remote, struct ip_addr *local,
                 uint32_t *mtu, int64_t now_ns);

/* ---- tcp_stack_socket.c ---- */
struct tcp_sock *sock_listener(const struct tcp_stack *t, const struct tcp_stack_flow *flow);
void sock_unbind(struct tcp_sock *s);
void sock_leave_queue(struct tcp_sock *s);

/* ---- tcp_stack_packet.c ---- */
uint8_t *packet_take(struct tcp_stack *t, const struct ip_addr *remote, size_t n);
void packet_untake(struct tcp_stack *t);
bool packet_finish(struct tcp_stack *t, const struct tcp_stack_ip *ip, size_t n);
void packet_clear_all(struct tcp_stack *t);
bool packet_route(struct tcp_stack *t, const struct ip_addr *remote, struct ip_addr *local,
                  uint32_t *mtu, int64_t now_ns);

#endif
