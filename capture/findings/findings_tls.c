/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_tls.c -- rules about TLS itself and the policies that demand it. */
#include "capture/findings/findings_module.h"

static const struct finding_rule *const rules[] = {NULL};

const struct finding_module finding_module_tls = {.rules = rules};
