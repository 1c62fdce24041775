#include "dtls/key_schedule13.h"

#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"

namespace glass::dtls {

// RFC 8446 §7.1: the length of what is wanted, the label with its prefix, the context.
void expand_label(const LabelInput& input, MutableBytes out) {
  ByteVector info;
  Writer writer(info);
  writer.u16(static_cast<std::uint16_t>(out.size()));
  {
    const auto label = writer.block(1);
    writer.bytes(as_bytes(input.prefix)).bytes(as_bytes(input.label));
  }
  {
    const auto context = writer.block(1);
    writer.bytes(input.context);
  }
  crypto::hkdf_expand(input.hash, input.secret, info, out);
}

crypto::Secret KeySchedule13::derive(Bytes secret, std::string_view label, Bytes digest) const {
  crypto::Secret out(crypto::hash_size(hash_));
  expand_label(
      {.hash = hash_, .secret = secret, .label = label, .context = digest, .prefix = prefix_},
      out.bytes());
  return out;
}

void KeySchedule13::derive_handshake(Bytes shared_secret, Bytes digest) {
  const ByteVector zeroes(crypto::hash_size(hash_), 0);
  const ByteVector nothing = crypto::hash(hash_, {});
  const crypto::Secret early = crypto::hkdf_extract(hash_, {}, zeroes);
  const crypto::Secret salt = derive(early.bytes(), "derived", nothing);
  handshake_ = crypto::hkdf_extract(hash_, salt.bytes(), shared_secret);
  client_handshake = derive(std::as_const(handshake_).bytes(), "c hs traffic", digest);
  server_handshake = derive(std::as_const(handshake_).bytes(), "s hs traffic", digest);
}

void KeySchedule13::derive_application(Bytes digest) {
  const ByteVector zeroes(crypto::hash_size(hash_), 0);
  const ByteVector nothing = crypto::hash(hash_, {});
  const crypto::Secret salt = derive(std::as_const(handshake_).bytes(), "derived", nothing);
  const crypto::Secret master = crypto::hkdf_extract(hash_, salt.bytes(), zeroes);
  client_application = derive(master.bytes(), "c ap traffic", digest);
  server_application = derive(master.bytes(), "s ap traffic", digest);
  exporter_master = derive(master.bytes(), "exp master", digest);
  handshake_.forget();
}

void KeySchedule13::update(crypto::Secret& application) const {
  application = derive(std::as_const(application).bytes(), "traffic upd", {});
}

ByteVector KeySchedule13::verify_data(Bytes traffic, Bytes digest) const {
  const crypto::Secret key = derive(traffic, "finished", {});
  return crypto::hmac(hash_, key.bytes(), digest);
}

void KeySchedule13::export_keys(std::string_view label, MutableBytes out) const {
  const ByteVector nothing = crypto::hash(hash_, {});
  const crypto::Secret secret = derive(exporter_master.bytes(), label, nothing);
  expand_label({.hash = hash_,
                .secret = secret.bytes(),
                .label = "exporter",
                .context = nothing,
                .prefix = prefix_},
               out);
}

void KeySchedule13::forget() {
  for (crypto::Secret* each : {&client_handshake, &server_handshake, &client_application,
                               &server_application, &exporter_master, &handshake_})
    each->forget();
}

}  // namespace glass::dtls
