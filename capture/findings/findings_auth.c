/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth.c -- rules about logins.
 *
 *     login ──> AUTH-001 (accepted, or no verdict seen), AUTH-002 (rejected)
 *     notice ─> AUTH-003 (offered in the clear)
 *
 * A password that was sent is a finding whatever the server said: accepted or without a verdict in
 * the capture it is AUTH-001 (without a verdict one step less sure), else AUTH-002. A login that
 * was refused before its secret was sent is only recorded: that is how it should be. What was said
 * inside TLS is no finding of these. */
#include "capture/findings/findings_auth.h"

static void *
start(struct findings *f)
{
  return f;
}

static void
on_login(void *state, const struct login_record *login, uint32_t index,
         const struct finding_place *place)
{
  if (login->secret_kind != SECRET_PASSWORD || login->encrypted)
    return;
  bool in_vain = login->outcome == LOGIN_REJECTED || login->outcome == LOGIN_REFUSED;
  struct finding *found = findings_add(state, in_vain ? &auth_002 : &auth_001, place, NULL);
  if (!found)
    return;
  found->outcome = login->outcome;
  found->confidence = login->confidence;
  if (login->outcome == LOGIN_UNKNOWN)
    found->confidence = login->confidence == CONFIDENCE_HIGH ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
  found->login = index;
}

static void
on_notice(void *state, const struct notice *notice, const struct finding_place *place)
{
  if (notice->kind == NOTICE_CLEAR_LOGIN_OFFERED)
    findings_add_once(state, &auth_003, place, NULL);
}

const struct finding_module finding_module_auth = {
    .rules = finding_rules_auth, .start = start, .login = on_login, .notice = on_notice};
