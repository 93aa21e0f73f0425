/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TCP_PLOT_H
#define GUI_TCP_PLOT_H

/* The selected TCP connection over time: windows and octets under way, or sequence numbers; the
 * time cursor is a line, and what the curves say there is written beside their marks. */
#include "gui/session.h"

GtkWidget *tcp_plot_new(Session *session);

#endif
