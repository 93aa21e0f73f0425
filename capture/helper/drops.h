/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_HELPER_DROPS_H
#define CAPTURE_HELPER_DROPS_H

/* What was lost on the way to us, as the kernel counts it. pcap_stats() is not asked, because it
 * opens files of /sys each time. */
#include <stdbool.h>
#include <stdint.h>

struct drops {
  int packet_socket; /* libpcap's; borrowed */
  int route_socket;  /* asks for the interface's counters; -1: none ("any") */
  int interface_index;
  uint64_t n_interface_before; /* counters of the interface when the capture began */
  uint64_t n_kernel, n_interface;
};

/* Counts from now on. `interface_index` 0: no single interface. False when the kernel does not
 * tell; counters then stay 0. */
bool drops_init(struct drops *d, int packet_socket, int interface_index);

/* Brings the counters up to date. False when the interface is no longer there. */
bool drops_update(struct drops *d);

#endif
