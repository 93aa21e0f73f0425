/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TCP_CONN_H
#define SIM_NET_TCP_CONN_H

/* One TCP connection as a plain struct that knows no network, no clock and no other connection:
 *
 *     segment in ──tcp_conn_input──┐                        ┌──tcp_conn_pop──> segment out
 *     octets in  ──tcp_conn_send───┤    struct tcp_conn     ├──tcp_conn_peek─> octets out
 *     time       ──tcp_conn_timer──┘                        └──tcp_conn_deadline
 *
 * After every call that takes `now_ns`, and after tcp_conn_send(): call tcp_conn_pop() until it
 * says false, read what tcp_conn_peek() has, look at `state` and `outcome`, and call
 * tcp_conn_timer() at tcp_conn_deadline(). Addresses, ports and checksums belong to the caller. Any
 * number of connections live side by side. Time is any count of nanoseconds that never runs
 * backwards.
 *
 * RFC 9293 (all states), 1122 (delayed ACK, Nagle, silly window, persist, keep-alive), 6298, 5681,
 * 3042, 6582 (NewReno), 2018 and 6675 (SACK), 2883 (D-SACK), 6928, 9438 (CUBIC), 7323 (scale,
 * timestamps, PAWS), 3168 (ECN), 5961, 5927, 1191 and 8201 (path MTU), 5482 (local), 6191, 1337.
 * Not here: RACK-TLP (8985), F-RTO (5682), Fast Open (7413). */
#include "capture/wire/tcp.h"
#include "sim/net/ring.h"

#define TCP_NEVER INT64_MAX

enum tcp_state {
  TCP_CLOSED,
  TCP_LISTEN,
  TCP_SYN_SENT,
  TCP_SYN_RECEIVED,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT_1,
  TCP_FIN_WAIT_2,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_LAST_ACK,
  TCP_TIME_WAIT,
  TCP_N_STATES
};
/* "ESTABLISHED", "SYN-SENT": RFC 9293's words. */
const char *tcp_state_name(enum tcp_state state);

/* Why a connection is CLOSED. */
enum tcp_outcome {
  TCP_OUTCOME_NONE,
  TCP_OUTCOME_DONE,      /* both sides closed, or the caller aborted */
  TCP_OUTCOME_REFUSED,   /* RST answered our SYN */
  TCP_OUTCOME_RESET,     /* RST later */
  TCP_OUTCOME_TIMED_OUT, /* retransmitted until R2 (RFC 1122 4.2.3.5) */
};

enum tcp_control { TCP_RENO, TCP_CUBIC };
enum tcp_ecn {
  TCP_ECN_OFF,
  TCP_ECN_ANSWER, /* agrees when the peer's SYN asks */
  TCP_ECN_ASK,    /* asks as well */
};

/* What an implementation may choose. Borrowed by its connections: it outlives them and does not
 * change under them. */
struct tcp_profile {
  const char *name;
  uint16_t mss;  /* announced unless tcp_conn_set_mtu() says otherwise */
  int8_t wscale; /* announced shift, 0..14; -1: option not offered */
  bool sack, timestamps;
  bool needs_timestamps; /* once agreed on, segments without them are dropped (RFC 7323 3.2) */
  bool keeps_syn_data;   /* data on a SYN are taken; else the peer must send them again */
  bool sack_rescue;      /* RFC 6675 NextSeg rule 4: the tail once more when nothing else may go */
  bool minshall;         /* Nagle holds a small segment back only for another small one in flight */
  bool rst_acks;         /* ABORT sends RST,ACK */
  bool rst_ends_time_wait; /* else RFC 1337: a RST does not end TIME-WAIT early */
  bool validates_cwnd;     /* only ACKs of a window that was used widen it (RFC 7661's idea) */
  uint8_t abc_limit;       /* segments that one ACK may add in slow start: L of RFC 3465 */
  enum tcp_ecn ecn;
  enum tcp_control control;
  enum tcp_option_order option_order;
  bool nagle;
  uint32_t receive_octets;   /* the largest window */
  uint32_t send_octets;      /* the send buffer */
  uint32_t initial_segments; /* initial cwnd in segments, at most 10 (RFC 6928) */
  int64_t delayed_ack_ns;    /* 0: every segment is acknowledged at once; at most 500 ms */
  int64_t rto_initial_ns, rto_min_ns, rto_max_ns;
  int64_t time_wait_ns;   /* 2 MSL */
  int64_t give_up_ns;     /* R2 for data, */
  int64_t give_up_syn_ns; /* and for SYN */
  bool keepalive;         /* RFC 1122 4.2.3.6: off unless the user asks */
  int64_t keepalive_idle_ns, keepalive_interval_ns;
  unsigned keepalive_probes;
  int64_t user_timeout_ns; /* RFC 5482, local; 0: give_up_ns */
};
/* The RFCs by the letter, without options but window scale; for an Ethernet MTU. */
extern const struct tcp_profile tcp_profile_default;
/* "linux", "freebsd" (defaults of Linux 6 and FreeBSD 14), "minimal" (the MSS option alone), "rfc"
 * (tcp_profile_default); NULL for other names. */
