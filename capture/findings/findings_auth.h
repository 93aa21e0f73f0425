/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_AUTH_H
#define CAPTURE_FINDINGS_FINDINGS_AUTH_H

/* The rows about logins (findings_auth_rules.c), for the module that speaks them. */
#include "capture/findings/findings_module.h"

extern const struct finding_rule auth_001, auth_002, auth_003;
extern const struct finding_rule *const finding_rules_auth[]; /* NULL-terminated */

#endif
