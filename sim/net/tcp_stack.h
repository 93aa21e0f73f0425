/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TCP_STACK_H
#define SIM_NET_TCP_STACK_H

/* A TCP with many connections, listeners, addresses and ports, for simulated hosts and for foreign
 * test suites alike. It knows no host, no network, no thread and no clock: every call that may act
 * takes `now_ns`, any count of nanoseconds that never runs backwards and starts at 0 or above. Any
 * number of stacks live side by side. This header does not include tcp_conn.h, so that it goes
 * together with <netinet/tcp.h> and <errno.h>; to link: the libraries of sim/ and capture/wire.
 *
 *   IP packets ──tcp_stack_input──┐                       ┌──ops.packet or tcp_stack_pop──> packets
 *   verbs ───────tcp_sock_*───────┤   struct tcp_stack    ├──tcp_sock_poll, ops.ready──> the user
 *   time ────────tcp_stack_timer──┘                       └──tcp_stack_deadline──> when to call
 *
 * A plug-in for a suite of scripts needs twelve lines of glue: keep a table from file descriptors
 * to struct tcp_sock *; hand every packet of the script to tcp_stack_input(); take what
 * tcp_stack_pop() gives; to let time pass until T, repeat "deadline <= T? now = deadline,
 * tcp_stack_timer(now)" and collect packets after each step. Blocking calls are a loop over that
 * and the non-blocking verb below.
 *
 * Verbs return 0 or a count, or a negative number of <errno.h>: -EAGAIN is "would block". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/wire/addr.h"
#include "sim/core/random.h"

#define TCP_STACK_NEVER INT64_MAX

struct tcp_stack;
struct tcp_sock;
struct tcp_profile; /* tcp_conn.h */
struct tcp_conn;

/* The four numbers of a connection, seen from here. Version 0 is "any address". */
struct tcp_stack_flow {
  struct ip_addr local, remote;
  uint16_t local_port, remote_port;
};

/* What the IP header of a segment must say. DF is always set (RFC 1191). */
struct tcp_stack_ip {
  struct ip_addr src, dst;
  uint8_t ttl; /* or hop limit */
  uint8_t dscp;
  uint8_t ecn; /* RFC 3168: 2 bits */
};

enum tcp_stack_note {
  TCP_STACK_BAD_SEGMENT,  /* a header or checksum was wrong */
  TCP_STACK_BACKLOG_FULL, /* a SYN was dropped */
};

/* Outlets; each may be NULL. They are called from inside other calls; verbs of sockets may be
 * called from `ready` and `over`, nothing from the others. */
struct tcp_stack_ops {
  /* -- the way out for a host that writes IP headers itself; without `take`, see `packet` -- */
  /* The local address and the MTU of the way to `remote`; false: there is none. */
  bool (*route)(void *data, const struct ip_addr *remote, struct ip_addr *local, uint32_t *mtu);
  /* Gives a place for a TCP segment of up to n octets, header included; NULL: nothing may leave
   * now. Either `send` or `untake` follows before anything else. */
  uint8_t *(*take)(void *data, const struct ip_addr *remote, size_t n);
  void (*untake)(void *data);
  /* The place holds n octets, checksum included. False: there is no way (any more). */
  bool (*send)(void *data, const struct tcp_stack_ip *ip, size_t n);

  /* -- the way out as IP packets: without `packet` they wait for tcp_stack_pop() -- */
  void (*packet)(void *data, const uint8_t *octets, size_t n);

  /* -- notices -- */
  /* A connection came into being, before its first state. A passive one has no user yet. */
  void (*born)(void *data, struct tcp_sock *s);
  /* tcp_sock_poll() may say something new. For a listener: tcp_sock_accept() has one. Called before
   * the answer to a segment leaves, so that what is sent now carries the acknowledgement. */
  void (*ready)(void *data, struct tcp_sock *s);
  /* The connection is CLOSED; its last segments have left. */
  void (*over)(void *data, struct tcp_sock *s);
  void (*gone)(void *data, struct tcp_sock *s); /* the last word about s */
  void (*note)(void *data, enum tcp_stack_note what, const struct tcp_stack_flow *flow);
  /* A value that a student may see: as tcp_watch in tcp_conn.h. */
  void (*watch)(void *data, struct tcp_sock *s, const char *key, const char *text, uint64_t value);
};

