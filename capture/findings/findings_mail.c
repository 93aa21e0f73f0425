/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_mail.c -- rules about what is said with SMTP: enumeration, relaying, floods, smuggling,
 * look-alikes. */
#include "capture/findings/findings_module.h"

static const struct finding_rule *const rules[] = {NULL};

const struct finding_module finding_module_mail = {.rules = rules};
