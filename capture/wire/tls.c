/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.c -- the record header of TLS and the names of its numbers.
 *
 *     | type 1 | version 2 | length 2 | handshake: type 1, length 3, ... |
 *
 * RFC 8446, 5246, 6066 (server name), 7301 (ALPN). Cipher suites are in tls_suites.c. */
#include "capture/wire/tls.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/field.h"

static const struct wire_field record_fields[] = {
    {"tls.record.content_type", "Type", 0, 8, WIRE_UINT},
    {"tls.record.version", "Version", 8, 16, WIRE_HEX},
    {"tls.record.length", "Length", 24, 16, WIRE_UINT},
};
const struct wire_header tls_record_header = {"tls", "TLS record", TLS_RECORD_HEADER_OCTETS, 3,
                                              record_fields};

size_t
tls_record_get(const uint8_t *p, size_t n, struct tls_record *out)
{
  if (n < TLS_RECORD_HEADER_OCTETS)
    return 0;
  *out = (struct tls_record){.type = p[0], .version = get_be16(p + 1), .n_octets = get_be16(p + 3)};
  return TLS_RECORD_HEADER_OCTETS;
}

size_t
tls_record_put(uint8_t *p, const struct tls_record *in)
{
  p[0] = in->type;
  put_be16(p + 1, in->version);
  put_be16(p + 3, in->n_octets);
  return TLS_RECORD_HEADER_OCTETS;
}

static const struct wire_name contents[] = {
    {20, "Change Cipher Spec"}, {21, "Alert"},     {22, "Handshake"},
    {23, "Application Data"},   {24, "Heartbeat"},
};

