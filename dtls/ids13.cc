#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/rule.h"
#include "base/trace.h"
#include "dtls/connection_ids.h"
#include "dtls/core.h"
#include "dtls/flight.h"
#include "dtls/handshake.h"
#include "dtls/messages/connection_id_update.h"
#include "dtls/session.h"
#include "dtls/wire.h"

// RFC 9147 §9: other connection ids for a connection that is open, asked for and given.

namespace glass::dtls {

// The peer wants more of our ids. Who has none of them in its records has no use for others.
Step Connection::Core::on_request_connection_id(const Message& message) {
  const ConnectionIds& ids = session_.epochs.ids;
  if (!ids.are_wanted()) {
    trace_.rule(ids.is_agreed() ? "9147:9#8"_rule : "9147:9#15"_rule);
    return glass::dtls::fail(Alert::kUnexpectedMessage, "a request for connection ids without any");
  }
  Reader in(message.body);
  const auto request = parse_request_connection_id(in);
  if (!request) return glass::dtls::fail(message.type, request.error());
  if (++id_requests_ > kIdRequestsMax) {
    trace_.rule("9147:9#13"_rule, Fact{"requests", id_requests_});
    return glass::dtls::fail(Alert::kTooManyCidsRequested, "the peer keeps asking for ids");
  }
  ids_wanted_ = request->count;
  if (session_.flight.is_idle()) give_connection_ids();
  return {};
}

// As many as were asked for, or as there is room for; of the same length, at random.
void Connection::Core::give_connection_ids() {
  ConnectionIds& ids = session_.epochs.ids;
  const std::size_t count = std::min<std::size_t>(*ids_wanted_, ids.own_room());
  if (count < *ids_wanted_) trace_.rule("9147:9#12"_rule, Fact{"given", count});
  ids_wanted_.reset();
  std::vector<ByteVector> fresh;
  for (std::size_t i = 0; i < count; ++i) {
    ByteVector id(ids.own_size());
    session_.random.fill(id);
    if (ids.add_own(id)) fresh.push_back(std::move(id));
  }
  NewConnectionId message;
  message.ids.assign(fresh.begin(), fresh.end());
  trace_.rule("9147:9#10"_rule, Fact{"given", fresh.size()});
  trace_.rule("9147:9#5"_rule);
  session_.send(HandshakeType::kNewConnectionId, body_bytes(message));
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
}

Step Connection::Core::on_new_connection_id(const Message& message) {
  ConnectionIds& ids = session_.epochs.ids;
  if (!ids.is_agreed() || ids.writing().empty()) {
    trace_.rule(ids.is_agreed() ? "9147:9#8"_rule : "9147:9#15"_rule);
    return glass::dtls::fail(Alert::kUnexpectedMessage, "connection ids from a peer without any");
  }
  Reader in(message.body);
  const auto update = parse_new_connection_id(in);
  if (!update) return glass::dtls::fail(message.type, update.error());
  const bool is_immediate = update->usage == ConnectionIdUsage::kImmediate;
  if (is_immediate) ids.forget_spare();
  for (const Bytes id : update->ids) {
    if (id.empty()) return glass::dtls::fail(Alert::kIllegalParameter, "an empty connection id");
    if (id.size() <= kConnectionIdMax) ids.add_spare(id);
  }
  ids_requested_ = false;
  trace_.rule("9147:9#4"_rule, Fact{"kept", ids.spare()});
  if (!is_immediate) return {};
  trace_.rule("9147:9#1"_rule);
  if (!ids.use_next())
    return glass::dtls::fail(Alert::kIllegalParameter, "none of these connection ids can be used");
  return {};
}

bool Connection::Core::request_connection_ids(std::uint8_t count) {
  const ConnectionIds& ids = session_.epochs.ids;
  if (!is_open() || !is_13()) return false;
  if (ids.writing().empty()) {
    trace_.rule(ids.is_agreed() ? "9147:9#7"_rule : "9147:9#14"_rule);
    return false;
  }
  if (ids_requested_) {
    trace_.rule("9147:9#11"_rule);
    return false;
  }
  ids_to_request_ = session_.flight.is_idle() ? std::uint8_t{0} : count;
  if (ids_to_request_ > 0) return true;  // after the ACK of what is on its way
  ids_requested_ = true;
  session_.send(HandshakeType::kRequestConnectionId,
                body_bytes(RequestConnectionId{.count = count}));
  session_.flight.launch(Flight::Kind::kNotLast, session_.reassembly.next_receive_seq());
  return true;
}

bool Connection::Core::use_next_connection_id() {
  if (!is_open() || !session_.epochs.ids.use_next()) return false;
  trace_.rule("9147:9#3"_rule, Fact{"left", session_.epochs.ids.spare()});
  return true;
}

}  // namespace glass::dtls
