/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CORE_WORLD_H
#define SIM_CORE_WORLD_H

/* The discrete-event engine: virtual clock, event queue, random streams, the rolling hash, and the
 * two outlets of a run: frames (from the taps of links) and state events.
 *
 *     world = f(scenario, seed, inputs): single-threaded, no wall clock, no pointer or hash order,
 *     no floating point in protocol state. Events are ordered by (time, class, host, sequence).
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/core/random.h"

struct world;
struct host;
struct link;

/* A frame as it leaves one end of a link. `octets` are valid during the call. */
struct world_frame {
  int64_t time_ns; /* virtual: 0 is the start of the run */
  uint32_t link;   /* index: also the interface of the trace */
  uint32_t from_host, to_host;
  bool is_sender;  /* leaves the host that made it (not a switch or router passing it on) */
  bool is_unseen;  /* on its way, but the taps of this link miss it */
  bool is_lost;    /* the link will lose it: what taps behind it do not see */
  int64_t arrival_ns; /* when its last bit reaches the other end; -1 when lost */
  int64_t due_ns;     /* when it does or, lost, would have */
  const uint8_t *octets;
  uint32_t n_octets;
  uint64_t packet; /* the same number on every hop of one packet's journey */
};

/* One change of something a student may see: (host, subject, key) has a new value from now on. The
 * state of everything at time T is the last value of each before T.
 *   subject "tcp 10.0.0.5:50112 10.0.0.2:25" (the opener first, on both hosts), keys state, snd_una, snd_nxt, snd_wnd, snd_up,
 *           rcv_nxt, rcv_wnd, rcv_up, cwnd, ssthresh, flight, pipe, rto_ms, srtt_ms, rttvar_ms, ts_recent;
 *           phase slow-start, avoidance, recovery or loss; control reno or cubic; rtxq, what waits for its ACK, counted
 *           from the SYN: "1:1449, 1449:2897 sacked, 2897:4345 lost, 4345:5793 retransmitted" or "empty"; sack, what
 *           came early: "2897:4345, …" or "none"; timer "retransmit=812 delayed-ack=…" (ms of virtual time; also persist,
 *           time-wait, keep-alive, cork) or "none"
 *   subject "smtp 10.0.0.5:50112 10.0.0.2:25" (also lmtp, pop3, imap; -client behind the name at the client), key state;
 *           tls (sim/tls/tls.h): "handshake", "TLSv1.3 TLS_AES_256_GCM_SHA384 verified", "… unverified: REASON",
 *           "failed: REASON", "closed", "cut"
 *   subject "on-path 10.0.0.5:50112 10.0.0.2:25", key log: what an attacker on the path did (sim/attack/on_path.h)
 *   subject "smuggle ID", key = look-alike such as "LF.LF", value "passed 250 …" (sim/attack/smuggle.h)
 *   subject "mailbox bob/INBOX", key = UID, value "size=812 flags=\Seen subject=…"; an empty value removes it
 *           ("mailbox Shared/team" for all its members); "folders bob", key = mailbox name, value "uidvalidity=… use=\Sent
 *           subscribed noselect", "" when it is gone
 *   subject "store bob-pc", key = "1": what a client keeps, the same form; of an IMAP account "store bob-pc/INBOX", key =
 *           UID or "new-1", and in front of the value "held=header", "text" or "whole" (sim/mail/imap_cache.h)
 *   subject "queue", key = link, value = frames that wait; "arp", key = address, value = MAC or "" when nobody
 *           answered, "asking 2" while it asks; "dns", key "bob.test MX", value "10 mx.bob.test ttl=3600",
 *           "NXDOMAIN ttl=300" or, forgotten, ""; "resolve www.bob.test A", key = step from 1, value
 *           "asks=10.0.0.10 server=ns.test zone=test" ("-" instead of a name: known beforehand); "switch", key = MAC, value
 *           = link, "" when forgotten; "flood", key = packet, value = MAC that the switch does not know; "ping 10.0.2.1", key = sequence number, value "rtt_us=812"; "log" …
 *   subject "drop", key = packet, value "queue-full at=wan" (words and sentences: sim/net/drop.h); "fault", key = packet,
 *           value "delay at=wan"; "mark", key = packet, value "ce at=wan queue=20"; "link", key "wan loss", value "5%"
 *   subject "address", key = IPv4 address, value "probing 2", "ours", "taken", "conflict with MAC", "defended", "lost"; key =
 *           IPv6 address, value "lan/64 tentative link-local": link, prefix, tentative, preferred or duplicate, and written,
 *           link-local, from a prefix or leased
 *   subject "nat", key "tcp 192.168.1.10:50000", value "203.0.113.1:4711" ("… fixed": by hand), "" when forgotten
 *   subject "dhcp", key = link, value "selecting", "bound 10.0.0.100/24 lease=3600s server=10.0.0.1", …; "lease", key = address (at the server),
 *           value "offered MAC", "bound MAC", "declined MAC", "" when free
 *   subject "route", key = destination, value "via 10.0.1.1 dev lan: default route (0.0.0.0/0)"; "pmtu", key =
 *           destination, value = octets; "nd", key = IPv6 address, value "INCOMPLETE", "REACHABLE MAC", "STALE MAC", "DELAY
 *           MAC" or "PROBE MAC", with " router" behind it, "" when nobody answered
 *   subject "ping 10.0.2.1" also "rtt_us=812 ttl=63", "too-big mtu=1280 from=10.0.1.1" or another trouble; "traceroute
 *           10.0.3.1", key = hop, value "10.0.1.1 rtt_us=812 rtt_us=790 *"
 *   subject "action", key = its id, value "started", "done" or "failed"; "transfer ID", key sent, received or end; "lookup NAME
 *           TYPE", key = number of the answer; "mail-queue", key = its id, value = where it
 *           stands or "" when it left (sim/mail/queue.h); "mail-policy", key = rule and peer, value = what was decided (sim/mail/policy.h)
 *   subject "relay-finder", key = address or result, value = what it learnt; "bomber", key sent, refused, failed or last;
 *           "sniffer", key = number of what it read; "spray", key = what it counts (sim/attack); "talk", key "state" (sim/mail/action_talk.c)
 *   subject "input", key = its place in the log, value "waiting", "done" or "nothing"; "hand NAME", key state or typed */
