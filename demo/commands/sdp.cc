// glass sdp - descriptions for people and for programs.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/fingerprint.h"
#include "crypto/os_random.h"
#include "demo/commands/commands.h"
#include "demo/folder.h"
#include "demo/safe_text.h"
#include "demo/sdp_tool.h"
#include "sdp/line.h"

namespace glass::demo {
namespace {

// One byte more than a description may have, so that too much is seen as too much.
constexpr std::size_t kMaxRead = sdp::kMaxDescriptionSize + 1;

Result<std::string, Failure> read_text(const std::string& path) {
  ByteVector bytes(kMaxRead);
  std::size_t size = 0;
  if (path == "-") {
    size = std::fread(bytes.data(), 1, bytes.size(), stdin);
    return std::string(as_text(Bytes(bytes).first(size)));
  }
  auto source = open_file(path);
  if (!source)
    return std::unexpected(
        Failure{kExitLocal, "reading", safe_text(path), source.error().text, "give a file, or -"});
  while (size < bytes.size()) {
    const auto got = (*source)->read(MutableBytes(bytes).subspan(size));
    if (!got)
      return std::unexpected(Failure{kExitLocal, "reading", safe_text(path), got.error().text, ""});
    if (*got == 0) break;
    size += *got;
  }
  return std::string(as_text(Bytes(bytes).first(size)));
}

int print(const SdpReport& report) {
  if (std::fputs(report.text.c_str(), stdout) < 0) return kExitLocal;
  return report.code;
}

// The certificate of this run: nobody will ever connect to it.
AnswerOptions answer_options(const SdpOptions& options) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const crypto::Identity identity =
      crypto::Identity::make("glass", static_cast<std::uint64_t>(now.count()));
  return {.bundle = options.bundle,
          .fingerprint = crypto::to_text(identity.fingerprint()),
          .json = options.json};
}

int talk(const SdpOptions& options) {
  crypto::OsRandom random;
  SdpSession session(answer_options(options), random);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    fmt::print("{}\n", session.handle(line));
    if (std::fflush(stdout) != 0) return kExitLocal;
  }
  return kExitDone;
}

}  // namespace

int run_sdp(const SdpOptions& options) {
  if (options.what == SdpCommand::kTalk) return talk(options);
  const auto first = read_text(options.first);
  if (!first) return report(first.error());
  if (options.what == SdpCommand::kExplain) return print(explain_sdp(*first, options.json));
  if (options.what == SdpCommand::kAnswer) {
    crypto::OsRandom random;
    return print(answer_sdp(*first, answer_options(options), random));
  }
  const auto second = read_text(options.second);
  if (!second) return report(second.error());
  return print(diff_sdp(*first, *second, options.json));
}

}  // namespace glass::demo
