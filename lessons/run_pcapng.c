/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_pcapng.c -- a run's trace as a capture file: names of interfaces and hosts, no wall clock,
 * and a comment on what never arrived. The form itself is capture/source/writer.h. */
#include "capture/source/writer.h"
#include "lessons/run_private.h"

static const char lost_comment[] = "lost on its way";

/* An interface's description: what it is connected to. The sender tap is on no single link. */
static char *
describe_interface(const struct run *r, uint32_t index)
{
  if (r->tap == TAP_SENDER)
    return g_strdup("each packet once, as it leaves its sender");
  struct link_info link = net_link_info(r->net, r->tap == TAP_LINK ? r->tap_link : index);
  return g_strdup_printf("%s - %s", net_host_info(r->net, link.ends[0]).name,
                         net_host_info(r->net, link.ends[1]).name);
}

static bool
write_head(const struct run *r, struct pcapng_writer *w, GError **error)
{
  for (uint16_t i = 0; i < trace_n_interfaces(r->trace); i++) {
    const struct trace_interface *interface = trace_interface(r->trace, i);
    g_autofree char *description = describe_interface(r, i);
    if (!pcapng_writer_interface(w, interface->link, interface->snap_octets, interface->name,
                                 description, error))
      return false;
  }
  for (uint32_t i = 0; i < net_n_hosts(r->net); i++) {
    struct host_info host = net_host_info(r->net, i);
    for (uint32_t k = 0; k < net_n_addresses(r->net, i); k++) {
      struct host_address a = net_address(r->net, i, k);
      if (!pcapng_writer_name(w, a.addr.version, a.addr.octets, host.name, error))
        return false;
    }
  }
  return true;
}

struct pcapng_writer *
run_begin_pcapng(const struct run *r, GOutputStream *out, GError **error)
{
  g_autofree char *comment = g_strdup_printf("Enveloscope %s, scenario %s, seed %" G_GUINT64_FORMAT,
                                             ENVELOSCOPE_VERSION, r->plan->id, r->seed);
  struct pcapng_writer *w = pcapng_writer_new(out, comment);
  if (write_head(r, w, error) && pcapng_writer_flush(w, error))
    return w;
  pcapng_writer_free(w);
  return NULL;
}

bool
run_stream_pcapng(struct pcapng_writer *w, uint16_t interface, const struct world_frame *f,
                  GError **error)
{
  return pcapng_writer_packet(w, interface, TRACE_SIM_EPOCH_NS + f->time_ns, f->octets, f->n_octets,
                              f->n_octets, f->is_lost ? lost_comment : NULL, error);
}

bool
run_stream_secret(struct pcapng_writer *w, const char *line, GError **error)
{
  g_autofree char *lines = g_strconcat(line, "\n", NULL);
  return pcapng_writer_secrets(w, lines, strlen(lines), error);
}

bool
run_write_pcapng(const struct run *r, GOutputStream *out, GError **error)
{
  struct pcapng_writer *w = run_begin_pcapng(r, out, error);
  if (!w)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  bool ok = pcapng_writer_secrets(w, r->keylog->str, r->keylog->len, error);
  for (uint32_t i = 0; ok && i < trace_n_frames(r->trace); i++) {
    const struct trace_frame f = trace_frame(r->trace, i);
    trace_octets(r->trace, i, octets);
    bool is_lost = g_array_index(r->frame_is_lost, guint8, i) != 0;
    const char *written = trace_comment(r->trace, i);
    g_autofree char *both =
        is_lost && written ? g_strdup_printf("%s\n%s", lost_comment, written) : NULL;
    ok = pcapng_writer_packet(w, f.interface, f.time_ns, octets->data, octets->len, f.wire_octets,
                              both      ? both
                              : is_lost ? lost_comment
                                        : written,
                              error);
  }
  ok = ok && pcapng_writer_flush(w, error);
  pcapng_writer_free(w);
  return ok;
}
