#include "net/tls.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace glass::net {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
void free_bio(BIO* bio) { BIO_free_all(bio); }
using ContextHandle = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Free<SSL_free>>;
using BioHandle = std::unique_ptr<BIO, Free<free_bio>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Free<X509_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

std::string last_error(std::string_view otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? std::string(otherwise) : std::string(reason);
}

BioHandle read_only(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

ContextHandle make_context(const SSL_METHOD* method) {
  ContextHandle context(SSL_CTX_new(method));
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  return context;
}

}  // namespace

// --- Contexts -----------------------------------------------------------------------------------

struct TlsContext::Impl {
  ContextHandle context;
  bool serves = false;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext, std::string> TlsContext::server(std::string_view certificates_pem,
                                                   std::string_view key_pem) {
  ContextHandle context = make_context(TLS_server_method());
  const BioHandle chain = read_only(certificates_pem);
  const X509Handle own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (own == nullptr) return std::unexpected("there is no certificate in PEM form");
  if (SSL_CTX_use_certificate(context.get(), own.get()) != 1)
    return std::unexpected("the certificate: " + last_error("not usable"));
  while (X509* const next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr))
    SSL_CTX_add_extra_chain_cert(context.get(), next);
  ERR_clear_error();  // the end of the text is no error
  const BioHandle text = read_only(key_pem);
  const KeyHandle key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return std::unexpected("there is no private key in PEM form");
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return std::unexpected("the key: " + last_error("not of this certificate"));
  return TlsContext(std::make_unique<Impl>(std::move(context), true));
}

Result<TlsContext, std::string> TlsContext::client(const Trust& trust) {
  ContextHandle context = make_context(TLS_client_method());
  if (!trust.accepts_all) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const int loaded = trust.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                             : SSL_CTX_load_verify_locations(
                                                   context.get(), trust.ca_file.c_str(), nullptr);
    if (loaded != 1) return std::unexpected("the authorities: " + last_error("not readable"));
  }
  return TlsContext(std::make_unique<Impl>(std::move(context), false));
}

// --- One connection -----------------------------------------------------------------------------

struct TlsPipe::Impl {
  SslHandle ssl;
  BIO* in = nullptr;  // the SSL owns both
  BIO* out = nullptr;
};

TlsPipe::TlsPipe(const TlsContext& context, std::string_view name)
    : impl_(std::make_unique<Impl>()) {
  impl_->ssl.reset(SSL_new(context.impl_->context.get()));
  impl_->in = BIO_new(BIO_s_mem());
  impl_->out = BIO_new(BIO_s_mem());
  CHECK(impl_->ssl != nullptr && impl_->in != nullptr && impl_->out != nullptr);
  BIO_set_mem_eof_return(impl_->in, -1);
  SSL* const ssl = impl_->ssl.get();
  SSL_set_bio(ssl, impl_->in, impl_->out);
  if (context.impl_->serves) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    const std::string host(name);
    if (parse_ip(host)) {
      (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else if (!host.empty()) {
      (void)SSL_set1_host(ssl, host.c_str());
      (void)SSL_set_tlsext_host_name(ssl, host.c_str());
    }
  }
  advance();
}

TlsPipe::~TlsPipe() = default;

// Takes a return value that was no success.
void TlsPipe::note(int result) {
  SSL* const ssl = impl_->ssl.get();
  const int what = SSL_get_error(ssl, result);
  if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) return;
  if (what == SSL_ERROR_ZERO_RETURN) {
    closed_ = true;
    return;
  }
  const long verified = SSL_get_verify_result(ssl);
  error_ = last_error("the TLS connection broke");
  if (verified != X509_V_OK) {
    refused_ = true;
    error_ += std::string(": ") + X509_verify_cert_error_string(verified);
  }
}

void TlsPipe::advance() {
  if (open_ || !error_.empty()) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl.get());
  if (result == 1) {
    open_ = true;
  } else {
    note(result);
  }
}

void TlsPipe::from_wire(Bytes bytes) {
  CHECK(BIO_write(impl_->in, bytes.data(), static_cast<int>(bytes.size())) ==
        static_cast<int>(bytes.size()));
  advance();
}

void TlsPipe::to_wire(ByteVector& out) {
  const std::size_t pending = BIO_ctrl_pending(impl_->out);
  if (pending == 0) return;
  const std::size_t before = out.size();
  out.resize(before + pending);
  const int got = BIO_read(impl_->out, &out[before], static_cast<int>(pending));
  out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
}

std::size_t TlsPipe::read(MutableBytes out) {
  if (!open_ || closed_ || !error_.empty()) return 0;
  ERR_clear_error();
  const int got = SSL_read(impl_->ssl.get(), out.data(), static_cast<int>(out.size()));
  if (got > 0) return static_cast<std::size_t>(got);
  note(got);
  return 0;
}

void TlsPipe::write(Bytes bytes) {
  if (bytes.empty() || !error_.empty()) return;
  ERR_clear_error();
  const int sent = SSL_write(impl_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (sent <= 0) note(sent);
}

void TlsPipe::close() {
  if (open_ && error_.empty()) (void)SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

// --- A certificate of our own -------------------------------------------------------------------

namespace {

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += (out.empty() ? "" : ",") + std::string(parse_ip(name) ? "IP:" : "DNS:") + name;
  return out;
}

}  // namespace

PemPair make_self_signed(std::string_view common_name, const std::vector<std::string>& names) {
  constexpr long kDay = 86400;
  const KeyHandle key(EVP_EC_gen("P-256"));
  const X509Handle certificate(X509_new());
  CHECK(key != nullptr && certificate != nullptr);
  X509* const x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  std::uint64_t serial = 0;
  CHECK(RAND_bytes(static_cast<unsigned char*>(static_cast<void*>(&serial)), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), 365 * kDay);
  X509_NAME* const name = X509_get_subject_name(x);
  const Bytes subject = as_bytes(common_name);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject.data(),
                             static_cast<int>(subject.size()), -1, 0);
  X509_set_issuer_name(x, name);
  X509_set_pubkey(x, key.get());
  add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
  if (!names.empty()) add_extension(x, NID_subject_alt_name, alternative_names(names));
  CHECK(X509_sign(x, key.get(), EVP_sha256()) != 0);

  const BioHandle certificate_text(BIO_new(BIO_s_mem()));
  const BioHandle key_text(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(certificate_text.get(), x) == 1);
  CHECK(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) == 1);
  return {.certificate = text_of(certificate_text.get()), .key = text_of(key_text.get())};
}

}  // namespace glass::net
