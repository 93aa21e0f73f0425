/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_HELPER_CARD_H
#define CAPTURE_HELPER_CARD_H

/* Opens an interface with libpcap; the only place that needs a right. */
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/helper/control.h"

enum { CARD_TIMEOUT_MS = 100 }; /* how long the kernel keeps a block of the ring that is not full */

struct card_settings {
  const char *interface, *filter; /* "" lets every frame through */
  int snap_octets, ring_octets;
  uint64_t floor_octets; /* of free room on the disk; 0: not looked at */
  bool is_promiscuous;
};

/* CONTROL_ERROR_NONE: *out captures already and does not block; *index is the interface's number, 0
 * for "any". Otherwise why not, and in `text` (PCAP_ERRBUF_SIZE octets) what the system said. */
enum control_error card_open(const struct card_settings *set, pcap_t **out, int *index, char *text);

/* The number that files use for its link type. */
uint16_t card_link(pcap_t *p);

#endif
