/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_LADDER_H
#define GUI_LADDER_H

/* The frames that fit the filter as arrows between lanes, one lane per host, time downwards. */
#include "gui/session.h"

GtkWidget *ladder_new(Session *session);

#endif
