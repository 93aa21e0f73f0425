/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_ENCAPSULATION_H
#define GUI_ENCAPSULATION_H

/* The selected frame as envelopes inside envelopes: Ethernet, IP, TCP, application, each header
 * drawn to scale in rows of 32 bits, and the share that headers take of the whole. Arrow keys walk
 * the fields, Enter selects. */
#include "gui/session.h"

GtkWidget *encapsulation_new(Session *session);

#endif
