/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_RUN_H
#define LESSONS_RUN_H

/* A scenario, run: the place where the simulator's frames meet the trace. Programs, lessons and the
 * window use this and never drive the world themselves.
 *
 *     scenario.yaml + seed + settings ──> world ──frames──> trace (tap "sender", one link, or all)
 *     + inputs                              └──state events──> run_event list
 *
 * A scenario file holds what sim/net/build.c, sim/net/traffic.h and sim/mail/build.h read, and:
 *   title, about: {en: …, th: …}    kind: network (else one for mail)    seed: 1    until: 30s
 *   tap: wan                        what is seen when nobody chooses; default: sender
 *   inputs: [{at: 3s, do: reset, …}]   interventions that belong to it (sim/core/input.h), before
 *                                   those of the run
 */
#include "capture/trace/trace.h"
#include "sim/core/input.h"
#include "sim/core/world.h"
#include "sim/net/net.h"

struct run;

/* Takes what a held run brings at the moment it happens; then the run itself keeps no frame, flight
 * or state event, and its memory does not grow with its length. Octets and strings are valid during
 * the call. Each may be NULL. State events come from inside run_new() already. */
struct run_stream {
  void (*frame)(void *data, uint16_t interface, const struct world_frame *frame); /* of the tap */
  void (*event)(void *data, const struct world_event *event);
  void (*secret)(void *data, const char *line); /* see struct world_sink */
  void *data;
};

struct run_options {
  uint64_t seed;                  /* 0: the scenario's own, else 1 */
  int64_t until_ns;               /* 0: to the end */
  const char *tap;                /* NULL or "sender", "all", or a link's name */
  char *const *set;               /* NULL-terminated "KEY=VALUE", or NULL */
  const struct input_log *inputs; /* borrowed; added behind those of a saved run; NULL: none */
  /* The run ends with the instant of the first frame that fits the display filter, */
  const char *stop_filter;
  /* or of the first event that fits "HOST SUBJECT KEY = VALUE", where * and ? stand for anything.
   */
  const char *stop_event;
  bool is_told_only; /* for run.c itself: state events without frames */
  bool is_held;      /* built, not run: somebody drives run_world() and calls run_settle() */
  bool has_outside;  /* a scenario without a host of kind outside gets one: place_outside() */
  const struct run_stream *stream; /* borrowed, with is_held; NULL: the run keeps everything */
};

/* One state event, kept. Strings live as long as the run. */
struct run_event {
  int64_t time_ns; /* virtual */
  uint32_t host;
  const char *subject, *key, *value; /* sentences of a log are English: run_event_text() */
};

/* A hop of a packet on its way, for the topology: which link, when it left and when it arrives. */
struct run_flight {
  int64_t leave_ns, arrive_ns; /* virtual; lost: arrive_ns is where it would have arrived */
  uint32_t link, from_host, to_host;
  uint32_t frame; /* the trace's frame of the same packet, or TRACE_NONE */
  uint64_t packet;
  bool is_lost;
};

/* `what` is a scenario or lesson id (looked up in the lessons folder), a path to a YAML file, or
 * the path of a saved run (NAME.envrun): then the options are put over what it says. NULL with
 * error: "FILE:LINE: message" and a remedy. Runs to the end before it returns. A saved run that
 * comes to another hash than it did when it was saved is refused, unless seed, end, settings or
 * inputs were given. */
struct run *run_new(const char *what, const struct run_options *options, GError **error);
void run_free(struct run *r);

/* A held run, for who drives it: its clock and its network, borrowed. */
struct world *run_world(struct run *r);
struct net *run_net(struct run *r);
struct mail;
struct mail *run_mail(struct run *r);
/* Ends a held run: the trace is finished and may be read. Idempotent. */
void run_settle(struct run *r);

/* ---- the time machine: the same function with other inputs, from zero ---- */

/* The run's inputs before time_ns, and then the given ones (at or behind time_ns, in the order of
 * their times). Shares every frame before time_ns octet for octet. The same seed, settings, end and
 * tap. */
struct run *run_branch(const struct run *r, int64_t time_ns, const struct input *inputs, size_t n,
                       GError **error);
/* The same, ending at until_ns (0: as the scenario says). */
struct run *run_branch_until(const struct run *r, int64_t time_ns, const struct input *inputs,
                             size_t n, int64_t until_ns, GError **error);
/* Behind the last thing that somebody typed a run goes on so long, even when its scenario says it
 * is over: patience for an answer. */
