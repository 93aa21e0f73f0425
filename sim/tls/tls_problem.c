/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_problem.c -- what is wrong, as sentences: certificates (RFC 5280 6), alerts (RFC 8446 6).
 *
 * The tables hold what a simulated run can bring about and what real peers say most; for the rest
 * OpenSSL's own words are taken, which are English. */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "capture/wire/lang.h"
#include "sim/tls/tls_private.h"

static const struct {
  int error;
  struct lang_pair text;
} certificates[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, {"the certificate has expired", "ใบรับรองหมดอายุแล้ว"}},
    {X509_V_ERR_CERT_NOT_YET_VALID, {"the certificate is not valid yet", "ใบรับรองยังไม่ถึงวันเริ่มใช้"}},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     {"the certificate is self-signed: nobody vouches for it",
      "ใบรับรองลงลายมือชื่อด้วยตนเอง ไม่มีใครรับรองให้"}},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     {"the certificate's authority is not one that is trusted", "ผู้ออกใบรับรองไม่อยู่ในรายชื่อที่เชื่อถือ"}},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     {"the certificate's authority is not known", "ไม่รู้จักผู้ออกใบรับรอง"}},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     {"the certificate's authority is not known", "ไม่รู้จักผู้ออกใบรับรอง"}},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE,
     {"the signature on the certificate is wrong", "ลายมือชื่อบนใบรับรองไม่ถูกต้อง"}},
    {X509_V_ERR_HOSTNAME_MISMATCH, {"the certificate is for another name", "ใบรับรองออกให้ชื่ออื่น"}},
    {X509_V_ERR_IP_ADDRESS_MISMATCH,
     {"the certificate is for another address", "ใบรับรองออกให้ที่อยู่อื่น"}},
    {X509_V_ERR_EE_KEY_TOO_SMALL, {"the certificate's key is too short", "กุญแจของใบรับรองสั้นเกินไป"}},
    {X509_V_ERR_CA_KEY_TOO_SMALL,
     {"the key of the certificate's authority is too short", "กุญแจของผู้ออกใบรับรองสั้นเกินไป"}},
    {X509_V_ERR_CA_MD_TOO_WEAK,
     {"the certificate is signed with a weak digest", "ใบรับรองลงลายมือชื่อด้วยแฮชที่อ่อนแอ"}},
    {X509_V_ERR_INVALID_PURPOSE,
     {"the certificate is not meant for this purpose", "ใบรับรองไม่ได้ออกมาเพื่อการใช้งานนี้"}},
};

const char *
tls_problem_certificate(int error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(certificates); i++) {
    if (certificates[i].error == error)
      return lang_pick(certificates[i].text);
  }
  return X509_verify_cert_error_string(error);
}

