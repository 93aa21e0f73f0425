/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_OUTER_H
#define CAPTURE_FILTER_OUTER_H

/* Frames of no flow whose headers are soon told. Private to this folder. */
#include "capture/filter/tree.h"

/* Reads the frame when its record has no flow. True when it holds ARP, or ICMP that quotes no other
 * datagram, and nothing else that the index has keys for: then *out is what struct filter_row says
 * of such a flow. False: only pass 2 can say. `octets` is room for the frame. */
bool filter_outer_tell(const struct trace *t, uint32_t frame, GByteArray *octets,
                       struct trace_flow *out);

#endif
