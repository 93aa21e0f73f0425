/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_HELPER_SANDBOX_H
#define CAPTURE_HELPER_SANDBOX_H

#include <stdbool.h>

/* Gives up every right for good: capabilities, the chance to gain any by exec, and all system calls
 * but those that reading a packet ring, writing open descriptors and answering on the control
 * socket need; another one ends the process (SIGSYS). To be called once, after everything is open.
 * NULL when it is done; otherwise what could not be done, and the caller must not go on. */
const char *sandbox_enter(void);

#endif
