// sctp/reset.cc - streams begin anew: requests, answers, repetitions.
//
// RFC 6525: outgoing resets only, which is all that data channels use (RFC 8831 §6.7). Other
// requests are denied.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/config.h"
#include "sctp/packet.h"
#include "sctp/rx/inbox.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

bool is_in(std::span<const StreamId> streams, StreamId stream) {
  return std::ranges::find(streams, stream) != streams.end();
}

}  // namespace

void Association::reset_stream(Instant /*now*/, StreamId stream) {
  if (over_ || is_in(resets_wanted_, stream)) return;
  resets_wanted_.push_back(stream);
}

// Asks for the streams on which nothing waits and nothing is under way any more. RFC 6525 allows to
// ask earlier, but then the peer could only answer that it must wait.
void Association::prepare_reset(Instant now) {
  if (resets_wanted_.empty() || reset_ || !in_sending_state()) return;
  if (!peer_.reconfig) {
    // RFC 6525 §5.1.1: the peer does not know how.
    trace_.rule("6525:5.1.1#3"_rule);
    for (const StreamId stream : std::exchange(resets_wanted_, {}))
      inbox_.push(OutgoingReset{.stream = stream, .is_done = false});
    return;
  }
  std::vector<StreamId> ready;
  std::erase_if(resets_wanted_, [&](StreamId stream) {
    if (ready.size() == kMaxStreamsPerReset || !queue_.is_idle(stream)) return false;
    ready.push_back(stream);
    return true;
  });
  if (ready.empty()) return;
  for (const StreamId stream : ready) queue_.pause(stream);
  trace_.rule("6525:5.1.2#1"_rule, Fact{"streams", ready.size()});
  trace_.rule("6525:5.1.2#3"_rule, Fact{"request", next_reconfig_.value()});
  reset_ = ResetUnderWay{.request = next_reconfig_,
                         .last_tsn = outstanding_.next_tsn().previous(),
                         .streams = std::move(ready)};
  next_reconfig_ = next_reconfig_.next();
  reset_due_ = true;
  trace_.rule("6525:5.1.1#6"_rule);
  timers_.set(Timer::kReconfig, now + rto_.value());
}

void Association::write_reconfig_due(Writer& out) {
  // RFC 6525 §3.1: a request and an answer may share a chunk, but need not.
  constexpr std::size_t kResponseSize = kTlvHeader + 12;
  if (response_due_ && response_ && room(out) >= kResponseSize) {
    response_due_ = false;
    write_reconfig(out, nullptr, &*response_);
  }
  if (!reset_due_ || !reset_) return;
  const ResetRequestContent content{.request = reset_->request,
                                    .response = expected_reconfig_.previous(),
                                    .last_tsn = reset_->last_tsn,
                                    .streams = reset_->streams};
  if (room(out) < kTlvHeader + 16 + padded(2 * reset_->streams.size())) return;
  reset_due_ = false;
  write_reconfig(out, &content, nullptr);
}

void Association::on_reconfig(Instant now, RawChunk& raw) {
  if (!in_receiving_state() && !in_sending_state())
    return trace_.drop("6525:5.2.1#1"_rule, "RE-CONFIG out of place", raw.bytes);
  const auto chunk = parse_reconfig(raw);
  if (!chunk) return malformed(raw, chunk.error());
  if (chunk->reset) on_reset_request(*chunk->reset);
  if (chunk->other) {
    const bool is_new = chunk->other->request == expected_reconfig_;
    if (is_new) expected_reconfig_ = expected_reconfig_.next();
    trace_.rule("6525:5.2.1#5"_rule);
    answer_reconfig(chunk->other->request,
                    is_new || (response_ && response_->response == chunk->other->request)
                        ? ReconfigResult::kDenied
                        : ReconfigResult::kBadSequenceNumber);
  }
  if (chunk->reset || chunk->other) {
    // RFC 6525 §5.2.1: how far we are may be what it waits for.
    trace_.rule("6525:5.2.1#3"_rule);
    tracker_.want_sack_now();
  }
  if (chunk->response) on_reconfig_response(now, *chunk->response);
  if (chunk->second_response) on_reconfig_response(now, *chunk->second_response);
}

