/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_name.c -- what a pcapng file says an address is called, beside the address.
 *
 * Whoever recorded the file, or a program that looked at it later, wrote names into it (name
 * resolution blocks, pcapng section 4.5). They are hearsay: nothing on the wire proves them, so the
 * fields are generated, and no rule or filter of addresses uses them. */
#include <string.h>

#include "capture/decode/build.h"
#include "capture/source/reader.h"

enum { SOURCE_NAME, DESTINATION_NAME };

static const struct field_def defs[] = {
    [SOURCE_NAME] = {"enveloscope.ip.src_name",
                     FIELD_TEXT,
                     {"Name of the source", "ชื่อของต้นทาง"},
                     {"The capture file says that this address is called %s; nothing on the wire "
                      "proves it.",
                      "ไฟล์แคปเจอร์บอกว่าที่อยู่นี้ชื่อ %s โดยไม่มีหลักฐานบนสาย"},
                     "pcapng section 4.5"},
    [DESTINATION_NAME] = {"enveloscope.ip.dst_name",
                          FIELD_TEXT,
                          {"Name of the destination", "ชื่อของปลายทาง"},
                          {"The capture file says that this address is called %s; nothing on the "
                           "wire proves it.",
                           "ไฟล์แคปเจอร์บอกว่าที่อยู่นี้ชื่อ %s โดยไม่มีหลักฐานบนสาย"},
                          "pcapng section 4.5"},
};
FIELD_TABLE(host_name_fields, defs);

static guint
record_hash(gconstpointer key)
{
  const struct reader_name *n = key;
  guint hash = n->version;
  for (unsigned i = 0; i < (n->version == 4 ? 4 : 16); i++)
    hash = hash * 31 + n->octets[i];
  return hash;
}

static gboolean
record_equal(gconstpointer a, gconstpointer b)
{
  const struct reader_name *x = a, *y = b;
  return x->version == y->version && memcmp(x->octets, y->octets, x->version == 4 ? 4 : 16) == 0;
}

/* The record of an address. A file that is still read may get more of them; the array may move. */
static const struct reader_name *
find_record(struct decode *d, struct slice address)
{
  const GArray *names = trace_names(d->trace);
  struct decode_work *w = d->work;
  if (!names || names->len == 0 || (address.n != 4 && address.n != 16))
    return NULL;
  if (!w->host_names || w->n_host_names != names->len || w->host_names_at != names->data) {
    g_clear_pointer(&w->host_names, g_hash_table_unref);
    w->host_names = g_hash_table_new(record_hash, record_equal);
    for (guint i = names->len; i-- > 0;) { /* the first record of an address wins */
      struct reader_name *n = &g_array_index(names, struct reader_name, i);
      g_hash_table_replace(w->host_names, n, n);
    }
    w->n_host_names = names->len;
    w->host_names_at = names->data;
  }
  struct reader_name wanted = {.version = address.n == 4 ? 4 : 6};
  memcpy(wanted.octets, address.p, address.n);
  return g_hash_table_lookup(w->host_names, &wanted);
}

void
host_name_build(struct decode *d, struct slice address, bool is_source)
{
  if (d->work->summary_only)
    return;
  const struct reader_name *n = find_record(d, address);
  if (n && n->name)
    build_generated(d, build_string(d, &defs[is_source ? SOURCE_NAME : DESTINATION_NAME],
                                    slice_none(address), n->name));
}