static const struct wire_name versions[] = {
    {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"},
    {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"},
};

static const struct wire_name handshakes[] = {
    {0, "Hello Request"},      {1, "Client Hello"},         {2, "Server Hello"},
    {4, "New Session Ticket"}, {5, "End of Early Data"},    {8, "Encrypted Extensions"},
    {11, "Certificate"},       {12, "Server Key Exchange"}, {13, "Certificate Request"},
    {14, "Server Hello Done"}, {15, "Certificate Verify"},  {16, "Client Key Exchange"},
    {20, "Finished"},          {22, "Certificate Status"},  {24, "Key Update"},
};

static const struct wire_name extensions[] = {
    {0, "server_name"},
    {1, "max_fragment_length"},
    {5, "status_request"},
    {10, "supported_groups"},
    {11, "ec_point_formats"},
    {13, "signature_algorithms"},
    {15, "heartbeat"},
    {16, "application_layer_protocol_negotiation"},
    {18, "signed_certificate_timestamp"},
    {21, "padding"},
    {22, "encrypt_then_mac"},
    {23, "extended_master_secret"},
    {27, "compress_certificate"},
    {28, "record_size_limit"},
    {35, "session_ticket"},
    {41, "pre_shared_key"},
    {42, "early_data"},
    {43, "supported_versions"},
    {44, "cookie"},
    {45, "psk_key_exchange_modes"},
    {47, "certificate_authorities"},
    {49, "post_handshake_auth"},
    {50, "signature_algorithms_cert"},
    {51, "key_share"},
    {13172, "next_protocol_negotiation"},
    {65281, "renegotiation_info"},
};

static const struct wire_name groups[] = {
    {1, "sect163k1"},
    {3, "sect163r2"},
    {6, "sect233k1"},
    {7, "sect233r1"},
    {9, "sect283k1"},
    {10, "sect283r1"},
    {11, "sect409k1"},
    {12, "sect409r1"},
    {13, "sect571k1"},
    {14, "sect571r1"},
    {19, "secp192r1"},
    {20, "secp224k1"},
    {21, "secp224r1"},
    {22, "secp256k1"},
    {23, "secp256r1"},
    {24, "secp384r1"},
    {25, "secp521r1"},
    {26, "brainpoolP256r1"},
    {27, "brainpoolP384r1"},
    {28, "brainpoolP512r1"},
    {29, "x25519"},
    {30, "x448"},
    {256, "ffdhe2048"},
    {257, "ffdhe3072"},
    {258, "ffdhe4096"},
    {259, "ffdhe6144"},
    {260, "ffdhe8192"},
    {4587, "SecP256r1MLKEM768"},
    {4588, "X25519MLKEM768"},
    {4589, "SecP384r1MLKEM1024"},
    {25497, "X25519Kyber768Draft00"},
};

/* RFC 8446 4.2.3 and, for TLS 1.2, 5246 7.4.1.4.1: hash and kind of key. */
static const struct wire_name signatures[] = {
    {0x0101, "rsa_pkcs1_md5"},
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0202, "dsa_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0301, "rsa_pkcs1_sha224"},
    {0x0302, "dsa_sha224"},
    {0x0303, "ecdsa_sha224"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0402, "dsa_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0502, "dsa_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0602, "dsa_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
};

static const struct wire_name hashes[] = {
    {0, "None"},   {1, "MD5"},    {2, "SHA1"},   {3, "SHA224"},
    {4, "SHA256"}, {5, "SHA384"}, {6, "SHA512"}, {8, "Intrinsic"},
};

static const struct wire_name key_kinds[] = {
    {0, "Anonymous"},
    {1, "RSA"},
    {2, "DSA"},
    {3, "ECDSA"},
};

static const struct wire_name point_formats[] = {
    {0, "uncompressed"},
    {1, "ansiX962_compressed_prime"},
    {2, "ansiX962_compressed_char2"},
};

static const struct wire_name psk_modes[] = {
    {0, "PSK-only key establishment (psk_ke)"},
    {1, "PSK with (EC)DHE key establishment (psk_dhe_ke)"},
};

static const struct wire_name certificate_compressions[] = {
    {1, "zlib"}, {2, "brotli"}, {3, "zstd"}};

static const struct wire_name compression_methods[] = {{0, "null"}, {1, "DEFLATE"}, {64, "LZS"}};

static const struct wire_name certificate_types[] = {
    {1, "RSA Sign"},    {2, "DSS Sign"},        {3, "RSA Fixed DH"},      {4, "DSS Fixed DH"},
    {64, "ECDSA Sign"}, {65, "RSA Fixed ECDH"}, {66, "ECDSA Fixed ECDH"},
};

static const struct wire_name alerts[] = {
    {0, "Close Notify"},
    {10, "Unexpected Message"},
    {20, "Bad Record MAC"},
    {22, "Record Overflow"},
    {40, "Handshake Failure"},
    {42, "Bad Certificate"},
    {43, "Unsupported Certificate"},
    {44, "Certificate Revoked"},
    {45, "Certificate Expired"},
    {46, "Certificate Unknown"},
    {47, "Illegal Parameter"},
    {48, "Unknown CA"},
    {49, "Access Denied"},
    {50, "Decode Error"},
    {51, "Decrypt Error"},
    {70, "Protocol Version"},
    {71, "Insufficient Security"},
    {80, "Internal Error"},
    {86, "Inappropriate Fallback"},
    {90, "User Canceled"},
    {100, "No Renegotiation"},
    {109, "Missing Extension"},
    {110, "Unsupported Extension"},
    {112, "Unrecognized Name"},
    {116, "Certificate Required"},
    {120, "No Application Protocol"},
};

/* Numbers without a meaning that clients mix in, so that servers learn to skip what they do not
 * know (RFC 8701). */
static bool
is_grease(uint16_t number)
{
  return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

const char *
tls_content_name(uint8_t type)
{
  return WIRE_NAME(contents, type);
}

const char *
tls_version_name(uint16_t version)
{
  if (is_grease(version))
    return "Reserved (GREASE)";
  return WIRE_NAME(versions, version);
}

const char *
tls_handshake_name(uint8_t type)
{
  return WIRE_NAME(handshakes, type);
}

const char *
tls_extension_name(uint16_t type)
{
  if (is_grease(type))
    return "Reserved (GREASE)";
  return WIRE_NAME(extensions, type);
}

const char *
tls_group_name(uint16_t group)
{
  if (is_grease(group))
    return "Reserved (GREASE)";
  return WIRE_NAME(groups, group);
}

const char *
tls_alert_name(uint8_t description)
{
  return WIRE_NAME(alerts, description);
}

const char *
tls_signature_name(uint16_t algorithm)
{
  return WIRE_NAME(signatures, algorithm);
}

const char *
tls_hash_name(uint8_t hash)
{
  return WIRE_NAME(hashes, hash);
}

const char *
tls_key_kind_name(uint8_t kind)
{
  return WIRE_NAME(key_kinds, kind);
}

const char *
tls_point_format_name(uint8_t format)
{
  return WIRE_NAME(point_formats, format);
}

const char *
tls_psk_mode_name(uint8_t mode)
{
  return WIRE_NAME(psk_modes, mode);
}

const char *
tls_compression_name(uint16_t algorithm)
{
  return WIRE_NAME(certificate_compressions, algorithm);
}

const char *
tls_compression_method_name(uint8_t method)
{
  return WIRE_NAME(compression_methods, method);
}

const char *
tls_certificate_type_name(uint8_t type)
{
  return WIRE_NAME(certificate_types, type);
}

enum tls_exchange
tls_exchange_of(uint16_t suite)
{
  const char *name = tls_cipher_name(suite);
  if (!name)
    return TLS_EXCHANGE_UNKNOWN;
  if (strncmp(name, "TLS_ECDHE_PSK", 13) == 0 || strncmp(name, "TLS_DHE_PSK", 11) == 0)
    return TLS_EXCHANGE_UNKNOWN;
  if (strncmp(name, "TLS_ECDH", 8) == 0)
    return TLS_EXCHANGE_ECDHE;
  if (strncmp(name, "TLS_DHE", 7) == 0 || strncmp(name, "TLS_DH_anon", 11) == 0)
    return TLS_EXCHANGE_DHE;
  return strncmp(name, "TLS_RSA_WITH", 12) == 0 || strncmp(name, "TLS_RSA_EXPORT", 14) == 0
             ? TLS_EXCHANGE_RSA
             : TLS_EXCHANGE_UNKNOWN;
}