struct tcp_stack_config {
  const struct tcp_profile *profile; /* borrowed, unchanged while the stack lives; NULL: by name */
  const char *profile_name;          /* "linux", "freebsd", "minimal", "rfc"; NULL: "linux" */
  uint64_t isn_key[2];               /* the secret of RFC 6528 */
  struct random_stream ports;        /* where the choice of ports comes from (RFC 6056) */
  /* The initial sequence number of a connection instead of RFC 6528's; may be NULL. */
  uint32_t (*isn)(void *data, const struct tcp_stack_flow *flow, int64_t now_ns);
  uint8_t ttl;             /* 0: 64 */
  uint32_t mtu;            /* of the IP form; 0: 1500 */
  bool resets_on_overflow; /* a full accept queue answers the last ACK with RST (BSD) instead of
                            * dropping it (Linux) */
  bool wants_watch;        /* ops.watch is called */
  const struct tcp_stack_ops *ops; /* borrowed; NULL: the IP form with tcp_stack_pop() */
  void *data;                      /* first argument of ops and isn */
};

/* Limits, with their reasons. */
enum {
  TCP_STACK_CONNS_MAX = 1 << 17,  /* more than one address has ports, twice */
  TCP_STACK_HALF_OPEN_MAX = 1024, /* per listener: a SYN flood costs 2 MiB */
  TCP_STACK_BACKLOG_MAX = 4096,   /* Linux' somaxconn */
  TCP_STACK_PACKETS_MAX = 100000, /* that wait for tcp_stack_pop(); more are lost, as on a link */
  TCP_STACK_ADDRS_MAX = 64,
  TCP_STACK_PORT_FIRST = 49152, /* RFC 6335: dynamic ports */
  TCP_STACK_PORT_N = 16384,
};

/* NULL when the profile's name is unknown. */
struct tcp_stack *tcp_stack_new(const struct tcp_stack_config *config);
/* Frees all sockets too, without a segment. */
void tcp_stack_free(struct tcp_stack *t);

/* ---- the IP form ---- */
/* An address of this stack; the first one of a version is what connect() sends from. False: too
 * many. */
bool tcp_stack_add_addr(struct tcp_stack *t, const struct ip_addr *addr);
/* Takes one IP packet (version 4 or 6): TCP, and ICMP errors about TCP. Anything else, fragments
 * and packets for other addresses are ignored: false. */
bool tcp_stack_input(struct tcp_stack *t, const uint8_t *octets, size_t n, int64_t now_ns);
/* The oldest packet that waits: its octets, or 0 when none does or `room` is too small (1500 or the
 * configured MTU is enough). */
size_t tcp_stack_pop(struct tcp_stack *t, uint8_t *out, size_t room);

/* ---- the form for a host with an IP layer of its own ---- */
/* A TCP segment of n octets came; `ecn` are the two bits of its IP header. */
void tcp_stack_segment(struct tcp_stack *t, const struct ip_addr *src, const struct ip_addr *dst,
                       uint8_t ecn, const uint8_t *q, size_t n, int64_t now_ns);
/* An ICMP or (flow->remote.version 6) ICMPv6 error quotes a segment that we sent: at least 8 octets
 * at q. `rest` is the second word of the error, `quoted_octets` the quoted packet's total length, 0
 * when that is not known.
 * RFC 1122 4.2.3.9, 5461, 5927, 1191, 8201. */
void tcp_stack_trouble(struct tcp_stack *t, const struct ip_addr *local,
                       const struct ip_addr *remote, uint8_t type, uint8_t code, uint32_t rest,
                       uint32_t quoted_octets, const uint8_t *q, size_t n, int64_t now_ns);

