// net/tls.h - TLS as a pair of pipes: bytes of the wire on one side, plain bytes on the other.
//
// The protocol is OpenSSL's libssl; sockets are the business of streams.h. TLS 1.2 and newer
// (RFC 8826 §6.5 asks the same of DTLS).  Tested by: streams_test.cc
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace glass::net {

// Which certificate we show, or which ones we accept. Shared by any number of connections.
class TlsContext {
 public:
  // What a server shows: PEM texts of its chain, own certificate first, and its key.
  // The error says what is wrong with them.
  static Result<TlsContext, std::string> server(std::string_view certificates_pem,
                                                std::string_view key_pem);
  struct Trust {
    std::string ca_file;       // PEM, in place of the system's authorities
    bool accepts_all = false;  // no check at all: for tests and for a look at a broken server
  };
  static Result<TlsContext, std::string> client(const Trust& trust);

  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;
  ~TlsContext();

 private:
  friend class TlsPipe;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One connection.
class TlsPipe {
 public:
  // `name` is whom a client means: a host name or an IP literal; a server leaves it empty.
  TlsPipe(const TlsContext& context, std::string_view name);
  ~TlsPipe();
  TlsPipe(const TlsPipe&) = delete;
  TlsPipe& operator=(const TlsPipe&) = delete;

  // Bytes came from the wire; the handshake goes on with them.
  void from_wire(Bytes bytes);
  // Appends what has to go to the wire.
  void to_wire(ByteVector& out);
  // Plain bytes that were received, as many as fit; 0: none for now.
  std::size_t read(MutableBytes out);
  // Plain bytes to send. Only when is_open().
  void write(Bytes bytes);
  // We are done: a goodbye to the wire.
  void close();

  [[nodiscard]] bool is_open() const { return open_; }      // the handshake is over
  [[nodiscard]] bool is_closed() const { return closed_; }  // the other side said goodbye
  // Why it broke; empty: it did not. "certificate verify failed: self-signed certificate"
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool is_certificate_refused() const { return refused_; }

 private:
  struct Impl;
  void advance();
  void note(int result);
  std::unique_ptr<Impl> impl_;
  bool open_ = false;
  bool closed_ = false;
  bool refused_ = false;
  std::string error_;
};

// A fresh key and a self-signed certificate for these names and IP literals, valid for a year from
// a day before now, as PEM texts. The key is a secret.
struct PemPair {
  std::string certificate;
  std::string key;
};
PemPair make_self_signed(std::string_view common_name, const std::vector<std::string>& names);

}  // namespace glass::net