static const struct {
  unsigned description;
  const char *name;
  struct lang_pair text;
} alerts[] = {
    {0, "close_notify", {"nothing more will be sent", "จะไม่ส่งอะไรอีก"}},
    {10,
     "unexpected_message",
     {"a message came that does not fit here", "ได้รับข้อความที่ไม่ควรมาในขั้นนี้"}},
    {20, "bad_record_mac", {"a record was altered on its way", "เรกคอร์ดถูกแก้ไขระหว่างทาง"}},
    {22, "record_overflow", {"a record is too long", "เรกคอร์ดยาวเกินกำหนด"}},
    {40, "handshake_failure", {"no common settings were found", "ตกลงค่าที่ใช้ร่วมกันไม่ได้"}},
    {42, "bad_certificate", {"the certificate is not good", "ใบรับรองใช้ไม่ได้"}},
    {43,
     "unsupported_certificate",
     {"the certificate is of an unknown kind", "ไม่รองรับชนิดของใบรับรอง"}},
    {44, "certificate_revoked", {"the certificate was revoked", "ใบรับรองถูกเพิกถอน"}},
    {45, "certificate_expired", {"the certificate is out of date", "ใบรับรองไม่อยู่ในช่วงเวลาที่ใช้ได้"}},
    {46, "certificate_unknown", {"the certificate is not accepted", "ไม่ยอมรับใบรับรอง"}},
    {47, "illegal_parameter", {"a value is out of range", "มีค่าที่อยู่นอกขอบเขต"}},
    {48, "unknown_ca", {"the certificate's authority is not trusted", "ไม่เชื่อถือผู้ออกใบรับรอง"}},
    {49, "access_denied", {"the certificate gives no access", "ใบรับรองนี้ไม่มีสิทธิ์เข้าใช้"}},
    {50, "decode_error", {"a message could not be read", "อ่านข้อความไม่ได้"}},
    {51, "decrypt_error", {"a signature or a check sum is wrong", "ลายมือชื่อหรือค่าตรวจสอบไม่ถูกต้อง"}},
    {70, "protocol_version", {"this version of TLS is not spoken", "ไม่รองรับ TLS รุ่นนี้"}},
    {71, "insufficient_security", {"the offered ciphers are too weak", "ชุดรหัสที่เสนออ่อนแอเกินไป"}},
    {80,
     "internal_error",
     {"something failed that has nothing to do with the peer", "เกิดข้อผิดพลาดภายในที่ไม่เกี่ยวกับอีกฝ่าย"}},
    {86, "inappropriate_fallback", {"a lower version was offered than needed", "เสนอรุ่นต่ำกว่าที่ควร"}},
    {90, "user_canceled", {"the handshake was given up", "ยกเลิกแฮนด์เชก"}},
    {100, "no_renegotiation", {"no second handshake is made", "ไม่ทำแฮนด์เชกซ้ำ"}},
    {109, "missing_extension", {"an extension is missing", "ขาดส่วนขยายที่ต้องมี"}},
    {110,
     "unsupported_extension",
     {"an extension came that was not offered", "ได้รับส่วนขยายที่ไม่ได้เสนอไป"}},
    {112, "unrecognized_name", {"nobody of that name is served here", "ไม่มีชื่อนี้ที่เซิร์ฟเวอร์นี้"}},
    {116, "certificate_required", {"a client certificate is wanted", "ต้องการใบรับรองของไคลเอนต์"}},
    {120, "no_application_protocol", {"no common protocol was found", "ไม่มีโพรโทคอลที่ใช้ร่วมกัน"}},
};

char *
tls_problem_alert(unsigned description)
{
  for (size_t i = 0; i < G_N_ELEMENTS(alerts); i++) {
    if (alerts[i].description == description)
      return g_strdup_printf("%s (%u): %s", alerts[i].name, description, lang_pick(alerts[i].text));
  }
  return g_strdup_printf("%u", description);
}

/* What OpenSSL gives up with; its other reasons are passed on in its words. */
static const struct {
  int reason;
  struct lang_pair text;
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER,
     {"what came is no TLS: perhaps clear text", "สิ่งที่ได้รับไม่ใช่ TLS อาจเป็นข้อความไม่เข้ารหัส"}},
    {SSL_R_HTTP_REQUEST, {"what came is an HTTP request", "สิ่งที่ได้รับเป็นคำขอ HTTP"}},
    {SSL_R_UNSUPPORTED_PROTOCOL,
     {"no version of TLS is spoken by both sides", "ไม่มี TLS รุ่นที่ทั้งสองฝ่ายรองรับ"}},
    {SSL_R_NO_SHARED_CIPHER, {"no cipher suite is known to both sides", "ไม่มีชุดรหัสที่ทั้งสองฝ่ายรู้จัก"}},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
     {"a record was altered on its way", "เรกคอร์ดถูกแก้ไขระหว่างทาง"}},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
     {"the client showed no certificate", "ไคลเอนต์ไม่ได้แสดงใบรับรอง"}},
};

char *
tls_problem_library(void)
{
  /* the first error is the cause, later ones tell where it passed */
  unsigned long error = ERR_peek_error();
  const char *words = error ? ERR_reason_error_string(error) : NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
    if (error && ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == reasons[i].reason)
      return g_strdup(lang_pick(reasons[i].text));
  }
  return g_strdup(words ? words
                        : lang_text("the peer's octets are no TLS", "ออกเตตจากอีกฝ่ายไม่ใช่ TLS"));
}
