/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_MEMORY_H
#define CAPTURE_TLS_MEMORY_H

#include <stdbool.h>

/* From here on OpenSSL and ICU take their memory from g_malloc(): when there is none, the program
 * ends there with GLib's message. The first thing that a main() does; later calls change nothing. */
void memory_begin(void);

/* Whether a call of libidn2 was IDN2_OK. IDN2_MALLOC says nothing of the name that was asked about:
 * the program ends with a message. */
bool memory_idn2(int result);

#endif
