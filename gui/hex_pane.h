/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HEX_PANE_H
#define GUI_HEX_PANE_H

/* The octets of the selected frame: offset | hexadecimal | text, one tab per source (frame,
 * reassembled stream, decoded base64). Octets of secrets are shown as ** until revealed. */
#include "gui/session.h"

GtkWidget *hex_pane_new(Session *session);

#endif
