/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-control.c -- the control protocol of the capture helper, both sides: any packets, each with
 * its length in front (2 octets, little endian), as the helper and as its caller would take them.
 * What is understood has one form only, and the order of messages ends with BYE. */
#include <glib.h>
#include <string.h>

#include "capture/helper/control.h"
#include "capture/wire/bytes.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"session",
     TEXT_SEED("\14\0\1\1\0\0\1\0\0\0\0\0\4\0"
               "\24\0\2\1\0\0\144\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
               "\44\0\3\1\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
               "\24\0\6\1\0\0\144\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0")},
    {"trouble", TEXT_SEED("\13\0\5\1\0\0\1\0\3\0no!\24\0\6\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
    {"caller", TEXT_SEED("\4\0\101\1\0\0\4\0\100\1\0\0")},
    {"wrong", TEXT_SEED("\4\0\100\2\0\0\0\0\1\0\1\377\377")},
    {NULL, NULL, 0}};

static void
take(const uint8_t *p, size_t n, unsigned *said)
{
  struct control_message m, again;
  uint8_t octets[CONTROL_MESSAGE_MAX];
  if (!control_get(p, n, &m))
    return;
  g_assert_cmpuint(strlen(m.text), <=, CONTROL_TEXT_MAX);
  for (const char *c = m.text; *c; c++)
    g_assert_true((uint8_t)*c >= 0x20 && *c != 0x7f);
  size_t n_again = control_put(&m, octets);
  g_assert_true(control_get(octets, n_again, &again));
  g_assert_cmpmem(&m, sizeof m, &again, sizeof again);
  if (m.type != CONTROL_ERROR) /* its text may have lost control characters, or end with a NUL */
    g_assert_cmpmem(octets, n_again, p, n);
  bool was_over = *said & 1u << CONTROL_BYE;
  bool fits = control_may_follow(said, m.type);
  g_assert_false(fits && (was_over || !control_is_from_helper(m.type)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  unsigned said = 0;
  while (n >= 2) {
    size_t n_packet = get_le16(p);
    p += 2;
    n -= 2;
    n_packet = n_packet < n ? n_packet : n;
    g_autofree uint8_t *packet = g_memdup2(p, n_packet); /* its end is seen by the sanitizer */
    take(packet, n_packet, &said);
    p += n_packet;
    n -= n_packet;
  }
  return 0;
}
