/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_PCAPNG_H
#define CAPTURE_WIRE_PCAPNG_H

/* The numbers of a pcapng file (draft-ietf-opsawg-pcapng), for its reader and its two writers.
 *
 *     block:  type 4 | total length 4 | body, padded to 4 | total length 4
 *     option: code 2 | length 2 | value, padded to 4;  ends with code 0, length 0 */
enum pcapng_number {
  PCAPNG_BLOCK_SECTION = 0x0A0D0D0A, /* the same in both byte orders */
  PCAPNG_BLOCK_INTERFACE = 1,
  PCAPNG_BLOCK_OLD_PACKET = 2,
  PCAPNG_BLOCK_SIMPLE = 3,
  PCAPNG_BLOCK_NAMES = 4,
  PCAPNG_BLOCK_STATISTICS = 5,
  PCAPNG_BLOCK_PACKET = 6,
  PCAPNG_BLOCK_SECRETS = 10,
  PCAPNG_ORDER_MAGIC = 0x1A2B3C4D,
  PCAPNG_SECRETS_TLS = 0x544c534b, /* "TLSK" */

  PCAPNG_OPT_END = 0,
  PCAPNG_OPT_COMMENT = 1,
  PCAPNG_SHB_OS = 3,
  PCAPNG_SHB_USERAPPL = 4,
  PCAPNG_IF_NAME = 2,
  PCAPNG_IF_DESCRIPTION = 3,
  PCAPNG_IF_TSRESOL = 9,
  PCAPNG_IF_FILTER = 11, /* its value begins with an octet: 0 for a libpcap expression */
  PCAPNG_IF_OS = 12,
  PCAPNG_IF_TSOFFSET = 14,
  PCAPNG_NRB_IPV4 = 1,
  PCAPNG_NRB_IPV6 = 2,
  PCAPNG_ISB_STARTTIME = 2, /* high and low half, in the interface's units */
  PCAPNG_ISB_ENDTIME = 3,
  PCAPNG_ISB_IFRECV = 4, /* these count in 8 octets */
  PCAPNG_ISB_IFDROP = 5,
  PCAPNG_ISB_FILTERACCEPT = 6,
  PCAPNG_ISB_OSDROP = 7,
  PCAPNG_ISB_USRDELIV = 8,
};

#endif
