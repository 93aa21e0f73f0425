/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-pop3.c -- POP3 conversations, see fuzz-session.h for the notation. */
#include "tests/fuzz/fuzz-session.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"mailbox", TEXT_SEED("\0"
                          "+OK <1.2@t>\r\n\xfe"
                          "CAPA\r\n\xfe"
                          "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n\xfe"
                          "USER a\r\nPASS b\r\n\xfe"
                          "+OK\r\n+OK\r\n\xfe"
                          "RETR 1\r\n\xfe"
                          "+OK 5 octets\r\nx\r\n..\r\n.\r\n\xfe"
                          "QUIT\r\n\xfe"
                          "+OK\r\n")},
    {"auth", TEXT_SEED("\2"
                       "+OK <1.2@t>\r\n\xfe"
                       "APOP a 0123456789abcdef0123456789abcdef\r\n\xfe"
                       "-ERR no\r\n\xfe"
                       "AUTH CRAM-MD5\r\n\xfe"
                       "+ PDFAbXg+\r\n\xfe"
                       "YWxpY2UgMDEyMzQ1\r\n\xfe"
                       "+OK\r\n\xfe"
                       "UIDL\r\n\xfe"
                       "+OK\r\n1 a\r\n.\r\n")},
    {"stls", TEXT_SEED("\0"
                       "+OK\n\xfe"
                       "STLS\n\xfe"
                       "+OK go\n\xfe\26\3\1\0\2\1\1"
                       "x\xfe"
                       "plain\n")},
    {"holes", TEXT_SEED("\1"
                        "+OK\r\n\xff\5\xfe"
                        "PASS \xff\4"
                        "x\r\nSTAT\r\n\xfe"
                        "+OK 1 2\r\n+OK 9 octets\r\na\r\n.\r\n")},
    {NULL, NULL, 0}};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  return fuzz_session(p, n, 110);
}
