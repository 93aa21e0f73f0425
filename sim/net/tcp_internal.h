/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TCP_INTERNAL_H
#define SIM_NET_TCP_INTERNAL_H

/* What the files of one connection share; nothing else includes it but their unit tests.
 *
 *   tcp_input ── tcp_receive       tcp_output ── tcp_timer
 *        └─ tcp_sack, tcp_congestion ── tcp_cubic, tcp_rtt ─┘        tcp_show looks at all
 */
#include "sim/net/tcp_conn.h"

enum { TCP_DUPLICATES_FOR_REPEAT = 3 }; /* RFC 5681 3.2, and DupThresh of RFC 6675 */

/* ---- tcp_conn.c ---- */
void tcp_conn_take_syn(struct tcp_conn *c, const struct tcp_segment *syn, int64_t now_ns);
void tcp_conn_set_state(struct tcp_conn *c, enum tcp_state state, int64_t now_ns);
void tcp_conn_finish(struct tcp_conn *c, enum tcp_outcome outcome, int64_t now_ns);
void tcp_conn_reply_rst(struct tcp_conn *c, uint32_t seq);
uint32_t tcp_conn_data_end(const struct tcp_conn *c); /* behind the last octet to send, FIN apart */
uint32_t tcp_conn_send_end(const struct tcp_conn *c); /* the same, FIN included */
/* The window to announce now; remembers its edge. */
uint16_t tcp_conn_window(struct tcp_conn *c);
bool tcp_conn_wants_update(const struct tcp_conn *c);
/* The clock of our timestamps: one tick per millisecond. */
uint32_t tcp_conn_ts(const struct tcp_conn *c, int64_t now_ns);

/* ---- tcp_input.c ---- */
/* An ACK that may be provoked by a blind attacker, at most 10 in 5 s: RFC 5961 7. */
void tcp_input_challenge(struct tcp_conn *c, int64_t now_ns);

/* ---- tcp_receive.c ---- */
/* The right edge of what may come in. */
uint32_t tcp_receive_edge(const struct tcp_conn *c);
/* Text and FIN of an acceptable segment; `seq` is the first data octet's number. */
void tcp_receive_text(struct tcp_conn *c, const struct tcp_segment *s, uint32_t seq,
                      int64_t now_ns);
/* Data on a SYN. */
void tcp_receive_early(struct tcp_conn *c, const struct tcp_segment *syn);
/* Octets [left, right) came that were there before: told in the next ACK (RFC 2883). */
void tcp_receive_note_duplicate(struct tcp_conn *c, uint32_t left, uint32_t right);
/* Writes the SACK blocks that the next ACK reports; a duplicate is told but once. */
void tcp_receive_put_blocks(struct tcp_conn *c, struct tcp_options *out);

/* ---- tcp_sack.c ---- */
/* Takes the blocks of an ACK whose number was taken already. Returns how many octets are newly
 * SACKed. */
uint32_t tcp_sack_take(struct tcp_conn *c, const struct tcp_options *o);
/* Forgets what lies below snd_una. */
void tcp_sack_acked(struct tcp_conn *c);
void tcp_sack_clear(struct tcp_conn *c);
/* Octets of [left, right) that are not SACKed. */
uint32_t tcp_sack_missing(const struct tcp_conn *c, uint32_t left, uint32_t right);
/* Behind the last octet for which IsLost() of RFC 6675 is true, or snd_una. */
uint32_t tcp_sack_lost_edge(const struct tcp_conn *c);
/* The first range that is not SACKed, from `from` on: false when there is none below snd_max. */
bool tcp_sack_hole(const struct tcp_conn *c, uint32_t from, uint32_t *left, uint32_t *right);
/* The octets that RFC 6675 believes to be in the network. */
uint32_t tcp_sack_pipe(const struct tcp_conn *c);
/* NextSeg() of RFC 6675 without rule 2, which is new data: rule 1 alone, or rules 3 and 4. */
bool tcp_sack_next_lost(struct tcp_conn *c, uint32_t *seq, uint32_t *n);
bool tcp_sack_next_other(struct tcp_conn *c, uint32_t *seq, uint32_t *n);

/* ---- tcp_congestion.c ---- */
void tcp_congestion_start(struct tcp_conn *c);
void tcp_congestion_acked(struct tcp_conn *c, uint32_t ack, uint32_t n_acked, int64_t now_ns);
void tcp_congestion_duplicate(struct tcp_conn *c, int64_t now_ns);
void tcp_congestion_timeout(struct tcp_conn *c, int64_t now_ns);
/* The peer saw a mark and says so in the ACK of `ack`, which is not taken yet: the window that was
 * in flight is what was too much (RFC 3168 6.1.2). */
void tcp_congestion_marked(struct tcp_conn *c, uint32_t ack, int64_t now_ns);
void tcp_congestion_idle(struct tcp_conn *c, int64_t now_ns);
/* Data were sent, or the windows forbade it. */
void tcp_congestion_sent(struct tcp_conn *c);
/* Octets that may leave now. */
uint32_t tcp_congestion_usable(const struct tcp_conn *c);
/* RFC 5681 FlightSize, for ssthresh: without what Limited Transmit added. */
uint32_t tcp_congestion_flight(const struct tcp_conn *c);
void tcp_congestion_end_recovery(struct tcp_conn *c);

/* ---- tcp_cubic.c: RFC 9438 ---- */
uint32_t tcp_cubic_k_ms(uint32_t w_max, uint32_t cwnd, uint32_t mss);
/* W_cubic at t_ms after the epoch began, in octets. */
uint32_t tcp_cubic_window(uint32_t w_max, uint32_t k_ms, int64_t t_ms, uint32_t mss);
void tcp_cubic_reset(struct tcp_conn *c);
/* Returns ssthresh. */
uint32_t tcp_cubic_reduce(struct tcp_conn *c);
void tcp_cubic_acked(struct tcp_conn *c, uint32_t n_acked, int64_t now_ns);

/* ---- tcp_rtt.c ---- */
void tcp_rtt_start(struct tcp_conn *c, uint32_t seq, int64_t now_ns);
/* `before` is snd_una before this ACK. */
void tcp_rtt_acked(struct tcp_conn *c, const struct tcp_segment *s, uint32_t before,
                   int64_t now_ns);
int64_t tcp_rtt_timeout(const struct tcp_conn *c, unsigned backoff); /* backed off, capped */
/* The connection opened after a SYN was sent again: RFC 6298 5.7. */
void tcp_rtt_syn_was_repeated(struct tcp_conn *c);

/* ---- tcp_timer.c ---- */
void tcp_timer_arm_rexmit(struct tcp_conn *c, int64_t now_ns);
void tcp_timer_arm_keepalive(struct tcp_conn *c, int64_t now_ns);
/* How long the peer may stay silent to what was sent: R2, or what the user wants. */
int64_t tcp_timer_limit(const struct tcp_conn *c);

/* ---- tcp_show.c ---- */
void tcp_conn_show(struct tcp_conn *c); /* tells the watch and checks the invariants */

#endif