/* ---- time ---- */
int64_t tcp_stack_deadline(const struct tcp_stack *t); /* or TCP_STACK_NEVER; may be early */
/* Does what is due; harmless when nothing is. */
void tcp_stack_timer(struct tcp_stack *t, int64_t now_ns);

uint32_t tcp_stack_n_conns(const struct tcp_stack *t);
uint32_t tcp_stack_n_half_open(const struct tcp_sock *listener);

/* ---- sockets ---- */
/* `version` 4, 6, or 0 for both. The socket is the caller's until tcp_sock_close() or
 * tcp_sock_abort(). */
struct tcp_sock *tcp_sock_new(struct tcp_stack *t, uint8_t version);
void *tcp_sock_user(const struct tcp_sock *s);
void tcp_sock_set_user(struct tcp_sock *s, void *user); /* NULL at birth */
struct tcp_stack_flow tcp_sock_flow(const struct tcp_sock *s);
/* What the engine knows: to be read. */
const struct tcp_conn *tcp_sock_conn(const struct tcp_sock *s);
bool tcp_sock_is_passive(const struct tcp_sock *s);

/* -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (bound already). `addr` NULL or version 0: any. Port 0: the
 * stack chooses. */
int tcp_sock_bind(struct tcp_sock *s, const struct ip_addr *addr, uint16_t port);
/* Completed connections beyond `backlog` wait outside: 0 means 1. -EADDRINUSE, -EINVAL. */
int tcp_sock_listen(struct tcp_sock *s, int backlog);
/* The oldest completed connection; -EAGAIN, -EINVAL (does not listen). */
int tcp_sock_accept(struct tcp_sock *s, struct tcp_sock **out);
/* Sends the SYN: -EINPROGRESS. -EISCONN, -EALREADY, -EADDRNOTAVAIL, -ENETUNREACH, -EADDRINUSE. How
 * it ended: tcp_sock_poll() and tcp_sock_error(). */
int tcp_sock_connect(struct tcp_sock *s, const struct ip_addr *to, uint16_t port, int64_t now_ns);

enum { TCP_STACK_OOB = 1, TCP_STACK_PEEK = 2, TCP_STACK_MORE = 4 };
/* -EAGAIN, -EPIPE, -ENOTCONN, or the pending error. TCP_STACK_OOB: the last octet is urgent.
 * TCP_STACK_MORE: as if corked during this call. */
int64_t tcp_sock_send(struct tcp_sock *s, const uint8_t *p, size_t n, unsigned flags,
                      int64_t now_ns);
/* 0: the peer sent its FIN. -EAGAIN, -ENOTCONN, or the pending error. Urgent octets come in band
 * (RFC 9293 3.8.5), so TCP_STACK_OOB is always -EINVAL, as with SO_OOBINLINE. */
int64_t tcp_sock_recv(struct tcp_sock *s, uint8_t *p, size_t n, unsigned flags, int64_t now_ns);
/* The same without a copy: octets in order that lie in one piece, borrowed; read by dropping. */
uint32_t tcp_sock_view(const struct tcp_sock *s, const uint8_t **out);
void tcp_sock_drop(struct tcp_sock *s, uint32_t n, int64_t now_ns);
size_t tcp_sock_room(const struct tcp_sock *s);
bool tcp_sock_is_at_end(const struct tcp_sock *s);

enum tcp_stack_how { TCP_STACK_RD, TCP_STACK_WR, TCP_STACK_RDWR };
int tcp_sock_shutdown(struct tcp_sock *s, enum tcp_stack_how how, int64_t now_ns);
/* Gives the socket back. FIN behind what was sent; RST when octets were not read (RFC 9293 3.6.1,
 * RFC 2525 2.17) or SO_LINGER is 0. A listener's waiting connections are reset. */
void tcp_sock_close(struct tcp_sock *s, int64_t now_ns);
/* Gives the socket back with RST. */
void tcp_sock_abort(struct tcp_sock *s, int64_t now_ns);

/* While held, nothing leaves and no notice comes; letting go does what was due. For a caller that
 * must not be called back from inside tcp_sock_connect(). */