#define RUN_HAND_NS (INT64_C(30) * 1000000000)
/* Without its input number `input` (0-based). */
struct run *run_without(const struct run *r, unsigned input, GError **error);
/* The same run seen at another tap. */
struct run *run_again(const struct run *r, const char *tap, GError **error);
/* The same run seen at the tap "all": its flights are its frames, in their order. Simulated at the
 * first call and kept with the run (borrowed); the run itself when that is its tap. NULL with
 * error. */
struct run *run_on_all_links(struct run *r, GError **error);
const struct input_log *run_inputs(const struct run *r); /* borrowed, in the order of time */

/* Saves what the run is a function of (see run_file.c); run_new() reads it back. A scenario that is
 * not of the library is saved with it. */
bool run_save(const struct run *r, const char *path, GError **error);
/* 16 hexadecimal digits over all of that: equal runs have equal fingerprints. g_free() */
char *run_fingerprint(const struct run *r);

struct trace *run_trace(const struct run *r); /* borrowed; finished, unless the run is held */
const char *run_id(const struct run *r);
const char *run_title(const struct run *r); /* in the current language */
const char *run_about(const struct run *r); /* the same; NULL when the scenario says nothing */
uint64_t run_seed(const struct run *r);
uint64_t run_hash(const struct run *r);
int64_t run_end_ns(const struct run *r); /* virtual time of the last frame or event */
/* Did the run want more than it may (world.h)? It ends there and keeps what it brought; the text
 * says why and what to do, in the current language. NULL when not; the caller frees it. */
bool run_hit_limit(const struct run *r);
char *run_limit_text(const struct run *r);

/* The release of OpenSSL that the run is a function of; NULL when nobody speaks TLS in it. */
const char *run_openssl(const struct run *r);

/* Topology. */
uint32_t run_n_hosts(const struct run *r);
struct host_info run_host(const struct run *r, uint32_t host);
uint32_t run_n_links(const struct run *r);
struct link_info run_link(const struct run *r, uint32_t link);

/* Whether a frame of the trace never arrived, on this hop or a later one. */
bool run_is_lost(const struct run *r, uint32_t frame);

/* All hops, by leave time; and all state events, by time. */
const struct run_flight *run_flights(const struct run *r, size_t *n);
const struct run_event *run_events(const struct run *r, size_t *n);

/* An event's value in the current language (only sentences of logs and reasons differ). Lives as
 * long as the run. Thai is told by a second simulation, at the first call. */
const char *run_event_text(const struct run *r, size_t index);

/* Whether the run ended early because stop_filter or stop_event fitted. */
bool run_is_stopped(const struct run *r);

/* The changes of one (host, subject, key) over the whole run, for plots: indexes into run_events(),
 * in the order of time; *n is 0 and NULL returned when it never had a value. Borrowed. */
const uint32_t *run_series(const struct run *r, uint32_t host, const char *subject, const char *key,
                           size_t *n);

/* The last value of (host, subject, key) at or before a time; NULL when there is none yet. */
const char *run_value_at(const struct run *r, int64_t time_ns, uint32_t host, const char *subject,
                         const char *key);

/* Writes the trace as pcapng with interface names, host names and no wall clock. */
bool run_write_pcapng(const struct run *r, GOutputStream *out, GError **error);
/* The same for a run with a stream: a writer that has written what stands before the first frame.
 * NULL with error. */
struct pcapng_writer *run_begin_pcapng(const struct run *r, GOutputStream *out, GError **error);
/* One frame as the stream gives it. What is lost on a later hop is not known yet and not told. */
bool run_stream_pcapng(struct pcapng_writer *w, uint16_t interface, const struct world_frame *f,
                       GError **error);
/* A secret as the stream gives it; it stands before the frames that need it. */
bool run_stream_secret(struct pcapng_writer *w, const char *line, GError **error);

/* ---- what there is ---- */
enum run_kind { RUN_LESSON, RUN_SCENARIO, RUN_NETWORK, RUN_MAIL };
struct run_listing {
  char *id, *path;
  enum run_kind kind;
  char *title_en, *title_th;
  char *about_en, *about_th; /* of a scenario: its `about`; NULL when it has none */
};
/* The lessons folder: $ENVELOSCOPE_LESSONS, else beside the built programs' source, else the
 * installed data folder. */
const char *lessons_folder(void);
/* struct run_listing, in the order of their folders and ids; run_listing_free(). */
GPtrArray *run_list(GError **error);
void run_listing_free(struct run_listing *l);

#endif