const struct tcp_profile *tcp_profile_by_name(const char *name);

struct tcp_segment {
  uint32_t seq, ack;
  uint16_t flags;  /* enum tcp_flag */
  uint16_t window; /* as on the wire */
  uint16_t urgent; /* with TCP_URG: counted from seq */
  uint8_t ip_ecn;  /* the ECN field of the IP header, 0..3 */
  struct tcp_options options;
  const uint8_t *data; /* in: borrowed during the call; out: the caller's buffer */
  uint32_t n_data;
};

/* Out-of-order pieces kept at once: a window of full segments with every second one lost. More are
 * dropped, as RFC 9293 allows; the sender repeats them. */
enum { TCP_PIECES_MAX = 32 };
struct tcp_piece {
  uint32_t left, right;
};

struct tcp_conn;
/* Reports values that a student may see whenever they change, as text (valid during the call) or,
 * with text NULL, as a number. Keys as in world.h. */
typedef void (*tcp_watch)(void *data, const struct tcp_conn *c, const char *key, const char *text,
                          uint64_t value);

/* What tcp_watch was told last: see tcp_show.c. */
struct tcp_shown;

enum tcp_phase {
  TCP_SLOW_START,
  TCP_AVOIDANCE,
  TCP_RECOVERY, /* after duplicate ACKs or SACK blocks: one window is repaired */
  TCP_LOSS,     /* after a timeout: what was in flight is sent again from slow start */
};

/* To be read, not written, by callers. Names as in the RFCs. */
struct tcp_conn {
  const struct tcp_profile *profile;
  enum tcp_state state;
  enum tcp_outcome outcome;
  bool is_passive; /* came from LISTEN */
  bool is_nodelay, is_corked, is_quickack, is_keepalive;
  uint16_t mss; /* ours: announced */
  uint8_t ip_octets;
  unsigned keepalive_probes;
  int64_t keepalive_idle_ns, keepalive_interval_ns, user_timeout_ns;

  /* agreed on by both SYNs */
  bool use_scale, use_sack, use_ts, use_ecn;

  /* sending */
  uint32_t iss, snd_una, snd_nxt;
  uint32_t snd_max; /* behind the highest octet ever sent; snd_nxt falls back after a timeout */
  uint32_t snd_wnd, snd_wl1, snd_wl2, snd_wnd_max;
  uint32_t snd_up;    /* behind the last urgent octet, when is_urgent */
  uint32_t snd_small; /* behind the last segment that was not full */
  uint8_t snd_scale;
  uint16_t snd_mss; /* octets of data in a full segment: without timestamps, with SACK even fewer */
  struct ring send; /* from snd_una on (SYN apart) */
  bool wants_fin;   /* the caller closed: a FIN follows the last octet */
  bool fin_acked, is_urgent;
  uint32_t limited; /* octets in flight beyond cwnd by Limited Transmit */

