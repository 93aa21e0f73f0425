/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_PPP_H
#define CAPTURE_DECODE_PPP_H

/* What ppp.c and ppp_option.c share. */
#include "capture/decode/build.h"

enum {
  PPP_IPCP = 0x8021,
  PPP_IPV6CP = 0x8057,
  PPP_LCP = 0xc021,
  PPP_PAP = 0xc023,
  PPP_LQR = 0xc025,
  PPP_CHAP = 0xc223
};

/* NULL when the number is none that is known. */
const char *ppp_protocol_name(uint16_t protocol);

/* What a message of LCP, IPCP or IPV6CP says behind its length. False when messages of this code
 * hold nothing that is read here. */
bool ppp_control_data_build(struct decode *d, uint16_t protocol, unsigned code, struct slice s);

#endif
