#include "tests/dtls/support/openssl_end.h"

#include <chrono>
#include <cstring>
#include <string>
#include <sys/time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace {

// Far enough from zero for OpenSSL to subtract from.
constexpr long kVirtualEpoch = 1'700'000'000;
long virtual_microseconds = 0;

}  // namespace

// Takes the place of libc's for the whole program, libssl included.
extern "C" int gettimeofday(struct timeval* out, void* /*zone*/) noexcept {
  out->tv_sec = kVirtualEpoch + virtual_microseconds / 1'000'000;
  out->tv_usec = virtual_microseconds % 1'000'000;
  return 0;
}

namespace glass::dtls::test {
namespace {

void set_clock(Instant now) {
  virtual_microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
}

OpenSslEnd& end_of(BIO* bio) { return *static_cast<OpenSslEnd*>(BIO_get_data(bio)); }

int write_datagram(BIO* bio, const char* data, int size) {
  end_of(bio).outgoing.emplace_back(data, data + size);
  return size;
}
int read_datagram(BIO* bio, char* out, int size) {
  auto& incoming = end_of(bio).incoming;
  BIO_clear_retry_flags(bio);
  if (incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const ByteVector datagram = incoming.front();
  incoming.pop_front();
  const int count = std::min(size, static_cast<int>(datagram.size()));
  std::memcpy(out, datagram.data(), static_cast<std::size_t>(count));
  return count;
}
long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT ? 1 : 0;
}

int accept_any(int /*ok*/, X509_STORE_CTX* /*store*/) { return 1; }
unsigned int first_50_ms_then_double(SSL* /*ssl*/, unsigned int last) {
  return last == 0 ? 50'000 : last * 2;
}
int make_cookie(SSL* /*ssl*/, unsigned char* out, unsigned int* size) {
  std::memset(out, 0x5c, 20);
  *size = 20;
  return 1;
}
int check_cookie(SSL* /*ssl*/, const unsigned char* cookie, unsigned int size) {
  return size == 20 && cookie[0] == 0x5c ? 1 : 0;
}
void watch(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
    static_cast<OpenSslEnd*>(SSL_get_app_data(ssl))->alerts.push_back(value & 0xff);
}
void log_key(const SSL* ssl, const char* line) {
  static_cast<OpenSslEnd*>(SSL_get_app_data(ssl))->key_log += line;
}

void use_identity(SSL_CTX* context, const std::string& pem) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(bio);
}

}  // namespace

OpenSslEnd::OpenSslEnd(const OpenSslOptions& options) {
  const bool is_client = options.role == Role::kClient;
  context_ = SSL_CTX_new(is_client ? DTLS_client_method() : DTLS_server_method());
  CHECK(context_ != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(context_, DTLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_cipher_list(context_, options.suites.c_str()) == 1);
  CHECK(SSL_CTX_set1_groups_list(context_, options.groups.c_str()) == 1);
  SSL_CTX_set_options(context_, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | options.options);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  SSL_CTX_set_keylog_callback(context_, log_key);
  if (!options.srtp.empty())
    CHECK(SSL_CTX_set_tlsext_use_srtp(context_, options.srtp.c_str()) == 0);
  if (options.cookie_exchange) {
    SSL_CTX_set_options(context_, SSL_OP_COOKIE_EXCHANGE);
    SSL_CTX_set_cookie_generate_cb(context_, make_cookie);
    SSL_CTX_set_cookie_verify_cb(context_, check_cookie);
  }
  const crypto::Identity& identity =
      options.identity != nullptr ? *options.identity : (is_client ? alice() : bob());
  use_identity(context_, options.pem.empty() ? identity.to_pem() : options.pem);
  ssl_ = SSL_new(context_);
  SSL_set_app_data(ssl_, this);
  SSL_set_info_callback(ssl_, watch);
  DTLS_set_timer_cb(ssl_, first_50_ms_then_double);
  SSL_set_mtu(ssl_, options.mtu);
  method_ = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "line");
  BIO_meth_set_write(method_, write_datagram);
  BIO_meth_set_read(method_, read_datagram);
  BIO_meth_set_ctrl(method_, control);
  BIO* const bio = BIO_new(method_);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (is_client)
    SSL_set_connect_state(ssl_);
  else
    SSL_set_accept_state(ssl_);
}

OpenSslEnd::~OpenSslEnd() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  BIO_meth_free(method_);
}

void OpenSslEnd::pump(Instant now) {
  now_ = now;
  set_clock(now);
  ERR_clear_error();
  if (failed_) return;
  if (SSL_is_init_finished(ssl_) == 0) {
    const int result = SSL_do_handshake(ssl_);
    if (result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) {
      failed_ = true;
      return;
    }
  }
  std::array<char, 20000> buffer{};
  for (;;) {
    const int count = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) break;
    received_.emplace_back(buffer.data(), static_cast<std::size_t>(count));
  }
}

void OpenSslEnd::start(Instant now) { pump(now); }

void OpenSslEnd::receive(Instant now, ByteVector datagram) {
  incoming.push_back(std::move(datagram));
  pump(now);
}

void OpenSslEnd::on_time(Instant now) {
  now_ = now;
  set_clock(now);
  if (!failed_) DTLSv1_handle_timeout(ssl_);
  pump(now);
}

Instant OpenSslEnd::next_time() {
  set_clock(now_);
  timeval left{};
  if (failed_ || DTLSv1_get_timeout(ssl_, &left) != 1) return kNever;
  return now_ + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

std::optional<ByteVector> OpenSslEnd::poll_transmit(Instant /*now*/) {
  if (outgoing.empty()) return std::nullopt;
  ByteVector out = std::move(outgoing.front());
  outgoing.pop_front();
  return out;
}

bool OpenSslEnd::is_open() { return !failed_ && SSL_is_init_finished(ssl_) == 1; }

void OpenSslEnd::send(Instant now, std::string_view text) {
  now_ = now;
  set_clock(now);
  CHECK(SSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
        static_cast<int>(text.size()));
}

void OpenSslEnd::shutdown(Instant now) {
  now_ = now;
  set_clock(now);
  SSL_shutdown(ssl_);
}

}  // namespace glass::dtls::test