struct world_event {
  int64_t time_ns;
  uint32_t host; /* index */
  const char *subject, *key, *value;
};

/* A packet that has left already and whose way an input changed: it is lost, or arrives later. */
struct world_change {
  uint32_t link, from_host;
  uint64_t packet;
  bool is_lost;
  int64_t arrival_ns; /* lost: where it would have arrived */
};

struct world_sink {
  void (*frame)(void *data, const struct world_frame *frame);
  void (*event)(void *data, const struct world_event *event);    /* may be NULL */
  void (*changed)(void *data, const struct world_change *change); /* may be NULL */
  /* A secret of a TLS connection as a line of an NSS key log, without its LF, before any frame that
   * needs it leaves; may be NULL. */
  void (*secret)(void *data, const char *line);
};

/* ---- life ---- */
struct world *world_new(uint64_t seed, const struct world_sink *sink, void *sink_data);
void world_free(struct world *w);
uint64_t world_seed(const struct world *w);
int64_t world_now(const struct world *w);

/* For tests, before the first event: hosts take their turns within one instant in another order,
 * drawn anew for each instant. Each host's own events keep theirs. What a run brings to its
 * applications must not depend on it. */
void world_permute_ties(struct world *w, uint64_t permutation);

/* Runs events up to and at `until_ns`. True while more events wait behind it. */
bool world_run(struct world *w, int64_t until_ns);
/* When the next event is due; INT64_MAX when none waits. */
int64_t world_next_ns(const struct world *w);
/* Runs one event; false when none waits. */
bool world_step(struct world *w);

/* ---- limits: a run that runs away is stopped, keeps what it brought so far, and says why ---- */

struct world_limits {
  uint64_t events;  /* that happen in all */
  uint32_t waiting; /* events that wait at once */
  uint64_t octets;  /* held for packets and records, as the rooms tell by world_hold() */
};
/* 100,000,000 events, 4,000,000 at once, 4 GiB: ten thousand hosts with some connections each stay
 * far below, and a laptop of 8 GB keeps the other half. */
extern const struct world_limits world_limits_default;
struct world_limits world_limits(const struct world *w);
/* Before the first event. */
void world_set_limits(struct world *w, const struct world_limits *limits);
/* `limits: {events: 1000000, waiting: 50000, memory: 64}` of a scenario, memory in MiB; without the
 * key nothing changes. False with error naming file and line. */
struct tree_node;
bool world_read_limits(struct world *w, const struct tree_node *scenario, GError **error);

/* A room holds so many octets more (or, negative, less) of what grows with the run. */
void world_hold(struct world *w, int64_t octets);

enum world_limit { WORLD_LIMIT_NONE, WORLD_LIMIT_EVENTS, WORLD_LIMIT_WAITING, WORLD_LIMIT_OCTETS };
/* Which limit stopped the run: no further event happens. It also stands in the log. */
enum world_limit world_limit(const struct world *w);
bool world_hit_limit(const struct world *w);
/* The same as a sentence in the current language, with what to do about it; NULL without a limit.
 * The caller frees it. */
char *world_limit_text(const struct world *w);

/* Rolling hash of all that left through the sinks so far: of frames time, host and octets, of state
 * events time, host, subject, key and value. */
uint64_t world_hash(const struct world *w);

/* ---- events: for the rooms of sim/ ---- */
/* Order among events of one instant: what a person does comes first, so that an input at the time of
 * a packet finds it. */
enum world_class { WORLD_INPUT, WORLD_LINK, WORLD_TIMER, WORLD_APP };
typedef void (*world_callback)(void *data);
/* Returns an id for world_cancel(); never 0. */
uint64_t world_at(struct world *w, int64_t time_ns, enum world_class class, uint32_t host,
                  world_callback callback, void *data);
void world_cancel(struct world *w, uint64_t id);

/* ---- randomness: one counter-based stream per (seed, host, purpose) ---- */
struct random_stream world_random(const struct world *w, uint32_t host, const char *purpose);

/* ---- outlets: nothing is hashed or formatted that nobody listens to ---- */
bool world_wants_frames(const struct world *w);
bool world_wants_events(const struct world *w);
void world_emit_frame(struct world *w, const struct world_frame *frame);
void world_emit_change(struct world *w, const struct world_change *change);
void world_emit_secret(struct world *w, const char *line);
void world_emit(struct world *w, uint32_t host, const char *subject, const char *key,
                const char *format, ...) G_GNUC_PRINTF(5, 6);

#endif
