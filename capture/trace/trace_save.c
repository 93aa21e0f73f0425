/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace_save.c -- comments of frames, and a trace as a pcapng file again.
 *
 * What the file said that was read comes first (its own comment, interfaces, names, secrets), then
 * every frame with its stamp and comment, then what was lost. Times are nanoseconds since 1970,
 * whatever the clock of the file was. */
#include <string.h>

#include "capture/source/writer.h"
#include "capture/trace/trace.h"
#include "capture/trace/trace_store.h"
#include "capture/wire/lang.h"

const GArray *
trace_names(const struct trace *t)
{
  return t->reader ? reader_names(t->reader) : NULL;
}

const char *
trace_comment(const struct trace *t, uint32_t frame)
{
  return t->comments ? g_hash_table_lookup(t->comments, GUINT_TO_POINTER(frame)) : NULL;
}

bool
trace_set_comment(struct trace *t, uint32_t frame, const char *comment)
{
  g_assert(frame < trace_n_frames(t));
  const char *old = trace_comment(t, frame);
  size_t n_old = old ? strlen(old) : 0, n = comment ? strlen(comment) : 0;
  if (n > 2 * READER_COMMENT_MAX || t->n_comment_octets - n_old + n > TRACE_COMMENTS_MAX)
    return false;
  t->n_comment_octets += n - n_old;
  if (!t->comments)
    t->comments = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  if (n)
    g_hash_table_insert(t->comments, GUINT_TO_POINTER(frame), g_strdup(comment));
  else
    g_hash_table_remove(t->comments, GUINT_TO_POINTER(frame));
  return true;
}

static bool
save_head(const struct trace *t, struct pcapng_writer *w, GError **error)
{
  for (guint i = 0; i < t->interfaces->len; i++) {
    const struct trace_interface *shown = &g_array_index(t->interfaces, struct trace_interface, i);
    const struct reader_interface *read = t->reader ? reader_interface(t->reader, i) : NULL;
    if (!pcapng_writer_interface_filtered(w, shown->link, shown->snap_octets, shown->name,
                                          read ? read->description : NULL,
                                          read ? read->filter : NULL, error))
      return false;
  }
  const GArray *names = trace_names(t);
  for (guint i = 0; names && i < names->len; i++) {
    const struct reader_name *n = &g_array_index(names, struct reader_name, i);
    if (!pcapng_writer_name(w, n->version, n->octets, n->name, error))
      return false;
  }
  const GByteArray *secrets = t->reader ? reader_secrets(t->reader) : NULL;
  return !secrets || pcapng_writer_secrets(w, (const char *)secrets->data, secrets->len, error);
}

static bool
save_frame(const struct trace *t, struct pcapng_writer *w, uint32_t index, GByteArray *octets,
           GError **error)
{
  const struct trace_frame f = trace_frame(t, index);
  if (!trace_octets(t, index, octets)) {
    g_set_error(error, SOURCE_ERROR, SOURCE_ERROR_READ,
                lang_text("frame %u can no longer be read: the capture file was changed or removed",
                          "อ่านเฟรม %u ไม่ได้อีก เพราะไฟล์แคปเจอร์ถูกเปลี่ยนหรือถูกลบ"),
                index + 1);
    return false;
  }
  return pcapng_writer_packet(w, f.interface, f.time_ns, octets->data, octets->len, f.wire_octets,
                              trace_comment(t, index), error);
}

/* The sum of all interfaces stands at the first: only it is known. */
static bool
save_drops(const struct trace *t, struct pcapng_writer *w, GError **error)
{
  struct reader_drops drops = t->reader ? reader_drops(t->reader) : (struct reader_drops){0};
  if (!drops.is_known || t->interfaces->len == 0)
    return true;
  uint32_t n = trace_n_frames(t);
  int64_t last_ns = n ? trace_frame(t, n - 1).time_ns : 0;
  return pcapng_writer_statistics(w, 0, last_ns, drops.n_interface, drops.n_kernel, error);
}

bool
trace_save(const struct trace *t, GOutputStream *out, GError **error)
{
  struct pcapng_writer *w =
      pcapng_writer_new(out, t->reader ? reader_section_comment(t->reader) : NULL);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  bool ok = save_head(t, w, error);
  for (uint32_t i = 0; ok && i < trace_n_frames(t); i++)
    ok = save_frame(t, w, i, octets, error);
  ok = ok && save_drops(t, w, error) && pcapng_writer_flush(w, error);
  pcapng_writer_free(w);
  return ok;
}
