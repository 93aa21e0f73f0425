/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TOPOLOGY_H
#define GUI_TOPOLOGY_H

/* The hosts, the links and the packets on their way at the time cursor. */
#include "gui/session.h"

GtkWidget *topology_new(Session *session);

#endif
