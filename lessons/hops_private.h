/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_HOPS_PRIVATE_H
#define LESSONS_HOPS_PRIVATE_H

/* What hops.c (the way of a packet) and hops_tell.c (what each layer did) share. */
#include "capture/decode/decode.h"
#include "lessons/hops.h"

/* One device with what is needed to tell its steps. */
struct hop_scene {
  struct run *twin; /* the run on all links */
  struct hop *hop;
  struct decode *in, *out; /* of frame_in and frame_out; NULL where there is none */
  unsigned n_copies; /* frames of this packet that left the device: above 1 when a switch floods */
  const char *next_name; /* the next device that is no switch; NULL when there is none */
  enum hop_fate fate;    /* of the packet, at the last device only; else HOP_DELIVERED */
  bool is_last;
  const char *reason; /* HOP_DROPPED: why, in the current language; else NULL */
};

/* Adds a step; takes the sentence. */
struct hop_step *hops_add_step(struct hop *hop, enum hop_layer layer, enum hop_way way,
                               char *sentence);
/* Fills hop->steps. */
void hops_tell(const struct hop_scene *s);

#endif
