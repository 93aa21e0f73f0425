/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_account.c -- what a program that opens a scenario's mail to the outside asks of it: which
 * hosts there are, and accounts that the scenario does not name. */
#include "sim/mail/build_private.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/mailfile.h"

#include <string.h>

uint32_t
mail_host(const struct mail *m, unsigned i)
{
  return i < m->sites->len ? ((const struct site *)m->sites->pdata[i])->host : UINT32_MAX;
}

bool
mail_account(struct mail *m, const char *name, const char *password)
{
  if (!*name || strlen(name) > MAIL_ACCOUNT_OCTETS_MAX || strpbrk(name, " @<>\t\r\n") ||
      !g_utf8_validate(name, -1, NULL))
    return false;
  for (guint i = 0; i < m->sites->len; i++) {
    const struct site *s = m->sites->pdata[i];
    struct store_user *u = store_add_user(s->store, name, password);
    g_free(u->password);
    u->password = g_strdup(password);
  }
  return true;
}

const char *
mail_authority_pem(const struct mail *m)
{
  const struct tls *t = secure_tls(m->secure);
  return t ? tls_authority_pem(t) : NULL;
}

struct store_user *
mail_find_account(const struct mail *m, uint32_t host, const char *name)
{
  const struct site *s = build_find_site(m, host);
  if (!s)
    return NULL;
  return name ? store_find_user(s->store, name) : store_first_user(s->store);
}

bool
mail_save_maildirs(const struct mail *m, const char *dir, unsigned *n_accounts, GError **error)
{
  if (n_accounts)
    *n_accounts = 0;
  for (guint i = 0; i < m->sites->len; i++) {
    const struct site *s = m->sites->pdata[i];
    const char *host = net_host_info(m->net, s->host).name;
    struct store_user *user;
    for (unsigned j = 0; (user = store_user_at(s->store, j)) != NULL; j++) {
      g_autofree char *path = g_build_filename(dir, host, user->name, NULL);
      if (strchr(user->name, G_DIR_SEPARATOR) || user->name[0] == '.')
        return mailfile_fail(
            error, path,
            lang_text("this account's name cannot be a folder", "ชื่อบัญชีนี้ใช้เป็นชื่อโฟลเดอร์ไม่ได้"));
      if (!maildir_save(user, path, s->name, error))
        return false;
      if (n_accounts)
        (*n_accounts)++;
    }
  }
  return true;
}
