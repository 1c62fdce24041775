#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "demo/commands/commands.h"
#include "demo/embedded.h"
#include "demo/offline.h"
#include "demo/safe_text.h"

namespace glass::demo {
namespace {

Failure cannot_write(const std::string& path) {
  return {kExitLocal, "writing", safe_text(path), std::strerror(errno), "choose another file"};
}

}  // namespace

int run_export(const ExportOptions& options) {
  std::vector<std::string_view> runs(options.runs.begin(), options.runs.end());
  if (runs.empty()) runs.assign(lesson_runs().begin(), lesson_runs().end());

  const auto page = offline_page(runs, embedded_notes());
  if (!page)
    return report({kExitUsage, "running a scenario", printable(page.error()), "",
                   "glass lab export 'scenario=symmetric&seed=7'"});
  std::FILE* const file = std::fopen(options.html.c_str(), "wbe");
  if (file == nullptr) return report(cannot_write(options.html));
  const bool written = std::fwrite(page->data(), 1, page->size(), file) == page->size();
  if (std::fclose(file) != 0 || !written) return report(cannot_write(options.html));
  fmt::print(stderr, "wrote {} ({} runs, {} kB): open it in a browser, no network needed\n",
             safe_text(options.html), runs.size(), page->size() / 1000);
  return kExitDone;
}

}  // namespace glass::demo
