/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_INTERFACES_H
#define CAPTURE_SOURCE_INTERFACES_H

/* The network interfaces of this computer. Listing them needs no right. */
#include <glib.h>
#include <stdbool.h>

struct interface_info {
  char *name;
  char *description; /* NULL when the system has none */
  char **addresses;  /* as text, without prefix; NULL-terminated */
  bool is_up, is_running, is_loopback;
  bool is_any; /* all interfaces at once, "any" */
};

/* Elements struct interface_info *, those that are up and running first, then by name; "any" last.
 * Devices that are no network interfaces (USB, Bluetooth, message buses) are left out. NULL and
 * LIVE_ERROR (live.h) when the system does not tell. Free with g_ptr_array_unref(). */
GPtrArray *interfaces_list(GError **error);

#endif
