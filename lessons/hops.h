/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_HOPS_H
#define LESSONS_HOPS_H

/* What each layer of each device did with one packet: the in and out layers of a packet's journey.
 *
 *     sender            switch            router                  receiver
 *     transport out                       network  in > out       application in
 *     network   out                       link     in | link out  transport   in
 *     link      out ──> link in > out ──>                    ──>  network     in
 *                                                                 link        in
 *
 * Computed from the run alone: the octets of the packet on every link (the same run seen by the tap
 * "all") and the state events at its times. Nothing is guessed: what changed is found by comparing
 * the fields of the incoming and the outgoing frame. */
#include "lessons/run.h"

enum hop_layer { HOP_LINK, HOP_NETWORK, HOP_TRANSPORT, HOP_APPLICATION, N_HOP_LAYERS };
enum hop_way { HOP_IN, HOP_OUT };

/* A field of the frame that left with another value than it came with. Texts as the decoder shows
 * them. */
struct hop_change {
  char *key; /* "ip.ttl" */
  char *before, *after;
};

/* What one layer did on the way in or on the way out, told in one sentence. */
struct hop_step {
  enum hop_layer layer;
  enum hop_way way;
  char *sentence;     /* in the language that was current at hops_new() */
  GPtrArray *changes; /* struct hop_change*; empty on the way in */
};

/* One device on the journey. */
struct hop {
  uint32_t host;
  uint32_t link_in, link_out; /* UINT32_MAX: it was made here, it ended here */
  int64_t in_ns, out_ns;      /* when its last bit came in, when its first bit left; -1: neither */
  uint32_t frame_in, frame_out; /* in hops_trace(): the frame on that link; TRACE_NONE */
  GPtrArray *steps; /* struct hop_step*: the way in from below, then the way out from above */
};

enum hop_fate {
  HOP_DELIVERED, /* the last device kept it */
  HOP_LOST,      /* on the link behind the last device: link_out names it */
  HOP_DROPPED,   /* by the last device */
};

struct hops {
  GPtrArray *devices; /* struct hop*, the sender first; a packet that a switch floods: the way to
                       * its receiver, or else to the last device */
  enum hop_fate fate;
  char *fate_sentence; /* "Delivered to mx-bob, port 25.", "Lost on wan: random loss." */
  struct trace
      *trace; /* borrowed from the run's twin: the frames that frame_in and frame_out name */
};

/* The journey of the packet that frame `frame` of run_trace(r) shows. NULL with error when the run
 * cannot be seen on all links (attached to the outside), or the frame belongs to no packet of it.
 * The first call for a run simulates it once more; that twin is kept with the run. */
struct hops *hops_new(struct run *r, uint32_t frame, GError **error);
void hops_free(struct hops *h);

/* The device of a host on the journey, or NULL when the packet never came there. */
const struct hop *hops_at(const struct hops *h, uint32_t host);

/* "link", "network", … in the current language. */
const char *hop_layer_name(enum hop_layer layer);

#endif
