/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_FILTER_ENTRY_H
#define GUI_FILTER_ENTRY_H

/* The display filter: an entry that is green for a filter, red for none and yellow for one that is
 * allowed but doubtful, says why below itself, completes keys, and remembers what was applied.
 * Enter applies, Escape brings back what is applied, Up and Down walk the history. */
#include "gui/session.h"

GtkWidget *filter_entry_new(Session *session);

void filter_entry_focus(GtkWidget *entry);
/* Takes the focus and this text at the end of what stands there (typing in the packet list). */
void filter_entry_type(GtkWidget *entry, const char *text);

#endif
