/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-smtp.c -- SMTP conversations, see fuzz-session.h for the notation. */
#include "tests/fuzz/fuzz-session.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"message", TEXT_SEED("\0"
                          "220 mx ESMTP\r\n\xfe"
                          "EHLO pc\r\n\xfe"
                          "250-mx\r\n250 AUTH PLAIN\r\n\xfe"
                          "AUTH PLAIN AGEAYg==\r\n\xfe"
                          "235 ok\r\n\xfe"
                          "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\xfe"
                          "250 a\r\n250 b\r\n354 go\r\n\xfe"
                          "x\r\n..\r\n.\r\n\xfe"
                          "250 ok\r\n\xfe"
                          "QUIT\r\n\xfe"
                          "221 bye\r\n")},
    {"auth", TEXT_SEED("\2"
                       "220 mx ESMTP\r\n\xfe"
                       "EHLO pc\r\n\xfe"
                       "250 mx\r\n\xfe"
                       "AUTH LOGIN\r\n\xfe"
                       "334 VXNlcm5hbWU6\r\n\xfe"
                       "YWxpY2U=\r\n\xfe"
                       "334 UGFzc3dvcmQ6\r\n\xfe"
                       "czNjcmV0\r\n\xfe"
                       "535 no\r\n\xfe"
                       "AUTH XOAUTH2 dXNlcj1hQGIBYXV0aD1CZWFyZXIgdG9rAQE=\r\n\xfe"
                       "334 e30=\r\n\xfe"
                       "*\r\n\xfe"
                       "501 no\r\n")},
    {"bdat", TEXT_SEED("\0"
                       "220 mx ESMTP\r\n\xfe"
                       "LHLO pc\r\n\xfe"
                       "250 CHUNKING\r\n\xfe"
                       "BDAT 4\r\nabcdBDAT 0 LAST\r\n\xfe"
                       "250 ok\r\n250 ok\r\n\xff\5\xfe"
                       "STARTTLS\r\n\xfe"
                       "220 go\r\n\xfe\26\3\1\0\2\1\1\xfe\26\3\3\0\1\2")},
    {"mid", TEXT_SEED("\1"
                      "250 2.1.0 ok\r\n\xfe"
                      "AGEAYg==\r\n\xff\3"
                      "DATA\r\nx\r\n.\r\n\xfe"
                      "334 UGFzc3dvcmQ6\r\n")},
    {NULL, NULL, 0}};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  return fuzz_session(p, n, 25);
}
