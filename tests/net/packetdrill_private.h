/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_PACKETDRILL_PRIVATE_H
#define TESTS_NET_PACKETDRILL_PRIVATE_H

/* What the files of the script runner share.
 *
 *   packetdrill.c         lines, times, settings
 *   packetdrill_packet.c  packets in scripts: written, sent, compared
 *   packetdrill_call.c    socket calls and assertions */
#include "capture/wire/net.h"
#include "sim/net/tcp_conn.h"
#include "sim/net/tcp_stack.h"
#include "tests/net/packetdrill.h"

#define DRILL_TOLERANCE_NS INT64_C(1000)
enum { DRILL_PEERS_MAX = 64, DRILL_FDS_MAX = 64, DRILL_PORT = 8080, DRILL_PEER_PORT = 40000 };

/* A packet that the stack sent. */
struct drill_sent {
  int64_t time_ns;
  struct ip_addr src, dst;
  uint8_t tos, ttl;
  bool is_df;
  struct tcp tcp;
  struct tcp_options options;
  uint32_t n_data;
  uint8_t *octets; /* of the whole packet; the data end it */
  size_t n_octets;
};

/* The other end of a connection: "#1", "#2" in the script; #1 when none is named. */
struct drill_peer {
  bool is_there;
  uint16_t local_port, remote_port;
  bool knows_local;       /* the number that the script calls 0 is known */
  uint32_t local, remote; /* what the script calls 0, ours and theirs */
  bool knows_clock;
  uint32_t clock; /* our timestamp that the script calls 0 */
  struct tcp_sock *sock;
  enum tcp_outcome outcome; /* when sock is gone */
};

struct drill_fd {
  struct tcp_sock *sock; /* NULL: free */
  uint32_t n_written, n_read;
};

struct drill {
  unsigned version;
  struct tcp_profile profile;
  struct tcp_stack_config config;
  uint16_t mss;
  bool is_isn_hashed; /* RFC 6528's numbers instead of `iss` */
  uint32_t iss;
  struct tcp_stack *stack; /* made by the first line that is no setting */
  struct ip_addr us, them;

  struct drill_peer peers[DRILL_PEERS_MAX + 1]; /* [0] is not used */
  unsigned n_peers;
  struct drill_fd fds[DRILL_FDS_MAX];
  GQueue out; /* struct drill_sent */

  int64_t now_ns;
  const char *path;
  unsigned line;
  GError **error;
};

bool drill_fail(struct drill *d, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The octet at a place of a side's stream (1 is the first behind the SYN). */
uint8_t drill_pattern(uint32_t number);
/* The peer of that number, made when it is new. */
struct drill_peer *drill_peer(struct drill *d, unsigned number);
/* Lets time pass, with what is due in it. */
void drill_advance(struct drill *d, int64_t until_ns);

/* ---- packetdrill_packet.c ---- */
void drill_take_packet(struct drill *d, const uint8_t *octets, size_t n);
void drill_sent_free(struct drill_sent *s);
char *drill_describe(const struct drill *d, const struct drill_sent *s);
/* "< ..." without the sign. */
bool drill_packet_in(struct drill *d, const char *text);
/* "> ..." without the sign: it leaves between two times; `any_time` waits for the next one. */
bool drill_packet_out(struct drill *d, const char *text, int64_t first_ns, int64_t last_ns,
                      bool any_time);

/* ---- packetdrill_call.c ---- */
bool drill_call(struct drill *d, const char *text);
bool drill_check(struct drill *d, const char *text);

#endif
