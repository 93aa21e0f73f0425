/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_WRITER_H
#define CAPTURE_SOURCE_WRITER_H

/* Writes pcapng (draft-ietf-opsawg-pcapng): section, interfaces, name resolution, packets with
 * comments, statistics. Nanosecond stamps. The same calls give the same octets on every build and
 * machine. */
#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

struct pcapng_writer;

/* Writes to `out` (borrowed, not closed). `comment` (may be NULL) goes into the section header. */
struct pcapng_writer *pcapng_writer_new(GOutputStream *out, const char *comment);
void pcapng_writer_free(struct pcapng_writer *w);

/* Interfaces first; ids count from 0. `name` and `description` may be NULL. */
bool pcapng_writer_interface(struct pcapng_writer *w, uint16_t link, uint32_t snap_octets,
                             const char *name, const char *description, GError **error);
/* The same with the libpcap expression that its frames passed; NULL: none. */
bool pcapng_writer_interface_filtered(struct pcapng_writer *w, uint16_t link, uint32_t snap_octets,
                                      const char *name, const char *description, const char *filter,
                                      GError **error);
/* One IPv4 or IPv6 address and its host name, in a name resolution block. */
bool pcapng_writer_name(struct pcapng_writer *w, uint8_t ip_version, const uint8_t *octets,
                        const char *name, GError **error);
/* Lines of an NSS key log, as a decryption secrets block: before the packets that need them. */
bool pcapng_writer_secrets(struct pcapng_writer *w, const char *lines, size_t n, GError **error);
/* `comment` may be NULL. */
bool pcapng_writer_packet(struct pcapng_writer *w, uint32_t interface, int64_t time_ns,
                          const uint8_t *octets, uint32_t captured, uint32_t wire,
                          const char *comment, GError **error);
/* What was lost at an interface until `time_ns`, in an interface statistics block: last. */
bool pcapng_writer_statistics(struct pcapng_writer *w, uint32_t interface, int64_t time_ns,
                              uint64_t n_lost_interface, uint64_t n_lost_kernel, GError **error);
bool pcapng_writer_flush(struct pcapng_writer *w, GError **error);

#endif
