/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HOPS_PANE_H
#define GUI_HOPS_PANE_H

/* What each layer of each device did with the selected packet: up on the way in, down on the way out,
 * and which fields were changed between. */
#include "gui/session.h"

GtkWidget *hops_pane_new(Session *session);

#endif
