/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_SENTENCE_H
#define GUI_SENTENCE_H

/* What is shown, said in one sentence of the current language: the text twin of the canvases, read
 * by screen readers and shown above the transport bar. */
#include "gui/session.h"

/* The selected frame and, when one is selected, what its field means. g_free(). */
char *sentence_selection(Session *session);
/* "0.123456 s" */
char *sentence_time(int64_t time_ns);

/* A bar that keeps saying sentence_selection(). */
GtkWidget *sentence_bar_new(Session *session);

#endif