void Association::answer_reconfig(ReconfigSn request, ReconfigResult result) {
  response_ = ReconfigResponse{.response = request, .result = result};
  response_due_ = true;
}

void Association::on_reset_request(const ResetRequest& request) {
  if (response_ && request.request == response_->response &&
      request.request == expected_reconfig_.previous()) {
    // RFC 6525 §5.2.1: a repetition gets the same answer, or the news that it is done.
    trace_.rule("6525:5.2.1#4"_rule);
    settle_deferred_reset();
    response_due_ = true;
    return;
  }
  if (request.request != expected_reconfig_) {
    // The answer to the last good request stays what it was.
    trace_.drop("6525:5.2.1#0"_rule, "request out of sequence", {});
    const auto kept = response_;
    answer_reconfig(request.request, ReconfigResult::kBadSequenceNumber);
    if (!kept) return;
    ByteVector chunk;
    Writer out(chunk);
    write_reconfig(out, nullptr, &*response_);
    reply(std::move(chunk));
    response_ = kept;
    response_due_ = false;
    return;
  }
  expected_reconfig_ = expected_reconfig_.next();
  answer_reconfig(request.request, judge(request));
}

// RFC 6525 §5.2.2, steps E2 to E5.
ReconfigResult Association::judge(const ResetRequest& request) {
  if (reassembly_.is_reset_pending()) return ReconfigResult::kAlreadyInProgress;
  std::vector<StreamId> streams;
  for (std::size_t i = 0; i < request.stream_count(); ++i) {
    if (request.stream(i).value() >= peer_.outbound_streams) return ReconfigResult::kWrongSsn;
    streams.push_back(request.stream(i));
  }
  if (reassembly_.reset_streams(request.last_tsn, streams)) {
    trace_.rule("6525:5.2.2#9"_rule);
    return ReconfigResult::kPerformed;
  }
  trace_.rule("6525:5.2.2#3"_rule, Fact{"last_tsn", request.last_tsn.value()});
  reset_deferred_ = true;
  return ReconfigResult::kInProgress;
}

// What had to wait for missing data may be done by now: the peer is told without being asked.
void Association::settle_deferred_reset() {
  if (!reset_deferred_ || reassembly_.is_reset_pending()) return;
  reset_deferred_ = false;
  if (!response_ || response_->result != ReconfigResult::kInProgress) return;
  trace_.rule("6525:5.2.2#9"_rule);
  response_->result = ReconfigResult::kPerformed;
  response_due_ = true;
}

void Association::on_reconfig_response(Instant now, const ReconfigResponse& response) {
  if (!reset_ || response.response != reset_->request)
    return trace_.drop("6525:5.2.7#1"_rule, "answer to no request of ours", {});
  errors_ = 0;
  reset_due_ = false;
  switch (response.result) {
    case ReconfigResult::kInProgress:
      // RFC 6525 §5.2.7 H3: the peer has it. Asking again is not a sign of a dead path.
      reset_->in_progress = true;
      timers_.set(Timer::kReconfig, now + rto_.value());
      return;
    case ReconfigResult::kNothingToDo:
    case ReconfigResult::kPerformed: trace_.rule("6525:5.2.7#4"_rule); return finish_reset(true);
    case ReconfigResult::kDenied:
    case ReconfigResult::kWrongSsn:
    case ReconfigResult::kAlreadyInProgress:
    case ReconfigResult::kBadSequenceNumber: break;
  }
  finish_reset(false);
}

void Association::finish_reset(bool done) {
  trace_.rule("6525:5.2.7#2"_rule);
  timers_.stop(Timer::kReconfig);
  const std::vector<StreamId> streams = std::move(reset_->streams);
  reset_.reset();
  for (const StreamId stream : streams) {
    queue_.resume(stream, done);
    inbox_.push(OutgoingReset{.stream = stream, .is_done = done});
  }
}

void Association::on_reconfig_expired(Instant now) {
  if (!reset_) return;
  if (reset_->in_progress) {
    trace_.rule("6525:5.2.7#3"_rule);
  } else {
    trace_.rule("6525:5.1.1#9"_rule);
    if (count_error("no answer to a stream reset")) return;
  }
  rto_.back_off();
  reset_->in_progress = false;
  reset_due_ = true;
  timers_.set(Timer::kReconfig, now + rto_.value());
}

}  // namespace glass::sctp
