/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-imap.c -- IMAP conversations, see fuzz-session.h for the notation. */
#include "tests/fuzz/fuzz-session.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"login", TEXT_SEED("\0"
                        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n\xfe"
                        "a LOGIN {1}\r\n\xfe"
                        "+ go\r\n\xfe"
                        "u {1+}\r\np\r\n\xfe"
                        "a OK in\r\n\xfe"
                        "b SELECT INBOX\r\n\xfe"
                        "* 1 EXISTS\r\nb OK\r\n\xfe"
                        "c FETCH 1 BODY[]\r\n\xfe"
                        "* 1 FETCH (BODY[] {4}\r\nabcd)\r\nc OK\r\n\xfe"
                        "d IDLE\r\n\xfe"
                        "+ x\r\n\xfe"
                        "DONE\r\n\xfe"
                        "d OK\r\n")},
    {"authenticate", TEXT_SEED("\2"
                               "* OK hi\r\n\xfe"
                               "a AUTHENTICATE SCRAM-SHA-256 biwsbj1hLHI9Yg==\r\n\xfe"
                               "+ cj1i\r\n\xfe"
                               "Yz1iaXdzLHI9YixwPXg=\r\n\xfe"
                               "a NO [PRIVACYREQUIRED] tls\r\n\xfe"
                               "b LOGIN \"u\\\"\" \"p\"\r\n\xfe"
                               "b OK\r\n\xfe"
                               "c APPEND x {3+}\r\nabc\r\nd COMPRESS DEFLATE\r\n\xfe"
                               "c OK\r\nd OK\r\n\1\2\3\xfe\4\5")},
    {"starttls", TEXT_SEED("\0"
                           "* PREAUTH hi\r\n\xfe"
                           "a STARTTLS\r\n\xfe"
                           "a OK go\r\n\xfe\26\3\1\0\2\1\1\xfe\27\3\3\0\1x")},
    {"holes", TEXT_SEED("\1"
                        "* 1 EXISTS\r\n\xff\5\xfe"
                        "AGEAYg==\r\nx LOGIN {9}\r\nab\xff\4"
                        "cd\r\n\xfe"
                        "x OK\r\ny BAD\r\n")},
    {NULL, NULL, 0}};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  return fuzz_session(p, n, 143);
}
