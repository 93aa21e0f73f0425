/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_TLS_TLS_KEYS_H
#define SIM_TLS_TLS_KEYS_H

/* The fixed keys, as PEM texts. */
#include "sim/tls/tls.h"

extern const char *const tls_keys[TLS_N_KEYS];

#endif
