/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pending_findings.c -- stands in while findings.c is not in the tree; built only then. */
#include "capture/findings/findings.h"

struct findings *
findings_new(void)
{
  return NULL;
}
void
findings_free(struct findings *f)
{
}
void
findings_login(struct findings *f, const struct login *login, const struct finding_flow *where,
               int64_t time_ns, const struct evidence *evidence, unsigned n_evidence)
{
}
void
findings_notice(struct findings *f, const struct notice *notice, const struct finding_flow *where,
                int64_t time_ns, const struct evidence *evidence, unsigned n_evidence)
{
}
unsigned
findings_n_logins(const struct findings *f)
{
  return 0;
}
const struct login_record *
findings_get_login(const struct findings *f, unsigned i)
{
  return NULL;
}
unsigned
findings_n(const struct findings *f)
{
  return 0;
}
const struct finding *
findings_get(const struct findings *f, unsigned i)
{
  return NULL;
}
