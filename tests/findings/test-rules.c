/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-rules.c -- what every rule has in common, and that the rig of this folder sees it. */
#include <string.h>

#include "tests/findings/rig.h"

static void
test_a_login_in_clear_is_found_in_every_cut(void)
{
  rig_expect("@ 10.0.0.5:40001 > 10.0.0.2:110\n"
             "S: +OK ready\n"
             "C: USER anna\n"
             "S: +OK\n"
             "C: PASS s3cret word\n"
             "S: +OK\n"
             ".",
             "AUTH-00", "AUTH-001 critical high accepted x1 {} {s3cret word}");
}

static void
test_loopback_is_two_steps_lower(void)
{
  rig_expect("@ 127.0.0.1:40001 > 127.0.0.1:110\n"
             "S: +OK ready\n"
             "C: USER anna\n"
             "S: +OK\n"
             "C: PASS s3cret\n"
             "S: -ERR no\n"
             ".",
             "AUTH-00", "AUTH-002 low high rejected x1 {} {s3cret}");
}

static void
test_what_is_true_of_a_server_is_said_once(void)
{
  rig_expect("@ 10.0.0.5:40001 > 10.0.0.2:143\n"
             "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\n"
             ".\n"
             "@ 10.0.0.6:40002 > 10.0.0.2:143\n"
             "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\n"
             ".\n"
             "@ 10.0.0.6:40003 > 10.0.0.3:143\n"
             "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] ready\n"
             ".",
             "AUTH-003",
             "AUTH-003 high high unknown x2 {} {* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] "
             "ready\\r\\n}\n"
             "AUTH-003 high high unknown x1 {} {* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] "
             "ready\\r\\n}");
}

/* Whether an RFC has the section, tests/project/check_citations.py looks up. */
static void
assert_all_match(const char *const *items, const char *pattern)
{
  for (; *items; items++)
    if (!g_regex_match_simple(pattern, *items, 0, 0))
      g_error("\"%s\" is no reference of the form %s", *items, pattern);
}

static void
test_rows_are_whole_and_in_both_languages(void)
{
  for (unsigned i = 0; i < finding_rules_n(); i++) {
    const struct finding_rule *r = finding_rule_get(i);
    g_assert_true(finding_rule_find(r->id) == r); /* no id twice */
    g_assert_true(r->rfc && r->cwe && r->attack);
    const char *english[] = {r->title.en, r->explanation.en, r->remediation.en};
    const char *thai[] = {r->title.th, r->explanation.th, r->remediation.th};
    for (unsigned k = 0; k < 3; k++) {
      g_assert_nonnull(english[k]);
      g_assert_nonnull(thai[k]);
      bool has_thai = false;
      for (const char *p = thai[k]; *p; p = g_utf8_next_char(p))
        has_thai |= g_unichar_get_script(g_utf8_get_char(p)) == G_UNICODE_SCRIPT_THAI;
      g_assert_true(has_thai);
      g_assert_false(strstr(english[k], "  "));
    }
    assert_all_match(r->rfc,
                     "^(RFC [0-9]{3,4}( section [0-9]+(\\.[0-9]+)*)?|CVE-[0-9]{4}-[0-9]{4,}|VU#[0-9]+|"
                     "MS-NLMP section [0-9.]+|UTS 39 section [0-9]+|draft-[a-z-]+)$");
    assert_all_match(r->cwe, "^CWE-[1-9][0-9]*$");
    assert_all_match(r->attack, "^T[0-9]{4}(\\.[0-9]{3})?$");
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/rules/clear-login", test_a_login_in_clear_is_found_in_every_cut);
  g_test_add_func("/rules/loopback", test_loopback_is_two_steps_lower);
  g_test_add_func("/rules/once", test_what_is_true_of_a_server_is_said_once);
  g_test_add_func("/rules/rows", test_rows_are_whole_and_in_both_languages);
  return g_test_run();
}
