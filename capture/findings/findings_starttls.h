/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_STARTTLS_H
#define CAPTURE_FINDINGS_FINDINGS_STARTTLS_H

/* The rows about the change to TLS (findings_starttls_rules.c), for the module that speaks them. */
#include "capture/findings/findings_module.h"

extern const struct finding_rule stls_001, stls_002, stls_003, stls_004, stls_005, stls_006,
    stls_007, stls_008, stls_009;
extern const struct finding_rule *const finding_rules_starttls[]; /* NULL-terminated */

#endif