  /* receiving */
  uint32_t irs, rcv_nxt;
  uint32_t rcv_edge; /* right edge of the widest window that was announced */
  uint32_t rcv_up;   /* behind the last urgent octet, when has_rcv_up */
  uint8_t rcv_scale;
  struct ring receive; /* in order, not yet read; pieces lie behind at their place */
  struct tcp_piece pieces[TCP_PIECES_MAX];
  unsigned n_pieces;
  bool fin_seen; /* a FIN stands at fin_seq, perhaps behind a hole */
  bool has_rcv_up;
  uint32_t fin_seq;
  uint32_t rcv_largest; /* the largest segment so far: what "full-sized" means */
  uint32_t n_unacked;   /* octets in order since our last ACK */
  bool ack_now;

  /* SACK, receiving: blocks of the last ACKs, newest first (RFC 2018 4), and a duplicate that waits
   * to be told once (RFC 2883) */
  struct tcp_piece blocks[TCP_SACK_MAX], duplicate;
  uint8_t n_blocks;
  bool has_duplicate;

  /* SACK, sending: the scoreboard of RFC 6675, in order, apart; NULL while nothing is SACKed */
  struct tcp_piece *sacked;
  unsigned n_sacked, sacked_room;
  uint32_t high_rxt; /* in recovery: behind the highest octet that was repeated */
  uint32_t rescue_rxt;
  bool has_rescue;

  /* timestamps: RFC 7323 */
  uint32_t
      ts_offset; /* added to the clock of milliseconds; the caller may set it before the OPEN */
  uint32_t ts_recent, last_ack_sent;
  int64_t ts_recent_ns; /* when ts_recent was taken */

  /* round trip: RFC 6298, in microseconds */
  bool rtt_running, rtt_known;
  uint32_t rtt_seq;
  uint32_t repeated_end; /* behind the highest octet that was sent twice: Karn's rule */
  int64_t rtt_start_ns;
  int64_t srtt_us, rttvar_us;
  int64_t rto_ns; /* before back-off */
  unsigned backoff;
  bool syn_repeated;

  /* congestion: RFC 5681, 6582, 6675, 3168 */
  uint32_t cwnd, ssthresh, recover, octets_acked;
  uint32_t cwnd_used; /* up to here the window was the limit: ACKs of that may widen it */
  unsigned n_duplicates;
  bool is_recovering, is_lost, repeat_now;
  bool had_partial_ack; /* in this recovery: later ones leave the timer alone (RFC 6582 3.2) */
  bool ece_owed, cwr_owed;
  uint32_t ecn_recover; /* no second reaction before this is acknowledged */
  int64_t last_send_ns;
  struct {
    int64_t epoch_ns; /* TCP_NEVER: congestion avoidance has not begun */
    uint32_t w_max, w_est, cwnd_prior, k_ms;
    uint64_t grown, est_grown; /* remainders of the divisions */
  } cubic;

  /* timers */
  int64_t rexmit_at, persist_at, ack_at, time_wait_at, keepalive_at, cork_at;
  unsigned persist_backoff, n_keepalives;
  bool probe_now, keepalive_now, cork_is_over;
  int64_t progress_ns; /* when the peer last acknowledged something new, or the oldest was sent */
  int64_t heard_ns;    /* when a segment last came in */

  /* answers that wait for tcp_conn_pop() */
  bool rst_now, rst_acks;
  uint32_t rst_seq;
  int64_t challenge_since_ns;
  unsigned n_challenges;

  tcp_watch watch;
  void *watch_data;
  struct tcp_shown *shown;
};

/* ---- life ---- */
void tcp_conn_init(struct tcp_conn *c, const struct tcp_profile *profile, tcp_watch watch,
                   void *watch_data);
void tcp_conn_clear(struct tcp_conn *c);

/* Active OPEN. `iss` is the caller's, for example from RFC 6528. */
void tcp_conn_connect(struct tcp_conn *c, uint32_t iss, int64_t now_ns);
/* Passive OPEN: `syn` is a segment with SYN and without ACK or RST that came to a listener. */
void tcp_conn_accept(struct tcp_conn *c, const struct tcp_segment *syn, uint32_t iss,
                     int64_t now_ns);

/* ---- the network's side ---- */
void tcp_conn_input(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns);
/* The next segment to send, or false. Its data are copied to `data`, which has room for the send
 * MSS; out->data points there. */