void tcp_sock_hold(struct tcp_sock *s, bool held, int64_t now_ns);

enum {
  TCP_STACK_IN = 1,    /* recv or accept has something, or the end, or an error */
  TCP_STACK_OUT = 2,   /* send has room, or would fail at once */
  TCP_STACK_PRI = 4,   /* an urgent octet */
  TCP_STACK_ERR = 8,   /* an error is pending */
  TCP_STACK_HUP = 16,  /* both ways are over */
  TCP_STACK_RDHUP = 32 /* the peer's FIN came */
};
unsigned tcp_sock_poll(const struct tcp_sock *s);
/* SO_ERROR: the pending error as a positive number, and clears it. */
int tcp_sock_error(struct tcp_sock *s);

enum tcp_stack_option {
  TCP_STACK_OPT_NODELAY,      /* 0, 1 */
  TCP_STACK_OPT_CORK,         /* 0, 1 */
  TCP_STACK_OPT_QUICKACK,     /* 0, 1 */
  TCP_STACK_OPT_KEEPALIVE,    /* 0, 1 */
  TCP_STACK_OPT_KEEPIDLE,     /* s */
  TCP_STACK_OPT_KEEPINTVL,    /* s */
  TCP_STACK_OPT_KEEPCNT,      /* probes */
  TCP_STACK_OPT_USER_TIMEOUT, /* ms; 0: R2 of the profile */
  TCP_STACK_OPT_RCVBUF,       /* octets; before the connection */
  TCP_STACK_OPT_SNDBUF,       /* octets */
  TCP_STACK_OPT_MAXSEG,       /* octets; before the connection; reading gives the present one */
  TCP_STACK_OPT_CONGESTION,   /* enum tcp_stack_congestion; before data */
  TCP_STACK_OPT_LINGER,       /* s; -1: off. Only 0 differs from off: close() never blocks here */
  TCP_STACK_OPT_TTL,          /* 1..255 */
  TCP_STACK_OPT_DSCP,         /* 0..63 */
  TCP_STACK_OPT_ECN,          /* 0: off, 1: asks, 2: only when asked */
  TCP_STACK_OPT_REUSEADDR,    /* 0, 1 */
  TCP_STACK_OPT_OOBINLINE,    /* 1 only */
  TCP_STACK_OPT_SACK,         /* 0, 1; before the connection */
  TCP_STACK_OPT_TIMESTAMPS,   /* 0, 1; before the connection */
  TCP_STACK_OPT_WSCALE,       /* -1: not offered, 0..14; before the connection */
  TCP_STACK_N_OPTIONS
};
enum tcp_stack_congestion { TCP_STACK_RENO, TCP_STACK_CUBIC };
/* -ENOPROTOOPT: not this stack's; -EINVAL: a value out of range; -EISCONN: too late. */
int tcp_sock_set(struct tcp_sock *s, enum tcp_stack_option option, int64_t value, int64_t now_ns);
int tcp_sock_get(const struct tcp_sock *s, enum tcp_stack_option option, int64_t *value);
/* "TCP_NODELAY", "SO_KEEPALIVE", ...: the option of that name of <sys/socket.h> and
 * <netinet/tcp.h>, or TCP_STACK_N_OPTIONS. */
enum tcp_stack_option tcp_stack_option_find(const char *name);

/* What TCP_INFO tells, in octets and microseconds. */
struct tcp_stack_info {
  const char *state; /* "ESTABLISHED" */
  uint32_t snd_mss, advertised_mss;
  uint32_t cwnd, ssthresh, flight, snd_wnd, rcv_wnd;
  uint32_t unsent; /* octets in the send buffer that never left */
  int64_t srtt_us, rttvar_us, rto_us;
  unsigned backoff;
  int8_t snd_scale, rcv_scale; /* -1: not in use */
  bool has_timestamps, has_sack, has_ecn, is_recovering;
};
void tcp_sock_info(const struct tcp_sock *s, struct tcp_stack_info *out);

#endif
