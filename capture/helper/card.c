/* SPDX-License-Identifier: GPL-3.0-or-later */
/* card.c -- from an interface's name to a ring of frames.
 *
 *     name ─> create ─> options ─> activate ─> filter ─> not blocking
 *
 * No immediate mode: with a large snap length each frame would take a slot of that size in the
 * ring, and most of a fast stream is lost; blocks of frames, handed over when full or after a tenth
 * of a second, lose none. */
#include "capture/helper/card.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

uint16_t
card_link(pcap_t *p)
{
  int link = pcap_datalink(p); /* as in files, but for a few old ones */
  return (uint16_t)(link == DLT_RAW || link == 14 ? 101 : link);
}

static bool
set_options(pcap_t *p, const struct card_settings *set)
{
  return pcap_set_snaplen(p, set->snap_octets) == 0 &&
         pcap_set_promisc(p, set->is_promiscuous) == 0 &&
         pcap_set_timeout(p, CARD_TIMEOUT_MS) == 0 &&
         pcap_set_buffer_size(p, set->ring_octets) == 0 &&
         pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO) == 0;
}

static enum control_error
activate(pcap_t *p)
{
  switch (pcap_activate(p)) {
  case PCAP_ERROR_PERM_DENIED:
  case PCAP_ERROR_PROMISC_PERM_DENIED:
    return CONTROL_ERROR_PERMISSION;
  case PCAP_ERROR_NO_SUCH_DEVICE:
    return CONTROL_ERROR_NO_INTERFACE;
  case PCAP_ERROR_IFACE_NOT_UP:
    return CONTROL_ERROR_DOWN;
  case 0:
  case PCAP_WARNING:
  case PCAP_WARNING_PROMISC_NOTSUP:
  case PCAP_WARNING_TSTAMP_TYPE_NOTSUP:
    return CONTROL_ERROR_NONE;
  default:
    return CONTROL_ERROR_CAPTURE;
  }
}

static enum control_error
set_filter(pcap_t *p, const char *filter)
{
  struct bpf_program program;
  if (!*filter)
    return CONTROL_ERROR_NONE;
  if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
    return CONTROL_ERROR_FILTER;
  bool done = pcap_setfilter(p, &program) == 0;
  pcap_freecode(&program);
  return done ? CONTROL_ERROR_NONE : CONTROL_ERROR_CAPTURE;
}

enum control_error
card_open(const struct card_settings *set, pcap_t **out, int *index, char *text)
{
  /* Interfaces of the kernel and "any" only: libpcap also knows USB, Bluetooth and message buses,
   * which are nobody's business here. */
  *index = (int)if_nametoindex(set->interface);
  if (*index <= 0 && strcmp(set->interface, "any") != 0)
    return CONTROL_ERROR_NO_INTERFACE;
  pcap_t *p = pcap_create(set->interface, text);
  if (!p || !set_options(p, set))
    return CONTROL_ERROR_CAPTURE;
  enum control_error error = activate(p);
  if (error == CONTROL_ERROR_NONE && *index <= 0)
    (void)pcap_set_datalink(p, DLT_LINUX_SLL2); /* says which interface a frame came by */
  if (error == CONTROL_ERROR_NONE)
    error = set_filter(p, set->filter);
  if (error != CONTROL_ERROR_NONE) {
    snprintf(text, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
    return error;
  }
  *out = p;
  return pcap_setnonblock(p, 1, text) == 0 ? CONTROL_ERROR_NONE : CONTROL_ERROR_CAPTURE;
}