bool tcp_conn_pop(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns);
int64_t tcp_conn_deadline(const struct tcp_conn *c); /* or TCP_NEVER */
/* Does what is due; harmless when nothing is. */
void tcp_conn_timer(struct tcp_conn *c, int64_t now_ns);

/* Before the OPEN: the MTU of the interface and the octets of its IP header, 20 or 40. From these
 * comes the MSS to announce (RFC 6691); without this call it is the profile's. */
void tcp_conn_set_mtu(struct tcp_conn *c, uint32_t mtu, uint8_t ip_octets);
/* A packet of ours with the sequence number `seq` was too large for the path, which carries IP
 * packets of `mtu` octets (RFC 1191, 8201): what is in flight is cut anew. False, and nothing
 * changed, when the number is not in flight (RFC 5927 4.1) or the figure is no news. */
bool tcp_conn_too_big(struct tcp_conn *c, uint32_t seq, uint32_t mtu);
/* The octets of the largest IP packet that it sends, options included. */
uint32_t tcp_conn_packet_octets(const struct tcp_conn *c);

/* The RST that answers a segment for which there is no connection (RFC 9293 3.10.7.1). False when
 * the segment is a RST itself. */
bool tcp_conn_refuse(const struct tcp_segment *s, struct tcp_segment *out);

/* ---- the user's side ---- */
/* Takes what the send buffer has room for; 0 when sending is over. */
size_t tcp_conn_send(struct tcp_conn *c, const uint8_t *p, size_t n, int64_t now_ns);
size_t tcp_conn_room(const struct tcp_conn *c);
/* The same, and the last of these octets is urgent: segments say so until it is acknowledged (RFC
 * 9293 3.8.5). */
size_t tcp_conn_send_urgent(struct tcp_conn *c, const uint8_t *p, size_t n, int64_t now_ns);
/* Octets not read yet up to the peer's urgent pointer; 0: no urgent mode. They come in band. */
uint32_t tcp_conn_urgent(const struct tcp_conn *c);
/* Octets that came in order, as far as they lie in one piece; read by dropping them. */
uint32_t tcp_conn_peek(const struct tcp_conn *c, const uint8_t **out);
void tcp_conn_drop(struct tcp_conn *c, uint32_t n, int64_t now_ns);
/* The peer's FIN was reached: nothing more will come behind what tcp_conn_peek() has. */
bool tcp_conn_is_at_end(const struct tcp_conn *c);
/* CLOSE: FIN behind what was sent. Receiving goes on. */
void tcp_conn_close(struct tcp_conn *c, int64_t now_ns);
/* ABORT: RST when the peer knows this connection. */
void tcp_conn_abort(struct tcp_conn *c, int64_t now_ns);

/* A SYN came for a connection in TIME-WAIT: may it open a new one (RFC 6191, RFC 1122 4.2.2.13)?
 * The new connection's ISS is to lie behind snd_max. */
bool tcp_conn_may_reuse(const struct tcp_conn *c, const struct tcp_segment *syn);

/* The number of an invariant that does not hold (listed in tcp_show.c), or 0. */
unsigned tcp_conn_check(const struct tcp_conn *c);
enum tcp_phase tcp_conn_phase(const struct tcp_conn *c);

enum tcp_knob {
  TCP_KNOB_NODELAY, /* 0 or 1: Nagle's algorithm off */
  TCP_KNOB_CORK,    /* 0 or 1: only full segments leave, for 200 ms at most */
  TCP_KNOB_QUICKACK,
  TCP_KNOB_KEEPALIVE, /* 0 or 1 */
  TCP_KNOB_KEEPALIVE_IDLE_NS,
  TCP_KNOB_KEEPALIVE_INTERVAL_NS,
  TCP_KNOB_KEEPALIVE_PROBES,
  TCP_KNOB_USER_TIMEOUT_NS, /* 0: the profile's R2 */
  TCP_N_KNOBS
};
/* At any time after tcp_conn_init(). */
void tcp_conn_set(struct tcp_conn *c, enum tcp_knob knob, int64_t value, int64_t now_ns);

#endif
