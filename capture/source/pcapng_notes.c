/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcapng_notes.c -- what a pcapng file says beside its frames: comments, names of addresses,
 * losses.
 *
 *     names: type 4 | length 4 | records (type 2, length 2, address, name NUL) ending with type 0
 *     statistics: type 5 | length 4 | interface 4 | time 8 | options
 *
 * Statistics replace earlier ones of the same interface, because they count from the beginning of
 * the capture. A frame's comments are looked for only when somebody asks. */
#include <string.h>

#include "capture/source/pcapng.h"
#include "capture/wire/pcapng.h"

enum {
  SECTION_OPTIONS = 24, /* where the options of each block begin */
  STATISTICS_OPTIONS = 20,
  NAMES_RECORDS = 8,
  NAME_OCTETS_MAX = 255, /* RFC 1035 section 3.1 */
};

bool
pcapng_option(const struct pcapng *ng, const uint8_t *p, size_t n, size_t *at,
              struct pcapng_option *out)
{
  if (n < 4 || *at > n - 4)
    return false;
  *out = (struct pcapng_option){.code = pcapng_get16(ng, p + *at),
                                .n_octets = pcapng_get16(ng, p + *at + 2),
                                .octets = p + *at + 4};
  if (out->code == PCAPNG_OPT_END || out->n_octets > n - *at - 4)
    return false;
  *at += 4 + (out->n_octets + 3u) / 4 * 4;
  return true;
}

char *
pcapng_text(const uint8_t *octets, size_t n, size_t max)
{
  g_autofree char *text = g_strndup((const char *)octets, n < max ? n : max);
  return g_utf8_make_valid(text, -1);
}

static void
name_clear(void *data)
{
  g_free(((struct reader_name *)data)->name);
}

void
pcapng_notes_init(struct pcapng *ng)
{
  ng->names = g_array_new(FALSE, FALSE, sizeof(struct reader_name));
  g_array_set_clear_func(ng->names, name_clear);
  ng->drops = g_array_new(FALSE, TRUE, sizeof(struct pcapng_drops));
}

void
pcapng_notes_clear(struct pcapng *ng)
{
  g_clear_pointer(&ng->names, g_array_unref);
  g_clear_pointer(&ng->drops, g_array_unref);
  g_clear_pointer(&ng->comment, g_free);
}

char *
pcapng_notes_comment(const struct pcapng *ng, const uint8_t *options, size_t n)
{
  GString *all = NULL;
  struct pcapng_option o;
  for (size_t at = 0; pcapng_option(ng, options, n, &at, &o);) {
    if (o.code != PCAPNG_OPT_COMMENT || !o.n_octets || (all && all->len >= READER_COMMENT_MAX))
      continue;
    g_autofree char *text = pcapng_text(o.octets, o.n_octets, READER_COMMENT_MAX);
    if (all)
      g_string_append_printf(all, "\n%s", text);
    else
      all = g_string_new(text);
  }
  return all ? g_string_free(all, FALSE) : NULL;
}

void
pcapng_notes_section(struct pcapng *ng, const uint8_t *block, size_t n)
{
  if (!ng->comment && n > SECTION_OPTIONS)
    ng->comment = pcapng_notes_comment(ng, block + SECTION_OPTIONS, n - SECTION_OPTIONS);
}

void
pcapng_notes_names(struct pcapng *ng, const uint8_t *block, size_t n)
{
  struct pcapng_option o; /* records have the form of options */
  if (n < NAMES_RECORDS)
    return;
  block += NAMES_RECORDS;
  n -= NAMES_RECORDS;
  for (size_t at = 0; pcapng_option(ng, block, n, &at, &o);) {
    size_t n_address = o.code == PCAPNG_NRB_IPV4 ? 4 : o.code == PCAPNG_NRB_IPV6 ? 16 : 0;
    if (!n_address || o.n_octets <= n_address || ng->names->len >= READER_NAMES_MAX)
      continue;
    struct reader_name name = {.version = n_address == 4 ? 4 : 6};
    memcpy(name.octets, o.octets, n_address);
    size_t n_name = strnlen((const char *)o.octets + n_address, o.n_octets - n_address);
    if (n_name == 0)
      continue;
    name.name = pcapng_text(o.octets + n_address, n_name, NAME_OCTETS_MAX);
    g_array_append_val(ng->names, name);
  }
}

void
pcapng_notes_statistics(struct pcapng *ng, const uint8_t *block, size_t n)
{
  uint32_t index = n >= STATISTICS_OPTIONS ? pcapng_interface_index(ng, pcapng_get32(ng, block + 8))
                                           : UINT32_MAX;
  if (index == UINT32_MAX) {
    ng->n_bad_records++;
    return;
  }
  if (ng->drops->len <= index)
    g_array_set_size(ng->drops, index + 1);
  struct pcapng_drops *d = &g_array_index(ng->drops, struct pcapng_drops, index);
  struct pcapng_option o;
  for (size_t at = 0;
       pcapng_option(ng, block + STATISTICS_OPTIONS, n - STATISTICS_OPTIONS, &at, &o);) {
    if ((o.code != PCAPNG_ISB_IFDROP && o.code != PCAPNG_ISB_OSDROP) || o.n_octets < 8)
      continue;
    uint64_t count = ng->is_big_endian ? get_be64(o.octets) : get_le64(o.octets);
    d->is_known = true;
    *(o.code == PCAPNG_ISB_IFDROP ? &d->n_interface : &d->n_kernel) = count;
  }
}
