// peer/explain.cc - why (not) connected: the layer that a peer waits for, in one sentence.
#include <cstdint>
#include <string>

#include "base/text.h"
#include "dtls/connection.h"
#include "peer/peer.h"
#include "sctp/channel/channels.h"

namespace glass::peer {

namespace {

std::string times(std::uint64_t count) { return count == 1 ? "once" : decimal(count) + " times"; }

}  // namespace

std::string Peer::explain() const {
  if (!failure_.empty()) return failure_;
  if (state_ == State::kClosed) return "closed by one of the two";
  if (!session_.dtls_role()) return "an offer and an answer are not there yet";
  const std::string path = "ICE: " + ice_.explain();
  if (!ice_.selected() || dtls_ == nullptr) return path;
  if (!dtls_->is_open()) {
    const std::uint64_t again = dtls_->counters().retransmits;
    return "DTLS: the handshake is not complete, our last flights were sent again " + times(again) +
           "; " + path;
  }
  const sctp::Association& association = channels_.association();
  if (!is_sctp_up_)
    return "SCTP: the association is in " + std::string(association.state_name()) +
           ", sent again " + times(association.setup_attempts()) + "; " + path;
  return path;
}

}  // namespace glass::peer
