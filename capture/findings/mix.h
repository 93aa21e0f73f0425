/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_MIX_H
#define CAPTURE_FINDINGS_MIX_H

/* One number out of several values, by which the rules find what they remember. Each step takes
 * eight octets, multiplies by an odd number and folds the upper half down (as in wyhash and its
 * kin), so that a line costs as many steps as it has words. Nothing secret is protected by it, and
 * nothing outlives the run. */
#include <stddef.h>

#include "capture/wire/addr.h"
#include "capture/wire/bytes.h"

#define MIX_KEY UINT64_C(0xcbf29ce484222325)

static inline uint64_t
mix_number(uint64_t key, uint64_t value)
{
  key = (key ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return key ^ key >> 32;
}

/* Between the values of one key their lengths are mixed in, so that "ab", "c" is not "a", "bc". */
static inline uint64_t
mix_octets(uint64_t key, const void *octets, size_t n)
{
  const uint8_t *p = octets;
  size_t left = n;
  for (; left >= 8; p += 8, left -= 8)
    key = mix_number(key, get_le64(p));
  uint64_t rest = 0;
  if (left >= 4) /* the two may overlap */
    rest = (uint64_t)get_le32(p) << 32 | get_le32(p + left - 4);
  else if (left)
    rest = (uint32_t)p[0] << 16 | (uint32_t)p[left / 2] << 8 | p[left - 1];
  return mix_number(mix_number(key, rest), n);
}

static inline uint64_t
mix_addr(uint64_t key, const struct ip_addr *a)
{
  key = mix_number(key, get_le64(a->octets));
  return mix_number(key, a->version == 4 ? 4 : get_le64(a->octets + 8));
}

#endif
