/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_MASK_H
#define GUI_MASK_H

/* Which octets of a decoded frame's sources belong to a secret: those of secret fields, and
 * wherever the same octets are seen again (the base64 text around a decoded password, the segment
 * under a reassembled line), so that no view gives away what another one hides. */
#include "capture/decode/decode.h"

/* One GByteArray per source (NULL when nothing of it is secret), octet 1 where masked. Nothing is
 * masked when the decode reveals. Free with mask_clear(). */
struct mask {
  GByteArray *sources[DECODE_SOURCES_MAX];
};

void mask_init(struct mask *m, const struct decode *d);
void mask_clear(struct mask *m);
bool mask_has(const struct mask *m, unsigned source, uint32_t octet);

#endif
