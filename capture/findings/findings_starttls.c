/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_starttls.c -- rules about the change from clear text to TLS (STARTTLS, STLS). */
#include "capture/findings/findings_module.h"

static const struct finding_rule *const rules[] = {NULL};

const struct finding_module finding_module_starttls = {.rules = rules};
