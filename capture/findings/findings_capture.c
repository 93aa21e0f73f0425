/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_capture.c -- the rule about the capture itself: what it lacks. */
#include "capture/findings/findings_module.h"

static const struct finding_rule *const rules[] = {NULL};

const struct finding_module finding_module_capture = {.rules = rules};
