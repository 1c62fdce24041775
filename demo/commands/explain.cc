#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <utility>

#include "base/text.h"
#include "demo/commands/commands.h"
#include "demo/commands/explain_capture.h"
#include "demo/folder.h"
#include "demo/safe_text.h"
#include "explain/capture.h"
#include "explain/fields.h"
#include "explain/format.h"
#include "explain/hexview.h"
#include "explain/sdpview.h"
#include "explain/story/summary.h"
#include "sdp/line.h"

namespace glass::demo {
namespace {

constexpr std::size_t kMaxInput = std::size_t{16} * 1024 * 1024;  // a short capture

Result<ByteVector, Failure> read_all(Source& source) {
  ByteVector bytes(kMaxInput + 1);
  std::size_t size = 0;
  for (;;) {
    const auto got = source.read(MutableBytes(bytes).subspan(size));
    if (!got)
      return std::unexpected(Failure{kExitLocal, "reading", source.name(), got.error().text, ""});
    size += *got;
    if (*got == 0 || size > kMaxInput) break;
  }
  if (size > kMaxInput)
    return std::unexpected(Failure{kExitUsage, "reading", source.name(),
                                   "more than " + bytes_text(kMaxInput), "give one packet"});
  bytes.resize(size);
  return bytes;
}

ByteVector read_stdin() {
  ByteVector bytes(kMaxInput);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), stdin));
  return bytes;
}

// Text that is hex digits stands for the bytes that they spell.
ByteVector unhex(ByteVector bytes) {
  auto spelled = from_hex(as_text(bytes));
  return spelled && !spelled->empty() ? std::move(*spelled) : std::move(bytes);
}

Result<ByteVector, Failure> read_input(const std::string& input) {
  if (input == "-") return unhex(read_stdin());
  std::error_code ignored;
  if (std::filesystem::exists(input, ignored)) {
    auto source = open_file(input);
    if (!source)
      return std::unexpected(
          Failure{kExitLocal, "reading", safe_text(input), source.error().text, ""});
    auto bytes = read_all(**source);
    if (!bytes) return bytes;
    return unhex(std::move(*bytes));
  }
  auto bytes = from_hex(input);
  if (!bytes || bytes->empty())
    return std::unexpected(Failure{kExitUsage, "reading", safe_text(input),
                                   "it is neither a file nor hex digits",
                                   "glass explain 000100002112a442..., or - for stdin"});
  return std::move(*bytes);
}

int explain_sdp(std::string_view text) {
  const auto view = explain::sdpview(text);
  if (view) {
    fmt::print("{}", *view);
    return kExitDone;
  }
  fmt::print("problem: {}\n", safe_text(sdp::to_text(view.error())));
  return kExitFailed;
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  std::optional<explain::Format> as;
  if (!options.as.empty()) {
    as = explain::parse_format(options.as);
    if (!as)
      return report({kExitUsage, "explaining", "--as " + safe_text(options.as),
                     "no such format is known",
                     "--as stun, channel-data, dtls, sctp, dcep or sdp"});
  }
  const auto bytes = read_input(options.input);
  if (!bytes) return report(bytes.error());
  if (explain::is_pcapng(*bytes)) {
    ByteVector keys;
    if (!options.keys.empty()) {
      auto read = read_input(options.keys);
      if (!read) return report(read.error());
      keys = std::move(*read);
    }
    return explain_capture(*bytes, std::string(as_text(keys)));
  }
  const explain::Annotated annotated = explain::annotate(*bytes, as);
  if (annotated.format == explain::Format::kSdp) return explain_sdp(as_text(*bytes));
  fmt::print("{}\n{}", explain::summarize(*bytes, annotated.format),
             explain::hexview(*bytes, annotated));
  if (annotated.problem.empty()) return kExitDone;
  fmt::print("problem: {}\n", annotated.problem);
  return kExitFailed;
}

}  // namespace glass::demo
