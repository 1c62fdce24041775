// DTLS beside OpenSSL in one run: handshakes per second, and what a record of 1200 bytes costs
// beside the bare cipher with a context that is used again.
//
// Time is processor time of this process; run with interleaved repetitions, as bench/README.md
// says.
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <utility>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/certificate.h"
#include "dtls/connection.h"

namespace {

std::size_t allocations = 0;  // ours and those of OpenSSL

void* counted(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}
void* openssl_malloc(std::size_t size, const char* /*file*/, int /*line*/) { return counted(size); }
void* openssl_realloc(void* at, std::size_t size, const char* /*file*/, int /*line*/) {
  ++allocations;
  return std::realloc(at, size);
}
void openssl_free(void* at, const char* /*file*/, int /*line*/) { std::free(at); }
// Before OpenSSL has asked for anything.
const int kInstalled = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*size*/) noexcept { std::free(at); }

namespace {

using namespace glass;

constexpr std::size_t kRecordText = 1200;

const crypto::Identity& identity() {
  static const crypto::Identity kIdentity = crypto::Identity::make("bench", 1'700'000'000);
  return kIdentity;
}

struct Ends {
  explicit Ends(dtls::Version version)
      : client(config(dtls::Role::kClient, version), random, Trace{}),
        server(config(dtls::Role::kServer, version), random, Trace{}) {}
  static dtls::Config config(dtls::Role role, dtls::Version version) {
    dtls::Config config;
    config.role = role;
    config.max_version = version;
    config.identity = &identity();
    config.remote_fingerprints = {identity().fingerprint()};
    config.limits.records_before_update = std::uint64_t{1} << 60;
    return config;
  }
  void connect() {
    server.start(Instant{});
    client.start(Instant{});
    for (bool busy = true; busy;) {
      busy = false;
      for (packet.clear(); client.poll_transmit(Instant{}, packet); packet.clear(), busy = true)
        server.receive(Instant{}, packet.bytes());
      for (packet.clear(); server.poll_transmit(Instant{}, packet); packet.clear(), busy = true)
        client.receive(Instant{}, packet.bytes());
    }
    while (client.poll_event() || server.poll_event()) {
    }
    CHECK(client.is_open() && server.is_open());
  }

  SeededRandom random{1};
  dtls::Connection client;
  dtls::Connection server;
  PacketBuffer packet;
};

void handshake(benchmark::State& state, dtls::Version version) {
  for (auto _ : state) {
    Ends ends(version);
    ends.connect();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(handshake, glass_12, dtls::Version::k12);
BENCHMARK_CAPTURE(handshake, glass_13, dtls::Version::k13);

SSL_CTX* openssl_context(bool is_client) {
  SSL_CTX* const context = SSL_CTX_new(is_client ? DTLS_client_method() : DTLS_server_method());
  const std::string pem = identity().to_pem();
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  CHECK(SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256") == 1);
  CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return context;
}

// A wire for libssl that keeps datagrams apart: what one side has written, the other reads, one per
// call. (A memory BIO would hand DTLS several datagrams as one.)
struct Wire {
  std::deque<ByteVector> to_peer;
  Wire* peer = nullptr;
};
int wire_write(BIO* bio, const char* data, int size) {
  static_cast<Wire*>(BIO_get_data(bio))->to_peer.emplace_back(data, data + size);
  return size;
}
int wire_read(BIO* bio, char* out, int size) {
  std::deque<ByteVector>& incoming = static_cast<Wire*>(BIO_get_data(bio))->peer->to_peer;
  BIO_clear_retry_flags(bio);
  if (incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(incoming.front().size(), static_cast<std::size_t>(size));
  std::copy_n(incoming.front().begin(), count, out);
  incoming.pop_front();
  return static_cast<int>(count);
}
long wire_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT ? 1 : 0;
}
BIO_METHOD* wire_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "wire");
    BIO_meth_set_write(method, wire_write);
    BIO_meth_set_read(method, wire_read);
    BIO_meth_set_ctrl(method, wire_control);
    return method;
  }();
  return kMethod;
}

SSL* openssl_end(SSL_CTX* context, Wire& wire) {
  SSL* const ssl = SSL_new(context);
  BIO* const bio = BIO_new(wire_method());
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_mtu(ssl, kRecordText);
  return ssl;
}

void handshake_openssl_12(benchmark::State& state) {
  SSL_CTX* const client_context = openssl_context(true);
  SSL_CTX* const server_context = openssl_context(false);
  for (auto _ : state) {
    Wire up;
    Wire down{.to_peer = {}, .peer = &up};
    up.peer = &down;
    SSL* const client = openssl_end(client_context, up);
    SSL* const server = openssl_end(server_context, down);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20 && (!SSL_is_init_finished(client) || !SSL_is_init_finished(server));
         ++i) {
      SSL_do_handshake(client);
      SSL_do_handshake(server);
    }
    CHECK(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    SSL_free(client);
    SSL_free(server);
  }
  state.SetItemsProcessed(state.iterations());
  SSL_CTX_free(client_context);
  SSL_CTX_free(server_context);
}
BENCHMARK(handshake_openssl_12);

void protect_and_open(benchmark::State& state, dtls::Version version) {
  Ends ends(version);
  ends.connect();
  const std::size_t before = allocations;
  for (auto _ : state) {
    ends.packet.clear();
    (void)ends.packet.append(kRecordText);
    ends.client.seal(ends.packet);
    ends.server.receive(Instant{}, ends.packet.bytes());
    while (ends.server.poll_event()) {
    }
  }
  state.counters["allocations_per_record"] = benchmark::Counter(
      static_cast<double>(allocations - before), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(protect_and_open, glass_12, dtls::Version::k12);
BENCHMARK_CAPTURE(protect_and_open, glass_13, dtls::Version::k13);

void protect_and_open_bare_gcm(benchmark::State& state) {
  const std::array<std::uint8_t, 16> key{1};
  const std::array<std::uint8_t, 12> nonce{2};
  const std::array<std::uint8_t, 13> associated{3};
  std::array<std::uint8_t, kRecordText> text{};
  std::array<std::uint8_t, 16> tag{};
  std::array<EVP_CIPHER_CTX*, 2> contexts{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_new()};
  EVP_CIPHER* const gcm = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  for (const int sealing : {1, 0})
    EVP_CipherInit_ex2(contexts.at(static_cast<std::size_t>(sealing)), gcm, key.data(), nullptr,
                       sealing, nullptr);
  for (auto _ : state) {
    for (const int sealing : {1, 0}) {
      EVP_CIPHER_CTX* const context = contexts.at(static_cast<std::size_t>(sealing));
      int done = 0;
      EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), sealing, nullptr);
      if (sealing == 0) EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag.data());
      EVP_CipherUpdate(context, nullptr, &done, associated.data(), 13);
      EVP_CipherUpdate(context, text.data(), &done, text.data(), static_cast<int>(text.size()));
      CHECK(EVP_CipherFinal_ex(context, text.data(), &done) == 1);
      if (sealing == 1) EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag.data());
    }
  }
  for (EVP_CIPHER_CTX* const each : contexts) EVP_CIPHER_CTX_free(each);
  EVP_CIPHER_free(gcm);
}
BENCHMARK(protect_and_open_bare_gcm);

}  // namespace
