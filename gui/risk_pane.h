/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_RISK_PANE_H
#define GUI_RISK_PANE_H

/* Logins and findings of what is shown: severity, who, what follows from it, what to do, and the
 * frames that prove it. Secrets are masked and revealed one by one. */
#include "gui/session.h"

GtkWidget *risk_pane_new(Session *session);

#endif
