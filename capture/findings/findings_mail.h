/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_FINDINGS_MAIL_H
#define CAPTURE_FINDINGS_FINDINGS_MAIL_H

/* The rows about what SMTP says (findings_mail_rules.c), for the modules that speak them. */
#include "capture/findings/findings_module.h"

extern const struct finding_rule enum_001, enum_002, relay_001, abuse_001, smug_001, eai_001,
    eai_002, cap_001;

#endif
